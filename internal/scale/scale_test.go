package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/docpage"
	"github.com/whispering/bundle/internal/needs"
)

// TestPage compares docs/scale.md with the model.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), docpage.Part("scale", tables())) {
		t.Error("docs/scale.md does not have these tables: make scale")
	}
}

// TestModel compares the calls of the model with those of builds and publishes against the embedded AWS, and the sizes
// with those of the layers.
func TestModel(t *testing.T) {
	program := filepath.Join(t.TempDir(), "bundle")
	if err := needs.Bundle(program); err != nil {
		t.Fatal(err)
	}
	for _, s := range []shape{
		{Functions: 1, Secrets: 10}, {Functions: 1, Secrets: 10, Blind: true}, {Functions: 7, Secrets: 13}, {Functions: 7, Secrets: 13, Each: true},
		{Functions: 7, Secrets: 13, Blind: true, Each: true}, {Functions: 40, Secrets: 10}, {Functions: 40, Secrets: 10, Each: true},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			w := world{s, program, t.TempDir()}
			w.write(t)
			for _, what := range []step{first, unchanged, rotation} {
				if what == rotation {
					w.put(t)
				}
				compare(t, "build", what, s.build(what), w.run(t, "build", "--env", "local", "--out", w.out(), "--json"))
				compare(t, "publish", what, s.publish(what), w.run(t, "publish", "--env", "local", "--layer", w.out(), "--json"))
			}
			info, err := os.Stat(filepath.Join(w.dir, strings.ReplaceAll(w.out(), "{function}", "function-00000")))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := float64(info.Size()), float64(s.layer()); got < 0.9*want || got > 1.1*want {
				t.Errorf("the layer has %.0f bytes, and the model %.0f", got, want)
			}
		})
	}
}

func compare(t *testing.T, command string, what step, want, got calls) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, %s (-model +bundle):\n%s", command, what, diff)
	}
}

// A world is a shape as a manifest and an embedded AWS.
type world struct {
	shape
	program, dir string
}

func (w world) out() string {
	if w.Each {
		return "{function}.zip"
	}
	return "layer.zip"
}

func (w world) parameter(function, secret int) string {
	return fmt.Sprintf("/production/function-%05d/secret-%03d", function, secret)
}

func (w world) write(t *testing.T) {
	t.Helper()
	layer := "shop"
	if w.Each {
		layer = "shop-${function.name}"
	}
	var manifest strings.Builder
	fmt.Fprintf(&manifest, "bundle {\n  name  = \"shop\"\n  layer = %q\n  blind = %t\n}\nenvironment \"local\" { embedded = \"seed.json\" }\n", layer, w.Blind)
	keys := []map[string]string{{"alias": "alias/parameters"}}
	var parameters []map[string]string
	for f := range w.Functions {
		alias := fmt.Sprintf("alias/f%d", f)
		keys = append(keys, map[string]string{"alias": alias})
		fmt.Fprintf(&manifest, "function \"function-%05d\" {\n  kms_key = %q\n", f, alias)
		for i := range w.Secrets {
			fmt.Fprintf(&manifest, "  secret \"SECRET_%03d\" { parameter = %q }\n", i, w.parameter(f, i))
			parameters = append(parameters, map[string]string{
				"name": w.parameter(f, i), "type": "SecureString", "key_id": "alias/parameters", "tier": "Standard", "value": strings.Repeat("not-a-real-value", 2),
			})
		}
		manifest.WriteString("}\n")
	}
	seed, err := json.Marshal(map[string]any{"keys": keys, "parameters": parameters})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"secrets.hcl": []byte(manifest.String()), "seed.json": seed} {
		if err := os.WriteFile(filepath.Join(w.dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// put puts a new version of one parameter.
func (w world) put(t *testing.T) {
	t.Helper()
	cmd := exec.Command(w.program, "local", "put", "--key", "alias/parameters", w.parameter(0, 0))
	cmd.Dir, cmd.Stdin = w.dir, strings.NewReader(strings.Repeat("another-value-00", 2))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// run runs bundle and returns its calls, of all targets together.
func (w world) run(t *testing.T, args ...string) calls {
	t.Helper()
	cmd := exec.Command(w.program, args...)
	cmd.Dir = w.dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stderr.Bytes())
	}
	var answer struct {
		Targets []struct {
			Result struct {
				Calls calls `json:"aws_calls"`
			}
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	all := calls{}
	for _, target := range answer.Targets {
		for name, n := range target.Result.Calls {
			all[name] += n
		}
	}
	return all
}
