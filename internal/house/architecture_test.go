package house

import (
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/picture"
)

var update = flag.Bool("update", false, "rewrite docs/architecture.svg")

// floors are the packages from top to bottom: none imports a package of a higher
// floor.
var floors = []struct {
	name     string
	packages []string
}{
	{"commands", []string{"cmd/bundle", "cmd/bundle-exec"}},
	{"command line", []string{"internal/cli/..."}},
	{"use cases", []string{"pipeline"}},
	{"adapters and pure parts", []string{
		"pipeline/plan", "pipeline/compare", "pipeline/param", "pipeline/secretsmanager", "pipeline/seal", "pipeline/publish", "pipeline/rollout", "pipeline/policy", "pipeline/stack", "pipeline/doctor", "pipeline/audit", "pipeline/starter",
	}},
	{"shared packages", []string{
		"pipeline/manifest", "pipeline/dotenv", "pipeline/secret", "pipeline/problem", "layerbuild", "runtime/...", "internal/awsclient", "internal/awsreply", "internal/awsfault",
		"internal/actions", "internal/atomicfile", "internal/pacing", "internal/printable", "internal/trust",
	}},
	{"leaf packages", []string{"layerbuild/sealed", "internal/awslocal", "internal/plainfile", "internal/arn", "internal/workers"}},
}

// theWay is the path of the data through the packages.
var theWay = []string{"pipeline/manifest", "pipeline/plan", "pipeline/param", "pipeline/seal", "layerbuild", "pipeline/publish", "runtime/secrets"}

// undrawn are packages for tests, generators and examples, which the picture leaves out.
func undrawn(name string) bool {
	return strings.HasSuffix(name, "/make") || strings.HasPrefix(name, "internal/awslocal/") || strings.HasPrefix(name, "examples/") || strings.HasSuffix(name, "test") ||
		slices.Contains([]string{"internal/bench", "internal/initcheck", "internal/scale", "internal/docpage", "internal/ociimage", "internal/picture", "internal/peakmem", "internal/stall", "internal/lazyregexp", "internal/house", "internal/house/mutate", "internal/needs", "internal/goroutines", "internal/e2e", "internal/e2e/signedat", "internal/e2e/stscall", "internal/e2e/busy"}, name)
}

func floorOf(name string) int {
	return slices.IndexFunc(floors, func(f struct {
		name     string
		packages []string
	}) bool {
		return slices.ContainsFunc(f.packages, func(p string) bool { return matches(p, name) })
	})
}

// TestArchitecture checks the imports against the floors, and docs/architecture.svg
// against the imports. go test ./internal/house -run TestArchitecture -update draws it.
func TestArchitecture(t *testing.T) {
	imports := make(map[string][]string)
	rows := make([][]string, len(floors))
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) == 0 || undrawn(name) {
			continue
		}
		floor := floorOf(name)
		if floor < 0 {
			t.Errorf("%s is on no floor; put it on one", name)
			continue
		}
		rows[floor] = append(rows[floor], name)
		imports[name] = nil
		for _, imported := range p.Imports {
			below, ours := strings.CutPrefix(imported, module)
			if !ours || undrawn(below) {
				continue
			}
			if floorOf(below) < floor {
				t.Errorf("%s imports %s, which is on a floor above", name, below)
			}
			imports[name] = append(imports[name], below)
		}
	}
	if t.Failed() {
		return
	}
	path := filepath.Join(root(t), "docs", "architecture.svg")
	drawing := drawn(rows, imports)
	if *update {
		if err := os.WriteFile(path, []byte(drawing), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != drawing {
		t.Errorf("docs/architecture.svg is not of these imports: go test ./internal/house -run TestArchitecture -update")
	}
}

// direct returns the imports that do not follow from others.
func direct(imports map[string][]string) map[string][]string {
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		return slices.ContainsFunc(imports[from], func(next string) bool { return next == to || reaches(next, to) })
	}
	left := make(map[string][]string)
	for name, all := range imports {
		for _, to := range all {
			if !slices.ContainsFunc(all, func(other string) bool { return other != to && reaches(other, to) }) {
				left[name] = append(left[name], to)
			}
		}
	}
	return left
}

// A box is a package in the picture, in pixels.
type box struct{ x, y, width int }

const (
	pictureWidth = 1180
	boxHeight    = 30
	lineHeight   = 62
	wayHeight    = 96
)

// drawn is the picture: the way of the data, and below it every package on its
// floor with what it imports.
func drawn(rows [][]string, imports map[string][]string) string {
	var b strings.Builder
	boxes, bands, height := placed(rows)
	b.WriteString(picture.Head(pictureWidth, height, "The packages of bundle and what they import", `text { font: 12px ui-monospace, SFMono-Regular, Menlo, monospace; fill: var(--ink) } .floor { font: 11px system-ui, sans-serif; fill: var(--faint) }
.band { fill: var(--band) } .box { fill: var(--paper); stroke: var(--edge) } .way { stroke: var(--blue); stroke-width: 2 }
.import { fill: none; stroke: var(--edge); stroke-width: 1 } .arrow { fill: none; stroke: var(--blue); stroke-width: 2; marker-end: url(#head) }`))
	b.WriteString(`<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" style="fill: var(--blue)"/></marker></defs>
`)
	way(&b)
	for i, band := range bands {
		fmt.Fprintf(&b, `<rect class="band" x="0" y="%d" width="%d" height="%d"/><text class="floor" x="10" y="%d">%s</text>`+"\n", band.y, pictureWidth, band.width, band.y+16, html.EscapeString(floors[i].name))
	}
	reduced := direct(imports)
	for _, row := range rows {
		for _, name := range row {
			from := boxes[name]
			for _, to := range reduced[name] {
				at := boxes[to]
				x1, y1, x2, y2 := from.x+from.width/2, from.y+boxHeight, at.x+at.width/2, at.y
				if at.y <= from.y { // on one line
					y1, y2 = from.y+boxHeight, at.y+boxHeight
					fmt.Fprintf(&b, `<path class="import" d="M%d %dC%d %d %d %d %d %d"/>`+"\n", x1, y1, x1, y1+22, x2, y2+22, x2, y2)
					continue
				}
				fmt.Fprintf(&b, `<path class="import" d="M%d %dC%d %d %d %d %d %d"/>`+"\n", x1, y1, x1, y1+30, x2, y2-30, x2, y2)
			}
		}
	}
	for _, row := range rows {
		for _, name := range row {
			at, class := boxes[name], "box"
			if slices.Contains(theWay, name) {
				class = "box way"
			}
			fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="4"/><text x="%d" y="%d">%s</text>`+"\n",
				class, at.x, at.y, at.width, boxHeight, at.x+8, at.y+19, html.EscapeString(name))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// way draws the way of the data above the floors.
func way(b *strings.Builder) {
	x := 10
	fmt.Fprintf(b, `<text class="floor" x="10" y="18">the way of the data (outlined below)</text>`+"\n")
	steps := []string{"secrets.hcl"}
	for _, name := range theWay {
		step := filepath.Base(name)
		if name == "runtime/secrets" {
			step = "runtime"
		}
		steps = append(steps, step)
		if name == "layerbuild" {
			steps = append(steps, "layer.zip")
		}
	}
	for i, step := range steps {
		width := 16 + 8*len(step)
		class := "box way"
		if strings.Contains(step, ".") {
			class = "box"
		}
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="34" width="%d" height="%d" rx="4"/><text x="%d" y="53">%s</text>`+"\n", class, x, width, boxHeight, x+8, step)
		if i+1 < len(steps) {
			fmt.Fprintf(b, `<path class="arrow" d="M%d 49H%d"/>`+"\n", x+width, x+width+26)
		}
		x += width + 28
	}
}

// placed gives every package its box, and every floor its band: as high as it has
// lines, whose height is in width.
func placed(rows [][]string) (boxes map[string]box, bands []box, height int) {
	boxes = make(map[string]box)
	y := wayHeight
	for _, row := range rows {
		slices.Sort(row)
		top := y
		y += 26
		for line := range slices.Values(lines(row)) {
			x := (pictureWidth - lengthOf(line)) / 2
			for _, name := range line {
				boxes[name] = box{x, y, widthOf(name)}
				x += widthOf(name) + 14
			}
			y += lineHeight
		}
		bands = append(bands, box{0, top, y - top - 12})
	}
	return boxes, bands, y
}

func widthOf(name string) int { return 16 + len(name)*73/10 }

func lengthOf(line []string) int {
	n := -14
	for _, name := range line {
		n += widthOf(name) + 14
	}
	return n
}

// lines divides a floor into lines that fit.
func lines(row []string) (all [][]string) {
	var line []string
	for _, name := range row {
		if len(line) > 0 && lengthOf(append(slices.Clone(line), name)) > pictureWidth-40 {
			all, line = append(all, line), nil
		}
		line = append(line, name)
	}
	return append(all, line)
}
