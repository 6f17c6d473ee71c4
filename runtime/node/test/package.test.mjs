// The package in a layer as a program uses it: two module systems, one state, the types of errors and values. The tests find
// the package with NODE_PATH. They need no network: a server in the test opens the document's boxes.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import util from "node:util";
import { Worker } from "node:worker_threads";

const require = createRequire(import.meta.url);
const file = require.resolve("bundle-secrets");
const folder = path.dirname(file);
const cjs = require("bundle-secrets");
const esm = await import(file);
const key = "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-4111-8111-111111111111";
const box = { constructor: "sample-constructor", TLS_KEY: "AAH/", toString: "sample-text" };
const dir = mkdtempSync(path.join(os.tmpdir(), "bundle-secrets-"));
let calls = 0;

const server = http.createServer((request, response) => {
  calls++;
  request.resume();
  response.end(JSON.stringify({ KeyId: key, Plaintext: Buffer.from(JSON.stringify(box)).toString("base64") }));
});

function writeDocument() {
  const names = Object.keys(box).sort();
  const source = (name) =>
    `source ${name} ${name === "TLS_KEY" ? "base64" : "text"} ssm arn:aws:ssm:us-east-1:000000000000:parameter/p/${name} 1 2026-11-01T10:00:00.123Z -\n`;
  const head = "bundle/1\nbundle payments\nenvironment prod\nfunction hello\nname hello\nmode pack\n";
  mkdirSync(path.join(dir, "bundle/functions"), { recursive: true });
  writeFileSync(path.join(dir, "bundle/functions/hello.sealed"), `${head}${names.map(source).join("")}box ${names.join(" ")}\n\nkey ${key}\nAQICAHg=\n`);
}

before(async () => {
  writeDocument();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  Object.assign(process.env, {
    BUNDLE_SECRETS_DIR: dir,
    AWS_LAMBDA_FUNCTION_NAME: "hello",
    AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${server.address().port}`,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret-access-key-of-a-test",
  });
});

after(() => {
  server.close();
  rmSync(dir, { recursive: true });
});

test("import and require return the same functions and one state", async () => {
  const named = Object.keys(esm).filter((name) => name !== "default" && name !== "module.exports").sort();
  for (const name of ["getSecret", "getSecrets", "getSecretBytes", "loadEnv", "SecretsError"]) assert.equal(esm[name], cjs[name], name);
  assert.deepEqual(Object.keys(cjs).sort(), named);
  assert.equal(await esm.getSecret("toString"), "sample-text");
  const opened = calls;
  assert.equal(await cjs.getSecret("toString"), "sample-text");
  assert.equal(calls, opened);
});

test("the types declare every export", () => {
  const { types } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const declared = readFileSync(path.join(folder, types), "utf8");
  for (const name of Object.keys(cjs)) assert.match(declared, new RegExp(`export (?:function|class) ${name}\\b`));
});

test("a name that is not a string is a TypeError", async () => {
  for (const name of [undefined, null, 7, {}, ["TLS_KEY"]]) {
    await assert.rejects(esm.getSecret(name), TypeError);
    await assert.rejects(esm.getSecretBytes(name), TypeError);
  }
});

test("all values are a frozen object without a prototype", async () => {
  const all = await esm.getSecrets();
  assert.equal(Object.getPrototypeOf(all), null);
  assert.ok(Object.isFrozen(all));
  assert.deepEqual({ ...all }, box);
  assert.throws(() => {
    "use strict";
    all.TLS_KEY = "x";
  }, TypeError);
});

test("bytes are a copy, in their own buffer", async () => {
  const first = await esm.getSecretBytes("TLS_KEY");
  assert.deepEqual([first.constructor, ...first], [Uint8Array, 0, 1, 255]);
  assert.equal(first.buffer.byteLength, 3);
  first.fill(7);
  assert.deepEqual([...(await esm.getSecretBytes("TLS_KEY"))], [0, 1, 255]);
  const text = await esm.getSecretBytes("toString");
  assert.equal(Buffer.from(text).toString(), "sample-text");
  assert.equal(text.buffer.byteLength, "sample-text".length);
});

test("an error has a name and a code, and no value", async () => {
  const error = await esm.getSecret("hasOwnProperty").catch((e) => e);
  assert.ok(error instanceof esm.SecretsError && error instanceof Error);
  assert.deepEqual([error.name, error.code, error.cause], ["SecretsError", "secret_not_found", undefined]);
  assert.match(String(error), /^SecretsError: /);
  assert.ok(!util.inspect(error, { showHidden: true, depth: 9 }).includes("sample-"));
});

test("every worker thread opens the document itself", async () => {
  const code = `require("node:worker_threads").parentPort.once("message", async () => {
    const { getSecret } = require(${JSON.stringify(folder)});
    const values = await Promise.all(Array.from({ length: 4 }, () => getSecret("toString")));
    require("node:worker_threads").parentPort.postMessage(values.join());
  });`;
  const opened = calls;
  const answers = await Promise.all([1, 2, 3].map(() => new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true });
    worker.once("message", resolve).once("error", reject).postMessage("go");
  })));
  assert.deepEqual(answers, Array(3).fill(Array(4).fill("sample-text").join()));
  assert.equal(calls, opened + 3);
});

test("nothing keeps the process alive, and nothing is printed", async () => {
  const { spawn } = await import("node:child_process");
  const child = spawn(process.execPath, ["-e", `require(${JSON.stringify(folder)}).loadEnv().then(() => process.stdout.write(process.env.TLS_KEY))`]);
  const [out, problems] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  assert.deepEqual([Buffer.concat(out).toString(), Buffer.concat(problems).toString()], ["AAH/", ""]);
});

test("nothing is loaded before a secret is requested", async () => {
  const { execFileSync } = await import("node:child_process");
  const code = `const before = process.moduleLoadList.length; require(${JSON.stringify(folder)}); console.log(process.moduleLoadList.length - before)`;
  assert.equal(execFileSync(process.execPath, ["-e", code]).toString().trim(), "0");
});

test("the digest of a header is that of its bytes", () => {
  const { parse, context } = require("../package/lib/document.cjs");
  const bytes = readFileSync(path.join(dir, "bundle/functions/hello.sealed"));
  const doc = parse(bytes);
  const header = bytes.subarray(0, bytes.indexOf("\n\n") + 2);
  assert.deepEqual(context(doc, doc.boxes[0]), {
    "bundle:document": createHash("sha256").update(header).digest("hex"),
    "bundle:function": "payments/hello",
    "bundle:environment": "prod",
    "bundle:box": "1/1",
  });
});
