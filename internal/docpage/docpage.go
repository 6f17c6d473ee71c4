// Package docpage puts what programs make into pages of the documentation.
package docpage

import (
	"fmt"
	"os"
	"strings"
)

const end = "<!-- end -->"

// Part returns the text of a part of a page as it is in the file, with the lines around it.
func Part(name, text string) string { return begin(name) + text + end }

func begin(name string) string { return "<!-- " + name + " -->\n" }

// Put puts new content into a file, in place of what is between the line <!-- NAME --> and <!-- end -->.
func Put(path, name, text string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, rest, found := strings.Cut(string(page), begin(name))
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no place for the text: a line %q and one %q", path, strings.TrimSpace(begin(name)), end)
	}
	return os.WriteFile(path, []byte(head+Part(name, text)+tail), 0o644)
}
