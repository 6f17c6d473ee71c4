package dotenv

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// A value is what was read of the text after a name.
type value struct {
	text    string
	length  int // of what was read, without the newline behind it
	quoted  bool
	differs []string // what readers disagree about
	blanks  bool     // it has only blanks, and is not the last one
	leftOut string   // why it was not read, or ""
}

// readValue reads the value at the start of rest, which is the rest of the file.
func readValue(rest string) value {
	line, _, _ := strings.Cut(rest, "\n")
	blank := len(line) - len(strings.TrimLeftFunc(line, unicode.IsSpace))
	if blank == len(line) || !strings.ContainsRune("\"'`", rune(line[blank])) {
		return bare(line, rest)
	}
	quote := line[blank]
	inside, length, closed := unquote(rest[blank:])
	switch {
	case closed:
		v := value{text: inside, length: blank + length, quoted: true}
		v.decode(quote)
		return v
	case length > 0:
		return value{length: len(line), leftOut: "there is text behind the quote that ends its value, and readers disagree about that. Remove the text, or put all of it in the quotes"}
	}
	v := bare(line, rest)
	if quote == '`' {
		return v
	}
	v.differs = append(v.differs, "its value begins with a quote that does not end. npm's dotenv and Node.js read the quote as part of the value, and so does bundle; python-dotenv and godotenv refuse it")
	return v
}

// bare reads a value without quotes, which ends with its line. rest is the rest of the file.
//
// A comment starts at the first #, as in npm's dotenv and Node.js.
func bare(line, rest string) value {
	v := value{length: len(line)}
	text, comment, commented := strings.Cut(line, "#")
	v.text = strings.TrimSpace(text)
	switch {
	case v.text == "" && commented:
		v.differs = append(v.differs, "only a comment is behind the equals sign. python-dotenv and godotenv read it as the value. If it is the value, put it in quotes")
	case v.text == "" && line != "" && strings.TrimSpace(rest) != "":
		v.blanks = true
	case commented && !blankBefore(line, len(text)):
		v.differs = append(v.differs, "bundle reads a comment from the # in its value on, as npm's dotenv and Node.js do. python-dotenv and godotenv read it as part of the value. If it is, put the value in quotes")
	case commented:
		v.several(comment)
	}
	if strings.Trim(text, " \t") != v.text {
		v.differs = append(v.differs, "bundle removes a special blank at the end of its value. Node.js keeps it")
	}
	v.expansion(true)
	return v
}

// several notes a second comment within a comment.
func (v *value) several(comment string) {
	for i, c := range comment {
		if c == '#' && i > 0 && blankBefore(comment, i) {
			v.differs = append(v.differs, "there are several # behind its value. For godotenv, the comment starts at the last one")
			return
		}
	}
}

// blankBefore reports whether there is a blank before the byte i of s.
func blankBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return unicode.IsSpace(r)
}

// unquote returns what is between the quote that s starts with and the one that ends
// it, and the length of both and what is behind them in the line. If there is text
// behind the second quote, it is not closed. The length is 0 if there is none.
func unquote(s string) (inside string, length int, closed bool) {
	var ends []int // quotes behind a backslash, then the first one without
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		ends = append(ends, i)
		if s[i-1] != '\\' {
			break
		}
	}
	for i := len(ends) - 1; i >= 0; i-- {
		end := ends[i]
		line, _, _ := strings.Cut(s[end+1:], "\n")
		if behind := strings.TrimSpace(line); behind == "" || behind[0] == '#' {
			return s[1:end], end + 1 + len(line), true
		}
	}
	if len(ends) > 0 {
		return "", ends[0] + 1, false
	}
	return "", 0, false
}

var returns = strings.NewReplacer(`\n`, "\n", `\r`, "\r")

// escapes are those of python-dotenv. For \\, \", \', \n and \r, godotenv has the same.
var escapes = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\'`, `'`, `\n`, "\n", `\r`, "\r", `\t`, "\t", `\a`, "\a", `\b`, "\b", `\f`, "\f", `\v`, "\v")

// decode replaces the escapes of a value in quotes.
//
// If there is a quote behind a backslash, python-dotenv and godotenv agree. Without
// one, npm's dotenv and Node.js do.
func (v *value) decode(quote byte) {
	raw := v.text
	v.expansion(quote != '\'')
	switch quote {
	case '`':
		v.differs = append(v.differs, "its value is in backticks, which bundle, npm's dotenv and Node.js read as quotes. python-dotenv and godotenv read them as part of the value")
	case '"':
		if strings.Contains(raw, `\"`) {
			v.text = escapes.Replace(raw)
		} else {
			v.text = returns.Replace(raw)
		}
		if strings.Contains(strings.ReplaceAll(raw, `\n`, ""), `\`) || strings.Contains(raw, `\\`) {
			v.differs = append(v.differs, `readers disagree about the backslashes in its value: those before n and r are always escapes, the others only where there is also a \"`)
		}
	case '\'':
		if strings.Contains(raw, `\'`) || strings.Contains(raw, `\\`) {
			v.differs = append(v.differs, "its value has a backslash in single quotes, which bundle, npm's dotenv and godotenv read as it is. python-dotenv reads an escape, and for Node.js the value ends at the next quote")
		}
	}
}

var (
	braces  = lazyregexp.New(`\$\{[^}:]*(?::-[^}]*)?\}`)
	dollars = lazyregexp.New(`\$\(?\{?[A-Z0-9_]|\\\$`)
)

// expansion notes that readers replace the names of variables in the value by their
// values. expanded is whether godotenv does.
func (v *value) expansion(expanded bool) {
	switch {
	case braces.MatchString(v.text):
		v.differs = append(v.differs, "bundle reads ${…} in its value as it is, as npm's dotenv and Node.js do. python-dotenv, and in most cases godotenv, put the value of a variable there")
	case expanded && dollars.MatchString(v.text):
		v.differs = append(v.differs, "bundle reads the $ in its value as it is, as npm's dotenv, Node.js and python-dotenv do. godotenv puts the value of a variable there")
	}
}
