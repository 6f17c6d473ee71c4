package awslocal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/cloudtrail"
	"github.com/whispering/bundle/internal/awslocal/kms"
	"github.com/whispering/bundle/internal/awslocal/lambda"
	"github.com/whispering/bundle/internal/awslocal/secretsmanager"
	"github.com/whispering/bundle/internal/awslocal/simulator"
	"github.com/whispering/bundle/internal/awslocal/ssm"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

func modelServices(t *testing.T) map[string]call.Service {
	t.Helper()
	keys, roles := kms.New(), sts.New(time.Now)
	if err := roles.PutRole(sts.Role{Name: "simulated", Account: awslocal.Account}); err != nil {
		t.Fatal(err)
	}
	functions := lambda.New("", time.Now, lambda.Options{})
	secrets := secretsmanager.New(keys, functions, secretsmanager.Options{})
	return map[string]call.Service{
		"kms": keys, "ssm": ssm.New(keys, secrets, ssm.Options{}), "sts": roles, "lambda": functions, "iam": simulator.New(roles),
		"cloudtrail": cloudtrail.New(), "secretsmanager": secrets,
	}
}

// modelRequests are requests that succeed, by operation, with the values that place prepares.
func modelRequests() map[string]string {
	return map[string]string{
		"kms CreateKey": `{}`, "kms DescribeKey": `{"KeyId": "$K"}`, "kms ListKeys": `{}`, "kms ReplicateKey": `{"KeyId": "$M", "ReplicaRegion": "eu-west-3"}`,
		"kms EnableKey": `{"KeyId": "$K"}`, "kms DisableKey": `{"KeyId": "$K"}`, "kms ScheduleKeyDeletion": `{"KeyId": "$K"}`,
		"kms GetKeyPolicy": `{"KeyId": "$K"}`, "kms ListKeyPolicies": `{"KeyId": "$K"}`, "kms UpdateKeyDescription": `{"KeyId": "$K", "Description": "d"}`,
		"kms ListResourceTags": `{"KeyId": "$K"}`, "kms TagResource": `{"KeyId": "$K", "Tags": [{"TagKey": "a", "TagValue": "b"}]}`,
		"kms UntagResource": `{"KeyId": "$K", "TagKeys": ["a"]}`, "kms CreateAlias": `{"AliasName": "alias/new", "TargetKeyId": "$K"}`,
		"kms UpdateAlias": `{"AliasName": "alias/a", "TargetKeyId": "$K"}`, "kms DeleteAlias": `{"AliasName": "alias/a"}`, "kms ListAliases": `{}`,
		"kms Encrypt": `{"KeyId": "$K", "Plaintext": "eA=="}`, "kms Decrypt": `{"KeyId": "$K", "CiphertextBlob": "$B"}`,
		"kms ReEncrypt":       `{"SourceKeyId": "$K", "DestinationKeyId": "$K", "CiphertextBlob": "$B"}`,
		"kms GenerateDataKey": `{"KeyId": "$K", "KeySpec": "AES_256"}`, "kms GenerateDataKeyWithoutPlaintext": `{"KeyId": "$K", "KeySpec": "AES_256"}`,

		"kms CreateGrant": `{"KeyId": "$K", "GranteePrincipal": "arn:aws:iam::000000000000:role/r", "Operations": ["Decrypt"]}`,
		"kms ListGrants":  `{"KeyId": "$K"}`, "kms RevokeGrant": `{"KeyId": "$K", "GrantId": "$G"}`, "kms RetireGrant": `{"KeyId": "$A", "GrantId": "$G"}`,
		"kms ListRetirableGrants": `{"RetiringPrincipal": "arn:aws:iam::000000000000:role/r"}`, "kms GetKeyLastUsage": `{"KeyId": "$K"}`,

		"ssm GetParameter": `{"Name": "/a/b"}`, "ssm GetParameters": `{"Names": ["/a/b"]}`, "ssm GetParametersByPath": `{"Path": "/a"}`,
		"ssm GetParameterHistory": `{"Name": "/a/b"}`, "ssm DescribeParameters": `{}`, "ssm PutParameter": `{"Name": "/a/c", "Type": "String", "Value": "x"}`,
		"ssm DeleteParameter": `{"Name": "/a/b"}`, "ssm DeleteParameters": `{"Names": ["/a/b"]}`,
		"ssm LabelParameterVersion": `{"Name": "/a/b", "Labels": ["l"]}`, "ssm UnlabelParameterVersion": `{"Name": "/a/b", "ParameterVersion": 1, "Labels": ["l"]}`,
		"ssm AddTagsToResource":      `{"ResourceType": "Parameter", "ResourceId": "/a/b", "Tags": [{"Key": "a", "Value": "b"}]}`,
		"ssm RemoveTagsFromResource": `{"ResourceType": "Parameter", "ResourceId": "/a/b", "TagKeys": ["a"]}`,
		"ssm ListTagsForResource":    `{"ResourceType": "Parameter", "ResourceId": "/a/b"}`,

		"lambda PublishLayerVersion": `{"LayerName": "l", "Content": {"ZipFile": "$Z"}}`, "lambda GetLayerVersion": `{"LayerName": "l", "VersionNumber": 1}`,
		"lambda GetLayerVersionByArn": `{"Arn": "$L"}`, "lambda DeleteLayerVersion": `{"LayerName": "l", "VersionNumber": 1}`,
		"lambda ListLayerVersions": `{"LayerName": "l"}`, "lambda ListLayers": `{}`, "lambda GetLayerVersionPolicy": `{"LayerName": "l", "VersionNumber": 1}`,
		"lambda AddLayerVersionPermission":    `{"LayerName": "l", "VersionNumber": 1, "StatementId": "t", "Action": "lambda:GetLayerVersion", "Principal": "*"}`,
		"lambda RemoveLayerVersionPermission": `{"LayerName": "l", "VersionNumber": 1, "StatementId": "s"}`,

		"lambda CreateFunction":              `{"FunctionName": "new", "Role": "$E", "Runtime": "python3.14", "Handler": "a.b", "Code": {"ZipFile": "$Z"}}`,
		"lambda GetFunction":                 `{"FunctionName": "f"}`,
		"lambda GetFunctionConfiguration":    `{"FunctionName": "f"}`,
		"lambda UpdateFunctionConfiguration": `{"FunctionName": "f"}`,
		"lambda UpdateFunctionCode":          `{"FunctionName": "f", "ZipFile": "$Z"}`,
		"lambda ListFunctions":               `{}`,
		"lambda ListVersionsByFunction":      `{"FunctionName": "f"}`,
		"lambda PublishVersion":              `{"FunctionName": "f"}`,
		"lambda CreateAlias":                 `{"FunctionName": "f", "Name": "new", "FunctionVersion": "1"}`,
		"lambda GetAlias":                    `{"FunctionName": "f", "Name": "live"}`,
		"lambda UpdateAlias":                 `{"FunctionName": "f", "Name": "live"}`,
		"lambda ListAliases":                 `{"FunctionName": "f"}`,
		"lambda DeleteAlias":                 `{"FunctionName": "f", "Name": "live"}`,
		"lambda DeleteFunction":              `{"FunctionName": "f"}`,

		"lambda ListTags": `{"Resource": "$F"}`, "lambda GetCodeSigningConfig": `{"CodeSigningConfigArn": "$S"}`,
		"lambda CreateCodeSigningConfig":      `{"AllowedPublishers": {"SigningProfileVersionArns": ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/p"]}}`,
		"lambda GetFunctionCodeSigningConfig": `{"FunctionName": "f"}`,
		"lambda PutFunctionCodeSigningConfig": `{"FunctionName": "f", "CodeSigningConfigArn": "$S"}`,

		"lambda DeleteCodeSigningConfig":         `{"CodeSigningConfigArn": "$S"}`,
		"lambda DeleteFunctionCodeSigningConfig": `{"FunctionName": "f"}`,

		"secretsmanager CreateSecret":             `{"Name": "new", "ClientRequestToken": "$T", "SecretString": "x"}`,
		"secretsmanager PutSecretValue":           `{"SecretId": "s", "ClientRequestToken": "$T", "SecretString": "x"}`,
		"secretsmanager UpdateSecret":             `{"SecretId": "s", "ClientRequestToken": "$T"}`,
		"secretsmanager UpdateSecretVersionStage": `{"SecretId": "s", "VersionStage": "l", "MoveToVersionId": "$V"}`,
		"secretsmanager GetSecretValue":           `{"SecretId": "s"}`,
		"secretsmanager BatchGetSecretValue":      `{"SecretIdList": ["s"]}`,
		"secretsmanager DescribeSecret":           `{"SecretId": "s"}`,
		"secretsmanager ListSecretVersionIds":     `{"SecretId": "s"}`,
		"secretsmanager ListSecrets":              `{}`,
		"secretsmanager DeleteSecret":             `{"SecretId": "s"}`,
		"secretsmanager RestoreSecret":            `{"SecretId": "s"}`,
		"secretsmanager TagResource":              `{"SecretId": "s", "Tags": [{"Key": "a", "Value": "b"}]}`,
		"secretsmanager UntagResource":            `{"SecretId": "s", "TagKeys": ["a"]}`,
		"secretsmanager GetResourcePolicy":        `{"SecretId": "s"}`,
		"secretsmanager DeleteResourcePolicy":     `{"SecretId": "s"}`,
		"secretsmanager GetRandomPassword":        `{}`,
		"secretsmanager ReplicateSecretToRegions": `{"SecretId": "s", "AddReplicaRegions": [{"Region": "eu-west-3"}]}`,
		"secretsmanager RotateSecret":             `{"SecretId": "s", "ClientRequestToken": "$T", "RotationLambdaARN": "$F", "RotationRules": {"AutomaticallyAfterDays": 1}}`,
		"secretsmanager CancelRotateSecret":       `{"SecretId": "s"}`,

		"cloudtrail LookupEvents": `{}`, "cloudtrail DescribeTrails": `{}`, "cloudtrail CreateTrail": `{"Name": "new", "S3BucketName": "bucket"}`,
		"cloudtrail GetEventSelectors": `{"TrailName": "trail"}`,
		"cloudtrail PutEventSelectors": `{"TrailName": "trail", "EventSelectors": [{"ReadWriteType": "All"}]}`,

		"sts AssumeRole": `{"RoleArn": "arn:aws:iam::000000000000:role/r", "RoleSessionName": "session"}`, "sts GetCallerIdentity": `{}`,

		"iam SimulatePrincipalPolicy": `{"PolicySourceArn": "arn:aws:iam::000000000000:role/simulated", "ActionNames.member.1": "kms:Decrypt"}`,
	}
}

// place is an account with a key, an alias, a multi-Region key, a parameter, a layer, and its requests.
type place struct {
	t        *testing.T
	services map[string]call.Service
	values   map[string]string
}

func newPlace(t *testing.T) place {
	p := place{t, modelServices(t), map[string]string{}}
	p.values["Z"] = fmt.Sprint((&run{t: t}).values("zip:x"))
	p.values["K"] = p.must("kms", "CreateKey", `{"Tags": [{"TagKey": "a", "TagValue": "b"}]}`, "KeyMetadata.KeyId")
	p.values["A"] = "arn:aws:kms:" + awslocal.Region + ":" + awslocal.Account + ":key/" + p.values["K"]
	p.values["G"] = p.must("kms", "CreateGrant", `{"KeyId": "$K", "GranteePrincipal": "arn:aws:iam::000000000000:role/r", "Operations": ["Decrypt"]}`, "GrantId")
	p.values["M"] = p.must("kms", "CreateKey", `{"MultiRegion": true}`, "KeyMetadata.KeyId")
	p.values["B"] = p.must("kms", "Encrypt", `{"KeyId": "$K", "Plaintext": "eA=="}`, "CiphertextBlob")
	p.must("kms", "CreateAlias", `{"AliasName": "alias/a", "TargetKeyId": "$K"}`, "")
	p.must("ssm", "PutParameter", `{"Name": "/a/b", "Type": "String", "Value": "x"}`, "Version")
	p.values["L"] = p.must("lambda", "PublishLayerVersion", `{"LayerName": "l", "Content": {"ZipFile": "$Z"}}`, "LayerVersionArn")
	p.values["E"] = "arn:aws:iam::000000000000:role/r"
	p.must("lambda", "CreateFunction", `{"FunctionName": "f", "Role": "$E", "Runtime": "python3.14", "Handler": "a.b", "Code": {"ZipFile": "$Z"}}`, "")
	p.values["F"] = "arn:aws:lambda:us-east-1:000000000000:function:f"
	p.values["S"] = p.must("lambda", "CreateCodeSigningConfig", `{}`, "CodeSigningConfig.CodeSigningConfigArn")
	p.values["T"] = "00000000-0000-4000-8000-000000000000"
	p.values["V"] = p.must("secretsmanager", "CreateSecret",
		`{"Name": "s", "ClientRequestToken": "11111111-0000-4000-8000-000000000000", "SecretString": "x"}`, "VersionId")
	p.must("cloudtrail", "CreateTrail", `{"Name": "trail", "S3BucketName": "bucket"}`, "")
	p.must("lambda", "PublishVersion", `{"FunctionName": "f"}`, "")
	p.must("lambda", "CreateAlias", `{"FunctionName": "f", "Name": "live", "FunctionVersion": "1"}`, "")
	p.must("lambda", "AddLayerVersionPermission",
		`{"LayerName": "l", "VersionNumber": 1, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"}`, "RevisionId")
	return p
}

func (p place) must(service, operation, in, member string) string {
	p.t.Helper()
	out, err := p.call(service, operation, p.expand(in))
	if err != nil {
		p.t.Fatalf("%s %s: %v", service, operation, err)
	}
	if member == "" {
		return ""
	}
	return fmt.Sprint(lookUp(out, member))
}

func (p place) expand(in string) string {
	for name, value := range p.values {
		in = strings.ReplaceAll(in, "$"+name, value)
	}
	return in
}

func (p place) call(service, operation, in string) (any, error) {
	const arn = "arn:aws:iam::" + awslocal.Account + ":root"
	reply, err := p.services[service].Operations()[operation](&call.Request{
		Service: service, Operation: operation, Region: awslocal.Region, Account: awslocal.Account, Now: time.Now(), Body: []byte(in),
		Caller: call.Principal{ARN: arn, Account: awslocal.Account, Root: true},
	})
	if err != nil {
		return nil, err
	}
	wire, err := json.Marshal(reply)
	if err != nil {
		p.t.Fatal(err)
	}
	var out any
	return out, json.Unmarshal(wire, &out)
}

// with makes a request in which one member has another value, in an account of its own, and returns the refusal, if any.
func with(t *testing.T, service, operation, member string, value any) *call.Error {
	t.Helper()
	p := newPlace(t)
	in := map[string]any{}
	if err := json.Unmarshal([]byte(p.expand(modelRequests()[service+" "+operation])), &in); err != nil {
		t.Fatal(err)
	}
	query := versions()[service] != ""
	if list, ok := value.([]any); ok && query {
		for i, item := range list {
			in[member+".member."+strconv.Itoa(i+1)] = fmt.Sprint(item)
		}
	} else if query {
		in[member] = fmt.Sprint(value)
	} else if member != "" {
		in[member] = value
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.call(service, operation, string(body))
	var refused *call.Error
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("%s %s: %v", service, operation, err)
	}
	return refused
}

// differences sends what the model forbids and what it allows.
func (m serviceModel) differences(t *testing.T, service string) (all []string) {
	t.Helper()
	for _, request := range slices.Sorted(maps.Keys(modelRequests())) {
		operation, ok := strings.CutPrefix(request, service+" ")
		if !ok {
			continue
		}
		if refused := with(t, service, operation, "GrantTokens", nil); refused != nil && versions()[service] == "" {
			t.Fatalf("%s: %v", request, refused)
		}
		input := m.Shapes[m.Operations[operation].Input.Shape]
		for _, member := range slices.Sorted(maps.Keys(input.Members)) {
			p := prober{t, service, operation, member}
			for _, difference := range p.differences(m, m.Shapes[input.Members[member].Shape]) {
				all = append(all, request+" "+member+": "+difference)
			}
		}
	}
	return all
}

// prober tries values of one member.
type prober struct {
	t                          *testing.T
	service, operation, member string
}

func (p prober) refusal(value any) *call.Error {
	return with(p.t, p.service, p.operation, p.member, value)
}

func (p prober) differences(m serviceModel, s modelShape) (all []string) {
	if versions()[p.service] == "" && !p.reads(s) {
		return []string{"is not read"}
	}
	accepts := func(value any, what string) {
		if p.refusal(value) == nil {
			all = append(all, what)
		}
	}
	switch s.Type {
	case "string":
		return p.text(s)
	case "integer", "long":
		if s.Min != nil {
			accepts(*s.Min-1, "accepts "+number64(*s.Min-1))
		}
		if s.Max != nil {
			accepts(*s.Max+1, "accepts "+number64(*s.Max+1))
		}
	case "list":
		item := m.Shapes[s.Member.Shape]
		if s.Max != nil && item.Type == "string" {
			accepts(items(int(*s.Max)+1, item), fmt.Sprintf("accepts more than %s items", number64(*s.Max)))
		}
		if s.Min != nil && *s.Min > 0 {
			accepts([]any{}, "accepts no items")
		}
		if item.Type == "string" && len(item.Enum) > 0 {
			accepts([]any{"NO_SUCH_VALUE"}, "accepts any value")
			for _, value := range item.Enum {
				if unknown(p.refusal([]any{value})) {
					all = append(all, "refuses "+value)
				}
			}
		}
	}
	return all
}

// reads reports whether the embedded AWS reads the member at all: then it refuses a value of another type.
func (p prober) reads(s modelShape) bool {
	var wrong any = map[string]any{"x": 1}
	if s.Type == "structure" || s.Type == "map" {
		wrong = "x"
	}
	refused := p.refusal(wrong)
	return refused != nil && refused.Code == "SerializationException"
}

func (p prober) text(s modelShape) (all []string) {
	accepts := func(value, what string) {
		if p.refusal(value) == nil {
			all = append(all, what)
		}
	}
	if len(s.Enum) > 0 {
		accepts("NO_SUCH_VALUE", "accepts any value")
		for _, value := range s.Enum {
			if unknown(p.refusal(value)) {
				all = append(all, "refuses "+value)
			}
		}
		return all
	}
	if s.Max != nil && *s.Max < 1<<20 {
		accepts(strings.Repeat("a", int(*s.Max)+1), "accepts more than "+number64(*s.Max)+" characters")
	}
	if s.Min != nil && *s.Min > 0 {
		accepts("", "accepts no characters")
	}
	if pattern, err := regexp.Compile("^(" + s.Pattern + ")$"); err == nil && s.Pattern != "" {
		for _, value := range []string{"a b", "a!b", "\x01\x01", "é"} {
			if !pattern.MatchString(value) {
				accepts(value, "accepts what does not match its pattern")
				break
			}
		}
	}
	return all
}

// unknown reports whether a value was refused because it is none of an enumeration.
func unknown(refused *call.Error) bool {
	return refused != nil && strings.Contains(refused.Message, "enum value set")
}

func items(n int, item modelShape) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = "a" + strconv.Itoa(i)
		if len(item.Enum) > 0 {
			all[i] = item.Enum[i%len(item.Enum)]
		}
	}
	return all
}

func number64(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
