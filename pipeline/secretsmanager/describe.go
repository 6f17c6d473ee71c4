package secretsmanager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Description is what Secrets Manager says of a secret without its value. Dates are in
// UTC, and zero if there is none:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
type Description struct {
	Key   string // KmsKeyId: ID, alias or ARN; "" for the default key, aws/secretsmanager
	Owner string // the service that manages the secret, such as "rds"; "" for none

	Rotates      bool      // automatic rotation is on
	NextRotation time.Time // not later than this
	LastRotated  time.Time
	LastChanged  time.Time // for any reason, such as a new tag
	Deleted      time.Time // when it was marked for deletion, or will be deleted

	// Stages has the ID of the version at each stage. A version without a stage is not in
	// it. It is empty if the secret has no value.
	Stages map[string]string

	Primary        string    // the region of the primary secret, if it is replicated; "" if not
	Replicas       []Replica // of a primary secret, in other regions
	AccountPrimary string    // the ARN of the primary secret in another account; "" for none
}

// A Replica is a copy of a secret in another region.
type Replica struct{ Region, Status string }

// InSync reports whether the replica has the current version.
func (r Replica) InSync() bool { return r.Status == "InSync" }

// Labeled reports whether a version is at a stage. Others can be removed at any time.
func (d Description) Labeled(id string) bool {
	return slices.Contains(slices.Collect(maps.Values(d.Stages)), id)
}

// Pending returns the ID of the version that a rotation in progress has made, or "".
// After a rotation, the stage can stay at the current version.
func (d Description) Pending() string {
	if id := d.Stages[pending]; id != d.Stages[Current] {
		return id
	}
	return ""
}

// described is a secret as it was described.
type described struct {
	arn string
	Description
}

// versions looks up the versions of the references to one name.
func (s *Source) versions(ctx context.Context, name string, refs []secret.Ref) ([]Result, error) {
	d, why, err := s.describe(ctx, name)
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(refs))
	for i, ref := range refs {
		r := Result{Ref: ref, Secret: Secret{Ref: ref, Description: d.Description}, Err: why}
		if why == nil {
			r.Secret.Version, r.Err = d.version(ref)
		}
		results[i] = r
	}
	return results, nil
}

// version returns the version that a reference names.
func (d described) version(ref secret.Ref) (secret.Version, error) {
	id := ref.ID
	if stage := stageOf(ref); stage != "" {
		at, ok := d.Stages[stage]
		switch {
		case len(d.Stages) == 0:
			return secret.Version{}, versionError(ref, "no value")
		case !ok:
			return secret.Version{}, versionError(ref, fmt.Sprintf("no version at stage %q", stage))
		case ref.ID != "" && at != ref.ID:
			return secret.Version{}, changedError(ref)
		}
		id = at
	}
	if !isID(id) {
		return secret.Version{}, unsupportedError(ref)
	}
	return secret.Version{ARN: d.arn, ID: id}, nil
}

// describe makes one call of DescribeSecret and checks its reply. why is the error of the
// secret, which may have a description nevertheless. err must stop the whole read.
func (s *Source) describe(ctx context.Context, name string) (d described, why, err error) {
	ref := secret.Ref{Store: secret.SecretsManager, Name: name}
	if fault := s.home.misplaced(name); fault != "" {
		return d, replyError("%q %s", ref, fault), nil
	}
	out, err := s.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(name)})
	switch {
	case awsfault.Classify(err) == awsfault.Malformed:
		return d, unread(ref, err), nil
	case err != nil && !refused(err):
		return d, nil, err
	case errors.Is(sentinel(err), ErrMissing):
		return d, missingError(ref, err), nil
	case err != nil:
		return d, refusalError(err), nil
	}
	d, fault := s.home.described(out, name)
	if fault != "" {
		return described{}, awsfault.InReply(replyError("the description of %q %s", ref, fault), out.ResultMetadata), nil
	}
	if !d.Deleted.IsZero() {
		return d, deletedError(ref, d.Description), nil
	}
	return d, nil, nil
}

// described takes the description of a secret out of a reply. fault says what is wrong
// with it, or is "".
func (h home) described(out *secretsmanager.DescribeSecretOutput, name string) (d described, fault string) {
	if fault := h.check(aws.ToString(out.ARN), aws.ToString(out.Name), name); fault != "" {
		return d, fault
	}
	d = described{*out.ARN, Description{
		Key: aws.ToString(out.KmsKeyId), Owner: aws.ToString(out.OwningService), Rotates: aws.ToBool(out.RotationEnabled),
		NextRotation: date(out.NextRotationDate), LastRotated: date(out.LastRotatedDate), LastChanged: date(out.LastChangedDate), Deleted: date(out.DeletedDate),
		Primary: aws.ToString(out.PrimaryRegion),
	}}
	switch {
	case !isWord(d.Key):
		return d, "has an invalid key"
	case !isWord(d.Owner):
		return d, "has an invalid owner"
	case !isWord(d.Primary):
		return d, "has an invalid primary region"
	}
	for _, r := range out.ReplicationStatus {
		replica := Replica{aws.ToString(r.Region), string(r.Status)}
		if !isWord(replica.Region) || !slices.Contains(r.Status.Values(), r.Status) {
			return d, "has an invalid replica"
		}
		d.Replicas = append(d.Replicas, replica)
	}
	if out.CrossAccountPrimary != nil {
		if d.AccountPrimary = aws.ToString(out.CrossAccountPrimary.PrimarySecretARN); arn.SecretName(d.AccountPrimary) == "" {
			return d, "has an invalid primary secret"
		}
	}
	d.Stages, fault = stages(out.VersionIdsToStages)
	return d, fault
}

// stages returns the ID of the version at each stage. A stage is at one version only:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
func stages(of map[string][]string) (all map[string]string, fault string) {
	all = make(map[string]string)
	for id, labels := range of {
		for _, stage := range labels {
			if !isStage(stage) {
				return nil, "has an invalid stage"
			}
			if _, twice := all[stage]; twice {
				return nil, fmt.Sprintf("has the stage %q twice", stage)
			}
			all[stage] = id
		}
	}
	return all, ""
}
