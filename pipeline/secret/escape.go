package secret

import (
	"fmt"
	"strings"
)

// AppendEscaped appends a value to to, escaped as in the JSON string of a box
// (docs/format.md, F-23). encoding/json escapes more, and does not promise that its
// escapes stay the same. Sealing and the search for leaks must escape alike.
func AppendEscaped(to, value []byte) []byte {
	for _, c := range value {
		switch i := strings.IndexByte("\"\\\b\t\n\f\r", c); {
		case i >= 0:
			to = append(to, '\\', `"\btnfr`[i])
		case c < 0x20:
			to = fmt.Appendf(to, `\u%04x`, c)
		default:
			to = append(to, c)
		}
	}
	return to
}
