"use strict";
// Opens the secrets that bundle sealed for this Lambda function. docs/runtime.md of the project is the specification.
//
// This file loads only what every program needs. The rest is loaded when a secret is first requested.

const { SecretsError } = require("./lib/errors.cjs");

/** getSecret returns the value of one secret as a string. */
async function getSecret(name) {
  mustBeString(name);
  const { values } = await reader().open(name);
  return values.get(name);
}

/** getSecrets returns all values by name, as a frozen object without a prototype. */
async function getSecrets() {
  const { values } = await reader().open();
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(values)));
}

/** getSecretBytes returns the value of one secret as a new array of bytes, decoded if the manifest says encoding = "base64". */
async function getSecretBytes(name) {
  mustBeString(name);
  const { values, sources } = await reader().open(name);
  const value = values.get(name);
  if (sources.get(name).encoding !== "base64") return new TextEncoder().encode(value);
  const text = value.replace(/[\r\n]/g, "");
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new SecretsError("bad_value", `secret ${name} is not valid base64, but the manifest says encoding = "base64"`);
  return new Uint8Array(bytes);
}

/** loadEnv sets every value as a variable of process.env. Existing variables are kept, unless override is true. */
async function loadEnv({ override = false } = {}) {
  const { isReserved } = require("./lib/names.cjs");
  const { values } = await reader().open();
  for (const [name, value] of values) {
    if (isReserved(name)) {
      const reason = "has a reserved name, so it cannot become an environment variable: rename it, or read it with getSecret";
      throw new SecretsError("reserved_variable", `secret ${name} ${reason}`);
    }
    if (value.includes("\0")) throw new SecretsError("bad_value", `secret ${name} contains a NUL byte, so it cannot become an environment variable`);
  }
  for (const [name, value] of values) {
    if (override || !(name in process.env)) process.env[name] = value;
  }
}

/** reader returns what opens secrets; in unit tests, what setSecrets of testing.cjs has put in its place. */
function reader() {
  const double = globalThis[Symbol.for("bundle-secrets.testing")];
  return double ? double(SecretsError) : require("./lib/reader.cjs");
}

function mustBeString(name) {
  if (typeof name !== "string") throw new TypeError("the name of a secret must be a string");
}

module.exports = { getSecret, getSecrets, getSecretBytes, loadEnv, SecretsError };
