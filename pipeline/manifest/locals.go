package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// maxChain is the longest chain of locals that each use the next.
const maxChain = 1000

type visit int

const (
	unseen visit = iota
	underway
	done
)

// localVisitor evaluates locals, each after the locals that it uses.
type localVisitor struct {
	e     *evaluator
	s     *scope
	state map[string]visit
	path  []string // locals that are being evaluated
}

// setLocals evaluates all locals. Locals that depend on themselves are unknown.
func (e *evaluator) setLocals() {
	e.locals = map[string]cty.Value{}
	o := localVisitor{e: e, s: e.scope(scopeLocals), state: map[string]visit{}}
	for _, name := range e.m.localOrder {
		if !e.full() {
			o.visit(name)
		}
	}
}

func (o *localVisitor) visit(name string) {
	a := o.e.m.locals[name]
	switch {
	case o.state[name] == done:
		return
	case o.state[name] == underway && o.e.failed[a.Expr.Range()]: // the circle has been reported
		return
	case o.state[name] == underway:
		o.e.failed[a.Expr.Range()] = true
		circle := append(slices.Clone(o.path[slices.Index(o.path, name):]), name)
		for i := range circle {
			circle[i] = word(circle[i])
		}
		o.e.report(fault("Circular locals", fmt.Sprintf("The value of this local depends on itself: local.%s. Remove one of these references.", strings.Join(circle, " needs local.")), a.NameRange, a.Range))
		o.e.locals[name] = cty.DynamicVal
		return
	case len(o.path) == maxChain:
		o.e.report(fault("Chain of locals too long", fmt.Sprintf("This local is at the end of a chain of %d locals that each use the next. Write its value directly into one of them.", maxChain), a.NameRange, a.Range))
		o.e.locals[name] = cty.DynamicVal
		o.state[name] = done
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
