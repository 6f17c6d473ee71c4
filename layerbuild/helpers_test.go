package layerbuild_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild"
)

// release makes a release of files PATH=CONTENT; a ! after the path makes a
// file executable.
func release(name string, files ...string) layerbuild.Release {
	r := layerbuild.Release{Name: name, Files: make(map[string]layerbuild.Sum)}
	for _, f := range helperFiles(files...) {
		r.Files[f.Path] = f.Sum()
	}
	return r
}

func helperFiles(files ...string) []layerbuild.File {
	var all []layerbuild.File
	for _, f := range files {
		path, content, _ := strings.Cut(f, "=")
		path, executable := strings.CutSuffix(path, "!")
		all = append(all, layerbuild.File{Path: path, Executable: executable, Data: []byte(content)})
	}
	return all
}

func TestMatchHelpers(t *testing.T) {
	own := release("v3", "python/a=3", "python/b=3", "nodejs/n=3", "bundle/exec!=s", "bundle/bin/x!=3")
	two := release("v2", "python/a=2", "python/b=3", "nodejs/n=2", "python/c=2", "bundle/exec!=s", "bundle/bin/x!=2")
	one := release("v1", "python/a=1", "python/b=1", "nodejs/n=2", "bundle/exec!=s", "bundle/bin/x!=1")
	blank := release("v3", "python/a=3", "python/b=3", "nodejs/n=3", "bundle/exec!=s")
	blank.Files["bundle/bin/x"] = layerbuild.Sum{} // not available
	for _, c := range []struct {
		layer, of, want, helpers string
		own                      layerbuild.Release
	}{
		{layer: "", of: "v3", own: own},
		{layer: "python/a=3 python/b=3 nodejs/n=3 bundle/exec!=s bundle/bin/x!=3", of: "v3", helpers: "node python exec", own: own},
		{layer: "python/a=3 python/b=3", of: "v3", helpers: "python", own: own},
		{layer: "python/a=2 python/b=3 python/c=2", of: "v2", helpers: "python", own: own},
		{layer: "nodejs/n=2", of: "v2", helpers: "node", own: own},
		{layer: "nodejs/n=2 python/a=1 python/b=1", of: "v1", helpers: "node python", own: own},
		{layer: "python/a=3 python/b=3 python/x=1", of: "v3", want: "python/x foreign", helpers: "python", own: own},
		{layer: "python/x=1", of: "v3", want: "python/x foreign", own: own},
		{layer: "python/A=3", of: "v3", want: "python/A foreign", own: own},
		{layer: "python/a=x python/b=3", of: "v3", want: "python/a changed", helpers: "python", own: own},
		{layer: "python/a=2 python/b=3 python/c=x", of: "v2", want: "python/c changed", helpers: "python", own: own},
		{layer: "python/a!=3 python/b=3", of: "v3", want: "python/a mode", helpers: "python", own: own},
		{layer: "bundle/exec=s bundle/bin/x!=3", of: "v3", want: "bundle/exec mode", helpers: "exec", own: own},
		{layer: "python/a=3", of: "v3", want: "python/b absent", helpers: "python", own: own},
		{layer: "bundle/bin/x!=3", of: "v3", want: "bundle/exec absent", helpers: "exec", own: own},
		{layer: "bundle/exec!=s", of: "v3", want: "bundle/bin/x absent", helpers: "exec", own: own},
		{layer: "nodejs/n=3 python/a=1 python/b=1", of: "v1", want: "nodejs/n other v3", helpers: "node python", own: own},
		{layer: "nodejs/n=3 python/a=1 python/b=3", of: "v3", want: "python/a other v1", helpers: "node python", own: own},
		{layer: "nodejs/n=3 python/a=3 python/b=3 python/c=2", of: "v3", want: "python/c other v2", helpers: "node python", own: own},
		{layer: "bundle/exec!=s bundle/bin/x!=9", of: "v3", want: "bundle/bin/x not compared", helpers: "exec", own: blank},
		{layer: "bundle/exec!=s bundle/bin/x!=2", of: "v2", helpers: "exec", own: blank},
		{layer: "nodejs/n=3 bundle/exec!=s bundle/bin/x!=2", of: "v3", want: "bundle/bin/x other v2", helpers: "node exec", own: blank},
		{layer: "python/a=3 python/b=3", of: "v3", helpers: "python", own: blank},
	} {
		l := &layerbuild.Layer{Helpers: helperFiles(strings.Fields(c.layer)...)}
		m := l.MatchHelpers([]layerbuild.Release{c.own, two, one})
		var got []string
		for _, f := range m.Files {
			if f.Verdict != layerbuild.Same {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Path, f.Verdict, strings.Join(f.Others, ","))))
			}
		}
		if m.Release.Name != c.of || strings.Join(got, "; ") != c.want || m.Whole() != (c.want == "") || !slices.Equal(m.Helpers(), strings.Fields(c.helpers)) {
			t.Errorf("%q: of %s, %q, helpers %v", c.layer, m.Release.Name, got, m.Helpers())
		}
	}
}
