package secretsmanager

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

// listSize is the largest number of versions in a reply to ListSecretVersionIds. A secret
// has about 100 versions, and more if they are less than a day old, so maxVersions is
// plenty.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const (
	listSize    = 100
	maxVersions = 10000
	maxPages    = 2 * maxVersions / listSize
)

// Dated has the dates of a secret's versions, those without a stage included: when each
// ID was written, in UTC, truncated to milliseconds. Versions without a value are not in
// it. Err wraps the same errors as that of a Result.
type Dated struct {
	Name    string // as it was requested: a name or an ARN
	ARN     string
	Created map[string]time.Time
	Err     error
}

// Dates lists the versions of each distinct name. Otherwise, it is like Read.
func (s *Source) Dates(ctx context.Context, refs []secret.Ref, got func(Dated)) error {
	names, _ := byName(refs)
	return each(ctx, s, names, s.dates, got)
}

func (s *Source) dates(ctx context.Context, name string) (Dated, error) {
	ref := secret.Ref{Store: secret.SecretsManager, Name: name}
	all := Dated{Name: name, Created: make(map[string]time.Time)}
	failed := func(why error) (Dated, error) { return Dated{Name: name, Err: why}, nil }
	if fault := s.home.misplaced(name); fault != "" {
		return failed(replyError("%q %s", ref, fault))
	}
	var next *string
	tokens := make(map[string]bool)
	for range maxPages {
		out, err := s.client.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{
			SecretId: aws.String(name), IncludeDeprecated: aws.Bool(true), MaxResults: aws.Int32(listSize), NextToken: next,
		})
		switch {
		case awsfault.Classify(err) == awsfault.Malformed:
			return failed(unread(ref, err))
		case err != nil && !refused(err):
			return all, err
		case err != nil:
			why, err := s.refusal(ctx, ref, err)
			return Dated{Name: name, Err: why}, err
		}
		fault := s.home.check(aws.ToString(out.ARN), aws.ToString(out.Name), name)
		if fault == "" {
			fault = all.add(out)
		}
		if next = out.NextToken; fault == "" && tokens[aws.ToString(next)] {
			fault = "repeats a page"
		}
		if fault != "" {
			return failed(awsfault.InReply(replyError("the list of versions of %q %s", ref, fault), out.ResultMetadata))
		}
		if aws.ToString(next) == "" {
			return all, nil
		}
		tokens[*next] = true
	}
	return failed(replyError("the list of versions of %q does not end", ref))
}

// add adds the versions of a page, and returns what is wrong with it, or "".
func (d *Dated) add(page *secretsmanager.ListSecretVersionIdsOutput) (fault string) {
	if d.ARN == "" {
		d.ARN = *page.ARN
	}
	if *page.ARN != d.ARN {
		return "is one of two secrets"
	}
	for _, v := range page.Versions {
		id, created := aws.ToString(v.VersionId), date(v.CreatedDate)
		_, twice := d.Created[id]
		switch {
		case twice:
			return "has a version twice"
		case created.IsZero():
			return "has a version without a date"
		case len(d.Created) == maxVersions:
			return "does not end"
		}
		d.Created[id] = created
	}
	return ""
}
