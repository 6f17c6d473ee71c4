package rollout

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// plan looks at a function, and fills its row. failed reports that AWS did not answer.
func (f *function) plan(ctx context.Context, others *others) (problems problem.Problems, failed bool) {
	look := f.look
	if f.job.Back {
		look = f.lookBack
	}
	var refused *refusal
	t, err := look(ctx)
	switch {
	case errors.As(err, &refused):
		f.Action = Refuse
		return refused.problems, false
	case err != nil:
		return f.problems(ctx, err), true
	case f.Action == Skip:
		return nil, false
	case t.none():
		f.Action = Keep
		return nil, false
	}
	f.Action, f.Latest, f.Publish, f.Move, f.Next = Change, t.update, t.publish, t.move, t.next
	problems, err = f.mayChange(ctx, t, others)
	if err != nil {
		return f.problems(ctx, err), true
	}
	if f.job.Back && f.want.Check != nil {
		problems = append(problems, f.want.Check(f.To, f.versions[t.next].Settings)...)
	}
	if len(problems) > 0 {
		f.Action = Refuse
	}
	return problems, false
}

// look reads a function as it is, and says what is left to do.
func (f *function) look(ctx context.Context) (todo, error) {
	latest, err := f.job.Functions.Configuration(ctx, f.Function, "")
	switch {
	case errors.Is(err, publish.ErrNoLayer):
		f.Action, f.Reason = Skip, "no such function"
		return todo{}, nil
	case err != nil:
		return todo{}, err
	}
	at, from := f.place(latest.Layers)
	f.Layers, f.Place, f.From = len(latest.Layers), at+1, from
	if at < 0 {
		f.Action, f.Reason = Skip, "$LATEST does not have the layer: attach it with the deployment tool"
		return todo{}, nil
	}
	f.latest, f.arn, f.attached = &latest, latest.ARN, latest.Layers
	if err := f.readAlias(ctx); err != nil {
		return todo{}, err
	}
	f.showAlias()
	t, problems := f.judge()
	if pending(latest) {
		f.latest = nil // it will have another revision
	}
	if len(problems) > 0 {
		return t, &refusal{problems}
	}
	return t, nil
}

// showAlias puts the alias into the row.
func (f *function) showAlias() {
	if f.alias == nil {
		return
	}
	f.Alias, f.Serves = f.alias.Name, f.alias.Routes[0].Version
	if f.Serves == publish.Latest {
		f.Reason = "alias " + f.alias.Name + " serves $LATEST"
	}
}

// mayChange checks what a function could be changed in spite of, but should not, and what Lambda would refuse.
func (f *function) mayChange(ctx context.Context, t todo, others *others) (problem.Problems, error) {
	if !f.job.Drift {
		owner, err := f.job.Functions.Owner(ctx, f.arn)
		if err != nil {
			return nil, err
		}
		if owner.Tool != "" {
			return f.owned(owner), nil
		}
	}
	if !t.update {
		return nil, nil
	}
	enforced, err := f.job.Functions.Signing(ctx, f.Function)
	switch {
	case err != nil:
		return nil, err
	case enforced:
		return f.refuse(problem.Integrity, "Layer is not signed", "Its code signing configuration accepts only signed layers, and bundle does not sign: a signed layer is another file. "+
			"Sign the layer with AWS Signer and attach it with the deployment tool, or set the configuration to Warn."), nil
	}
	for i, layer := range f.attached {
		ref, err := publish.ParseARN(layer)
		if i == t.at || err != nil { // its own, or one of AWS
			continue
		}
		switch err := others.find(ctx, ref); {
		case errors.Is(err, publish.ErrNoLayer):
			return f.refuse(problem.Missing, "Attached layer deleted", fmt.Sprintf(
				"It also has %s, which is deleted. Lambda accepts no list of layers with a deleted version: replace that first, with the deployment tool.", layer)), nil
		case err != nil:
			return nil, err
		}
	}
	return nil, nil
}

// owned refuses a function that another tool owns.
func (f *function) owned(owner publish.Owner) problem.Problems {
	by := owner.Tool
	if owner.Stack != "" {
		by += ", stack " + owner.Stack
	}
	return f.refuse(problem.Manifest, "Another tool owns the function", "Its tags say that it belongs to "+by+", whose next change would put the old layer back. "+
		"Change the layer there (bundle publish --ssm), or pass --drift to change the function anyway.")
}

// others finds out about layers of others, each once.
type others struct {
	layers Layers
	mu     sync.Mutex
	known  map[publish.Ref]*found
}

// found is what is found out about a layer, once done is closed.
type found struct {
	done chan struct{}
	err  error
}

func (o *others) find(ctx context.Context, ref publish.Ref) error {
	o.mu.Lock()
	one, known := o.known[ref]
	if !known {
		if o.known == nil {
			o.known = map[publish.Ref]*found{}
		}
		one = &found{done: make(chan struct{})}
		o.known[ref] = one
	}
	o.mu.Unlock()
	if known {
		<-one.done
		return one.err
	}
	defer close(one.done)
	_, one.err = o.layers.Find(ctx, ref)
	return one.err
}
