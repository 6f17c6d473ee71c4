package awslocal_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/needs"
)

// The scripts in testdata/recorded repeat the requests whose answers a test suite recorded from AWS. The answers themselves are data
// of that suite, which the repository does not carry: they are expected beside it. Every one of them is equal to the embedded AWS's,
// or a script says why not. testdata/recorded/README.md describes the language.

// suiteAnswers is the file of recorded answers.
type suiteAnswers struct {
	Answers []struct {
		File, Test string
		Recorded   map[string]json.RawMessage
		Note       string
	}
}

func (a suiteAnswers) each(yield func(key string, answers map[string]json.RawMessage) bool) {
	for _, r := range a.Answers {
		if len(r.Recorded) > 0 && !yield(serviceOf(r.File)+" "+r.Test, r.Recorded) {
			return
		}
	}
}

// serviceOf is "kms" of tests/aws/services/kms/test_kms.snapshot.json.
func serviceOf(file string) string {
	service, _, _ := strings.Cut(strings.TrimPrefix(file, "tests/aws/services/"), "/")
	return strings.Trim(service, "_")
}

func recordedAnswers(t *testing.T) suiteAnswers {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(filepath.Dir(root), "shared", "data", "recorded", "answers.json"))
	if err != nil {
		needs.Absent(t, "the answers that LocalStack's test suite recorded from AWS are not in shared/data/recorded beside the repository")
	}
	var answers suiteAnswers
	if err := json.Unmarshal(content, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// replay is one script: the requests of one test of the suite.
type replay struct {
	test  string // "kms TestKMS::test_create_key"
	lines []line
	files map[string]string
}

// explanation says why the tests whose names begin with its prefix are not repeated.
type explanation struct{ prefix, why string }

func replays(t *testing.T) (all []replay, why []explanation) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "recorded", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatal("there are no scripts", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		for _, f := range archive.Files {
			files[f.Name] = string(f.Data)
		}
		for i, text := range strings.Split(string(archive.Comment), "\n") {
			verb, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
			switch {
			case verb == "" || strings.HasPrefix(verb, "#"):
			case verb == "test":
				all = append(all, replay{test: rest, files: files})
			case verb == "why":
				prefix, reason, _ := strings.Cut(rest, ": ")
				if reason == "" {
					t.Fatalf("%s:%d has no reason", path, i+1)
				}
				why = append(why, explanation{prefix, reason})
			case len(all) == 0:
				t.Fatalf("%s:%d is of no test", path, i+1)
			default:
				r := &all[len(all)-1]
				r.lines = append(r.lines, line{number: i + 1, verb: verb, rest: rest})
			}
		}
	}
	return all, why
}

func TestRecordedAnswers(t *testing.T) {
	answers := recordedAnswers(t)
	scripts, why := replays(t)
	recorded := map[string]map[string]json.RawMessage{}
	for test, of := range answers.each {
		recorded[test] = of
	}
	equal, explained := 0, 0
	repeated := map[string]bool{}
	for _, script := range scripts {
		repeated[script.test] = true
		t.Run(script.test, func(t *testing.T) {
			if recorded[script.test] == nil {
				t.Fatal("nothing was recorded")
			}
			e, n := repeat(t, script, recorded[script.test])
			equal, explained = equal+e, explained+n
		})
	}
	used := map[string]bool{}
	for _, test := range slices.Sorted(maps.Keys(recorded)) {
		if repeated[test] {
			continue
		}
		i := slices.IndexFunc(why, func(e explanation) bool { return strings.HasPrefix(test, e.prefix) })
		if i < 0 {
			t.Errorf("%s is not repeated, and no line says why", test)
			continue
		}
		used[why[i].prefix] = true
		explained += len(recorded[test])
	}
	for _, e := range why {
		if !used[e.prefix] {
			t.Errorf("why %s: nothing has this name", e.prefix)
		}
	}
	t.Logf("%d answers are equal, %d are explained", equal, explained)
	if equal < 750 {
		t.Errorf("only %d answers are equal", equal)
	}
}

// repeat makes the requests of a script and compares what the embedded AWS answers with what AWS did.
func repeat(t *testing.T, script replay, recorded map[string]json.RawMessage) (equal, explained int) {
	t.Helper()
	clock := &turnable{at: time.Now()}
	w := start(t, awslocal.WithClock(clock.now))
	cfg, wire := captured(w.config())
	r := newRun(t, row{files: script.files}, cfg, true)
	r.world, r.clock = &w, clock
	if err := r.call("sts", "GetCallerIdentity", "{}"); err != nil {
		t.Fatal(err)
	}
	r.vars["ACCOUNT"], r.vars["LATES"] = fmt.Sprint(lookUp(r.out, "Account")), "$LATES"
	left := maps.Clone(recorded)
	same := matching{account: r.vars["ACCOUNT"], bound: map[string]string{}}
	for _, l := range script.lines {
		args := strings.Fields(l.rest)
		switch l.verb {
		case "answers":
			if _, ok := left[args[0]]; !ok {
				t.Fatalf("line %d: nothing was recorded as %s", l.number, args[0])
			}
			delete(left, args[0])
			if err := same.answer(recorded[args[0]], wire.last, args[1:]); err != nil {
				t.Errorf("line %d: %s: %v", l.number, args[0], err)
			}
			same.differ, r.failed = nil, nil
			equal++
		case "differs": // PATH REASON: of the next answer
			if len(args) < 2 {
				t.Fatalf("line %d has no reason", l.number)
			}
			same.differ = append(same.differ, args[0])
		case "skip": // KEY REASON
			if _, ok := left[args[0]]; !ok || len(args) < 2 {
				t.Fatalf("line %d: nothing was recorded as %s, or there is no reason", l.number, args[0])
			}
			delete(left, args[0])
			explained++
		default:
			if err := r.line(l); err != nil {
				t.Fatalf("line %d: %s %s: %v", l.number, l.verb, l.rest, err)
			}
		}
	}
	if r.failed != nil {
		t.Error(r.failed)
	}
	for key := range left {
		t.Errorf("%s is neither compared nor explained", key)
	}
	return equal, explained
}
