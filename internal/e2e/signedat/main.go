// Command signedat sends one call to STS and one to Parameter Store, with signatures for another time than now. It prints
// how each refuses, one per line: its code, and the beginning of its message.
//
//	signedat -20m
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// A shifted signer signs for another time.
type shifted struct {
	by time.Duration
	v4.Signer
}

func (s *shifted) SignHTTP(
	ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, at time.Time, options ...func(*v4.SignerOptions),
) error {
	return s.Signer.SignHTTP(ctx, c, r, hash, service, region, at.Add(s.by), options...)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "signedat:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: signedat -20m")
	}
	by, err := time.ParseDuration(os.Args[1])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	once := func() aws.Retryer { return aws.NopRetryer{} } // the SDK would correct the clock, and try again
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryer(once))
	if err != nil {
		return errors.New("there is no configuration")
	}
	signer := &shifted{by, *v4.NewSigner()}
	_, err = sts.NewFromConfig(cfg, func(o *sts.Options) { o.HTTPSignerV4 = signer }).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	fmt.Println(outcome(err))
	_, err = ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.HTTPSignerV4 = signer }).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/bundle-e2e"}})
	fmt.Println(outcome(err))
	return nil
}

// outcome is a refusal's code and the first three words of its message. What follows may be the request.
func outcome(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case !errors.As(err, &api):
		return "no answer"
	}
	words := strings.Fields(api.ErrorMessage())
	return strings.Join(append([]string{api.ErrorCode()}, words[:min(3, len(words))]...), " ")
}
