package param

import "github.com/aws/aws-sdk-go-v2/aws"

// A walk goes through the pages of a list. The zero value is at the first.
type walk struct {
	token *string         // of the next page
	seen  map[string]bool // tokens
	empty int             // pages in a row
}

// next takes note of a page, and reports whether it was the last. It is an error
// if the list, as what names it, goes round in circles, or gives more empty pages
// in a row than mostEmpty.
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
