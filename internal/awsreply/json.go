package awsreply

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkJSON returns what is wrong with a JSON reply, or "". notJSON reports that the
// body is not a complete JSON document.
func checkJSON(body []byte, members []member) (fault string, notJSON bool) {
	if len(bytes.TrimSpace(body)) == 0 {
		return "is empty", false
	}
	if !json.Valid(body) {
		var first json.RawMessage
		if json.NewDecoder(bytes.NewReader(body)).Decode(&first) == nil {
			return "contains more than one document", false
		}
		return "", true
	}
	if !utf8.Valid(body) {
		return "is not valid UTF-8", false
	}
	r := &reader{rest: body, members: members}
	r.space()
	if r.rest[0] != '{' {
		return "is not an object", false
	}
	return r.value(""), false
}

// A reader walks through JSON that is known to be valid.
type reader struct {
	rest    []byte
	members []member
}

func (r *reader) space() { r.rest = bytes.TrimLeft(r.rest, " \t\r\n") }

// value reads one value and returns what is wrong with it, or "".
func (r *reader) value(path string) string {
	r.space()
	switch r.rest[0] {
	case '{':
		return r.object(path)
	case '[':
		return r.list(path)
	case '"':
		_, fault := r.string()
		return fault
	}
	end := bytes.IndexAny(r.rest, ",]} \t\r\n")
	if end < 0 {
		end = len(r.rest)
	}
	r.rest = r.rest[end:]
	return ""
}

func (r *reader) object(path string) string {
	seen := make(map[string]bool) // by name; true if it is not null
	r.rest = r.rest[1:]
	for r.space(); r.rest[0] != '}'; r.space() {
		if r.rest[0] == ',' {
			r.rest = r.rest[1:]
			r.space()
		}
		name, fault := r.string()
		if fault != "" {
			return fault
		}
		r.space()
		r.rest = r.rest[1:] // the colon
		r.space()
		at := within(path, name)
		known := r.known(at)
		if _, twice := seen[name]; twice {
			if known == nil {
				return "contains a member twice"
			}
			return fmt.Sprintf("holds %s twice", at)
		}
		seen[name] = r.rest[0] != 'n'
		if known == nil {
			at = unknown
		} else if seen[name] && !known.kind.fits(r.rest) {
			return fmt.Sprintf("has %s, which is %s", at, known.kind.misfit())
		}
		if fault := r.value(at); fault != "" {
			return fault
		}
	}
	r.rest = r.rest[1:]
	return r.absent(path, seen)
}

func (r *reader) list(path string) string {
	path += "[]"
	known := r.known(path)
	r.rest = r.rest[1:]
	for r.space(); r.rest[0] != ']'; r.space() {
		if r.rest[0] == ',' {
			r.rest = r.rest[1:]
			r.space()
		}
		if known != nil && !known.kind.fits(r.rest) {
			return fmt.Sprintf("has %s, which is %s", path, known.kind.misfit())
		}
		if fault := r.value(path); fault != "" {
			return fault
		}
	}
	r.rest = r.rest[1:]
	return ""
}

// absent names the first required member that is missing in an object.
func (r *reader) absent(path string, seen map[string]bool) string {
	for _, m := range r.members {
		name, direct := m.in(path)
		if direct && m.without == "" && !seen[name] {
			return "has no " + m.path
		}
	}
	return ""
}

// unknown is the path of members that are in no table.
const unknown = "?"

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// in returns the member's name below the object at path, if it belongs there.
func (m member) in(path string) (name string, direct bool) {
	name = m.path
	if path != "" {
		var below bool
		if name, below = strings.CutPrefix(m.path, path+"."); !below {
			return "", false
		}
	}
	return name, !strings.ContainsAny(name, ".[")
}

func (r *reader) known(path string) *member {
	for i := range r.members {
		if r.members[i].path == path {
			return &r.members[i]
		}
	}
	return nil
}

// string reads a string. It refuses half of a surrogate pair, which is not a
// character: a reader would replace it with another character.
func (r *reader) string() (s, fault string) {
	end := 1
	for r.rest[end] != '"' {
		if r.rest[end] == '\\' {
			end++
		}
		end++
	}
	quoted := r.rest[:end+1]
	r.rest = r.rest[end+1:]
	if loneSurrogate(quoted) {
		return "", "contains half of a surrogate pair"
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), ""
	}
	if json.Unmarshal(quoted, &s) != nil {
		return "", "contains a string that cannot be read" // valid JSON can be read
	}
	return s, ""
}

func loneSurrogate(quoted []byte) bool {
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		i++
		if quoted[i] != 'u' {
			continue
		}
		unit := quoted[i+1 : i+5]
		i += 4
		switch surrogate(unit) {
		case low:
			return true
		case high:
			next := quoted[i+1:]
			if len(next) < 6 || next[0] != '\\' || next[1] != 'u' || surrogate(next[2:6]) != low {
				return true
			}
			i += 6
		}
	}
	return false
}

type half int

const (
	none half = iota
	high
	low
)

func surrogate(hex []byte) half {
	if hex[0] != 'd' && hex[0] != 'D' {
		return none
	}
	switch hex[1] {
	case '8', '9', 'a', 'b', 'A', 'B':
		return high
	case 'c', 'd', 'e', 'f', 'C', 'D', 'E', 'F':
		return low
	}
	return none
}

// fits reports whether a value begins like one of this kind.
func (k kind) fits(rest []byte) bool {
	switch c := rest[0]; k {
	case text:
		return c == '"' && rest[1] != '"'
	case value:
		return c == '"'
	case number:
		return c == '-' || c >= '0' && c <= '9'
	case date:
		return isDate(rest)
	case boolean:
		return c == 't' || c == 'f'
	case list:
		return c == '['
	case object:
		return c == '{'
	}
	return true // a member that nothing reads
}

// maxSeconds is the latest date that the SDK can represent: it counts nanoseconds
// since 1970 in 63 bits, and misreads a later date
// (https://pkg.go.dev/github.com/aws/smithy-go/time#ParseEpochSeconds).
const maxSeconds = math.MaxInt64 / 1_000_000_000

func isDate(rest []byte) bool {
	end := bytes.IndexAny(rest, ",]} \t\r\n")
	if end < 0 {
		end = len(rest)
	}
	seconds, err := strconv.ParseFloat(string(rest[:end]), 64)
	return err == nil && seconds >= 0 && seconds < maxSeconds
}

// misfit describes a value that does not have the kind.
func (k kind) misfit() string {
	return [...]string{
		"empty or not a string", "not a string", "not a number", "not true or false", "not a list", "not an object",
		"not a date in the years 1970 to 2261", "not a date in the years 1970 to 9999", "not made up of printable characters only",
	}[k]
}
