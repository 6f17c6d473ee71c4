package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
)

// lookAtKeys reads the policy of every key and of its relatives, and finds out what each is to be.
func (p *revoking) lookAtKeys(ctx context.Context) problem.Problems {
	var keys []string
	for _, fn := range p.functions {
		if key := p.setting.Keys[fn.Name.Value]; !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	done := progress(p.Observer, StepPolicies, len(keys))
	for _, key := range keys {
		relatives := []string{key}
		if arn.MultiRegion(key) {
			var err error
			if relatives, err = p.Policies(p.Region).Relatives(ctx, key); err != nil {
				return problem.Problems{policyProblem(key, "Key "+key, err, "kms:DescribeKey")}
			}
		}
		for _, one := range relatives {
			k := &KeyRevocation{Key: one, Functions: p.setting.Sharing(p.under(key))}
			p.result.Keys = append(p.result.Keys, k)
			problems := p.read(ctx, k)
			if ctx.Err() != nil || len(problems) > 0 && one == key {
				return problems
			}
			if len(problems) > 0 {
				k.State = KeyUnreadable
				p.result.Unreached = append(p.result.Unreached, problems...)
				continue
			}
			p.change(k)
		}
		done()
	}
	return nil
}

// under returns the functions whose key it is.
func (p *revoking) under(key string) []string {
	var names []string
	for _, fn := range p.functions {
		if p.setting.Keys[fn.Name.Value] == key {
			names = append(names, fn.Name.Value)
		}
	}
	return names
}

func policyProblem(key, lead string, err error, right string) problem.Problem {
	return problem.FromAWS(err, problem.Resource{Name: "key " + key, Lead: lead, Rights: []string{right}, On: "it"}, nil)
}

// read reads a policy, and whom the key belongs to.
func (p *revoking) read(ctx context.Context, k *KeyRevocation) problem.Problems {
	from := p.Policies(k.Region())
	text, err := from.Policy(ctx, k.Key)
	if err != nil {
		return problem.Problems{policyProblem(k.Key, "The policy of key "+k.Key, err, "kms:GetKeyPolicy")}
	}
	k.now = text
	if k.parsed, err = policy.ParseInForce(text); err != nil {
		return refused(problem.Integrity, "Key policy not understood", "The policy of key %s cannot be changed safely: %v. Change it by hand: bundle policy --kind key --documents writes a whole one.", k.Key, err)
	}
	tags, err := from.Tags(ctx, k.Key)
	switch {
	case err != nil && !errors.Is(err, seal.ErrKeyDenied):
		return problem.Problems{policyProblem(k.Key, "The tags of key "+k.Key, err, "kms:ListResourceTags")}
	case err != nil:
		k.Untagged = true
	case tags[publish.StackTag] != "":
		k.Stack = "another"
		if publish.IsStackName(tags[publish.StackTag]) {
			k.Stack = tags[publish.StackTag]
		}
	}
	return nil
}

// change finds out what the policy of a key is to be.
func (p *revoking) change(k *KeyRevocation) {
	k.State = KeyUnchanged
	if before, found := k.parsed.Revocation(); found {
		k.Before = &before
	}
	switch {
	case p.Lift:
	case p.Add:
		k.After = p.added(k)
	default:
		k.After = p.after(k)
		p.checkOthers(k)
	}
	if k.Before == nil && k.After == nil || k.Before != nil && k.After != nil && k.Before.Equal(*k.After) {
		return
	}
	text, err := k.parsed.With(k.After)
	if err != nil {
		p.refuse(problem.Manifest, "Key policy too large", "The policy of key %s does not fit: %v.", k.Key, err)
		return
	}
	k.State, k.Text = KeyPlanned, text
}

// after returns the revocation of a key: the digests of what is kept under the key or a relative, and those that are listed and
// are of no layer that is known here. Another bundle, environment or region may need these.
func (p *revoking) after(k *KeyRevocation) *policy.Revocation {
	r := &policy.Revocation{Exempt: slices.Clone(p.Exempt), Kept: p.keptUnder(k.Key)}
	exempt := slices.DeleteFunc(k.parsed.BreakGlass(), func(who string) bool { return !roleForm.MatchString(who) })
	if k.Before != nil {
		exempt = append(exempt, k.Before.Exempt...)
		for _, digest := range k.Before.Kept {
			if !p.knows(digest) {
				k.Unknown = append(k.Unknown, digest)
			}
		}
	}
	if !p.DropUnknown {
		r.Kept = append(r.Kept, k.Unknown...)
	}
	r.Exempt = append(r.Exempt, exempt...)
	slices.Sort(r.Kept)
	slices.Sort(r.Exempt)
	r.Kept, r.Exempt = slices.Compact(r.Kept), slices.Compact(r.Exempt)
	return r
}

// keptUnder returns the digests of what is kept under a key or a relative.
func (p *revoking) keptUnder(key string) []string {
	var all []string
	for _, l := range p.kept {
		for _, d := range l.documents {
			if isRelative(d.Key, key) {
				all = append(all, d.HeaderSHA256())
			}
		}
	}
	return all
}

// added returns the revocation of a key that also lists what is kept, or nil if there is none now.
func (p *revoking) added(k *KeyRevocation) *policy.Revocation {
	if k.Before == nil {
		return nil
	}
	r := *k.Before
	r.Kept = slices.Concat(r.Kept, p.keptUnder(k.Key))
	slices.Sort(r.Kept)
	r.Kept = slices.Compact(r.Kept)
	return &r
}

// roleForm is the form of a role's ARN. Anything else in a key policy, such as the ID of a role that is gone, exempts nobody:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
var roleForm = lazyregexp.New(`^arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}$`)

// knows reports whether a digest is that of a document in a layer that was looked at.
func (p *revoking) knows(digest string) bool {
	for _, l := range slices.Concat(p.kept, p.known) {
		for _, d := range l.documents {
			if d.HeaderSHA256() == digest {
				return true
			}
		}
	}
	return false
}

// checkOthers refuses to shut out others that use the key: another bundle or environment that the policy lets open documents,
// and other regions of this environment. If documents of theirs are kept, or were listed, they have been thought of.
func (p *revoking) checkOthers(k *KeyRevocation) {
	thoughtOf := len(k.Unknown) > 0 && !p.DropUnknown
	for _, opener := range k.parsed.Openers() {
		if len(opener.Functions) == 0 {
			k.Unbound = true
			continue
		}
		for _, function := range opener.Functions {
			if p.foreign(function, opener.Environments) && !thoughtOf && !p.keeps(function, k.Key) {
				name := "something else"
				if functionForm.MatchString(function) {
					name = "function " + function
				}
				p.refuse(problem.Integrity, "Key is shared", "The policy of key %s also lets %s of another bundle or environment open documents, and no document of it is kept: it could open none. "+
					"Name a layer of it with --keep, beside those of this environment.", k.Key, name)
			}
		}
	}
	k.Unwatched = k.Region() != p.Region && slices.Contains(p.Regions, k.Region()) && (k.Before == nil || p.DropUnknown)
	if region := k.Region(); region != p.Region && !thoughtOf && !p.keepsIn(region, k.Key) &&
		slices.Contains(p.Regions, region) {
		p.refuse(problem.Integrity, "Key is shared", "Key %s is a relative of a multi-Region key, and environment %q is also in region %s, with documents of its own. None of them is kept: functions there could open none. "+
			"Name the layer there with --keep, by its ARN or as a file.", k.Key, p.Manifest.Environment.Name.Value, region)
	}
}

// functionForm is the form of a function in an encryption context (docs/format.md, F-22). Anything else is not printed.
var functionForm = lazyregexp.New(`^[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,140}$`)

// foreign reports whether BUNDLE/FUNCTION in one of the environments is none of the functions. Without environments, it is any.
func (p *revoking) foreign(function string, environments []string) bool {
	if len(environments) > 0 && !slices.Contains(environments, p.Manifest.Environment.Name.Value) {
		return true
	}
	name, ok := strings.CutPrefix(function, p.Manifest.Bundle.Name.Value+"/")
	return !ok || !slices.ContainsFunc(p.functions, func(fn manifest.Function) bool { return fn.Name.Value == name })
}

// keeps reports whether a document of BUNDLE/FUNCTION is kept that is under a key or a relative.
func (p *revoking) keeps(function, key string) bool {
	for _, l := range p.kept {
		for _, d := range l.documents {
			if fmt.Sprintf("%s/%s", d.Header.Bundle, d.Header.Function) == function && isRelative(d.Key, key) {
				return true
			}
		}
	}
	return false
}

// keepsIn reports whether a document is kept that was sealed under a key or a relative in a region.
func (p *revoking) keepsIn(region, key string) bool {
	for _, l := range p.kept {
		for _, d := range l.documents {
			if d.Region() == region && isRelative(d.Key, key) {
				return true
			}
		}
	}
	return false
}
