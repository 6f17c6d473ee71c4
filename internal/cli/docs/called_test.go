package docs

import (
	"testing"

	"github.com/urfave/cli/v2"
)

// TestCalledBy: the program has two names, whatever folder, link or system it is called from.
func TestCalledBy(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "bundle"},
		{[]string{""}, "bundle"},
		{[]string{"/"}, "bundle"},
		{[]string{"bundle"}, "bundle"},
		{[]string{"./bundle", "bundle-secrets"}, "bundle"},
		{[]string{"bundle.exe"}, "bundle"},
		{[]string{"/usr/bin/bundle-secrets"}, "bundle-secrets"},
		{[]string{"bundle-secrets.exe"}, "bundle-secrets"},
		{[]string{"../bundle-secrets.EXE"}, "bundle-secrets"},
		{[]string{"bundle-secrets/bundle"}, "bundle"},
		{[]string{"bundle-secrets/"}, "bundle-secrets"},
		{[]string{"-bundle-secrets"}, "bundle"},
		{[]string{"bundle-secrets;touch pwned"}, "bundle"},
		{[]string{"bundle-secrets.test"}, "bundle"},
		{[]string{".exe"}, "bundle"},
	} {
		if got := CalledBy(c.args, cli.NewApp()).String(); got != c.want {
			t.Errorf("%q: %s, want %s", c.args, got, c.want)
		}
	}
}

// TestMessagesForTheSecondName: only what a shell would run gets the second name.
func TestMessagesForTheSecondName(t *testing.T) {
	app := &cli.App{Commands: []*cli.Command{{Name: "plan"}, {Name: "init"}, {Name: "local"}}}
	second := CalledBy([]string{"bundle-secrets"}, app)
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"bundle plan", "bundle-secrets plan"},
		{"run bundle plan.", "run bundle-secrets plan."},
		{"(bundle local put NAME)", "(bundle-secrets local put NAME)"},
		{"See bundle --help.", "See bundle-secrets --help."},
		{"bundle [build options]\nbundle COMMAND [options]", "bundle-secrets [build options]\nbundle-secrets COMMAND [options]"},
		{"bundle plan and bundle init", "bundle-secrets plan and bundle-secrets init"},
		{"**bundle plan** for", "**bundle-secrets plan** for"},
		{"a bundle plans", "a bundle plans"},
		{"the bundle has no plan", "the bundle has no plan"},
		{"./bundle plan", "./bundle plan"},
		{"my-bundle plan", "my-bundle plan"},
		{"bundle-secrets plan", "bundle-secrets plan"},
		{`cannot read "my bundle plan.hcl": run bundle plan`, `cannot read "my bundle plan.hcl": run bundle-secrets plan`},
		{`an odd " and bundle plan`, `an odd " and bundle plan`},
		{"bundle layers", "bundle layers"},
		{"bundle:function", "bundle:function"},
	} {
		if got := second.In(c.text); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.text, got, c.want)
		}
		if got := CalledBy([]string{"bundle"}, app).In(c.text); got != c.text {
			t.Errorf("under its first name, %q becomes %q", c.text, got)
		}
	}
	examples := "eval \"$(bundle local env)\"\nbundle completion fish >~/.config/fish/completions/bundle.fish"
	if got, want := CalledBy([]string{"bundle-secrets"}, &cli.App{Commands: []*cli.Command{{Name: "local"}, {Name: "completion"}}}).inExamples(examples),
		"eval \"$(bundle-secrets local env)\"\nbundle-secrets completion fish >~/.config/fish/completions/bundle-secrets.fish"; got != want {
		t.Errorf("examples become\n%s", got)
	}
}
