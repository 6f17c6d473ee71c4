package awsreply

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// checkJSON returns what is wrong with a JSON reply, or "". notJSON reports that the
// body is not a complete JSON document.
func checkJSON(body []byte, reply *shape) (fault string, notJSON bool) {
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
	r := &reader{rest: body}
	r.space()
	if r.rest[0] != '{' {
		return "is not an object", false
	}
	return r.value(reply), false
}

// A reader walks through JSON that is known to be valid. Its methods take the shape
// of what they read, which is nil for what is in no table.
type reader struct {
	rest []byte
	seen []mark // of the members of every open object
}

// A mark says whether a member was seen in an object.
type mark uint8

const (
	missing mark = iota
	null
	full
)

func (r *reader) space() {
	for len(r.rest) > 0 && (r.rest[0] == ' ' || r.rest[0] == '\n' || r.rest[0] == '\r' || r.rest[0] == '\t') {
		r.rest = r.rest[1:]
	}
}

// value reads one value and returns what is wrong with it, or "".
func (r *reader) value(s *shape) string {
	r.space()
	switch r.rest[0] {
	case '{':
		return r.object(s)
	case '[':
		return r.list(s)
	case '"':
		_, fault := r.string()
		return fault
	}
	r.rest = r.rest[endOfLiteral(r.rest):]
	return ""
}

// endOfLiteral returns the length of a number, true, false or null.
func endOfLiteral(rest []byte) int {
	for i, c := range rest {
		switch c {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return i
		}
	}
	return len(rest)
}

func (r *reader) object(s *shape) string {
	first := len(r.seen)
	r.seen = append(r.seen, make([]mark, s.size())...)
	var others map[string]bool // names that are in no table
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
		var known *shape
		if i := s.find(name); i >= 0 {
			known = s.members[i]
			if fault := r.member(known, &r.seen[first+i]); fault != "" {
				return fault
			}
		} else if others[string(name)] {
			return "contains a member twice"
		} else {
			if others == nil {
				others = make(map[string]bool)
			}
			others[string(name)] = true
		}
		if fault := r.value(known); fault != "" {
			return fault
		}
	}
	r.rest = r.rest[1:]
	fault := s.absent(r.seen[first:])
	r.seen = r.seen[:first]
	return fault
}

// member marks a member as seen, and checks how its value begins.
func (r *reader) member(s *shape, seen *mark) string {
	if *seen != missing {
		return fmt.Sprintf("holds %s twice", s.path)
	}
	if *seen = null; r.rest[0] == 'n' {
		return ""
	}
	*seen = full
	return s.misfit(r.rest)
}

func (r *reader) list(s *shape) string {
	item := s.each()
	r.rest = r.rest[1:]
	for r.space(); r.rest[0] != ']'; r.space() {
		if r.rest[0] == ',' {
			r.rest = r.rest[1:]
			r.space()
		}
		if fault := item.misfit(r.rest); fault != "" {
			return fault
		}
		if fault := r.value(item); fault != "" {
			return fault
		}
	}
	r.rest = r.rest[1:]
	return ""
}

// string reads a string. It refuses half of a surrogate pair, which is not a
// character: a reader would replace it with another character.
func (r *reader) string() (s []byte, fault string) {
	if end := 1 + bytes.IndexByte(r.rest[1:], '"'); bytes.IndexByte(r.rest[:end], '\\') < 0 {
		s, r.rest = r.rest[1:end], r.rest[end+1:]
		return s, ""
	}
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
		return nil, "contains half of a surrogate pair"
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil, "contains a string that cannot be read" // valid JSON can be read
	}
	return []byte(text), ""
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
	seconds, err := strconv.ParseFloat(string(rest[:endOfLiteral(rest)]), 64)
	return err == nil && seconds >= 0 && seconds < maxSeconds
}

// misfit describes a value that does not have the kind.
func (k kind) misfit() string {
	return [...]string{
		"empty or not a string", "not a string", "not a number", "not true or false", "not a list", "not an object",
		"not a date in the years 1970 to 2261", "not a date in the years 1970 to 9999", "not made up of printable characters only",
	}[k]
}
