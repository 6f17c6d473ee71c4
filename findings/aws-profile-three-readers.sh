#!/usr/bin/env bash
# AWS SDK for Go v2 config v1.33.16, botocore 1.44.8 (also the AWS CLI v1), npm @smithy/shared-ini-file-loader 4.7.2 (AWS SDK for
# JavaScript v3), seen 2026-11-28.
# One profile of ~/.aws/config, three readings. For botocore alone, a comment after a value is part of the value. Go alone takes
# quotes off. For JavaScript alone, Region is another key than region. Two sections of one name merge in Go and JavaScript;
# botocore then reads no profile of the file.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export GOFLAGS=-mod=mod
cat >once <<'INI'
[profile deploy]
external_id = 7f #ours
role_session_name = "ci"
Region = us-west-2
INI
{ cat once; printf '[profile deploy]\nrole_arn = r\n'; } >twice
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	c, err := config.LoadSharedConfigProfile(context.Background(), "deploy", func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = []string{os.Args[1]}, []string{}
	})
	if err != nil {
		fmt.Println("go: error")
		return
	}
	fmt.Printf("go: |%s|%s|%s|\n", c.ExternalID, c.RoleSessionName, c.Region)
}
GO
cat >read.py <<'PY'
import sys
from botocore import configloader, exceptions

try:
    p = configloader.load_config(sys.argv[1])["profiles"]["deploy"]
    print("python: |%s|%s|%s|" % (p.get("external_id"), p.get("role_session_name"), p.get("region")))
except exceptions.ConfigParseError:
    print("python: error")
PY
cat >read.js <<'JS'
const { loadSharedConfigFiles } = require("@smithy/shared-ini-file-loader")
loadSharedConfigFiles({ configFilepath: process.argv[2], filepath: process.argv[2] + ".none" }).then(({ configFile }) => {
  const p = configFile.deploy
  console.log(`js: |${p.external_id}|${p.role_session_name}|${p.region}|`)
})
JS
{ go mod init probe && go get github.com/aws/aws-sdk-go-v2/config@v1.33.16 && go build -o probe .; } 2>log || { cat log; exit 1; }
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check botocore==1.44.8
npm install --silent --no-audit --no-fund --prefix . @smithy/shared-ini-file-loader@4.7.2
for file in once twice; do
  echo "$file:"
  ./probe "$dir/$file" && venv/bin/python read.py "$dir/$file" && node read.js "$dir/$file"
done | diff - /dev/fd/3 3<<'SEEN'
once:
go: |7f|ci|us-west-2|
python: |7f #ours|"ci"|us-west-2|
js: |7f|"ci"|undefined|
twice:
go: |7f|ci|us-west-2|
python: error
js: |7f|"ci"|undefined|
SEEN
