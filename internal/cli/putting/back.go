package putting

import (
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
)

// goBack returns a command that puts the version before again. Where a blind function uses
// the parameter, bundle does not decrypt, so AWS's own command line does.
func (r *run) goBack(p *place, o pipeline.PutOutcome) string {
	words := pipeline.ShellWord
	own := "--env " + words(p.Environment) + " --region " + words(p.Region)
	if manifest := console.Text(r.c, "manifest"); manifest != console.DefaultManifest {
		own += " --manifest " + words(manifest)
	}
	for _, v := range r.c.StringSlice("var") {
		own += " --var " + words(v)
	}
	for _, flag := range []string{"function", "guard", "endpoint-url", "data"} {
		if value := console.Text(r.c, flag); value != "" {
			own += " --" + flag + " " + words(value)
		}
	}
	if o.OldKey != "" && !(o.Blind && o.OldKey == param.DefaultKey) { // which a blind function cannot use
		own += " --key " + words(o.OldKey)
	}
	switch {
	case o.Before == 0 && p.embedded():
		return "bundle local rm " + o.Parameter
	case o.Before == 0:
		return fmt.Sprintf("aws ssm delete-parameter --region %s --name %s", p.Region, o.Parameter) + r.accountNote(p)
	case o.Blind:
		return fmt.Sprintf("aws ssm get-parameter --region %s --name %s:%d --with-decryption --query Parameter.Value --output text | bundle put %s --strip-newline %s",
			p.Region, o.Parameter, o.Before, own, o.Secrets[0].Name) + r.accountNote(p)
	}
	var commands []string
	for _, s := range o.Secrets {
		if s.Lost {
			continue
		}
		command := fmt.Sprintf("bundle put %s --from-version %d %s", own, o.Before, s.Name)
		if !slices.Contains(commands, command) && (len(commands) == 0 || s.Field != "") {
			commands = append(commands, command)
		}
	}
	return strings.Join(commands, " && ")
}

// accountNote returns a comment for a command of the AWS CLI, which uses the credentials that
// it finds: in which account it belongs, if the run has parameters in several.
func (r *run) accountNote(p *place) string {
	own := p.Manifest.Environment.AccountID.Value
	for _, other := range r.places {
		if !other.embedded() && other.Manifest.Environment.AccountID.Value != own {
			return fmt.Sprintf(" # %s, account %s", p.Environment, own)
		}
	}
	return ""
}

// sayLost says for which secrets no command goes back.
func (r *run) sayLost() {
	if !r.wrote {
		return
	}
	for _, p := range r.places {
		for _, o := range p.put.Outcomes() {
			if o.State != pipeline.PutUpdated && o.State != pipeline.PutUnclear {
				continue
			}
			var names []string
			for _, s := range o.Secrets {
				if s.Lost && !slices.Contains(names, s.Name) {
					names = append(names, s.Name)
				}
			}
			if len(names) > 0 {
				r.Hint("%s: version %d of %q had no value for it that bundle could put back: it was absent, null or empty, or does not meet the manifest's constraints",
					strings.Join(names, ", "), o.Before, o.Parameter)
			}
		}
	}
}
