"use strict";
// Opens the secrets that bundle sealed for this Lambda function. docs/runtime.md of the project is the specification.
//
// Only what every program needs is loaded here; the rest follows with the first secret that is asked for.

const { SecretsError } = require("./lib/errors.cjs");

/** getSecret gives the value of one secret as text. */
async function getSecret(name) {
  mustBeString(name);
  const { values } = await reader().open(name);
  return values.get(name);
}

/** getSecrets gives all values by name: frozen, and without a prototype. */
async function getSecrets() {
  const { values } = await reader().open();
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(values)));
}

/** getSecretBytes gives the value of one secret as bytes of the caller's own, decoded where the manifest says base64. */
async function getSecretBytes(name) {
  mustBeString(name);
  const { values, sources } = await reader().open(name);
  const value = values.get(name);
  if (sources.get(name).encoding !== "base64") return new TextEncoder().encode(value);
  const text = value.replace(/[\r\n]/g, "");
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new SecretsError("bad_value", `the secret ${name} is not base64, as its manifest says`);
  return new Uint8Array(bytes);
}

/** loadEnv makes every value a variable of process.env. Variables that exist are kept, unless override is true. */
async function loadEnv({ override = false } = {}) {
  const { isReserved } = require("./lib/names.cjs");
  const { values } = await reader().open();
  for (const [name, value] of values) {
    if (isReserved(name)) {
      throw new SecretsError("reserved_variable", `the secret ${name} must not become an environment variable; read it with getSecret`);
    }
    if (value.includes("\0")) throw new SecretsError("bad_value", `the secret ${name} has a NUL in it, which no environment variable can hold`);
  }
  for (const [name, value] of values) {
    if (override || !(name in process.env)) process.env[name] = value;
  }
}

function reader() {
  return require("./lib/reader.cjs");
}

function mustBeString(name) {
  if (typeof name !== "string") throw new TypeError("the name of a secret is a string");
}

module.exports = { getSecret, getSecrets, getSecretBytes, loadEnv, SecretsError };
