"use strict";
// Finds and reads the function's document: steps 1 to 5 of docs/runtime.md, section 1.

const fs = require("node:fs");
const path = require("node:path");
const { parse, NAME, MAX_DOCUMENT } = require("./document.cjs");
const { SecretsError } = require("./errors.cjs");

const PREFIX = "BUNDLE_SECRETS_";
const SETTINGS = { DIR: /./s, FUNCTION: NAME, ENVIRONMENT: /./s, KEY: /./s, SHA256: /^[0-9a-f]{64}$/, NEXT_WRAPPER: /./s, ALLOW_SNAPSTART: /^1$/ };
const EXTENSION = ".sealed";

/** load finds, reads and checks the document of the function that the environment names. */
function load(env) {
  const settings = readSettings(env);
  const { file, bytes } = readDocument(settings, env);
  const fail = (code, reason) => new SecretsError(code, `${file}: ${reason}`);
  if (settings.SHA256) {
    const digest = require("node:crypto").createHash("sha256").update(bytes).digest("hex");
    if (digest !== settings.SHA256) throw fail("wrong_digest", `its SHA-256 is ${digest}, but BUNDLE_SECRETS_SHA256 is ${settings.SHA256}`);
  }
  let doc;
  try {
    doc = parse(bytes);
  } catch (error) {
    throw error instanceof SecretsError ? fail(error.code, error.message) : error;
  }
  if (doc.name + EXTENSION !== path.basename(file)) throw fail("wrong_function", `it contains the document of function ${doc.name}`);
  if (settings.ENVIRONMENT && doc.environment !== settings.ENVIRONMENT) {
    throw fail("wrong_environment", `it belongs to environment ${doc.environment}, but BUNDLE_SECRETS_ENVIRONMENT is ${JSON.stringify(settings.ENVIRONMENT)}`);
  }
  if (settings.KEY && doc.key !== settings.KEY) {
    throw fail("wrong_key", `it is sealed under key ${doc.key}, but BUNDLE_SECRETS_KEY is ${JSON.stringify(settings.KEY)}`);
  }
  doc.file = file;
  return doc;
}

/** readSettings reads the BUNDLE_SECRETS_ variables. It refuses a variable that is not in the list of section 1. */
function readSettings(env) {
  const settings = {};
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith(PREFIX)) continue;
    const name = variable.slice(PREFIX.length);
    const reason = !Object.hasOwn(SETTINGS, name) ? "is not a variable of bundle: correct its name or remove it"
      : env[variable] === "" ? "is empty: set a value or remove it"
      : !SETTINGS[name].test(env[variable]) ? "does not have a valid value" : "";
    if (reason) throw new SecretsError("bad_setting", `${variable} ${reason}`);
    settings[name] = env[variable];
  }
  return settings;
}

/** readDocument reads the function's document, or the only one there is (F-29). */
function readDocument(settings, env) {
  const folder = path.join(settings.DIR ?? "/opt", "bundle", "functions");
  const names = documents(folder);
  const wanted = settings.FUNCTION ?? env.AWS_LAMBDA_FUNCTION_NAME ?? "";
  const fitting = names.includes(wanted) ? [wanted] : settings.FUNCTION ? ofFunction(folder, names, wanted) : names;
  const name = fitting[0];
  if (fitting.length > 1 && settings.FUNCTION) {
    throw new SecretsError("bundle_not_found", `${folder} has documents for ${fitting.join(", ")}, which are all of function ` +
      `${JSON.stringify(wanted)} in the manifest: set BUNDLE_SECRETS_FUNCTION to one of them`);
  }
  if (fitting.length !== 1) throw notFound(folder, wanted, names, env);
  const file = path.join(folder, name + EXTENSION);
  try {
    return { file, bytes: readAtMost(file, MAX_DOCUMENT + 1) };
  } catch (error) {
    throw new SecretsError("bundle_not_found", `${file} cannot be read: ${error.code}`);
  }
}

/** documents lists the names of the regular files that can be documents, sorted. */
function documents(folder) {
  let entries;
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((e) => e.isFile() && e.name.endsWith(EXTENSION))
    .map((e) => e.name.slice(0, -EXTENSION.length))
    .filter((name) => NAME.test(name))
    .sort();
}

/** notFound says which documents there are, and what to do. */
function notFound(folder, wanted, names, env) {
  const listed = names.join(", ");
  const outside = env.AWS_LAMBDA_FUNCTION_NAME ? "" : " On a laptop, use bundle run, or a test double (docs/testing.md)";
  const remedy = "set BUNDLE_SECRETS_FUNCTION to one of them";
  return new SecretsError("bundle_not_found", names.length === 0 ? `${folder} contains no documents: is the layer attached?${outside}`
    : !wanted ? `neither BUNDLE_SECRETS_FUNCTION nor AWS_LAMBDA_FUNCTION_NAME is set, and ${folder} contains documents for ${listed}: ${remedy}`
    : `${folder} has no document for function ${JSON.stringify(wanted)}; it contains documents for ${listed}: ${remedy}, or deployed_as in the manifest`);
}

/** ofFunction lists the documents of a function in the manifest: their fourth line says so (F-5). The lines up to it have at most 300 bytes. */
function ofFunction(folder, names, wanted) {
  return names.filter((name) => {
    try {
      const lines = readAtMost(path.join(folder, name + EXTENSION), 512).toString("latin1").split("\n", 5);
      return lines.length === 5 && lines[3] === `function ${wanted}`;
    } catch {
      return false;
    }
  });
}

function readAtMost(file, most) {
  const fd = fs.openSync(file, "r");
  try {
    const bytes = Buffer.alloc(Math.min(fs.fstatSync(fd).size, most));
    return bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    fs.closeSync(fd);
  }
}

module.exports = { load };
