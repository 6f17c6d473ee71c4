package doctor

import (
	"cmp"
	"context"
	"fmt"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/problem"
)

// allowed reports whether an error is that of a dry run whose real call would be
// allowed:
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func allowed(err error) bool { return awsfault.Code(err) == "DryRunOperationException" }

// needed completes the finding of a check that must be allowed. lead says what is
// wrong if it is not.
func (f Finding) needed(ctx context.Context, err error, passed, lead, on string) Finding {
	if allowed(err) {
		f.Status, f.Detail = OK, passed
		return f
	}
	return f.failed(f.problem(ctx, err, problem.Resource{Lead: lead, On: on}))
}

// refused completes the finding of a check that should be denied. With must, as for
// blind functions, it is a failure if it is not.
func (f Finding) refused(ctx context.Context, err error, must, root bool, what string) Finding {
	p := f.problem(ctx, err, problem.Resource{})
	switch class := awsfault.Classify(err); {
	case err == nil:
		return f.failed(p)
	case class == awsfault.Denied:
		f.Status, f.Detail = OK, "this role cannot decrypt "+what
	case !allowed(err) && p.Kind != problem.Missing: // KMS reports a fault of the key or ciphertext only to callers that can use the key
		if class != awsfault.Other || awsfault.Code(err) == "" {
			return f.failed(p)
		}
		f.Status, f.Detail = Note, fmt.Sprintf("could not check whether this role can decrypt %s: %s", what, awsfault.Describe(err))
	case root:
		f.Status, f.Detail = Note, fmt.Sprintf("this role could decrypt %s: the credentials of the embedded AWS can do everything", what)
	case must:
		p := problem.New(problem.Access, &f.At.Range, "Build is not blind", fmt.Sprintf("This role can %s %s, so a build with this role is not blind: it could decrypt %s. "+
			"Remove this permission, or deny it. bundle policy writes policies that do both.", f.Action, f.Resource, what))
		p.Cause, p.About = "not blind, by "+f.Check, f.Resource
		return f.failed(p)
	default:
		f.Status, f.Detail = Note, fmt.Sprintf("this role could decrypt %s; bundle policy writes a policy under which it cannot", what)
	}
	return f
}

// problem reports that KMS did not answer as expected.
func (f Finding) problem(ctx context.Context, err error, about problem.Resource) problem.Problem {
	if err == nil { // a dry run never succeeds
		return f.unexpected("KMS answered a dry run of %s like a real call.", f.Action)
	}
	failure := error(awsfault.Explain(err))
	if ctx.Err() != nil {
		failure = awsfault.Ended(ctx, err)
	}
	about.Name, about.Rights = cmp.Or(about.On, f.Resource), []string{f.Action}
	return problem.FromAWS(failure, about, &f.At.Range)
}

// unexpected is the problem of a reply that AWS does not give. The sentence says what is wrong with it.
func (f Finding) unexpected(sentence string, args ...any) problem.Problem {
	return problem.New(problem.Integrity, &f.At.Range, "Unexpected answer from KMS", fmt.Sprintf(sentence, args...)+
		" Check that the endpoint is AWS, with no proxy in between. If it is, please report this as a bug.")
}

func (f Finding) failed(p problem.Problem) Finding {
	f.Status, f.Detail, f.Problem = Failed, p.Detail, p
	return f
}
