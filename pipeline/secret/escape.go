package secret

import (
	"fmt"
	"strings"
)

// AppendEscaped appends a value to to as it stands in a JSON string in a box
// (docs/format.md, F-23). It is not encoding/json, which escapes more than it
// must and whose escapes are not promised to stay the same. What seals and what
// looks for leaks have to agree on it.
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
