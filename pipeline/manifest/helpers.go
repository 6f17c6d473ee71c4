package manifest

import "fmt"

// Helpers returns the names that helpers in the bundle block can have.
func Helpers() []string { return []string{"node", "python", "exec"} }

// helpers returns the helpers in the bundle block.
func (e *evaluator) helpers(b *block, s *scope) []Text {
	names, has := e.list(b, "helpers", s)
	if has != found {
		return nil
	}
	seen := map[string]bool{}
	for _, known := range Helpers() {
		seen[known] = false
	}
	for _, name := range names {
		twice, known := seen[name.Value]
		switch {
		case !known:
			e.wrong(b.attrs.named("helpers"), "Unknown helper", fmt.Sprintf("Helper %q does not exist. The helpers are %s.%s", name.Value, quoted(Helpers(), len(Helpers())), didYouMean(name.Value, Helpers())), name.Range)
			return nil
		case twice:
			e.wrong(b.attrs.named("helpers"), "Duplicate helper", fmt.Sprintf("The helper %q is already in this list. Remove one of the two.", name.Value), name.Range)
			return nil
		}
		seen[name.Value] = true
	}
	return names
}
