// The function returns digests of the secrets as the library returns them, and as
// they are in the environment.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/whispering/bundle/runtime/secrets"
)

type event struct {
	Names  []string `json:"names"`
	Helper string   `json:"helper"`
}

type reply struct {
	Helper      map[string]string `json:"helper"`
	Environment map[string]string `json:"environment"`
	Writable    bool              `json:"writable"`
	Arguments   []string          `json:"arguments"`
}

func main() { lambda.Start(handle) }

func handle(ctx context.Context, e event) (reply, error) {
	r := reply{Helper: map[string]string{}, Environment: map[string]string{}, Arguments: os.Args[1:]}
	for _, name := range e.Names {
		r.Environment[name] = "absent"
		if value, ok := os.LookupEnv(name); ok {
			r.Environment[name] = digest(value)
		}
		if e.Helper == "" {
			continue
		}
		value, err := secrets.Get(ctx, name)
		if err != nil {
			return reply{}, err
		}
		r.Helper[name] = digest(value)
	}
	r.Writable = os.WriteFile("/opt/probe", nil, 0o600) == nil
	return r, nil
}

func digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}
