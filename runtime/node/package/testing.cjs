"use strict";
// A test double: after setSecrets, the functions of bundle-secrets return what it was given, and call nothing. A layer does not
// contain this file. The double is in globalThis, so that it also reaches copies of the package that a bundler or a test runner has
// made, and functions that were imported before. It gets the class of errors from the copy that calls it.

const { isUint8Array } = require("node:util/types");

const double = Symbol.for("bundle-secrets.testing");

// The names that no secret can have, not even with allow_reserved: docs/names.md.
const never = new Set(`
AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME
AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
AWS_LAMBDA_MAX_CONCURRENCY AWS_LAMBDA_METADATA_API AWS_LAMBDA_METADATA_TOKEN AWS_LAMBDA_RUNTIME_API AWS_REGION
AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT
`.trim().split(/\s+/));

function isNever(name) {
  return never.has(name.toUpperCase()) || /^BUNDLE_SECRETS_/i.test(name);
}

/** setSecrets replaces all secrets, by name. A Uint8Array stands for a secret with encoding = "base64". */
function setSecrets(secrets) {
  if (process.env.AWS_LAMBDA_RUNTIME_API || process.env.AWS_LAMBDA_HTTP_ENDPOINT) throw new Error("bundle-secrets/testing is for tests only: it does not replace the secrets of a Lambda function");
  if (secrets === null || typeof secrets !== "object" || Symbol.iterator in secrets) throw new TypeError('setSecrets needs an object with the secrets, such as { DB_PASSWORD: "sample" }');
  const values = new Map();
  const sources = new Map();
  for (const [name, value] of Object.entries(secrets)) {
    const bytes = isUint8Array(value);
    if (!/^[A-Za-z]\w{1,127}$/.test(name)) throw new TypeError(`setSecrets: ${JSON.stringify(name)} is not a valid name of a secret`);
    if (isNever(name)) throw new TypeError(`setSecrets: no secret can have the name ${name}: it is reserved for Lambda and the helpers`);
    if (!bytes && typeof value !== "string") throw new TypeError(`setSecrets: ${name} must be a string or a Uint8Array`);
    if (value.length === 0) throw new TypeError(`setSecrets: ${name} is empty, but Parameter Store has no empty values`);
    values.set(name, bytes ? Buffer.from(value).toString("base64") : value);
    sources.set(name, { encoding: bytes ? "base64" : "text" });
  }
  globalThis[double] = (SecretsError) => ({
    async open(name) {
      if (name === undefined || values.has(name)) return { values, sources };
      const known = [...values.keys()].sort().join(", ") || "none";
      throw new SecretsError("secret_not_found", `setSecrets was not given a secret ${JSON.stringify(name.slice(0, 128))}; it was given: ${known}`);
    },
  });
}

/** reset removes the double. Afterwards, the functions open the layer again. */
function reset() {
  delete globalThis[double];
}

module.exports = { setSecrets, reset };
