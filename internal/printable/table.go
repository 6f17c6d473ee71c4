package printable

import (
	"bytes"
	"fmt"
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
	_, err := s.Text().Write(b.Bytes())
	return err
}
