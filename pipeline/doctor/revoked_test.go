package doctor

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// What the statement of bundle policy --documents says is told from what only resembles it.
func TestRevokes(t *testing.T) {
	const key = "arn:aws:kms:us-west-2:222222222222:key/0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11"
	listed, other := strings.Repeat("a", 64), strings.Repeat("b", 64)
	statement1 := func(condition string) string {
		return `{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*", "Condition": ` + condition + `}`
	}
	byDocument := fmt.Sprintf(`"kms:EncryptionContext:bundle:document": [%q, "c"]`, listed)
	for name, test := range map[string]struct {
		statement string
		digest    string
		want      Revocation
	}{
		"listed":                   {statement1(`{"StringNotEquals": {` + byDocument + `}}`), listed, NotRevoked},
		"not listed":               {statement1(`{"StringNotEquals": {` + byDocument + `}}`), other, Revoked},
		"one value":                {statement1(fmt.Sprintf(`{"StringNotEquals": {"kms:EncryptionContext:bundle:document": %q}}`, listed)), other, Revoked},
		"in another letter case":   {statement1(`{"StringNotEquals": {` + strings.ToUpper(byDocument[:38]) + byDocument[38:] + `}}`), other, Revoked},
		"with exceptions":          {statement1(`{"StringNotEquals": {` + byDocument + `, "aws:PrincipalArn": "arn:aws:iam::222222222222:role/glass"}}`), other, Revoked},
		"for one function only":    {statement1(`{"StringNotEquals": {` + byDocument + `, "kms:EncryptionContext:bundle:function": "shop/a"}}`), other, Unclear},
		"with a second operator":   {statement1(`{"StringNotEquals": {` + byDocument + `}, "StringEquals": {"aws:PrincipalArn": "x"}}`), other, Unclear},
		"with an unknown operator": {statement1(`{"StringNotLike": {` + byDocument + `}}`), other, Unclear},
		"with a variable":          {statement1(`{"StringNotEquals": {"kms:EncryptionContext:bundle:document": "${aws:username}"}}`), other, Unclear},
		"of another key":           {strings.Replace(statement1(`{"StringNotEquals": {`+byDocument+`}}`), `"Resource": "*"`, `"Resource": "arn:aws:kms:us-west-2:222222222222:key/x"`, 1), other, Unclear},
		"for one principal":        {strings.Replace(statement1(`{"StringNotEquals": {`+byDocument+`}}`), `{"AWS": "*"}`, `{"AWS": "arn:aws:iam::222222222222:role/a"}`, 1), other, Unclear},
		"an Allow":                 {strings.Replace(statement1(`{"StringNotEquals": {`+byDocument+`}}`), "Deny", "Allow", 1), other, NotRevoked},
		"another action":           {strings.Replace(statement1(`{"StringNotEquals": {`+byDocument+`}}`), "Decrypt", "Encrypt", 1), other, NotRevoked},
		"without a condition":      {`{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}`, other, NotRevoked},
		"without a resource":       {strings.Replace(statement1(`{"StringNotEquals": {`+byDocument+`}}`), `"Resource": "*", `, "", 1), other, NotRevoked},
	} {
		var s statement
		if err := json.Unmarshal([]byte(test.statement), &s); err != nil {
			t.Fatal(name, err)
		}
		if got := s.revokes(key, test.digest); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
