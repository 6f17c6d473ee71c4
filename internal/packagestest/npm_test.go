package packagestest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

// TestNPM installs the package once, from its folder, into a project that every checker and runner then uses.
func TestNPM(t *testing.T) {
	t.Parallel()
	modules := filepath.Join(needs.PackageTools(t), "node", "node_modules")
	tool := func(name string) string { return filepath.Join(modules, ".bin", name) }
	npm := needs.Program(t, "npm", "Node.js 22 or later, nodejs.org")
	dir := unpacked(t)
	pkg := filepath.Join(dir, "npm")
	project := t.TempDir()
	for _, name := range []string{"node", "jest", "typescript"} {
		example(t, name, project)
	}
	filetest.Write(t, filepath.Join(project, "package.json"), `{"name": "project", "private": true}`)
	run(t, project, nil, npm, "install", "--save-dev", "--no-audit", "--no-fund", pkg)
	for _, name := range []string{"vitest", "jest", "typescript", "@types"} {
		if err := os.Symlink(filepath.Join(modules, name), filepath.Join(project, "node_modules", name)); err != nil {
			t.Fatal(err)
		}
	}

	t.Run("the tarball is reproducible and has what npm should publish", func(t *testing.T) {
		first, second := t.TempDir(), t.TempDir()
		out := run(t, pkg, nil, npm, "pack", "--pack-destination", first)
		contains(t, out, "index.cjs", "index.d.ts", "testing.cjs", "testing.d.ts", "package.json", "README.md", "LICENSE", "total files: 7")
		run(t, filepath.Join(unpacked(t), "npm"), []string{"TZ=Asia/Tokyo"}, npm, "pack", "--pack-destination", second)
		same(t, sums(t, first), sums(t, second), "bundle-secrets-1.2.3-rc.1.tgz")
	})
	t.Run("publint", func(t *testing.T) { contains(t, run(t, pkg, nil, tool("publint"), "--strict"), "All good!") })
	t.Run("are the types wrong", func(t *testing.T) { run(t, pkg, nil, tool("attw"), "--pack", ".", "--format", "ascii") })
	t.Run("TypeScript", func(t *testing.T) {
		filetest.Write(t, filepath.Join(project, "typescript", "wrong.ts"), wrong)
		run(t, project, nil, tool("tsc"), "--project", "typescript", "--module", "esnext", "--moduleResolution", "bundler")
		filetest.Write(t, filepath.Join(project, "typescript", "common.cts"), common)
		for _, module := range []string{"nodenext", "node16"} {
			run(t, project, nil, tool("tsc"), "--project", "typescript", "--module", module)
		}
	})
	t.Run("vitest", func(t *testing.T) {
		contains(t, run(t, filepath.Join(project, "typescript"), nil, tool("vitest"), "run", "database.test.ts"), "2 passed")
	})
	t.Run("jest", func(t *testing.T) {
		contains(t, run(t, filepath.Join(project, "jest"), nil, tool("jest"), "--rootDir", "."), "2 passed")
	})
	t.Run("Node", func(t *testing.T) {
		nodes := append(needs.Programs("node", "BUNDLE_TEST_NODE"), filepath.Join(modules, "node", "bin", "node"))
		for _, node := range nodes {
			out := run(t, project, nil, node, "--test", "--test-reporter=tap", "node/database.test.mjs")
			contains(t, out, "# pass 2")
			run(t, project, nil, node, "--input-type=module", "--eval", behavior)
		}
	})
	t.Run("esbuild", func(t *testing.T) {
		// External, the import stays; inlined, the copy works, and the double reaches it.
		external := run(t, project, nil, tool("esbuild"), "node/database.mjs", "--bundle", "--platform=node", "--format=esm", "--external:bundle-secrets")
		contains(t, external, `from "bundle-secrets"`)
		inlined := filepath.Join(project, "inlined.cjs")
		run(t, project, nil, tool("esbuild"), "node/database.mjs", "--bundle", "--platform=node", "--format=cjs", "--outfile="+inlined)
		run(t, project, nil, "node", "--eval", `
			require("bundle-secrets/testing").setSecrets({ DB_PASSWORD: "x" });
			require("./inlined.cjs").databaseURL().then((url) => process.exit(url === "postgres://app:x@db.example.com/app" ? 0 : 1));`)
	})
	t.Run("below bundle run, the document is opened, and a test can hide it", func(t *testing.T) {
		bundle := filepath.Join(project, "bundle.exe")
		if err := needs.Bundle(bundle); err != nil {
			t.Fatal(err)
		}
		filetest.Write(t, filepath.Join(project, "secrets.hcl"), manifest)
		filetest.Write(t, filepath.Join(project, "sample.json"), sample)
		filetest.Write(t, filepath.Join(project, "typescript", "whole.test.ts"), whole)
		below := []string{"run", "--env", "local", "--data", filepath.Join(t.TempDir(), "state"), "--"}
		out := run(t, project, nil, bundle, append(below, tool("vitest"), "run", "--root", "typescript")...)
		contains(t, out, "3 passed")
		contains(t, run(t, project, nil, bundle, append(below, tool("jest"), "--rootDir", "jest")...), "2 passed")
	})
	t.Run("in Lambda, the double is refused", func(t *testing.T) {
		for _, variable := range inLambda() {
			out, err := try(t, project, []string{variable}, "node", "--eval", `require("bundle-secrets/testing").setSecrets({ DB_PASSWORD: "sample-value" })`)
			if err == nil || !strings.Contains(out, "is for tests only") {
				t.Errorf("%s: %v\n%s", variable, err, out)
			}
			name, _, _ := strings.Cut(variable, "=")
			run(t, project, []string{name + "="}, "node", "--eval", `require("bundle-secrets/testing").setSecrets({ DB_PASSWORD: "sample-value" })`)
		}
	})
}

const manifest = `
bundle { name = "shop" }
environment "local" { embedded = "sample.json" }
function "hello" {
  kms_key = "alias/hello"
  secret "DB_PASSWORD" { parameter = "/local/shop/db/password" }
}
`

const sample = `{"keys": [{"alias": "alias/hello"}], "parameters": [{"name": "/local/shop/db/password", "type": "SecureString", "value": "of/the/document"}]}`

const whole = `
import { expect, test } from "vitest";
import { databaseURL } from "./database.js";
test("the document is opened", async () => {
  expect(await databaseURL()).toBe("postgres://app:of%2Fthe%2Fdocument@db.example.com/app");
});
`

// wrong has a mistake in each line that follows a directive; a line without one makes the compiler report the directive.
const wrong = `
import { getSecret, getSecretBytes, getSecrets, loadEnv, SecretsError } from "bundle-secrets";
import { setSecrets } from "bundle-secrets/testing";
const name: string = await getSecret("DB_PASSWORD");
const bytes: Uint8Array = await getSecretBytes("TLS_KEY");
const code: "access_denied" | "tampered" | string = new SecretsError("tampered", "").code;
await loadEnv({ override: true });
setSecrets({ DB_PASSWORD: name, TLS_KEY: bytes, CODE: code });
// @ts-expect-error
getSecret();
// @ts-expect-error
getSecret(7);
// @ts-expect-error
(await getSecrets()).DB_PASSWORD = "x";
// @ts-expect-error
new SecretsError("no_such_code", "");
// @ts-expect-error
setSecrets({ DB_PASSWORD: 7 });
// @ts-expect-error
loadEnv({ overide: true });
`

const common = `
import secrets = require("bundle-secrets");
import testing = require("bundle-secrets/testing");
testing.setSecrets({ DB_PASSWORD: "x" });
export const password: Promise<string> = secrets.getSecret("DB_PASSWORD");
`

// behavior is what a double does that the examples don't show.
const behavior = `
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { getSecret, getSecretBytes, getSecrets, loadEnv, SecretsError } from "bundle-secrets";
import { reset, setSecrets } from "bundle-secrets/testing";
const require = createRequire(process.cwd() + "/");
assert.equal(require("bundle-secrets").getSecret, getSecret);
assert.equal(require("bundle-secrets/package.json").version, "1.2.3-rc.1");
assert.throws(() => require("bundle-secrets/index.cjs"), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" });

process.env.DB_PASSWORD = "of the environment";
await assert.rejects(getSecret("DB_PASSWORD"), { code: "bundle_not_found", message: /On a laptop, use bundle run, or a test double/ });
setSecrets({ DB_PASSWORD: "x", TLS_KEY: new Uint8Array([0, 255]), TEXT: "AAH/" });
assert.equal(await getSecret("DB_PASSWORD"), "x");
assert.equal(await getSecret("TLS_KEY"), "AP8=");
assert.deepEqual([...(await getSecretBytes("TLS_KEY"))], [0, 255]);
assert.equal(Buffer.from(await getSecretBytes("TEXT")).toString(), "AAH/");
assert.deepEqual({ ...(await getSecrets()) }, { DB_PASSWORD: "x", TLS_KEY: "AP8=", TEXT: "AAH/" });
assert.ok(Object.isFrozen(await getSecrets()));
await loadEnv();
assert.deepEqual([process.env.DB_PASSWORD, process.env.TEXT], ["of the environment", "AAH/"]);
await assert.rejects(getSecret(7), TypeError);
for (const name of ["DB_PASSWORT", "constructor", "__proto__", ""]) {
  const error = await getSecret(name).catch((e) => e);
  assert.ok(error instanceof SecretsError, name);
  assert.equal(error.code, "secret_not_found");
  assert.match(error.message, /it was given: DB_PASSWORD, TEXT, TLS_KEY$/);
}
setSecrets({ LD_PRELOAD: "x" });
await assert.rejects(loadEnv(), { code: "reserved_variable" });
await assert.rejects(getSecret("DB_PASSWORD"), { code: "secret_not_found" });
setSecrets({});
await assert.rejects(getSecret("DB_PASSWORD"), /it was given: none$/);
for (const wrong of [{ A1: 7 }, { A1: null }, { A1: "" }, { A1: new Uint8Array(0) }, { A: "sample-value" }, { "A-B": "sample-value" }, { A1: ["sample-value"] }, null]) {
  assert.throws(() => setSecrets(wrong), (e) => e instanceof TypeError && !e.message.includes("sample-value"));
}
reset();
reset();
await assert.rejects(getSecret("DB_PASSWORD"), { code: "bundle_not_found" });
`
