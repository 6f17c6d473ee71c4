#!/usr/bin/env bash
# AWS SDK for Go v2, service/ssm v1.82.0, smithy-go v1.28.9, default retryer, seen 2026-11-28.
# A connection that dies in the middle of a 200 reply is retried if it is reset (RST) and not if it is closed (FIN):
# "unexpected EOF" after one request, also for a read that is safe to repeat.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func main() {
	for _, end := range []string{"reset", "close"} {
		requests := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if requests++; requests > 1 {
				io.WriteString(w, `{"Parameters":[]}`)
				return
			}
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Parameters\":[{\"Name\":")
			if end == "reset" {
				conn.(*net.TCPConn).SetLinger(0)
			}
			conn.Close()
		}))
		client := ssm.New(ssm.Options{Region: "us-west-2", BaseEndpoint: aws.String(server.URL),
			Credentials: credentials.NewStaticCredentialsProvider("id", "key", "")})
		_, err := client.GetParameters(context.Background(), &ssm.GetParametersInput{Names: []string{"/a"}})
		fmt.Printf("%s: %d requests, success: %v, unexpected EOF: %v\n", end, requests, err == nil, errors.Is(err, io.ErrUnexpectedEOF))
		server.Close()
	}
}
GO
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/credentials@v1.20.16 \
  github.com/aws/aws-sdk-go-v2/service/ssm@v1.82.0 github.com/aws/smithy-go@v1.28.9; } 2>log || { cat log; exit 1; }
go run . | diff - /dev/fd/3 3<<'SEEN'
reset: 2 requests, success: true, unexpected EOF: false
close: 1 requests, success: false, unexpected EOF: true
SEEN
