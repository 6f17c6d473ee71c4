package dotenv

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/secret"
)

// A File is what was read of a file.
type File struct {
	Variables []Variable // in the order of the file, each name once
	Notes     []Note     // in the order of the file
}

// A Variable is a name with a value, which may be empty.
type Variable struct {
	Name  string
	Line  int // of its last value, which is the one that counts
	Value secret.Value
}

// A Note says what is special about a line of a file.
type Note struct {
	Line int
	Name string // "" if the line has none that may be shown
	Kind Kind
	Text string
}

// String returns the note as a sentence without a period: the line, the name, the text.
func (n Note) String() string {
	if n.Name == "" {
		return fmt.Sprintf("line %d %s", n.Line, n.Text)
	}
	return fmt.Sprintf("line %d, %s: %s", n.Line, n.Name, n.Text)
}

// A Kind is the kind of a note.
type Kind int

// The kinds of notes.
const (
	LeftOut  Kind = iota // the line was not read
	Repeated             // the name has a later value, which counts
	Differs              // readers disagree about the value
	Unread               // the name is right, but its value was left out
)

// ErrNone reports a file without variables.
var ErrNone = errors.New("it has no line NAME=VALUE")

var (
	assignment = lazyregexp.New(`^[\pZ\s]*(?:export\s+)?([A-Za-z0-9_./-]+)\s*=`)
	// A name that Parameter Store and a manifest do not take. Nothing in base64 looks like it.
	foreign = lazyregexp.New(`^[\pZ\s]*(?:export\s+)?([\pL\pN_.-]*[^\x00-\x7f][\pL\pM\pN_.-]*)\s*=`)
	// A line of a key in base64 or of a token, and a name that is none.
	fragment = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9+/_.-]{11,}$`)
	usual    = lazyregexp.New(`^[A-Z][A-Z0-9]*_[A-Z0-9_]+$`)
	// As in YAML, which npm's dotenv and godotenv read. In capitals, as other words with a colon are text.
	colon = lazyregexp.New(`^[\pZ\s]*(?:export\s+)?([A-Z_][A-Z0-9_]*):\s+[^\s#]`)
)

// Parse reads a dotenv file. Its errors are an EncryptedError, wrap ErrNone, or say what
// is wrong with the file.
func Parse(src []byte) (*File, error) {
	text, err := decode(src)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, known: map[string]int{}}
	p.differences(src)
	for p.at < len(p.text) {
		p.next()
	}
	p.endJunk()
	if err := p.encrypted(); err != nil {
		return nil, err
	}
	if len(p.file.Variables) == 0 {
		return nil, p.none()
	}
	// What readers disagree about does not matter of a value that does not count.
	p.file.Notes = slices.DeleteFunc(p.file.Notes, func(n Note) bool {
		i, ok := p.known[n.Name]
		return ok && n.Kind == Differs && n.Line != p.file.Variables[i].Line
	})
	slices.SortStableFunc(p.file.Notes, func(a, b Note) int { return cmp.Compare(a.Line, b.Line) })
	return &p.file, nil
}

// none returns the error for a file without variables. The first line that is left out may say why.
func (p *parser) none() error {
	for _, n := range p.file.Notes {
		if n.Kind == LeftOut || n.Kind == Unread {
			return fmt.Errorf("%w: %v", ErrNone, n)
		}
	}
	return ErrNone
}

type parser struct {
	text string
	at   int // the start of the next line
	line int // the number of lines before it
	file File

	known     map[string]int // the place of a name in file.Variables
	junk      int            // the first of the lines so far that are no assignments, or 0
	unended   bool           // the last of them could go on in the next line
	encrypter string         // the program that encrypted a value
}

// differences notes that readers disagree about the bytes of a file.
func (p *parser) differences(src []byte) {
	if bytes.HasPrefix(src, []byte("\ufeff")) {
		p.note(Differs, 1, "", "begins with a byte order mark, which bundle and npm's dotenv skip. For the other readers, it is a part of the first name")
	}
	if at := loneReturn(src); at >= 0 {
		p.note(Differs, 1+bytes.Count(src[:at], []byte("\n")), "", "has a carriage return that no newline follows. bundle reads it as the end of a line, as npm's dotenv and python-dotenv do")
	}
}

// loneReturn returns the place of the first carriage return that no newline follows, or -1.
func loneReturn(src []byte) int {
	for i, c := range src {
		if c == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			return i
		}
	}
	return -1
}

// next reads one line, or the lines of one value.
func (p *parser) next() {
	line, _, _ := strings.Cut(p.text[p.at:], "\n")
	trimmed := strings.TrimSpace(line)
	name, from := p.assigned(line)
	switch {
	case trimmed == "", strings.HasPrefix(trimmed, "#"):
		p.endJunk()
		p.advance(len(line) + 1)
	case name == "" && foreign.MatchString(line):
		p.endJunk()
		p.note(LeftOut, p.line+1, foreign.FindStringSubmatch(line)[1], "its name has other characters than the letters A to Z and a to z, digits and _ . - /")
		p.advance(len(line) + 1)
	case name == "":
		if p.junk == 0 {
			p.junk = p.line + 1
		}
		p.unended = fragment.MatchString(trimmed)
		if p.advance(len(line) + 1); strings.HasPrefix(trimmed, pemBegin) {
			p.advance(pemRest(p.text[p.at:]))
		}
	default:
		p.endJunk()
		if line[from-1] == ':' {
			p.note(Differs, p.line+1, name, "its value is behind a colon, as in YAML. bundle reads that as npm's dotenv and godotenv do; Node.js and python-dotenv do not")
		}
		if strings.Contains(name, "/") {
			p.note(Differs, p.line+1, name, "its name has a slash. npm's dotenv does not read the line, and godotenv refuses the file")
		}
		p.assign(name, p.at+from)
	}
}

// assigned returns the name in a line, and where its value starts; "" if it is no
// assignment. The end of a value of several lines without quotes is none, even if it
// ends in equals signs as base64 does.
func (p *parser) assigned(line string) (name string, from int) {
	m := assignment.FindStringSubmatchIndex(line)
	if m == nil {
		if m = colon.FindStringSubmatchIndex(line); m == nil {
			return "", 0
		}
		return line[m[2]:m[3]], m[3] + 1
	}
	name = line[m[2]:m[3]]
	if rest := strings.TrimSpace(line[m[1]:]); strings.Trim(rest, "=") == "" && (p.unended && !usual.MatchString(name) || encoded(name, rest)) {
		return "", 0
	}
	return name, m[1]
}

// encoded reports whether a name looks like the end of base64 or base32. rest are the
// equals signs after the first one.
func encoded(name, rest string) bool {
	if strings.ContainsAny(name, "_.-") {
		return false
	}
	mixed := strings.ContainsAny(name, "0123456789") && strings.ToUpper(name) != name && strings.ToLower(name) != name
	return mixed && len(name) >= 12 || rest != "" && len(name) >= 8
}

// advance goes n bytes forward, over whole lines.
func (p *parser) advance(n int) {
	end := min(p.at+n, len(p.text))
	p.line += strings.Count(p.text[p.at:end], "\n")
	if !strings.HasSuffix(p.text[p.at:end], "\n") { // the end of the file
		p.line++
	}
	p.at = end
}

func (p *parser) note(kind Kind, line int, name, format string, args ...any) {
	p.file.Notes = append(p.file.Notes, Note{line, name, kind, fmt.Sprintf(format, args...)})
}

// endJunk adds the note about the lines so far that are no assignments.
func (p *parser) endJunk() {
	switch {
	case p.junk == 0:
	case p.junk == p.line:
		p.note(LeftOut, p.junk, "", "is not NAME=VALUE. It is not shown, as it could be part of a value")
	default:
		p.note(LeftOut, p.junk, "", "and those after it, to line %d, are not NAME=VALUE. They are not shown, as they could be parts of a value", p.line)
	}
	p.junk, p.unended = 0, false
}

// assign reads the value of a name, which starts at a place in the text.
func (p *parser) assign(name string, from int) {
	number := p.line + 1
	v := readValue(p.text[from:])
	p.advance(from - p.at + v.length + 1)
	if v.blanks { // also if the name has a later value, as the next line is lost for Node.js
		p.note(Differs, number, "", "has only blanks as the value of %s. Node.js reads the next line as its value", name)
	}
	for _, why := range v.differs {
		p.note(Differs, number, name, "%s", why)
	}
	if v.leftOut != "" {
		p.note(LeftOut, number, name, "%s", v.leftOut)
		return
	}
	if !v.quoted && cutPEM(v.text) {
		p.advance(pemRest(p.text[p.at:]))
		p.note(Unread, number, name, "its PEM block has no quotes around it, and is not read. Put the PEM block in double quotes")
		return
	}
	p.encrypter = cmp.Or(p.encrypter, encrypterOf(name, v.text))
	p.file.put(Variable{Name: name, Line: number, Value: secret.New([]byte(v.text))}, p.known)
}

// put adds a variable. If the file has one of this name, the new one replaces it. known
// has the places of the names.
func (f *File) put(v Variable, known map[string]int) {
	i, repeated := known[v.Name]
	if !repeated {
		known[v.Name] = len(f.Variables)
		f.Variables = append(f.Variables, v)
		return
	}
	f.Notes = append(f.Notes, Note{f.Variables[i].Line, v.Name, Repeated, fmt.Sprintf("line %d has another value of this name, which counts", v.Line)})
	f.Variables[i] = v
}
