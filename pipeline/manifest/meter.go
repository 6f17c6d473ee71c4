package manifest

import "github.com/zclconf/go-cty/cty"

const (
	// maxWork bounds the sizes of all values that evaluating a manifest in all its environments takes in hand: those that
	// expressions refer to, that functions are given, and that expressions make. Else many expressions, each within its
	// own limit, would take minutes and gigabytes.
	maxWork = 32 << 20
	// smallValue is what does not count of a value: what the expressions of most manifests are about.
	smallValue = 256
	// setCost is how much more a set counts: going through one sorts it.
	setCost = 16
)

// A meter counts what evaluating a manifest in one environment takes in hand. Environments have equal shares, so that a
// manifest is refused in all of them, whichever a command is about.
type meter struct{ left int }

func newMeter(environments int) *meter { return &meter{maxWork / max(environments, 1)} }

// use notes a value of this size.
func (m *meter) use(v cty.Value, size int) {
	if v.Type().IsSetType() {
		size *= setCost
	}
	m.left -= max(size-smallValue, 0)
}

// refer notes a value that an expression refers to.
func (m *meter) refer(v cty.Value) {
	n, _ := sizeOf(v)
	m.use(v, n)
}

// empty says that nothing more must be evaluated.
func (m *meter) empty() bool { return m.left < 0 }
