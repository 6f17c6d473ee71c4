package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/awslocal"
)

// initInputs writes sources with a canary wherever a value may stand, and takes
// away what earlier attempts wrote.
func initInputs(s *stage) {
	yaml := func(name string) string { return strconv.Quote(s.canaries[name].value) }
	s.input("serverless.yml", "service: shop\nprovider: {region: us-west-2, environment: {PLAIN: "+yaml("file")+"}}\ncustom: {secret: "+yaml("nested")+"}\n"+
		"functions:\n  api:\n    environment:\n      DB: ${ssm:/canary/secure}\n      OWN: "+yaml("dotenv")+"\n      CUSTOM: ${self:custom.secret}\n"+
		"      URL: "+strconv.Quote("x"+s.canaries["broken json"].value+"${ssm:/canary/secure}")+"\n      ELSEWHERE: "+strconv.Quote("${env:X, '"+s.canaries["too long"].value+"'}")+"\n")
	s.input("beside.yml", "PLAIN: "+yaml("file")+"\ndev: {KEY: "+yaml("nested")+"}\nprod: {KEY: '${ssm:/canary/secure}'}\n")
	s.input("includes.yml", "service: shop\nprovider: {region: us-west-2, environment: '${file(beside.yml):${sls:stage}}'}\nfunctions:\n  api:\n    environment:\n"+
		"      DB: ${ssm:/canary/${opt:env, "+strconv.Quote(s.canaries["dotenv"].value)+"}, "+strconv.Quote(s.canaries["broken json"].value)+"}\n      PLAIN: ${file(beside.yml):PLAIN, ssm:/canary/secure}\n")
	s.input("flat.json", `{"db_password": `+yaml("file")+`, "nested": {"x": `+yaml("nested")+`}}`)
	s.input("flat.yaml", "db_password: "+yaml("file")+"\n")
	s.input("serverless.ts", "module.exports = {x: "+yaml("file")+"}\n")
	s.input("template.yaml", "Parameters: {Secret: {Type: String, NoEcho: true, Default: "+yaml("file")+"}}\n"+
		"Resources:\n  Api:\n    Type: AWS::Serverless::Function\n    Properties: {Environment: {Variables: {DB: '{{resolve:ssm:/canary/secure:1}}', OWN: "+yaml("dotenv")+", HIDDEN: !Ref Secret}}}\n")
	s.input("broken.yml", "functions: "+"*"+s.canaries["broken json"].value+" : ["+s.canaries["broken json"].value+"\n")
	s.input("empty.yml", "functions: {api: {environment: {OWN: "+yaml("file")+"}}}\n")
	s.input(".env", "OWN="+s.canaries["dotenv"].value+"\nQUOTED='\n"+strings.ReplaceAll(s.canaries["dotenv 2"].value, "'", "")+"\n'\n"+s.canaries["broken dotenv"].value+"\n")
	s.input("open.env", "OWN=\""+strings.ReplaceAll(s.canaries["dotenv"].value, `"`, "")+"\n"+s.canaries["dotenv 2"].value[:5]+"\n")
	for _, name := range []string{"new.hcl", "new.local.json"} {
		remove(name)(s)
	}
}

func initAttempts() []attempt {
	out := func(args ...string) []string { return append([]string{"--out", "new.hcl"}, args...) }
	path := func(args ...string) []string {
		return out(append([]string{"--from", "/canary/imported", "--env", "prod", "--region", "us-west-2", "--endpoint-url", "$AWS"}, args...)...)
	}
	all := []attempt{
		{name: "from nothing", args: out()},
		{name: "serverless", args: out("--from", "serverless.yml", "--env", "prod", "--account-id", testAccount)},
		{name: "template", args: out("--from", "template.yaml")},
		{name: "dotenv", args: out("--from", ".env", "--function", "api")},
		{name: "path", args: path("--account-id", testAccount)},
		{name: "files that it includes", args: out("--from", "includes.yml", "--env", "prod", "--account-id", testAccount)},
		{name: "a flat file", args: out("--from", "flat.yaml")},
		{name: "a file that is nearly flat", args: out("--from", "flat.json"), code: 2},
		{name: "a program", args: out("--from", "serverless.ts"), code: 2},
		{name: "broken", args: out("--from-serverless", "broken.yml"), code: 2},
		{name: "a broken template", args: out("--from-sam", "broken.yml"), code: 2},
		{name: "what cannot be told", args: out("--from", "broken.yml"), code: 2},
		{name: "no secrets", args: out("--from", "empty.yml"), code: 2},
		{name: "an open quote", args: out("--from", "open.env")},
		{name: "a template that is none", args: out("--from-sam", "serverless.yml"), code: 2},
		{name: "sample values", args: out("--from", "sample.json"), code: 2},
		{name: "sample values as dotenv", args: out("--from-dotenv", "sample.json"), code: 2},
		{name: "wrong account", args: path("--account-id", "333333333333"), code: 4},
		{name: "denied", args: path("--account-id", testAccount), policy: denying("ssm:GetParametersByPath", "*"), code: 4},
		{name: "a damaged list", args: path("--account-id", testAccount), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "ssm:GetParametersByPath"}}, code: 6},
		{name: "closed output", args: out(), closed: true, code: 8},
	}
	for i := range all {
		all[i].before = initInputs
	}
	return all
}

func fmtAttempts() []attempt {
	return []attempt{
		{name: "success", args: []string{"--manifest", "secrets.hcl"}},
		{name: "check", args: []string{"--check", "--manifest", "loose.hcl"}, before: func(s *stage) { s.write("loose.hcl", "locals {\n  a   = 1\n}\n") }, code: 3},
		{name: "broken", args: []string{"--manifest", "broken.hcl"}, code: 2},
		{name: "absent", args: []string{"--manifest", "none.hcl"}, code: 2},
		{name: "a link", args: []string{"--manifest", "link.hcl"}, before: func(s *stage) {
			s.write("loose.txt", "locals {\n  a   = 1\n}\n")
			remove("link.hcl")(s)
			if err := os.Symlink("loose.txt", filepath.Join(s.dir, "link.hcl")); err != nil {
				s.Fatal(err)
			}
		}, code: 8},
		{name: "arguments", args: []string{"secrets.hcl", "sample.json", "broken.hcl"}, code: 2},
		{name: "standard input and a file", args: []string{"-", "secrets.hcl"}, code: 2},
		{name: "unknown flag", args: []string{"--all"}, code: 2},
	}
}

func completionAttempts() []attempt {
	return []attempt{
		{name: "bash", args: []string{"bash"}},
		{name: "environments", args: []string{"environments"}},
		{name: "environments of a broken manifest", args: []string{"--manifest", "broken.hcl", "environments"}},
		{name: "environments of sample values", args: []string{"--manifest", "sample.json", "environments"}},
		{name: "nothing", code: 2},
		{name: "another shell", args: []string{"tcsh"}, code: 2},
		{name: "two shells", args: []string{"bash", "zsh"}, code: 2},
		{name: "no manifest", args: []string{"--manifest", "none.hcl", "environments"}},
		{name: "secrets", args: []string{"--env", "prod", "secrets"}},
		{name: "parameters", args: []string{"parameters"}},
		{name: "an environment for a script", args: []string{"--env", "prod", "bash"}, code: 2},
		{name: "unknown flag", args: []string{"--all", "bash"}, code: 2},
		{name: "closed output", args: []string{"man"}, closed: true, code: 8},
	}
}

func schemaAttempts() []attempt {
	return []attempt{
		{name: "manifest"},
		{name: "guard", args: []string{"guard"}},
		{name: "something else", args: []string{"sample.json"}, code: 2},
		{name: "two", args: []string{"manifest", "guard"}, code: 2},
		{name: "a flag", args: []string{"--manifest", "secrets.hcl"}, code: 2},
		{name: "JSON", args: []string{"--json"}, code: 2},
		{name: "closed output", closed: true, code: 8},
	}
}
