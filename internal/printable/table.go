package printable

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table prints rows as aligned columns. The first row is the heading.
func (s *Stream) Table(rows [][]string) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, Line(cell))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // into memory
	var lines strings.Builder
	for line := range strings.Lines(b.String()) {
		lines.WriteString(strings.TrimRight(line, " \n") + "\n") // of empty cells
	}
	_, err := io.WriteString(s.Text(), lines.String())
	return err
}
