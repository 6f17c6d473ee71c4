package stack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// app is an app with a stack for each service, in the file of its name.
const app = `import { App, Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
IMPORTS
const app = new App({ outdir: "out", context: { "@aws-cdk/aws-iam:minimizePolicies": true } }); // as cdk init writes it
const env = { account: "222222222222", region: "us-west-2" };
const github = iam.OpenIdConnectProvider.fromOpenIdConnectProviderArn(new Stack(app, "Empty", { env }), "GitHub", "arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com");
const who = {
  build: new iam.OpenIdConnectPrincipal(github, { StringEquals: { "token.actions.githubusercontent.com:sub": "repo:example/shop:environment:prod" } }),
  plan: new iam.ArnPrincipal("arn:aws:iam::222222222222:role/runner"),
  put: new iam.ArnPrincipal("arn:aws:iam::222222222222:role/runner"),
};
STACKS
for (const wrong of [{ ...env, region: "eu-west-1" }, { ...env, account: "333333333333" }]) {
  let refused = false;
  try {
    new small(new Stack(app, "Wrong" + wrong.account + wrong.region, { env: wrong }), "Access", who);
  } catch {
    refused = true;
  }
  if (!refused) throw new Error("another account or region is not refused");
}
app.synth();
`

// TestCDKHasThePolicies: TypeScript accepts the constructs with its strictest checks, and
// what the CDK makes of them has the policies of --format json.
func TestCDKHasThePolicies(t *testing.T) {
	t.Parallel()
	packages, tools := needs.ExamplesTool(t, "node/node_modules"), needs.PackageTools(t)
	node := needs.Program(t, "node", "Node.js 20 or later, nodejs.org")
	dir := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(packages, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	var imports, stacks strings.Builder
	for name, s := range services(t) {
		content, err := newStack(t, s).CDK()
		if err != nil {
			t.Fatal(err)
		}
		put(name+".ts", string(content))
		imports.WriteString(`import { BundleAccess as ` + name + ` } from "./` + name + "\";\n")
		stacks.WriteString("new " + name + `(new Stack(app, "` + name + `", { env }), "Access", who);` + "\n")
	}
	put("app.ts", strings.NewReplacer("IMPORTS", imports.String(), "STACKS", stacks.String()).Replace(app))
	put("tsconfig.json", `{"compilerOptions": {"strict": true, "noUnusedLocals": true, "noUnusedParameters": true, "noImplicitReturns": true, "exactOptionalPropertyTypes": true,
  "module": "nodenext", "target": "es2022", "skipLibCheck": true, "types": [], "lib": ["es2022"], "outDir": "js"}, "files": ["app.ts"]}`)
	put("package.json", `{"type": "commonjs"}`)
	run(t, dir, node, filepath.Join(tools, "node/node_modules/typescript/bin/tsc"), "-p", dir)
	run(t, dir, node, filepath.Join(dir, "js", "app.js"))
	for name, s := range services(t) {
		b, err := os.ReadFile(filepath.Join(dir, "out", name+".template.json"))
		if err != nil {
			t.Fatal(err)
		}
		readTemplate(t, b).written(t, s).check(t, s.want(t, false))
	}
}
