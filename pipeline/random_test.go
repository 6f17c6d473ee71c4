package pipeline_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// check is rapid.Check with fewer rounds, unless -rapid.checks asks for more.
func check(t *testing.T, rounds string, property func(*rapid.T)) {
	t.Helper()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := flag.Set("rapid.checks", rounds); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set("rapid.checks", f.DefValue) }()
	}
	rapid.Check(t, property)
}

// A shop is an embedded AWS, and a manifest that is written from functions.
type shop struct {
	*vault
	cfg       aws.Config
	values    map[string]string // of the parameters, and of the secrets of Secrets Manager by their names after inSecrets
	before    map[string]string // the values of the versions at AWSPREVIOUS
	functions []*shopFunction
}

type shopFunction struct {
	name, alias  string
	blind, paths bool              // paths: it imports everything below /shop/dir
	secrets      map[string]string // the parameters, by name of the secret; with a field after #
}

// inSecrets begins what is in Secrets Manager.
const inSecrets = "secretsmanager:"

// the world of a shop: parameters and keys, used or not. A value is long enough for parts, another one is JSON.
func newShop(t *testing.T, r *rapid.T) *shop {
	t.Helper()
	values := map[string]string{
		"/shop/p0": "not-a-real-value-0", "/shop/p1": "not \"a\" real value é", "/shop/p2": "not-a-real-value-2", "/shop/p3": strings.Repeat("not a real value ", 150),
		"/shop/json": `{"user": "not-a-real-user", "password": "not-a-real-password"}`, "/shop/dir/x0": "not-a-real-x0", "/shop/dir/x1": "not-a-real-x1",
		inSecrets + "shop/s0": "not-a-real-secret", inSecrets + "shop/json": `{"user": "not-a-real-kept-user", "password": "not-a-real-kept-password"}`,
	}
	s := newSample()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if kept, ok := strings.CutPrefix(name, inSecrets); ok {
			s.keep(kept, values[name])
		} else {
			s.put(name, values[name])
		}
	}
	for i := range 4 {
		s.key(fmt.Sprintf("alias/f%d", i))
	}
	w := newVault(t, s)
	id, key := w.server.Credentials()
	cfg, err := awsclient.New(t.Context(), awsclient.Options{
		Region: awslocal.Region, EndpointURL: w.url, Local: true, Static: &awsclient.Static{ID: id, Key: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.APIOptions = nil // they allow only the calls of bundle
	all := &shop{vault: w, cfg: cfg, values: values, before: map[string]string{}}
	for i := range rapid.IntRange(1, 3).Draw(r, "functions") {
		all.add(r, i)
	}
	return all
}

func (s *shop) close() { _ = s.server.Close() }

// add adds the function with the key alias/fN.
func (s *shop) add(r *rapid.T, n int) {
	f := &shopFunction{name: fmt.Sprintf("f%d", n), alias: fmt.Sprintf("alias/f%d", n), secrets: map[string]string{}}
	f.blind, f.paths = rapid.Bool().Draw(r, "blind"), rapid.IntRange(0, 2).Draw(r, "paths") == 0
	for range rapid.IntRange(1, 4).Draw(r, "secrets") {
		f.draw(r)
	}
	s.functions = append(s.functions, f)
}

// draw adds a secret, or replaces one.
func (f *shopFunction) draw(r *rapid.T) {
	from := []string{"/shop/p0", "/shop/p1", "/shop/p2", "/shop/p3", "/shop/json"}
	if !f.blind {
		from = append(from, "/shop/json#user", "/shop/json#password", inSecrets+"shop/s0", inSecrets+"shop/json", inSecrets+"shop/json#user", inSecrets+"shop/json#password")
	}
	name := fmt.Sprintf("S%d", rapid.IntRange(0, 5).Draw(r, "secret"))
	f.secrets[name] = rapid.SampledFrom(from).Draw(r, "parameter")
}

// write writes the manifest, with functions and secrets in any order.
func (s *shop) write(t *testing.T, r *rapid.T) {
	t.Helper()
	var b strings.Builder
	b.WriteString("bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"sample.json\" }\n")
	for _, f := range rapid.Permutation(s.functions).Draw(r, "order") {
		fmt.Fprintf(&b, "function %q {\n  kms_key = %q\n  blind = %t\n", f.name, f.alias, f.blind)
		for _, name := range rapid.Permutation(slices.Sorted(maps.Keys(f.secrets))).Draw(r, "order") {
			parameter, field, _ := strings.Cut(f.secrets[name], "#")
			attribute := "parameter"
			if kept, ok := strings.CutPrefix(parameter, inSecrets); ok {
				attribute, parameter = "secretsmanager", kept
			}
			fmt.Fprintf(&b, "  secret %q {\n    %s = %q\n", name, attribute, parameter)
			if field != "" {
				fmt.Fprintf(&b, "    field = %q\n", field)
			}
			b.WriteString("  }\n")
		}
		if f.paths {
			b.WriteString("  parameters {\n    path = \"/shop/dir\"\n    prefix = \"X_\"\n  }\n")
		}
		b.WriteString("}\n")
	}
	if err := os.WriteFile(s.manifest, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// want returns what a function opens to.
func (s *shop) want(f *shopFunction) map[string]string {
	all := map[string]string{}
	for name, from := range f.secrets {
		parameter, field, _ := strings.Cut(from, "#")
		all[name] = s.values[parameter]
		if field != "" {
			var members map[string]string
			_ = json.Unmarshal([]byte(all[name]), &members)
			all[name] = members[field]
		}
	}
	for name, value := range s.values {
		if base, ok := strings.CutPrefix(name, "/shop/dir/"); ok && f.paths {
			all["X_"+strings.ToUpper(base)] = value
		}
	}
	return all
}

// change changes one thing, in the manifest or in AWS.
func (s *shop) change(t *testing.T, r *rapid.T) {
	t.Helper()
	f := rapid.SampledFrom(s.functions).Draw(r, "function")
	name := rapid.SampledFrom([]string{"/shop/p0", "/shop/p1", "/shop/p2", "/shop/p3", "/shop/json", "/shop/dir/x0", "/shop/dir/x1", "/shop/dir/x2", inSecrets + "shop/s0", inSecrets + "shop/json"}).Draw(r, "name")
	switch what := rapid.SampledFrom([]string{"put", "delete", "recreate", "alias", "more", "less", "rename", "secret", "move", "mode", "paths", "back"}).Draw(r, "change"); what {
	case "put":
		s.putValue(t, r, name)
	case "delete", "recreate":
		if _, ok := s.values[name]; ok {
			if kept, ok := strings.CutPrefix(name, inSecrets); ok {
				s.remove(t, kept, true)
			} else if _, err := ssm.NewFromConfig(s.cfg).DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: &name}); err != nil {
				t.Fatal(err)
			}
			delete(s.values, name)
		}
		if what == "recreate" {
			s.putValue(t, r, name)
		}
	case "back":
		s.back(t, strings.TrimPrefix(name, inSecrets))
	case "alias":
		(&fresh{s.world, s.cfg}).move(t, f.alias)
	case "more":
		n := slices.IndexFunc([]int{0, 1, 2, 3}, func(n int) bool {
			return !slices.ContainsFunc(s.functions, func(f *shopFunction) bool { return f.alias == fmt.Sprintf("alias/f%d", n) })
		})
		if n >= 0 {
			s.add(r, n)
		}
	case "less":
		if len(s.functions) > 1 {
			s.functions = slices.DeleteFunc(s.functions, func(other *shopFunction) bool { return other == f })
		}
	case "rename":
		if strings.HasSuffix(f.name, "-new") {
			f.name = strings.TrimSuffix(f.name, "-new")
		} else {
			f.name += "-new"
		}
	case "secret":
		f.draw(r)
	case "move":
		to := rapid.SampledFrom(s.functions).Draw(r, "to")
		for name, from := range f.secrets {
			if len(f.secrets) > 1 && (!to.blind || !strings.Contains(from, "#") && !strings.HasPrefix(from, inSecrets)) {
				delete(f.secrets, name)
				to.secrets[name] = from
			}
			break
		}
	case "mode":
		f.blind = !f.blind
		for name, from := range f.secrets {
			f.secrets[name], _, _ = strings.Cut(strings.TrimPrefix(from, inSecrets), "#")
			if f.secrets[name] == "shop/s0" || f.secrets[name] == "shop/json" {
				f.secrets[name] = "/shop/p0"
			}
		}
	case "paths":
		f.paths = !f.paths
	}
}

func (s *shop) putValue(t *testing.T, r *rapid.T, name string) {
	t.Helper()
	value := fmt.Sprintf("not-a-real-value-%d", rapid.IntRange(0, 1<<30).Draw(r, "value"))
	if strings.HasSuffix(name, "shop/json") {
		value = `{"user": "` + value + `", "password": "not-a-real-password"}`
	}
	if kept, ok := strings.CutPrefix(name, inSecrets); ok {
		s.keepValue(t, kept, value)
		s.values[name] = value
		return
	}
	_, err := ssm.NewFromConfig(s.cfg).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: types.ParameterTypeSecureString, KeyId: aws.String("alias/parameters"), Overwrite: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.values[name] = value
}

// keepValue puts a secret of Secrets Manager.
func (s *shop) keepValue(t *testing.T, name, value string) {
	t.Helper()
	was, ok := s.values[inSecrets+name]
	if ok {
		s.before[name] = was
		s.vault.change(t, name, value)
		return
	}
	delete(s.before, name)
	if _, err := s.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value}); err != nil {
		t.Fatal(err)
	}
}

// back moves AWSCURRENT to the version before, and AWSPREVIOUS to the one that was current.
func (s *shop) back(t *testing.T, name string) {
	t.Helper()
	if _, ok := s.before[name]; !ok || s.values[inSecrets+name] == "" {
		return
	}
	found, err := s.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &name})
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	for id, stages := range found.VersionIdsToStages {
		for _, stage := range stages {
			at[stage] = id
		}
	}
	s.move(t, name, at["AWSCURRENT"], at["AWSPREVIOUS"])
	s.before[name], s.values[inSecrets+name] = s.values[inSecrets+name], s.before[name]
}

// TestPlanSaysWhatBuildDoes changes a manifest and its AWS at random. Each time, plan and build agree on what changes and why, or on
// every problem; the documents are those that the plan says, carried over byte for byte or new; and they open to the values that the
// parameters have, as those of a full build do.
func TestPlanSaysWhatBuildDoes(t *testing.T) {
	check(t, "20", func(r *rapid.T) {
		s := newShop(t, r)
		defer s.close()
		var previous *layerbuild.Layer
		for range rapid.IntRange(2, 5).Draw(r, "steps") {
			s.write(t, r)
			previous = s.step(t, r, previous)
			for range rapid.IntRange(0, 3).Draw(r, "changes") {
				s.change(t, r)
			}
		}
	})
}

// step plans and builds, and returns the new layer, or the previous one if both fail.
func (s *shop) step(t *testing.T, r *rapid.T, previous *layerbuild.Layer) *layerbuild.Layer {
	t.Helper()
	b, _, err := s.build().pipeline(t.Context(), previous)
	if err != nil {
		r.Fatal(err)
	}
	b.Reseal = rapid.IntRange(0, 5).Draw(r, "reseal") == 0
	foreseen, foreseenProblems := planned(t.Context(), b)
	built, problems := b.Run(t.Context())
	if len(problems)+len(foreseenProblems) > 0 {
		if diff := cmp.Diff(unnumbered(foreseenProblems), unnumbered(problems)); diff != "" {
			r.Fatalf("problems of the plan and of the build:\n%s", diff)
		}
		return previous
	}
	if diff := cmp.Diff(described(foreseen.Changes), described(built.Changes)); diff != "" {
		r.Fatalf("-plan +build:\n%s", diff)
	}
	if carry := func(c plan.Change) bool { return c.Action == plan.Carry }; b.Reseal && slices.ContainsFunc(built.Changes, carry) {
		r.Fatal("a document is carried over in spite of Reseal")
	}
	s.checkDocuments(r, foreseen.Changes, previous, built)

	full, _, err := s.build().pipeline(t.Context(), nil)
	if err != nil {
		r.Fatal(err)
	}
	whole, problems := full.Run(t.Context())
	if len(problems) > 0 {
		r.Fatal(problemsError(problems))
	}
	for _, result := range []*pipeline.Built{built, whole} {
		layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents})
		if len(problems) > 0 {
			r.Fatal(problemsError(problems))
		}
		for _, f := range s.functions {
			got, err := open(t, s.world, layer, f.name)
			if err != nil || !maps.Equal(got, s.want(f)) {
				r.Fatalf("%s opens to other values than the parameters have: %d of %d, %v", f.name, len(got), len(s.want(f)), err)
			}
		}
	}
	return &layerbuild.Layer{Documents: built.Documents}
}

// unnumbered is what problems say, without the numbers of requests.
func unnumbered(problems problem.Problems) string {
	return regexp.MustCompile(`request id [0-9a-f-]+`).ReplaceAllString(fmt.Sprintf("%+v", problems), "request id")
}

// described is what a plan shows of changes.
func described(changes []plan.Change) (lines []string) {
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%s %s %v under %s", c.Name, c.Action, c.Reasons, c.Want.Key))
	}
	return lines
}

// checkDocuments holds the documents of a build to a plan.
func (s *shop) checkDocuments(r *rapid.T, changes []plan.Change, previous *layerbuild.Layer, built *pipeline.Built) {
	old, now := map[string][]byte{}, map[string][]byte{}
	if previous != nil {
		for _, d := range previous.Documents {
			old[d.Header.Name] = d.Bytes()
		}
	}
	for _, d := range built.Documents {
		now[d.Header.Name] = d.Bytes()
	}
	for _, c := range changes {
		date(&c, built.Documents)
		was, is := old[c.Name], now[c.Name]
		delete(old, c.Name)
		delete(now, c.Name)
		head := append(c.Want.Header.Identity(), "box "...)
		ok := false
		switch c.Action {
		case plan.Add:
			ok = was == nil && bytes.HasPrefix(is, head)
		case plan.Reseal:
			ok = was != nil && bytes.HasPrefix(is, head) && !bytes.Equal(was, is) && len(c.Reasons) > 0
		case plan.Carry:
			ok = was != nil && bytes.Equal(was, is) && bytes.HasPrefix(is, head)
		case plan.Remove:
			ok = was != nil && is == nil
		}
		if c.Action != plan.Remove && !bytes.Contains(is, []byte("\nkey "+c.Want.Key+"\n")) {
			ok = false
		}
		if !ok {
			r.Fatalf("%s: the plan says %s (%v), and the document is\n%s\nwas\n%s", c.Name, c.Action, c.Reasons, is, was)
		}
	}
	if len(old)+len(now) > 0 {
		r.Fatalf("the plan says nothing of %v and %v", slices.Sorted(maps.Keys(old)), slices.Sorted(maps.Keys(now)))
	}
}

// date fills in the dates of versions of Secrets Manager that a plan does not know: those that are new in a document.
func date(c *plan.Change, documents []*sealed.Document) {
	for _, d := range documents {
		for i, s := range c.Want.Header.Sources {
			if is, ok := d.Header.Source(s.Secret); ok && d.Header.Name == c.Name && s.ID == is.ID && s.ID != "" && s.Modified.IsZero() {
				c.Want.Header.Sources[i].Modified = is.Modified
			}
		}
	}
}

// A certain key always encrypts the same to the same, so that layers can be compared. What it returns does not open.
type certain struct{ pipeline.Keys }

func (certain) Encrypt(_ context.Context, key string, box secret.Value, context map[string]string) ([]byte, error) {
	return digest(key, box.Reveal(), context), nil
}

type certainBlind struct{ pipeline.BlindKeys }

func (certainBlind) ReEncrypt(_ context.Context, m seal.Move) ([]byte, error) {
	return digest(m.To, m.Ciphertext, m.Context), nil
}

func digest(key string, content []byte, context map[string]string) []byte {
	text, _ := json.Marshal(context) // sorted
	sum := sha256.Sum256([]byte(key + string(text) + base64.StdEncoding.EncodeToString(content)))
	return sum[:]
}

// TestLayersDependOnNothingElse builds a manifest several times, with its functions and secrets in another order, at another pace,
// and with replies that arrive in another order: the layer has the same bytes.
func TestLayersDependOnNothingElse(t *testing.T) {
	check(t, "15", func(r *rapid.T) {
		s := newShop(t, r)
		defer s.close()
		var first []byte
		for range 4 {
			s.write(t, r)
			s.server.ClearFaults()
			for range rapid.IntRange(0, 12).Draw(r, "slow") {
				s.server.Inject(awslocal.Fault{Kind: awslocal.Slow, Nth: rapid.IntRange(1, 30).Draw(r, "call"), Delay: time.Duration(rapid.IntRange(1, 6).Draw(r, "ms")) * time.Millisecond})
			}
			b, _, err := s.build().pipeline(t.Context(), nil)
			if err != nil {
				r.Fatal(err)
			}
			b.Parameters, b.Blind.Parameters = storesOf(s.cfg, param.Options{Account: awslocal.Account, TPS: new(float64), Concurrency: rapid.IntRange(1, 8).Draw(r, "at once")})
			b.Keys, b.Blind.Keys = certain{b.Keys}, certainBlind{b.Blind.Keys}
			built, problems := b.Run(t.Context())
			if len(problems) > 0 {
				r.Fatal(problemsError(problems))
			}
			layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: built.Documents})
			if len(problems) > 0 {
				r.Fatal(problemsError(problems))
			}
			if first == nil {
				first = layer
			}
			if !bytes.Equal(first, layer) {
				r.Fatal("the layers differ")
			}
		}
	})
}
