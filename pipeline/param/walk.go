package param

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsfault"
)

// A walk follows the pages of a list. The zero value is at the first page.
type walk struct {
	token *string             // of the next page
	seen  map[string]bool     // tokens
	empty int                 // pages in a row
	reply middleware.Metadata // of the last page
}

// refuse adds the request ID of the last page to an error about it.
func (w *walk) refuse(err error) error { return awsfault.InReply(err, w.reply) }

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
		return false, w.refuse(replyError("%s repeats a page", what))
	case w.empty == mostEmpty:
		return false, w.refuse(replyError("%s does not end", what))
	case w.seen == nil:
		w.seen = make(map[string]bool)
	}
	w.seen[*token] = true
	return false, nil
}
