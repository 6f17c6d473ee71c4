package manifest

import (
	"fmt"
	"strings"
)

// compare reports what functions must not have in common.
func (e *evaluator) compare(m *Manifest) {
	files := map[string][]*Function{}
	keys := map[string][]*Function{}
	for i := range m.Functions {
		f := &m.Functions[i]
		name := strings.ToLower(f.File())
		if files[name] = append(files[name], f); len(files[name]) == 2 {
			e.sameFile(files[name][0], f)
		}
		if f.Key.Value != "" {
			keys[f.Key.Value] = append(keys[f.Key.Value], f)
		}
	}
	for _, sharing := range keys {
		if len(sharing) > 1 {
			e.sharedKey(sharing)
		}
	}
}

// sameFile reports two functions whose documents would overwrite each other. On some file systems, they do even if the
// names differ only in case.
func (e *evaluator) sameFile(first, second *Function) {
	place := second.Range
	if second.DeployedAs.Value != "" {
		place = second.DeployedAs.Range
	}
	e.report(fault("Two functions with the same file", fmt.Sprintf("Functions %q and %q (%s) would both be written to %s.sealed. Give one of the two another deployed_as.",
		second.Name.Value, first.Name.Value, first.Range, second.File()), place))
}

// sharedKey reports a key that several functions use, unless all of them have shared_key.
func (e *evaluator) sharedKey(sharing []*Function) {
	var names []string
	agreed := true
	for _, f := range sharing {
		agreed = agreed && f.SharedKey
		names = append(names, f.Name.Value)
	}
	if agreed {
		return
	}
	place := sharing[1].Key.Range
	e.report(fault("Key shared by functions", fmt.Sprintf("Functions %[2]s use the same key %[1]q, so each could open the secrets of the others. Give each its own key, for example with ${function.name} in it. To share the key on purpose, write shared_key = true in each.",
		sharing[0].Key.Value, quoted(names, 5)), place))
}
