package picture

import (
	"fmt"
	"html"
	"strings"
	"time"
	"unicode/utf8"
)

// A Step is a command of a recording, and what the terminal showed of it.
type Step struct {
	Command string
	Screen  *Screen
}

// The layout of a recording, in pixels, and its pace.
const (
	charWidth   = 8
	lineOfText  = 18
	margin      = 16
	aCharacter  = 35 * time.Millisecond
	beforeKeys  = 700 * time.Millisecond
	beforeReply = 500 * time.Millisecond
	aLine       = 60 * time.Millisecond
	toRead      = 1800 * time.Millisecond
)

// Transcript returns the steps as text.
func Transcript(steps []Step) string {
	var b strings.Builder
	for _, step := range steps {
		fmt.Fprintf(&b, "$ %s\n%s", step.Command, step.Screen)
	}
	return b.String()
}

// A reel is a recording that is being drawn.
type reel struct {
	strings.Builder
	top int // of the next line
	now time.Duration
}

// Recording draws a terminal of so many columns in which somebody types the commands and reads what they print. It plays once.
// Then, and for readers who prefer no motion, and in programs that show no motion, everything is visible.
func Recording(columns int, label string, steps []Step) string {
	width := 2*margin + columns*charWidth
	r := reel{top: margin}
	for _, step := range steps {
		r.typed(step.Command)
		for _, line := range step.Screen.shown() {
			r.line(line)
			r.now += aLine
		}
		r.now += toRead
	}
	r.start()
	fmt.Fprintf(&r, `<text class="prompt" x="%d" y="%d">$</text><rect class="ink" x="%d" y="%d" width="%d" height="16"/></g>`+"\n", margin, r.top+13, margin+2*charWidth, r.top, charWidth)
	height := r.top + lineOfText + margin
	return Head(width, height, label, `text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--ink); white-space: pre }
.green, .prompt { fill: var(--green) } .yellow { fill: var(--yellow) } .red { fill: var(--red) } .typed { font-weight: 600 } .ink { fill: var(--ink) }
.window { fill: var(--band); stroke: var(--line) }
.cover { fill: var(--band); transform-box: fill-box; transform-origin: 100% 0 } .cover, .cursor { opacity: 0 }
.cursor { fill: var(--ink) } .then { animation: show 1ms backwards }
@keyframes show { from { opacity: 0 } }
@keyframes uncover { from { opacity: 1 } to { opacity: 1; transform: scaleX(0) } }
@keyframes move { from { opacity: 1 } to { opacity: 1; transform: translateX(var(--to)) } }
@media (prefers-reduced-motion: reduce) { .then, .cover, .cursor { animation: none !important } }`) +
		fmt.Sprintf(`<rect class="window" x="0.5" y="0.5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1) + r.String() + "</svg>\n"
}

// start begins a group that is visible from now on.
func (r *reel) start() {
	fmt.Fprintf(r, `<g class="then" style="animation-delay: %dms">`, r.now.Milliseconds())
}

// typed draws a prompt and a command, over which a cover shrinks as if it were typed.
func (r *reel) typed(command string) {
	n := utf8.RuneCountInString(command)
	left, wide := margin+2*charWidth, n*charWidth
	r.start()
	r.now += beforeKeys
	took := time.Duration(n) * aCharacter
	pace := fmt.Sprintf("%dms steps(%d) %dms backwards", took.Milliseconds(), n, r.now.Milliseconds())
	fmt.Fprintf(r, `<text class="prompt" x="%d" y="%d">$</text><text class="typed" x="%d" y="%d" textLength="%d">%s</text>`, margin, r.top+13, left, r.top+13, wide, html.EscapeString(command))
	fmt.Fprintf(r, `<rect class="cover" x="%d" y="%d" width="%d" height="%d" style="animation: uncover %s"/>`, left, r.top, wide, lineOfText, pace)
	fmt.Fprintf(r, `<rect class="cursor" x="%d" y="%d" width="%d" height="16" style="--to: %dpx; animation: move %s"/></g>`+"\n", left, r.top, charWidth, wide, pace)
	r.top += lineOfText
	r.now += took + beforeReply
}

// line draws a line of what a command printed.
func (r *reel) line(cells []cell) {
	if len(cells) > 0 {
		fmt.Fprintf(r, `<text class="then" style="animation-delay: %dms" x="%d" y="%d" textLength="%d">`, r.now.Milliseconds(), margin, r.top+13, len(cells)*charWidth)
		for len(cells) > 0 {
			class, n := cells[0].class, 0
			var text strings.Builder
			for n < len(cells) && cells[n].class == class {
				text.WriteRune(cells[n].char)
				n++
			}
			if class == "" {
				r.WriteString(html.EscapeString(text.String()))
			} else {
				fmt.Fprintf(r, `<tspan class="%s">%s</tspan>`, class, html.EscapeString(text.String()))
			}
			cells = cells[n:]
		}
		r.WriteString("</text>\n")
	}
	r.top += lineOfText
}
