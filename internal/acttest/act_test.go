package acttest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

// A world is a repository that has adopted the action, and act to run its workflows on
// this machine. Actions of others are not available here: testdata has a replacement
// for each, which does the same with a folder.
type world struct {
	act, dir, shop string
	discussion     discussion
	env, args      []string
}

// pinned is what the repository calls the action by.
const pinned = "0123456789abcdef0123456789abcdef01234567"

func newWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("runs whole workflows, with bash")
	}
	w := &world{act: needs.Program(t, "act", "go install github.com/nektos/act@v0.2.89"), dir: t.TempDir()}
	needs.Program(t, "jq", "Debian: apt-get install jq")
	needs.Program(t, "curl", "Debian: apt-get install curl")
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	checkout := w.path("checkout")
	for name := range strings.Lines(command{dir: filetest.Root(t)}.must(t, "git", "ls-files", "-co", "--exclude-standard")) {
		if strings.Contains(name, "/testdata/") || strings.Contains(name, "_test.go") {
			continue // act copies all of it for every job
		}
		copyFile(t, filepath.Join(filetest.Root(t), strings.TrimSpace(name)), filepath.Join(checkout, strings.TrimSpace(name)))
	}
	w.shop = w.path("shop")
	command{}.must(t, bash(t), filepath.Join(testdata, "repository"), checkout, pinned, w.path("state"), w.shop)
	w.env = []string{
		"HOME=" + w.path("home"), "XDG_CONFIG_HOME=" + w.path("home"), "XDG_CACHE_HOME=" + w.path("cache"),
		"PATH=" + filepath.Join(testdata, "bin") + ":" + os.Getenv("PATH"), "ACTTEST_NOTES=" + w.path("notes"), "ACTTEST_BUILT=" + w.path("built"),
		"ACTTEST_ARTIFACTS=" + w.path("artifacts"), "ACTTEST_GITHUB=" + w.discussion.serve(t),
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"} {
		w.env = append(w.env, name+"="+strings.TrimSpace(command{}.must(t, "go", "env", name)))
	}
	// One job at a time: with --local-repository, act v0.2.89 reads and writes a map of all jobs without a lock.
	w.args = []string{"--platform", "ubuntu-latest=-self-hosted", "--no-cache-server", "--concurrent-jobs=1", "--use-gitignore=false", "--secret", "GITHUB_TOKEN=" + token,
		"--local-repository", "whispering/bundle@" + pinned + "=" + checkout}
	for _, uses := range usedActions(t) {
		name, _, _ := strings.Cut(filepath.Base(uses), "@")
		w.args = append(w.args, "--local-repository", uses+"="+filepath.Join(testdata, name))
	}
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if os.IsNotExist(err) {
		return // deleted and not yet committed
	}
	if err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, to, filetest.Read(t, from))
	if err := os.Chmod(to, info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
}

// usedActions are the actions of others in the workflows, but for the checkout,
// which act does by itself.
func usedActions(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, name := range []string{"secrets", "layer", "staleness"} {
		for _, uses := range regexp.MustCompile(`uses: (\S+@\S+)`).FindAllStringSubmatch(filetest.Read(t, filepath.Join(filetest.Root(t), ".github/workflows", name+".yml")), -1) {
			if !strings.HasPrefix(uses[1], "actions/checkout@") {
				all = append(all, uses[1])
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A result is what a run of a workflow has said: for each job, by its name, the
// values of each output of its steps, each once.
type result struct {
	log     string
	outputs map[string]map[string][]string
}

var setOutput = regexp.MustCompile(`(?m)^\[[\w/-]+/(\w+ \w+)[^\]]*\].*::set-output:: ([\w-]+)=(.+)$`)

// run runs a workflow for an event.
func (w *world) run(t *testing.T, workflow, event, payload string, args ...string) result {
	t.Helper()
	log, code := w.start(t, workflow, event, payload, args...)
	if code != 0 {
		t.Fatalf("%s: exit code %d\n%s", workflow, code, log)
	}
	r := result{log, map[string]map[string][]string{}}
	for _, m := range setOutput.FindAllStringSubmatch(r.log, -1) {
		job := r.outputs[m[1]]
		if job == nil {
			job = map[string][]string{}
			r.outputs[m[1]] = job
		}
		if !slices.Contains(job[m[2]], m[3]) {
			job[m[2]] = append(job[m[2]], m[3])
		}
	}
	if strings.Contains(r.log, "not-a-real-staging") || strings.Contains(r.log, "not-a-real-prod") {
		t.Error("a secret is in the log")
	}
	return r
}

// start runs a workflow, and returns its log and its exit code.
func (w *world) start(t *testing.T, workflow, event, payload string, args ...string) (log string, code int) {
	t.Helper()
	for _, folder := range []string{"artifacts", "notes"} {
		if err := os.RemoveAll(w.path(folder)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(w.path(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	filetest.Write(t, w.path("event.json"), payload)
	args = slices.Concat([]string{event, "--workflows", ".github/workflows/" + workflow + ".yml", "--eventpath", w.path("event.json")}, w.args, args)
	log, stderr, code := command{w.shop, w.env}.run(t, w.act, args...)
	return log + stderr, code
}

// one returns an output that a job has given one value.
func (r result) one(t *testing.T, job, output string) string {
	t.Helper()
	if values := r.outputs[job][output]; len(values) == 1 {
		return values[0]
	}
	t.Fatalf("job %q has given %s the values %q:\n%s", job, output, r.outputs[job][output], r.log)
	return ""
}

func pullRequest(head string) string {
	return fmt.Sprintf(`{"pull_request": {"number": 7, "head": {"ref": "change", "repo": {"full_name": %q}},
		"base": {"ref": "main", "repo": {"full_name": "owner/shop"}}}, "repository": {"full_name": "owner/shop"}}`, head)
}

// TestWorkflowsInARepositoryOfTheirOwn is the story of a repository that copies
// the workflows: a plan on a pull request, a build and its layer on main, the same
// again, and a night in which a parameter has changed.
func TestWorkflowsInARepositoryOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	const theirs = "<!-- bundle plan -->\nI am not the plan."
	w.discussion.say("somebody", "Looks good.")
	w.discussion.say("somebody", theirs)
	w.discussion.say("github-actions[bot]x", theirs)

	own, push := pullRequest("owner/shop"), `{"ref": "refs/heads/main", "repository": {"full_name": "owner/shop"}}`
	w.run(t, "secrets", "pull_request", own)
	for _, environment := range []string{"staging", "prod"} {
		want := "environment `" + environment + "` in `us-east-1`: 1 function to add, 0 to reseal, 0 to remove, 0 unchanged\n\n" +
			"| function | change | what |\n|---|---|---|\n| `checkout` | **add** | 1 secret under `alias/" + environment + "-checkout`, pack |\n" +
			"| | | `DB_PASSWORD`: version 1 of `/" + environment + "/shop/db` |\n"
		if text := w.discussion.plan(t); !strings.HasPrefix(text, "<!-- bundle plan -->\n\n") || !strings.Contains(text, want) {
			t.Errorf("of %s, the comment says\n%s", environment, text)
		}
	}

	first := w.run(t, "secrets", "push", push)
	sums := map[string]string{}
	for _, environment := range []string{"staging", "prod"} {
		sums[environment] = first.one(t, "build "+environment, "sha256")
		carried := fmt.Sprintf("%x", sha256.Sum256([]byte(filetest.Read(t, w.path("artifacts/layer-"+environment+".us-east-1/layer.zip")))))
		if published := first.one(t, "publish "+environment, "sha256"); published != sums[environment] || carried != published {
			t.Errorf("%s: built %s, handed over %s, published %s", environment, sums[environment], carried, published)
		}
		if arn := first.one(t, "publish "+environment, "layer-version-arn"); arn != "arn:aws:lambda:us-east-1:000000000000:layer:shop-"+environment+":1" {
			t.Errorf("%s: published %s", environment, arn)
		}
		if first.one(t, "build "+environment, "changed") != "true" || first.one(t, "publish "+environment, "changed") != "true" {
			t.Errorf("%s: nothing changed", environment)
		}
	}
	if attested := filetest.Read(t, w.path("notes/attested")); attested != sums["staging"]+"  -\n" {
		t.Errorf("attested %q, not %s", attested, sums["staging"])
	}
	if verified := filetest.Read(t, w.path("notes/verified")); !strings.HasPrefix(verified, "attestation verify layer.zip --repo owner/shop --source-digest ") ||
		!strings.HasSuffix(verified, " --signer-workflow owner/shop/.github/workflows/layer.yml\n") || strings.Count(verified, "\n") != 1 {
		t.Errorf("verified %q", verified)
	}
	if roles := strings.Fields(filetest.Read(t, w.path("notes/roles"))); !slices.Equal(roles, []string{"build", "arn:aws:iam::111111111111:role/shop-build", "publish", "arn:aws:iam::111111111111:role/shop-publish"}) {
		t.Errorf("roles %q", roles)
	}

	copyFile(t, w.path("artifacts/layer-prod.us-east-1/layer.zip"), w.path("first.zip"))
	second := w.run(t, "secrets", "push", push, "--matrix", "environment:staging")
	for _, job := range []string{"build staging", "publish staging"} {
		if second.one(t, job, "changed") != "false" || second.one(t, job, "sha256") != sums["staging"] {
			t.Errorf("%s changed:\n%s", job, second.log)
		}
	}
	if arn := second.one(t, "publish staging", "layer-version-arn"); !strings.HasSuffix(arn, ":shop-staging:1") {
		t.Errorf("published %s", arn)
	}

	w.run(t, "secrets", "pull_request", own)
	if text := w.discussion.plan(t); text != "<!-- bundle plan -->\n**bundle plan**: no changes in prod staging\n" {
		t.Errorf("where nothing changes, the comment says\n%s", text)
	}
	if d := &w.discussion; d.comments[1].Body != theirs || d.comments[2].Body != theirs || !slices.Equal(d.requests, []string{"GET", "GET", "POST", "GET", "GET", "GET", "PATCH"}) {
		t.Errorf("comments: %+v; requests: %q", d.comments, d.requests)
	}

	w.stranger(t)
	w.night(t)
	w.exchange(t, push)
	w.functions(t, push)
}

// functions: each function gets its own layer, and a job builds both.
func (w *world) functions(t *testing.T, push string) {
	edit := func(name, old, replacement string) {
		t.Helper()
		before := filetest.Read(t, w.path("shop/"+name))
		if !strings.Contains(before, old) {
			t.Fatalf("%s has no %q", name, old)
		}
		filetest.Write(t, w.path("shop/"+name), strings.Replace(before, old, replacement, 1))
	}
	edit("secrets.hcl", `"shop-${environment.name}"`, `"shop-${environment.name}-${function.name}"`)
	filetest.Write(t, w.path("shop/secrets.hcl"), filetest.Read(t, w.path("shop/secrets.hcl"))+
		"function \"worker\" {\n  secret \"DB_PASSWORD\" { parameter = \"/${environment.name}/shop/db\" }\n}\n")
	edit(".github/workflows/secrets.yml", "          environment: |\n            staging\n            prod\n", "          environment: staging\n          max: 1\n")
	w.env = slices.DeleteFunc(w.env, func(entry string) bool { return strings.HasPrefix(entry, "ACTTEST_EXCHANGE=") })
	w.run(t, "secrets", "push", push)
	layers := 0
	for _, function := range []string{"checkout", "worker"} {
		sum := sha256.Sum256([]byte(filetest.Read(t, w.path("artifacts/layer-staging.us-east-1/layer-"+function+".zip"))))
		if strings.Contains(filetest.Read(t, w.path("notes/attested")), fmt.Sprintf("%x", sum)) {
			layers++
		}
	}
	if verified := filetest.Read(t, w.path("notes/verified")); layers != 2 || strings.Count(verified, "attestation verify layer-") != 2 {
		t.Errorf("%d layers; verified %q", layers, verified)
	}
	out := command{dir: w.shop, env: w.env}.must(t, "go", "-C", filetest.Root(t), "run", "./cmd/bundle", "status", "--manifest", w.path("shop/secrets.hcl"), "--env", "staging")
	if !strings.Contains(out, "layer:shop-staging-checkout:1") || !strings.Contains(out, "layer:shop-staging-worker:1") || strings.Contains(out, "stale=true") {
		t.Errorf("published:\n%s", out)
	}
}

// exchange: between the jobs, somebody puts the layer of another day into the
// place of what was built.
func (w *world) exchange(t *testing.T, push string) {
	w.env = append(w.env, "ACTTEST_EXCHANGE="+w.path("first.zip"))
	log, code := w.start(t, "secrets", "push", push, "--matrix", "environment:prod")
	if code == 0 || !strings.Contains(log, "Layer has another digest") || strings.Contains(log, "::set-output:: arn=") {
		t.Errorf("an exchanged layer: exit code %d\n%s", code, log)
	}
}

// stranger: a pull request from a fork is planned offline, and not commented on.
func (w *world) stranger(t *testing.T) {
	said := len(w.discussion.requests)
	r := w.run(t, "secrets", "pull_request", pullRequest("stranger/shop"), "--matrix", "environment:staging")
	if !strings.Contains(r.log, "planning without AWS calls or credentials") || !strings.Contains(r.log, "Summary - **bundle plan**") ||
		!strings.Contains(r.log, "(offline: ") {
		t.Errorf("a stranger's pull request:\n%s", r.log)
	}
	if len(w.discussion.requests) != said {
		t.Error("a stranger's pull request was commented on")
	}
	if _, err := os.Stat(w.path("notes/roles")); err == nil {
		t.Error("a stranger's pull request has a role")
	}
}

// night: of two layers, the one whose parameter was put is built again.
func (w *world) night(t *testing.T) {
	value := w.path("value")
	filetest.Write(t, value, "not-a-real-prod-password-2")
	command{dir: filetest.Root(t), env: w.env}.must(t, "go", "run", "./cmd/bundle", "local", "put", "--data", w.path("state"), "--env", "prod", "--key", "alias/prod-checkout", "--from", value, "/prod/shop/db")
	r := w.run(t, "staleness", "schedule", `{"repository": {"full_name": "owner/shop"}}`)
	if stale := r.one(t, "status staging", "stale"); stale != "false" || r.outputs["status staging"]["layer-version-arn"] != nil {
		t.Errorf("staging is stale: %s\n%s", stale, r.log)
	}
	if arn := r.one(t, "status prod", "layer-version-arn"); r.one(t, "status prod", "stale") != "true" || !strings.HasSuffix(arn, ":shop-prod:2") {
		t.Errorf("prod was published as %s\n%s", arn, r.log)
	}
}
