package audit

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"

	"github.com/whispering/bundle/internal/arn"
)

// Limits on what is kept in memory, whatever the events are.
const (
	maxRows = 10_000  // of a report
	maxIDs  = 1 << 20 // of events that were counted
)

// others stands for the sessions of a report that has too many rows.
const others = "other sessions"

// A Row is what one session of one principal did with one document.
type Row struct {
	Key       string // ARN; "" if no event names it
	Document  string
	Function  string // name in the manifest
	Principal string
	Session   string

	Opened, Denied, Failed int // calls of KMS: one for each box of the document
	First, Last            time.Time
	LastOpened             time.Time // zero if it was never opened
}

// A Collector counts the events of one bundle and environment. It keeps a row for each document, principal and session.
type Collector struct {
	Bundle      string
	Environment string
	Functions   map[string][]string // the ARNs of the keys of each function, by its name in the manifest; none if they are not known
	Account     string              // of the keys, if they are not known; "" for any
	Region      string              // of the keys, if they are not known
	Since       time.Time           // earlier events are not counted

	Records int // all that were read
	OfKMS   int // of these, those of KMS
	Unread  int // of KMS, or of nothing, that cannot be read
	DryRuns int // that would have opened a document
	First   time.Time
	Last    time.Time

	rows map[Row]*Row // by a Row that has only names
	ids  map[uint64]struct{}
}

// Add counts a record of CloudTrail. It does not keep text.
func (c *Collector) Add(text []byte) {
	e, class, err := parse(text)
	c.Records++
	if !e.Time.IsZero() {
		if c.First.IsZero() || e.Time.Before(c.First) {
			c.First = e.Time
		}
		c.Last = later(c.Last, e.Time)
	}
	if err != nil {
		c.Unread++
		return
	}
	if class == foreign {
		return
	}
	c.OfKMS++
	if class == other || c.seen(e.ID) {
		return
	}
	function, ours := c.function(e)
	if !ours || e.Time.Before(c.Since) {
		return
	}
	if class == dryRun {
		c.DryRuns++
		return
	}
	c.count(e, function)
}

// function returns the function of the manifest whose document an event is about.
func (c *Collector) function(e Event) (name string, ours bool) {
	for name, keys := range c.Functions {
		if e.Function != c.Bundle+"/"+name || e.Environment != c.Environment {
			continue
		}
		if len(keys) > 0 {
			return name, e.Key == "" || slices.Contains(keys, e.Key)
		}
		return name, e.Key == "" || c.here(e.Key)
	}
	return "", false
}

// here reports whether a key is in the account and Region of the environment.
func (c *Collector) here(key string) bool {
	return arn.Region(key) == c.Region && (c.Account == "" || arn.Account(key) == c.Account)
}

// seen reports whether an event was counted already: CloudTrail can deliver it several times.
func (c *Collector) seen(id string) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	sum := h.Sum64()
	if _, twice := c.ids[sum]; twice {
		return true
	}
	if c.ids == nil {
		c.ids = map[uint64]struct{}{}
	}
	if len(c.ids) < maxIDs {
		c.ids[sum] = struct{}{}
	}
	return false
}

func (c *Collector) count(e Event, function string) {
	name := Row{Key: e.Key, Document: e.Document, Function: function, Principal: e.Principal, Session: e.Session}
	row := c.rows[name]
	if row == nil && len(c.rows) >= maxRows {
		name.Session, name.Principal, name.Document = others, others, ""
		row = c.rows[name]
	}
	if row == nil {
		if c.rows == nil {
			c.rows = map[Row]*Row{}
		}
		kept := name
		row = &kept
		row.First = e.Time
		c.rows[name] = row
	}
	if e.Time.Before(row.First) {
		row.First = e.Time
	}
	row.Last = later(row.Last, e.Time)
	switch e.Outcome {
	case Denied:
		row.Denied++
	case Failed:
		row.Failed++
	default:
		row.Opened++
		row.LastOpened = later(row.LastOpened, e.Time)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Rows returns the rows by function, the latest event first.
func (c *Collector) Rows() []Row {
	var all []Row
	for _, row := range c.rows {
		all = append(all, *row)
	}
	slices.SortFunc(all, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), b.Last.Compare(a.Last), cmp.Compare(a.Document, b.Document),
			cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Session, b.Session))
	})
	return all
}
