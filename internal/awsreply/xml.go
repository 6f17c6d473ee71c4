package awsreply

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// checkXML returns what is wrong with a reply of AWS's query protocol, or "". The
// members are in an element named after the operation, in the root element.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
func checkXML(body []byte, operation string, members []member) (fault string, notXML bool) {
	if len(bytes.TrimSpace(body)) == 0 {
		return "is empty", false
	}
	_, name, _ := strings.Cut(operation, ":")
	prefix := []string{name + "Response", name + "Result"}
	x := &xmlReader{seen: []map[string]bool{{}}, full: make(map[string]bool), text: make(map[string]string)}
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", true
		}
		if fault := x.token(token); fault != "" {
			return fault, false
		}
	}
	switch roots := x.seen[0]; {
	case len(roots) == 0:
		return "is not XML", false
	case !roots[prefix[0]]: // a page in HTML
		return "", true
	}
	for _, m := range members {
		path := strings.Join(append(prefix, strings.Split(m.path, ".")...), "/")
		if m.without == "" && !x.full[path] {
			return "has no " + m.path, false
		}
		if x.full[path] && !m.kind.is(x.text[path]) {
			return fmt.Sprintf("has %s, which is %s", m.path, m.kind.misfit()), false
		}
	}
	return "", false
}

// is reports whether the text of an element has this kind.
func (k kind) is(text string) bool {
	switch k {
	case instant:
		at, err := time.Parse(time.RFC3339, text)
		return err == nil && at.UTC().Year() >= 1970 && at.UTC().Year() <= 9999
	case word:
		return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
	}
	return true
}

// An xmlReader collects the elements of a document.
type xmlReader struct {
	path []string
	seen []map[string]bool // the names of the elements in each open element
	full map[string]bool   // paths of elements with something in them
	text map[string]string // what is in them, by path
}

func (x *xmlReader) token(token xml.Token) string {
	switch t := token.(type) {
	case xml.StartElement:
		name, in := t.Name.Local, x.seen[len(x.seen)-1]
		if in[name] {
			return "contains an element twice"
		}
		if len(x.path) == 0 && len(in) > 0 {
			return "contains more than one document"
		}
		in[name] = true
		x.fill()
		x.path, x.seen = append(x.path, name), append(x.seen, map[string]bool{})
	case xml.EndElement:
		x.path, x.seen = x.path[:len(x.path)-1], x.seen[:len(x.seen)-1]
	case xml.CharData:
		x.text[strings.Join(x.path, "/")] += string(t)
		if len(bytes.TrimSpace(t)) > 0 {
			x.fill()
		}
	case xml.Directive:
		return "holds a directive"
	}
	return ""
}

func (x *xmlReader) fill() { x.full[strings.Join(x.path, "/")] = true }
