"use strict";
// The endpoint of KMS: docs/runtime.md, section 2, "Region and key" and "Endpoint".

const { SecretsError } = require("./errors.cjs");

/** For each partition, the suffix of KMS's host, without and with dual stack: https://docs.aws.amazon.com/general/latest/gr/kms.html */
const SUFFIXES = {
  "aws": ["amazonaws.com", "api.aws"],
  "aws-us-gov": ["amazonaws.com", "api.aws"],
  "aws-cn": ["amazonaws.com.cn", "api.amazonwebservices.com.cn"],
  "aws-eusc": ["amazonaws.eu", "api.amazonwebservices.eu"],
  "aws-iso": ["c2s.ic.gov", "api.aws.ic.gov"],
  "aws-iso-b": ["sc2s.sgov.gov", "api.aws.scloud"],
  "aws-iso-e": ["cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"],
  "aws-iso-f": ["csp.hci.ic.gov", "api.aws.hci.ic.gov"],
};
const EMBEDDED_ACCOUNT = "000000000000";

/** locate returns the key to send, its region, and the place of KMS: {key, region, secure, host, port, loopback, authority}. */
function locate(doc, env) {
  let { key, region } = doc;
  if (doc.keyId.startsWith("mrk-") && env.AWS_REGION) {
    region = env.AWS_REGION;
    if (!/^[a-z0-9-]{1,32}$/.test(region)) throw bad("AWS_REGION is not a valid region");
    key = `arn:${doc.partition}:kms:${region}:${doc.account}:key/${doc.keyId}`;
  }
  return { key, region, ...place(doc, region, env) };
}

function place(doc, region, env) {
  const variable = env.AWS_ENDPOINT_URL_KMS ? "AWS_ENDPOINT_URL_KMS" : "AWS_ENDPOINT_URL";
  const override = env[variable];
  if (doc.account === EMBEDDED_ACCOUNT) {
    if (!override) throw bad("the document was sealed by the embedded AWS: start it and set AWS_ENDPOINT_URL_KMS to its URL");
    const found = parseURL(override, variable);
    if (!found.loopback) throw bad(`the document was sealed by the embedded AWS, but ${variable} is not a loopback URL`);
    return found;
  }
  if (!override || insideLambda(env)) return placeOf(true, hostOf(doc.partition, region, env));
  const found = parseURL(override, variable);
  if (!found.secure && !found.loopback) throw bad(`${variable} must use https, because it is not a loopback URL`);
  return found;
}

/** insideLambda reports whether the process runs in a Lambda function: one of the runtime API, or a Web Function. */
function insideLambda(env) {
  return Boolean(env.AWS_LAMBDA_RUNTIME_API || env.AWS_LAMBDA_HTTP_ENDPOINT);
}

function parseURL(text, variable) {
  const match = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?\/?$/.exec(text);
  if (!match || Number(match[3] ?? 1) > 65535) throw bad(`${variable} must have the form http://HOST:PORT or https://HOST:PORT`);
  const secure = match[1] === "https";
  const host = match[2].replace(/^\[|\]$/g, "").toLowerCase();
  return placeOf(secure, host, match[3]);
}

/** placeOf returns a place {secure, host, port, loopback, authority}; authority is the value of the Host header. */
function placeOf(secure, host, port) {
  const usual = secure ? 443 : 80;
  const number = Number(port || usual);
  const authority = (host.includes(":") ? `[${host}]` : host) + (number === usual ? "" : `:${number}`);
  return { secure, host, port: number, loopback: isLoopback(host), authority };
}

function isLoopback(host) {
  return host === "localhost" || host === "::1" || (/^127(\.\d{1,3}){3}$/.test(host) && host.split(".").every((n) => Number(n) <= 255));
}

function hostOf(partition, region, env) {
  if (!Object.hasOwn(SUFFIXES, partition)) throw bad(`the partition "${partition}" is not known`);
  const service = env.AWS_USE_FIPS_ENDPOINT?.toLowerCase() === "true" ? "kms-fips" : "kms";
  const dual = env.AWS_USE_DUALSTACK_ENDPOINT?.toLowerCase() === "true" ? 1 : 0;
  return `${service}.${region}.${SUFFIXES[partition][dual]}`;
}

const bad = (reason) => new SecretsError("bad_endpoint", reason);

module.exports = { insideLambda, locate, placeOf };
