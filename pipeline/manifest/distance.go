package manifest

import (
	"fmt"
	"strings"
)

// maxNames is from how many names on a message names only some, and guesses at none: there may be a message for each
// name, and guessing compares it with all.
const maxNames = 100

// didYouMeanBlock is didYouMean for the names of blocks.
func didYouMeanBlock(name string, candidates []*block) string {
	if len(candidates) > maxNames {
		return ""
	}
	return didYouMean(name, labels(candidates))
}

// didYouMean is a sentence that begins with a space, or "" if no candidate is close to name.
func didYouMean(name string, candidates []string) string {
	if len(candidates) > maxNames {
		return ""
	}
	best, least := "", 3
	for _, c := range candidates {
		d := distance(strings.ToLower(name), strings.ToLower(c))
		if len(name) > 2 && strings.HasPrefix(c, name) {
			d = 1
		}
		if d < least && d < len(c) {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}

// distance is the number of bytes to insert, delete or replace to make b of a. Long names are far from everything.
func distance(a, b string) int {
	const long = 64
	if len(a) > long || len(b) > long {
		return long
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// quoted joins names for a sentence: "a", "b" and "c"; or "a", "b" and 98 more.
func quoted(names []string, most int) string {
	var q []string
	for i, n := range names {
		if i == most-1 && len(names) > most {
			q = append(q, fmt.Sprintf("%d more", len(names)-i))
			break
		}
		q = append(q, fmt.Sprintf("%q", n))
	}
	if len(q) < 2 {
		return strings.Join(q, "")
	}
	return strings.Join(q[:len(q)-1], ", ") + " and " + q[len(q)-1]
}
