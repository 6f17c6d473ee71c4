package secretsmanager

import (
	"errors"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

const (
	user     = "User: arn:aws:sts::222222222222:assumed-role/ci/x is not authorized to perform: "
	absent   = "Secrets Manager can't find the specified secret."
	noKMS    = "Access to KMS is not allowed"
	deletion = "You can't perform this operation on the secret because it was marked for deletion."
	moved    = "You provided a VersionStage that is not associated to the provided VersionId."
)

// What a refusal means is decided by a description, which costs a call only then.
func TestRefusedReadsAreExplained(t *testing.T) {
	missing := refusal(notFound, absent)
	deleted := answer{200, changed(description("prod/db"), map[string]any{"DeletedDate": 1761998400})}
	empty := answer{200, changed(description("prod/db"), map[string]any{"VersionIdsToStages": nil})}
	withKey := answer{200, changed(description("prod/db"), map[string]any{"KmsKeyId": "alias/db"})}
	good := answer{200, description("prod/db")}
	denied := refusal("AccessDeniedException", user+"secretsmanager:DescribeSecret on resource: prod/db because no identity-based policy allows the secretsmanager:DescribeSecret action")
	current, pin, later := at("prod/db", Current, ""), at("prod/db", "", first), at(place+"prod/db-a1B2c3", Current, first)
	for name, tt := range map[string]struct {
		ref             secret.Ref
		value, describe answer
		want            error
		says            string
		calls           int
	}{
		"no secret":                 {current, missing, missing, ErrMissing, "prod/db", 2},
		"no value":                  {current, missing, empty, ErrVersion, "has no value", 2},
		"no stage":                  {at("prod/db", "gone", ""), missing, good, ErrVersion, `no version at stage "gone"`, 2},
		"no value at the stage":     {current, missing, good, ErrVersion, `no value at stage "AWSCURRENT"`, 2},
		"no version":                {pin, missing, good, ErrVersion, "no version " + first, 2},
		"not to be described":       {current, missing, denied, ErrDenied, "secretsmanager:DescribeSecret", 2},
		"deleted":                   {current, refusal(invalidRequest, deletion), deleted, ErrDeleted, "will be deleted on 2025-11-01T12:00:00Z", 2},
		"deleted and not found":     {current, missing, deleted, ErrDeleted, "prod/db", 2},
		"deleted for good":          {later, refusal(invalidRequest, deletion), missing, ErrMissing, "prod/db", 2},
		"the stage moved":           {later, refusal(invalidRequest, moved), good, ErrChanged, "AWSCURRENT", 2},
		"refused for no reason":     {current, refusal(invalidRequest, canary), good, ErrReply, invalidRequest, 2},
		"the default key elsewhere": {current, refusal(invalidRequest, "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key."), good, ErrReply, "default KMS service key", 2},
		"denied":                    {current, refusal("AccessDeniedException", user+"secretsmanager:GetSecretValue on resource: prod/db because no identity-based policy allows the secretsmanager:GetSecretValue action"), good, ErrDenied, "secretsmanager:GetSecretValue", 2},
		"a pin denied":              {pin, refusal("AccessDeniedException", user+"secretsmanager:GetSecretValue on resource: prod/db because no identity-based policy allows the secretsmanager:GetSecretValue action"), good, ErrDenied, "secretsmanager:VersionStage", 2},
		"denied, and no secret":     {current, refusal("AccessDeniedException", user+"secretsmanager:GetSecretValue on resource: prod/db because no identity-based policy allows the secretsmanager:GetSecretValue action"), missing, ErrMissing, "prod/db", 2},
		"denied, nor described":     {current, refusal("AccessDeniedException", user+"secretsmanager:GetSecretValue on resource: prod/db because no identity-based policy allows the secretsmanager:GetSecretValue action"), denied, ErrDenied, "secretsmanager:GetSecretValue", 2},
		"denied without a reason":   {current, refusal("AccessDeniedException", canary), good, ErrDenied, "AccessDeniedException", 2},
		"the key denied":            {current, refusal("AccessDeniedException", noKMS), withKey, ErrUndecryptable, `its key is "alias/db"`, 2},
		"the key denied by name":    {current, refusal("AccessDeniedException", user+"kms:Decrypt on resource: arn:aws:kms:us-west-2:222222222222:key/1"), good, ErrUndecryptable, "kms:Decrypt", 2},
		"the key disabled":          {current, refusal(decryptionFailure, canary), withKey, ErrUndecryptable, `its key is "alias/db"`, 2},
		"the key, and no right":     {current, refusal(decryptionFailure, canary), denied, ErrUndecryptable, decryptionFailure, 2},
		"an invalid parameter":      {current, refusal("InvalidParameterException", canary), good, ErrReply, "InvalidParameterException", 1},
		"an invalid name":           {current, refusal("ValidationException", "Invalid name."), good, ErrReply, "ValidationException", 1},
	} {
		f := newFake(t, func(in request) answer {
			if in.Operation == "DescribeSecret" {
				return tt.describe
			}
			return tt.value
		})
		results, err := f.read(t, tt.ref)
		r := results[tt.ref]
		if err != nil || !errors.Is(r.Err, tt.want) || !strings.Contains(r.Err.Error(), tt.says) || len(f.asked()) != tt.calls {
			t.Errorf("%s: %v, %v after %q, want %v: %q", name, r.Err, err, f.asked(), tt.want, tt.says)
		}
		if r.Err != nil && strings.Contains(r.Err.Error(), canary) {
			t.Errorf("%s shows the message: %v", name, r.Err)
		}
	}
}

func TestRefusedDescriptionsAreExplained(t *testing.T) {
	for name, tt := range map[string]struct {
		reply answer
		want  error
		says  string
	}{
		"no secret":        {refusal(notFound, absent), ErrMissing, "prod/db"},
		"deleted":          {answer{200, changed(description("prod/db"), map[string]any{"DeletedDate": 1761998400})}, ErrDeleted, "will be deleted on 2025-11-01T12:00:00Z"},
		"no value":         {answer{200, changed(description("prod/db"), map[string]any{"VersionIdsToStages": nil})}, ErrVersion, "has no value"},
		"an empty map":     {answer{200, changed(description("prod/db"), map[string]any{"VersionIdsToStages": map[string]any{}})}, ErrVersion, "has no value"},
		"no stage":         {answer{200, changed(description("prod/db"), map[string]any{"VersionIdsToStages": map[string]any{first: []string{"mine"}}})}, ErrVersion, "AWSCURRENT"},
		"an ID of a form":  {answer{200, changed(description("prod/db"), map[string]any{"VersionIdsToStages": map[string]any{canary: []string{"AWSCURRENT"}}})}, ErrUnsupported, "prod/db"},
		"denied":           {refusal("AccessDeniedException", user+"secretsmanager:DescribeSecret on resource: prod/db"), ErrDenied, "secretsmanager:DescribeSecret"},
		"an invalid name":  {refusal("ValidationException", canary), ErrReply, "ValidationException"},
		"a bad request":    {refusal(invalidRequest, canary), ErrReply, invalidRequest},
		"an internal code": {refusal("lower", canary), ErrUnavailable, "without a valid AWS error code"},
	} {
		f := newFake(t, func(request) answer { return tt.reply })
		results, err := f.versions(t, named("prod/db")...)
		r := results[named("prod/db")[0]]
		if err == nil {
			err = r.Err
		}
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || len(f.asked()) != 1 || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v after %q", name, err, f.asked())
		}
		if deleted := !r.Secret.Deleted.IsZero(); deleted != errors.Is(tt.want, ErrDeleted) {
			t.Errorf("%s: deleted is %v", name, deleted)
		}
	}
}

// Nothing is asked about a secret elsewhere, or a version whose ID cannot be sealed.
func TestSecretsElsewhereAreNotAskedFor(t *testing.T) {
	f := newFake(t, honest)
	for name, tt := range map[string]struct {
		ref  secret.Ref
		want error
	}{
		"another account":   {at("arn:aws:secretsmanager:us-west-2:333333333333:secret:prod/db-a1B2c3", Current, second), ErrReply},
		"another region":    {at("arn:aws:secretsmanager:eu-west-1:222222222222:secret:prod/db-a1B2c3", Current, second), ErrReply},
		"another partition": {at("arn:aws-cn:secretsmanager:us-west-2:222222222222:secret:prod/db-a1B2c3", Current, second), ErrReply},
		"a part of an ARN":  {at("arn:aws:secretsmanager:us-west-2:222222222222:secret:prod/db", Current, second), ErrReply},
		"a parameter":       {at("arn:aws:ssm:us-west-2:222222222222:parameter/db-a1B2c3", Current, second), ErrReply},
		"a short version":   {at("prod/db", "", "1"), ErrUnsupported},
		"a foreign version": {at("prod/db", "", strings.Repeat("ä", 32)), ErrUnsupported},
	} {
		results, err := f.read(t, tt.ref)
		if r := results[tt.ref]; err != nil || !errors.Is(r.Err, tt.want) || r.Secret.Value.Len() > 0 {
			t.Errorf("%s: %v, %v", name, r.Err, err)
		}
		if errors.Is(tt.want, ErrReply) {
			results, err = f.versions(t, tt.ref)
			if r := results[tt.ref]; err != nil || !errors.Is(r.Err, tt.want) {
				t.Errorf("%s: %v, %v", name, r.Err, err)
			}
		}
	}
	if asked := f.asked(); len(asked) != 0 {
		t.Errorf("asked %q", asked)
	}
}

// The words of a problem follow from the failure that an error wraps.
func TestErrorsLeadToTheirFailures(t *testing.T) {
	key := refusal("AccessDeniedException", noKMS)
	f := newFake(t, func(request) answer { return key })
	results, _ := f.read(t, named("prod/db")...)
	why := awsfault.Find(results[named("prod/db")[0]].Err)
	if why == nil || why.Class() != awsfault.Denied || !why.Denial.Key || why.Service() != "secretsmanager" {
		t.Errorf("%+v", why)
	}
}
