package starter

import (
	"errors"
	"fmt"
	"slices"

	"github.com/whispering/bundle/pipeline/dotenv"
)

// maxSource is the largest size of a source in bytes.
const maxSource = 1 << 20

// ErrSize reports a source that is too large.
var ErrSize = fmt.Errorf("it has more than %d bytes", maxSource)

// Dotenv makes a draft of the names in a dotenv file, as secrets of one function. It
// keeps no value. dotenv.Describe says what to do about an EncryptedError.
func Dotenv(source string, src []byte, function string) (*Draft, error) {
	if len(src) > maxSource {
		return nil, ErrSize
	}
	if err := dotenv.Encrypted(src); err != nil {
		return nil, err
	}
	if dotenv.IsJSON(src) {
		return nil, errors.New("it is JSON, not a dotenv file")
	}
	file, err := dotenv.Parse(src)
	if err != nil {
		return nil, err
	}
	const most = 2000 // no function has as many
	if len(file.Variables) > most {
		return nil, fmt.Errorf("it has more than %d names", most)
	}
	d := proposal(source, function)
	f := Function{Name: function}
	add := func(name string, line int) {
		f.Secrets = append(f.Secrets, Secret{Name: name, From: d.below(name), line: line})
	}
	for _, v := range file.Variables {
		add(v.Name, v.Line)
	}
	for _, n := range file.Notes {
		switch {
		case n.Kind == dotenv.Unread && !slices.ContainsFunc(f.Secrets, func(s Secret) bool { return s.Name == n.Name }):
			add(n.Name, n.Line) // a name is enough
		case n.Kind != dotenv.LeftOut:
		case n.Name == "":
			d.note(n.Line, "this line %s", n.Text)
		default:
			d.note(n.Line, "variable %s: %s", shown(n.Name), n.Text)
		}
	}
	d.Functions = []Function{f}
	return d, nil
}
