//go:build unix

package faulttest

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awslocal"
)

// A row is one fault, what runs under it, and what must come of it.
type row struct {
	number string // in the list that the table began with; "" for a fault that came later
	fault  string // what goes wrong
	note   string // what is expected, where that is not obvious

	account  func(*testing.T, aws.Config) // changes the account, before anything is wrong
	manifest string                       // "" for that of the template
	options  []awslocal.Option
	faults   []awslocal.Fault
	serve    func(*stage) (url string) // in place of the embedded AWS alone
	before   func(*stage)              // changes the world
	env      []string                  // besides that of the stage
	limit    time.Duration             // --timeout; 10 s if it is 0
	slow     bool                      // takes seconds: only make faults and CI run it

	act func(*stage) []result // what runs; a build that seals everything again if it is nil

	code  int
	layer outcome
	names []string                      // the parameters, keys or files that the error names
	says  string                        // AWS's code in it
	id    bool                          // whether it has a request ID
	step  string                        // the beginning of its last sentence, or another next step
	calls map[string]int                // how many calls must have been made
	after func(*stage, []result) string // what else must hold: what is wrong, or ""
}

// An outcome is what is at --out in the end.
type outcome string

const (
	old    outcome = "old" // the layer that was there, byte for byte
	fresh  outcome = "new" // another one, which is complete
	absent outcome = "none"
)

// Calls that rows count, and what the errors about their replies end with.
const (
	reads    = "ssm:GetParameters"
	looks    = "secretsmanager:DescribeSecret"
	gets     = "secretsmanager:GetSecretValue"
	seals    = "kms:Encrypt"
	checkAWS = "check that the endpoint is AWS"
)

// noCalls is for rows that must not make any.
var noCalls = map[string]int{}

const invariants = 6

var headings = [invariants]string{"exit code", "`--out`", "no value", "no temporary file", "in time", "the error has"}

// expected are the cells of a row that keeps every promise.
func (r *row) expected() [invariants]string {
	return [invariants]string{fmt.Sprint(r.code), string(r.layer), "yes", "yes", "yes", r.said()}
}

// judge returns the cells of a row, and what is wrong in any of them.
func (r *row) judge(s *stage, all []result) (cells [invariants]string, wrong []string) {
	s.Helper()
	fail := func(i int, format string, args ...any) {
		cells[i] = "**no**"
		wrong = append(wrong, headings[i]+": "+fmt.Sprintf(format, args...))
	}
	cells = r.expected()
	for _, one := range all {
		if one.code != r.code {
			fail(0, "%d, not %d", one.code, r.code)
		}
		if most := s.limit + time.Second; one.took > most {
			fail(4, "%v, and the limit is %v", one.took, most)
		}
		for _, missing := range r.unsaid(one.stderr) {
			fail(5, "no %s", missing)
		}
	}
	if got := s.outcome(); got != r.layer {
		fail(1, "%s, not %s", got, r.layer)
	}
	var outputs [][]byte
	for _, one := range all {
		outputs = append(outputs, one.stdout, one.stderr)
	}
	if place, err := leaks(s.dir, outputs...); place != "" || err != nil {
		fail(2, "%s%v", place, err)
	}
	if left := s.temporaries(); len(left) > 0 {
		fail(3, "%s", left)
	}
	return cells, append(wrong, r.besides(s, all)...)
}

// besides is what is wrong with the calls, and by the row's own rule.
func (r *row) besides(s *stage, all []result) (wrong []string) {
	calls := s.server.Calls()
	if r.calls != nil && len(r.calls) == 0 && len(calls) > 0 {
		wrong = append(wrong, fmt.Sprintf("there were calls: %v", calls))
	}
	for name, want := range r.calls {
		if calls[name] != want {
			wrong = append(wrong, fmt.Sprintf("%d calls of %s, not %d", calls[name], name, want))
		}
	}
	if r.after != nil {
		if text := r.after(s, all); text != "" {
			wrong = append(wrong, text)
		}
	}
	return wrong
}

// outcome is what is at --out.
func (s *stage) outcome() outcome {
	s.Helper()
	switch b := s.read(layerFile); {
	case b == nil:
		return absent
	case bytes.Equal(b, s.layer):
		return old
	case isLayer(b):
		return fresh
	}
	return "a piece of a layer"
}

var requestID = regexp.MustCompile(`request id [0-9a-f]{8}-[0-9a-f-]{27}`)

// unsaid is what an error should have and does not.
func (r *row) unsaid(stderr []byte) (missing []string) {
	_, text, found := strings.Cut(string(stderr), "Error:")
	if r.code > 128 {
		text = string(stderr)
	} else if !found && r.code != 0 {
		return []string{"error"}
	}
	text = flat([]byte(text))
	for _, want := range append([]string{r.says, r.step}, r.names...) {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
			missing = append(missing, want)
		}
	}
	if r.id && !requestID.MatchString(text) {
		missing = append(missing, "request ID")
	}
	return missing
}

// said is what the error has, for the table.
func (r *row) said() string {
	var all []string
	for _, name := range r.names {
		all = append(all, "`"+name+"`")
	}
	if r.says != "" {
		all = append(all, r.says)
	}
	if r.id {
		all = append(all, "request ID")
	}
	if r.step != "" {
		all = append(all, "“"+r.step+"”")
	}
	if all == nil {
		return "–"
	}
	return strings.Join(all, ", ")
}
