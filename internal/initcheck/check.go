package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/starter"
)

// A result is what came of one file.
type result struct {
	kind       string
	references int // in variables of functions, as the scan counts them
	taken      int // of these, in variables that became secrets
	named      int // of these, in variables that a note names
	elsewhere  int // references that are not in variables of functions, all named in a note
	secrets    int
	manifest   bool
	refusal    string // why there is no manifest
	wrong      []string
}

func (r *result) fault(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// runs are the environments that each source is written for.
var runs = [][]starter.Environment{
	nil,
	{{Name: "prod", AccountID: "222222222222", Region: "us-west-2"}},
	{{Name: "dev", AccountID: "111111111111", Region: "eu-west-1"}, {Name: "prod", AccountID: "222222222222", Region: "us-west-2"}, {Name: "staging"}},
}

// check imports a file, and compares what comes of it with the scan. It returns nil
// for a file of no kind that bundle init reads.
func check(file string) *result {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	folder, name := filepath.Dir(file), filepath.Base(file)
	kind := starter.Detect(name, src)
	read := map[starter.Kind]func() (*starter.Draft, error){
		starter.ServerlessKind: func() (*starter.Draft, error) {
			root, err := os.OpenRoot(folder)
			if err != nil {
				return nil, err
			}
			defer root.Close()
			return starter.Serverless(name, src, root.FS())
		},
		starter.SAMKind:    func() (*starter.Draft, error) { return starter.SAM(name, src, nil) },
		starter.DotenvKind: func() (*starter.Draft, error) { return starter.Dotenv(name, src, "app") },
		starter.NamesKind:  func() (*starter.Draft, error) { return starter.Names(name, src, "app") },
	}[kind]
	if read == nil {
		return nil
	}
	r := &result{kind: []string{"", "serverless", "SAM", "dotenv", "", "names"}[kind]}
	var draft *starter.Draft
	var written *starter.Result
	for n, environments := range runs {
		d, err := read()
		if err != nil {
			r.refusal = err.Error()
			return r
		}
		out, err := d.Write(starter.Options{Name: "app", Environments: environments, Sample: "secrets.local.json"})
		if err == nil {
			r.valid(out)
		}
		if n == 0 {
			if draft, written = d, out; err != nil {
				r.refusal = err.Error()
			}
		}
	}
	r.manifest = written != nil
	if kind == starter.ServerlessKind || kind == starter.SAMKind {
		r.compare(newScan(os.DirFS(folder), name), draft, written)
	}
	return r
}

// missing matches the values of a commented environment that its owner fills in.
var missing = lazyregexp.New(`"\.\.\."`)

// valid checks a manifest as bundle validate does, also after its owner filled in
// the environments that are comments.
func (r *result) valid(out *starter.Result) {
	if !json.Valid(out.Sample) {
		r.fault("the sample file is not JSON")
	}
	r.validate(string(out.Manifest))
	var filled []string
	inside := false
	for line := range strings.Lines(string(out.Manifest)) {
		bare, comment := strings.CutPrefix(line, "# ")
		if inside = comment && (inside || strings.HasPrefix(bare, "environment ")); inside {
			switch {
			case strings.Contains(bare, "account_id"):
				bare = missing.ReplaceAllString(bare, `"333333333333"`)
			case strings.Contains(bare, "regions"):
				bare = missing.ReplaceAllString(bare, `"us-west-2"`)
			}
			line = bare
		}
		filled = append(filled, line)
	}
	text := strings.Join(filled, "")
	if text != string(out.Manifest) && !strings.Contains(text, `= "..."`) {
		r.validate(text)
	}
}

func (r *result) validate(text string) {
	module, diags := manifest.LoadSource("secrets.hcl", []byte(text), manifest.Options{})
	problems := problem.FromDiagnostics(diags)
	for _, env := range module.Environments() {
		m, diags := module.Evaluate(env)
		problems = append(append(problems, problem.FromDiagnostics(diags)...), pipeline.Read(m).Check()...)
	}
	for _, p := range problems {
		r.fault("the manifest is not valid: %s: %s", p.Summary, p.Detail)
	}
}

var (
	notedVariable = lazyregexp.New(`^variable ("(?:[^"\\]|\\.)*") of (all functions|function ("(?:[^"\\]|\\.)*")): `)
	notedWhole    = lazyregexp.New(`^the environment of (all functions|function ("(?:[^"\\]|\\.)*")): `)
	notedFunction = lazyregexp.New(`^(?:function ("(?:[^"\\]|\\.)*")|some functions): `)
	notedLines    = lazyregexp.New(`variable of a function, and stays? as (?:it is|they are): lines? ([0-9, -]+)$`)
	words         = lazyregexp.New(`[A-Za-z0-9]+`)
)

// compare compares what came of a file with what the scan finds in it.
func (r *result) compare(s *scan, d *starter.Draft, out *starter.Result) {
	if s.root(s.source) == nil {
		return
	}
	secrets := secretsIn(out)
	r.secrets = len(secrets)
	noted, covered := notesOf(d, s.source)
	all := slices.DeleteFunc(s.variables(), func(v *variable) bool { return len(v.references) == 0 })
	r.lost(s, all, secrets, noted, covered)
	for secret, from := range secrets {
		r.invented(all, secret, from)
	}
	r.lines(s, covered)
}

// secretsIn returns the secrets of a manifest: the name of the parameter or secret in the
// embedded environment, by "function variable".
func secretsIn(out *starter.Result) map[string]string {
	secrets := map[string]string{}
	if out == nil {
		return secrets
	}
	module, _ := manifest.LoadSource("secrets.hcl", out.Manifest, manifest.Options{})
	m, _ := module.Evaluate(starter.LocalEnvironment)
	for _, f := range m.Functions {
		for _, one := range f.Secrets {
			secrets[f.Name.Value+" "+one.Name.Value] = one.Source().Value
		}
	}
	return secrets
}

// notesOf returns what the notes name: variables as "function variable", and lines.
func notesOf(d *starter.Draft, source string) (noted map[string]bool, covered map[place]bool) {
	noted, covered = map[string]bool{}, map[place]bool{}
	for _, n := range d.Notes {
		file := path.Clean(n.File)
		if n.File == "" {
			file = source
		}
		if m := notedVariable.FindStringSubmatch(n.Text); m != nil {
			noted[unquoted(m[3])+" "+unquoted(m[1])] = true
		}
		if m := notedWhole.FindStringSubmatch(n.Text); m != nil {
			noted[unquoted(m[2])+" *"] = true
		}
		if m := notedFunction.FindStringSubmatch(n.Text); m != nil && !strings.Contains(n.Text, "none of its variables") {
			noted[unquoted(m[1])+" *"] = true
		}
		if m := notedLines.FindStringSubmatch(n.Text); m != nil {
			for _, line := range numbers(m[1]) {
				covered[place{file, line}] = true
			}
		}
	}
	return noted, covered
}

// numbers returns the numbers of a list like "3, 5-7".
func numbers(list string) (all []int) {
	for one := range strings.SplitSeq(list, ", ") {
		from, to, several := strings.Cut(one, "-")
		if !several {
			to = from
		}
		first, _ := strconv.Atoi(from)
		last, _ := strconv.Atoi(to)
		for n := first; n <= last; n++ {
			all = append(all, n)
		}
	}
	return all
}

// lost looks for variables that are lost, and counts the references of the others.
func (r *result) lost(s *scan, all []*variable, secrets map[string]string, noted map[string]bool, covered map[place]bool) {
	counted := map[place]bool{}
	for _, v := range all {
		taken := slices.ContainsFunc(slices.Collect(maps.Keys(secrets)), v.is)
		named := v.named(noted)
		for at := range v.references {
			if !covered[at] && !taken && !named {
				r.fault("%s:%d: variable %s of %s is lost: it refers to a parameter at %s:%d", v.at.file, v.at.line, v.name, v.function, at.file, at.line)
			}
			if counted[at] || covered[at] {
				continue
			}
			counted[at] = true
			n := max(1, s.lines(at.file)[at.line])
			if r.references += n; taken {
				r.taken += n
			} else {
				r.named += n
			}
		}
	}
	maps.Copy(covered, counted)
}

// invented looks for a secret that no variable is, and for words of the name that it comes
// from that are not in the source.
func (r *result) invented(all []*variable, secret, from string) {
	_, name, _ := strings.Cut(secret, " ")
	text := ""
	looped := false
	for _, v := range all {
		if v.is(secret) {
			text += v.text + " " + v.at.file
			looped = looped || strings.Contains(v.function+v.name, "*") && v.function != "*"
		}
	}
	if text == "" {
		r.fault("secret %s is invented: no variable of this name refers to a parameter or a secret", secret)
	}
	if looped {
		return
	}
	text = strings.ToLower(text + " " + name)
	for _, word := range words.FindAllString(strings.ToLower(from), -1) {
		if !strings.Contains(text, word) && word != starter.LocalEnvironment && word != "1" {
			r.fault("secret %s: the source does not have %q of the name that it comes from", secret, word)
		}
	}
}

// lines looks for lines with references that nothing covers.
func (r *result) lines(s *scan, covered map[place]bool) {
	for name, root := range s.files {
		if root == nil {
			continue
		}
		spans := map[int]int{} // the first line of the scalar that has a line
		walk(root, func(first, lines int) {
			for i := range lines {
				if _, ok := spans[first+i]; !ok || covered[place{name, first}] {
					spans[first+i] = first
				}
			}
		})
		for line := range s.lines(name) {
			if covered[place{name, line}] || covered[place{name, spans[line]}] {
				continue
			}
			r.fault("%s:%d: a reference is lost", name, line)
		}
	}
	for at := range covered {
		r.elsewhere += s.lines(at.file)[at.line]
	}
	r.elsewhere = max(0, r.elsewhere-r.references)
}

func unquoted(s string) string {
	u, _ := strconv.Unquote(s)
	return u
}
