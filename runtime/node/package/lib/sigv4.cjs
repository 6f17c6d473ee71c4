"use strict";
// AWS Signature Version 4 for a request whose path and query are already canonical, like those of KMS:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

const { createHash, createHmac } = require("node:crypto");

const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const hash = (data) => createHash("sha256").update(data).digest("hex");

/** timestamp formats a time in milliseconds for x-amz-date: 20150830T123600Z. The methods of Date would load the time zones first. */
function timestamp(ms) {
  const t = new Date(ms);
  const [month, day, hour, minute, second] = [t.getUTCMonth() + 1, t.getUTCDate(), t.getUTCHours(), t.getUTCMinutes(), t.getUTCSeconds()].map((n) =>
    String(n).padStart(2, "0"),
  );
  return `${t.getUTCFullYear()}${month}${day}T${hour}${minute}${second}Z`;
}

/** signedHeaders returns the names and the canonical text of a list of [name, value]. Names can be repeated. */
function signedHeaders(headers) {
  const values = new Map();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const text = value.trim().replace(/\s+/g, " ");
    values.set(key, values.has(key) ? values.get(key) + "," + text : text);
  }
  const names = [...values.keys()].sort();
  return { names: names.join(";"), text: names.map((n) => `${n}:${values.get(n)}\n`).join("") };
}

function canonicalRequest({ method, path, query, headers, body }) {
  const { names, text } = signedHeaders(headers);
  return [method, path, query, text, names, hash(body)].join("\n");
}

const scopeOf = (date, region, service) => `${date.slice(0, 8)}/${region}/${service}/aws4_request`;

function stringToSign(request, date, region, service) {
  return ["AWS4-HMAC-SHA256", date, scopeOf(date, region, service), hash(canonicalRequest(request))].join("\n");
}

/** authorization signs a request {method, path, query, headers, body}, and returns the value of its Authorization header. */
function authorization(request, { id, key }, date, region, service) {
  const scope = scopeOf(date, region, service);
  const signingKey = scope.split("/").reduce(hmac, "AWS4" + key);
  const signature = hmac(signingKey, stringToSign(request, date, region, service)).toString("hex");
  const { names } = signedHeaders(request.headers);
  return `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
}

module.exports = { authorization, canonicalRequest, stringToSign, timestamp };
