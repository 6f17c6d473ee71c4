package dotenv

import (
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
)

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
)

var base64Line = lazyregexp.New(`^[A-Za-z0-9+/]+={0,2}$`)

// cutPEM reports whether a value is the first line of a PEM block. Readers store that line, which is a broken key.
func cutPEM(text string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, "\"'"), pemBegin) && !strings.Contains(text, pemEnd) && !strings.Contains(text, `\n`)
}

// pemRest returns the length of the rest of a PEM block, which begins in the line before rest. Nothing in it is a name,
// even if it looks like one. If the block does not end, its rest is what looks like base64.
func pemRest(rest string) int {
	length, encoded, inside := 0, 0, true
	for length < len(rest) {
		line, _, found := strings.Cut(rest[length:], "\n")
		if strings.Contains(line, pemBegin) {
			break
		}
		length += len(line)
		if found {
			length++
		}
		if strings.Contains(line, pemEnd) {
			return length
		}
		if inside = inside && base64Line.MatchString(strings.TrimSpace(line)); inside {
			encoded = length
		}
	}
	return encoded
}
