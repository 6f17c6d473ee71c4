#!/usr/bin/env bash
# AWS SDK for Go v2, config v1.33.16, smithy-go v1.28.9, seen 2026-11-28.
# AWS_ENDPOINT_URL is for every service that has no variable of its own. The STS client that assumes the role of a profile ignores it
# and calls AWS, while an STS client that a program makes of the same configuration obeys it. AWS_ENDPOINT_URL_STS is obeyed by both.
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

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	// Nothing leaves the machine: the HTTP client asks which proxy to use and is told "none of them".
	host := ""
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.Proxy = func(r *http.Request) (*url.URL, error) { host = r.URL.Host; return nil, fmt.Errorf("no call wanted") }
	})
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-west-2"), config.WithSharedConfigProfile("deploy"),
		config.WithHTTPClient(client), config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		panic(err)
	}
	cfg.Credentials.Retrieve(context.Background())
	role := host
	cfg.Credentials = credentials.NewStaticCredentialsProvider("id", "key", "")
	sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	fmt.Printf("AssumeRole of the profile at %s, GetCallerIdentity at %s\n", role, host)
}
GO
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/config@v1.33.16 \
  github.com/aws/aws-sdk-go-v2/credentials@v1.20.16 github.com/aws/smithy-go@v1.28.9 && go mod tidy; } 2>log || { cat log; exit 1; }
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/aws-config" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
go build -o probe . && { AWS_ENDPOINT_URL=http://127.0.0.1:9 ./probe; AWS_ENDPOINT_URL_STS=http://127.0.0.1:9 ./probe; } | diff - /dev/fd/3 3<<'SEEN'
AssumeRole of the profile at sts.us-west-2.amazonaws.com, GetCallerIdentity at 127.0.0.1:9
AssumeRole of the profile at 127.0.0.1:9, GetCallerIdentity at 127.0.0.1:9
SEEN
