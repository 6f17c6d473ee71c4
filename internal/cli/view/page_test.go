package view

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/problem"
)

// statusPageOf is the page of two targets and of one that failed, with one name wherever there is one.
func statusPageOf(t *testing.T, name string) string {
	t.Helper()
	at := time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)
	reason := statusReason{planReason: planReason{Secret: name, What: "version", From: name, To: name}}
	one := running{
		Function: name, Name: "f" + name, Qualifier: name, Versions: []string{name}, Weight: 0.5, Attached: 1, Behind: 1, Replica: name,
		Stale: []statusReason{reason}, outdated: true,
	}
	s := &Status{
		Stale: true, Layer: Layer{Path: name}, Bundle: name, Environment: name, Region: name,
		Functions: []statusFunction{{Function: name, Name: name, Stale: true, Since: &at, Reasons: []statusReason{reason}}},
		Parameter: &Standing{Name: name},
		Deployed:  &Deployed{Outdated: true, Layer: name, Newest: 2, Functions: []running{one}, Others: []running{one}},
	}
	failed := problem.Problems{{Kind: problem.Manifest, Diagnostic: hcl.Diagnostic{Summary: name, Detail: name}}}
	var b bytes.Buffer
	page := &StatusPage{Now: at, Targets: []StatusTarget{{Name: name, Status: s}, {Name: name, Status: s}, {Name: name, Problems: failed}}}
	if err := page.Write(printable.New(&b)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestNamesAreNoMarkup writes the pages with hostile names in every place.
func TestNamesAreNoMarkup(t *testing.T) {
	for _, name := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</style><script>`, `</title><script>`,
		`{{.Bundle}}`, `<!-- -->`, "\u202egnp.exe", "a\x00b\x1b[31m", `javascript:alert(1)`, `&lt;b&gt;`,
	} {
		for _, page := range []string{comparePageOf(t, name), statusPageOf(t, name)} {
			isNoMarkup(t, name, page)
		}
	}
}

// isNoMarkup checks that a page has no tags and characters but its own.
func isNoMarkup(t *testing.T, name, page string) {
	t.Helper()
	for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(page, -1) {
		if !regexp.MustCompile(`^(<!doctype html>|</?(html|head|meta|title|style|body|main|h1|h2|p|ul|li|div|strong|span|dl|dt|dd|b|table|caption|thead|tbody|tr|th|td|wbr)\b.*>)$`).MatchString(tag) ||
			strings.Contains(tag, "alert") || strings.Contains(tag, " on") {
			t.Errorf("%q: the page has %s", name, tag)
		}
	}
	for _, r := range "\u202e\x00\x1b" {
		if strings.ContainsRune(page, r) {
			t.Errorf("%q: the page has %q", name, r)
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Errorf("%q: the page has a name in a place where none can be", name)
	}
}
