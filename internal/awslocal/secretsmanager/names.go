package secretsmanager

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Limits of https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html and of the service's model.
const (
	maxID        = 2048 // characters of a name or ARN in a request
	maxName      = 512
	minVersionID = 32
	maxVersionID = 64
	maxStage     = 256
	maxStages    = 20 // of a version
	maxValue     = 65536
	suffixLength = 6
)

var (
	namePattern   = lazyregexp.New(`^[A-Za-z0-9/_+=.@!-]+$`)
	suffixPattern = lazyregexp.New(`-[A-Za-z0-9]{6}$`)
)

// reference is what names a secret in a request: a name, an ARN, or an ARN without the suffix
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen).
type reference struct {
	asked           string // as in the request
	account, region string
	name            string // "" of a full ARN, whose end could be part of a name
	arn             string // as it is without a secret: that of the request, or that of the name without a suffix
}

func parseReference(req *call.Request, asked string) (reference, error) {
	r := reference{asked: asked, account: req.Account, region: req.Region, name: asked}
	if strings.HasPrefix(asked, "arn:") {
		parts := strings.SplitN(asked, ":", 7)
		if len(parts) != 7 || parts[2] != "secretsmanager" || parts[5] != "secret" || !namePattern.MatchString(parts[6]) {
			return r, invalidName()
		}
		r.region, r.account, r.name, r.arn = parts[3], parts[4], parts[6], asked
		if suffixPattern.MatchString(r.name) {
			r.name = ""
		}
		return r, nil
	}
	if !namePattern.MatchString(asked) {
		return r, invalidName()
	}
	r.arn = bareARN(req.Account, req.Region, asked)
	return r, nil
}

// find returns the secret that a reference names, or nil. The lock must be held.
func (s *Service) find(req *call.Request, r reference) *secret {
	if r.region != req.Region { // each region has its own endpoint
		return nil
	}
	named := s.secrets[place(r.account, r.region)]
	x := named[r.name]
	if r.name == "" {
		for _, other := range named {
			if other.ARN == r.arn {
				x = other
			}
		}
	}
	if x == nil || x.gone(req.Now) {
		return nil
	}
	return x
}

// bareARN is the ARN of a secret without its suffix.
func bareARN(account, region, name string) string {
	return "arn:" + partition(region) + ":secretsmanager:" + region + ":" + account + ":secret:" + name
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// newSuffix makes what follows the name and a hyphen in an ARN, so that a secret that is made again has another one.
func newSuffix() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, suffixLength)
	rand.Read(b) // never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// newVersionID makes a random ID for a version, in the form that SDKs make.
func newVersionID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return uuid(b)
}

// uuid is a UUID with these bits.
func uuid(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
