"use strict";
// Makes calls to bundle-secrets, which it finds with NODE_PATH, for the Go tests.
//
// Each line of standard input is a JSON object: "env" replaces the environment, "calls" is a list of calls, "keep" keeps what
// previous lines opened, "parallel" makes the calls at the same time. Each line of standard output is the list of results.

const readline = require("node:readline");
const util = require("node:util");

const file = require.resolve("bundle-secrets");
const encode = (value) => Buffer.from(value).toString("base64");
const encodeAll = (entries) => Object.fromEntries(entries.map(([name, value]) => [name, encode(value)]));

async function call(module, kind, name, override = false) {
  const before = { ...process.env };
  try {
    if (kind === "get") return { values: { [name]: encode(await module.getSecret(name)) } };
    if (kind === "bytes") return { values: { [name]: encode(await module.getSecretBytes(name)) } };
    if (kind === "all") return { values: encodeAll(Object.entries(await module.getSecrets())) };
    await module.loadEnv({ override });
  } catch (error) {
    if (!(error instanceof module.SecretsError)) return { code: "not a SecretsError", message: util.inspect(error) };
    const changed = !util.isDeepStrictEqual({ ...process.env }, before);
    return { code: error.code, message: error.message, shown: util.inspect(error, { showHidden: true, depth: 9 }), type: error.name, changed };
  }
  return { values: encodeAll(Object.entries(process.env).filter(([n, v]) => before[n] !== v)) };
}

async function answer({ env, calls, keep, parallel }) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  if (!keep) delete require.cache[file];
  const module = require(file);
  if (parallel) return Promise.all(calls.map((c) => call(module, ...c)));
  const results = [];
  for (const c of calls) results.push(await call(module, ...c));
  return results;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
  }
})();
