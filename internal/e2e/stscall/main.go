// Command stscall sends one request to STS, for operations and members that the AWS CLI and the SDK do not have. It prints the code and the
// message of a refusal, or "ok" and then the members of the reply, one per line. These can be credentials.
//
//	stscall GetScopedCredentials DurationSeconds=900
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "stscall:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) < 2 {
		return errors.New("usage: stscall OPERATION NAME=VALUE …")
	}
	form := url.Values{"Action": {os.Args[1]}, "Version": {"2011-06-15"}}
	for _, pair := range os.Args[2:] {
		name, value, _ := strings.Cut(pair, "=")
		form.Set(name, value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	reply, err := send(ctx, form.Encode())
	if err != nil {
		return err
	}
	members, err := leaves(reply)
	if err != nil {
		return errors.New("the reply is no XML")
	}
	if code, refused := members["Code"]; refused {
		fmt.Println(code, strings.Join(strings.Fields(members["Message"]), " "))
		return nil
	}
	fmt.Println("ok")
	for name, value := range members {
		fmt.Printf("%s=%s\n", name, value)
	}
	return nil
}

// send signs a form, sends it to STS of the Region and returns the reply.
func send(ctx context.Context, form string) ([]byte, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, errors.New("there is no configuration")
	}
	endpoint, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &cfg.Region, Endpoint: cfg.BaseEndpoint})
	if err != nil {
		return nil, errors.New("the Region has no STS")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(endpoint.URI.String(), "/")+"/", strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	who, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, errors.New("there are no credentials")
	}
	digest := sha256.Sum256([]byte(form))
	if err := v4.NewSigner().SignHTTP(ctx, who, r, hex.EncodeToString(digest[:]), "sts", cfg.Region, time.Now()); err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, errors.New("no answer")
	}
	defer func() { _ = reply.Body.Close() }()
	return io.ReadAll(io.LimitReader(reply.Body, 1<<20))
}

// leaves are the elements of a document that have text.
func leaves(document []byte) (map[string]string, error) {
	d, found, name := xml.NewDecoder(bytes.NewReader(document)), map[string]string{}, ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.EndElement:
			name = ""
		case xml.CharData:
			if name != "" && len(bytes.TrimSpace(t)) > 0 {
				found[name] += string(t)
			}
		}
	}
}
