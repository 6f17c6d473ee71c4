package main

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/stack"
)

// The forms in which bundle policy writes.
const (
	formJSON           = "json"
	formTerraform      = "terraform"
	formCloudFormation = "cloudformation"
	formCDK            = "cdk"
)

func policyFormatFlag() cli.Flag {
	return console.TextFlag("format", "FORMAT", "json (one policy), or everything as resources: terraform, cloudformation or cdk. Resources are roles, their policies, keys and aliases, also those that do not exist yet", formJSON)
}

// checkPolicyFormat refuses what goes with one policy only. resources reports whether
// resources are to be written.
func (a *app) checkPolicyFormat(c *cli.Context) (resources bool, err error) {
	switch format := console.Text(c, "format"); {
	case format == formJSON:
		return false, nil
	case !slices.Contains([]string{formTerraform, formCloudFormation, formCDK}, format):
		return false, console.Usagef("unknown --format %q: write json, terraform, cloudformation or cdk", format)
	case a.JSON():
		return false, console.Usagef("--format %s cannot be combined with --json: it is the output", format)
	case c.IsSet("kind") && console.Text(c, "kind") != policy.KindAll:
		return false, notAsResource(format, console.Text(c, "kind"))
	case c.IsSet("split"):
		return false, console.Usagef("--format %s splits policies where it must: leave out --split", format)
	case c.IsSet("function"):
		return false, console.Usagef("--format %s writes the policies of all functions: leave out --function", format)
	}
	return true, nil
}

// notAsResource says what to do instead of writing the policy of one kind as resources. The roles of some kinds are never among
// the resources.
func notAsResource(format, kind string) error {
	switch {
	case !slices.Contains(policy.Kinds(), kind):
		return unknownKind(kind)
	case slices.Contains(slices.Concat(stack.Kinds(), []string{policy.KindFunction, policy.KindKey}), kind):
		return console.Usagef("--format %s writes all policies: leave out --kind %s", format, kind)
	}
	return console.Usagef("--format %s has no role of kind %s: leave out --format, and attach the JSON that bundle policy --kind %[2]s prints", format, kind)
}

func unknownKind(kind string) error {
	return console.Usagef("unknown --kind %q: write ci, plan, put, doctor, deployed, rollout, prune, revoke, audit, function, key or all", kind)
}

// planKeys lets a resolve make up the keys that are still to be created.
func planKeys(ctx context.Context, r *pipeline.Resolve, s *awsenv.Clients) *pipeline.KeyPlan {
	who, err := s.Identity(ctx)
	caller, ok := arn.Parse(who.ARN)
	if err != nil || !ok {
		caller.Partition = "aws" // the preflight reports the error
	}
	plan := &pipeline.KeyPlan{KeyDescriber: r.Keys, KeyTags: s.KeyTags, Manifest: r.Manifest, Partition: caller.Partition, Region: r.Region, Account: r.Account}
	r.Keys = plan
	return plan
}

// printResources prints all policies as resources of a format.
func (a *app) printResources(c *cli.Context, s policy.Setting, absent []string) error {
	st, err := stack.New(s, absent, policyCommandLine(c, s))
	if err != nil {
		return console.Usagef("%v", err)
	}
	if s.ByTags { // the resources tag the keys that they create
		s.Lacking = slices.DeleteFunc(s.Lacking, func(l policy.Lacking) bool {
			return len(l.Other) == 0 && slices.ContainsFunc(st.Keys, func(k stack.Key) bool { return k.ARN == l.Key && k.Created() })
		})
		a.hintTags(&s)
	}
	format := console.Text(c, "format")
	write := map[string]func() ([]byte, error){formTerraform: st.Terraform, formCloudFormation: st.CloudFormation, formCDK: st.CDK}[format]
	content, err := write()
	if err != nil {
		return console.Usagef("%v", err)
	}
	for _, left := range st.Left(format == formTerraform) {
		a.Hint("not written: %s: %s", left.Why, strings.Join(left.Commands, "; "))
	}
	for _, key := range st.Keys {
		if format != formTerraform && key.Created() && !key.Absent {
			a.Hint("%s exists: unless these resources created it, import it and its key before you deploy (docs/policy-as-code.md)", key.Aliases[0].Name)
		}
	}
	if format == formCloudFormation && len(content) > stack.MaxInRequest {
		a.Hint("the template has %d bytes, and a request can have %d: upload it with aws cloudformation deploy --s3-bucket NAME", len(content), stack.MaxInRequest)
	}
	return a.PrintVerbatim("the output", content)
}

// policyCommandLine is how to call the command for the same manifest, environment and
// region.
func policyCommandLine(c *cli.Context, s policy.Setting) []string {
	words := []string{"bundle", "policy", "--manifest", console.Text(c, "manifest"), "--env", s.Manifest.Environment.Name.Value}
	if len(s.Manifest.Environment.Regions) > 1 {
		words = append(words, "--region", s.Region)
	}
	return words
}
