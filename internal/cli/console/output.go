package console

import (
	"io"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

// An output is standard output. Writing to it never fails. It remembers the first
// error, so that a result that cannot be written does not stop the work, but sets the
// exit code of the run.
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

// Fd returns the descriptor of standard output if it is a file.
func (o *output) Fd() uintptr {
	if f, ok := o.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// undelivered returns the failure of a run that is done except for printing its result.
func (o *output) undelivered() error {
	if o.err == nil {
		return nil
	}
	return notWritten("Result not written", "Cannot write to standard output: "+pipeline.Cause(o.err).Error()+
		". The command itself is done. Check where standard output goes, and run the command again if you need its output.")
}

func notWritten(summary, detail string) error {
	return &Failure{Problems: problem.Problems{problem.New(problem.Output, nil, summary, detail)}}
}
