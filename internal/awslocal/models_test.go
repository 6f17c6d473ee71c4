package awslocal_test

import (
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// TestModels holds the embedded AWS against the service models of the botocore that is installed, and lists what is newer there than
// in testdata/models/known.txt. CONTRIBUTING.md says how to use it.
//
//	make conformance-models BOTOCORE=folder/of/botocore
var (
	botocore     = flag.String("botocore", "", "the `folder` of botocore; the default is that of the Python on PATH")
	updateModels = flag.Bool("update-models", false, "write testdata/models/known.txt from the models")
)

// serviceModel is the part of a botocore service model that matters here.
type serviceModel struct {
	Operations map[string]struct {
		Input, Output modelRef
		Errors        []modelRef
	}
	Shapes map[string]modelShape
}

type modelRef struct{ Shape string }

type modelShape struct {
	Type               string
	Enum               []string
	Pattern            string
	Min, Max           *float64
	Members            map[string]modelRef
	Member, Key, Value modelRef
}

// models reads the models of the services, and the version of botocore.
func models(t *testing.T) (version string, of map[string]serviceModel) {
	t.Helper()
	dir := *botocore
	if dir == "" {
		const ask = "import os, botocore; print(os.path.dirname(botocore.__file__))"
		out, err := exec.Command(needs.Program(t, "python3", "with botocore: pip install boto3"), "-c", ask).Output()
		if err != nil {
			needs.Missing(t, "python3 has no botocore (pip install boto3)")
		}
		dir = strings.TrimSpace(string(out))
	}
	source, err := os.ReadFile(filepath.Join(dir, "__init__.py"))
	found := regexp.MustCompile(`(?m)^__version__ = '([0-9.]+)'`).FindSubmatch(source)
	if err != nil || found == nil {
		t.Fatalf("%s is no folder of botocore", dir)
	}
	of = map[string]serviceModel{}
	for _, service := range []string{"cloudtrail", "iam", "kms", "lambda", "secretsmanager", "ssm", "sts"} {
		paths, err := filepath.Glob(filepath.Join(dir, "data", service, "*", "service-2.json*"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s has no model of %s", dir, service)
		}
		of[service] = readModel(t, slices.Max(paths))
	}
	return string(found[1]), of
}

func readModel(t *testing.T, path string) (m serviceModel) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.NewDecoder(in).Decode(&m); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

// facts are the lines of a model: every operation by name, and the members, values, limits, patterns and errors of those that are served.
func (m serviceModel) facts(service string, served []string) (all []string) {
	for name := range m.Operations {
		if (service == "iam" || service == "cloudtrail") && !slices.Contains(served, name) {
			continue // of these, little is served
		}
		all = append(all, service+" has the operation "+name)
	}
	for _, name := range served {
		operation, ok := m.Operations[name]
		if !ok {
			continue
		}
		at := service + " " + name
		all = append(all, m.members(at+" in", operation.Input.Shape, nil)...)
		all = append(all, m.members(at+" out", operation.Output.Shape, nil)...)
		for _, e := range operation.Errors {
			all = append(all, at+" error "+e.Shape)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// members are the lines of a shape and of all below it.
func (m serviceModel) members(at, name string, above []string) (all []string) {
	s := m.Shapes[name]
	if slices.Contains(above, name) {
		return nil // it has itself
	}
	above = append(slices.Clone(above), name)
	switch s.Type {
	case "structure":
		for member, ref := range s.Members {
			all = append(all, m.members(at+" "+member, ref.Shape, above)...)
		}
		return all
	case "list":
		all = m.members(at+"[]", s.Member.Shape, above)
	case "map":
		all = append(m.members(at+"{key}", s.Key.Shape, above), m.members(at+"{value}", s.Value.Shape, above)...)
	}
	line := at + ": " + s.Type
	for _, limit := range []struct {
		name  string
		value *float64
	}{{"min", s.Min}, {"max", s.Max}} {
		if limit.value != nil {
			line += " " + limit.name + " " + number64(*limit.value)
		}
	}
	if s.Pattern != "" {
		line += " pattern " + s.Pattern
	}
	for _, value := range s.Enum {
		all = append(all, at+" = "+value)
	}
	return append(all, line)
}

const (
	knownModels     = "testdata/models/known.txt"
	explainedModels = "testdata/models/explained.txt"
)

func TestModels(t *testing.T) {
	version, of := models(t)
	services := modelServices(t)
	var now []string
	for _, service := range slices.Sorted(maps.Keys(of)) {
		now = append(now, of[service].facts(service, slices.Sorted(maps.Keys(services[service].Operations())))...)
	}
	if *updateModels {
		text := "# The service models of botocore " + version + ": go test ./internal/awslocal -run TestModels -update-models\n" + strings.Join(now, "\n") + "\n"
		if err := os.WriteFile(knownModels, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	known := linesOf(t, knownModels)
	head := strings.Fields(strings.TrimSuffix(known[0], ":"))
	knownVersion := strings.TrimSuffix(head[6], ":")
	for _, line := range now {
		if !slices.Contains(known, line) && !olderVersion(version, knownVersion) {
			t.Errorf("newer in botocore %s: %s", version, line)
		}
	}
	explained := explanations(t)
	t.Logf("botocore %s has %d facts of what is served; testdata/models/known.txt has those of %s", version, len(now), knownVersion)
	for _, service := range slices.Sorted(maps.Keys(of)) {
		for _, difference := range of[service].differences(t, service) {
			if !slices.ContainsFunc(explained, func(prefix string) bool { return strings.HasPrefix(difference, prefix) }) {
				t.Errorf("%s (botocore %s)", difference, version)
			}
		}
	}
}

func linesOf(t *testing.T, path string) []string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
}

// explanations are the beginnings of differences that have a reason.
func explanations(t *testing.T) (prefixes []string) {
	t.Helper()
	for i, line := range linesOf(t, explainedModels) {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		prefix, reason, _ := strings.Cut(line, " | ")
		if reason == "" {
			t.Fatalf("%s:%d has no reason", explainedModels, i+1)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

// olderVersion compares versions.
func olderVersion(a, b string) bool {
	numbers := func(version string) (all []int) {
		for part := range strings.SplitSeq(version, ".") {
			n, _ := strconv.Atoi(part)
			all = append(all, n)
		}
		return all
	}
	return slices.Compare(numbers(a), numbers(b)) < 0
}

// TestNewerModelsAreFound changes a model and looks for the change.
func TestNewerModelsAreFound(t *testing.T) {
	const text = `{"operations": {"GetX": {"input": {"shape": "In"}, "errors": [{"shape": "NoX"}]}, "PutX": {}}, "shapes": {
		"In": {"type": "structure", "members": {"Name": {"shape": "Name"}, "Sizes": {"shape": "Sizes"}, "Inner": {"shape": "In"}}},
		"Name": {"type": "string", "min": 1, "max": 9, "pattern": "[a-z]+"}, "Sizes": {"type": "list", "member": {"shape": "Size"}},
		"Size": {"type": "string", "enum": ["S", "M"]}}}`
	facts := func(text string) []string {
		var m serviceModel
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		return m.facts("x", []string{"GetX"})
	}
	was := facts(text)
	for change, line := range map[[2]string]string{
		{`"M"`, `"M", "L"`}: "x GetX in Sizes[] = L", {`"PutX"`, `"TakeX"`}: "x has the operation TakeX", {`"NoX"`, `"OldX"`}: "x GetX error OldX",
		{`"max": 9`, `"max": 10`}: "x GetX in Name: string min 1 max 10 pattern [a-z]+", {`[a-z]+`, `[a-y]+`}: "x GetX in Name: string min 1 max 9 pattern [a-y]+",
		{`{"Name"`, `{"More": {"shape": "Size"}, "Name"`}: "x GetX in More: string",
	} {
		now := facts(strings.Replace(text, change[0], change[1], 1))
		if slices.Contains(was, line) || !slices.Contains(now, line) {
			t.Errorf("%v: %s", change, fmt.Sprint(now))
		}
	}
	if !olderVersion("1.43.11", "1.44.8") || olderVersion("1.44.10", "1.44.8") || olderVersion("1.44.8", "1.44.8") {
		t.Error("versions are compared wrongly")
	}
}
