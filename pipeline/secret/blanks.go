package secret

import (
	"bytes"
	"encoding/json"
)

// Blanks reports whether a value begins or ends with spaces, tabs, line breaks or a byte order mark that are probably
// there by mistake: the command that put it added them. Programs that read the value as text then fail, as with a
// password that ends in a newline.
//
// Where blanks are usual or harmless, it reports none: after text of several lines, such as a key in PEM form, line
// breaks are usual, and around a JSON object or array, every blank is harmless.
func (v Value) Blanks() bool {
	b := v.peek()
	inside := bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
	switch {
	case len(inside) == len(b):
		return false
	case len(inside) > 0 && (inside[0] == '{' || inside[0] == '[') && json.Valid(b):
		return false
	case bytes.IndexByte(inside, '\n') >= 0:
		return len(bytes.TrimRight(b, "\r\n")) != len(inside)
	}
	return true
}
