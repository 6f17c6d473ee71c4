#!/usr/bin/env bash
# Go 1.26.8 (standard library), with aws-sdk-go-v2/config v1.33.16, seen 2026-11-28 on Linux.
# errors.As(err, &netError) with a net.Error matches "no such file": syscall.Errno has Timeout and Temporary too. A test of the
# form "is it the network?" says yes to the AWS SDK's missing single sign-on token file, where `aws sso login` is the remedy.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >aws-config <<'INI'
[profile human]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = dev
[sso-session corp]
sso_region = us-west-2
sso_start_url = https://example.com/start
INI
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	_, missing := os.ReadFile("missing")
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-west-2"), config.WithSharedConfigProfile("human"))
	if err != nil {
		panic(err)
	}
	_, token := cfg.Credentials.Retrieve(context.Background())
	for _, err := range []error{missing, token} {
		var network net.Error
		fmt.Printf("no such file: %v, net.Error: %v\n", errors.Is(err, fs.ErrNotExist), errors.As(err, &network))
	}
}
GO
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2/config@v1.33.16 && go build -o probe .; } 2>log || { cat log; exit 1; }
for name in "${!AWS_@}"; do unset "$name"; done
export HOME="$dir" AWS_CONFIG_FILE="$dir/aws-config" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
./probe | diff - /dev/fd/3 3<<'SEEN'
no such file: true, net.Error: true
no such file: true, net.Error: true
SEEN
