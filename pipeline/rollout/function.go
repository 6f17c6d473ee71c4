package rollout

import (
	"context"
	"errors"
	"slices"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// A function is one function of a rollout, and what is known of it. What is nil has to be read.
type function struct {
	job *Rollout
	*Row
	want     Want
	arn      string
	attached []string // to $LATEST, when it was looked at first

	latest    *publish.Configuration
	listed    bool           // the aliases are
	alias     *publish.Alias // to move; nil for none
	versions  map[string]*publish.Configuration
	published *publish.Configuration // by this run, or found when it wanted to

	updated bool // this run has set the layers
	wrote   bool // this run has changed something, or may have
	tries   int  // that were in vain because of somebody else
}

// maxTries is how often a function is looked at again because something else has changed it, or because an answer was lost.
const maxTries = 3

// A todo is what is left to do for a function.
type todo struct {
	update, publish, move bool

	at     int    // the layer's place in the list of $LATEST, from 0
	next   string // version that the alias is to serve; "" if it has to be published
	routes []publish.Route
}

func (t todo) none() bool { return !t.update && !t.publish && !t.move }

// apply does what is left, step by step. The problems are why it could not.
func (f *function) apply(ctx context.Context, stop *halt) problem.Problems {
	if f.job.Back {
		return f.applyBack(ctx, stop)
	}
	for {
		if err := f.read(ctx); err != nil {
			return f.fail(ctx, err)
		}
		t, refused := f.judge()
		switch {
		case len(refused) > 0:
			f.State = Failed
			return refused
		case t.none():
			f.State = Changed
			return nil
		case stop.reached() || ctx.Err() != nil:
			if f.State = NotTried; f.wrote {
				f.State = Stopped
			}
			return nil
		}
		if err := f.act(ctx, t); err != nil && !f.again(ctx, err) {
			return f.fail(ctx, err)
		}
	}
}

// act does the next thing that is left.
func (f *function) act(ctx context.Context, t todo) error {
	switch {
	case t.update:
		return f.update(ctx, t)
	case t.publish:
		return f.publish(ctx)
	}
	moved, err := f.job.Functions.Route(ctx, f.Function, f.alias.Name, f.alias.Revision, t.routes...)
	if f.note(err); err == nil {
		f.alias = &moved
	}
	return err
}

// update replaces the layer in the whole list of layers of $LATEST.
func (f *function) update(ctx context.Context, t todo) error {
	layers := slices.Clone(f.latest.Layers)
	layers[t.at] = f.target()
	err := f.job.Functions.SetLayers(ctx, f.Function, layers, f.latest.Revision)
	if f.note(err); err != nil {
		return err
	}
	f.updated, f.latest = true, nil // its revision changes once more when the update ends
	f.job.pause(ctx, firstPause)
	return nil
}

// publish publishes $LATEST as it was read, and waits for the version to be active. With SnapStart, that takes minutes.
func (f *function) publish(ctx context.Context) error {
	v, err := f.job.Functions.PublishVersion(ctx, f.Function, f.latest.Code, f.latest.Revision)
	if f.note(err); err != nil {
		return err
	}
	if v.Version == publish.Latest || v.Code != f.latest.Code || !slices.Equal(v.Layers, f.latest.Layers) {
		return &refusal{f.refuse(problem.Integrity, "Unexpected answer from Lambda", "Lambda published version "+v.Version+
			" with other code or layers than $LATEST had. The alias was not moved. Run the command again.")}
	}
	if pending(v) {
		active, err := f.await(ctx, v.Version)
		if err != nil {
			return err
		}
		v.State, v.StateCode = active.State, active.StateCode
	}
	if v.State == "Failed" {
		return &refusal{f.refuse(problem.Integrity, "Version failed", "Version "+v.Version+" did not become active"+because(v.StateCode)+
			". The alias was not moved. With SnapStart, the function's own code starts, and opens its secrets, when a version is published: look at its log.")}
	}
	v.Settled, v.Settings = f.latest.Settled, f.latest.Settings // it is what $LATEST was at that revision
	f.published, f.versions[v.Version], f.Next = &v, &v, v.Version
	return nil
}

// read reads what is not known. It waits for the end of an update.
func (f *function) read(ctx context.Context) error {
	if f.latest == nil {
		latest, err := f.await(ctx, "")
		if err != nil {
			return err
		}
		f.latest = &latest
	}
	return f.readAlias(ctx)
}

// readAlias reads the alias and its versions.
func (f *function) readAlias(ctx context.Context) error {
	if !f.listed {
		all, err := f.job.Functions.Aliases(ctx, f.Function)
		if err == nil {
			f.alias, err = f.choose(all)
		}
		if err != nil {
			return err
		}
		f.listed = true
	}
	if f.alias == nil || f.alias.Routes[0].Version == publish.Latest {
		return nil
	}
	for _, route := range f.alias.Routes {
		if f.versions[route.Version] != nil {
			continue
		}
		c, err := f.job.Functions.Configuration(ctx, f.Function, route.Version)
		if err != nil {
			return err
		}
		f.versions[route.Version] = &c // which never changes
	}
	return nil
}

// again reports whether a failed change is worth another look at everything.
func (f *function) again(ctx context.Context, err error) bool {
	busy := errors.Is(err, publish.ErrBusy)
	if ctx.Err() != nil || !busy && !errors.Is(err, publish.ErrStale) && !errors.Is(err, publish.ErrUnavailable) {
		return false
	}
	if f.tries++; f.tries > maxTries {
		return false
	}
	f.latest, f.listed = nil, false
	if busy {
		f.job.pause(ctx, firstPause)
	}
	return true
}

// note remembers that something was changed, or may have been.
func (f *function) note(err error) {
	f.wrote = f.wrote || err == nil || errors.Is(err, publish.ErrUnavailable) || errors.Is(err, publish.ErrReply)
}

// target is the ARN of the version that $LATEST is to have.
func (f *function) target() string {
	return publish.Ref{Layer: f.want.Layer, Version: f.want.Version}.String()
}

// place returns the layer's place in a list, from 0, and its version; -1 and 0 if the list does not have it.
func (f *function) place(layers []string) (at int, version int64) {
	for i, l := range layers {
		if ref, err := publish.ParseARN(l); err == nil && ref.Layer == f.want.Layer {
			return i, ref.Version
		}
	}
	return -1, 0
}

// differs says in what two versions differ besides the version of the layer; "" for nothing.
func (f *function) differs(a, b *publish.Configuration) string {
	masked := func(c *publish.Configuration) []string {
		layers := slices.Clone(c.Layers)
		if at, _ := f.place(layers); at >= 0 {
			layers[at] = f.want.Layer
		}
		return layers
	}
	has := func(c *publish.Configuration) bool { at, _ := f.place(c.Layers); return at >= 0 }
	switch {
	case a.Code != b.Code:
		return "its code"
	case has(a) && !has(b):
		return "that it has the layer"
	case !slices.Equal(masked(a), masked(b)):
		return "its other layers"
	case a.Settled == "" || a.Settled != b.Settled:
		return "its configuration"
	case a.Unread || b.Unread:
		return "its environment variables, which Lambda cannot decrypt for these credentials"
	}
	return ""
}
