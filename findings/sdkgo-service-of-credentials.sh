#!/usr/bin/env bash
# AWS SDK for Go v2, config v1.33.16, service/ssm v1.82.0, smithy-go v1.28.9, seen 2026-11-28.
# A middleware added with config.WithAPIOptions also runs in the client that fetches container credentials, and
# GetServiceID and GetOperationName tell it the call that needed the credentials: the GET of the credentials
# counts, and is logged, as SSM GetParameters.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/credentials" {
			io.WriteString(w, `{"AccessKeyId":"id","SecretAccessKey":"key","Token":"t","Expiration":"2099-01-01T00:00:00Z"}`)
			return
		}
		io.WriteString(w, `{"Parameters":[]}`)
	}))
	defer server.Close()
	os.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.URL+"/credentials")
	log := middleware.DeserializeMiddlewareFunc("log", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		r := in.Request.(*smithyhttp.Request)
		fmt.Println(r.URL.Path, "is", awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
		return next.HandleDeserialize(ctx, in)
	})
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-west-2"),
		config.WithAPIOptions([]func(*middleware.Stack) error{func(s *middleware.Stack) error { return s.Deserialize.Add(log, middleware.After) }}))
	if err != nil {
		panic(err)
	}
	client := ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.BaseEndpoint = aws.String(server.URL) })
	if _, err := client.GetParameters(context.Background(), &ssm.GetParametersInput{Names: []string{"/a"}}); err != nil {
		panic(err)
	}
}
GO
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/config@v1.33.16 \
  github.com/aws/aws-sdk-go-v2/service/ssm@v1.82.0 github.com/aws/smithy-go@v1.28.9; } 2>log || { cat log; exit 1; }
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
go run . | diff - /dev/fd/3 3<<'SEEN'
/credentials is SSM GetParameters
/ is SSM GetParameters
SEEN
