package awslocal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	awssts "github.com/whispering/bundle/internal/awslocal/sts"
)

func tagged(pairs ...string) []ststypes.Tag {
	var tags []ststypes.Tag
	for i := 0; i < len(pairs); i += 2 {
		tags = append(tags, ststypes.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return tags
}

func manyTags(n, length int) []ststypes.Tag {
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("tag%d", i), strings.Repeat("x", length))
	}
	return tagged(pairs...)
}

const anything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// session assumes a role of the default account as c.
func session(w world, c aws.Config, in sts.AssumeRoleInput) (aws.Config, *sts.AssumeRoleOutput, error) {
	if in.RoleArn == nil {
		in.RoleArn = aws.String("arn:aws:iam::000000000000:role/wide")
	}
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("run-1")
	}
	out, err := sts.NewFromConfig(c).AssumeRole(context.Background(), &in)
	if err != nil {
		return c, nil, err
	}
	return w.as(aws.ToString(out.Credentials.AccessKeyId), aws.ToString(out.Credentials.SecretAccessKey), aws.ToString(out.Credentials.SessionToken)), out, nil
}

func TestSessionMayDoWhatItsPolicyAndItsRoleAllow(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/app/x"), Type: types.ParameterTypeSecureString, Value: aws.String("sample")})
	if err := w.PutRole(awssts.Role{Name: "wide", Policy: json.RawMessage(anything)}); err != nil {
		t.Fatal(err)
	}
	narrow, out, err := session(w, w.config(), sts.AssumeRoleInput{Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"}, {"Effect":"Deny","Action":["kms:Decrypt","ssm:PutParameter"],"Resource":"*"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	//nolint:staticcheck // the members that replace it are not in the reply of the embedded STS
	if packed := aws.ToInt32(out.PackedPolicySize); packed < 1 || packed > 100 {
		t.Errorf("the packed policy takes %d percent", packed)
	}
	if err := read(narrow, "/app/x"); err != nil {
		t.Errorf("what both allow: %v", err)
	}
	decrypt := &ssm.GetParametersInput{Names: []string{"/app/x"}, WithDecryption: aws.Bool(true)}
	_, err = ssm.NewFromConfig(narrow).GetParameters(ctx, decrypt)
	if err == nil || !strings.Contains(err.Error(), "explicit deny in a session policy") {
		t.Errorf("what the session denies, by way of SSM: %v", err)
	}
	_, err = ssm.NewFromConfig(narrow).PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/app/y"), Type: types.ParameterTypeString, Value: aws.String("x")})
	refused(t, err, "AccessDeniedException", "with an explicit deny in a session policy")

	reader, _, err := session(w, w.config(), sts.AssumeRoleInput{Policy: aws.String(`{"Version":"2012-10-17","Statement":
		{"Effect":"Allow","Action":"ssm:GetParameters","Resource":"arn:aws:ssm:*:000000000000:parameter/app/*"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if err := read(reader, "/app/x"); err != nil {
		t.Errorf("what both allow: %v", err)
	}
	refused(t, read(reader, "/other/x"), "AccessDeniedException", "because no session policy allows the ssm:GetParameters action")
	_, err = kms.NewFromConfig(reader).CreateKey(ctx, &kms.CreateKeyInput{})
	refused(t, err, "AccessDeniedException", "because no session policy allows")

	// The role's own rights are the limit: its session policy adds none.
	if err := w.PutRole(awssts.Role{Name: "wide", Policy: json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:GetParameters","Resource":"*"}}`)}); err != nil {
		t.Fatal(err)
	}
	all, _, err := session(w, w.config(), sts.AssumeRoleInput{Policy: aws.String(anything)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = kms.NewFromConfig(all).CreateKey(ctx, &kms.CreateKeyInput{})
	refused(t, err, "AccessDeniedException", "because no identity-based policy allows the kms:CreateKey action")
}

// A key policy that lets the role in is narrowed by the session policy; one that lets the session in, by its own ARN, is not.
func TestSessionPolicyNarrowsWhatResourcePoliciesGive(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	const sessionARN = "arn:aws:sts::000000000000:assumed-role/wide/run-1"
	for principal, allowed := range map[string]bool{"arn:aws:iam::000000000000:role/wide": false, sessionARN: true} {
		if err := w.PutRole(awssts.Role{Name: "wide"}); err != nil {
			t.Fatal(err)
		}
		policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"},
			{"Effect":"Allow","Principal":{"AWS":%q},"Action":"kms:Encrypt","Resource":"*"}]}`, principal)
		key, err := kms.NewFromConfig(w.config()).CreateKey(ctx, &kms.CreateKeyInput{Policy: &policy})
		if err != nil {
			t.Fatal(err)
		}
		encrypt := func(c aws.Config) error {
			_, err := kms.NewFromConfig(c).Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyMetadata.Arn, Plaintext: []byte("sample")})
			return err
		}
		plain, _, err := session(w, w.config(), sts.AssumeRoleInput{})
		if err != nil {
			t.Fatal(err)
		}
		if err := encrypt(plain); err != nil {
			t.Errorf("%s, without a session policy: %v", principal, err)
		}
		narrow, _, err := session(w, w.config(), sts.AssumeRoleInput{Policy: aws.String(strings.Replace(anything, `"Action":"*"`, `"Action":"ssm:*"`, 1))})
		if err != nil {
			t.Fatal(err)
		}
		if err := encrypt(narrow); (err == nil) != allowed {
			t.Errorf("%s, with a session policy: %v, want allowed: %v", principal, err, allowed)
		}
		denying, _, err := session(w, w.config(), sts.AssumeRoleInput{Policy: aws.String(strings.Replace(anything, `"Allow"`, `"Deny"`, 1))})
		if err != nil {
			t.Fatal(err)
		}
		if err := encrypt(denying); err == nil {
			t.Errorf("%s: a Deny of the session policy does not hold", principal)
		}
	}
}

// While no role is declared, a session may do everything, but for what its policy keeps it from.
func TestSessionPolicyHoldsWithoutDeclaredRoles(t *testing.T) {
	w := start(t)
	c, _, err := session(w, w.config(), sts.AssumeRoleInput{Policy: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, read(c, "/app/x"), "AccessDeniedException", "because no session policy allows")
	if _, err := kms.NewFromConfig(c).CreateKey(context.Background(), &kms.CreateKeyInput{}); err != nil {
		t.Error(err)
	}
}

func TestTrustPolicyTestsTheRequest(t *testing.T) {
	w := start(t)
	trust := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole","Condition":{
			"StringEquals":{"sts:ExternalId":"shop:prod"},"StringLike":{"sts:RoleSessionName":"bundle-*"}}},
		{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:SetSourceIdentity","Condition":{"StringEquals":{"sts:SourceIdentity":"release"}}},
		{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:TagSession","Condition":{
			"StringEquals":{"aws:RequestTag/team":"shop"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}}]}`
	if err := w.PutRole(awssts.Role{Name: "wide", Policy: json.RawMessage(anything), TrustPolicy: json.RawMessage(trust)}); err != nil {
		t.Fatal(err)
	}
	right := func() sts.AssumeRoleInput {
		return sts.AssumeRoleInput{ExternalId: aws.String("shop:prod"), RoleSessionName: aws.String("bundle-1")}
	}
	for name, test := range map[string]struct {
		change func(*sts.AssumeRoleInput)
		right  string // that is denied, "" for none
	}{
		"as it should be":       {func(*sts.AssumeRoleInput) {}, ""},
		"without an id":         {func(in *sts.AssumeRoleInput) { in.ExternalId = nil }, "sts:AssumeRole"},
		"another id":            {func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("shop:dev") }, "sts:AssumeRole"},
		"another name":          {func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("other") }, "sts:AssumeRole"},
		"source identity":       {func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("release") }, ""},
		"other source identity": {func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("somebody") }, "sts:SetSourceIdentity"},
		"tag":                   {func(in *sts.AssumeRoleInput) { in.Tags = tagged("team", "shop") }, ""},
		"other value":           {func(in *sts.AssumeRoleInput) { in.Tags = tagged("team", "bank") }, "sts:TagSession"},
		"one more tag":          {func(in *sts.AssumeRoleInput) { in.Tags = tagged("team", "shop", "tier", "web") }, "sts:TagSession"},
	} {
		in := right()
		test.change(&in)
		_, out, err := session(w, w.config(), in)
		switch {
		case test.right != "":
			refused(t, err, "AccessDenied", "is not authorized to perform: "+test.right)
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case aws.ToString(out.SourceIdentity) != aws.ToString(in.SourceIdentity):
			t.Errorf("%s: the source identity is %q", name, aws.ToString(out.SourceIdentity))
		}
	}

	// A plain list of who is trusted gives the right to assume the role, and no other.
	if err := w.PutRole(awssts.Role{Name: "listed", Trust: []string{"*"}, Policy: json.RawMessage(anything)}); err != nil {
		t.Fatal(err)
	}
	in := right()
	caller, _, err := session(w, w.config(), in)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = session(w, caller, sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::000000000000:role/listed"), Tags: tagged("team", "shop")})
	refused(t, err, "AccessDenied", "sts:TagSession")
}

func TestSourceIdentityStays(t *testing.T) {
	w := start(t)
	trust := `{"Statement":{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:SetSourceIdentity"]}}`
	for _, name := range []string{"wide", "next"} {
		if err := w.PutRole(awssts.Role{Name: name, Policy: json.RawMessage(anything), TrustPolicy: json.RawMessage(trust)}); err != nil {
			t.Fatal(err)
		}
	}
	first, _, err := session(w, w.config(), sts.AssumeRoleInput{SourceIdentity: aws.String("release")})
	if err != nil {
		t.Fatal(err)
	}
	next := aws.String("arn:aws:iam::000000000000:role/next")
	_, out, err := session(w, first, sts.AssumeRoleInput{RoleArn: next})
	if err != nil || aws.ToString(out.SourceIdentity) != "release" {
		t.Errorf("the next session is %v, %v", out, err)
	}
	if _, _, err = session(w, first, sts.AssumeRoleInput{RoleArn: next, SourceIdentity: aws.String("release")}); err != nil {
		t.Errorf("the same again: %v", err)
	}
	_, _, err = session(w, first, sts.AssumeRoleInput{RoleArn: next, SourceIdentity: aws.String("other")})
	refused(t, err, "AccessDenied", "sts:SetSourceIdentity")
}

func TestSessionTagsAreThePrincipals(t *testing.T) {
	w := start(t)
	const policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:GetParameters","Resource":"*","Condition":{
		"StringEquals":{"aws:PrincipalTag/team":"shop","aws:SourceIdentity":"release"}}}}`
	trust := `{"Statement":{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}}`
	if err := w.PutRole(awssts.Role{Name: "wide", Policy: json.RawMessage(policy), TrustPolicy: json.RawMessage(trust)}); err != nil {
		t.Fatal(err)
	}
	for team, allowed := range map[string]bool{"shop": true, "bank": false} {
		c, _, err := session(w, w.config(), sts.AssumeRoleInput{Tags: tagged("team", team), SourceIdentity: aws.String("release")})
		if err != nil {
			t.Fatal(err)
		}
		if err := read(c, "/app/x"); (err == nil) != allowed {
			t.Errorf("team %s: %v", team, err)
		}
	}
}
