#!/usr/bin/env bash
# Go 1.26.8 archive/zip, Java 17 java.util.zip, seen 2026-11-28.
# CreateHeader with Method: zip.Store writes sizes behind the data. Java's ZipInputStream refuses such an entry ("only DEFLATED entries can
# have EXT descriptor"), while ZipFile reads the same archive. CreateRaw, with sizes and CRC filled in, gives one that both read.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
cat >main.go <<'GO'
package main

import (
	"archive/zip"
	"hash/crc32"
	"os"
)

func main() {
	content := []byte("hello")
	for _, name := range []string{"CreateHeader", "CreateRaw"} {
		file, _ := os.Create(name + ".zip")
		archive := zip.NewWriter(file)
		header := &zip.FileHeader{Name: "a", Method: zip.Store}
		create := archive.CreateHeader
		if name == "CreateRaw" {
			header.CRC32, header.CompressedSize64, header.UncompressedSize64 = crc32.ChecksumIEEE(content), 5, 5
			create = archive.CreateRaw
		}
		entry, err := create(header)
		if err != nil {
			panic(err)
		}
		entry.Write(content)
		archive.Close()
	}
}
GO
cat >Read.java <<'JAVA'
import java.io.FileInputStream;
import java.util.zip.*;

class Read {
  public static void main(String[] names) throws Exception {
    for (String name : names) {
      try (ZipFile file = new ZipFile(name + ".zip"); ZipInputStream stream = new ZipInputStream(new FileInputStream(name + ".zip"))) {
        System.out.print(name + ": ZipFile " + file.size() + ", ZipInputStream ");
        System.out.println(stream.getNextEntry().getName());
      } catch (ZipException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
JAVA
go mod init probe 2>log && GOTOOLCHAIN=go1.26.8 go run .
java Read.java CreateHeader CreateRaw | diff - /dev/fd/3 3<<'SEEN'
CreateHeader: ZipFile 1, ZipInputStream only DEFLATED entries can have EXT descriptor
CreateRaw: ZipFile 1, ZipInputStream a
SEEN
