package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/released"
)

// relayer writes the layer FROM as TO, with edits: see editLayer. FROM - is a
// layer of nothing.
func relayer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: relayer FROM TO [EDIT…]")
	}
	var files []layerbuild.File
	if args[0] != "-" {
		layer, err := layerbuild.Read([]byte(ts.ReadFile(args[0])))
		ts.Check(err)
		files = layer.Helpers
		for _, d := range layer.Documents {
			files = append(files, layerbuild.File{Path: sealed.Path(d.Header.Name), Data: d.Bytes()})
		}
	}
	for _, edit := range args[2:] {
		files = editLayer(ts, files, edit)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), zipOf(ts, files), 0o600))
}

// editLayer makes one change:
//
//	+PATH     adds a file
//	+x PATH   adds an executable one
//	-PREFIX   removes all files whose path begins so
//	~PATH     changes a byte
//	^PATH     changes a letter of the last line
//	%PATH     makes an executable file one that is not, or the other way round
//	=FROM TO  moves a file
//	|PATH|OLD|NEW  replaces a text in it
//	&LAYER PREFIX  takes files of another layer in place of those of the same path
func editLayer(ts *testscript.TestScript, files []layerbuild.File, edit string) []layerbuild.File {
	kind, path := edit[:1], edit[1:]
	path, to, _ := strings.Cut(path, " ")
	at := slices.IndexFunc(files, func(f layerbuild.File) bool { return f.Path == path })
	if at < 0 && slices.Contains([]string{"~", "^", "%", "="}, kind) {
		ts.Fatalf("the layer has no %s", path)
	}
	switch kind {
	case "+":
		if path == "x" {
			return append(files, layerbuild.File{Path: to, Executable: true, Data: []byte("#!/bin/sh\n")})
		}
		return append(files, layerbuild.File{Path: path, Data: []byte("import os\n")})
	case "-":
		return slices.DeleteFunc(files, func(f layerbuild.File) bool { return strings.HasPrefix(f.Path, path) })
	case "~":
		files[at].Data = bytes.Clone(files[at].Data)
		files[at].Data[len(files[at].Data)/2] ^= 1
	case "^":
		data := bytes.Clone(files[at].Data)
		data[bytes.LastIndexFunc(data[:len(data)-9], unicode.IsLetter)] ^= 'a' - 'A'
		files[at].Data = data
	case "%":
		files[at].Executable = !files[at].Executable
	case "=":
		files[at].Path = to
	case "|":
		files = replaceIn(ts, files, strings.Split(edit, "|"))
	case "&":
		layer, err := layerbuild.Read([]byte(ts.ReadFile(path)))
		ts.Check(err)
		for _, f := range layer.Helpers {
			if strings.HasPrefix(f.Path, to) {
				files = append(slices.DeleteFunc(files, func(other layerbuild.File) bool { return other.Path == f.Path }), f)
			}
		}
	default:
		ts.Fatalf("unknown edit %q", edit)
	}
	return files
}

func replaceIn(ts *testscript.TestScript, files []layerbuild.File, edit []string) []layerbuild.File {
	if len(edit) != 4 {
		ts.Fatalf("usage: |PATH|OLD|NEW")
	}
	for i, f := range files {
		if f.Path == edit[1] {
			files[i].Data = bytes.Replace(f.Data, []byte(edit[2]), []byte(edit[3]), 1)
			if !bytes.Equal(files[i].Data, f.Data) {
				return files
			}
		}
	}
	ts.Fatalf("there is no %s with %q", edit[1], edit[2])
	return nil
}

// zipOf writes a zip as layerbuild does, but whatever the paths are.
func zipOf(ts *testscript.TestScript, files []layerbuild.File) []byte {
	slices.SortFunc(files, func(a, b layerbuild.File) int { return cmp.Compare(a.Path, b.Path) })
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		mode := uint32(0o100644)
		if f.Executable {
			mode = 0o100755
		}
		size := uint64(len(f.Data))
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: f.Path, CreatorVersion: 3<<8 | 20, ReaderVersion: 20, ModifiedDate: 1<<5 | 1, //nolint:staticcheck // as layerbuild
			CRC32: crc32.ChecksumIEEE(f.Data), CompressedSize64: size, UncompressedSize64: size, ExternalAttrs: mode << 16,
		})
		ts.Check(err)
		_, err = w.Write(f.Data)
		ts.Check(err)
	}
	ts.Check(z.Close())
	return b.Bytes()
}

func writeTable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: table VERSION LAYER")
	}
	layer, err := layerbuild.Read([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	sums := make(map[string]layerbuild.Sum)
	for _, f := range layer.Helpers {
		sums[f.Path] = f.Sum()
	}
	path := ts.MkAbs(filepath.Join("tables", args[0]+".txt"))
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	ts.Check(os.WriteFile(path, []byte(released.Format(sums)), 0o600))
}
