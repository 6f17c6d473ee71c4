package doctor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// Who can re-encrypt a document under another key can decrypt it there. They are listed
// unless they can decrypt it anyway.
func TestWhoCanMoveADocumentIsListed(t *testing.T) {
	const (
		role   = "arn:aws:iam::000000000000:role/"
		admin  = `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": %s, "Resource": "*"}`
		allow  = `{"Effect": "Allow", "Principal": {"AWS": "` + role + `%s"}, "Action": "%s", "Resource": "*"}`
		all    = `{"Effect": "Deny", "Principal": "*", "Action": "%s", "Resource": "*"}`
		but    = `{"Effect": "Deny", "Principal": "*", "Action": %s, "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalArn": "` + role + `hello"}}}`
		also   = ". Can re-encrypt documents under another key (kms:ReEncryptFrom), and decrypt them there: "
		opens  = "can decrypt: " + role + "hello"
		anyone = "anyone whom the IAM policies of account 000000000000 allow"
	)
	manages := fmt.Sprintf(admin, `["kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:ListGrants", "kms:CreateGrant"]`)
	hello := fmt.Sprintf(allow, "hello", "kms:Decrypt")
	for _, c := range []struct {
		statements []string
		grants     map[string]types.GrantOperation
		status     Status
		want       string
	}{
		{[]string{manages, hello}, nil, OK, opens},
		{[]string{manages, hello, fmt.Sprintf(allow, "hello", "kms:ReEncryptFrom")}, nil, OK, opens},
		{[]string{manages, hello, fmt.Sprintf(allow, "x", "kms:ReEncryptTo")}, nil, OK, opens},
		{[]string{manages, hello, fmt.Sprintf(allow, "x", "kms:ReEncryptFrom")}, nil, Note, opens + also + role + "x"},
		{[]string{manages, hello, fmt.Sprintf(allow, "x", "kms:ReEncrypt*")}, nil, Note, opens + also + role + "x"},
		{[]string{manages, hello, fmt.Sprintf(allow, "x", "kms:ReEncrypt*"), fmt.Sprintf(all, "kms:ReEncryptFrom")}, nil, OK, opens},
		// A Deny of decryption does not keep out who moves.
		{[]string{fmt.Sprintf(admin, `"kms:*"`), fmt.Sprintf(but, `"kms:Decrypt"`)}, nil, Note, opens + also + anyone},
		{[]string{fmt.Sprintf(admin, `"kms:*"`), fmt.Sprintf(but, `["kms:Decrypt", "kms:ReEncryptFrom"]`)}, nil, OK, opens},
		{[]string{manages, hello}, map[string]types.GrantOperation{"x": types.GrantOperationReEncryptFrom}, Note, opens + also + role + "x (by a grant)"},
		{[]string{manages, hello}, map[string]types.GrantOperation{"hello": types.GrantOperationReEncryptFrom}, OK, opens},
		{[]string{manages, hello}, map[string]types.GrantOperation{"x": types.GrantOperationReEncryptTo}, OK, opens},
		{[]string{manages, hello, fmt.Sprintf(all, "kms:ReEncrypt*")}, map[string]types.GrantOperation{"x": types.GrantOperationReEncryptFrom}, OK, opens},
	} {
		d, client, f := local(t)
		_, err := client.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{
			KeyId: &f.KeyARN, Policy: aws.String(`{"Version": "2012-10-17", "Statement": [` + strings.Join(c.statements, ",") + `]}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		for who, operation := range c.grants {
			_, err := client.CreateGrant(t.Context(), &kms.CreateGrantInput{
				KeyId: &f.KeyARN, GranteePrincipal: aws.String(role + who), Operations: []types.GrantOperation{operation}})
			if err != nil {
				t.Fatal(err)
			}
		}
		if found := d.keyPolicy(t.Context(), f)[0]; found.Status != c.status || found.Detail != c.want {
			t.Errorf("%q, grants %v:\n%s: %s\nwant\n%s: %s", c.statements, c.grants, found.Status, found.Detail, c.status, c.want)
		}
	}
}

// What could not be read may let someone move documents, unless the policy denies that.
func TestWhoIsNotSeenMayMoveADocument(t *testing.T) {
	const (
		decrypt = `{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/hello"}}},
			{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/hello"}, "Action": "kms:Decrypt", "Resource": "*"}%s]}`
		move = `, {"Effect": "Deny", "Principal": "*", "Action": "kms:ReEncryptFrom", "Resource": "*"}`
	)
	for more, want := range map[string]Status{"": Note, move: OK} {
		found := Finding{}.openers(Function{KeyARN: someKey}, access{documents: []string{fmt.Sprintf(decrypt, more)}, unseen: []string{"the grants"}})
		if found.Status != want || !strings.HasSuffix(found.Detail, "Not seen: the grants") {
			t.Errorf("with %q: %s: %s", more, found.Status, found.Detail)
		}
	}
}
