package doctor

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline/manifest"
)

func TestBothPoliciesAndGrantsLetIn(t *testing.T) {
	const (
		role  = "arn:aws:iam::111111111111:role/"
		root  = `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*", "Resource": "*"}`
		hello = `{"Effect": "Allow", "Principal": {"AWS": "` + role + `hello"}, "Action": "kms:Decrypt", "Resource": "*"}`
		but   = `{"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalArn": "` + role + `hello"}}}`
		share = `{"Effect": "Allow", "Principal": {"AWS": ["222222222222", "` + role + `shared"]}, "Action": "kms:Decrypt", "Resource": "*"}`
	)
	other := "anyone whom the IAM policies of account 222222222222 allow"
	for _, c := range []struct {
		own, ram string
		grants   []string
		want     []string
		open     bool
		closed   bool
	}{
		{hello, "", nil, []string{role + "hello"}, false, false},
		{hello, share, nil, []string{other, role + "hello", role + "shared"}, true, false},
		{hello + "," + but, share, []string{role + "x", "lambda.amazonaws.com"}, []string{role + "hello"}, false, true},
		{hello, but, []string{role + "x"}, []string{role + "hello"}, false, true},
		{but, "", []string{role + "hello"}, []string{role + "hello (by a grant)"}, false, true},
		{but, "", []string{"arn:aws:sts::111111111111:assumed-role/hello/s"}, []string{"arn:aws:sts::111111111111:assumed-role/hello/s (by a grant)"}, false, true},
		{but, "", []string{"arn:aws:sts::111111111111:assumed-role/other/hello", "arn:aws:sts::222222222222:assumed-role/hello/s"}, nil, false, true},
		{but, "", []string{"arn:aws:iam::111111111111:root"}, []string{role + "hello (by a grant)"}, false, true},
		{hello, "", []string{role + "x", role + "hello", role + "x"}, []string{role + "hello", role + "hello (by a grant)", role + "x (by a grant)"}, false, false},
		{"", "", []string{"arn:aws:iam::222222222222:root"}, []string{other + " (by a grant)"}, true, false},
		{"", "", []string{"lambda.amazonaws.com"}, []string{"lambda.amazonaws.com (by a grant)"}, false, false},
		// A pattern in the Deny leaves room for those who are not seen.
		{hello + "," + strings.ReplaceAll(strings.ReplaceAll(but, "role/hello", "role/*"), "StringNotEquals", "ArnNotLike"), "", nil, []string{role + "hello"}, false, false},
		// What KMS ignores neither lets in nor keeps out.
		{strings.ReplaceAll(root, `, "Resource": "*"`, ""), "", nil, nil, false, false},
		{strings.ReplaceAll(root, `"Action": "kms:*", `, ""), "", nil, nil, false, false},
		{hello + "," + strings.ReplaceAll(but, `"Resource": "*", `, ""), share, nil, []string{other, role + "hello", role + "shared"}, true, false},
	} {
		documents := []string{`{"Statement": [` + c.own + `]}`}
		if c.ram != "" {
			documents = append(documents, `{"Statement": [`+c.ram+`]}`)
		}
		var grants []grantee
		for _, principal := range c.grants {
			grants = append(grants, grantee{principal, []types.GrantOperation{types.GrantOperationDecrypt}})
		}
		got, _, err := openers(someKey, documents, grants)
		slices.Sort(c.want)
		slices.Sort(got.names)
		if err != nil || !slices.Equal(got.names, c.want) || got.open != c.open || got.closed != c.closed {
			t.Errorf("%s\nand %s\nand %q:\n%q, open %t, closed %t, %v\nwant %q", c.own, c.ram, c.grants, got.names, got.open, got.closed, err, c.want)
		}
	}
	if _, _, err := openers(someKey, []string{`{"Statement": []}`, "x"}, nil); err == nil {
		t.Error("the second policy may be anything")
	}
}

// A local has one function's key in an embedded AWS.
func local(t *testing.T) (*Doctor, *kms.Client, Function) {
	t.Helper()
	s, err := awslocal.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	id, secret := s.Credentials()
	cfg := aws.Config{Region: awslocal.Region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")}
	d := New(cfg)
	key, err := d.client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	return d, d.client, Function{Name: "one", Key: manifest.Text{Value: "alias/one"}, KeyARN: *key.KeyMetadata.Arn}
}

func TestAllPagesOfGrantsAreRead(t *testing.T) {
	d, client, f := local(t)
	grant := func(i int, operations ...types.GrantOperation) {
		t.Helper()
		_, err := client.CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: &f.KeyARN, GranteePrincipal: aws.String(fmt.Sprintf("arn:aws:iam::111111111111:role/r%03d", i)), Operations: operations,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3*grantsPerPage + 1 {
		grant(i, types.GrantOperationDecrypt, types.GrantOperationEncrypt)
		grant(1000+i, types.GrantOperationEncrypt)
	}
	got, complete, err := d.grants(t.Context(), f.KeyARN)
	if err != nil || !complete || len(got) != 3*grantsPerPage+1 {
		t.Errorf("%d grantees, complete %t, %v", len(got), complete, err)
	}
	for i := range maxGrantPages * grantsPerPage {
		grant(i, types.GrantOperationDecrypt)
	}
	got, complete, err = d.grants(t.Context(), f.KeyARN)
	if err != nil || complete || len(got) == 0 {
		t.Errorf("of too many: %d grantees, complete %t, %v", len(got), complete, err)
	}
	if found := d.keyPolicy(t.Context(), f)[0]; !strings.Contains(found.Detail, fmt.Sprintf("Not seen: the grants after the first %d", maxGrantPages*grantsPerPage)) {
		t.Errorf("of too many: %s", found.Detail)
	}
}

func TestGrantsOfOthersAreRefused(t *testing.T) {
	const key = "arn:aws:kms:us-west-2:111111111111:key/11111111-1111-4111-8111-111111111111"
	x := aws.String("arn:aws:iam::111111111111:role/x")
	for _, c := range []struct {
		grant types.GrantListEntry
		ok    bool
	}{
		{types.GrantListEntry{KeyId: aws.String(key), GranteePrincipal: x}, true},
		{types.GrantListEntry{KeyId: aws.String("11111111-1111-4111-8111-111111111111"), GranteeServicePrincipal: aws.String("lambda.amazonaws.com")}, true},
		{types.GrantListEntry{KeyId: aws.String(strings.Replace(key, "us-west-2", "us-east-1", 1)), GranteePrincipal: x}, false},
		{types.GrantListEntry{KeyId: aws.String("1111-8111-111111111111"), GranteePrincipal: x}, false},
		{types.GrantListEntry{KeyId: aws.String(""), GranteePrincipal: x}, false},
		{types.GrantListEntry{GranteePrincipal: x}, false},
		{types.GrantListEntry{KeyId: aws.String(key)}, false},
		{types.GrantListEntry{KeyId: aws.String(key), GranteePrincipal: aws.String("")}, false},
	} {
		if _, err := granteeOf(c.grant, key); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.grant, err)
		}
	}
}
