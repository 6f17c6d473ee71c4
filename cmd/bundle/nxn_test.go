package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/layerbuild/sealed"
)

// Three functions, three keys, and three roles that may decrypt under one key
// each: every role opens exactly one document, and every other attempt says
// which function and which key it was about.
func TestEachRoleOpensOneDocument(t *testing.T) {
	s := newStage(t)
	names := []string{"alpha", "beta", "gamma"}
	text := "bundle { name = \"shop\" }\nenvironment \"prod\" {\n  account_id = \"222222222222\"\n  regions    = [\"us-west-2\"]\n}\n"
	keys := map[string]string{}
	for _, name := range names {
		text += fmt.Sprintf("function %q {\n  kms_key = \"alias/%s\"\n  secret \"TOKEN\" { parameter = \"/nxn/%s\" }\n}\n", name, name, name)
		key, err := s.cloud.kms.CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err == nil {
			_, err = s.cloud.kms.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/" + name), TargetKeyId: key.KeyMetadata.KeyId})
		}
		if err == nil {
			_, err = s.cloud.ssm.PutParameter(t.Context(), &ssm.PutParameterInput{
				Name: aws.String("/nxn/" + name), Value: aws.String("not-a-real-token-of-" + name), Type: ssmtypes.ParameterTypeSecureString,
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = aws.ToString(key.KeyMetadata.Arn)
	}
	s.write("nxn.hcl", text)
	s.run("build", "--manifest", "nxn.hcl", "--env", "prod", "--endpoint-url", "$AWS", "--out", "nxn.zip")

	for _, role := range names {
		id, key := s.role("function-"+role, fmt.Sprintf(
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": %q}]}`, keys[role]))
		environ := append(os.Environ(), "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+key, "BUNDLETEST_PRINT_ENVIRONMENT=1")
		for _, function := range names {
			code, stdout, stderr := s.start([]string{"bundle", "run", "--layer", "nxn.zip", "--function", function, "--endpoint-url", s.url,
				"--", os.Args[0], "-test.run=^TestPrintsItsEnvironment$"}, environ, attempt{})
			if role == function {
				if code != 0 || !strings.Contains(string(stdout), "\nTOKEN=not-a-real-token-of-"+function+"\n") {
					t.Errorf("%s does not open its own document: exit code %d\n%s", role, code, stderr)
				}
				continue
			}
			if code != console.ExitAccess {
				t.Errorf("%s, opening the document of %s: exit code %d, not %d", role, function, code, console.ExitAccess)
			}
			message := strings.Join(strings.Fields(string(stderr)), " ")
			if !strings.Contains(message, fmt.Sprintf("Function %q", function)) || !strings.Contains(message, keys[function]) {
				t.Errorf("%s, opening the document of %s: the message does not name function and key:\n%s", role, function, stderr)
			}
			if strings.Contains(string(stdout)+string(stderr), "not-a-real-token") {
				t.Errorf("%s got the secrets of %s", role, function)
			}
		}
	}

	// A document under another function's name opens for nobody: neither for the
	// role whose key it names nor for the one whose function it claims to be.
	layer, _, err := target.ReadLayer(filepath.Join(s.dir, "nxn.zip"))
	if err != nil {
		t.Fatal(err)
	}
	forged := layer.Documents[0].Header // of alpha
	forged.Function, forged.Name = "beta", "beta"
	beta, err := sealed.New(forged, layer.Documents[0].Key, layer.Documents[0].Ciphertexts)
	if err != nil {
		t.Fatal(err)
	}
	layer.Documents[1] = beta
	s.writeLayer("forged.zip", layer)
	for role, want := range map[string]int{"alpha": console.ExitIntegrity, "beta": console.ExitAccess} {
		id, key := s.role("forger-"+role, fmt.Sprintf(
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": %q}]}`, keys[role]))
		environ := append(os.Environ(), "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+key)
		code, _, stderr := s.start([]string{"bundle", "run", "--layer", "forged.zip", "--function", "beta", "--endpoint-url", s.url,
			"--", "bundle", "version"}, environ, attempt{})
		if code != want {
			t.Errorf("%s, opening a document of alpha that says it is beta's: exit code %d, not %d\n%s", role, code, want, stderr)
		}
	}
}
