package param

import "github.com/aws/aws-sdk-go-v2/aws"

// A walk follows the pages of a list. The zero value is at the first page.
type walk struct {
	token *string         // of the next page
	seen  map[string]bool // tokens
	empty int             // pages in a row
}

// next records a page, and reports whether it was the last. It returns an error if
// the list, which what names, repeats a page or has mostEmpty empty pages in a row.
func (w *walk) next(token *string, entries, mostEmpty int, what string) (last bool, err error) {
	if w.empty++; entries > 0 {
		w.empty = 0
	}
	switch w.token = token; {
	case aws.ToString(token) == "":
		return true, nil
	case w.seen[*token]:
		return false, replyError("%s repeats a page", what)
	case w.empty == mostEmpty:
		return false, replyError("%s does not end", what)
	case w.seen == nil:
		w.seen = make(map[string]bool)
	}
	w.seen[*token] = true
	return false, nil
}
