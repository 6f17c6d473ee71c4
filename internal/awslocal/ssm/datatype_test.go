package ssm

import (
	"slices"
	"strings"
	"testing"
)

func TestValuesAreCheckedAgainstTheDataType(t *testing.T) {
	const comment = "// c\n"
	for name, values := range map[string]struct{ good, bad []string }{
		"text":                {[]string{" ", "x,y", "\n"}, nil},
		"aws:region":          {[]string{"us-east-1", "us-gov-west-1", "eusc-de-east-1", "us-isob-east-1"}, []string{"us-east", "us-east-1a", "US-EAST-1", "us-east-1 ", "us_east_1", "east-1-"}},
		"aws:account:id":      {[]string{"000000000000", "222222222222"}, []string{"22222222222", "2222222222222", "2222-2222-2222", "22222222222a", "٢٢٢٢٢٢٢٢٢٢٢٢"}},
		"boolean":             {[]string{"true", "false"}, []string{"yes", "1", "0", "True", "true ", "on", "null"}},
		"integer":             {[]string{"0", "443", "-5", "12345678901234567890123"}, []string{"4.5", "1e3", "x", "5 ", "--5", "0x5", "1_000", "-", "5\n"}},
		"float":               {[]string{"0", "4.5", "-0.5", "1e-3", "1.5E+10"}, []string{".", "1.2.3", "NaN", "Infinity", "1e", "4.5f", "0x1p2", "five"}},
		"binary":              {[]string{"AAEC", "AA==", "+/8="}, []string{"AA=", "A", "AB==", "-_8=", "AAEC\n", "not base64"}},
		"hostname":            {[]string{"localhost", "db-1.example.com", "a.b"}, []string{"-a.b", "a-.b", "a..b", "a_b", "a b", ".a", "http://a.b", strings.Repeat("a", 64), strings.Repeat("a.", 127)}},
		"email":               {[]string{"a@example.com", "a.b+c@example.com"}, []string{"a", "@example.com", "a@", "a@b@c", "a b@example.com", "A <a@example.com>", "a@-b.c"}},
		"ipv4-address":        {[]string{"192.0.2.1", "0.0.0.0"}, []string{"192.0.2", "192.0.2.256", "192.0.2.1/24", "192.0.2.01", "::1", "::ffff:192.0.2.1"}},
		"ipv6-address":        {[]string{"::", "2001:db8::1", "::ffff:192.0.2.1"}, []string{"192.0.2.1", "2001:db8::1::2", "fe80::1%eth0", "2001:db8::/32", "[::1]", "g::"}},
		"url":                 {[]string{"https://example.com/a?b=c#d", "postgres://user@db.example.com:5432/app"}, []string{"example.com", "/path", "https://", "https:example.com", "mailto:a@example.com", "https://example.com/a b", "http://a:b:c"}},
		"json":                {[]string{"{}", "[1]", `"x"`, "5", "null", ` {"a": 1} `}, []string{"{", "{a: 1}", `{"a": 1,}`, comment + "{}", "{} {}", "'x'", "undefined"}},
		"jsonc":               {[]string{"{}", comment + "{}", `{"a": [1,],}`, `{"a": "// no,]", /* yes */}`, "5 " + comment, `["\"/*"]`}, []string{"{", "// c", "/* {}", "[,]", "[1,,]", "{,}", `{"a":,}`, ",", "{},", "{a: 1}", "{'a': 1}", "# c\n{}", "[1] /* /* */ */", "1/**/2", "[1,}"}},
		"aws:ec2:image":       {[]string{"ami-12345abcdeEXAMPLE"}, nil},
		"aws:ssm:integration": {[]string{`{"description": "x"}`}, nil},
	} {
		for _, value := range values.good {
			if err := (&Put{DataType: name, Value: value}).checkDataType("String"); err != nil {
				t.Errorf("%s %q: %v", name, value, err)
			}
		}
		for _, value := range values.bad {
			err := (&Put{DataType: name, Value: value}).checkDataType("String")
			if err == nil || strings.Contains(err.Error(), value) && len(value) > 5 {
				t.Errorf("%s %q: %v", name, value, err)
			}
		}
		if !slices.Contains(DataTypes(), name) {
			t.Errorf("no data type %s", name)
		}
	}
	if all := DataTypes(); len(all) != 16 {
		t.Errorf("%d data types: %q", len(all), all)
	}
}

func TestTypesOfParametersForADataType(t *testing.T) {
	for name, want := range map[string]string{
		"": "String StringList SecureString", "text": "String StringList SecureString", "integer": "String StringList SecureString", "hostname": "String StringList SecureString",
		"binary": "String SecureString", "url": "String SecureString", "json": "String SecureString", "jsonc": "String SecureString",
		"aws:ec2:image": "String", "aws:ssm:integration": "String SecureString",
	} {
		value := map[string]string{"hostname": "a.b", "binary": "AAEC", "url": "https://a.b"}[name]
		if value == "" {
			value = "5"
		}
		var got []string
		for _, parameterType := range []string{"String", "StringList", secureString} {
			if (&Put{DataType: name, Value: value}).checkDataType(parameterType) == nil {
				got = append(got, parameterType)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %s", name, got, want)
		}
	}
	for value, want := range map[string]bool{"1,2,3": true, "1": true, "1,,2": false, "1, 2": false, "1,x": false, ",": false} {
		if err := (&Put{DataType: "integer", Value: value}).checkDataType("StringList"); (err == nil) != want {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestImages(t *testing.T) {
	for value, want := range map[string]bool{"ami-12345abcdeEXAMPLE": true, "ami-0ff8a91507f77f867": true, "ami-": false, "ami-1": false, "i-0ff8a91507f77f867": false, "ami-0ff8a91507f77f867\n": false} {
		if isImage(value) != want {
			t.Errorf("%q", value)
		}
	}
}
