#!/usr/bin/env bash
# AWS SDK for Go v2, service/ssm v1.82.0, smithy-go v1.28.9, seen 2026-11-28.
# All attempts of a call decode into one output. With a retryer that also retries replies that cannot be decoded,
# a member of the broken first reply survives if the second reply lacks it: here a NextToken, though the list has ended.
# Output seen: requests 2, names [/b], NextToken "of-the-first"
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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func main() {
	replies := []string{`{"NextToken":"of-the-first","Parameters":[{"Name":"/a"`, `{"Parameters":[{"Name":"/b"}]}`}
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, replies[requests])
		requests++
	}))
	defer server.Close()
	always := retry.IsErrorRetryableFunc(func(error) aws.Ternary { return aws.TrueTernary })
	client := ssm.New(ssm.Options{Region: "us-west-2", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.Retryables = 2, []retry.IsErrorRetryable{always}
		})})
	out, err := client.GetParametersByPath(context.Background(), &ssm.GetParametersByPathInput{Path: aws.String("/")})
	if err != nil {
		panic(err)
	}
	var names []string
	for _, p := range out.Parameters {
		names = append(names, aws.ToString(p.Name))
	}
	fmt.Printf("requests %d, names %v, NextToken %q\n", requests, names, aws.ToString(out.NextToken))
}
GO
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/credentials@v1.20.16 \
  github.com/aws/aws-sdk-go-v2/service/ssm@v1.82.0 github.com/aws/smithy-go@v1.28.9; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
requests 2, names [/b], NextToken "of-the-first"
SEEN
