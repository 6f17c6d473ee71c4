package arn_test

import (
	"testing"

	"github.com/whispering/bundle/internal/arn"
)

const (
	key       = "arn:aws:kms:us-west-2:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	alias     = "arn:aws:kms:us-west-2:222222222222:alias/hello"
	mrk       = "arn:aws-cn:kms:cn-north-1:222222222222:key/mrk-1234abcd12ab34cd56ef1234567890ab"
	parameter = "arn:aws:ssm:us-west-2:222222222222:parameter/prod/db"
	layer     = "arn:aws:lambda:us-west-2:222222222222:layer:shop:7"
	role      = "arn:aws:iam::222222222222:role/path/hello"
)

func TestPartsGoTogetherAgain(t *testing.T) {
	for _, s := range []string{key, alias, mrk, parameter, layer, role} {
		a, ok := arn.Parse(s)
		if !ok || a.String() != s || a.Account != "222222222222" || arn.Account(s) != a.Account || !a.HasAccount() || !arn.Looks(s) {
			t.Errorf("%s: %+v, %t", s, a, ok)
		}
	}
	if a, _ := arn.Parse(layer); a != (arn.ARN{"aws", "lambda", "us-west-2", "222222222222", "layer:shop:7"}) {
		t.Errorf("%+v", a)
	}
}

func TestWhatIsNoARN(t *testing.T) {
	for _, s := range []string{
		"", "arn", "arn:", "alias/hello", "/prod/db", "ARN:aws:kms:r:1:key/x", "arn:aws:kms:us-west-2:222222222222", "arn:aws:kms:us-west-2:222222222222:",
		"arn::kms:us-west-2:222222222222:key/x", "arn:aws::us-west-2:222222222222:key/x", " " + key,
	} {
		if a, ok := arn.Parse(s); ok || a != (arn.ARN{}) || arn.Account(s) != "" || arn.ParameterName(s) != "" {
			t.Errorf("%q is taken for %+v", s, a)
		}
	}
	for _, account := range []string{"", "22222222222", "2222222222222", "22222222222a"} {
		if (arn.ARN{Account: account}).HasAccount() {
			t.Errorf("%q is taken for an account", account)
		}
	}
}

func TestParameters(t *testing.T) {
	for name, asked := range map[string]string{"/prod/db": "/prod/db", "db": "db", "/db": "db", "/a/b/c": "/a/b/c"} {
		s := arn.Parameter("aws", "us-west-2", "222222222222", name).String()
		if got := arn.ParameterName(s); got != asked {
			t.Errorf("%s: %q, not %q", s, got, asked)
		}
	}
	if s := arn.Parameter("aws", "us-west-2", "222222222222", "/prod/db").String(); s != parameter {
		t.Error(s)
	}
	for _, s := range []string{key, layer, "arn:aws:kms:us-west-2:222222222222:parameter/prod/db", "arn:aws:ssm:us-west-2:222222222222:document/parameter/x"} {
		if name := arn.ParameterName(s); name != "" {
			t.Errorf("%s has the name %q", s, name)
		}
	}
}

func TestKeysAndAliases(t *testing.T) {
	for _, c := range []struct {
		ref         string
		alias, many bool
		id          string
	}{
		{key, false, false, "1234abcd-12ab-34cd-56ef-1234567890ab"},
		{mrk, false, true, "mrk-1234abcd12ab34cd56ef1234567890ab"},
		{"mrk-1234abcd12ab34cd56ef1234567890ab", false, true, ""},
		{alias, true, false, ""},
		{"alias/hello", true, false, ""},
		{"alias/mrk-x", true, false, ""},
		{"arn:aws:kms:us-west-2:222222222222:alias/key/mrk-x", true, false, ""},
		{"arn:aws:kms:us-west-2:222222222222:key/alias/x", false, false, "alias/x"},
		{"arn:aws:s3:us-west-2:222222222222:key/mrk-x", false, false, ""},
		{"1234abcd-12ab-34cd-56ef-1234567890ab", false, false, ""},
	} {
		a, _ := arn.Parse(c.ref)
		if arn.IsAlias(c.ref) != c.alias || arn.MultiRegion(c.ref) != c.many || a.Key() != c.id {
			t.Errorf("%s: alias %t, many regions %t, id %q", c.ref, arn.IsAlias(c.ref), arn.MultiRegion(c.ref), a.Key())
		}
	}
}

func TestAWSManagedKeys(t *testing.T) {
	for ref, want := range map[string]bool{
		"alias/aws/ssm": true, "arn:aws:kms:us-west-2:222222222222:alias/aws/ssm": true,
		"alias/aws": false, "alias/awsome": false, "alias/my-alias/aws/ssm": false, key: false, "arn:aws:kms:us-west-2:222222222222:alias/my-alias/aws/ssm": false,
	} {
		if arn.AWSManaged(ref) != want {
			t.Errorf("%s: %t", ref, !want)
		}
	}
}

func TestRegion(t *testing.T) {
	for ref, want := range map[string]string{
		"alias/x": "", "mrk-0123456789abcdef0123456789abcdef": "", role: "", alias: "us-west-2", mrk: "cn-north-1",
	} {
		if got := arn.Region(ref); got != want {
			t.Errorf("%s: %q, not %q", ref, got, want)
		}
	}
}

func TestInPartition(t *testing.T) {
	for _, tt := range []struct {
		partition, region string
		want              bool
	}{
		{"aws", "us-west-2", true},
		{"aws", "eu-central-1", true},
		{"aws-cn", "cn-north-1", true},
		{"aws-us-gov", "us-gov-west-1", true},
		{"aws-eusc", "eusc-de-east-1", true},
		{"aws-iso", "us-iso-east-1", true},
		{"", "us-west-2", false},
		{"aws-", "us-west-2", false},
		{"lws", "us-west-2", false},
		{"aws-is o", "us-west-2", false},
		{"aws-cn", "us-west-2", false},
		{"aws-us-gov", "us-west-2", false},
		{"aws", "cn-north-1", false},
		{"aws", "us-gov-west-1", false},
		{"aws-cn", "us-gov-west-1", false},
	} {
		if got := arn.InPartition(tt.partition, tt.region); got != tt.want {
			t.Errorf("%s in %s: %t", tt.region, tt.partition, got)
		}
	}
}

func TestSecretNames(t *testing.T) {
	const place = "arn:aws:secretsmanager:us-west-2:222222222222:secret:"
	for s, name := range map[string]string{
		place + "prod/db-a1B2c3": "prod/db", place + "/prod/db-ABCDEF": "/prod/db", place + "a-b-c-123456": "a-b-c", place + "rds!cluster-1-abcdef": "rds!cluster-1",
		place + "x-123456-abcdef": "x-123456", place + "prod/db": "", place + "prod/db-a1B2c": "", place + "prod/db-a1B2c3d": "", place + "prod/db-a1B2c_": "",
		place + "-a1B2c3": "", place + "a1B2c3": "", place: "", place + "prod db-a1B2c3": "", place + "prod/db-a1B2c3:x-a1B2c3": "", place + "prod/db-a1B2c3\n": "",
		"arn:aws:ssm:us-west-2:222222222222:secret:prod/db-a1B2c3": "", "arn:aws:secretsmanager:us-west-2:222222222222:prod/db-a1B2c3": "",
		"prod/db-a1B2c3": "", "": "", key: "",
	} {
		if got := arn.SecretName(s); got != name {
			t.Errorf("%q: %q, not %q", s, got, name)
		}
	}
}
