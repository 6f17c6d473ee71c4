package problem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/awsfault"
)

// A Resource describes what a call to AWS was about.
type Resource struct {
	Name   string   // for a list of resources
	Lead   string   // the beginning of the detail, before a colon; "" for none
	Rights []string // the permissions that the call needs
	On     string   // what they must be allowed on, such as "the key"
	Absent string   // what to do if it does not exist; "" for the table's remedy
	Or     string   // what else can be done, after a comma; "" for none
}

// FromAWS makes a problem of a failed call to AWS or of the end of ctx, with the
// words of the table. at is the manifest line that caused it, or nil.
func FromAWS(err error, about Resource, at *hcl.Range) Problem {
	f := awsfault.Find(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		p := outOfTime(awsfault.LastAsked(err), at)
		if f != nil && f.Code == "unclear" {
			p.Detail += " " + strings.ToUpper(f.Error()[:1]) + f.Error()[1:] + ". " + fill(find(f).remedy, f, about)
		}
		return p
	case errors.Is(err, context.Canceled):
		p := New(Interrupted, nil, "Interrupted", "The run was stopped; nothing was written.")
		p.Cause = "interrupted"
		return p
	case f == nil:
		f = awsfault.Explain(err)
		err = f // an error of the SDK quotes its input
		if f.Code == "" && f.Operation == "" && awsfault.Status(err) == 0 && awsfault.Classify(err) == awsfault.Other {
			return New(Fault, at, "Unexpected error", detail(about, err, fill(report, f, about)))
		}
	}
	r := find(f)
	p := New(r.kind, at, fill(r.summary, f, about), detail(about, err, remedy(r, f, about)))
	p.Cause, p.About = cause(r, f, about), about.Name
	return p
}

// Remedy returns what to do about a failed call to AWS.
func Remedy(err error, about Resource) string {
	f := awsfault.Explain(err)
	return remedy(find(f), f, about)
}

func remedy(r row, f *awsfault.Failure, about Resource) string {
	text := r.remedy
	if r.kind == Missing && about.Absent != "" && strings.HasSuffix(r.summary, "not found") {
		text = about.Absent + "{or}."
	}
	text = fill(text, f, about)
	if asked := f.Asked(); asked != "" && r.kind == Unavailable {
		text = asked + ". " + text
	}
	return strings.TrimSpace(text)
}

func detail(about Resource, err error, remedy string) string {
	text := err.Error()
	if about.Lead != "" {
		text = about.Lead + ": " + text
	}
	return strings.TrimSpace(strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + ". " + remedy)
}

// OutOfTime makes the problem of a run that took longer than --timeout. waiting
// says what it was waiting for, as a noun phrase; "" if that is unknown. An empty
// remedy means that AWS may be slow. at is the manifest line that caused it, or nil.
func OutOfTime(at *hcl.Range, waiting, remedy string) Problem {
	text := "The run took longer than --timeout. "
	if waiting != "" {
		text += "It was waiting for " + waiting + ". "
	}
	p := New(Unavailable, at, "Out of time", text+cmp.Or(remedy, slowly("AWS may be slow or throttling")))
	p.Cause = "out of time"
	return p
}

func slowly(why string) string {
	return strings.TrimSuffix(why, ".") + "; try again or allow more time."
}

// outOfTime is OutOfTime for a call to AWS.
func outOfTime(f *awsfault.Failure, at *hcl.Range) Problem {
	slow := ""
	if f.Throttled > 0 {
		if r, ok := first(f, "class throttled"); ok {
			slow = slowly(fill(r.remedy, f, Resource{}))
		}
	}
	if lost(f) != "" {
		slow = slowly(fill(table[lost(f)].remedy, f, Resource{}))
	}
	return OutOfTime(at, f.Waiting(), slow)
}

// cause returns what the failures of several calls have in common, if one change
// fixes them all, or "".
func cause(r row, f *awsfault.Failure, about Resource) string {
	switch f.Class() {
	case awsfault.Denied:
		return strings.Join([]string{"denied", rights(f, about), f.Denial.Policy, fmt.Sprint(f.Denial.Explicit), r.summary}, " ")
	case awsfault.Credentials:
		return "credentials " + f.Code
	case awsfault.Throttled, awsfault.Unavailable:
		return cmp.Or(f.Host, f.Service()) + " " + r.summary
	}
	return ""
}

// find returns the row of a failure.
func find(f *awsfault.Failure) row {
	class := "class " + f.Class().String()
	switch {
	case f.Advised:
		if r, ok := table["advised "+class]; ok {
			return r
		}
	case f.Clock:
		return table["clock"]
	case lost(f) != "":
		return table[lost(f)]
	}
	r, ok := first(f, f.Code)
	if !ok {
		r, ok = first(f, class)
	}
	if !ok {
		r = table["class other"]
	}
	if f.Class() != awsfault.Denied {
		return r
	}
	if key, ok := first(f, "key denied"); ok && ofKey(f) {
		r = key
	}
	why := "denied " + f.Denial.Policy
	if f.Denial.Explicit {
		why = "denied explicitly"
	}
	if known, ok := table[why]; ok {
		r.remedy = known.remedy
	}
	return r
}

// first returns the most specific row of a code or a class.
func first(f *awsfault.Failure, name string) (row, bool) {
	for _, key := range []string{f.Operation + " " + name, f.Service() + " " + name, name} {
		if r, ok := table[key]; ok && name != "" {
			return r, true
		}
	}
	return row{}, false
}

// ofKey reports whether KMS denied access to a key that the caller did not name.
func ofKey(f *awsfault.Failure) bool {
	return f.Denial.Key || f.Service() != "kms" && f.Denial.OfKey()
}

// lost returns the row of a call without a reply, if more is known about why, or "".
func lost(f *awsfault.Failure) string {
	host, _, _ := strings.Cut(f.Host, ":")
	switch {
	case f.Lost == awsfault.NoHost && strings.Contains(host, "-fips."):
		return "lost fips"
	case f.Lost == awsfault.NoHost && (strings.HasSuffix(host, ".api.aws") || strings.HasSuffix(host, ".api.amazonwebservices.com.cn")):
		return "lost dualstack"
	case f.Lost == awsfault.NoHost && f.Region() != "":
		return "lost host"
	case f.Lost == awsfault.Untrusted:
		return "lost untrusted"
	case f.Lost == awsfault.NoProxy:
		return "lost proxy"
	}
	return ""
}

// rights returns the permissions to allow: those that the call needs or, if AWS
// denied another one, only that.
func rights(f *awsfault.Failure, about Resource) string {
	needed := about.Rights
	if action := f.Denial.Action; action != "" && !slices.Contains(needed, action) {
		needed = []string{action}
	} else if f.Denial.Key && f.Service() != "kms" {
		needed = []string{"kms:Decrypt"}
	}
	if len(needed) == 0 && f.Operation != "" {
		needed = []string{f.Operation}
	}
	return strings.Join(needed, " and ")
}

// on returns what to allow them on.
func on(f *awsfault.Failure, about Resource) string {
	resource := f.Denial.Resource
	switch {
	case about.On != "" && slices.Contains(about.Rights, f.Denial.Action):
		return about.On
	case strings.HasPrefix(f.Denial.Action, "kms:") && strings.Contains(resource, ":key/"):
		return "the key " + resource
	case resource != "":
		return resource
	case ofKey(f) && f.Service() == "ssm":
		return "the key that encrypts the parameter"
	case ofKey(f) && f.Service() == "secretsmanager":
		return "the key that encrypts the secret"
	case ofKey(f):
		return "the key of the ciphertext"
	}
	return cmp.Or(about.On, "it")
}

// fill replaces the placeholders in a row.
func fill(text string, f *awsfault.Failure, about Resource) string {
	service := map[string]string{"ssm": "Parameter Store", "kms": "KMS", "lambda": "Lambda", "sts": "STS", "secretsmanager": "Secrets Manager"}[f.Service()]
	article := "a "
	if strings.HasPrefix(f.Denial.Policy, "identity") {
		article = "an "
	}
	if f.Denial.Policy == "" {
		article = "a policy"
	}
	return strings.NewReplacer(
		"{service}", cmp.Or(service, "AWS"), "{region}", cmp.Or(f.Region(), "of this run"), "{rights}", rights(f, about), "{on}", on(f, about),
		"{policy}", article+f.Denial.Policy, "{or}", about.Or,
	).Replace(text)
}
