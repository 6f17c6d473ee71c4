package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// manyFunctions is an environment of n functions with three parameters each, the last of
// which belongs to the next function as well. It puts the parameters and the keys.
func manyFunctions(s *stage, n int) {
	s.Helper()
	var text strings.Builder
	text.WriteString("bundle {\n  name = \"shop\"\n  layer = \"shop-${function.name}\"\n}\n" +
		"environment \"prod\" {\n  account_id = \"" + testAccount + "\"\n  regions = [\"us-west-2\"]\n}\ndefaults { kms_key = \"alias/many-${function.name}\" }\n")
	for i := range n {
		fmt.Fprintf(&text, "function \"f%d\" {\n", i)
		for k := range 4 {
			fmt.Fprintf(&text, "  secret \"S%d\" { parameter = \"/many/%d\" }\n", k, (3*i+k)%(3*n))
		}
		text.WriteString("}\n")
		key, err := s.cloud.kms.CreateKey(s.Context(), &kms.CreateKeyInput{})
		if err == nil {
			_, err = s.cloud.kms.CreateAlias(s.Context(), &kms.CreateAliasInput{AliasName: aws.String(fmt.Sprintf("alias/many-f%d", i)), TargetKeyId: key.KeyMetadata.KeyId})
		}
		for k := range 3 {
			if err == nil {
				err = putMany(s, 3*i+k)
			}
		}
		if err != nil {
			s.Fatal(err)
		}
	}
	s.write("many.hcl", text.String())
}

func putMany(s *stage, n int) error {
	_, err := s.cloud.ssm.PutParameter(s.Context(), &ssm.PutParameterInput{
		Name: aws.String(fmt.Sprintf("/many/%d", n)), Value: aws.String("not-a-real-value"), Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true),
	})
	return err
}

// TestFunctionsReadTheirParametersTogether: 40 layers with 120 parameters, and fields of one
// secret of Secrets Manager, cost as many calls as one layer with all of them, and each call is in the JSON of one target.
func TestFunctionsReadTheirParametersTogether(t *testing.T) {
	s := newStage(t)
	s.Setenv("AWS_ACCESS_KEY_ID", s.id) // the SDK reads the process's own
	s.Setenv("AWS_SECRET_ACCESS_KEY", s.key)
	const functions = 40
	manyFunctions(s, functions)
	s.keep(canarySecret{Name: "many", Values: []string{`{"a": "not-a-real-a", "b": "not-a-real-b"}`}})
	manifest, err := os.ReadFile("many.hcl")
	if err != nil {
		t.Fatal(err)
	}
	const kept = "  secret \"KEPT_A\" {\n    secretsmanager = \"many\"\n    field = \"a\"\n  }\n  secret \"KEPT_B\" {\n    secretsmanager = \"many\"\n    field = \"b\"\n  }\n"
	s.write("many.hcl", strings.ReplaceAll(string(manifest), "  secret \"S0\"", kept+"  secret \"S0\""))
	build := func(more ...string) (map[string]int, []map[string]int) {
		t.Helper()
		s.cloud.server.ResetCalls()
		var out, diagnostics bytes.Buffer
		args := append([]string{"bundle", "build", "--manifest", "many.hcl", "--env", "prod", "--out", "many-{function}.zip", "--endpoint-url", s.url, "--json"}, more...)
		a := newApp(&console.Console{Args: args, Environ: os.Environ(), Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
		if code := a.run(t.Context()); code != 0 {
			t.Fatalf("exit code %d\n%s", code, diagnostics.String())
		}
		var answer struct {
			Targets []struct {
				Result struct {
					AWSCalls map[string]int `json:"aws_calls"`
				}
			}
		}
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		var each []map[string]int
		sum := map[string]int{}
		for _, target := range answer.Targets {
			each = append(each, target.Result.AWSCalls)
			for call, n := range target.Result.AWSCalls {
				sum[call] += n
			}
		}
		made := s.cloud.server.Calls()
		decrypting := made["ssm:GetParameters(decrypt)"]
		delete(made, "ssm:GetParameters(decrypt)")
		if diff := cmp.Diff(made, sum); diff != "" {
			t.Errorf("the targets do not report the calls that were made:\n%s", diff)
		}
		made = maps.Clone(made)
		made["decrypting"] = decrypting
		return made, each
	}
	check := func(what string, got, want map[string]int) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", what, diff)
		}
	}

	made, each := build("--previous", "none")
	check("first build", made, map[string]int{
		"sts:GetCallerIdentity": 1, "kms:DescribeKey": functions, "ssm:GetParameters": 12, "decrypting": 12, "kms:Encrypt": functions,
		"secretsmanager:GetSecretValue": 1,
	})
	if each[0]["ssm:GetParameters"] != 12 {
		t.Errorf("the reads do not count for the first target: %v", each)
	}
	made, _ = build()
	check("unchanged", made, map[string]int{
		"sts:GetCallerIdentity": 1, "kms:DescribeKey": functions, "ssm:GetParameters": 12, "decrypting": 0, "secretsmanager:DescribeSecret": 1,
	})

	if err := putMany(s, 3); err != nil { // of functions f0 and f1
		t.Fatal(err)
	}
	made, each = build()
	check("changed", made, map[string]int{
		"sts:GetCallerIdentity": 1, "kms:DescribeKey": functions, "ssm:GetParameters": 13, "decrypting": 1, "kms:Encrypt": 2,
		"secretsmanager:DescribeSecret": 1, "secretsmanager:GetSecretValue": 1,
	})
	if each[0]["kms:Encrypt"] != 1 || each[1]["kms:Encrypt"] != 1 {
		t.Errorf("Encrypt counts for another target: %v", each)
	}
}
