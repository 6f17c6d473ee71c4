package secret

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseRefAcceptsParameterNames(t *testing.T) {
	deep := strings.Repeat("/a", MaxLevels)
	for in, want := range map[string]Ref{
		"x":                             {Name: "x"},
		"/x":                            {Name: "x"},
		"/x:7":                          {Name: "x", Selector: "7"},
		"x:stable":                      {Name: "x", Selector: "stable"},
		"/prod/db/password":             {Name: "/prod/db/password"},
		"/prod/db/password:1":           {Name: "/prod/db/password", Selector: "1"},
		"/prod/a:9223372036854775807":   {Name: "/prod/a", Selector: "9223372036854775807"},
		"x:-1":                          {Name: "x", Selector: "-1"},
		"/prod/a:_x.y-Z9":               {Name: "/prod/a", Selector: "_x.y-Z9"},
		"/prod/aws/ssm":                 {Name: "/prod/aws/ssm"},
		"/A.b-c_9/.":                    {Name: "/A.b-c_9/."},
		"arn":                           {Name: "arn"},
		deep:                            {Name: deep},
		strings.Repeat("x", MaxName):    {Name: strings.Repeat("x", MaxName)},
		"x:" + strings.Repeat("l", 100): {Name: "x", Selector: strings.Repeat("l", 100)},
	} {
		got, err := ParseRef(in)
		if err != nil || got != want {
			t.Errorf("ParseRef(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
}

func TestParseRefRefusesWithReasonAndRemedy(t *testing.T) {
	for _, tt := range []struct{ in, reason, remedy string }{
		{"", "has no name", "write the parameter's name"},
		{":7", "has no name", "write the parameter's name"},
		{"/", "has no name after the slash", "write the parameter's name"},
		{"arn:aws:ssm:us-west-2:222222222222:parameter/x", "is an ARN", "write the parameter's name"},
		{"ARN:aws:ssm:x", "is an ARN", "own account and region"},
		{"/aws/reference/secretsmanager/x", "is a reference of Parameter Store to Secrets Manager", `in place of parameter, write secretsmanager = "x"`},
		{"/AWS/Reference/secretsmanager/a/b!@:old", "is a reference of Parameter Store to Secrets Manager", "in place of parameter, write the name alone"},
		{"/aws/reference/secretsmanager/a/b:AWSPREVIOUS", "to Secrets Manager", `secretsmanager = "a/b" and version_stage = "AWSPREVIOUS", each on a line of its own`},
		{"/aws/reference/secretsmanager/a:AWSCURRENT", "to Secrets Manager", `in place of parameter, write secretsmanager = "a"`},
		{"/aws/reference/secretsmanager/a:EXAMPLE1-90ab-cdef-fedc-ba987SECRET1", "to Secrets Manager", `version_id = "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1"`},
		{"/aws/reference/secretsmanager/", "ends in a slash", "name one parameter"},
		{"arn:aws:secretsmanager:us-west-2:222222222222:secret:prod/db-AbC123", "is an ARN", `in place of parameter, write secretsmanager = "prod/db"; secrets are read`},
		{"{{resolve:secretsmanager:prod/db:SecretString:password}}", "is a dynamic reference", `secretsmanager = "prod/db" and field = "password", each on a line of its own`},
		{"/aws/service/ami-amazon-linux-latest/x", `is below "/aws/"`, "one of your own parameters"},
		{"/Ssm/x", `is below "/ssm/"`, "one of your own parameters"},
		{"awsThing", `begins with "aws"`, "one of your own parameters"},
		{"/AWSthing", `begins with "aws"`, "one of your own parameters"},
		{"ssm-x:3", `begins with "ssm"`, "one of your own parameters"},
		{" x", "contains white space", "remove it"},
		{"/a/b c", "contains white space", "remove it"},
		{"x\n", "contains white space", "remove it"},
		{"/a/${x}", `contains '$'`, "letters, digits"},
		{"/a/{{x}}", "contains an unfilled placeholder", "${…}"},
		{"/a/é", `contains 'é'`, "letters, digits"},
		{"/a/\x00", `contains '\x00'`, "letters, digits"},
		{"/a/\xff", `contains '�'`, "letters, digits"},
		{`a\b`, `contains '\\'`, "letters, digits"},
		{"a/b", "has levels but no leading slash", "with a slash"},
		{"/a/", "ends in a slash", "parameters block"},
		{"a/", "ends in a slash", "parameters block"},
		{"//", "ends in a slash", "parameters block"},
		{"/a//b", "has an empty level", "single slashes"},
		{"//a", "has an empty level", "single slashes"},
		{strings.Repeat("/a", MaxLevels+1), "has 16 levels", "at most 15"},
		{strings.Repeat("x", MaxName+1), "is 1012 characters long", "at most 1011"},
		{"x:", "ends in a colon", "a version"},
		{"x:1:2", "has more than one colon", "a version"},
		{"x::1", "has more than one colon", "a version"},
		{"x:0", `asks for version "0"`, "from 1"},
		{"x:07", `asks for version "07"`, "leading zeros"},
		{"x:7a", `asks for version "7a"`, "as a number"},
		{"x:9223372036854775808", "asks for version", "as a number"},
		{"x:a b", `contains ' '`, "letters"},
		{"x:awslabel", `begins with "aws"`, "a version"},
		{"x:SSM", `begins with "ssm"`, "a version"},
		{"x:" + strings.Repeat("l", 101), "has a label of 101 characters", "at most 100"},
	} {
		ref, err := ParseRef(tt.in)
		var e *RefError
		if !errors.As(err, &e) {
			t.Errorf("ParseRef(%q) = %+v, %v, want a *RefError", tt.in, ref, err)
			continue
		}
		if ref != (Ref{}) || !strings.Contains(e.Reason, tt.reason) || !strings.Contains(e.Remedy, tt.remedy) {
			t.Errorf("ParseRef(%q): reason %q, remedy %q, want %q, %q", tt.in, e.Reason, e.Remedy, tt.reason, tt.remedy)
		}
		if len(e.Error()) > 600 || strings.ContainsAny(e.Error(), "\n\x00\x1b") {
			t.Errorf("ParseRef(%q): unprintable message %q", tt.in, e.Error())
		}
	}
}

func TestRefRendersWhatIsAsked(t *testing.T) {
	for _, tt := range []struct {
		ref        Ref
		text, bare string
	}{
		{Ref{Name: "/a/b"}, "/a/b", "/a/b"},
		{Ref{Name: "/a/b", Selector: "7"}, "/a/b:7", "/a/b"},
		{Ref{Name: "x", Selector: "stable"}, "x:stable", "x"},
	} {
		if tt.ref.String() != tt.text || tt.ref.Bare().String() != tt.bare {
			t.Errorf("%+v: %q, %q", tt.ref, tt.ref.String(), tt.ref.Bare().String())
		}
	}
}

func TestAcceptedRefsAreCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`/?[ab./_-]{0,12}(:[0-9a-c.:_-]{0,4})?`).Draw(t, "ref")
		ref, err := ParseRef(in)
		if err != nil {
			return
		}
		again, err := ParseRef(ref.String())
		if err != nil || again != ref {
			t.Fatalf("%q parses to %+v, and that to %+v, %v", in, ref, again, err)
		}
		slashed, err := ParseRef("/" + strings.TrimPrefix(ref.String(), "/"))
		if err != nil || slashed != ref {
			t.Fatalf("%q and its slashed spelling differ: %+v, %+v, %v", in, ref, slashed, err)
		}
	})
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"", "/", "x", "/x:7", "/a/b:label", "arn:aws:ssm:r:1:parameter/x", "/aws/x", "a/b", "x:07", "/a//b", "\xff", "{{x}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := ParseRef(s)
		if err != nil {
			var e *RefError
			if !errors.As(err, &e) || e.Reason == "" || e.Remedy == "" {
				t.Fatalf("%q: %v has no reason or remedy", s, err)
			}
			return
		}
		if again, err := ParseRef(ref.String()); err != nil || again != ref {
			t.Fatalf("%q parses to %+v, and that to %+v, %v", s, ref, again, err)
		}
	})
}

func TestParseEncoding(t *testing.T) {
	for in, want := range map[string]Encoding{"": Text, "text": Text, "base64": Base64} {
		if got, err := ParseEncoding(in); err != nil || got != want {
			t.Errorf("ParseEncoding(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"Text", "BASE64", "hex", " text", "base64url"} {
		if got, err := ParseEncoding(in); err == nil || got != "" || !strings.Contains(err.Error(), in) {
			t.Errorf("ParseEncoding(%q) = %q, %v", in, got, err)
		}
	}
}
