package picture

import (
	"fmt"
	"html"
	"strings"
)

// What somebody can read of a secret at one place.
const (
	nothing    = ""
	names      = "names"
	ciphertext = "ciphertext"
	plaintext  = "plaintext"
)

// Reads returns what the picture says that somebody can read at a place: plaintext, ciphertext, names, or "". It is also "" for
// somebody, or a place, that the picture does not show.
func Reads(who, where string) string {
	for _, reader := range readers {
		for i, place := range places {
			if reader.who == who && place.name == where {
				return reader.what[i]
			}
		}
	}
	return nothing
}

// places are where a secret is on its way, from left to right, and what happens there.
var places = []struct{ name, what string }{
	{"parameter", "or secret, in AWS"},
	{"build", "seals with KMS"},
	{"layer.zip", "file or artifact"},
	{"layer version", "published"},
	{"function", "opens with KMS"},
}

// readers are the roles and people, and what each can read at each place. docs/threat-model.md and docs/policy.md give
// the reasons, and a test of pipeline/policy tries it.
var readers = []struct {
	who  string
	what [5]string
}{
	{"readers of the parameter", [5]string{plaintext, nothing, nothing, nothing, nothing}},
	{"the build's role", [5]string{plaintext, plaintext, ciphertext, ciphertext, nothing}},
	{"the build's role, blind", [5]string{ciphertext, ciphertext, ciphertext, ciphertext, nothing}},
	{"the CI's logs and artifacts", [5]string{nothing, names, ciphertext, nothing, nothing}},
	{"readers of the layer", [5]string{nothing, nothing, nothing, ciphertext, nothing}},
	{"the other functions' roles", [5]string{nothing, nothing, nothing, ciphertext, nothing}},
	{"the function's role", [5]string{nothing, nothing, nothing, plaintext, plaintext}},
	{"a break-glass role", [5]string{nothing, nothing, plaintext, plaintext, nothing}},
}

// The layout of the way, in pixels.
const (
	wayWidth   = 800
	wayLeft    = 196 // where the places begin
	wayColumn  = 121
	wayBox     = 105
	wayRow     = 30
	wayRowsTop = 92
)

// Way draws the way of a secret: the places, and below each of them what everybody can read there.
func Way() string {
	var b strings.Builder
	height := wayRowsTop + wayRow*len(readers) + 12
	b.WriteString(Head(wayWidth, height, "The way of a secret, and who can read it where", `text { font: 13px system-ui, sans-serif; fill: var(--ink) } .middle { text-anchor: middle } .faint { font-size: 11.5px; fill: var(--faint) }
.name { font-weight: 600 } .box { fill: var(--band); stroke: var(--edge) }
.arrow { stroke: var(--edge); stroke-width: 2; marker-end: url(#head) } .line { stroke: var(--line) }
.plaintext { fill: var(--orange) } .ciphertext { fill: none; stroke: var(--blue) }
.onplaintext { fill: var(--paper); font-weight: 600 } .onciphertext { fill: var(--blue) }`))
	b.WriteString(`<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" orient="auto"><path d="M0 0L8 4L0 8z" style="fill: var(--edge)"/></marker></defs>
<text class="faint" x="12" y="40">who can read a secret</text><text class="faint" x="12" y="56">where on its way</text>
`)
	for i, place := range places {
		x := wayLeft + wayColumn*i
		fmt.Fprintf(&b, `<rect class="box" x="%d" y="18" width="%d" height="50" rx="6"/><text class="middle name" x="%d" y="39">%s</text><text class="middle faint" x="%[3]d" y="57">%[5]s</text>`+"\n",
			x, wayBox, x+wayBox/2, html.EscapeString(place.name), html.EscapeString(place.what))
		if i > 0 {
			fmt.Fprintf(&b, `<path class="arrow" d="M%d 43h%d"/>`+"\n", x-wayColumn+wayBox, wayColumn-wayBox)
		}
	}
	for i, reader := range readers {
		y := wayRowsTop + wayRow*i
		fmt.Fprintf(&b, `<path class="line" d="M12 %dH%d"/><text x="12" y="%d">%s</text>`+"\n", y-8, wayWidth-12, y+12, html.EscapeString(reader.who))
		for j, what := range reader.what {
			pill(&b, wayLeft+wayColumn*j, y, what)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// pill draws what somebody can read at a place.
func pill(b *strings.Builder, x, y int, what string) {
	switch what {
	case nothing:
		fmt.Fprintf(b, `<text class="middle faint" x="%d" y="%d">–</text>`+"\n", x+wayBox/2, y+11)
	case names:
		fmt.Fprintf(b, `<text class="middle faint" x="%d" y="%d">names</text>`+"\n", x+wayBox/2, y+11)
	default:
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="84" height="20" rx="10"/><text class="middle on%[1]s" x="%[4]d" y="%[5]d">%[1]s</text>`+"\n", what, x+(wayBox-84)/2, y-3, x+wayBox/2, y+12)
	}
}
