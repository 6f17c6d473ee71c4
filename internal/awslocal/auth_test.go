package awslocal_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/whispering/bundle/internal/awslocal"
	awssts "github.com/whispering/bundle/internal/awslocal/sts"
)

const (
	buildID  = "AKIABUILDBUILDBUILD0"
	buildKey = "sample-secret-of-the-build-role"
)

// withRole declares the role "build", which may read below /app and assume "other", and nothing else.
func withRole(t *testing.T, w world) aws.Config {
	t.Helper()
	policy := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["ssm:GetParameter*"],"Resource":"arn:aws:ssm:*:000000000000:parameter/app*"},
		{"Effect":"Deny","Action":"ssm:*","Resource":"arn:aws:ssm:*:000000000000:parameter/app/denied"},
		{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/other"}]}`
	if err := w.PutRole(awssts.Role{Name: "build", AccessKeyID: buildID, SecretAccessKey: buildKey, Policy: json.RawMessage(policy)}); err != nil {
		t.Fatal(err)
	}
	return w.as(buildID, buildKey, "")
}

func read(c aws.Config, names ...string) error {
	_, err := ssm.NewFromConfig(c).GetParameters(context.Background(), &ssm.GetParametersInput{Names: names})
	return err
}

func whoami(t *testing.T, c aws.Config) string {
	t.Helper()
	out, err := sts.NewFromConfig(c).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Arn)
}

func TestAnyIDMayDoEverythingUntilARoleIsDeclared(t *testing.T) {
	w := start(t)
	if err := read(w.as("AKIANOBODY0000000000", "any", ""), "/app/x"); err != nil {
		t.Errorf("unknown id, no role: %v", err)
	}
	if arn := whoami(t, w.as("AKIANOBODY0000000000", "any", "")); arn != "arn:aws:iam::000000000000:root" {
		t.Errorf("unknown id is %s", arn)
	}
	withRole(t, w)
	refused(t, read(w.as("AKIANOBODY0000000000", "any", ""), "/app/x"), "UnrecognizedClientException", "The security token included in the request is invalid.")
	_, err := sts.NewFromConfig(w.as("AKIANOBODY0000000000", "any", "")).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	refused(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
	if err := read(w.config(), "/other/x"); err != nil {
		t.Errorf("the server's own credentials: %v", err)
	}
}

func TestKnownSecretsAreVerified(t *testing.T) {
	w := start(t)
	id, _ := w.Credentials()
	refused(t, read(w.as(id, "wrong", ""), "/app/x"), "InvalidSignatureException", "The request signature we calculated does not match")
	withRole(t, w)
	refused(t, read(w.as(buildID, "wrong", ""), "/app/x"), "InvalidSignatureException", "")
	_, err := sts.NewFromConfig(w.as(buildID, "wrong", "")).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	refused(t, err, "SignatureDoesNotMatch", "")
}

func TestRolesMayDoWhatTheirPolicySays(t *testing.T) {
	w := start(t)
	role := withRole(t, w)
	if arn := whoami(t, role); arn != "arn:aws:iam::000000000000:role/build" {
		t.Errorf("role is %s", arn)
	}
	for _, names := range [][]string{{"/app/x"}, {"/app/x", "/app/y:7"}, {"arn:aws:ssm:us-east-1:000000000000:parameter/app/x"}} {
		if err := read(role, names...); err != nil {
			t.Errorf("%v: %v", names, err)
		}
	}
	refused(t, read(role, "/app/x", "/other/y"), "AccessDeniedException", "User: arn:aws:iam::000000000000:role/build is not authorized to perform: "+
		"ssm:GetParameters on resource: arn:aws:ssm:us-east-1:000000000000:parameter/other/y because no identity-based policy allows the ssm:GetParameters action")
	refused(t, read(role, "/app/denied"), "AccessDeniedException", "with an explicit deny in an identity-based policy")
	refused(t, read(role, "not a name"), "AccessDeniedException", "on resource: arn:aws:ssm:us-east-1:000000000000:*")
	_, err := ssm.NewFromConfig(role).PutParameter(context.Background(), &ssm.PutParameterInput{Name: aws.String("/app/x"), Type: types.ParameterTypeString, Value: aws.String("x")})
	refused(t, err, "AccessDeniedException", "ssm:PutParameter")
	_, err = ssm.NewFromConfig(role).DescribeParameters(context.Background(), &ssm.DescribeParametersInput{})
	refused(t, err, "AccessDeniedException", "ssm:DescribeParameters")
}

func TestRightToAPathIsTheRightToAllBelowIt(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	for _, name := range []string{"/app/x", "/app/denied", "/apart"} {
		put(t, w.ssm(), &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeString, Value: aws.String("sample")})
	}
	role := ssm.NewFromConfig(withRole(t, w))
	out, err := role.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/app/")})
	if err != nil || len(out.Parameters) != 2 {
		t.Errorf("by path: %v %v", out, err)
	}
	_, err = role.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/")})
	refused(t, err, "AccessDeniedException", "ssm:GetParametersByPath on resource: arn:aws:ssm:us-east-1:000000000000:parameter/ ")
}

func assume(w world, c aws.Config, role string) (aws.Config, *sts.AssumeRoleOutput, error) {
	out, err := sts.NewFromConfig(c).AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("run-1"), DurationSeconds: aws.Int32(900)})
	if err != nil {
		return c, nil, err
	}
	return w.as(aws.ToString(out.Credentials.AccessKeyId), aws.ToString(out.Credentials.SecretAccessKey), aws.ToString(out.Credentials.SessionToken)), out, nil
}

func TestAssumedRoleActsAsTheRole(t *testing.T) {
	w := start(t)
	withRole(t, w)
	session, out, err := assume(w, w.config(), "arn:aws:iam::000000000000:role/build")
	if err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:sts::000000000000:assumed-role/build/run-1"
	if aws.ToString(out.AssumedRoleUser.Arn) != arn || whoami(t, session) != arn {
		t.Errorf("session is %s and %s", aws.ToString(out.AssumedRoleUser.Arn), whoami(t, session))
	}
	if !strings.HasPrefix(aws.ToString(out.Credentials.AccessKeyId), "ASIA") {
		t.Errorf("id %s", aws.ToString(out.Credentials.AccessKeyId))
	}
	if left := time.Until(aws.ToTime(out.Credentials.Expiration)); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("expires in %v", left)
	}
	if err := read(session, "/app/x"); err != nil {
		t.Errorf("allowed read: %v", err)
	}
	refused(t, read(session, "/other/x"), "AccessDeniedException", "User: "+arn)
	id, _, token := aws.ToString(out.Credentials.AccessKeyId), "", aws.ToString(out.Credentials.SessionToken)
	refused(t, read(w.as(id, "wrong", token), "/app/x"), "InvalidSignatureException", "")
	refused(t, read(w.as(id, "wrong", ""), "/app/x"), "UnrecognizedClientException", "")
	refused(t, read(w.as(id, aws.ToString(out.Credentials.SecretAccessKey), token[:len(token)-8]+"AAAAAAA="), "/app/x"), "UnrecognizedClientException", "")
	refused(t, read(w.as(buildID, buildKey, token), "/app/x"), "UnrecognizedClientException", "")
}

func TestTrustDecidesWhoMayAssume(t *testing.T) {
	w := start(t)
	role := withRole(t, w)
	other := "222222222222"
	for _, r := range []awssts.Role{
		{Name: "other"},
		{Name: "direct", Trust: []string{"arn:aws:iam::000000000000:role/build"}},
		{Name: "anyone", Trust: []string{"*"}},
		{Name: "strangers", Trust: []string{"333333333333"}},
		{Name: "other", Account: other, Trust: []string{"000000000000"}},
		{Name: "direct", Account: other, Trust: []string{"arn:aws:iam::000000000000:role/build"}},
		{Name: "closed", Account: other},
	} {
		if err := w.PutRole(r); err != nil {
			t.Fatal(err)
		}
	}
	for arn, allowed := range map[string]bool{
		"arn:aws:iam::000000000000:role/other":     true,  // trusts the account, and the policy of "build" allows it
		"arn:aws:iam::000000000000:role/build":     false, // trusts the account, but nothing allows it
		"arn:aws:iam::000000000000:role/direct":    true,  // trusts the role: enough within an account
		"arn:aws:iam::000000000000:role/anyone":    true,
		"arn:aws:iam::000000000000:role/strangers": false,
		"arn:aws:iam::000000000000:role/absent":    false,
		"arn:aws:iam::222222222222:role/other":     true,
		"arn:aws:iam::222222222222:role/direct":    false, // across accounts both sides must allow
		"arn:aws:iam::222222222222:role/closed":    false,
	} {
		_, _, err := assume(w, role, arn)
		if allowed && err != nil {
			t.Errorf("%s: %v", arn, err)
		} else if !allowed {
			refused(t, err, "AccessDenied", "User: arn:aws:iam::000000000000:role/build is not authorized to perform: sts:AssumeRole on resource: "+arn)
		}
	}
}

func TestAssumeRoleChecksItsMembers(t *testing.T) {
	w := start(t)
	c := sts.NewFromConfig(w.config())
	arn := aws.String("arn:aws:iam::111111111111:role/any")
	for name, test := range map[string]struct {
		in   sts.AssumeRoleInput
		code string
	}{
		"short session": {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), DurationSeconds: aws.Int32(899)}, "ValidationError"},
		"long session":  {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), DurationSeconds: aws.Int32(43201)}, "ValidationError"},
		"session name":  {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("a b")}, "ValidationError"},
		"short name":    {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("a")}, "ValidationError"},
		"no role":       {sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::111111111111:user/any"), RoleSessionName: aws.String("run")}, "ValidationError"},
		"a policy":      {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Policy: aws.String("{}")}, "MalformedPolicyDocument"},
		"no JSON":       {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Policy: aws.String("allow")}, "MalformedPolicyDocument"},
		"empty policy":  {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Policy: aws.String("")}, "ValidationError"},
		"long policy":   {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Policy: aws.String(strings.Repeat(" ", 2049))}, "ValidationError"},
		"long name":     {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String(strings.Repeat("a", 65))}, "ValidationError"},
		"short id":      {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), ExternalId: aws.String("a")}, "ValidationError"},
		"external id":   {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), ExternalId: aws.String("a b")}, "ValidationError"},
		"long id":       {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), ExternalId: aws.String(strings.Repeat("a", 1225))}, "ValidationError"},
		"identity":      {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), SourceIdentity: aws.String("a/b")}, "ValidationError"},
		"long identity": {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), SourceIdentity: aws.String(strings.Repeat("a", 257))}, "ValidationError"},
		"tag's key":     {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Tags: tagged("a;b", "c")}, "ValidationError"},
		"AWS's tag":     {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Tags: tagged("AWS:a", "c")}, "ValidationError"},
		"tag's value":   {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Tags: tagged("a", strings.Repeat("b", 257))}, "ValidationError"},
		"one tag twice": {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Tags: tagged("team", "a", "Team", "b")}, "InvalidParameterValue"},
		"many tags":     {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Tags: manyTags(51, 1)}, "ValidationError"},
		"large tags":    {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), Tags: manyTags(50, 200)}, "PackedPolicyTooLarge"},
		"transitive":    {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), TransitiveTagKeys: []string{"a"}}, "InvalidParameterValue"},
		"managed":       {sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), PolicyArns: []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}}}, "ValidationError"},
	} {
		_, err := c.AssumeRole(context.Background(), &test.in)
		if code(err) != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	session, _, err := assume(w, w.config(), *arn)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sts.NewFromConfig(session).AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: aws.String("run"), DurationSeconds: aws.Int32(3601)})
	refused(t, err, "ValidationError", "1 hour session limit for roles assumed by role chaining")
}

func TestAccountsAndRegionsAreApart(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/app/x"), Type: types.ParameterTypeString, Value: aws.String("sample")})
	foreign, _, err := assume(w, w.config(), "arn:aws:iam::222222222222:role/any")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := w.config()
	elsewhere.Region = "eu-west-1"
	for name, c := range map[string]aws.Config{"another account": foreign, "another region": elsewhere} {
		out, err := ssm.NewFromConfig(c).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/app/x"}})
		if err != nil || len(out.Parameters) != 0 || len(out.InvalidParameters) != 1 {
			t.Errorf("%s: %v %v", name, out, err)
		}
	}
	put(t, ssm.NewFromConfig(foreign), &ssm.PutParameterInput{Name: aws.String("/app/x"), Type: types.ParameterTypeString, Value: aws.String("sample")})
	out, err := ssm.NewFromConfig(foreign).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/app/x")})
	if err != nil || aws.ToString(out.Parameter.ARN) != "arn:aws:ssm:us-east-1:222222222222:parameter/app/x" {
		t.Errorf("in the other account: %v %v", out, err)
	}
	if _, err := kms.NewFromConfig(foreign).CreateKey(ctx, &kms.CreateKeyInput{}); err != nil {
		t.Error(err)
	}
}

// presign signs a GET of GetCallerIdentity in its query string.
func presign(t *testing.T, w world, query string) string {
	t.Helper()
	return presigned(t, w, http.MethodGet, query)
}

func presigned(t *testing.T, w world, method, query string) string {
	t.Helper()
	r, err := http.NewRequest(method, w.url+"/?Action=GetCallerIdentity&Version=2011-06-15"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	who, err := w.config().Credentials.Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	url, _, err := v4.NewSigner().PresignHTTP(context.Background(), who, r, nothing, "sts", "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func TestPresignedRequests(t *testing.T) {
	w := start(t)
	generated, err := sts.NewPresignClient(sts.NewFromConfig(w.config())).PresignGetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	minute := presign(t, w, "&X-Amz-Expires=60")
	for name, test := range map[string]struct {
		url    string
		skew   time.Duration
		status int
		text   string
	}{
		"by the SDK's client":    {generated.URL, 0, http.StatusOK, "<Account>000000000000</Account>"},
		"for a minute":           {minute, 0, http.StatusOK, "<Account>000000000000</Account>"},
		"for a minute, too late": {minute, 62 * time.Second, http.StatusBadRequest, "<Code>RequestExpired</Code>"},
		"changed":                {minute + "&Extra=1", 0, http.StatusForbidden, "<Code>SignatureDoesNotMatch</Code>"},
		"posted":                 {presigned(t, w, http.MethodPost, "&X-Amz-Expires=60"), 0, http.StatusForbidden, "<Code>SignatureDoesNotMatch</Code>"},
		"for nine days":          {presign(t, w, "&X-Amz-Expires=777600"), 0, http.StatusBadRequest, "<Code>IncompleteSignature</Code>"},
	} {
		w.ClearFaults()
		w.Inject(awslocal.Fault{Kind: awslocal.Skew, Delay: test.skew})
		response, err := http.Get(test.url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.status || !strings.Contains(string(body), test.text) {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
	}
}

func TestPresignedPostHasItsMembersInTheQuery(t *testing.T) {
	w := start(t)
	response, err := http.Post(presigned(t, w, http.MethodPost, "&X-Amz-Expires=60"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestSignaturesOfAnotherTimeAreRefused(t *testing.T) {
	w := start(t)
	for name, test := range map[string]struct {
		skew time.Duration
		text string
	}{
		"the client is slow": {16 * time.Minute, "Signature expired: "},
		"the client is fast": {-16 * time.Minute, "Signature not yet current: "},
	} {
		w.ClearFaults()
		w.Inject(awslocal.Fault{Kind: awslocal.Skew, Delay: test.skew})
		err := read(w.config(), "/app/x")
		if code(err) != "InvalidSignatureException" || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.ClearFaults()
	w.Inject(awslocal.Fault{Kind: awslocal.Skew, Delay: 14 * time.Minute})
	if err := read(w.config(), "/app/x"); err != nil {
		t.Errorf("14 minutes: %v", err)
	}
}

func TestExpiredSessionsAreRefused(t *testing.T) {
	w := start(t)
	session, _, err := assume(w, w.config(), "arn:aws:iam::000000000000:role/any")
	if err != nil {
		t.Fatal(err)
	}
	w.Inject(awslocal.Fault{Kind: awslocal.Skew, Delay: 14*time.Minute + 59*time.Second})
	if err := read(session, "/app/x"); err != nil {
		t.Errorf("before its end: %v", err)
	}
	w.ClearFaults()
	session.RetryMaxAttempts = 3 // the SDK corrects its clock after the first refusal
	w.Inject(awslocal.Fault{Kind: awslocal.Skew, Delay: 16 * time.Minute})
	refused(t, read(session, "/app/x"), "ExpiredTokenException", "The security token included in the request is expired")
}

func TestOnlyLocalProgramsAreAnswered(t *testing.T) {
	w := start(t)
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"unsigned":          {func(r *http.Request) {}, http.StatusBadRequest},
		"localhost":         {func(r *http.Request) { r.Host = "localhost:80" }, http.StatusBadRequest},
		"IPv6 loopback":     {func(r *http.Request) { r.Host = "[::1]:80" }, http.StatusBadRequest},
		"another host":      {func(r *http.Request) { r.Host = "example.com" }, http.StatusForbidden},
		"a rebound address": {func(r *http.Request) { r.Host = "127.0.0.1.example.com" }, http.StatusForbidden},
		"another address":   {func(r *http.Request) { r.Host = "10.0.0.1" }, http.StatusForbidden},
		"a web page":        {func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1") }, http.StatusForbidden},
		"a null origin":     {func(r *http.Request) { r.Header.Set("Origin", "null") }, http.StatusForbidden},
		"an empty origin":   {func(r *http.Request) { r.Header["Origin"] = []string{""} }, http.StatusForbidden},
	} {
		r, err := http.NewRequest(http.MethodPost, w.url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameters")
		test.change(r)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.status {
			t.Errorf("%s: status %d, want %d", name, response.StatusCode, test.status)
		}
		if response.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: the reply allows an origin", name)
		}
	}
	for _, addr := range []string{"0.0.0.0:0", ":0", "example.com:0", "127.0.0.1"} {
		s, err := awslocal.New()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Start(addr); err == nil {
			t.Errorf("listens on %q", addr)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
