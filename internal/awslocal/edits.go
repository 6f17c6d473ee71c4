package awslocal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// flooded is the size of a flood in bytes: more than a client should ever read.
const flooded = 1 << 30

// change changes the correct answer to a call as a fault says.
func (x *exchange) change(f *Fault) {
	if x.answer.status > 299 {
		return
	}
	switch f.Kind {
	case Double:
		x.answer.body = bytes.Repeat(x.answer.body, 2)
	case Edit:
		if strings.Contains(x.answer.contentType, "xml") {
			x.answer.body = editXML(x.answer.body, f.Member, f.Value)
		} else {
			x.answer.body = editJSON(x.answer.body, f.Member, f.Value)
		}
	}
}

// editJSON sets a member of a document, or removes it if there is no value. In a path, [0] is the first item of a list, and [] is
// every item.
func editJSON(body []byte, path string, value json.RawMessage) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // dates keep their digits
	var document any
	if d.Decode(&document) != nil {
		return body
	}
	steps := strings.Split(strings.ReplaceAll(path, "[", ".["), ".")
	changed, err := json.Marshal(edited(document, steps, value))
	if err != nil {
		return body // only a value that is not JSON cannot be written
	}
	return changed
}

func edited(in any, steps []string, value json.RawMessage) any {
	if len(steps) == 0 {
		return value
	}
	step, last := steps[0], len(steps) == 1
	switch in := in.(type) {
	case map[string]any:
		if inner, ok := in[step]; last && value == nil {
			delete(in, step)
		} else if last || ok {
			in[step] = edited(inner, steps[1:], value)
		}
	case []any:
		which := strings.Trim(step, "[]")
		for i := range in {
			if which == "" || which == strconv.Itoa(i) {
				in[i] = edited(in[i], steps[1:], value)
			}
		}
	}
	return in
}

// editXML does the same to an element, which the last part of the path names. The value becomes the content of the element.
func editXML(body []byte, path string, value json.RawMessage) []byte {
	name := regexp.QuoteMeta(path[strings.LastIndex(path, ".")+1:])
	whole := regexp.MustCompile(`(?s)(<` + name + `>).*(</` + name + `>)`)
	if value == nil {
		return whole.ReplaceAll(body, nil)
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		text = string(value)
	}
	return whole.ReplaceAll(body, []byte("${1}"+strings.ReplaceAll(text, "$", "$$")+"${2}"))
}

// numbered puts the number of the call into a body.
func (f *Fault) numbered() []byte {
	return []byte(strings.ReplaceAll(f.Body, "{n}", strconv.Itoa(f.call)))
}

// flood answers with more than any client reads.
func (s *Server) flood(x *exchange) {
	x.w.Header().Set("Content-Type", x.answer.contentType)
	x.w.Header().Set("Content-Length", fmt.Sprint(flooded))
	x.w.WriteHeader(http.StatusOK)
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for range flooded / len(chunk) {
		if _, err := x.w.Write(chunk); err != nil {
			return // the client has had enough
		}
	}
}
