package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/stack"
)

func policyPrefixesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "prefixes", Usage: "if the policy does not fit, name the deepest folders of parameters and secrets that make it fit, and list what that grants beyond the manifest; for kinds ci, plan, put, doctor and deployed, and with --format"}
}

func checkPolicyPrefixes(c *cli.Context, kind string, resources bool) error {
	if c.Bool("prefixes") && !resources && (!policy.OfRoles(kind) || kind == policy.KindRollout || kind == policy.KindPrune || kind == policy.KindRevoke || kind == policy.KindAudit) {
		return console.Usagef("--prefixes is for --kind ci, plan, put, doctor and deployed. For kind %s, remove it.", kind)
	}
	return nil
}

// inFolders makes a setting name folders, if its policy does not fit otherwise: into the
// managed policies of a role with --split, and else into one.
func inFolders(ctx context.Context, c *cli.Context, r *pipeline.Resolve, s *policy.Setting, kind string) ([]policy.Beyond, problem.Problems, error) {
	most := 1
	if console.Given(c, "split") {
		most = policy.MaxAttached
	}
	short, err := s.InFolders(kind, most)
	if err != nil {
		remedy := "Use --split DIR, or a role for each group of functions (--function NAMES)."
		switch {
		case most > 1 && s.ByTags:
			remedy = "Divide the functions between manifests, with a role for each."
		case most > 1:
			remedy = "Use --style tags, if the functions' keys are the most of it, or a role for each group of functions (--function NAMES)."
		}
		return nil, nil, console.Usagef("--prefixes: the %s %v. %s", kind, err, remedy)
	}
	*s = short
	beyond, problems := r.Beyond(ctx, s, kind)
	return beyond, problems, nil
}

// allInFolders makes a setting name folders in the policies of roles that do not fit
// otherwise. It returns a setting for each of their kinds, for hintFolders.
func allInFolders(ctx context.Context, r *pipeline.Resolve, s *policy.Setting) (map[string]*policy.Setting, problem.Problems, error) {
	all, levels := map[string]*policy.Setting{}, map[string]int{}
	for _, kind := range stack.Kinds() {
		if kind == policy.KindPut && s.CheckPut() != nil {
			continue
		}
		short, err := s.InFolders(kind, policy.MaxAttached)
		if err != nil {
			remedy := "Use --style tags, or divide the functions between manifests."
			if s.ByTags {
				remedy = "Divide the functions between manifests."
			}
			return nil, nil, console.Usagef("--prefixes: the %s %v. %s", kind, err, remedy)
		}
		var problems problem.Problems
		if short.Beyond, problems = r.Beyond(ctx, &short, kind); len(problems) > 0 {
			return nil, problems, nil
		}
		all[kind], levels[kind] = &short, short.Levels
	}
	s.LevelsOf = levels
	return all, nil, nil
}

// hintFolders lists what a policy grants beyond the manifest.
func (a *app) hintFolders(s *policy.Setting, kind string) {
	fits := true
	for _, store := range []struct {
		secret.Store
		of, one string
	}{{secret.ParameterStore, "", "parameter"}, {secret.SecretsManager, " of Secrets Manager", "secret"}} {
		folders := s.Folders(kind, store.Store)
		if len(folders) == 0 {
			continue
		}
		fits = false
		a.Hint("--prefixes: the %s policy names the folders %s%s. Every %s that is created there later is granted, too",
			kind, strings.Join(folders, ", "), store.of, store.one)
		beyond := slices.DeleteFunc(slices.Clone(s.Beyond), func(b policy.Beyond) bool { return b.Store != store.Store })
		if len(beyond) == 0 {
			a.Hint("no %s is there now that the manifest does not name", store.one)
			continue
		}
		a.Hint("beyond the manifest, it grants %s:", printable.Count(len(beyond), store.one))
		for _, b := range beyond {
			a.Hint("  %s (%s)", b.Name, b.Rights)
		}
	}
	if fits {
		a.Hint("--prefixes: the %s policy fits, and names the parameters themselves", kind)
	}
}
