// Package picture draws the pictures of the documentation, as SVG files that are light or dark like the page around them.
package picture

import (
	"fmt"
	"html"
)

// Head begins a picture of width by height pixels. A reader who cannot see it gets the label. The style is CSS that can use the
// colors below. The caller writes the rest, and </svg>.
func Head(width, height int, label, style string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="%[3]s">
<style>
:root { --paper: #fff; --band: #f4f6f8; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --edge: #8c959f;
--blue: #0969da; --orange: #bc4c00; --yellow: #9a6700; --green: #1a7f37; --red: #cf222e }
@media (prefers-color-scheme: dark) {
:root { --paper: #0d1117; --band: #161b22; --ink: #e6edf3; --faint: #9198a1; --line: #3d444d; --edge: #656c76;
--blue: #4493f8; --orange: #f0883e; --yellow: #d29922; --green: #3fb950; --red: #f85149 } }
%[4]s
</style>
<rect width="%[1]d" height="%[2]d" style="fill: var(--paper)"/>
`, width, height, html.EscapeString(label), style)
}
