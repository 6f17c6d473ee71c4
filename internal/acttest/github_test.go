package acttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A comment is one of a pull request.
type comment struct {
	ID   int    `json:"id"`
	Body string `json:"body"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// A discussion is the comments of pull request 7 of owner/shop, as GitHub's API
// has them (https://docs.github.com/en/rest/issues/comments).
type discussion struct {
	mu       sync.Mutex
	comments []comment
	requests []string
}

const token = "not-a-real-token"

func (d *discussion) say(login, body string) {
	c := comment{ID: 100 + len(d.comments), Body: body}
	c.User.Login = login
	d.comments = append(d.comments, c)
}

// plan returns the comments that the workflow has written.
func (d *discussion) plan(t *testing.T) string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, c := range d.comments {
		if c.User.Login == "github-actions[bot]" {
			all = append(all, c.Body)
		}
	}
	if len(all) != 1 {
		t.Fatalf("there are %d comments with plans: %q", len(all), all)
	}
	return all[0]
}

func (d *discussion) serve(t *testing.T) string {
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return server.URL
}

func (d *discussion) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = append(d.requests, r.Method)
	var in struct{ Body string }
	if r.Method != http.MethodGet {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Body == "" || len(in.Body) > 65536 {
			http.Error(w, fmt.Sprintf("%d bytes, %v", len(in.Body), err), http.StatusUnprocessableEntity)
			return
		}
	}
	of, isOne := strings.CutPrefix(r.URL.Path, "/repos/owner/shop/issues/comments/")
	isAll := r.URL.Path == "/repos/owner/shop/issues/7/comments"
	id, _ := strconv.Atoi(of)
	id -= 100
	switch {
	case r.Header.Get("Authorization") != "token "+token:
		w.WriteHeader(http.StatusUnauthorized)
	case isAll && r.Method == http.MethodGet:
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		from := min((page-1)*size, len(d.comments))
		_ = json.NewEncoder(w).Encode(append([]comment{}, d.comments[from:min(from+size, len(d.comments))]...))
	case isAll && r.Method == http.MethodPost:
		d.say("github-actions[bot]", in.Body)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(d.comments[len(d.comments)-1])
	case isOne && r.Method == http.MethodPatch && id >= 0 && id < len(d.comments):
		d.comments[id].Body = in.Body
		_ = json.NewEncoder(w).Encode(d.comments[id])
	default:
		http.NotFound(w, r)
	}
}
