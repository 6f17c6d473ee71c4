package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// putSecrets puts secrets of Secrets Manager: new versions of those that exist.
func (c *cloud) putSecrets(ts *testscript.TestScript, texts map[string]string, binaries map[string][]byte) {
	ctx := context.Background()
	put := func(name string, text *string, binary []byte) {
		_, err := c.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: text, SecretBinary: binary})
		if missing := (*smtypes.ResourceNotFoundException)(nil); errors.As(err, &missing) {
			_, err = c.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: text, SecretBinary: binary})
		}
		ts.Check(err)
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		put(name, aws.String(texts[name]), nil)
		*c.values = append(*c.values, texts[name])
	}
	for _, name := range slices.Sorted(maps.Keys(binaries)) {
		put(name, nil, binaries[name])
		*c.values = append(*c.values, string(binaries[name]))
	}
}

// changeSecret changes a secret of Secrets Manager.
func changeSecret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || (len(args) > 2) != (args[0] == "replicated") {
		ts.Fatalf("usage: secret back|empty|deleted|gone|keyed|restored|rotating|scheduled NAME, or secret replicated NAME REGION [KEY]")
	}
	c, ctx, name := theCloud(ts), context.Background(), &args[1]
	var err error
	switch args[0] {
	case "back": // AWSCURRENT to the version before
		versions := make(map[string]string)
		found, described := c.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: name})
		ts.Check(described)
		for id, stages := range found.VersionIdsToStages {
			for _, stage := range stages {
				versions[stage] = id
			}
		}
		_, err = c.secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: name, VersionStage: aws.String("AWSCURRENT"), RemoveFromVersionId: aws.String(versions["AWSCURRENT"]), MoveToVersionId: aws.String(versions["AWSPREVIOUS"]),
		})
	case "empty":
		_, err = c.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: name})
	case "deleted", "gone":
		_, err = c.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(args[0] == "gone")})
	case "replicated": // to a region, under a key of that region
		there := smtypes.ReplicaRegionType{Region: &args[2]}
		if len(args) > 3 {
			there.KmsKeyId = &args[3]
		}
		_, err = c.secrets.ReplicateSecretToRegions(ctx, &secretsmanager.ReplicateSecretToRegionsInput{SecretId: name, AddReplicaRegions: []smtypes.ReplicaRegionType{there}})
	case "restored":
		_, err = c.secrets.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: name})
	case "rotating": // a version that no function has finished
		_, err = c.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: name, SecretString: aws.String("a value that is not current"), VersionStages: []string{"AWSPENDING"},
		})
	case "keyed": // under a key of its own
		_, err = c.secrets.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: name, KmsKeyId: aws.String("alias/secrets")})
	case "scheduled": // to rotate, by the function "rotator"
		_, err = c.secrets.RotateSecret(ctx, &secretsmanager.RotateSecretInput{
			SecretId: name, RotateImmediately: aws.Bool(false), RotationRules: &smtypes.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
			RotationLambdaARN: aws.String("arn:aws:lambda:us-west-2:" + testAccount + ":function:rotator"),
		})
	default:
		ts.Fatalf("unknown change %q", args[0])
	}
	ts.Check(err)
	c.server.ResetCalls()
}
