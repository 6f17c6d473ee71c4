package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/starter"
)

var update = flag.Bool("update", false, "rewrite testdata/want.txt")

// TestCorpus imports the files of testdata/corpus, which have the layouts that
// real projects have. testdata/want.txt has what comes of each file.
func TestCorpus(t *testing.T) {
	sources, err := list("testdata/corpus")
	if err != nil || len(sources) < 20 {
		t.Fatalf("%d files: %v", len(sources), err)
	}
	for i := range sources {
		sources[i].commit = ""
	}
	table, wrong := report(sources, false)
	if wrong > 0 {
		t.Errorf("%d things are wrong", wrong)
	}
	got := ""
	for _, s := range sources {
		got += outcome(t, s)
	}
	got += table
	if *update {
		if err := os.WriteFile("testdata/want.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile("testdata/want.txt"); err != nil || string(want) != got {
		t.Errorf("%v: the outcome is not in testdata/want.txt; see the difference with -update:\n%s", err, got)
	}
}

var interesting = lazyregexp.New(`^ *(secret|parameter|secretsmanager|version_stage|version_id|encoding|field|optional|values|function|deployed_as|[a-z0-9_]+ += )`)

// outcome returns the blocks of functions and the notes that come of a file.
func outcome(t *testing.T, s source) string {
	src, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	var d *starter.Draft
	switch starter.Detect(s.path, src) {
	case starter.ServerlessKind:
		d, err = starter.Serverless(filepath.Base(s.path), src, os.DirFS(filepath.Dir(s.file)))
	case starter.SAMKind:
		d, err = starter.SAM(filepath.Base(s.path), src, nil)
	case starter.NamesKind:
		d, err = starter.Names(filepath.Base(s.path), src, "app")
	default:
		return ""
	}
	out := fmt.Sprintf("== %s/%s\n", s.repository, s.path)
	if err != nil {
		return out + err.Error() + "\n"
	}
	result, err := d.Write(starter.Options{Name: "app", Sample: "s.json", Environments: []starter.Environment{{Name: "prod", AccountID: "222222222222", Region: "us-west-2"}}})
	if err == nil {
		_, rest, _ := strings.Cut(string(result.Manifest), "environment \"local\"")
		for line := range strings.Lines(rest) {
			if interesting.MatchString(line) && !strings.Contains(line, "kms_key") {
				out += line
			}
		}
	} else {
		out += err.Error() + "\n"
	}
	for _, n := range d.Notes {
		out += d.Where(n) + ": " + n.Text + "\n"
	}
	return out
}

// TestSeesWhatIsLostOrInvented spoils what came of a file.
func TestSeesWhatIsLostOrInvented(t *testing.T) {
	const file = `
service: shop
provider: {name: aws, apiGateway: {restApiId: "${ssm:/shop/api}"}}
functions:
  api:
    handler: a.b
    environment:
      DB: ${ssm:/shop/db}
      URL: https://${ssm:/shop/host}/
      LEVEL: debug
`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "serverless.yml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	spoiled := func(change func(*starter.Draft)) []string {
		d, err := starter.Serverless("serverless.yml", []byte(file), nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := d.Write(starter.Options{Name: "app", Sample: "s.json"})
		if err != nil {
			t.Fatal(err)
		}
		text := string(out.Manifest)
		change(d)
		if d.Name == "renamed" {
			text = strings.ReplaceAll(text, "/shop/db", "/shop/other")
		}
		if d.Name == "invented" {
			text = strings.ReplaceAll(text, `secret "DB"`, `secret "LEVEL"`)
		}
		if d.Name == "emptied" {
			text = strings.ReplaceAll(text, `secret "DB" `, `secret "XX" `)
		}
		out.Manifest = []byte(text)
		r := &result{}
		r.compare(newScan(os.DirFS(dir), "serverless.yml"), d, out)
		return r.wrong
	}
	without := func(text string) func(*starter.Draft) {
		return func(d *starter.Draft) {
			d.Notes = slices.DeleteFunc(d.Notes, func(n starter.Note) bool { return strings.Contains(n.Text, text) })
		}
	}
	named := func(name string) func(*starter.Draft) { return func(d *starter.Draft) { d.Name = name } }
	if wrong := spoiled(func(*starter.Draft) {}); len(wrong) > 0 {
		t.Errorf("nothing is wrong, but: %q", wrong)
	}
	for text, change := range map[string]func(*starter.Draft){
		"variable URL of api is lost":            without(`variable "URL"`),
		"serverless.yml:3: a reference is lost":  without("stays as it is"),
		"variable DB of api is lost":             named("emptied"),
		"secret api LEVEL is invented":           named("invented"),
		`does not have "other" of the name that`: named("renamed"),
	} {
		if wrong := spoiled(change); !strings.Contains(strings.Join(wrong, "\n"), text) {
			t.Errorf("%q is not seen: %q", text, wrong)
		}
	}
	r := &result{}
	if r.validate("bundle {}\n"); len(r.wrong) == 0 {
		t.Error("a manifest that is not valid is not seen")
	}
}
