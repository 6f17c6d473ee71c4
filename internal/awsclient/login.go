package awsclient

import (
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"

	"github.com/whispering/bundle/internal/plainfile"
)

// A login returns credentials of aws login. The SDK panics, in its own goroutine,
// if the file holds null, or a key that is invalid or on another curve. So login
// checks the file first.
type login struct {
	aws.CredentialsProvider
	session, folder string
}

var errNoLogin = errors.New("the login file cannot be used")

// Retrieve implements aws.CredentialsProvider.
func (l login) Retrieve(ctx context.Context) (aws.Credentials, error) {
	path, err := logincreds.StandardCachedTokenFilepath(l.session, l.folder)
	if err != nil {
		return aws.Credentials{}, err
	}
	content, err := plainfile.Read(path, 1<<20)
	if err != nil {
		return aws.Credentials{}, err
	}
	var token struct {
		Key string `json:"dpopKey"`
	}
	if json.Unmarshal(content, &token) != nil {
		return aws.Credentials{}, errNoLogin
	}
	block, _ := pem.Decode([]byte(token.Key))
	if block == nil {
		return aws.Credentials{}, errNoLogin
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err != nil || key.Curve != elliptic.P256() {
		return aws.Credentials{}, errNoLogin
	}
	return l.CredentialsProvider.Retrieve(ctx)
}
