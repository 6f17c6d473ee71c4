package manifest

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/printable"
)

// maxNames is the number of names from which a message makes no suggestion: there may be a message for each name, and
// a suggestion compares it with all of them.
const maxNames = 100

// didYouMeanBlock is didYouMean for the names of blocks.
func didYouMeanBlock(name string, candidates []*block) string {
	if len(candidates) > maxNames {
		return ""
	}
	return didYouMean(name, labels(candidates))
}

// didYouMean returns a sentence that begins with a space, or "" if no candidate is similar to name.
func didYouMean(name string, candidates []string) string {
	if len(candidates) > maxNames {
		return ""
	}
	best := printable.Near(name, candidates)
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
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
