package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
)

func pruneAttempts() []attempt {
	old := func(args ...string) []string {
		return append([]string{"--manifest", "old.hcl", "--env", "prod", "--endpoint-url", "$AWS", "--older-than", "0d"}, args...)
	}
	return []attempt{
		{name: "a plan", args: old(), before: published},
		{name: "a plan, in Actions", args: old(), environ: inActions()},
		{name: "a plan, with an exit code", args: old("--exit-code"), code: 3},
		{name: "embedded", args: []string{"--manifest", "old.hcl", "--env", "local"}},
		{name: "nothing published", args: []string{"--env", "prod", "--endpoint-url", "$AWS", "--manifest", "renamed.hcl"}, before: renamed},
		{name: "a secret where the ARN would be", args: old("--ssm", "/planted/secure", "--yes"), before: planted, code: 7},
		{name: "a String where the ARN would be", args: old("--ssm", "/planted/string", "--yes"), code: 7},
		{name: "a list where the ARN would be", args: old("--ssm", "/planted/list"), code: 7},
		{name: "a secret for a parameter's name", args: old("--ssm", "/{sample.json}"), code: 2},
		{name: "a secret for a number", args: old("--keep", "sample.json"), code: 2},
		{name: "a secret for an age", args: old("--older-than", "sample.json"), code: 2},
		{name: "half of the functions", args: old("--yes", "--timeout", "300ms"), faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "lambda:ListFunctions"}}, code: 6},
		{name: "half of the history", args: old("--ssm", "/planted/string", "--yes", "--timeout", "300ms"),
			faults: []awslocal.Fault{{Kind: awslocal.Truncate, Operation: "ssm:GetParameterHistory"}}, code: 6},
		{name: "denied", args: old("--yes"), policy: denying("lambda:ListFunctions", "*"), code: 4},
		{name: "deletion denied", args: old("--yes"), policy: denying("lambda:DeleteLayerVersion", "*"), code: 4},
		{name: "a guard file that does not allow it", args: old("--guard", "guard.hcl"), before: strictGuard, code: 2},
		{name: "two forms", args: old("--json", "--markdown"), code: 2},
		{name: "broken manifest", args: []string{"--manifest", "broken.hcl", "--env", "prod"}, code: 2},
		{name: "deleted", args: old("--yes"), environ: inActions()},
		{name: "closed output", args: old("--yes"), closed: true, code: 8},
	}
}

// published writes a manifest whose layer has four versions, of which functions with secrets in their variables have the newest.
func published(s *stage) {
	s.write("old.hcl", "bundle {\n  name  = \"shop\"\n  layer = \"old\"\n}\n"+canaryManifest[len(canaryBundle):])
	s.publishOld("old", 4)
	withVariables(s, "old:4")
}

// publishOld publishes versions of a layer with the description of the bundle shop in prod.
func (s *stage) publishOld(layer string, versions int) {
	s.Helper()
	code, err := emptyZip()
	if err != nil {
		s.Fatal(err)
	}
	for range versions {
		_, err := s.cloud.lambda.PublishLayerVersion(s.Context(), &lambda.PublishLayerVersionInput{
			LayerName: &layer, Content: &types.LayerVersionContentInput{ZipFile: code},
			Description: aws.String("bundle shop, environment prod, sha256 0000000000000000000000000000000000000000000000000000000000000000"),
		})
		if err != nil {
			s.Fatal(err)
		}
	}
}
