#!/usr/bin/env bash
# Python 3 zipfile, Go 1.26 archive/zip, npm jszip 3.10.2, fflate 0.8.3, adm-zip 0.6.1, yazl 3.3.1, seen 2026-11-28.
# Which mode an entry written from memory has. Python says 0600, which is readable for nobody but the owner. Go, jszip and fflate
# say none. jszip drops the unixPermissions that it was given as well, unless generateAsync is told platform: "UNIX": a script in
# a layer that was zipped this way is not executable.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
cat >main.go <<'GO'
package main

import (
	"archive/zip"
	"os"
)

func main() {
	file, _ := os.Create("go.zip")
	archive := zip.NewWriter(file)
	entry, _ := archive.Create("run")
	entry.Write([]byte("x"))
	archive.Close()
}
GO
cat >write.js <<'JS'
const fs = require("fs"), JSZip = require("jszip"), AdmZip = require("adm-zip"), yazl = require("yazl")
const data = Buffer.from("x")
const jszip = async (name, options) => fs.writeFileSync(name, await new JSZip().file("run", data, { unixPermissions: 0o755 }).generateAsync({ type: "nodebuffer", ...options }))
jszip("jszip-755.zip").then(() => jszip("jszip-755-platform.zip", { platform: "UNIX" }))
fs.writeFileSync("fflate.zip", require("fflate").zipSync({ run: data }))
const adm = new AdmZip()
adm.addFile("run", data)
adm.writeZip("adm-zip.zip")
const file = new yazl.ZipFile()
file.addBuffer(data, "run")
file.end()
file.outputStream.pipe(fs.createWriteStream("yazl.zip"))
JS
npm install --silent --no-audit --no-fund --prefix . jszip@3.10.2 fflate@0.8.3 adm-zip@0.6.1 yazl@3.3.1
go mod init probe 2>log && go run . && node write.js
python3 -c 'if True:
    import glob, zipfile
    with zipfile.ZipFile("python.zip", "w") as archive:
        archive.writestr("run", "x")
    for name in sorted(name[:-4] for name in glob.glob("*.zip")):
        print(name, "%04o" % (zipfile.ZipFile(name + ".zip").getinfo("run").external_attr >> 16 & 0o7777))' | diff - /dev/fd/3 3<<'SEEN'
adm-zip 0644
fflate 0000
go 0000
jszip-755 0000
jszip-755-platform 0755
python 0600
yazl 0664
SEEN
