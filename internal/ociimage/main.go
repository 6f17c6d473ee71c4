// Command ociimage writes the container image of a release: an OCI image layout (https://github.com/opencontainers/image-spec) in
// a tar file, for Linux on amd64 and arm64, with nothing but bundle, its license and certificate authorities. It needs no Docker,
// and the same files give the same bytes.
//
//	go run ./internal/ociimage -version 1.2.3 -revision COMMIT -created 2026-11-28T10:00:00Z -authorities cacert.pem -license LICENSE \
//	  -out bundle_1.2.3_oci.tar amd64=bundle_1.2.3_linux_amd64.tar.gz arm64=bundle_1.2.3_linux_arm64.tar.gz
//
// It prints the digest that the image has in a registry.
package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() {
	var r release
	var created, authorities, license, out string
	flag.StringVar(&r.version, "version", "", "the version, without v")
	flag.StringVar(&r.revision, "revision", "", "the commit")
	flag.StringVar(&created, "created", "", "the time of the commit, as in RFC 3339")
	flag.StringVar(&authorities, "authorities", "", "a PEM `FILE` with certificate authorities")
	flag.StringVar(&license, "license", "LICENSE", "the license's `FILE`")
	flag.StringVar(&out, "out", "", "the `FILE` to write")
	flag.Parse()
	digest, err := write(r, created, authorities, license, out, flag.Args())
	if err != nil {
		fmt.Fprintf(os.Stderr, "ociimage: %v\n", err)
		os.Exit(1)
	}
	fmt.Println(digest)
}

// write reads the files that are named, and writes the image. It returns the image's digest.
func write(r release, created, authorities, license, out string, programs []string) (digest string, err error) {
	at, err := time.Parse(time.RFC3339, created)
	if err != nil {
		return "", fmt.Errorf("-created: %w", err)
	}
	r.created = at.UTC()
	if r.authorities, err = os.ReadFile(authorities); err != nil {
		return "", err
	}
	if r.license, err = os.ReadFile(license); err != nil {
		return "", err
	}
	r.programs = make(map[string][]byte)
	for _, arg := range programs {
		architecture, archive, ok := strings.Cut(arg, "=")
		if !ok {
			return "", fmt.Errorf("%q is not ARCHITECTURE=ARCHIVE", arg)
		}
		if r.programs[architecture], err = programIn(archive); err != nil {
			return "", fmt.Errorf("%s: %w", archive, err)
		}
	}
	var image image
	if digest, err = image.build(r); err != nil {
		return "", err
	}
	f, err := os.Create(out)
	if err != nil {
		return "", err
	}
	return digest, errors.Join(image.writeTo(f), f.Close())
}

// programIn returns the file bundle of a release's archive.
func programIn(archive string) ([]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for entries := tar.NewReader(z); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it contains no file bundle")
		}
		if err != nil {
			return nil, err
		}
		if h.Name == "bundle" && h.Typeflag == tar.TypeReg {
			return io.ReadAll(entries)
		}
	}
}
