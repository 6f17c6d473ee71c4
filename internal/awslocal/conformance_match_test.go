package awslocal_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// want compares the members that are written with those of the reply.
func (e *run) want(text string) error {
	var want any
	if err := json.Unmarshal([]byte(e.expand(text)), &want); err != nil {
		return err
	}
	return match(e.values(want), e.out, "the reply")
}

func match(want, got any, at string) error {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %v", at, got)
		}
		for name, value := range w {
			if err := match(value, g[name], at+"."+name); err != nil {
				return err
			}
		}
		return nil
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return fmt.Errorf("%s is %v", at, got)
		}
		for i := range w {
			if err := match(w[i], g[i], at+"."+strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return nil
	case string:
		if w == "*" && got != nil || len(w) > 2 && w[0] == '/' && strings.HasSuffix(w, "$/") && regexp.MustCompile(w[1:len(w)-1]).MatchString(fmt.Sprint(got)) {
			return nil
		}
	}
	if want == nil && got == "" || reflect.DeepEqual(want, got) {
		return nil
	}
	return fmt.Errorf("%s is %v, not %v", at, got, want)
}

// lookUp finds "Parameters.0.Name".
func lookUp(value any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

var variable = regexp.MustCompile(`\$(x[0-9]+|[A-Z][A-Z0-9]*)`)

// expand replaces $NAME by what was saved and $x40 by forty letters x.
func (e *run) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		if n, err := strconv.Atoi(strings.TrimPrefix(name, "$x")); err == nil {
			return strings.Repeat("x", n)
		}
		value, ok := e.vars[name[1:]]
		if !ok {
			e.t.Fatalf("%s was not saved", name)
		}
		return value
	})
}

// values replaces strings that stand for others: text:A is A in base64, zip:A an archive with one file A, file:A a file of the row,
// zeros:9 nine zero bytes, unzips:9 an archive that says that it has nine bytes.
func (e *run) values(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = e.values(v[name])
		}
	case []any:
		for i := range v {
			v[i] = e.values(v[i])
		}
	case string:
		rest := v[strings.Index(v, ":")+1:]
		switch strings.TrimSuffix(v, rest) {
		case "text:":
			return base64.StdEncoding.EncodeToString([]byte(rest))
		case "zip:":
			return base64.StdEncoding.EncodeToString(archive(e.t, rest))
		case "file:":
			return e.expand(e.row.files[rest])
		case "zeros:":
			return base64.StdEncoding.EncodeToString(make([]byte, number(e.t, rest)))
		case "unzips:":
			return base64.StdEncoding.EncodeToString(large(e.t, uint64(number(e.t, rest))))
		}
	}
	return v
}

func archive(t *testing.T, name string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if _, err := w.Create(name); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func number(t *testing.T, text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// large is an archive whose directory says how many bytes its file has. The file need not be there.
func large(t *testing.T, size uint64) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if _, err := w.CreateRaw(&zip.FileHeader{Name: "x", UncompressedSize64: size}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
