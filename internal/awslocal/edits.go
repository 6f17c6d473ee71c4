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

// flooded is how many bytes a flood has: more than a client should ever read.
const flooded = 1 << 30

// change changes the right answer to a call as a fault says.
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

// editJSON gives a member of a document another value, or takes it away where there is none. The path of what is in a list has the
// item's number from 0 in brackets, or nothing in them for all items.
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
		return body // what was read as JSON can be written as JSON, unless the value is none
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

// editXML does the same to an element, which is named by the last part of the path. The value is what the element then holds.
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

// flood answers with more than anybody reads.
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
