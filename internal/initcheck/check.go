package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
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
	secrets := map[string]string{} // "function variable": parameter in the embedded environment
	if out != nil {
		module, _ := manifest.LoadSource("secrets.hcl", out.Manifest, manifest.Options{})
		m, _ := module.Evaluate(starter.LocalEnvironment)
		for _, f := range m.Functions {
			for _, one := range f.Secrets {
				secrets[f.Name.Value+" "+one.Name.Value] = one.Parameter.Value
				r.secrets++
			}
		}
	}
	noted := map[string]bool{} // "function variable"
	covered := map[place]bool{}
	for _, n := range d.Notes {
		file := path.Clean(n.File)
		if n.File == "" {
			file = s.source
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
			for one := range strings.SplitSeq(m[1], ", ") {
				from, to, several := strings.Cut(one, "-")
				a, _ := strconv.Atoi(from)
				b, _ := strconv.Atoi(to)
				for line := a; line <= b || !several && line == a; line++ {
					covered[place{file, line}] = true
				}
			}
		}
	}
	r.variables(s, secrets, noted, covered)
	r.lines(s, covered)
}

// variables looks for variables that are lost or invented.
func (r *result) variables(s *scan, secrets map[string]string, noted map[string]bool, covered map[place]bool) {
	all := s.variables()
	counted := map[place]bool{}
	for _, v := range all {
		if len(v.references) == 0 {
			continue
		}
		taken := has(secrets, v.function, v.name)
		named := v.named(noted)
		for at := range v.references {
			if !covered[at] && !taken && !named {
				r.fault("%s:%d: variable %s of %s is lost: it refers to a parameter at %s:%d", v.at.file, v.at.line, v.name, v.function, at.file, at.line)
			}
			if counted[at] || covered[at] {
				continue
			}
			counted[at] = true
			n := s.lines(at.file)[at.line]
			n = max(n, 1)
			if r.references += n; taken {
				r.taken += n
			} else {
				r.named += n
			}
		}
	}
	for at := range counted {
		covered[at] = true
	}
	for secret, parameter := range secrets {
		function, name, _ := strings.Cut(secret, " ")
		var text string
		looped := false
		for _, v := range all {
			if match(v.function, function) && match(v.name, name) && len(v.references) > 0 {
				text += v.text + " " + v.at.file
				looped = looped || strings.Contains(v.function+v.name, "*") && v.function != "*"
			}
		}
		if text == "" {
			r.fault("secret %s is invented: no variable of this name refers to a parameter", secret)
		}
		text = strings.ToLower(text)
		for _, word := range words.FindAllString(strings.ToLower(parameter), -1) {
			if !looped && !strings.Contains(text, word) && word != starter.LocalEnvironment && word != "1" && !strings.Contains(strings.ToLower(name), word) {
				r.fault("secret %s: the source does not have %q of its parameter's name", secret, word)
			}
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

// named reports whether a note names the variable, or all variables of its function.
func (v *variable) named(noted map[string]bool) bool {
	for key := range noted {
		f, n, _ := strings.Cut(key, " ")
		if (f == "" || match(v.function, f)) && (n == "*" || match(v.name, n)) {
			return true
		}
	}
	return false
}

func has[T any](all map[string]T, function, name string) bool {
	for key := range all {
		f, n, _ := strings.Cut(key, " ")
		if match(function, f) && (match(name, n) || n == name) {
			return true
		}
	}
	return false
}

func match(pattern, s string) bool {
	ok, _ := path.Match(pattern, s)
	return ok || pattern == s
}

func unquoted(s string) string {
	u, _ := strconv.Unquote(s)
	return u
}
