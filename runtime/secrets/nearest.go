package secrets

import "strings"

// nearest returns the most similar name, or "" if none is similar. Case is
// ignored.
func nearest(name string, names []string) string {
	best, least := "", max(2, len(name)/3)+1
	if len(name) > 256 {
		return ""
	}
	for _, other := range names {
		if d := distance(strings.ToUpper(name), strings.ToUpper(other)); d < least {
			best, least = other, d
		}
	}
	return best
}

// distance returns the Levenshtein distance of two strings, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			corner, row[j+1] = row[j+1], min(corner+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
