"use strict";
// The function of an environment with many workers: which worker answers, how many invocations it had at once, and digests of the
// secrets as the helper gives them to it and as they stand in its own copy of the environment.
const { createHash } = require("node:crypto");
const { threadId } = require("node:worker_threads");

const digest = (value) => (value === undefined ? "absent" : createHash("sha256").update(value).digest("hex"));
let running = 0;

exports.handler = async ({ names, helper, load }) => {
  running += 1;
  const result = { worker: threadId, running, helper: {}, environment: {} };
  if (load) await require("bundle-secrets").loadEnv();
  if (helper) await Promise.all(names.map(async (name) => (result.helper[name] = digest(await require("bundle-secrets").getSecret(name)))));
  for (const name of names) result.environment[name] = digest(process.env[name]);
  running -= 1;
  return result;
};
