package printable

import (
	"fmt"
	"strings"
)

// Count returns a number with a noun, such as "1 secret" or "2 secrets".
func Count(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "x"):
		return fmt.Sprintf("%d %ses", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
