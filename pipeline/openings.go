package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/whispering/bundle/pipeline/audit"
	"github.com/whispering/bundle/pipeline/problem"
)

// Openings knows when a document under a key was last opened since a time. [audit.CloudTrail] implements it.
type Openings interface {
	LastOpened(ctx context.Context, key, document string, since time.Time) (last time.Time, opened bool, err error)
}

// A LastOpening says when a document was last opened, as far as CloudTrail's event history knows.
type LastOpening struct {
	Function, Document string
	Since              time.Time // from when on it was looked for
	Opened             bool
	Last               time.Time // zero unless Opened
	Unknown            string    // why it is not known; "" if it is
}

// openingsLimit is how long openings are looked for. A key with many events has pages for longer, at 2 calls per second.
const openingsLimit = 30 * time.Second

// lastOpenings finds out when documents were last opened. What cannot be found out is in the result, unless an answer is wrong.
func lastOpenings(ctx context.Context, from Openings, documents []DocumentState, since func(DocumentState) time.Time) ([]LastOpening, problem.Problems) {
	limited, cancel := context.WithTimeout(ctx, openingsLimit)
	defer cancel()
	var all []LastOpening
	unknown := "" // for the rest as well
	for _, d := range documents {
		one := LastOpening{Function: d.Function, Document: d.Digest, Since: since(d), Unknown: unknown}
		if unknown == "" {
			var err error
			one.Last, one.Opened, err = from.LastOpened(limited, d.Key, d.Digest, one.Since)
			switch {
			case err == nil:
			case errors.Is(err, audit.ErrDenied):
				unknown = "cloudtrail:LookupEvents is not allowed"
			case limited.Err() != nil && ctx.Err() == nil:
				unknown = fmt.Sprintf("reading CloudTrail's event history takes more than %s", openingsLimit)
			default:
				return nil, problem.Problems{eventsProblem(err)}
			}
			one.Unknown = unknown
		}
		all = append(all, one)
	}
	return all, nil
}
