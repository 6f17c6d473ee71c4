package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/problem"
)

const someKey = "arn:aws:kms:us-west-2:111111111111:key/11111111-1111-4111-8111-111111111111"

func TestOpenersOfAKeyPolicy(t *testing.T) {
	const (
		root  = `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*", "Resource": "*"}`
		hello = `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/hello"}, "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*"}`
		but   = `{"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalArn": %s}}}`
	)
	account := "anyone whom the IAM policies of account 111111111111 allow"
	for _, c := range []struct {
		statements string
		names      []string
		open       bool
	}{
		{"", nil, false},
		{hello, []string{"arn:aws:iam::111111111111:role/hello"}, false},
		{root, []string{account}, true},
		{root + "," + hello, []string{"arn:aws:iam::111111111111:role/hello", account}, true},
		{`{"Effect": "Allow", "Principal": "*", "Action": "kms:D*", "Resource": "*"}`, []string{"everyone"}, true},
		{`{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}`, []string{"everyone"}, true},
		{`{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "KMS:decrypt", "Resource": "*"}`, []string{account}, true},
		{`{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "kms:Decrypt", "Resource": "*"}`, []string{"ssm.amazonaws.com"}, false},
		{`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/x"}, "NotAction": "kms:Encrypt", "Resource": "*"}`, []string{"arn:aws:iam::111111111111:role/x"}, false},
		{`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/x"}, "NotAction": "kms:Dec*", "Resource": "*"}`, nil, false},
		{`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/x"}, "Action": ["kms:Encrypt", "kms:ReEncrypt*"], "Resource": "*"}`, nil, false},
		// A Deny with exceptions overrides what the account's IAM policies allow.
		{root + "," + fmt.Sprintf(but, `"arn:aws:iam::111111111111:role/hello"`), []string{"arn:aws:iam::111111111111:role/hello"}, false},
		{root + "," + hello + "," + fmt.Sprintf(but, `["arn:aws:iam::111111111111:role/hello", "arn:aws:iam::111111111111:role/glass"]`),
			[]string{"arn:aws:iam::111111111111:role/glass", "arn:aws:iam::111111111111:role/hello"}, false},
		{root + "," + fmt.Sprintf(but, `"arn:aws:iam::222222222222:role/hello"`), nil, false},
		{hello + "," + fmt.Sprintf(but, `"arn:aws:iam::111111111111:role/other"`), nil, false},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"arn:aws:iam::111111111111:role/h*"`), "StringNotEquals", "ArnNotLike", 1),
			[]string{"every principal that matches arn:aws:iam::111111111111:role/h*"}, true},
		{root + `,{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}`, nil, false},
		// NotPrincipal is nearly everyone. Conditions of an Allow are ignored.
		{`{"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::111111111111:role/x"}, "Action": "kms:*", "Resource": "*"}`, []string{"everyone"}, true},
		{`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/x"}, "NotAction": [], "Resource": "*"}`, []string{"arn:aws:iam::111111111111:role/x"}, false},
		{`{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"kms:CallerAccount": "111111111111"}}}`, []string{"everyone"}, true},
		{`{"Effect": "Allow", "Principal": {"AWS": "AROA1234567890ABCDEF"}, "Action": "kms:*", "Resource": "*"}`, []string{"AROA1234567890ABCDEF"}, false},
		{`{"Effect": "Allow", "Principal": {"New": "x.example.com"}, "Action": "kms:*", "Resource": "*"}`, []string{"x.example.com"}, false},
		// Values of conditions need no quotes.
		{hello + `,{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "kms:CreateGrant", "Resource": "*", "Condition": {"Bool": {"kms:GrantIsForAWSResource": true}, "NumericLessThan": {"a:b": [1, 2.5]}}}`,
			[]string{"arn:aws:iam::111111111111:role/hello"}, false},
		// What has not the form of a name is not printed.
		{`{"Effect": "Allow", "Principal": {"AWS": ["x<y\"z", "arn:aws:iam::not a number:root", "a\nb*"]}, "Action": "kms:*", "Resource": "*"}`,
			[]string{"a principal of an unknown form"}, true},
		// Exceptions that several accounts or paths may have.
		{root + "," + strings.Replace(fmt.Sprintf(but, `"arn:aws:iam::*:role/x"`), "StringNotEquals", "ArnNotLike", 1), []string{"every principal that matches arn:aws:iam::*:role/x"}, true},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"arn:*:role/x"`), "StringNotEquals", "StringNotLike", 1), []string{"every principal that matches arn:*:role/x"}, true},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"*x"`), "StringNotEquals", "StringNotLike", 1), []string{"every principal that matches *x"}, true},
		{root + "," + fmt.Sprintf(but, `"arn:aws:sts::111111111111:federated-user/x"`), []string{"arn:aws:sts::111111111111:federated-user/x"}, false},
		{root + "," + fmt.Sprintf(but, `"x"`), nil, false},
		{strings.ReplaceAll(root, "arn:aws:iam::111111111111:root", "111111111111") + "," + fmt.Sprintf(but, `"arn:aws-cn:iam::111111111111:role/x"`), []string{"arn:aws-cn:iam::111111111111:role/x"}, false},
		{strings.ReplaceAll(hello, "iam::111111111111:role/hello", "sts::111111111111:assumed-role/hello/s") + "," + strings.Replace(fmt.Sprintf(but, `"arn:aws:iam::*:role/a*"`), "StringNotEquals", "ArnNotLike", 1),
			[]string{"arn:aws:sts::111111111111:assumed-role/hello/s"}, false}, // a role /a/hello
		// A Deny that is about other keys, or that is not understood, is ignored.
		{root + "," + strings.Replace(fmt.Sprintf(but, `"x"`), `"Resource": "*"`, `"Resource": "arn:aws:kms:us-west-2:111111111111:key/22222222-2222-4222-8222-222222222222"`, 1), []string{account}, true},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"x"`), `"Resource": "*"`, `"NotResource": "arn:aws:kms:*:111111111111:key/*"`, 1), []string{account}, true},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"x"`), `"Resource": "*"`, `"Resource": ["x", "arn:aws:kms:us-west-2:111111111111:key/*"]`, 1), nil, false},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"x"`), `"Principal": "*"`, `"NotPrincipal": {"AWS": "arn:aws:iam::111111111111:role/x"}`, 1), []string{account}, true},
		{root + "," + fmt.Sprintf(but, `"arn:aws:iam::111111111111:role/${aws:PrincipalTag/role}"`), []string{account}, true},
		{root + "," + fmt.Sprintf(but, `7`), []string{account}, true},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"x"`), `"StringNotEquals"`, `"StringEquals": {"aws:PrincipalType": "User"}, "StringNotEquals"`, 1), []string{account}, true},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"arn:aws:iam::111111111111:role/hello"`), "StringNotEquals", "StringEquals", 1), []string{account}, true},
		{root + "," + strings.Replace(fmt.Sprintf(but, `"x"`), "aws:PrincipalArn", "aws:SourceIp", 1), []string{account}, true},
		{root + `,{"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111111111111:role/a"}, "Action": "kms:*", "Resource": "*"}`, []string{account}, true},
		{root + `,{"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"}`, []string{account}, true},
	} {
		got, _, err := openers(someKey, []string{`{"Version": "2012-10-17", "Statement": [` + c.statements + `]}`}, nil)
		if err != nil || !slices.Equal(got.names, c.names) || got.open != c.open {
			t.Errorf("%s:\n%q, open %t, %v", c.statements, got.names, got.open, err)
		}
	}
	if got, _, err := openers(someKey, []string{`{"Statement": ` + hello + `}`}, nil); err != nil || len(got.names) != 1 {
		t.Errorf("a single statement: %v, %v", got, err)
	}
	for _, broken := range []string{"", "x", `{"Statement": 7}`, `{"Statement": [7]}`, `{"Statement": [{"Effect": []}]}`} {
		if _, _, err := openers(someKey, []string{broken}, nil); err == nil {
			t.Errorf("%q is taken for a policy", broken)
		}
	}
}

func FuzzOpeners(f *testing.F) {
	f.Add(`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*"}}`)
	f.Add(`{"Statement": [{"Effect": "Deny", "Principal": {"AWS": ["1"]}, "NotAction": [], "Condition": {"ArnNotLike": {"aws:PrincipalArn": ["[*", "\\"]}}}]}`)
	f.Add(`{"Statement": [{"Principal": {"AWS": [null]}}]}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, document string) {
		who, _, err := openers(someKey, []string{document}, []grantee{{"arn:aws:iam::111111111111:role/x", []types.GrantOperation{types.GrantOperationDecrypt}}})
		if err != nil && len(who.names) > 0 {
			t.Error("names and an error")
		}
		for _, name := range who.names {
			if strings.ContainsAny(name, "\n\r\x1b") {
				t.Errorf("%q is not fit for a line", name)
			}
		}
	})
}

// A lie is an error about a reply, like those of internal/awsreply.
type lie struct{}

func (lie) Error() string    { return "the reply to kms:Decrypt has no KeyId" }
func (lie) ReplyError() bool { return true }

func TestJudgingTheAnswerToADryRun(t *testing.T) {
	const none = problem.Kind("")
	api := func(code string) error { return asked(&smithy.GenericAPIError{Code: code, Message: "m"}) }
	for _, c := range []struct {
		err             error
		needed, refused Status       // of a check that must be allowed, and of one that must be denied
		kind, open      problem.Kind // of their problems
	}{
		{api("DryRunOperationException"), OK, Failed, none, problem.Access},
		{api("AccessDeniedException"), Failed, OK, problem.Access, none},
		{api("InvalidCiphertextException"), Failed, Failed, problem.Missing, problem.Access},
		{api("IncorrectKeyException"), Failed, Failed, problem.Missing, problem.Access},
		{api("DisabledException"), Failed, Failed, problem.Missing, problem.Access},
		{api("KMSInvalidStateException"), Failed, Failed, problem.Missing, problem.Access},
		{api("InvalidKeyUsageException"), Failed, Failed, problem.Missing, problem.Access},
		{api("NotFoundException"), Failed, Failed, problem.Missing, problem.Access},
		{api("ThrottlingException"), Failed, Failed, problem.Unavailable, problem.Unavailable},
		{api("KMSInternalException"), Failed, Failed, problem.Unavailable, problem.Unavailable},
		{asked(errors.New("connection reset")), Failed, Failed, problem.Unavailable, problem.Unavailable},
		{asked(context.DeadlineExceeded), Failed, Failed, problem.Unavailable, problem.Unavailable}, // of one attempt
		{api("ExpiredTokenException"), Failed, Failed, problem.Access, problem.Access},
		{api("UnrecognizedClientException"), Failed, Failed, problem.Access, problem.Access},
		{api("ValidationException"), Failed, Note, problem.Integrity, none},
		{nil, Failed, Failed, problem.Integrity, problem.Integrity},
		{asked(lie{}), Failed, Failed, problem.Integrity, problem.Integrity},
	} {
		got := (Finding{Action: "kms:Encrypt"}).needed(t.Context(), c.err, "", "", "")
		if got.Status != c.needed || got.Problem.Kind != c.kind || got.Detail != got.Problem.Detail || got.Problem.Summary == "Out of time" {
			t.Errorf("%v, where it is needed: %+v", c.err, got)
		}
		got = (Finding{Action: "kms:Decrypt"}).refused(t.Context(), c.err, true, false, "it")
		if blind := got.Problem.Summary == "Build is not blind"; got.Status != c.refused || got.Problem.Kind != c.open || blind != (c.kind == none || c.kind == problem.Missing) {
			t.Errorf("%v, where it must be refused: %+v", c.err, got)
		}
		for _, root := range []bool{true, false} {
			if got := (Finding{}).refused(t.Context(), c.err, root, root, "it"); got.Problem.Summary == "Build is not blind" {
				t.Errorf("%v, where it is no fault (root: %t): %+v", c.err, root, got)
			}
		}
	}
}

// asked is the error of a call to KMS.
func asked(err error) error {
	return fmt.Errorf("operation: %w", &awsfault.Asked{Operation: "kms:Decrypt", Host: "kms.us-west-2.amazonaws.com", Attempts: 1, Failed: 1, Err: err})
}

func TestATimeoutIsOneProblem(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for _, got := range []Finding{
		(Finding{Action: "kms:Encrypt"}).needed(ctx, asked(ctx.Err()), "", "", ""),
		(Finding{Action: "kms:Decrypt"}).refused(ctx, asked(ctx.Err()), true, false, "it"),
	} {
		if got.Status != Failed || got.Problem.Summary != "Out of time" || got.Problem.Cause != "out of time" {
			t.Errorf("%+v", got)
		}
	}
}

func TestSkewAllowsForLatencyAndTruncatedSeconds(t *testing.T) {
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		before, after, theirs, want time.Duration
	}{
		{0, 0, 0, 0},
		{0, 3 * time.Second, 2 * time.Second, 0},
		{900 * time.Millisecond, time.Second, 0, 0}, // theirs is truncated to seconds
		{3 * time.Second, 4 * time.Second, 0, 3 * time.Second},
		{0, time.Second, 10 * time.Second, -9 * time.Second},
		{0, time.Second, -10 * time.Minute, 10 * time.Minute},
	} {
		if got := skew(now.Add(c.before), now.Add(c.after), now.Add(c.theirs)); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
