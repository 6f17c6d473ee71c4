package sealed

import "strconv"

// loneSurrogate reports whether a JSON text has an escape for half of a
// surrogate pair. UTF-8 cannot represent it, and encoding/json would replace it
// silently.
func loneSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		switch unit := escapedUnit(text[i:]); {
		case unit >= 0xdc00 && unit <= 0xdfff:
			return true
		case unit >= 0xd800 && unit <= 0xdbff:
			low := escapedUnit(text[min(i+6, len(text)):])
			if low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 11
		default:
			i++ // the escaped character may be a backslash
		}
	}
	return false
}

// escapedUnit returns the UTF-16 unit of the \u escape at the start of text, or
// 0 if there is none.
func escapedUnit(text []byte) uint64 {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return unit
}
