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

// A Failure is a failed call to AWS in words of ours, with what is known of it.
// It keeps nothing of the error that it was made of.
type Failure struct {
	Operation string // such as "ssm:GetParameters"; "" if it is not known
	Host      string // that was asked; "" if it is not known, or nothing was sent
	Code      string // AWS's; "" if there is none
	Denial    Denial
	Lost      Loss // why there was no reply
	Advised   bool // the text says what to do
	Clock     bool // AWS refused the time that the request was signed at

	Attempts  int    // that were sent
	Throttled int    // of them
	Failed    int    // of them, in another way
	Last      string // how the last of those that failed did

	// Pace says how many calls a second are made at most; "" if that is not known.
	Pace string

	// Until says what the call waited for before it was sent; "" for nothing that
	// is known.
	Until string

	text     string
	class    Class
	sentinel bool
}

// Error says what went wrong, as Describe does.
func (f *Failure) Error() string { return f.text }

// Class says what the failure means.
func (f *Failure) Class() Class { return f.class }

// Service is the service that was asked, as its actions begin; "" if it is not
// known.
func (f *Failure) Service() string {
	service, _, _ := strings.Cut(f.Operation, ":")
	return service
}

var regionForm = lazyregexp.New(`\b[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\b`)

// Region is that of the host; "" if it has none.
func (f *Failure) Region() string { return regionForm.FindString(f.Host) }

// Sentinel is a failure that an adapter tells others by. Where an error wraps a
// failed call as well, that tells more. A code of AWS's stands for what AWS would
// say.
func Sentinel(service, code string, class Class, text string) *Failure {
	return &Failure{Operation: service + ":", Code: code, class: class, text: text, sentinel: true}
}

// Found is like Sentinel for what was found out after a call, and tells more than
// that.
func Found(service, code string, class Class, text string) *Failure {
	return &Failure{Operation: service + ":", Code: code, class: class, text: text}
}

// Find returns the failure that tells most of those that an error wraps; nil if
// there is none.
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

// LastAsked returns the failure, of those that an error wraps, that says what was
// asked; what Explain says where none does.
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

// Reword replaces what went wrong by other words, and forgets what AWS said of
// it.
func (f *Failure) Reword(text string) { f.text, f.Denial = text, Denial{} }

// Asked says what was asked of whom, and how often; "" if that is not known.
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
		how = append(how, fmt.Sprintf("%d throttled", f.Throttled))
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

// last says how the last attempt failed, unless that is what the failure says.
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

// Explain says what is known of a failed call.
func Explain(err error) *Failure {
	if known := Find(err); known != nil {
		return known
	}
	f := &Failure{text: Describe(err), class: Classify(err), Code: Code(err), Denial: DenialOf(err), Lost: loss(err), Clock: clock(err)}
	if f.class == Other && f.Code == "" {
		f.class = Unavailable // not an answer of AWS
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

// clock reports whether AWS refused the time of a request. The words of such a
// refusal are looked at and not repeated: they hold the request.
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

// NoReply is a failed request that the SDK did not make, with what it was for.
func NoReply(service, host string, err error, text string) *Failure {
	f := &Failure{Operation: service + ":", Host: host, class: Unavailable, text: text}
	if err != nil {
		f.Lost, _ = network(err)
	}
	return f
}

// Ended is a call that did not end before the context did. It is the context's
// error, and tells what was asked last.
func Ended(ctx context.Context, cause error) error {
	return &ended{ctx.Err(), Explain(cause)}
}

// At is a failure of a call that was made at a pace, as in Failure.
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

// An Asked error is that of a call, with what was asked of whom and what became
// of each attempt.
type Asked struct {
	Operation, Host             string
	Attempts, Throttled, Failed int
	Last                        string // how the last attempt ended that did, in words of ours
	Lost                        Loss   // why that got no reply
	Until                       string // what it waited for, before it was sent once more
	Err                         error
}

func (a *Asked) Error() string { return a.Err.Error() }

// With returns the error of a call that ended like this.
func (a *Asked) With(err error) error {
	told := *a
	told.Err = err
	return &told
}

// Unwrap returns the error of the call.
func (a *Asked) Unwrap() error { return a.Err }

// A Wait is what a call waited for when its time was up, before it was sent. The
// SDK drops the errors that tell.
type Wait struct{ what atomic.Value }

type waitKey struct{}

// WithWait returns a context for a call, which tells what that waits for.
func WithWait(ctx context.Context) (context.Context, *Wait) {
	w := new(Wait)
	return context.WithValue(ctx, waitKey{}, w), w
}

// Waited notes what the call of a context has waited for until its end.
func Waited(ctx context.Context, what string) {
	if w, ok := ctx.Value(waitKey{}).(*Wait); ok {
		w.what.Store(what)
	}
}

// For is what the call waited for; "" for nothing that is known.
func (w *Wait) For() string {
	what, _ := w.what.Load().(string)
	return what
}
