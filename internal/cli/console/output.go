package console

import (
	"io"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

// An output is standard output. It takes everything, and remembers the first
// error: a result that cannot be written stops no work that is under way, and the
// run ends with the code for that.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.w.Write(b)
	}
	return len(b), nil
}

// Fd is that of the terminal, if it is one.
func (o *output) Fd() uintptr {
	if f, ok := o.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// undelivered is the failure of a run that is done, but for what it had to print.
func (o *output) undelivered() error {
	if o.err == nil {
		return nil
	}
	return notWritten("Result not written", "Cannot write to standard output: "+pipeline.Cause(o.err).Error()+". The command itself is done.")
}

func notWritten(summary, detail string) error {
	return &Failure{Problems: problem.Problems{problem.New(problem.Output, nil, summary, detail)}}
}
