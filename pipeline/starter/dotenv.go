package starter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// maxSource is the largest size of a source in bytes.
const maxSource = 1 << 20

// ErrSize reports a source that is too large.
var ErrSize = fmt.Errorf("it has more than %d bytes", maxSource)

// assignment matches a line of a dotenv file. Names must be in capitals: anything
// else before an equals sign may be part of a value, such as a line of a key in
// base64.
var assignment = lazyregexp.New(`^(?:export\s+)?([A-Z_][A-Z0-9_]*)\s*=\s*(.?)`)

// Dotenv makes a draft of the names in a dotenv file, as secrets of one function. It
// keeps no value, not even during the call.
func Dotenv(source string, src []byte, function string) (*Draft, error) {
	if len(src) > maxSource {
		return nil, ErrSize
	}
	root := Text{{literal: "/"}, {environment: true}, {literal: "/" + function}}
	d := &Draft{Source: source, Name: function, root: root, proposed: true}
	f := Function{Name: function}
	quoted, began := "", 0 // the quote of a value that continues on the next line
	number := 0
	for line := range strings.Lines(string(src)) {
		number++
		line = strings.TrimSpace(line)
		if quoted != "" {
			if closes(line, quoted) {
				quoted = ""
			}
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := assignment.FindStringSubmatchIndex(line)
		if m == nil || line[m[4]:m[5]] == "=" { // base32 can end in several equals signs
			d.note(number, "this line is not NAME=VALUE with an uppercase name; it is not shown because it could be part of a value")
			continue
		}
		name, quote := line[m[2]:m[3]], line[m[4]:m[5]]
		if strings.ContainsAny(quote, "\"'`") && quote != "" && !closes(line[m[5]:], quote) {
			quoted, began = quote, number
		}
		f.Secrets = append(f.Secrets, Secret{Name: name, Parameter: append(slices.Clone(root), part{literal: "/" + name}), line: number})
	}
	if quoted != "" {
		return nil, fmt.Errorf("the quote that starts on line %d is not closed", began)
	}
	if len(f.Secrets) == 0 {
		return nil, errors.New("it has no NAME=VALUE line with an uppercase name")
	}
	d.Functions = []Function{f}
	return d, nil
}

// closes reports whether rest contains the end of a quote.
func closes(rest, quote string) bool {
	for i := 0; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && quote == `"`:
			i++
		case rest[i] == quote[0]:
			return true
		}
	}
	return false
}
