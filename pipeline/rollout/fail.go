package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// A refusal is an error that is a problem already.
type refusal struct{ problems problem.Problems }

func (*refusal) Error() string { return "refused" }

// An unsettled error is a function that does not come to an end.
type unsettled struct{ publish.Configuration }

func (e *unsettled) Error() string { return "it does not settle" }

// fail returns the problems of a function whose change an error has ended.
func (f *function) fail(ctx context.Context, err error) problem.Problems {
	f.State = Failed
	if f.wrote && ctx.Err() != nil {
		f.State = Stopped
	}
	return f.problems(ctx, err)
}

// problems returns the problems that an error stands for.
func (f *function) problems(ctx context.Context, err error) problem.Problems {
	var refused *refusal
	var still *unsettled
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return nil // the run says it once for all
	case errors.As(err, &refused):
		return refused.problems
	case errors.As(err, &still):
		return f.refuse(problem.Unavailable, "Function does not settle", fmt.Sprintf("After %s, version %s is still in state %q%s, and its last update is %q%s. Nothing more was changed. Run the command again later.",
			patience, still.Version, still.State, because(still.StateCode), still.Update, because(still.UpdateCode)))
	case errors.Is(err, publish.ErrStale), errors.Is(err, publish.ErrBusy):
		return f.refuse(problem.Unavailable, "Changed by something else", fmt.Sprintf("It was changed %d times meanwhile. Find out what changes the function, such as a deployment or another rollout, and run the command again.", maxTries))
	}
	return problem.Problems{problem.FromAWS(err, problem.Resource{Name: "function " + f.Function, Lead: "Function " + f.Function, On: "it"}, f.want.At)}
}
