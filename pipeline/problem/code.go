package problem

import "strings"

// Code is the name of the problem to programs, such as parameter-not-found: its summary in lower case, without what is
// in quotes. docs/errors.md lists all codes; they change with the summaries, and only with the first version that a changelog says it of.
func (p *Problem) Code() string { return Code(p.Summary) }

// Code is that of problems with a summary.
func Code(summary string) string {
	var b strings.Builder
	for i, part := range strings.Split(summary, `"`) {
		if i%2 == 1 {
			continue // what is in quotes
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
