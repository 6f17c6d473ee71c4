package secretsmanager

import (
	"crypto/rand"
	"math/big"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

const (
	defaultPassword = 32 // characters
	maxPassword     = 4096
)

type passwordInput struct {
	PasswordLength          *int
	ExcludeCharacters       *string
	ExcludeNumbers          bool
	ExcludePunctuation      bool
	ExcludeUppercase        bool
	ExcludeLowercase        bool
	IncludeSpace            bool
	RequireEachIncludedType *bool // true unless it is false
}

// kinds returns the characters of each kind that a password may have.
func (in *passwordInput) kinds() (kinds []string) {
	for _, kind := range []struct {
		letters  string
		excluded bool
	}{
		{"abcdefghijklmnopqrstuvwxyz", in.ExcludeLowercase}, {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", in.ExcludeUppercase}, {"0123456789", in.ExcludeNumbers},
		{"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", in.ExcludePunctuation}, {" ", !in.IncludeSpace},
	} {
		left := strings.Map(func(r rune) rune {
			if strings.ContainsRune(text(in.ExcludeCharacters), r) {
				return -1
			}
			return r
		}, kind.letters)
		if !kind.excluded && left != "" {
			kinds = append(kinds, left)
		}
	}
	return kinds
}

// getRandomPassword is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html.
func (s *Service) getRandomPassword(req *call.Request, in *passwordInput) (any, error) {
	var c check
	c.between("passwordLength", in.PasswordLength, 1, maxPassword)
	c.length("excludeCharacters", in.ExcludeCharacters, 0, maxPassword)
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := authorize(req, "GetRandomPassword", reference{asked: "*", arn: "*"}, nil); err != nil {
		return nil, err
	}
	length, kinds := defaultPassword, in.kinds()
	if in.PasswordLength != nil {
		length = *in.PasswordLength
	}
	each := in.RequireEachIncludedType == nil || *in.RequireEachIncludedType
	switch {
	case len(kinds) == 0:
		return nil, invalidParameter("Your request excludes all characters.")
	case each && length < len(kinds):
		return nil, invalidParameter("Password length is too short based on the required types.")
	}
	password := make([]byte, length)
	all := strings.Join(kinds, "")
	for i := range password {
		from := all
		if each && i < len(kinds) {
			from = kinds[i]
		}
		password[i] = from[below(len(from))]
	}
	for i := len(password) - 1; i > 0; i-- {
		j := below(i + 1)
		password[i], password[j] = password[j], password[i]
	}
	return map[string]any{"RandomPassword": string(password)}, nil
}

// below returns a random number below n.
func below(n int) int {
	at, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0 // never: https://pkg.go.dev/crypto/rand#Int fails only if its reader does
	}
	return int(at.Int64())
}
