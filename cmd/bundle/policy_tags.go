package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/policy"
)

// The ways to name the functions' keys in the policies of roles.
const (
	styleExact = "exact" // by ARN
	styleTags  = "tags"
)

func policyStyleFlag() cli.Flag {
	return console.TextFlag("style", "STYLE", "exact (name each function's key) or tags (one statement for all functions, whose keys are tagged bundle:function and bundle:environment; for kinds ci, plan and doctor)", styleExact)
}

// policyStyle reports whether --style is tags.
func policyStyle(c *cli.Context, kind string) (byTags bool, err error) {
	switch style := console.Text(c, "style"); {
	case style == styleExact:
		return false, nil
	case style != styleTags:
		return false, console.Usagef("unknown --style %q: write exact or tags", style)
	case !slices.Contains([]string{policy.KindCI, policy.KindPlan, policy.KindDoctor, policy.KindAll}, kind):
		return false, console.Usagef("--style tags is for --kind ci, plan, doctor and all. The policy of kind %s does not name the keys of many functions.", kind)
	case len(c.StringSlice("function")) > 0:
		return false, console.Usagef("--style tags is for all functions of the bundle, and --function for some. Use one of them.")
	}
	return true, nil
}

// tagValue is the form of the values that bundle gives tags. A value of another form is
// not printed.
var tagValue = lazyregexp.New(`^[A-Za-z0-9_/-]{1,129}$`)

// hintTags says how to tag the keys that lack their tags.
func (a *app) hintTags(s *policy.Setting) {
	a.Hint("--style tags relies on policy variables for tags of KMS keys. AWS documents them, but nobody has tested these policies against AWS: " +
		"try them in an account of yours first. See docs/policy.md#tags")
	for _, l := range s.Lacking {
		a.Hint("%s. Before you attach the policy, run:\n  %s", lacking(l), l.Command(s.Region))
	}
	if len(s.Lacking) > 0 {
		a.Hint("a tag can take five minutes until it counts")
	}
}

// lacking says what is wrong with the tags of a key.
func lacking(l policy.Lacking) string {
	key := fmt.Sprintf("key %s of function %q", l.Key, l.Function)
	switch {
	case !l.Seen:
		return "the tags of " + key + " cannot be read (kms:ListResourceTags), which may lack those of the function"
	case len(l.Other) == 0:
		return key + " lacks tags"
	}
	var has []string
	for _, tag := range l.Other {
		value := "another value"
		if tagValue.MatchString(tag.Value) {
			value = fmt.Sprintf("the value %q", tag.Value)
		}
		has = append(has, tag.Key+" with "+value)
	}
	return key + " has the tag " + strings.Join(has, " and ") +
		". If something else relies on that, give the function another key"
}
