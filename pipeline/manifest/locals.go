package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

type visit int

const (
	unseen visit = iota
	underway
	done
)

// localOrder evaluates locals, each after those that it uses.
type localOrder struct {
	e     *evaluator
	s     *scope
	state map[string]visit
	path  []string // those underway
}

// setLocals evaluates all locals. Those that depend on themselves stay unknown.
func (e *evaluator) setLocals() {
	e.locals = map[string]cty.Value{}
	o := localOrder{e: e, s: e.scope(scopeLocals), state: map[string]visit{}}
	names := slices.Collect(maps.Keys(e.m.locals))
	slices.SortFunc(names, func(a, b string) int {
		x, y := e.m.locals[a].Range, e.m.locals[b].Range
		return cmp.Or(cmp.Compare(e.m.position(x.Filename), e.m.position(y.Filename)), cmp.Compare(x.Start.Byte, y.Start.Byte))
	})
	for _, name := range names {
		o.visit(name)
	}
}

func (o *localOrder) visit(name string) {
	a := o.e.m.locals[name]
	switch {
	case o.state[name] == done:
		return
	case o.state[name] == underway:
		circle := append(slices.Clone(o.path[slices.Index(o.path, name):]), name)
		o.e.report(fault("Locals in a circle", fmt.Sprintf("The value of this local depends on itself: local.%s. Break the circle.", strings.Join(circle, " needs local.")), a.NameRange, a.Range))
		o.e.locals[name] = cty.DynamicVal
		return
	}
	o.state[name] = underway
	o.path = append(o.path, name)
	used := map[string]cty.Value{}
	if !o.e.refused(a.Expr.Range()) {
		for _, t := range a.Expr.Variables() {
			other, ok := step(t, 1)
			if t.RootName() == "local" && ok && o.e.m.locals[other] != nil {
				o.visit(other)
				used[other] = o.e.locals[other]
			}
		}
	}
	o.path = o.path[:len(o.path)-1]
	o.state[name] = done
	if _, circular := o.e.locals[name]; !circular {
		o.e.locals[name] = o.e.value(a, o.s.with(scopeLocals, "local", used))
	}
}
