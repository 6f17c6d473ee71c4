#!/usr/bin/env bash
# AWS SDK for Go v2, config v1.33.16, smithy-go v1.28.9, seen 2026-11-28.
# config.WithBaseEndpoint also holds for the STS client of a profile with role_arn. Where AWS_ENDPOINT_URL exists and is empty
# (`AWS_ENDPOINT_URL: ${{ vars.NOT_SET }}` in a workflow), it does not: the client of the role calls AWS, your own clients do not.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >aws-config <<'INI'
[profile deploy]
role_arn = arn:aws:iam::111111111111:role/deploy
source_profile = base
[profile base]
aws_access_key_id = id
aws_secret_access_key = key
INI
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func main() {
	// Nothing leaves the machine: the HTTP client asks which proxy to use and is told "none of them".
	host := ""
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.Proxy = func(r *http.Request) (*url.URL, error) { host = r.URL.Host; return nil, fmt.Errorf("no call wanted") }
	})
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-west-2"), config.WithSharedConfigProfile("deploy"),
		config.WithBaseEndpoint("http://127.0.0.1:9"), config.WithHTTPClient(client),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		panic(err)
	}
	value, set := os.LookupEnv("AWS_ENDPOINT_URL")
	cfg.Credentials.Retrieve(context.Background())
	sts := host
	cfg.Credentials = credentials.NewStaticCredentialsProvider("id", "key", "")
	ssm.NewFromConfig(cfg).GetParameters(context.Background(), &ssm.GetParametersInput{Names: []string{"/a"}})
	fmt.Printf("AWS_ENDPOINT_URL set: %v %q: sts at %s, ssm at %s\n", set, value, sts, host)
}
GO
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/config@v1.33.16 \
  github.com/aws/aws-sdk-go-v2/credentials@v1.20.16 github.com/aws/aws-sdk-go-v2/service/ssm@v1.82.0 github.com/aws/smithy-go@v1.28.9; } 2>log || { cat log; exit 1; }
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/aws-config" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
go build -o probe . && { ./probe; AWS_ENDPOINT_URL='' ./probe; } | diff - /dev/fd/3 3<<'SEEN'
AWS_ENDPOINT_URL set: false "": sts at 127.0.0.1:9, ssm at 127.0.0.1:9
AWS_ENDPOINT_URL set: true "": sts at sts.us-west-2.amazonaws.com, ssm at 127.0.0.1:9
SEEN
