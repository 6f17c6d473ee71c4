package layerbuild_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
)

// document returns a sealed document with made-up ciphertext.
func document(t *testing.T, environment, name, region string) *sealed.Document {
	t.Helper()
	d, err := sealed.New(sealed.Header{
		Bundle: "payments", Environment: environment, Function: name, Name: name, Mode: sealed.Pack,
		Sources: []sealed.Source{{
			Secret: "DB_PASSWORD", Encoding: "text", Version: 7, Modified: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC),
			ARN: "arn:aws:ssm:" + region + ":222222222222:parameter/prod/db",
		}},
		Boxes: []sealed.Box{{Secrets: []string{"DB_PASSWORD"}}},
	}, "arn:aws:kms:"+region+":222222222222:key/0d3c6b6e", [][]byte{[]byte("not a real ciphertext of " + name)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func sample(t *testing.T) *layerbuild.Layer {
	return &layerbuild.Layer{
		Documents: []*sealed.Document{document(t, "prod", "hello", "us-west-2"), document(t, "prod", "api", "us-west-2")},
		Helpers: []layerbuild.File{
			{Path: "python/bundle_secrets/__init__.py", Data: []byte("# helper\n")},
			{Path: "bundle/exec", Executable: true, Data: []byte("#!/bin/sh\n")},
		},
	}
}

func write(t *testing.T, l *layerbuild.Layer) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := layerbuild.Write(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The hash of the bytes that L-4, L-5 and L-7 specify for sample. If it
// changes, the next build of every user is a change.
const goldenSHA256 = "2f0cce81e814cbf05f198dfb051b3e734021f365735da492d45ed02b8a82aa67"

func TestEqualContentGivesEqualBytes(t *testing.T) { // L-7
	first := write(t, sample(t))
	sum := sha256.Sum256(first)
	if got := hex.EncodeToString(sum[:]); got != goldenSHA256 {
		t.Errorf("the layer's hash is %s, not %s", got, goldenSHA256)
	}
	turned := sample(t)
	turned.Documents[0], turned.Documents[1] = turned.Documents[1], turned.Documents[0]
	turned.Helpers[0], turned.Helpers[1] = turned.Helpers[1], turned.Helpers[0]
	if !bytes.Equal(first, write(t, turned)) {
		t.Error("the order of documents or helpers changes the bytes")
	}
}

func TestEntriesAreAsTheFormatSays(t *testing.T) { // L-4
	z, err := zip.NewReader(bytes.NewReader(write(t, sample(t))), int64(len(write(t, sample(t)))))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"bundle/exec", "bundle/functions/api.sealed", "bundle/functions/hello.sealed", "python/bundle_secrets/__init__.py"}
	for i, f := range z.File {
		mode := uint32(0o100644)
		if f.Name == "bundle/exec" {
			mode = 0o100755
		}
		switch {
		case f.Name != want[i]:
			t.Errorf("entry %d is %s, not %s", i, f.Name, want[i])
		case f.Method != zip.Store || f.Flags != 0 || len(f.Extra) != 0 || f.Comment != "":
			t.Errorf("%s: method %d, flags %d, %d bytes of extra fields", f.Name, f.Method, f.Flags, len(f.Extra))
		case f.ExternalAttrs>>16 != mode:
			t.Errorf("%s: mode %o, not %o", f.Name, f.ExternalAttrs>>16, mode)
		case f.ModifiedDate != 1<<5|1 || f.ModifiedTime != 0:
			t.Errorf("%s: dated %v", f.Name, f.Modified)
		}
	}
}

func TestReadGivesBackWhatWasWritten(t *testing.T) {
	b := write(t, sample(t))
	l, err := layerbuild.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(write(t, l), b) {
		t.Error("the layer that was read is written differently")
	}
	if len(l.Documents) != 2 || l.Documents[0].Header.Name != "api" || len(l.Helpers) != 2 || !l.Helpers[0].Executable {
		t.Errorf("read %d documents, %d helpers", len(l.Documents), len(l.Helpers))
	}
	if _, ok := l.Document("hello"); !ok {
		t.Error("no document hello")
	}
}

func TestWriteRefusesInvalidLayers(t *testing.T) {
	helper := func(paths ...string) func(*layerbuild.Layer) {
		return func(l *layerbuild.Layer) {
			for _, p := range paths {
				l.Helpers = append(l.Helpers, layerbuild.File{Path: p})
			}
		}
	}
	tests := map[string]struct {
		rule   string
		change func(*layerbuild.Layer)
	}{
		"two environments": {"L-1", func(l *layerbuild.Layer) { l.Documents = append(l.Documents, document(t, "dev", "x", "us-west-2")) }},
		"two regions":      {"L-1", func(l *layerbuild.Layer) { l.Documents = append(l.Documents, document(t, "prod", "x", "us-east-1")) }},
		"two of one function": {"L-1", func(l *layerbuild.Layer) {
			d := document(t, "prod", "x", "us-west-2")
			d.Header.Function = "hello"
			l.Documents = append(l.Documents, d)
		}},
		"nothing": {"L-8", func(l *layerbuild.Layer) { *l = layerbuild.Layer{} }},
		"two of one name": {"L-3", func(l *layerbuild.Layer) {
			l.Documents = append(l.Documents, document(t, "prod", "hello", "us-west-2"))
		}},
		"names alike": {"L-3", func(l *layerbuild.Layer) {
			l.Documents = append(l.Documents, document(t, "prod", "Hello", "us-west-2"))
		}},
		"foreign folder":      {"L-2", helper("extensions/evil")},
		"foreign top file":    {"L-2", helper("README")},
		"our folder":          {"L-2", helper("bundle/functions/x.sealed")},
		"climbs out":          {"L-3", helper("python/../../etc/passwd")},
		"empty part":          {"L-3", helper("python//x")},
		"dot":                 {"L-3", helper("python/./x")},
		"backslash":           {"L-3", helper(`python/a\b`)},
		"space":               {"L-3", helper("python/a b")},
		"folder entry":        {"L-3", helper("python/x/")},
		"long part":           {"L-3", helper("python/" + strings.Repeat("a", 129))},
		"long path":           {"L-3", helper("python/" + strings.Repeat("a/", 130) + "x")},
		"file and folder":     {"L-3", helper("nodejs/a", "nodejs/a/b")},
		"file and folder far": {"L-3", helper("nodejs/a", "nodejs/a.b", "nodejs/A/b")},
	}
	for name, test := range tests {
		l := sample(t)
		test.change(l)
		var b bytes.Buffer
		err := layerbuild.Write(&b, l)
		var broken *layerbuild.ZipError
		if !errors.As(err, &broken) || broken.Rule != test.rule || b.Len() > 0 {
			t.Errorf("%s: %v after %d bytes; want rule %s and none", name, err, b.Len(), test.rule)
		}
	}
}

func TestWriteRefusesALayerThatIsTooLarge(t *testing.T) { // L-6
	l := &layerbuild.Layer{Helpers: []layerbuild.File{{Path: "bundle/bin/x", Data: make([]byte, layerbuild.MaxBytes)}}}
	if err := layerbuild.Write(io.Discard, l); !errors.Is(err, layerbuild.ErrTooLarge) || !strings.Contains(err.Error(), "52428800") {
		t.Errorf("%v", err)
	}
	l = &layerbuild.Layer{}
	for i := range layerbuild.MaxEntries + 1 {
		l.Helpers = append(l.Helpers, layerbuild.File{Path: "python/f" + hex.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(i)))})
	}
	if err := layerbuild.Write(io.Discard, l); !errors.Is(err, layerbuild.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, err := layerbuild.Read(make([]byte, layerbuild.MaxBytes+1)); err == nil {
		t.Error("a file over the limit was read")
	}
}

// foreign makes a zip without using package layerbuild.
func foreign(t *testing.T, comment string, headers ...*zip.FileHeader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, h := range headers {
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(h.Name, "/") {
			continue
		}
		if _, err := w.Write([]byte("content")); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.SetComment(comment); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadRefusesEverythingElse(t *testing.T) {
	good := write(t, sample(t))
	end := len(good) - 22
	set := func(at int, to ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], to)
		return b
	}
	central := int(binary.LittleEndian.Uint32(good[end+16:]))
	tests := map[string][]byte{
		"nothing":                  {},
		"not a zip":                []byte("hello"),
		"cut short":                good[:len(good)-1],
		"bytes before":             append([]byte("#!/bin/sh\n"), good...),
		"bytes after":              append(bytes.Clone(good), 0),
		"a comment":                append(set(end+20, 1, 0), 'x'),
		"a byte in a gap":          append(append(bytes.Clone(good[:central]), 0), good[central:]...),
		"another date":             set(central+14, 0x22),
		"another time":             set(central+12, 1),
		"another mode":             set(central+40, 0xff),
		"a symbolic link":          set(central+41, 0xa1),
		"another version":          set(central+4, 10),
		"encrypted":                set(central+8, 1),
		"a wrong checksum":         set(central+16, 1, 2, 3, 4),
		"local and central differ": set(30, 'B'),
		"a wrong size":             set(central+20, 1, 0, 0, 0, 1),
		"a count too low":          set(end+8, 1, 0, 1),
		"no entries":               foreign(t, ""), // L-8
		"compressed":               foreign(t, "", &zip.FileHeader{Name: "python/x", Method: zip.Deflate}),
		"with data descriptors":    foreign(t, "", &zip.FileHeader{Name: "python/x", Method: zip.Store}),
		"with a folder":            foreign(t, "", &zip.FileHeader{Name: "python/"}),
		"an invalid document":      foreign(t, "", &zip.FileHeader{Name: "bundle/functions/x.sealed", Method: zip.Store}),
		"two of one name":          foreign(t, "", &zip.FileHeader{Name: "python/x"}, &zip.FileHeader{Name: "python/x"}),
	}
	for name, b := range tests {
		if l, err := layerbuild.Read(b); err == nil {
			t.Errorf("%s: read %d documents and %d helpers", name, len(l.Documents), len(l.Helpers))
		}
	}
}

// TestEveryByteCounts flips a bit in each byte of a layer. Read must notice
// every change; the checksums of the zip cover the content of its files.
func TestEveryByteCounts(t *testing.T) { // L-5
	l := &layerbuild.Layer{Documents: []*sealed.Document{document(t, "prod", "hello", "us-west-2")}}
	good := write(t, l)
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x01
		if _, err := layerbuild.Read(b); err == nil {
			t.Errorf("byte %d of %d may change unnoticed", i, len(good))
		}
	}
}

func TestHelperFilesKeepTheirModes(t *testing.T) {
	files, err := layerbuild.HelperFiles(fstest.MapFS{
		"bundle/exec":        {Data: []byte("#!/bin/sh\n"), Mode: 0o755},
		"python/x/module.py": {Data: []byte("pass\n"), Mode: 0o644},
	})
	if err != nil || len(files) != 2 || !files[0].Executable || files[1].Executable {
		t.Errorf("%v, %v", files, err)
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := layerbuild.Write(&b, &layerbuild.Layer{Helpers: []layerbuild.File{{Path: "python/x", Data: []byte("x")}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := layerbuild.Read(b)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := layerbuild.Write(&again, l); err != nil || !bytes.Equal(again.Bytes(), b) {
			t.Fatalf("what was read does not write the same bytes: %v", err)
		}
	})
}
