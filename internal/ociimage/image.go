package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// A release is what an image is made of.
type release struct {
	version, revision    string
	created              time.Time
	authorities, license []byte
	programs             map[string][]byte // by architecture, as Go calls it
}

// Media types of the OCI image specification.
const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// user is the user and group that the program runs as, and owns the folders that it may write to.
const user = 65532

// A descriptor points to content.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    *platform         `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations"`
}

type index struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Manifests     []descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type config struct {
	platform
	Created string `json:"created"`
	Config  struct {
		User       string            `json:"User"`
		Env        []string          `json:"Env"`
		Entrypoint []string          `json:"Entrypoint"`
		WorkingDir string            `json:"WorkingDir"`
		Labels     map[string]string `json:"Labels"`
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// An image is an OCI image layout in memory: files by name.
type image struct{ files map[string][]byte }

// build fills the image, and returns its digest.
func (i *image) build(r release) (digest string, err error) {
	if r.version == "" || r.revision == "" || len(r.programs) == 0 {
		return "", errors.New("a version, a revision and the archive of a program are needed")
	}
	if !x509.NewCertPool().AppendCertsFromPEM(r.authorities) {
		return "", errors.New("the file of certificate authorities contains none")
	}
	i.files = make(map[string][]byte)
	annotations := map[string]string{
		"org.opencontainers.image.title":       "bundle",
		"org.opencontainers.image.description": "Seals the secrets of Lambda functions at build time",
		"org.opencontainers.image.source":      "https://github.com/whispering/bundle",
		"org.opencontainers.image.licenses":    "MIT",
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.revision":    r.revision,
		"org.opencontainers.image.created":     r.created.Format(time.RFC3339),
	}
	all := index{SchemaVersion: 2, MediaType: indexType, Annotations: annotations}
	for _, architecture := range slices.Sorted(maps.Keys(r.programs)) {
		p := platform{Architecture: architecture, OS: "linux"}
		c := config{platform: p, Created: r.created.Format(time.RFC3339)}
		c.Config.User = fmt.Sprintf("%d:%d", user, user)
		c.Config.Env = []string{"PATH=/usr/bin", "HOME=/home/bundle", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}
		c.Config.Entrypoint = []string{"/usr/bin/bundle"}
		c.Config.WorkingDir = "/work"
		c.Config.Labels = annotations
		c.RootFS.Type = "layers"
		m := manifest{SchemaVersion: 2, MediaType: manifestType, Annotations: annotations}
		for _, entries := range [][]entry{foundation(r), {
			{name: "usr/bin/", mode: 0o755},
			{name: "usr/bin/bundle", mode: 0o755, content: r.programs[architecture]},
			{name: "usr/bin/bundle-secrets", link: "bundle"},
		}} {
			plain, packed, err := layer(entries, r.created)
			if err != nil {
				return "", err
			}
			c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, plain)
			m.Layers = append(m.Layers, i.add(layerType, packed))
		}
		if m.Config, err = i.addJSON(configType, c); err != nil {
			return "", err
		}
		d, err := i.addJSON(manifestType, m)
		if err != nil {
			return "", err
		}
		d.Platform = &p
		all.Manifests = append(all.Manifests, d)
	}
	d, err := i.addJSON(indexType, all)
	if err != nil {
		return "", err
	}
	d.Annotations = map[string]string{"org.opencontainers.image.ref.name": "ghcr.io/whispering/bundle:" + r.version} // by which podman load calls it
	i.files["oci-layout"] = []byte(`{"imageLayoutVersion":"1.0.0"}`)
	i.files["index.json"], err = json.Marshal(index{SchemaVersion: 2, MediaType: indexType, Manifests: []descriptor{d}})
	return d.Digest, err
}

// foundation returns the files around the program.
func foundation(r release) []entry {
	return []entry{
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:\nbundle:x:%d:\n", user)},
		{name: "etc/passwd", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:0:root:/:/nologin\nbundle:x:%d:%[1]d:bundle:/home/bundle:/nologin\n", user)},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: r.authorities},
		{name: "home/", mode: 0o755},
		{name: "home/bundle/", mode: 0o755, owner: user},
		{name: "tmp/", mode: 0o1777},
		{name: "usr/", mode: 0o755},
		{name: "usr/share/", mode: 0o755},
		{name: "usr/share/doc/", mode: 0o755},
		{name: "usr/share/doc/bundle/", mode: 0o755},
		{name: "usr/share/doc/bundle/LICENSE", mode: 0o644, content: r.license},
		{name: "work/", mode: 0o755, owner: user},
	}
}

// An entry is a file, a folder (its name ends with a slash) or a symbolic link of a layer.
type entry struct {
	name    string
	mode    int64
	owner   int
	content []byte
	link    string
}

// layer packs entries. It returns the digest of the layer before it is compressed, and the compressed layer.
func layer(entries []entry, at time.Time) (diffID string, packed []byte, err error) {
	var plain, compressed bytes.Buffer
	w := tar.NewWriter(&plain)
	for _, e := range entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Uid: e.owner, Gid: e.owner, ModTime: at, Size: int64(len(e.content))}
		switch {
		case e.link != "":
			h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, e.link, 0o777
		case e.name[len(e.name)-1] == '/':
			h.Typeflag = tar.TypeDir
		}
		if err = w.WriteHeader(h); err != nil {
			return "", nil, err
		}
		if _, err = w.Write(e.content); err != nil {
			return "", nil, err
		}
	}
	z := gzip.NewWriter(&compressed)
	if err = w.Close(); err == nil {
		_, err = z.Write(plain.Bytes())
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return "", nil, err
	}
	return digestOf(plain.Bytes()), compressed.Bytes(), nil
}

func digestOf(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

// add adds content, and returns what points to it.
func (i *image) add(mediaType string, content []byte) descriptor {
	digest := digestOf(content)
	i.files["blobs/sha256/"+digest[len("sha256:"):]] = content
	return descriptor{MediaType: mediaType, Digest: digest, Size: len(content)}
}

func (i *image) addJSON(mediaType string, v any) (descriptor, error) {
	b, err := json.Marshal(v)
	return i.add(mediaType, b), err
}

// writeTo writes the layout as a tar file.
func (i *image) writeTo(f io.Writer) error {
	w := tar.NewWriter(f)
	for _, name := range slices.Sorted(maps.Keys(i.files)) {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, ModTime: time.Unix(0, 0), Size: int64(len(i.files[name]))}); err != nil {
			return err
		}
		if _, err := w.Write(i.files[name]); err != nil {
			return err
		}
	}
	return w.Close()
}
