package view

import (
	"strings"

	"github.com/whispering/bundle/internal/actions"
)

// MarkdownTable returns rows as a Markdown table. The first row is the heading.
func MarkdownTable(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		for _, cell := range row {
			if i == 0 {
				cell = strings.ToLower(cell)
			}
			b.WriteString("| " + actions.Cell(cell) + " ")
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString("|" + strings.Repeat("---|", len(row)) + "\n")
		}
	}
	return b.String()
}
