package awsreply

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsfault"
)

// calls make every operation of the table.
func calls(cfg aws.Config) map[string]func(context.Context) error {
	secrets := secretsmanager.NewFromConfig(cfg)
	p, k, l, s, c := ssm.NewFromConfig(cfg), kms.NewFromConfig(cfg), lambda.NewFromConfig(cfg), sts.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg)
	x := aws.String("arn:aws:iam::222222222222:role/x")
	return map[string]func(context.Context) error{
		"ssm:GetParameters": func(ctx context.Context) error {
			return last(p.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"x"}}))
		},
		"ssm:GetParametersByPath": func(ctx context.Context) error {
			return last(p.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: x}))
		},
		"ssm:DescribeParameters": func(ctx context.Context) error {
			return last(p.DescribeParameters(ctx, &ssm.DescribeParametersInput{}))
		},
		"ssm:GetParameterHistory": func(ctx context.Context) error {
			return last(p.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: x}))
		},
		"ssm:PutParameter": func(ctx context.Context) error {
			return last(p.PutParameter(ctx, &ssm.PutParameterInput{Name: x, Value: x}))
		},
		"cloudtrail:LookupEvents":   func(ctx context.Context) error { return last(c.LookupEvents(ctx, &cloudtrail.LookupEventsInput{})) },
		"cloudtrail:DescribeTrails": func(ctx context.Context) error { return last(c.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})) },
		"cloudtrail:GetEventSelectors": func(ctx context.Context) error {
			return last(c.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: x}))
		},
		"kms:DescribeKey": func(ctx context.Context) error { return last(k.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: x})) },
		"kms:Encrypt": func(ctx context.Context) error {
			return last(k.Encrypt(ctx, &kms.EncryptInput{KeyId: x, Plaintext: []byte("x")}))
		},
		"kms:ReEncrypt": func(ctx context.Context) error {
			return last(k.ReEncrypt(ctx, &kms.ReEncryptInput{DestinationKeyId: x, CiphertextBlob: []byte("x")}))
		},
		"kms:Decrypt": func(ctx context.Context) error {
			return last(k.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: []byte("x")}))
		},
		"kms:ListGrants": func(ctx context.Context) error { return last(k.ListGrants(ctx, &kms.ListGrantsInput{KeyId: x})) },
		"kms:ListResourceTags": func(ctx context.Context) error {
			return last(k.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: x}))
		},
		"kms:GetKeyLastUsage": func(ctx context.Context) error {
			return last(k.GetKeyLastUsage(ctx, &kms.GetKeyLastUsageInput{KeyId: x}))
		},
		"kms:GetKeyPolicy": func(ctx context.Context) error { return last(k.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: x})) },
		"kms:PutKeyPolicy": func(ctx context.Context) error {
			return last(k.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: x, Policy: x}))
		},
		"lambda:ListLayerVersions": func(ctx context.Context) error {
			return last(l.ListLayerVersions(ctx, &lambda.ListLayerVersionsInput{LayerName: x}))
		},
		"lambda:GetLayerVersion": func(ctx context.Context) error {
			return last(l.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: x, VersionNumber: aws.Int64(1)}))
		},
		"lambda:GetLayerVersionPolicy": func(ctx context.Context) error {
			return last(l.GetLayerVersionPolicy(ctx, &lambda.GetLayerVersionPolicyInput{LayerName: x, VersionNumber: aws.Int64(1)}))
		},
		"lambda:DeleteLayerVersion": func(ctx context.Context) error {
			return last(l.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: x, VersionNumber: aws.Int64(1)}))
		},
		"lambda:ListFunctions": func(ctx context.Context) error { return last(l.ListFunctions(ctx, &lambda.ListFunctionsInput{})) },
		"lambda:GetFunctionConfiguration": func(ctx context.Context) error {
			return last(l.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: x}))
		},
		"lambda:UpdateFunctionConfiguration": func(ctx context.Context) error {
			return last(l.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: x}))
		},
		"lambda:PublishVersion": func(ctx context.Context) error {
			return last(l.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: x}))
		},
		"lambda:UpdateAlias": func(ctx context.Context) error {
			return last(l.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: x, Name: x}))
		},
		"lambda:ListTags": func(ctx context.Context) error { return last(l.ListTags(ctx, &lambda.ListTagsInput{Resource: x})) },
		"lambda:GetFunctionCodeSigningConfig": func(ctx context.Context) error {
			return last(l.GetFunctionCodeSigningConfig(ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: x}))
		},
		"lambda:GetCodeSigningConfig": func(ctx context.Context) error {
			return last(l.GetCodeSigningConfig(ctx, &lambda.GetCodeSigningConfigInput{CodeSigningConfigArn: x}))
		},
		"lambda:ListVersionsByFunction": func(ctx context.Context) error {
			return last(l.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: x}))
		},
		"lambda:ListAliases": func(ctx context.Context) error {
			return last(l.ListAliases(ctx, &lambda.ListAliasesInput{FunctionName: x}))
		},
		"lambda:PublishLayerVersion": func(ctx context.Context) error {
			return last(l.PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{LayerName: x, Content: &lambdatypes.LayerVersionContentInput{}}))
		},
		"secretsmanager:DescribeSecret": func(ctx context.Context) error {
			return last(secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: x}))
		},
		"secretsmanager:GetSecretValue": func(ctx context.Context) error {
			return last(secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: x}))
		},
		"secretsmanager:ListSecrets": func(ctx context.Context) error {
			return last(secrets.ListSecrets(ctx, &secretsmanager.ListSecretsInput{}))
		},
		"secretsmanager:ListSecretVersionIds": func(ctx context.Context) error {
			return last(secrets.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: x}))
		},
		"sts:GetCallerIdentity": func(ctx context.Context) error { return last(s.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})) },
		"sts:AssumeRole": func(ctx context.Context) error {
			return last(s.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: x, RoleSessionName: x}))
		},
		"sts:AssumeRoleWithWebIdentity": func(ctx context.Context) error {
			return last(s.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: x, RoleSessionName: x, WebIdentityToken: x}))
		},
	}
}

func last[T any](_ T, err error) error { return err }

// An aws answers everything with what the test says.
type server struct {
	*httptest.Server
	reply func(w http.ResponseWriter)
	cfg   aws.Config
}

func newServer(t *testing.T) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.reply(w)
	}))
	t.Cleanup(s.Close)
	s.cfg = aws.Config{
		Region: "us-west-2", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE000000000", "example", ""),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: plainBodies{},
		APIOptions: []func(*middleware.Stack) error{Check},
	}
	return s
}

// plainBodies sends bodies that can only be read, as internal/awsclient does.
type plainBodies struct{}

func (plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return http.DefaultClient.Do(r)
}

func (s *server) answer(t *testing.T, operation, body string) error {
	t.Helper()
	s.reply = func(w http.ResponseWriter) { _, _ = io.WriteString(w, body) }
	return calls(s.cfg)[operation](t.Context())
}

// An edit changes one member of a sample.
type edit struct {
	path  string
	value string // "" takes the member away
	twice bool
}

// sample writes a reply with every member of an operation, as JSON or XML.
func sample(operation string, members []member, e edit) string {
	if strings.HasPrefix(operation, "sts:") {
		_, name, _ := strings.Cut(operation, ":")
		return fmt.Sprintf("<%sResponse><%sResult>%s</%sResult></%sResponse>", name, name, sampleXML(members, "", e), name, name)
	}
	return sampleJSON(members, "", e)
}

// in returns the member's name below the object at path, if it belongs there.
func (m member) in(path string) (name string, direct bool) {
	name = m.path
	if path != "" {
		var below bool
		if name, below = strings.CutPrefix(m.path, path+"."); !below {
			return "", false
		}
	}
	return name, !strings.ContainsAny(name, ".[")
}

func sampleJSON(members []member, path string, e edit) string {
	var parts []string
	for _, m := range members {
		name, direct := m.in(path)
		if !direct || m.kind < 0 {
			continue
		}
		text := sampleValue(members, m, e)
		if m.path == e.path {
			text = e.value
		}
		if text == "" {
			continue
		}
		parts = append(parts, fmt.Sprintf("%q: %s", name, text))
		if m.path == e.path && e.twice {
			parts = append(parts, parts[len(parts)-1])
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func sampleValue(members []member, m member, e edit) string {
	switch m.kind {
	case number, date:
		return "1"
	case boolean:
		return "true"
	case object:
		return sampleJSON(members, m.path, e)
	case list:
		item := member{path: m.path + "[]", kind: object}
		for _, other := range members {
			if other.path == item.path {
				item.kind = other.kind
			}
		}
		text := sampleValue(members, item, e)
		if item.path == e.path {
			text = e.value
		}
		return "[" + sampleValue(members, item, edit{}) + ", " + text + "]"
	}
	return `"eHh4"`
}

func sampleXML(members []member, path string, e edit) string {
	var b strings.Builder
	for _, m := range members {
		name, direct := m.in(path)
		if !direct || m.kind < 0 || m.path == e.path && e.value == "" {
			continue
		}
		text := "2026-11-28T10:00:00Z"
		if m.kind == object {
			text = sampleXML(members, m.path, e)
		}
		element := fmt.Sprintf("<%s>%s</%s>", name, text, name)
		switch {
		case m.path != e.path:
		case e.twice:
			element += element
		default:
			element = fmt.Sprintf("<%s></%s>", name, name)
		}
		b.WriteString(element)
	}
	return b.String()
}

// A row for every required member of every operation, through the SDK's own
// client: absent, null, empty, of another type, twice.
func TestEveryRequiredMemberIsHeldTo(t *testing.T) {
	s := newServer(t)
	rows := 0
	for _, operation := range slices.Sorted(maps.Keys(operations())) {
		members := operations()[operation]
		if err := s.answer(t, operation, sample(operation, members, edit{})); err != nil {
			t.Errorf("%s: a whole reply is refused: %v", operation, err)
		}
		for _, m := range members {
			if m.without == "" {
				for name, e := range edits(m, strings.HasPrefix(operation, "sts:")) {
					rows++
					err := s.answer(t, operation, sample(operation, members, e))
					if awsfault.Classify(err) != awsfault.Malformed {
						t.Errorf("%s: %s %s: %v", operation, m.path, name, err)
					}
				}
			}
			if m.without != "" && m.kind >= 0 {
				for _, value := range []string{"", "null"} {
					if strings.HasSuffix(m.path, "[]") || strings.HasPrefix(operation, "sts:") && value != "" {
						continue
					}
					if err := s.answer(t, operation, sample(operation, members, edit{path: m.path, value: value})); err != nil {
						t.Errorf("%s: %s may be absent (%s), but: %v", operation, m.path, m.without, err)
					}
				}
			}
		}
	}
	if rows < 200 {
		t.Errorf("only %d rows", rows)
	}
}

// edits are the ways to spoil a required member.
func edits(m member, xml bool) map[string]edit {
	if xml {
		return map[string]edit{"absent": {path: m.path}, "empty": {path: m.path, value: "x"}, "twice": {path: m.path, value: "x", twice: true}}
	}
	all := map[string]edit{"null": {path: m.path, value: "null"}}
	if !strings.HasSuffix(m.path, "[]") {
		all["absent"] = edit{path: m.path}
		all["twice"] = edit{path: m.path, value: map[kind]string{text: `"x"`, value: `"x"`, number: "1", date: "1", boolean: "true", list: "[]", object: "{}"}[m.kind], twice: true}
	}
	for kind, text := range map[kind]string{text: `"7"`, number: "7", boolean: "true", list: `["x"]`, object: `{"x": "x"}`} {
		if kind != m.kind && !(kind == 0 && m.kind == value) && !(kind == number && m.kind == date) {
			all["as "+text] = edit{path: m.path, value: text}
		}
	}
	if m.kind == text {
		all["empty"] = edit{path: m.path, value: `""`}
	}
	return all
}

// An operation without output has an empty reply, which has a request ID if it is of AWS.
func TestEmptyReplies(t *testing.T) {
	s := newServer(t)
	if err := s.answer(t, "kms:PutKeyPolicy", ""); err == nil || awsfault.Classify(err) != awsfault.Unavailable {
		t.Errorf("one without a request ID: %v", err)
	}
	s.reply = func(w http.ResponseWriter) {
		w.Header().Set("X-Amzn-RequestId", "1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54")
	}
	if err := calls(s.cfg)["kms:PutKeyPolicy"](t.Context()); err != nil {
		t.Errorf("one of AWS: %v", err)
	}
	if err := calls(s.cfg)["kms:GetKeyPolicy"](t.Context()); err == nil {
		t.Error("where there must be a policy, nothing is accepted")
	}
}

func TestRepliesThatAreNoneOfAWS(t *testing.T) {
	s := newServer(t)
	good := `{"Parameters": [], "InvalidParameters": []}`
	for name, c := range map[string]struct {
		body string
		want awsfault.Class
	}{
		"nothing":               {"", awsfault.Malformed},
		"white space":           {" \n", awsfault.Malformed},
		"null":                  {"null", awsfault.Malformed},
		"a list":                {"[]", awsfault.Malformed},
		"a text":                {`"Parameters"`, awsfault.Malformed},
		"a number":              {"7", awsfault.Malformed},
		"an empty object":       {"{}", awsfault.Malformed},
		"two documents":         {good + good, awsfault.Malformed},
		"something after it":    {good + "x", awsfault.Malformed},
		"two lists":             {`{"Parameters": [], "Parameters": []}`, awsfault.Malformed},
		"two lists, escaped":    {`{"Parameters": [], "\u0050arameters": []}`, awsfault.Malformed},
		"an unknown one twice":  {`{"Parameters": [], "X": 1, "X": 1}`, awsfault.Malformed},
		"twice, further down":   {`{"Parameters": [], "X": [{"a": {"b": 1, "b": 2}}]}`, awsfault.Malformed},
		"in another case":       {`{"parameters": []}`, awsfault.Malformed},
		"not UTF-8":             {"{\"Parameters\": [], \"X\": \"\xff\"}", awsfault.Malformed},
		"half a character":      {`{"Parameters": [], "X": "\ud83d"}`, awsfault.Malformed},
		"the other half":        {`{"Parameters": [], "X": "\uDE00"}`, awsfault.Malformed},
		"halves turned round":   {`{"Parameters": [], "X": "\ude00\ud83d"}`, awsfault.Malformed},
		"not what it should be": {`{"Parameters": [], "InvalidParameters": [7]}`, awsfault.Malformed},
		"a version of 1.5":      {`{"Parameters": [{"Name": "x", "Type": "x", "Value": "x", "Version": 1.5, "ARN": "x", "LastModifiedDate": 1}]}`, awsfault.Malformed},
		"half, and a character": {`{"Parameters": [], "X": "\ud83d\u0041"}`, awsfault.Malformed},
		"cut short":             {`{"Parameters": [`, awsfault.Unavailable},
		"HTML":                  {"<html></html>", awsfault.Unavailable},
		"nested deeply":         {strings.Repeat("[", 20000) + strings.Repeat("]", 20000), awsfault.Unavailable},
		"too long":              {`{"Parameters": [], "X": "` + strings.Repeat("x", MaxBytes) + `"}`, awsfault.Malformed},
	} {
		err := s.answer(t, "ssm:GetParameters", c.body)
		if got := awsfault.Classify(err); err == nil || got != c.want {
			t.Errorf("%s: %v (%v)", name, err, got)
		}
		if text := awsfault.Describe(err); strings.Contains(text, "xxx") || strings.Contains(text, "html") {
			t.Errorf("%s: the reply is quoted: %s", name, text)
		}
	}
	for _, body := range []string{
		good, " " + good + "\n", `{"Parameters":[],"New":{"a":[1,-2.5e3,true,false,null,"\\\"\u00e9\ud83d\ude00"]}}`, `{"\u0050arameters": []}`,
		`{"Parameters": [], "InvalidParameters": ["x"]}`,
	} {
		if err := s.answer(t, "ssm:GetParameters", body); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestRepliesOfSTSThatAreNone(t *testing.T) {
	s := newServer(t)
	good := sample("sts:GetCallerIdentity", operations()["sts:GetCallerIdentity"], edit{})
	for name, c := range map[string]struct {
		body string
		want awsfault.Class
	}{
		"nothing":       {"", awsfault.Malformed},
		"JSON":          {"{}", awsfault.Malformed},
		"without any":   {"<GetCallerIdentityResponse></GetCallerIdentityResponse>", awsfault.Malformed},
		"two documents": {good + good, awsfault.Malformed},
		"another":       {"<html></html>", awsfault.Unavailable},
		"cut short":     {good[:len(good)/2], awsfault.Unavailable},
		"a directive":   {"<!DOCTYPE x>" + good, awsfault.Malformed},
	} {
		if err := s.answer(t, "sts:GetCallerIdentity", c.body); err == nil || awsfault.Classify(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A GiB, and what becomes one once it is uncompressed, is not read to its end.
// TestDatesThatAreNone: the SDK would take one that is too late for an earlier one.
func TestDatesThatAreNone(t *testing.T) {
	s := newServer(t)
	body := func(date string) string {
		return `{"Parameters": [{"Name": "x", "Type": "x", "Value": "x", "Version": 1, "ARN": "x", "LastModifiedDate": ` + date + `}]}`
	}
	for _, date := range []string{"0", "0.001", "1795853654.914", "1.795853654914E9", "9223372035"} {
		if err := s.answer(t, "ssm:GetParameters", body(date)); err != nil {
			t.Errorf("%s: %v", date, err)
		}
	}
	for _, date := range []string{
		"-1", "-0.001", "-62135596800", "9223372036", "40000000000", "253402300799", "253402300800", "1795853654914", "1e15", "1e300", "1e400", "9007199254740992",
	} {
		if err := s.answer(t, "ssm:GetParameters", body(date)); awsfault.Classify(err) != awsfault.Malformed {
			t.Errorf("%s: %v", date, err)
		}
	}
}

func TestCredentialsThatAreNone(t *testing.T) {
	s := newServer(t)
	good := sample("sts:AssumeRole", operations()["sts:AssumeRole"], edit{})
	element := func(name string) string { return fmt.Sprintf("<%s>2026-11-28T10:00:00Z</%s>", name, name) }
	for name, texts := range map[string][]string{
		"Expiration": {
			"1969-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "NaN", "0", "1795853654", "tomorrow", "2026-11-28T10:00:00", "2026-13-45T10:00:00Z",
			"9999-12-31T23:59:59-01:00", " 2026-11-28T10:00:00Z",
		},
		"AccessKeyId":     {" AKIAEXAMPLE000000000", "AKIA\nEXAMPLE", "AKIA EXAMPLE", "AKIA\u202eEXAMPLE", "AKIA&#x7f;"},
		"SecretAccessKey": {"x\ty", "\u00e9"},
		"SessionToken":    {"x y", "x\n", "x&#13;&#10;X-Amz-Target: y"},
	} {
		for _, text := range texts {
			body := strings.Replace(good, element(name), fmt.Sprintf("<%s>%s</%s>", name, text, name), 1)
			if err := s.answer(t, "sts:AssumeRole", body); body == good || awsfault.Classify(err) != awsfault.Malformed {
				t.Errorf("%s %q: %v", name, text, err)
			}
		}
	}
	for _, text := range []string{"1970-01-01T00:00:00Z", "2026-11-28T12:00:00.123+02:00", "9999-12-31T23:59:59Z"} {
		if err := s.answer(t, "sts:AssumeRole", strings.Replace(good, element("Expiration"), "<Expiration>"+text+"</Expiration>", 1)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRepliesAreReadWithALimit(t *testing.T) {
	s := newServer(t)
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(chunk)
	}
	_ = z.Close()
	for name, reply := range map[string]func(w http.ResponseWriter){
		"a GiB": func(w http.ResponseWriter) {
			for range 1024 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"a GiB of an error": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			for range 1024 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"a bomb": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			for range 16 {
				if _, err := w.Write(bomb.Bytes()); err != nil {
					return
				}
			}
		},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.reply = reply
		err := calls(s.cfg)["ssm:GetParameters"](t.Context())
		runtime.ReadMemStats(&after)
		if awsfault.Classify(err) != awsfault.Malformed || after.TotalAlloc-before.TotalAlloc > 30<<20 {
			t.Errorf("%s: %v, with %d bytes", name, err, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

// Every operation has a limit of its own: a reply that is as long passes, and one
// byte more does not.
func TestEveryOperationHasALimit(t *testing.T) {
	s := newServer(t)
	for operation, members := range operations() {
		longest, ok := limits[operation]
		if !ok {
			t.Errorf("%s has no limit", operation)
			continue
		}
		reply := sample(operation, members, edit{})
		reply += strings.Repeat("\n", longest-len(reply))
		if err := s.answer(t, operation, reply); err != nil {
			t.Errorf("%s: a reply of %d bytes: %v", operation, longest, err)
		}
		if err := s.answer(t, operation, reply+"\n"); awsfault.Classify(err) != awsfault.Malformed {
			t.Errorf("%s: a reply of %d bytes: %v", operation, longest+1, err)
		}
	}
	if len(limits) != len(operations()) {
		t.Errorf("%d limits for %d operations", len(limits), len(operations()))
	}
}

// What is not in the table is not sent.
func TestUnknownOperationsAreNotSent(t *testing.T) {
	s := newServer(t)
	sent := false
	s.reply = func(http.ResponseWriter) { sent = true }
	if _, err := ssm.NewFromConfig(s.cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("x")}); err == nil || sent {
		t.Errorf("%v, sent: %t", err, sent)
	}
}

// What passes is what encoding/json would read, without anything lost.
func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{
		`{"Parameters": []}`, `{"Parameters": [{"Name": "x", "Type": "String", "Value": "", "Version": 1, "ARN": "x", "LastModifiedDate": 1.5e9}]}`,
		`{"Parameters":[],"X":[[],{},"\ud83d\ude00",{"a":{"b":[null]}}]}`, `{"Parameters": [], "X": "\ud83d"}`, "{", "[]", `{"a":1}{`, "{\"Parameters\": [], \"\xff\": 1}",
	} {
		f.Add([]byte(seed))
	}
	shape := shapes()["ssm:GetParametersByPath"]
	f.Fuzz(func(t *testing.T, body []byte) {
		fault, notJSON := checkJSON(body, shape)
		if fault != "" || notJSON {
			return
		}
		var reply map[string]any
		if err := json.Unmarshal(body, &reply); err != nil {
			t.Fatalf("%q passes: %v", body, err)
		}
		all, ok := reply["Parameters"].([]any)
		if !ok {
			t.Fatalf("%q passes", body)
		}
		for _, one := range all {
			p, _ := one.(map[string]any)
			for _, name := range []string{"Name", "Type", "ARN", "Value", "Version", "LastModifiedDate"} {
				if p[name] == nil {
					t.Fatalf("%q passes", body)
				}
			}
		}
	})
}

// What the SDK cannot read of a whole reply does not come right by asking again.
func TestAWholeReplyIsNotAskedForAgain(t *testing.T) {
	s := newServer(t)
	assumed := sample("sts:AssumeRole", operations()["sts:AssumeRole"], edit{})
	for call, body := range map[string]string{
		"sts:AssumeRole": strings.ReplaceAll(assumed, "2026-11-28T10:00:00Z", "soon"), "kms:Encrypt": `{"KeyId": "x", "CiphertextBlob": "%"}`,
	} {
		if err := s.answer(t, call, body); awsfault.Classify(err) != awsfault.Malformed {
			t.Errorf("%s: %v", call, err)
		}
	}
}
