package manifest

import (
	"strings"
	"testing"
)

func TestImportNames(t *testing.T) {
	for _, c := range []struct{ path, prefix, parameter, want string }{
		{"/prod/payments/", "HELLO_", "/prod/payments/db/pass-word.x", "HELLO_DB_PASS_WORD_X"},
		{"/prod/payments", "", "/prod/payments/Token2", "TOKEN2"},
		{"/prod/payments", "k_", "/prod/payments/token", "k_TOKEN"},
		{"/prod/payments", "N", "/prod/payments/1", "N1"},
		{"/prod/payments", "", "/prod/payments/1password", ""},
		{"/prod/payments", "", "/prod/payments/x", ""},
		{"/prod/payments", "", "/prod/payments/_x", ""},
		{"/prod/payments", "", "/prod/paymentsx", ""},
		{"/prod/payments", "", "/prod/payments", ""},
		{"/prod/payments", "", "/prod/payments/", ""},
		{"/prod/payments", "", "/other/payments/token", ""},
		{"/prod/payments", "", "prod/payments/token", ""},
		{"/prod/payments", "", "/prod/payments/tökèn", ""},
		{"/prod/payments", "", "/prod/payments/" + strings.Repeat("x", 129), ""},
	} {
		i := Import{Path: text(c.path), Prefix: text(c.prefix)}
		got, err := i.Name(c.parameter)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s below %s: %q, %v; want %q", c.parameter, c.path, got, err, c.want)
		}
		if err != nil && !strings.Contains(err.Error(), c.parameter) {
			t.Errorf("the error does not name the parameter: %v", err)
		}
	}
}

func TestNamesOfAWS(t *testing.T) {
	for _, c := range []struct {
		what  string
		match func(string) bool
		yes   []string
		no    []string
	}{
		{"region", regionPattern.MatchString,
			[]string{"us-east-1", "ap-southeast-5", "us-gov-west-1", "us-iso-east-1", "cn-north-1", "eusc-de-east-1", "il-central-1"},
			[]string{"", "us-east", "us-east-1a", "us-east-0", "US-EAST-1", "us_east_1", "useast1", "us-east-1 "}},
		{"key", isKey,
			[]string{"alias/a", "alias/a/b-c_d", "0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11", "mrk-0123456789abcdef0123456789abcdef",
				"arn:aws:kms:us-west-2:222222222222:key/0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11", "arn:aws-cn:kms:cn-north-1:222222222222:alias/a"},
			[]string{"", "alias/", "alias/a b", "hello", "arn:aws:kms:us-west-2:2222:key/x", "arn:aws:s3:::b", "alias/ü", "arn:aws:kms:us-west-2:222222222222:hello",
				"key/0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11", "arn:azure:kms:us-west-2:222222222222:alias/a", "arn:aws:kms::222222222222:alias/a",
				"arn:aws:kms:us-west-2:222222222222:0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11", "arn:aws:kms:us-west-2:222222222222:alias/a:b"}},
		{"role", func(s string) bool { _, ok := roleAccount(s); return ok },
			[]string{"arn:aws:iam::222222222222:role/x", "arn:aws-us-gov:iam::222222222222:role/a/b/x+=,.@-"},
			[]string{"", "x", "arn:aws:iam::222222222222:user/x", "arn:aws:iam::222222222222:role/", "arn:aws:sts::222222222222:assumed-role/x/y",
				"arn:aws:iam:us-west-2:222222222222:role/x", "arn:aws:iam::2222:role/x", "arn:azure:iam::222222222222:role/x", "arn:aws:iam::222222222222:role/a b"}},
		{"path", pathPattern.MatchString,
			[]string{"/a/b", "/a/b/", "/a/b/c.d_e-f"},
			[]string{"", "/", "/a", "/a/", "a/b", "//a/b", "/a//b", "/a/b//", "/a/b*", "/a/b" + strings.Repeat("/c", 14)}},
	} {
		for _, s := range c.yes {
			if !c.match(s) {
				t.Errorf("%s %q is refused", c.what, s)
			}
		}
		for _, s := range c.no {
			if c.match(s) {
				t.Errorf("%s %q is accepted", c.what, s)
			}
		}
	}
}
