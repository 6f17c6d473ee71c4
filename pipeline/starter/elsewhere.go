package starter

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// elsewhere adds a note for each file, about the references to parameters in it that
// no variable of a function uses.
func (d *Draft) elsewhere(doc *document) {
	for _, f := range doc.files {
		var lines []int
		count := 0
		doc.walk(f.root, func(n *yaml.Node) {
			if len(n.Value) == 12 && n.Value[0] == '0' && badNumber(n) != "" {
				d.note(n.Line, "a number of 12 digits begins with 0 and is not in quotes: if it is an account ID, write it in quotes, because programs that read YAML remove the 0 or take it for another base")
			}
			if !doc.seen[n] && isReference(n.Value) {
				count++
				lines = append(lines, n.Line)
			}
		})
		if count == 0 {
			continue
		}
		slices.Sort(lines)
		first := lines[0]
		lines = slices.Compact(lines)
		for i := range lines {
			_, lines[i] = doc.place(lines[i])
		}
		what, stay := "references to parameters or secrets are", "stay as they are"
		if count == 1 {
			what, stay = "reference to a parameter or a secret is", "stays as it is"
		}
		d.note(first, "%d %s not in a variable of a function, and %s: %s", count, what, stay, ranges(lines))
	}
}

// walk visits the scalars of a file. Aliases are not followed.
func (d *document) walk(n *yaml.Node, visit func(*yaml.Node)) {
	if n == nil || n.Kind == yaml.AliasNode {
		return
	}
	if n.Kind == yaml.ScalarNode {
		visit(n)
	}
	for _, inner := range n.Content {
		d.walk(inner, visit)
	}
}

// use records that a scalar was used for a variable of a function, if one is read.
func (d *document) use(n *yaml.Node) {
	if !d.reading {
		return
	}
	if first := d.original[n]; first != nil {
		n = first
	}
	d.used = append(d.used, n)
}

// isReference reports whether a string refers to a parameter of Parameter Store, or to
// a secret of Secrets Manager, or asks the extension for one.
func isReference(s string) bool {
	for _, dynamic := range []string{"{{resolve:ssm", "{{resolve:secretsmanager:"} {
		if strings.Contains(s, dynamic) {
			return true
		}
	}
	if asked.MatchString(s) || strings.HasPrefix(s, ssmType) || strings.HasPrefix(s, "resolve:ssm") {
		return true
	}
	for at := 0; at < len(s); at += 2 {
		i := strings.Index(s[at:], "${")
		if i < 0 {
			return false
		}
		at += i
		inside := s[at+2 : min(len(s), at+2+maxText)]
		if end := closing(inside); end >= 0 {
			inside = inside[:end]
		}
		if strings.Contains(inside, "ssm") && slices.ContainsFunc(alternatives(unwrapped(inside)), isSSM) {
			return true
		}
	}
	return false
}

func isSSM(alternative string) bool {
	m := split(strings.TrimPrefix(alternative, "${"))
	if m == nil {
		return false
	}
	return m.source == "ssm" || m.source != "self" && m.source != "opt" && m.source != "file" && ssmAddress.MatchString(m.address)
}

// ranges writes the numbers of lines.
func ranges(lines []int) string {
	var all []string
	for i := 0; i < len(lines); {
		j := i
		for j+1 < len(lines) && lines[j+1] == lines[j]+1 {
			j++
		}
		if j == i {
			all = append(all, itoa(lines[i]))
		} else {
			all = append(all, fmt.Sprintf("%d-%d", lines[i], lines[j]))
		}
		i = j + 1
	}
	if len(lines) == 1 {
		return "line " + all[0]
	}
	return "lines " + strings.Join(all, ", ")
}
