package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// rezip writes a layer again as a zip that others would write, as rezip HOW FROM
// TO: with the same files, and each reader of zips might see something else.
func rezip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: rezip HOW FROM TO")
	}
	from := []byte(ts.ReadFile(args[1]))
	r, err := zip.NewReader(bytes.NewReader(from), int64(len(from)))
	ts.Check(err)
	var b bytes.Buffer
	if args[0] == "prefix" {
		b.WriteString("#!/bin/sh\n")
	}
	z := zip.NewWriter(&b)
	for i, f := range r.File {
		ts.Check(copyOtherwise(z, f, args[0], i == len(r.File)-1))
	}
	if args[0] == "comment" {
		ts.Check(z.SetComment("not a comment"))
	}
	ts.Check(z.Close())
	switch args[0] {
	case "suffix":
		b.WriteString("x")
	case "twice":
		b.Write(bytes.Clone(b.Bytes()))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), b.Bytes(), 0o600))
}

// copyOtherwise copies a file, or the last one, in another way.
func copyOtherwise(z *zip.Writer, f *zip.File, how string, last bool) error {
	header, times := f.FileHeader, 1
	if last {
		switch how {
		case "link":
			header.SetMode(fs.ModeSymlink | 0o777)
		case "setuid":
			header.SetMode(fs.ModeSetuid | 0o755)
		case "duplicate":
			times = 2
		case "absolute":
			header.Name = "/" + header.Name
		case "dots":
			header.Name = "bundle/../" + header.Name
		case "backslash":
			header.Name = "bundle\\functions\\hello.sealed"
		case "encrypted":
			header.Flags |= 1
		case "date":
			header.ModifiedDate = 1<<9 | 1<<5 | 1 //nolint:staticcheck // as layerbuild
		case "extra":
			header.Extra = []byte{0xfe, 0xca, 0, 0}
		case "remark":
			header.Comment = "x"
		case "size":
			header.UncompressedSize64++
		}
	}
	for range times {
		if err := copyOne(z, f, header, how); err != nil {
			return err
		}
	}
	return nil
}

func copyOne(z *zip.Writer, f *zip.File, header zip.FileHeader, how string) error {
	if how == "deflate" || how == "descriptor" {
		header.Method = zip.Store
		if how == "deflate" {
			header.Method = zip.Deflate
		}
		w, err := z.CreateHeader(&header)
		if err != nil {
			return err
		}
		content, err := f.Open()
		if err != nil {
			return err
		}
		_, err = io.Copy(w, content)
		return err
	}
	w, err := z.CreateRaw(&header)
	if err != nil {
		return err
	}
	content, err := f.OpenRaw()
	if err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}
