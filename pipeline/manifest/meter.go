package manifest

import "github.com/zclconf/go-cty/cty"

const (
	// maxWork is the largest total size of all values in evaluating a manifest in all its environments: values that
	// expressions refer to, arguments of functions, and results. Without it, many expressions, each within its own limit,
	// could take minutes and gigabytes.
	maxWork = 32 << 20
	// smallValue is the part of each value that does not count. The values of most manifests are smaller.
	smallValue = 256
	// setCost is the factor for sets, because iterating over a set sorts it.
	setCost = 16
)

// A meter counts the values in evaluating a manifest in one environment. Environments have equal shares, so that a
// manifest is refused in all of them, whichever environment a command uses.
type meter struct{ left int }

func newMeter(environments int) *meter { return &meter{maxWork / max(environments, 1)} }

// use counts a value of this size.
func (m *meter) use(v cty.Value, size int) {
	if v.Type().IsSetType() {
		size *= setCost
	}
	m.left -= max(size-smallValue, 0)
}

// refer counts a value that an expression refers to.
func (m *meter) refer(v cty.Value) {
	n, _ := sizeOf(v)
	m.use(v, n)
}

// empty reports whether nothing more must be evaluated.
func (m *meter) empty() bool { return m.left < 0 }
