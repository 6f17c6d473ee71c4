package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority returns a certificate in PEM.
func authority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// archive returns a release's archive with files of these names, each with its name as content.
func archive(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range names {
		h := &tar.Header{Name: name, Mode: 0o755, Size: int64(len(name))}
		if link, to, ok := strings.Cut(name, ">"); ok {
			h = &tar.Header{Name: link, Linkname: to, Typeflag: tar.TypeSymlink}
		}
		err := w.WriteHeader(h)
		if h.Typeflag != tar.TypeSymlink && err == nil {
			_, err = io.WriteString(w, name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// files writes what an image is made of, and returns its folder.
func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"ca.pem": authority(t), "LICENSE": []byte("MIT"), "empty.pem": nil, "other.pem": []byte("not a certificate\n"), "cut.tar.gz": archive(t, "bundle")[:20],
		"amd64.tar.gz": archive(t, "LICENSE", "bundle", "bundle-secrets>bundle"), "arm64.tar.gz": archive(t, "bundle"),
		"none.tar.gz": archive(t, "LICENSE", "bin/bundle"), "link.tar.gz": archive(t, "bundle>/bin/sh"), "plain.tar.gz": []byte("bundle"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// writeIn is write for the files of a folder.
func writeIn(dir, version, created, authorities string, programs ...string) (digest string, layout []byte, err error) {
	for i, p := range programs {
		architecture, name, ok := strings.Cut(p, "=")
		if ok {
			programs[i] = architecture + "=" + filepath.Join(dir, name)
		}
	}
	out := filepath.Join(dir, "image.tar")
	if digest, err = write(release{version: version, revision: "0123"}, created, filepath.Join(dir, authorities), filepath.Join(dir, "LICENSE"), out, programs); err != nil {
		return "", nil, err
	}
	layout, err = os.ReadFile(out)
	return digest, layout, err
}

// untar returns the entries of a tar file by name, and checks that folders come before what is in them.
func untar(t *testing.T, r io.Reader) (headers map[string]*tar.Header, contents map[string][]byte) {
	t.Helper()
	headers, contents = make(map[string]*tar.Header), make(map[string][]byte)
	for entries := tar.NewReader(r); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return headers, contents
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		if headers[h.Name] != nil {
			t.Errorf("%s is there twice", h.Name)
		}
		headers[h.Name], contents[h.Name] = h, b
	}
}

func TestImage(t *testing.T) {
	dir := files(t)
	digest, layout, err := writeIn(dir, "1.2.3", "2026-11-28T12:00:00+02:00", "ca.pem", "arm64=arm64.tar.gz", "amd64=amd64.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	if again, same, err := writeIn(dir, "1.2.3", "2026-11-28T10:00:00Z", "ca.pem", "amd64=amd64.tar.gz", "arm64=arm64.tar.gz"); err != nil || again != digest || !bytes.Equal(layout, same) {
		t.Errorf("the same files make another image: %v", err)
	}
	_, blobs := untar(t, bytes.NewReader(layout))
	get := func(d descriptor, into any) []byte {
		t.Helper()
		b, ok := blobs["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")]
		if !ok || len(b) != d.Size || fmt.Sprintf("sha256:%x", sha256.Sum256(b)) != d.Digest {
			t.Fatalf("%+v points to %d bytes", d, len(b))
		}
		if into != nil {
			if err := json.Unmarshal(b, into); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	if string(blobs["oci-layout"]) != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout is %s", blobs["oci-layout"])
	}
	var outer, inner index
	if err := json.Unmarshal(blobs["index.json"], &outer); err != nil || len(outer.Manifests) != 1 || outer.Manifests[0].Digest != digest ||
		outer.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "ghcr.io/whispering/bundle:1.2.3" {
		t.Fatalf("index.json: %v, %+v", err, outer)
	}
	get(outer.Manifests[0], &inner)
	if len(inner.Manifests) != 2 || inner.Manifests[0].Platform.Architecture != "amd64" || inner.Manifests[1].Platform.Architecture != "arm64" {
		t.Fatalf("the image has %+v", inner.Manifests)
	}
	for _, d := range inner.Manifests {
		var m manifest
		var c config
		get(d, &m)
		get(m.Config, &c)
		if c.Architecture != d.Platform.Architecture || c.OS != "linux" || c.Config.User != "65532:65532" || c.Created != "2026-11-28T10:00:00Z" {
			t.Errorf("the configuration of %s is %+v", d.Platform.Architecture, c)
		}
		all := make(map[string]*tar.Header)
		for i, l := range m.Layers {
			z, err := gzip.NewReader(bytes.NewReader(get(l, nil)))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(z)
			if err != nil || fmt.Sprintf("sha256:%x", sha256.Sum256(plain)) != c.RootFS.DiffIDs[i] {
				t.Errorf("layer %d has another digest: %v", i, err)
			}
			headers, contents := untar(t, bytes.NewReader(plain))
			for name, h := range headers {
				all[name] = h
				if above := path.Dir(strings.TrimSuffix(name, "/")) + "/"; above != "./" && all[above] == nil && headers[above] == nil {
					t.Errorf("%s is in no folder", name)
				}
				if !h.ModTime.Equal(time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)) || h.Uname != "" || h.Gname != "" || h.Uid != h.Gid {
					t.Errorf("%s is of %v, %q", name, h.ModTime, h.Uname)
				}
			}
			if i == 1 && string(contents["usr/bin/bundle"]) != "bundle" {
				t.Errorf("the program is %q", contents["usr/bin/bundle"])
			}
		}
		for name, mode := range map[string]int64{"usr/bin/bundle": 0o755, "tmp/": 0o1777, "etc/ssl/certs/ca-certificates.crt": 0o644, "etc/passwd": 0o644} {
			if all[name] == nil || all[name].Mode != mode || all[name].Uid != 0 {
				t.Errorf("%s is %+v", name, all[name])
			}
		}
		for _, name := range []string{"work/", "home/bundle/"} {
			if all[name] == nil || all[name].Uid != user || all[name].Mode != 0o755 {
				t.Errorf("%s is %+v", name, all[name])
			}
		}
		if link := all["usr/bin/bundle-secrets"]; link == nil || link.Typeflag != tar.TypeSymlink || link.Linkname != "bundle" {
			t.Errorf("bundle-secrets is %+v", link)
		}
	}
}

func TestNoImage(t *testing.T) {
	dir := files(t)
	const now = "2026-11-28T10:00:00Z"
	for name, c := range map[string]struct {
		version, created, authorities string
		programs                      []string
		says                          string
	}{
		"no version":            {"", now, "ca.pem", []string{"amd64=amd64.tar.gz"}, "are needed"},
		"no program":            {"1.2.3", now, "ca.pem", nil, "are needed"},
		"no time":               {"1.2.3", "", "ca.pem", []string{"amd64=amd64.tar.gz"}, "-created"},
		"a date":                {"1.2.3", "2026-11-28", "ca.pem", []string{"amd64=amd64.tar.gz"}, "-created"},
		"no authorities":        {"1.2.3", now, "empty.pem", []string{"amd64=amd64.tar.gz"}, "contains none"},
		"text as authorities":   {"1.2.3", now, "other.pem", []string{"amd64=amd64.tar.gz"}, "contains none"},
		"no file":               {"1.2.3", now, "missing.pem", []string{"amd64=amd64.tar.gz"}, "missing.pem"},
		"no architecture":       {"1.2.3", now, "ca.pem", []string{"amd64.tar.gz"}, "is not ARCHITECTURE=ARCHIVE"},
		"no archive":            {"1.2.3", now, "ca.pem", []string{"amd64=missing.tar.gz"}, "missing.tar.gz"},
		"an archive without it": {"1.2.3", now, "ca.pem", []string{"amd64=none.tar.gz"}, "it contains no file bundle"},
		"a link":                {"1.2.3", now, "ca.pem", []string{"amd64=link.tar.gz"}, "it contains no file bundle"},
		"a cut archive":         {"1.2.3", now, "ca.pem", []string{"amd64=amd64.tar.gz", "arm64=cut.tar.gz"}, "unexpected EOF"},
		"not an archive":        {"1.2.3", now, "ca.pem", []string{"amd64=plain.tar.gz"}, "EOF"},
	} {
		_, _, err := writeIn(dir, c.version, c.created, c.authorities, c.programs...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if _, err := os.Stat(filepath.Join(dir, "image.tar")); err == nil {
			t.Errorf("%s: it wrote an image", name)
		}
	}
}
