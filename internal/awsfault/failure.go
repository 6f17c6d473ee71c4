package awsfault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// A Failure describes a failed call to AWS in bundle's own words. It keeps nothing
// of the error that it was made from.
type Failure struct {
	Operation string // such as "ssm:GetParameters"; "" if unknown
	Host      string // that the call went to; "" if unknown, or nothing was sent
	Code      string // AWS's error code; "" if there is none
	Denial    Denial
	Lost      Loss // why there was no reply
	Advised   bool // the text says what to do
	Clock     bool // AWS refused the time of the signature

	Attempts  int    // sent
	Throttled int    // of them
	Failed    int    // of them, for another reason
	Last      string // error of the last one that failed

	// Pace says how many calls per second are made at most; "" if unknown.
	Pace string

	// Until says what the call was waiting for before it was sent; "" if unknown.
	Until string

	text     string
	class    Class
	sentinel bool
}

// Error returns what went wrong, as Describe does.
func (f *Failure) Error() string { return f.text }

// Class returns the class of the failure.
func (f *Failure) Class() Class { return f.class }

// Service returns the service that was called, in the form of an IAM action's
// prefix, such as "ssm"; "" if unknown.
func (f *Failure) Service() string {
	service, _, _ := strings.Cut(f.Operation, ":")
	return service
}

var regionForm = lazyregexp.New(`\b[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\b`)

// Region returns the region in the host name; "" if it has none.
func (f *Failure) Region() string { return regionForm.FindString(f.Host) }

// Sentinel returns a failure that an adapter exports as a sentinel error. If an
// error also wraps a failed call, Find prefers the call. code is the AWS code that
// the sentinel counts as.
func Sentinel(service, code string, class Class, text string) *Failure {
	return &Failure{Operation: service + ":", Code: code, class: class, text: text, sentinel: true}
}

// Found is like Sentinel, for something found after a call. Find prefers it to the
// call.
func Found(service, code string, class Class, text string) *Failure {
	return &Failure{Operation: service + ":", Code: code, class: class, text: text}
}

// Find returns the first failure that an error wraps, a sentinel only if there is no
// other; nil if there is none.
func Find(err error) *Failure {
	var first *Failure
	for _, f := range all(err) {
		if !f.sentinel {
			return f
		}
		if first == nil {
			first = f
		}
	}
	return first
}

// LastAsked returns the failure that an error wraps that says what was called; the
// result of Explain if there is none.
func LastAsked(err error) *Failure {
	for _, f := range all(err) {
		if f.Asked() != "" {
			return f
		}
	}
	return Explain(err)
}

// all returns the failures in the tree of an error, from the top.
func all(err error) []*Failure {
	switch e := err.(type) { //nolint:errorlint // it walks what errors.As walks
	case *Failure:
		return []*Failure{e}
	case interface{ Unwrap() error }:
		return all(e.Unwrap())
	case interface{ Unwrap() []error }:
		var found []*Failure
		for _, one := range e.Unwrap() {
			found = append(found, all(one)...)
		}
		return found
	}
	return nil
}

// Reword replaces the text of the failure, and removes what AWS said about it.
func (f *Failure) Reword(text string) { f.text, f.Denial = text, Denial{} }

// Asked says which call was sent to which host, and how often; "" if unknown.
func (f *Failure) Asked() string {
	if f.Operation == "" || strings.HasSuffix(f.Operation, ":") {
		return ""
	}
	host := ""
	if f.Host != "" {
		host = " to " + f.Host
	}
	switch {
	case f.Attempts == 0 && f.Until != "":
		return fmt.Sprintf("%s was not sent: it was waiting for %s", f.Operation, f.Until)
	case f.Attempts == 0:
		return fmt.Sprintf("%s was not sent", f.Operation)
	}
	var how []string
	if f.Throttled > 0 {
		last := ""
		if f.Failed == 0 {
			last = f.last()
		}
		how = append(how, fmt.Sprintf("%d throttled%s", f.Throttled, last))
	}
	if f.Failed > 0 {
		how = append(how, fmt.Sprintf("%d failed%s", f.Failed, f.last()))
	}
	if n := f.Attempts - f.Throttled - f.Failed; n > 0 {
		how = append(how, fmt.Sprintf("%d without a response", n))
	}
	pace := ""
	if f.Pace != "" && f.Throttled > 0 {
		pace = ", finally" + f.Pace
	}
	return fmt.Sprintf("%s was sent%s %s (%s)%s", f.Operation, host, times(f.Attempts), strings.Join(how, ", "), pace)
}

// Waiting says what a call that did not end was waiting for, as a noun phrase; "" if
// unknown.
func (f *Failure) Waiting() string {
	asked := f.Asked()
	if f.Attempts == 0 && f.Until != "" {
		return f.Until + "; " + f.Operation + " was not sent"
	}
	if rest, ok := strings.CutPrefix(asked, f.Operation+" "); ok {
		return f.Operation + ", which " + rest
	}
	return ""
}

// last says how the last attempt failed, unless the failure itself says it.
func (f *Failure) last() string {
	if f.Last == "" || f.Last == f.text {
		return ""
	}
	return ", the last with: " + f.Last
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Explain returns what is known about a failed call.
func Explain(err error) *Failure {
	if known := Find(err); known != nil {
		return known
	}
	f := &Failure{text: Describe(err), class: Classify(err), Code: Code(err), Denial: DenialOf(err), Lost: loss(err), Clock: clock(err)}
	if f.class == Other && f.Code == "" {
		f.class = Unavailable // not an answer from AWS
	}
	var advised interface{ Remedy() string }
	f.Advised = errors.As(err, &advised) && advised.Remedy() != ""
	var asked *Asked
	if errors.As(err, &asked) {
		f.Operation, f.Host, f.Attempts, f.Throttled, f.Failed = asked.Operation, asked.Host, asked.Attempts, asked.Throttled, asked.Failed
		f.Last, f.Until = asked.Last, asked.Until
		if f.Lost == NotLost || f.Lost == TooSlow {
			f.Lost = asked.Lost
		}
	}
	var op *smithy.OperationError
	if f.Operation == "" && errors.As(err, &op) {
		f.Operation = strings.ToLower(strings.ReplaceAll(op.ServiceID, " ", "")) + ":" + op.OperationName
	}
	return f
}

// clock reports whether AWS refused the time of a request. It reads AWS's message
// but does not repeat it, because it holds the request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
func clock(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture":
		return true
	case "InvalidSignatureException", "SignatureDoesNotMatch":
		return strings.HasPrefix(api.ErrorMessage(), "Signature expired") || strings.HasPrefix(api.ErrorMessage(), "Signature not yet current")
	}
	return false
}

// NoReply returns the failure of a request that was made without the SDK. text says
// what the request was for.
func NoReply(service, host string, err error, text string) *Failure {
	f := &Failure{Operation: service + ":", Host: host, class: Unavailable, text: text}
	if err != nil {
		f.Lost, _ = network(err)
	}
	return f
}

// Ended returns the error of a call that was not done when the context ended. It
// wraps the context's error, and says what was called last.
func Ended(ctx context.Context, cause error) error {
	return &ended{ctx.Err(), Explain(cause)}
}

// At returns a copy of the failure with a pace, as in Failure.Pace.
func (f *Failure) At(pace string) *Failure {
	paced := *f
	paced.Pace = pace
	return &paced
}

type ended struct {
	err error
	*Failure
}

func (e *ended) Error() string   { return e.err.Error() }
func (e *ended) Unwrap() []error { return []error{e.err, e.Failure} }

// An Asked error is the error of a call, with the operation, the host, and the
// outcomes of the attempts.
type Asked struct {
	Operation, Host             string
	Attempts, Throttled, Failed int
	Last                        string // how the last attempt failed that was not throttled, or else the last one, in bundle's own words
	Lost                        Loss   // why it got no reply
	Until                       string // what it was waiting for before the next attempt
	Err                         error
}

func (a *Asked) Error() string { return a.Err.Error() }

// With returns a copy that wraps err.
func (a *Asked) With(err error) error {
	told := *a
	told.Err = err
	return &told
}

// Unwrap returns the wrapped error.
func (a *Asked) Unwrap() error { return a.Err }

// A Wait records what a call was waiting for when its time was up, before it was
// sent. The SDK drops the errors that say so.
type Wait struct{ what atomic.Value }

type waitKey struct{}

// WithWait returns a context for a call, and a Wait that records what it waits for.
func WithWait(ctx context.Context) (context.Context, *Wait) {
	w := new(Wait)
	return context.WithValue(ctx, waitKey{}, w), w
}

// Waited records what the call of a context was waiting for when it ended.
func Waited(ctx context.Context, what string) {
	if w, ok := ctx.Value(waitKey{}).(*Wait); ok {
		w.what.Store(what)
	}
}

// For returns what the call was waiting for; "" if unknown.
func (w *Wait) For() string {
	what, _ := w.what.Load().(string)
	return what
}
