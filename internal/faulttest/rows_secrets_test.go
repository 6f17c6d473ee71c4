//go:build unix

package faulttest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

// forged is a row of replies of Secrets Manager that are not what was asked for.
func forged(fault string, faults []awslocal.Fault) *row {
	return &row{fault: fault, faults: faults, code: 7, layer: old, names: []string{"prod/s"}, id: true, step: checkAWS}
}

// changedMeanwhile gives prod/s0 a new version before its value is read for the first time.
func changedMeanwhile() func(*stage, http.ResponseWriter, string, string) bool {
	changed := false
	return func(s *stage, _ http.ResponseWriter, operation, body string) bool {
		if operation == "GetSecretValue" && !changed && strings.Contains(body, "prod/s0") {
			changed = true
			change(s.T, s.config(s.admin), "prod/s0", canary(parameters))
		}
		return false
	}
}

// movedBefore moves AWSCURRENT of prod/s0 to its other version before each of the first n calls of an operation about it.
func movedBefore(operation string, n int) func(*stage, http.ResponseWriter, string, string) bool {
	return func(s *stage, _ http.ResponseWriter, called, body string) bool {
		if called != operation || n == 0 || !strings.Contains(body, "prod/s0") {
			return false
		}
		n--
		client := secretsmanager.NewFromConfig(s.config(s.admin))
		described, err := client.DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("prod/s0")})
		if err != nil {
			s.Error(err)
			return false
		}
		move := secretsmanager.UpdateSecretVersionStageInput{SecretId: described.ARN, VersionStage: aws.String("AWSCURRENT")}
		for id, stages := range described.VersionIdsToStages {
			if slices.Contains(stages, "AWSCURRENT") {
				move.RemoveFromVersionId = &id
			} else {
				move.MoveToVersionId = &id
			}
		}
		if _, err := client.UpdateSecretVersionStage(context.Background(), &move); err != nil {
			s.Error(err)
		}
		return false
	}
}

// deleted marks prod/s1 for deletion.
func deleted(t *testing.T, cfg aws.Config) {
	t.Helper()
	if _, err := secretsmanager.NewFromConfig(cfg).DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("prod/s1")}); err != nil {
		t.Fatal(err)
	}
}

// deniedSecret lets the run do everything except read the value of prod/s1.
func deniedSecret(s *stage) {
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
		{"Effect": "Deny", "Action": %q, "Resource": "arn:aws:secretsmanager:*:*:secret:prod/s1-??????"}]}`
	s.as(sts.Role{Name: "builder", Account: account, Policy: fmt.Appendf(nil, policy, gets)})
}

// ofSecrets are the rows of Secrets Manager. A build describes both secrets of the manifest, and reads both.
func ofSecrets() []*row {
	return []*row{
		{fault: "Secrets Manager throttles without end", faults: always(awslocal.Fault{Operation: gets, Kind: awslocal.Fail, Code: "ThrottlingException", Message: "Rate exceeded"}),
			limit: 1500 * time.Millisecond, code: 6, layer: old, names: []string{gets}, says: "ThrottlingException", id: true, step: "run fewer jobs"},
		{fault: "status 500 from GetSecretValue, twice", faults: times(2, awslocal.Fault{Operation: gets, Kind: awslocal.Fail, Status: 500, Code: "InternalServiceError"}),
			layer: fresh, calls: map[string]int{looks: 2, gets: 4}},
		{fault: "status 503 from DescribeSecret, twice", faults: times(2, awslocal.Fault{Operation: looks, Kind: awslocal.Fail, Status: 503, Code: "ServiceUnavailable"}),
			layer: fresh, calls: map[string]int{looks: 4, gets: 2}},
		{fault: "the connection of GetSecretValue is reset, once", faults: times(1, awslocal.Fault{Operation: gets, Kind: awslocal.Reset}), layer: fresh},
		{fault: "the reply with a secret ends midway, once", faults: times(1, awslocal.Fault{Operation: gets, Kind: awslocal.Cut}), layer: fresh},
		{fault: "half of a reply with a secret as if it were complete", faults: always(awslocal.Fault{Operation: gets, Kind: awslocal.Truncate}), limit: soon,
			code: 6, layer: old, names: []string{gets}, step: "try again"},
		{fault: "a proxy's page from Secrets Manager", faults: always(awslocal.Fault{Operation: gets, Kind: awslocal.HTML}), limit: soon,
			code: 6, layer: old, names: []string{gets, "127.0.0.1", "not from AWS"}, id: true, step: "try again"},
		forged("`{}` from Secrets Manager", always(awslocal.Fault{Operation: gets, Kind: awslocal.Empty})),
		forged("`{}` from DescribeSecret", always(awslocal.Fault{Operation: looks, Kind: awslocal.Empty})),
		forged("a secret that was not asked for", edited(gets, "Name", `"prod/other"`)),
		forged("a secret of another account", edited(gets, "ARN", `"arn:aws:secretsmanager:us-west-2:333333333333:secret:prod/s0-AbCdEf"`)),
		forged("a description of another account's secret", edited(looks, "ARN", `"arn:aws:secretsmanager:us-west-2:333333333333:secret:prod/s0-AbCdEf"`)),
		forged("another version than described", edited(gets, "VersionId", `"00000000-0000-0000-0000-000000000000"`)),
		forged("a version without its stage", edited(gets, "VersionStages", `[]`)),
		forged("a secret without a date", edited(gets, "CreatedDate", "")),
		forged("an empty secret", edited(gets, "SecretString", `""`)),
		forged("a secret that is half of a character", edited(gets, "SecretString", `"\udcff"`)),
		{fault: "a GiB from Secrets Manager", faults: always(awslocal.Fault{Operation: gets, Kind: awslocal.Flood}), code: 7, layer: old, names: []string{"prod/s"}, step: checkAWS},
		{fault: "an error of Secrets Manager that repeats a value", faults: always(awslocal.Fault{Operation: gets, Kind: awslocal.Fail, Code: "ValidationException", Message: "1 validation error detected: " + canary(parameters)}),
			code: 7, layer: old, names: []string{"prod/s"}, says: "ValidationException", id: true, step: checkAWS},
		{fault: "a secret does not exist", manifest: head + function("f0", "/prod/p0", "prod/gone"), code: 5, layer: old, names: []string{"prod/gone"}, step: "create the secret",
			calls: map[string]int{gets: 0, seals: 0}},
		{fault: "a secret is marked for deletion", account: deleted, code: 5, layer: old, names: []string{"prod/s1"}, step: "restore the secret", calls: map[string]int{gets: 0, seals: 0}},
		{fault: "no access to the value of a secret", before: deniedSecret, code: 4, layer: old, names: []string{"role/builder", gets, "prod/s1"}, says: "AccessDeniedException", id: true, step: "change that Deny"},
		{fault: "a secret changes while the build runs", note: "the new version is looked up and read", serve: proxied(changedMeanwhile()), layer: fresh},
		{fault: "a secret changes before every read", note: "it is looked up again three times", serve: proxied(movedBefore("GetSecretValue", 4)),
			code: 6, layer: old, names: []string{"prod/s0"}, step: "try again"},
		{fault: "a secret has an older version than in the layer", serve: proxied(movedBefore("DescribeSecret", 1)),
			code: 7, layer: old, names: []string{"prod/s0"}, step: "--allow-rollback"},
		late(row{fault: "no answer to DescribeSecret", faults: always(awslocal.Fault{Operation: looks, Kind: awslocal.Hang}), names: []string{looks}}),
		late(row{fault: "no answer to GetSecretValue", faults: always(awslocal.Fault{Operation: gets, Kind: awslocal.Hang}), names: []string{gets}}),
	}
}
