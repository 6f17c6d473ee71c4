package values

import (
	"errors"
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/dotenv"
)

// ReadFile reads a dotenv file or a JSON object for a command, of at most 16 MiB, from a
// file or from standard input if path is console.StdinName. For errors, instead says how to
// put one value, and into is the command that takes values from standard input.
func ReadFile(con *console.Console, command, into, instead, path string) (*dotenv.File, error) {
	content, err := readAll(con, path)
	switch {
	case err != nil && strings.Contains(path, "="):
		return nil, console.Usagef("%s takes the name of a dotenv or JSON file. Write NAME=VALUE into a file, or %s", command, instead)
	case errors.Is(err, errTyped):
		return nil, console.Usagef("%s reads no values from a terminal: name a file, or pipe one to bundle, or %s", command, instead)
	case err != nil:
		return nil, console.Usagef("%s cannot be read: %v", Shown(path), pipeline.Cause(err))
	}
	parse := dotenv.Parse
	if dotenv.IsJSON(content) {
		parse = dotenv.ParseJSON
	}
	values, err := parse(content)
	if err != nil {
		encrypted := path
		if path == console.StdinName {
			encrypted = "FILE"
		}
		return nil, console.Usagef("%s: %s", Shown(path), dotenv.Describe(encrypted, into, err))
	}
	return values, nil
}

// errTyped reports that values would have to be typed, where everybody can see them.
var errTyped = errors.New("standard input is a terminal")

func readAll(con *console.Console, path string) ([]byte, error) {
	const most = 16 << 20
	if path != console.StdinName {
		return plainfile.Read(path, most)
	}
	if con.Attended() {
		return nil, errTyped
	}
	return readInput(con, most, "16 MiB")
}

// readInput reads standard input, of at most most bytes, which shown says.
func readInput(con *console.Console, most int64, shown string) ([]byte, error) {
	b, err := plainfile.All(con.Stdin, 0, most)
	if errors.Is(err, plainfile.ErrTooLarge) {
		return nil, errors.New("it has more than " + shown)
	}
	return b, err
}

// Shown returns the name of a file for messages.
func Shown(path string) string {
	if path == console.StdinName {
		return "standard input"
	}
	return path
}

// A Note says what is special about a line of a file, or why it was left out.
type Note struct {
	Line int    `json:"line"`
	Name string `json:"name"`
	Text string `json:"text"`
}

// Notes returns what was left out of a file, and what else is special about its lines.
func Notes(f *dotenv.File) (leftOut, others []Note) {
	leftOut, others = []Note{}, []Note{}
	for _, n := range f.Notes {
		if n.Kind == dotenv.LeftOut || n.Kind == dotenv.Unread {
			leftOut = append(leftOut, Note{n.Line, n.Name, n.Text})
		} else {
			others = append(others, Note{n.Line, n.Name, n.Text})
		}
	}
	return leftOut, others
}

// mostPlaces is how many lines of a file one message names.
const mostPlaces = 200

// Grouped returns one line for each text, with the lines and names that it is about.
func Grouped(all []Note, prefix string) []string {
	type group struct {
		places          []string
		separator, text string
	}
	var groups []*group
	known := map[string]*group{}
	for _, l := range all {
		place, separator := fmt.Sprintf("%s (line %d)", l.Name, l.Line), ": "
		if l.Name == "" {
			place, separator = fmt.Sprintf("line %d", l.Line), " "
		}
		g := known[separator+l.Text]
		if g == nil {
			g = &group{separator: separator, text: l.Text}
			known[separator+l.Text] = g
			groups = append(groups, g)
		}
		g.places = append(g.places, place)
	}
	lines := make([]string, len(groups))
	plural := strings.NewReplacer(
		"is not NAME=VALUE", "are not NAME=VALUE",
		"It is not shown, as it could be part of a value", "They are not shown, as they could be parts of values",
	)
	for i, g := range groups {
		if len(g.places) > 1 && g.separator == " " {
			g.text = plural.Replace(g.text)
		}
		if more := len(g.places) - mostPlaces; more > 0 {
			g.places = append(g.places[:mostPlaces], fmt.Sprintf("and %d more, which --json lists", more))
		}
		lines[i] = prefix + strings.Join(g.places, ", ") + g.separator + g.text
	}
	return lines
}
