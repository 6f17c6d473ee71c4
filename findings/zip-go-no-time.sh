#!/usr/bin/env bash
# Go 1.26 archive/zip, Python 3 zipfile, npm yauzl 3.4.0, seen 2026-11-28.
# An entry without Modified, as a reproducible build writes it, has the DOS date 0: month 0 and day 0 of 1980. Python lists it as
# (1980, 0, 0, ...), and datetime refuses that. yauzl says 1979-11-30. With Modified 1980-01-01 all agree.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
export TZ=UTC
cat >main.go <<'GO'
package main

import (
	"archive/zip"
	"os"
	"time"
)

func main() {
	for name, modified := range map[string]time.Time{"none": {}, "1980": time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)} {
		file, _ := os.Create(name + ".zip")
		archive := zip.NewWriter(file)
		entry, _ := archive.CreateHeader(&zip.FileHeader{Name: "a", Modified: modified})
		entry.Write([]byte("x"))
		archive.Close()
	}
}
GO
npm install --silent --no-audit --no-fund --prefix . yauzl@3.4.0
go mod init probe 2>log && go run .
for name in none 1980; do
  python3 -c 'if True:
    import datetime, sys, zipfile
    date = zipfile.ZipFile(sys.argv[1] + ".zip").getinfo("a").date_time
    try:
        print("python", sys.argv[1], datetime.datetime(*date).date())
    except ValueError as error:
        print("python", sys.argv[1], date[:3], "ValueError")' "$name"
  node -e 'require("yauzl").open(process.argv[1] + ".zip", {}, (error, archive) => archive.on("entry", (entry) =>
    console.log("yauzl", process.argv[1], entry.getLastModDate().toISOString().slice(0, 10))))' "$name"
done | diff - /dev/fd/3 3<<'SEEN'
python none (1980, 0, 0) ValueError
yauzl none 1979-11-30
python 1980 1980-01-01
yauzl 1980 1980-01-01
SEEN
