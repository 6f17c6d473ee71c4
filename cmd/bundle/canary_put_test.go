package main

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/internal/awslocal"
)

// secretPutAttempts are those of bundle put.
func secretPutAttempts() []attempt {
	put := newCanary("put").value
	prod := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS"}, args...)
	}
	fault := func(kind awslocal.Kind, code, message string) []awslocal.Fault {
		return []awslocal.Fault{{Operation: "ssm:PutParameter", Nth: 1, Kind: kind, Status: 400, Code: code, Message: message}}
	}
	return []attempt{
		{name: "from standard input", args: prod("SECURE"), stdin: put},
		{name: "unchanged", args: prod("SECURE"), stdin: put},
		{name: "another", args: prod("SECURE", "--strip-newline"), stdin: newCanary("file").value + "\n"},
		{name: "the version before", args: prod("--region", "us-west-2", "--from-version", "1", "SECURE")},
		{name: "dry run", args: prod("SECURE", "--dry-run")},
		{name: "a String", args: prod("STRING"), stdin: newCanary("put string").value},
		{name: "a field", args: prod("FIELD"), stdin: put},
		{name: "a field, from a file", args: prod("FIELD", "--from", "value.txt"), before: func(s *stage) { s.input("value.txt", newCanary("file").value) }},
		{name: "embedded", args: []string{"--env", "local", "SECURE"}, stdin: put},
		{name: "in Actions", args: prod("SECURE", "--yes"), stdin: put, environ: inActions()},
		{name: "two environments of one account", args: []string{"--manifest", "several.hcl", "--env", "prod", "--env", "second", "--endpoint-url", "$AWS", "SECURE"}, stdin: put, code: 2},
		{name: "as an argument", args: prod("SECURE", put), code: 2},
		{name: "as an argument with its name", args: prod("SECURE=" + put), code: 2},
		{name: "a newline", args: prod("SECURE"), stdin: put + "\n", code: 2},
		{name: "nothing", args: prod("SECURE"), code: 5},
		{name: "no such secret", args: prod("NOTHING"), stdin: put, code: 2},
		{name: "pinned", args: prod("PINNED"), stdin: put, code: 2},
		{name: "in Secrets Manager", args: prod("KEPT"), stdin: put, code: 2},
		{name: "bytes in Secrets Manager", args: prod("KEPT_BYTES"), stdin: put, code: 2},
		{name: "imported", args: prod("IN_ONE"), stdin: put, code: 2},
		{name: "not base64", args: prod("BYTES"), stdin: "-" + put, code: 5},
		{name: "too long", args: prod("SECURE"), stdin: strings.Repeat(newCanary("too long").value, 300), code: 5},
		{name: "nested", args: prod("SECURE"), stdin: "{{" + newCanary("nested").value + "}}", code: 5},
		{name: "no UTF-8", args: prod("SECURE"), stdin: "\xff" + put, code: 5},
		{name: "a NUL byte", args: prod("SECURE"), stdin: "\x00" + put, code: 5},
		{name: "no JSON to put a field in", args: prod("--manifest", "extra.hcl", "EXTRA"), stdin: put, code: 5, before: extra(`parameter = "/canary/notjson"; field = "a"`)},
		{name: "no object to put a field in", args: prod("--manifest", "extra.hcl", "EXTRA"), stdin: put, code: 5, before: extra(`parameter = "/canary/array"; field = "a"`)},
		{name: "a constraint", args: prod("--manifest", "extra.hcl", "EXTRA"), stdin: put, code: 5, before: extra(`parameter = "/canary/new"; matches = "sk_.*"`)},
		{name: "a wrong account", args: []string{"--env", "stranger", "--endpoint-url", "$AWS", "SECURE"}, stdin: put, code: 4},
		{name: "no key", args: prod("SECURE", "--key", "alias/none"), stdin: put, code: 5},
		{name: "may not put", args: prod("SECURE"), stdin: "not-" + put, code: 4, policy: denying("ssm:PutParameter", "*")},
		{name: "may not read", args: prod("FIELD"), stdin: "not-" + put, code: 4, policy: denying("ssm:GetParameters", "*")},
		{name: "AWS quotes the value", args: prod("SECURE"), stdin: "not-" + put, code: 2, faults: fault(awslocal.Fail, "ValidationException", "Value '"+put+"' at 'value'")},
		{name: "AWS denies it with the value", args: prod("SECURE"), stdin: "not-" + put, code: 4, faults: fault(awslocal.Fail, "AccessDeniedException", "User: "+put)},
		{name: "a code with the value", args: prod("SECURE"), stdin: "not-" + put, code: 6, faults: fault(awslocal.Fail, put, "")},
		{name: "the answer is lost", args: prod("SECURE"), stdin: "nor-" + put, code: 6, before: renew("/canary/secure", fault(awslocal.Cut, "", "")...)},
		{name: "another answer", args: prod("FIELD"), stdin: "nor-" + put, code: 7, before: renew("/canary/json",
			awslocal.Fault{Operation: "ssm:PutParameter", Nth: 1, Kind: awslocal.Edit, Member: "Version", Value: json.RawMessage("99")})},
		{name: "in a CI without --yes", args: prod("SECURE"), stdin: put, code: 2, environ: inActions()},
		{name: "closed output", args: prod("SECURE"), stdin: "last-" + put, closed: true, code: 8},
	}
}

// secretImportAttempts are those of bundle import.
func secretImportAttempts() []attempt {
	values := func(name string, lines ...string) func(*stage) {
		return func(s *stage) { s.input(name, strings.Join(lines, "\n")) }
	}
	c := func(name string) string { return newCanary(name).value }
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	prod := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS"}, args...)
	}
	return []attempt{
		{name: "dotenv", args: prod("values.env"), before: values("values.env", "# sample", "SECURE="+c("dotenv"), `export FIELD="`+escaped.Replace(c("dotenv 2"))+`"`)},
		{name: "again", args: prod("values.env")},
		{name: "JSON", args: prod("values.json"), before: values("values.json", `{"SECURE": "`+escaped.Replace(c("json file"))+`"}`)},
		{name: "embedded", args: []string{"--env", "local", "values.json"}},
		{name: "dry run", args: prod("--dry-run", "values.json")},
		{name: "without the unknown", args: prod("--ignore-unknown", "other.env"), before: values("other.env", "OTHER="+c("dotenv"), "SECURE="+c("dotenv 2"), c("broken dotenv"))},
		{name: "unknown names", args: prod("other.env"), code: 2},
		{name: "standard input", args: prod("-"), stdin: `{"SECURE": "` + escaped.Replace(c("json file")) + `"}`},
		{name: "cut standard input", args: prod("-"), stdin: `{"SECURE": "` + c("broken json"), code: 2},
		{name: "no line of dotenv", args: prod("bad.env"), before: values("bad.env", c("broken dotenv")), code: 2},
		{name: "encrypted", args: prod("bad.env"), before: values("bad.env", "SECURE="+c("dotenv"), "FIELD=encrypted:"+c("dotenv 2")), code: 2},
		{name: "no JSON", args: prod("bad.json"), before: values("bad.json", `{"SECURE": `+c("broken json")+`}`), code: 2},
		{name: "a PEM block without quotes", args: prod("bad.env"), before: values("bad.env", "SECURE=-----BEGIN KEY-----", c("broken dotenv"), "-----END KEY-----"), code: 2},
		{name: "a value as the file", args: prod("SECURE=" + c("dotenv")), code: 2},
		{name: "no file", args: prod("gone.env"), code: 2},
		{name: "two values", args: prod("--manifest", "extra.hcl", "two.env"), code: 2, before: func(s *stage) {
			extra(`parameter = "/canary/secure"`)(s)
			s.input("two.env", "SECURE="+c("dotenv")+"\nEXTRA="+c("dotenv 2"))
		}},
		{name: "partly refused", args: prod("values.env"), code: 9, before: func(s *stage) {
			renew("/canary/secure")(s)
			values("values.env", "SECURE=new-"+c("dotenv"), "OPTIONAL=new")(s)
			renew("/canary/optional", awslocal.Fault{
				Operation: "ssm:PutParameter", Nth: 1, Kind: awslocal.Fail, Status: 400, Code: "ValidationException", Message: c("dotenv"),
			})(s)
		}},
		{name: "in a CI without --yes", args: prod("values.json"), code: 2, environ: inActions()},
		{name: "may not put", args: prod("values.json"), code: 4, policy: denying("ssm:PutParameter", "*")},
	}
}

// renew gives a parameter of the account another value, which is no canary, and then injects faults.
func renew(name string, faults ...awslocal.Fault) func(*stage) {
	return func(s *stage) {
		s.cloud.server.ClearFaults()
		_, err := s.cloud.ssm.PutParameter(s.Context(), &ssm.PutParameterInput{
			Name: &name, Value: aws.String(`{"live": {"key": "x"}}`), KeyId: aws.String("alias/parameters"), Overwrite: aws.Bool(true),
		})
		if err != nil {
			s.Fatal(err)
		}
		s.cloud.server.Inject(faults...)
	}
}
