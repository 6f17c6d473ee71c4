package target

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/trust"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// TrustedFlag returns --trusted, for commands that use a real account. There is no
// variable for it: a job that sets one for all its steps would also set it for pull
// requests.
func TrustedFlag() cli.Flag {
	return &cli.BoolFlag{Name: "trusted", Usage: "continue if the CI does not say whose code this is; a pull request from a fork is still refused"}
}

// CallFlags returns the flags of commands that call AWS for an environment: --timeout, --endpoint-url, --trusted and
// related flags.
func CallFlags() []cli.Flag {
	return []cli.Flag{console.TimeoutFlag(), console.EndpointFlag(), TrustedFlag(), console.DataFlag()}
}

// RefuseUntrusted refuses to use a real account if a stranger may have written the
// manifest.
func RefuseUntrusted(con *console.Console, c *cli.Context, m *manifest.Manifest) error {
	if m.Environment.Embedded.Value != "" {
		return nil
	}
	what := fmt.Sprintf("Environment %q is in a real account.", m.Environment.Name.Value)
	if m.Environment.Name.Value == "" {
		what = "The layer belongs to a real account."
	}
	return refuseStrangers(con, c, what, &m.Environment.Range)
}

// RefuseToOpen refuses to decrypt documents of a real account if they may come from a
// stranger.
func RefuseToOpen(con *console.Console, c *cli.Context, documents ...*sealed.Document) error {
	for _, d := range documents {
		if !d.Embedded() {
			return refuseStrangers(con, c, "The layer belongs to a real account.", nil)
		}
	}
	return nil
}

func refuseStrangers(con *console.Console, c *cli.Context, what string, at *hcl.Range) error {
	const allowed = "bundle validate, bundle plan --offline and embedded environments are allowed."
	switch v := trust.Look(con.Getenv); {
	case v.Answer == trust.Stranger:
		return console.Refuse(problem.Access, at, "Untrusted run", "%s This run can contain code from a fork or another outside source: %s. Here, %s", what, v.Reason, allowed)
	case v.Answer == trust.Unknown && !c.Bool("trusted"):
		return console.Refuse(problem.Manifest, at, "Run of unknown origin", "%s It is not known whose code this run contains: %s. "+
			"If only people you trust can start it, pass --trusted. Otherwise, %s", what, v.Reason, allowed)
	}
	return nil
}
