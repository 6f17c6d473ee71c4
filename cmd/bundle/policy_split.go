package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
)

// policyFile matches the files of --split: KIND-NUMBER.json, and
// function-NAME-NUMBER.json.
var policyFile = lazyregexp.New(`^(ci|plan|put|doctor|deployed|rollout|prune|revoke|audit|function-[A-Za-z0-9][A-Za-z0-9_-]{0,63})-[1-9][0-9]*\.json$`)

// A policyFolder is the folder of --split. It has nothing but policies.
type policyFolder struct {
	path  string
	files []string // that are there
}

// policyFolder returns the folder of --split, and nil without the flag.
func (a *app) policyFolder(c *cli.Context, kind string) (*policyFolder, error) {
	f := &policyFolder{path: console.Text(c, "split")}
	switch {
	case !console.Given(c, "split"):
		return nil, nil
	case kind == policy.KindKey:
		return nil, console.Usagef("--split cannot split the policy of a key: a key has one. Remove --split.")
	case kind == policy.KindAll:
		return nil, console.Usagef("--split writes policies of one kind. Use it with --kind ci, plan, put, doctor, deployed, rollout, prune, revoke or function.")
	case strings.HasPrefix(f.path, "-") || strings.TrimSpace(f.path) == "":
		return nil, console.Usagef("--split %q looks like a mistake. Use the name of a folder, for example --split policies. For a folder with exactly this name, write %q.",
			f.path, "./"+f.path)
	case pipeline.InStateFolder(f.path):
		return nil, console.Usagef("--split %s is in %s, which belongs to the embedded AWS. Use a path outside of it.", f.path, pipeline.StateFolder)
	}
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil && !info.IsDir() {
		return nil, console.Usagef("--split %s exists and is not a folder. Use another path.", f.path)
	}
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return nil, f.notWritten(err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !policyFile.MatchString(entry.Name()) {
			return nil, console.Usagef("--split %s has %q, which is not a policy that --split writes, so nothing is written. Use another folder, or remove it.", f.path, entry.Name())
		}
		f.files = append(f.files, entry.Name())
	}
	return f, nil
}

func (f *policyFolder) notWritten(err error) error {
	return console.Failed(problem.Problems{problem.New(problem.Output, nil, "Unusable output",
		fmt.Sprintf("--split %s: the folder cannot be written: %v. Use a path in a writable folder.", f.path, pipeline.Cause(err)))})
}

// splitPolicies writes the documents to the folder, in parts that fit. If they are those of
// all functions, it removes those of functions that there are no longer.
func (a *app) splitPolicies(f *policyFolder, s *policy.Setting, documents []policy.Written, all bool) error {
	result := view.NewPolicy(s, nil)
	var stems []string
	var contents [][]byte
	for _, d := range documents {
		parts, err := d.Policy.Split(policy.MaxManaged)
		switch {
		case err != nil:
			return console.Usagef("%s", notCut(d, err))
		case len(parts) > policy.MaxAttached:
			return console.Usagef("%s", tooMany(d, len(parts), len(s.Functions())))
		}
		stem := d.Kind
		if d.Function != "" {
			stem += "-" + d.Function
		}
		stems = append(stems, stem)
		for i, part := range parts {
			d.Policy = part
			result.Add(d, filepath.Join(f.path, fmt.Sprintf("%s-%d.json", stem, i+1)))
			contents = append(contents, indented(part))
		}
	}
	var files []string
	for _, d := range result.Documents {
		files = append(files, d.File)
	}
	if err := a.Apart(files...); err != nil {
		return err
	}
	if all && documents[0].Kind == policy.KindFunction {
		for _, name := range f.files {
			if strings.HasPrefix(name, policy.KindFunction+"-") {
				stems = append(stems, name[:strings.LastIndex(name, "-")])
			}
		}
	}
	if err := f.replace(stems, files, contents); err != nil {
		return f.notWritten(err)
	}
	return a.AnswerOrPrint(&view.SplitPolicy{Policy: result})
}

// replace removes the earlier files of the same policies and then writes the new ones, so
// that there is never a part of an earlier policy among those of a new one. If it cannot
// write all of them, it leaves none.
func (f *policyFolder) replace(stems, files []string, contents [][]byte) error {
	if err := os.MkdirAll(f.path, 0o755); err != nil {
		return err
	}
	for _, name := range f.files {
		for _, stem := range stems {
			if number, ok := strings.CutPrefix(name, stem+"-"); ok && !strings.Contains(number, "-") {
				if err := os.Remove(filepath.Join(f.path, name)); err != nil {
					return err
				}
				break
			}
		}
	}
	for i, file := range files {
		to, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		written := files[:i]
		if err == nil {
			written = files[:i+1]
			_, err = to.Write(contents[i])
			err = errors.Join(err, to.Close())
		}
		if err != nil {
			for _, part := range written {
				_ = os.Remove(part) // a part alone means something else
			}
			return err
		}
	}
	return nil
}

// indented returns a document as it is printed and written.
func indented(d policy.Document) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil // cannot happen: strings and lists of strings always marshal
	}
	return b.Bytes()
}
