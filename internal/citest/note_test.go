package citest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

// A note is one of a merge request.
type note struct {
	ID     int    `json:"id"`
	Body   string `json:"body"`
	Author struct {
		ID int `json:"id"`
	} `json:"author"`
}

// A discussion is the notes of merge request 7 of project 1, as GitLab's API has them
// (https://docs.gitlab.com/api/notes/#merge-requests).
type discussion struct {
	mu       sync.Mutex
	notes    []note
	requests []string
}

const (
	noteToken = "not-a-real-project-token"
	me        = 42
)

func (d *discussion) say(author int, body string) note {
	n := note{ID: 100 + len(d.notes), Body: body}
	n.Author.ID = author
	d.notes = append(d.notes, n)
	return n
}

func (d *discussion) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = append(d.requests, r.Method+" "+r.URL.Path)
	const notes = "/api/v4/projects/1/merge_requests/7/notes"
	switch {
	case r.Header.Get("PRIVATE-TOKEN") != noteToken:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodGet && r.URL.Path == "/api/v4/user":
		_ = json.NewEncoder(w).Encode(map[string]any{"id": me, "username": "project_1_bot"})
	case r.Method == http.MethodGet && r.URL.Path == notes:
		_ = json.NewEncoder(w).Encode(d.notes)
	case r.Method == http.MethodPost && r.URL.Path == notes:
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(d.say(me, r.FormValue("body")))
	case r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, notes+"/"):
		i := slices.IndexFunc(d.notes, func(n note) bool { return strings.HasSuffix(r.URL.Path, "/"+strconv.Itoa(n.ID)) && n.Author.ID == me })
		if i < 0 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		d.notes[i].Body = r.FormValue("body")
		_ = json.NewEncoder(w).Encode(d.notes[i])
	default:
		http.NotFound(w, r)
	}
}

// TestThePlanBecomesOneNote runs the job that writes the note for three pipelines.
func TestThePlanBecomesOneNote(t *testing.T) {
	needs.Program(t, "jq", "Debian: apt-get install jq")
	w := &world{bin: t.TempDir()}
	d := &discussion{}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	const theirs = "<!-- bundle plan dev -->\n\nI am not the plan."
	d.say(1, "Looks good.")
	d.say(2, theirs)
	j := gitlab(t)["note"].traced()
	env := []string{"CI_API_V4_URL=" + server.URL + "/api/v4", "CI_MERGE_REQUEST_PROJECT_ID=1", "CI_MERGE_REQUEST_IID=7", "BUNDLE_NOTE_TOKEN=" + noteToken}
	for _, plan := range []string{"**one**: 1 function to add\n", "**two** with \"quotes\", %25 & a + b; `$(id)`\n\né\n", "**three**\n"} {
		made := j
		made.steps = []string{"cat >bundle-plan-dev.md <<'THE-PLAN'\n" + plan + "THE-PLAN\n" + j.steps[0]}
		if o := w.run(t, made, env, noteToken); o.code != 0 {
			t.Fatalf("exit code %d\n%s", o.code, o.log)
		}
		if want := "<!-- bundle plan dev -->\n\n" + plan; len(d.notes) != 3 || d.notes[2].Body != want || d.notes[1].Body != theirs {
			t.Errorf("notes %+v, want %q", d.notes, want)
		}
	}
	for what, env := range map[string][]string{
		"another token":     append(slices.Clone(env), "BUNDLE_NOTE_TOKEN=expired"),
		"no GitLab":         append(slices.Clone(env), "CI_API_V4_URL=http://127.0.0.1:1"),
		"no merge request":  append(slices.Clone(env), "CI_MERGE_REQUEST_IID=8"),
		"a plan that fails": env, // and so has no file
	} {
		made := j
		if what != "a plan that fails" {
			made.steps = []string{"echo plan >bundle-plan-dev.md\n" + j.steps[0]}
		}
		if o := w.run(t, made, env, noteToken, "expired"); o.code == 0 || len(d.notes) != 3 {
			t.Errorf("%s: exit code %d, %d notes\n%s", what, o.code, len(d.notes), o.log)
		}
	}
}

// TestOnlyTheNoteHasItsToken: jobs that run what a merge request wrote do not mention the token, and the job that has it checks
// nothing out.
func TestOnlyTheNoteHasItsToken(t *testing.T) {
	text := example(t, "gitlab/templates/bundle/template.yml")
	for name, j := range gitlab(t) {
		if uses := strings.Contains(strings.Join(j.steps, "\n"), "BUNDLE_NOTE_TOKEN"); uses != (name == "note") {
			t.Errorf("%s uses the token: %t", name, uses)
		}
	}
	if strings.Contains(text, "CI_JOB_TOKEN") || !slices.Contains(gitlab(t)["note"].env, "GIT_STRATEGY=none") {
		t.Error("the note uses another token, or its job checks something out")
	}
	if strings.Contains(filetest.Read(t, filepath.Join(filetest.Root(t), "docs/ci/gitlab.md")), "BUNDLE_NOTE_TOKEN=") {
		t.Error("the page shows a token")
	}
}
