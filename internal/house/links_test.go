package house

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// links are those of Markdown, in a line or below the text, and of the HTML that GitHub shows.
	links    = regexp.MustCompile(`(?m)\]\(([^)]*)\)|^\[[^\]]+\]: +(\S.*)$|<(https?:[^>]*)>|\b(?:href|src|srcset)="([^"]*)"`)
	fenced   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	code     = regexp.MustCompile("`[^`\n]+`")
	headings = regexp.MustCompile(`(?m)^#+ (.+)$`)
	places   = regexp.MustCompile(`<a (?:id|name)="([^"]+)">`)
	unlinked = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// linksOf returns the targets of the links and pictures in a page.
func linksOf(page string) []string {
	var all []string
	for _, m := range links.FindAllStringSubmatch(code.ReplaceAllString(fenced.ReplaceAllString(page, ""), ""), -1) {
		all = append(all, strings.Join(m[1:], ""))
	}
	return all
}

// anchors are the names by which GitHub links the places of a page. A heading that occurs again gets a number.
func anchors(page string) []string {
	page = fenced.ReplaceAllString(page, "")
	var all []string
	seen := make(map[string]int)
	for _, m := range headings.FindAllStringSubmatch(page, -1) {
		name := strings.ReplaceAll(unlinked.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		again := seen[name]
		seen[name]++
		if again > 0 {
			name = fmt.Sprintf("%s-%d", name, again)
		}
		all = append(all, name)
	}
	for _, m := range places.FindAllStringSubmatch(page, -1) {
		all = append(all, m[1])
	}
	return all
}

// ours begins the address of a file of this repository, for pages that are shown elsewhere.
const ours = "https://github.com/whispering/bundle/"

// wrongLink says what is wrong with a link of a page below root, if anything. Of a link to elsewhere, it checks only the form.
func wrongLink(root, page, target string) string {
	at := filepath.Dir(page)
	if path, found := strings.CutPrefix(target, ours+"blob/main/"); found {
		at, target = "", path
	} else if path, found := strings.CutPrefix(target, ours+"tree/main/"); found {
		at, target = "", path
	}
	u, err := url.Parse(target)
	switch {
	case err != nil || target == "" || strings.ContainsAny(target, " \t\\<>"):
		return "is no address"
	case u.Scheme != "" || u.Host != "":
		if u.Scheme != "https" || !strings.Contains(u.Host, ".") || u.User != nil {
			return "is not https://HOST/…"
		}
		return ""
	case strings.HasPrefix(u.Path, "/") || u.RawQuery != "":
		return "is not relative to the page"
	}
	path := page
	if u.Path != "" {
		path = filepath.Join(at, u.Path)
	}
	if strings.HasPrefix(path, "..") {
		return "leads out of the repository"
	}
	if _, err := os.Stat(filepath.Join(root, path)); err != nil {
		return "does not exist"
	}
	if u.Fragment == "" {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil || !slices.Contains(anchors(string(text)), u.Fragment) {
		return "names a heading that " + path + " does not have"
	}
	return ""
}

// TestLinksLeadSomewhere checks the links and pictures of all pages: the file, and the heading in it.
func TestLinksLeadSomewhere(t *testing.T) {
	found := 0
	for _, page := range markdownFiles(t) {
		for _, target := range linksOf(read(t, page)) {
			found++
			if wrong := wrongLink(root(t), page, target); wrong != "" {
				t.Errorf("%s: the link %q %s", page, target, wrong)
			}
		}
	}
	if found < 200 {
		t.Errorf("found only %d links", found)
	}
}

func TestWrongLinksAreFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"docs/a.md": "# A\n\n## Twice\n\n## Twice\n\n```sh\n# not a heading\n```\n<a id=\"here\"></a>\n",
		"docs/b.md": "# `b c`: d, e\n", "docs/p.svg": "<svg/>",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for target, want := range map[string]string{
		"b.md": "", "#a": "", "#twice": "", "#twice-1": "", "#here": "", "b.md#b-c-d-e": "", "p.svg": "", "../docs": "", "https://example.com/x#y": "",
		ours + "blob/main/docs/a.md#a": "", ours + "releases": "",
		"c.md": "does not exist", "B.md": "does not exist", "docs/b.md": "does not exist", "q.svg": "does not exist",
		"#b": "names a heading", "#Twice": "names a heading", "#twice-2": "names a heading", "#not-a-heading": "names a heading", "b.md#a": "names a heading", "../docs#a": "names a heading", "p.svg#a": "names a heading",
		"../../b.md": "leads out", "/docs/b.md": "is not relative", "b.md?plain=1": "is not relative",
		ours + "blob/main/docs/c.md": "does not exist", ours + "blob/main/docs/b.md#x": "names a heading", ours + "tree/main/nothing": "does not exist",
		"": "is no address", "b .md": "is no address", "https://exa mple.com": "is no address", "%zz": "is no address", `docs\b.md`: "is no address", "<b.md>": "is no address",
		"http://example.com": "is not https", "https://localhost/": "is not https", "https:///x": "is not https", "//example.com/x": "is not https", "mailto:a@example.com": "is not https", "https://u:p@example.com/": "is not https",
	} {
		got := wrongLink(dir, "docs/a.md", target)
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", target, got, want)
		}
	}
	page := "[a](1) ![b](2) `[c](no)` [`d`](3)\n```\n[e](no)\n```\n[f]: 4\n<https://5> <img src=\"6\"> <source media=\"x\" srcset=\"7\"> <a href=\"8\">g</a> [h]( )\n"
	if got := strings.Join(linksOf(page), "|"); got != "1|2|3|4|https://5|6|7|8| " {
		t.Errorf("%q", got)
	}
}

// TestNamedPagesExist checks the pages that code, workflows and scripts name.
func TestNamedPagesExist(t *testing.T) {
	named := regexp.MustCompile(`(?:^|[^/\w.-])(docs/[\w./-]+\.md(?:#[\w-]+)?)`)
	found := 0
	for line := range strings.Lines(run(t, root(t), nil, "git", "grep", "-I", "-e", `docs/.*\.md`, "--", ".", ":!*.md", ":!findings", ":!internal/house/links_test.go")) {
		file, text, _ := strings.Cut(line, ":")
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			found++
			if wrong := wrongLink(root(t), "README.md", m[1]); wrong != "" {
				t.Errorf("%s: %s %s", file, m[1], wrong)
			}
		}
	}
	if found < 50 {
		t.Errorf("found only %d names of pages", found)
	}
}
