package problem

import "strings"

// Code is the name of the problem for programs, such as parameter-not-found: its summary in lower case, without the
// parts in quotes. docs/errors.md lists all codes. They are frozen with the first release: see reworded.
func (p *Problem) Code() string { return Code(p.Summary) }

// Code returns the code of problems with a summary.
func Code(summary string) string { return code(summary, reworded()) }

// reworded maps the code of a reworded summary to the code that the problem had before. It is empty until summaries are
// reworded after the first release.
func reworded() map[string]string { return nil }

func code(summary string, kept map[string]string) string {
	given := slug(summary)
	if old, ok := kept[given]; ok {
		return old
	}
	return given
}

func slug(summary string) string {
	var b strings.Builder
	for i, part := range strings.Split(summary, `"`) {
		if i%2 == 1 {
			continue // a part in quotes
		}
		for _, word := range strings.FieldsFunc(strings.ToLower(part), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '\'' }) {
			if b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteString(strings.ReplaceAll(word, "'", ""))
		}
	}
	return b.String()
}
