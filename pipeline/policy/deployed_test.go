package policy_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/publish"
)

// deploy makes a function that has a version of the layer. A managed one runs on Managed Instances.
func (w *world) deploy(name string, version int, managed bool) {
	w.Helper()
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	if _, err := z.Create("index.js"); err != nil {
		w.Fatal(err)
	}
	if err := z.Close(); err != nil {
		w.Fatal(err)
	}
	in := &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(arn("function")), Handler: aws.String("index.handler"), Runtime: types.RuntimeNodejs22x,
		Code: &types.FunctionCode{ZipFile: code.Bytes()}, Publish: true,
		Layers: []string{fmt.Sprintf("arn:aws:lambda:%s:%s:layer:shop:%d", awslocal.Region, awslocal.Account, version)},
	}
	if managed {
		in.CapacityProviderConfig = &types.CapacityProviderConfig{LambdaManagedInstancesCapacityProviderConfig: &types.LambdaManagedInstancesCapacityProviderConfig{
			CapacityProviderArn: aws.String("arn:aws:lambda:" + awslocal.Region + ":" + awslocal.Account + ":capacity-provider:all"),
		}}
	}
	if _, err := lambda.NewFromConfig(w.admin).CreateFunction(w.Context(), in); err != nil {
		w.Fatal(err)
	}
}

// deployed looks with a role what is deployed.
func (w *world) deployed(cfg aws.Config, functionsOnly bool) (*pipeline.DeployedResult, error) {
	layers := publish.New(cfg, awslocal.Account)
	_, blind := storesOf(cfg)
	d := &pipeline.Deployed{
		Status: pipeline.Status{
			Manifest: w.manifest, Observer: unobserved{}, Layers: layers, Published: &publish.Ref{Layer: "shop"},
			Parameters: blind,
			Caller: func(ctx context.Context) (string, error) {
				who, err := awsclient.Caller(ctx, cfg)
				return who.Account, err
			},
		},
		Versions: layers, Functions: publish.NewFunctions(cfg, awslocal.Account, publish.NewPace(), nil), FunctionsOnly: functionsOnly,
	}
	found, problems := d.Run(w.Context())
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", problems[0].Summary, problems[0].Detail)
	}
	return found, nil
}

func TestDeployedPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	for name, m := range map[string]modes{"packed": {}, "mixed": {false, true}} {
		for _, functionsOnly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, functions only %t", name, functionsOnly), func(t *testing.T) {
				w := newWorld(t, m, awslocal.WithFunctionTimes(0, 0))
				w.documents() // publishes
				w.deploy("hello", 1, true)
				w.deploy("worker", 1, true)
				w.deploy("stranger", 1, true)
				document := w.setting.Deployed(functionsOnly)
				found, err := w.deployed(w.role("deployed", document), functionsOnly)
				if err != nil {
					t.Fatal(err)
				}
				others := slices.ContainsFunc(found.Others, func(r pipeline.Running) bool { return r.Name == "stranger" })
				if len(found.Functions) != 4 || others == functionsOnly {
					t.Errorf("%+v", found)
				}
				for what, less := range lessened(document) {
					if _, err := w.deployed(w.role("deployed", less), functionsOnly); err == nil {
						t.Errorf("looks without %s", what)
					}
				}
			})
		}
	}
}

// A role with the policy can do nothing with values, whatever else it is allowed.
func TestDeployedPolicyReadsNoValue(t *testing.T) {
	w := newWorld(t, modes{})
	for _, functionsOnly := range []bool{false, true} {
		document := w.setting.Deployed(functionsOnly)
		document.Statement = append(document.Statement, policy.Statement{Sid: "Everything", Effect: "Allow", Action: policy.List{"*"}, Resource: policy.List{"*"}})
		if _, err := w.run(w.role("deployed", document)); err == nil {
			t.Errorf("a build works, functions only %t", functionsOnly)
		}
	}
}

// The account is listed 50 versions at a time, and nothing is asked twice.
func TestDeployedMakesFewCalls(t *testing.T) {
	w := newWorld(t, modes{}, awslocal.WithFunctionTimes(0, 0))
	w.documents() // publishes
	for _, name := range []string{"hello", "worker"} {
		w.deploy(name, 1, false)
	}
	const others = 60
	for i := range others {
		w.deploy(fmt.Sprintf("other-%d", i), 1, false)
	}
	w.server.ResetCalls()
	found, err := w.deployed(w.admin, false)
	if err != nil || len(found.Others) != 2*others {
		t.Fatalf("%d others: %v", len(found.Others), err)
	}
	want := map[string]int{
		"lambda:ListFunctions": 3, // of 62 functions with two versions each
		"lambda:ListAliases":   2, "lambda:ListLayerVersions": 2, "lambda:GetLayerVersion": 1, "ssm:GetParameters": 1, "sts:GetCallerIdentity": 1,
	}
	got := w.server.Calls()
	maps.DeleteFunc(got, func(call string, _ int) bool { return strings.Contains(call, "(") }) // made by AWS itself
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
