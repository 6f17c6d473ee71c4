package awsreply

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// outputs are the SDK's types of replies.
func outputs() map[string]any {
	return map[string]any{
		"ssm:GetParameters": ssm.GetParametersOutput{}, "ssm:GetParametersByPath": ssm.GetParametersByPathOutput{},
		"ssm:DescribeParameters": ssm.DescribeParametersOutput{}, "ssm:PutParameter": ssm.PutParameterOutput{},
		"ssm:GetParameterHistory": ssm.GetParameterHistoryOutput{},
		"kms:DescribeKey":         kms.DescribeKeyOutput{}, "kms:Encrypt": kms.EncryptOutput{}, "kms:ReEncrypt": kms.ReEncryptOutput{},
		"kms:Decrypt": kms.DecryptOutput{}, "kms:GetKeyPolicy": kms.GetKeyPolicyOutput{}, "kms:PutKeyPolicy": kms.PutKeyPolicyOutput{},
		"kms:ListGrants": kms.ListGrantsOutput{}, "kms:GetKeyLastUsage": kms.GetKeyLastUsageOutput{},
		"kms:ListResourceTags":     kms.ListResourceTagsOutput{},
		"lambda:ListLayerVersions": lambda.ListLayerVersionsOutput{}, "lambda:GetLayerVersion": lambda.GetLayerVersionOutput{},
		"lambda:GetLayerVersionPolicy": lambda.GetLayerVersionPolicyOutput{}, "lambda:DeleteLayerVersion": lambda.DeleteLayerVersionOutput{},
		"lambda:PublishLayerVersion": lambda.PublishLayerVersionOutput{}, "lambda:ListFunctions": lambda.ListFunctionsOutput{},
		"lambda:ListVersionsByFunction": lambda.ListVersionsByFunctionOutput{}, "lambda:ListAliases": lambda.ListAliasesOutput{},
		"lambda:GetFunctionConfiguration": lambda.GetFunctionConfigurationOutput{}, "lambda:UpdateFunctionConfiguration": lambda.UpdateFunctionConfigurationOutput{},
		"lambda:PublishVersion": lambda.PublishVersionOutput{}, "lambda:UpdateAlias": lambda.UpdateAliasOutput{}, "lambda:ListTags": lambda.ListTagsOutput{},
		"lambda:GetFunctionCodeSigningConfig": lambda.GetFunctionCodeSigningConfigOutput{}, "lambda:GetCodeSigningConfig": lambda.GetCodeSigningConfigOutput{},
		"secretsmanager:DescribeSecret": secretsmanager.DescribeSecretOutput{}, "secretsmanager:GetSecretValue": secretsmanager.GetSecretValueOutput{},
		"secretsmanager:ListSecrets":          secretsmanager.ListSecretsOutput{},
		"secretsmanager:ListSecretVersionIds": secretsmanager.ListSecretVersionIdsOutput{},
		"sts:GetCallerIdentity":               sts.GetCallerIdentityOutput{}, "sts:AssumeRole": sts.AssumeRoleOutput{},
		"sts:AssumeRoleWithWebIdentity": sts.AssumeRoleWithWebIdentityOutput{}, "cloudtrail:LookupEvents": cloudtrail.LookupEventsOutput{},
		"cloudtrail:DescribeTrails": cloudtrail.DescribeTrailsOutput{}, "cloudtrail:GetEventSelectors": cloudtrail.GetEventSelectorsOutput{},
	}
}

// The table has every member of the SDK's types, and no other: a member that is new in
// the SDK has to be classified.
func TestTheTableHasEveryMemberOfTheSDK(t *testing.T) {
	types := outputs()
	within := func(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	for operation, members := range operations() {
		output, ok := types[operation]
		if !ok {
			t.Errorf("%s: its type is not known to this test", operation)
			continue
		}
		known := map[string]member{}
		for _, m := range members {
			if _, twice := known[m.path]; twice {
				t.Errorf("%s: %s stands in the table twice", operation, m.path)
			}
			known[m.path] = m
		}
		xml := strings.HasPrefix(operation, "sts:")
		var walk func(path string, of reflect.Type)
		take := func(path string, of reflect.Type) {
			m, ok := known[path]
			delete(known, path)
			switch want := kindOf(of, path, xml); {
			case !ok:
				t.Errorf("%s: %s is not in the table: say whether a reply must have it", operation, path)
			case m.without == unread:
			case m.kind != want:
				t.Errorf("%s: %s is of kind %d, not %d", operation, path, m.kind, want)
			case want == object || want == list:
				walk(path, of)
			}
		}
		walk = func(path string, of reflect.Type) {
			for of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			switch of.Kind() {
			case reflect.Slice:
				take(path+"[]", of.Elem())
				return
			case reflect.Map: // whose names are data
				return
			}
			for i := range of.NumField() {
				if f := of.Field(i); f.IsExported() && f.Name != "ResultMetadata" {
					take(within(path, wire(operation, f.Name)), f.Type)
				}
			}
		}
		walk("", reflect.TypeOf(output))
		for _, path := range slices.Sorted(maps.Keys(known)) {
			t.Errorf("%s: the SDK knows no %s", operation, path)
		}
	}
	for operation := range types {
		if operations()[operation] == nil {
			t.Errorf("%s is not in the table", operation)
		}
	}
}

// wire is the name of a member in a reply, which Go's name for it may not be.
func wire(operation, name string) string {
	if operation == "cloudtrail:DescribeTrails" && name == "TrailList" {
		return "trailList"
	}
	return name
}

// kindOf is the kind of a member of a type of the SDK. Whether a text may be empty
// no type tells: these may.
func kindOf(of reflect.Type, path string, xml bool) kind {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch of.Kind() {
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return text
		}
		return list
	case reflect.Map:
		return object
	case reflect.Struct:
		if of != reflect.TypeOf(time.Time{}) {
			return object
		}
		if xml {
			return instant
		}
		return date
	case reflect.Bool:
		return boolean
	case reflect.Int32, reflect.Int64:
		return number
	}
	if slices.Contains([]string{"Parameters[].Value", "Parameters[].Selector", "Parameters[].Description", "Parameters[].AllowedPattern", "NextToken", "NextMarker", "Tags[].TagValue", "SecretString",
		"LayerVersions[].CreatedDate", "LayerVersions[].Description"}, path) {
		return value
	}
	if slices.Contains([]string{"Credentials.AccessKeyId", "Credentials.SecretAccessKey", "Credentials.SessionToken"}, path) {
		return word
	}
	return text
}

// Every operation that the program calls is in the table, and no other: what helps
// to test and to measure it calls others. The SDK's own credentials make the calls
// to assume a role.
func TestTheTableHasEveryOperationThatIsCalled(t *testing.T) {
	called := map[string]bool{"sts:AssumeRole": true, "sts:AssumeRoleWithWebIdentity": true}
	input := regexp.MustCompile(`\b(ssm|kms|lambda|sts|cloudtrail|secretsmanager)\.([A-Z]\w*)Input\b`)
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || slices.Contains([]string{"awslocal", "bench", "e2e", "examples", "testdata"}, d.Name())) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, m := range input.FindAllStringSubmatch(string(source), -1) {
			called[m[1]+":"+m[2]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(called)), slices.Sorted(maps.Keys(operations())); !slices.Equal(got, want) {
		t.Errorf("called are\n%s\nin the table are\n%s", got, want)
	}
}
