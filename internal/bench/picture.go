package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/whispering/bundle/internal/picture"
)

// The size of the picture and the place of its axes, in pixels.
const (
	width, height            = 760, 380
	left, right, top, bottom = 70, 690, 50, 320
)

// A scale places values on an axis, logarithmically.
type scale struct{ least, most, from, to float64 }

func (s scale) at(v float64) float64 {
	return s.from + (s.to-s.from)*(math.Log10(v)-math.Log10(s.least))/(math.Log10(s.most)-math.Log10(s.least))
}

// drawn draws the curve: seconds and calls by the number of parameters, both axes logarithmic.
func drawn(all []point) string {
	last := all[len(all)-1]
	x := scale{float64(all[0].parameters), float64(last.parameters), left, right}
	seconds := scale{0.05, 10, bottom, top}
	calls := scale{10, 10000, bottom, top}
	var b strings.Builder
	b.WriteString(picture.Head(width, height, "Time and calls of a first build by the number of parameters", `text { font: 12px system-ui, sans-serif; fill: var(--ink) } .faint { fill: var(--faint) } .grid { stroke: var(--line); stroke-width: 1 }
.ours, .floor, .calls { fill: none; stroke-width: 2 } .ours { stroke: var(--blue) }
.floor { stroke: var(--faint); stroke-dasharray: 5 4 } .calls { stroke: var(--orange); stroke-dasharray: 2 3 }`))
	for _, s := range []float64{0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10} {
		y := seconds.at(s)
		fmt.Fprintf(&b, `<path class="grid" d="M%d %.1fH%d"/><text class="faint" x="%d" y="%.1f" text-anchor="end">%g s</text>`+"\n", left, y, right, left-8, y+4, s)
	}
	for _, n := range []float64{10, 100, 1000, 10000} {
		fmt.Fprintf(&b, `<text class="faint" x="%d" y="%.1f">%g</text>`+"\n", right+8, calls.at(n)+4, n)
	}
	for _, p := range all {
		at := x.at(float64(p.parameters))
		fmt.Fprintf(&b, `<path class="grid" d="M%.1f %dV%d"/><text class="faint" x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", at, top, bottom, at, bottom+20, p.parameters)
	}
	line(&b, "floor", all, x, seconds, func(p point) float64 { return p.floor })
	line(&b, "ours", all, x, seconds, func(p point) float64 { return p.took })
	line(&b, "calls", all, x, calls, func(p point) float64 { return float64(p.calls) })
	for i, l := range []struct{ class, text string }{{"ours", "bundle, seconds"}, {"floor", "floor of the calls, seconds"}, {"calls", "calls (right)"}} {
		at := left + 210*i
		fmt.Fprintf(&b, `<path class="%s" d="M%d 24h26"/><text x="%d" y="28">%s</text>`+"\n", l.class, at, at+34, l.text)
	}
	fmt.Fprintf(&b, `<text class="faint" x="%d" y="%d" text-anchor="middle">parameters, with one function for each ten, at 20 ms a call</text>`+"\n</svg>\n", (left+right)/2, bottom+44)
	return b.String()
}

// line draws one line through all points.
func line(b *strings.Builder, class string, all []point, x, y scale, value func(point) float64) {
	fmt.Fprintf(b, `<path class="%s" d="`, class)
	for i, p := range all {
		step := "L"
		if i == 0 {
			step = "M"
		}
		fmt.Fprintf(b, "%s%.1f %.1f", step, x.at(float64(p.parameters)), y.at(value(p)))
	}
	b.WriteString("\"/>\n")
}
