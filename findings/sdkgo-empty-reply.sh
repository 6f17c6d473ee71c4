#!/usr/bin/env bash
# AWS SDK for Go v2, service/ssm v1.82.0, service/kms v1.62.5, smithy-go v1.28.9, seen 2026-11-28.
# A 200 reply with no body at all is a success with an empty output: no parameters, and none in InvalidParameters.
# Encrypt "succeeds" without a ciphertext. The reply `null` is an error, and it reads EOF.
# So neither err == nil nor an empty InvalidParameters says that all names were found: count what came.
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
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func main() {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
	defer server.Close()
	url, keys, ctx := aws.String(server.URL), credentials.NewStaticCredentialsProvider("id", "key", ""), context.Background()
	params := ssm.New(ssm.Options{Region: "us-west-2", BaseEndpoint: url, Credentials: keys})
	crypt := kms.New(kms.Options{Region: "us-west-2", BaseEndpoint: url, Credentials: keys})
	for _, body = range []string{``, `{}`, `{"Parameters":null}`, `{"Parameters":[]}`, `null`} {
		out, err := params.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/a", "/b"}})
		if err != nil {
			fmt.Printf("ssm %q: error ends in EOF: %v\n", body, strings.HasSuffix(err.Error(), "EOF"))
			continue
		}
		fmt.Printf("ssm %q: %d found, nil slice: %v, %d invalid\n", body, len(out.Parameters), out.Parameters == nil, len(out.InvalidParameters))
	}
	body = ""
	out, err := crypt.Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String("k"), Plaintext: []byte("x")})
	fmt.Printf("kms %q: %d bytes of ciphertext, error %v\n", body, len(out.CiphertextBlob), err)
}
GO
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/credentials@v1.20.16 \
  github.com/aws/aws-sdk-go-v2/service/ssm@v1.82.0 github.com/aws/aws-sdk-go-v2/service/kms@v1.62.5 github.com/aws/smithy-go@v1.28.9; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
ssm "": 0 found, nil slice: true, 0 invalid
ssm "{}": 0 found, nil slice: true, 0 invalid
ssm "{\"Parameters\":null}": 0 found, nil slice: true, 0 invalid
ssm "{\"Parameters\":[]}": 0 found, nil slice: false, 0 invalid
ssm "null": error ends in EOF: true
kms "": 0 bytes of ciphertext, error <nil>
SEEN
