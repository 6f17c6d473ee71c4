package view

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/compare"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// comparePageOf is the page of two columns and a hundred secrets, with one name
// wherever there is one.
func comparePageOf(t *testing.T, name string) string {
	t.Helper()
	now := time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)
	found := ComparedColumn{Problems: problem.Problems{{Kind: problem.Manifest, Diagnostic: hcl.Diagnostic{Summary: name, Detail: name}}}}
	function := compare.ColumnFunction{Name: name, Key: compare.ColumnKey{State: compare.Unusable, Name: name, ARN: name, Why: name}}
	other := function
	for i := range 100 {
		s := compare.ColumnSecret{
			Name: name + strings.Repeat("_X", i), State: compare.Present, Parameter: name, Type: name, Encoding: secret.Encoding(name), Field: name, Why: name,
			Version: secret.Version{ARN: name, Number: 3, Modified: now.AddDate(0, 0, -40)},
		}
		function.Secrets = append(function.Secrets, s)
		s.State = compare.Missing
		other.Secrets = append(other.Secrets, s)
	}
	r := NewCompare(name, compare.Compare([]compare.Column{
		{Environment: name, Region: name, Functions: []compare.ColumnFunction{function}},
		{Environment: name, Region: "x", Functions: []compare.ColumnFunction{other}},
	}, now), []ComparedColumn{found, found})
	r.Now = now
	var b bytes.Buffer
	if err := r.html(printable.New(&b).HTML()); err != nil { // as compare writes it
		t.Fatal(err)
	}
	return b.String()
}

// TestPageFitsANarrowScreen opens each page in a browser, in a frame that is as
// wide as a phone, and asks how wide the page would like to be.
func TestPageFitsANarrowScreen(t *testing.T) {
	chromium, err := exec.LookPath("google-chrome")
	if err != nil {
		chromium = needs.Program(t, "chromium", "Debian: apt-get install chromium")
	}
	name := "A_RATHER_LONG_NAME_OF_A_SECRET" + strings.Repeat("X", 60)
	for what, page := range map[string]string{"compare": comparePageOf(t, name), "status": statusPageOf(t, name)} {
		t.Run(what, func(t *testing.T) { fitsANarrowScreen(t, chromium, page) })
	}
}

func fitsANarrowScreen(t *testing.T, chromium, page string) {
	dir := t.TempDir()
	// The page forbids scripts: it is the frame around it that measures.
	frame := `<!doctype html><iframe style="border:0;width:390px;height:800px"></iframe><output></output><script>
const f = document.querySelector("iframe")
f.onload = () => {
  const d = f.contentDocument.documentElement
  document.querySelector("output").textContent = JSON.stringify({
    page: Math.max(d.scrollWidth, f.contentDocument.body.scrollWidth), within: d.clientWidth, type: parseFloat(f.contentWindow.getComputedStyle(f.contentDocument.querySelector("td")).fontSize)})
}
f.srcdoc = ` + scriptText(t, page) + `
</script>`
	path := filepath.Join(dir, "frame.html")
	if err := os.WriteFile(path, []byte(frame), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking", "--no-first-run",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=3000", "--dump-dom", "file://"+path)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), "<output>")
	text, _, _ := strings.Cut(rest, "</output>")
	var got struct{ Page, Within, Type float64 }
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("the browser measured %q: %v", text, err)
	}
	if got.Within != 390 || got.Page > got.Within {
		t.Errorf("the page is %v wide in a window of %v", got.Page, got.Within)
	}
	if got.Type < 12 {
		t.Errorf("the table is in letters of %v", got.Type)
	}
}

// scriptText is a text as a script writes it.
func scriptText(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s) // escapes < and >
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
