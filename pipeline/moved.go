package pipeline

import (
	"context"
	"slices"

	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/secret"
)

// lookAgain looks up secrets of Secrets Manager whose stage has moved, and decides again
// about each function that has one of them, also if it is carried over or sealed. So all
// functions get the same version. It returns those that are to be sealed, without the
// values that have changed.
func (s *sealing) lookAgain(ctx context.Context, names []string) []*functionRun {
	var affected, moved []*functionRun
	for _, run := range s.functions {
		movable := run.only(func(bind *binding) bool {
			return bind.ref.Store == secret.SecretsManager && bind.ref.ID == "" && slices.Contains(names, bind.ref.Name)
		})
		if len(movable.bindings) > 0 {
			affected, moved = append(affected, run), append(moved, movable)
		}
	}
	used, refs := users(moved, func(bind *binding) secret.Ref { return bind.ref })
	err := s.byVersion(s.build.Parameters, s.build.Blind.Parameters)(ctx, refs, func(res Found) {
		for _, bind := range used[res.Ref] {
			bind.value = secret.Value{}
			s.all.add(bind.lookedUp(res)...)
		}
	})
	if err != nil {
		s.all.add(readProblem(nil, err))
	}
	if !s.all.empty() {
		return nil
	}
	for _, run := range affected {
		s.all.add(run.complete()...)
	}
	s.compared = s.compare(s.previous, s.build.Reseal)
	return slices.DeleteFunc(affected, func(run *functionRun) bool {
		carried := run.change.Action == plan.Carry
		for _, bind := range run.bindings {
			if carried {
				bind.value = secret.Value{}
			}
		}
		return carried
	})
}

// unread returns the functions with only the secrets that have no value yet.
func unread(functions []*functionRun) []*functionRun {
	all := make([]*functionRun, len(functions))
	for i, run := range functions {
		all[i] = run.only(func(bind *binding) bool { return bind.value.Len() == 0 })
	}
	return all
}

// only returns the function with only some of its secrets.
func (run *functionRun) only(has func(*binding) bool) *functionRun {
	some := &functionRun{fn: run.fn, key: run.key}
	for _, bind := range run.bindings {
		if has(bind) {
			some.bindings = append(some.bindings, bind)
		}
	}
	return some
}
