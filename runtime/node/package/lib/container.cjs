"use strict";
// Credentials from the container endpoint, which ECS and CodeBuild have, and Lambda under SnapStart:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html

const { insideLambda, placeOf } = require("./endpoint.cjs");
const { Trouble } = require("./errors.cjs");

const ECS = "http://169.254.170.2"; // what AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is relative to
const CONTAINERS = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]; // of ECS and EKS
const BEFORE_EXPIRY_MS = 60_000;

/** A Container fetches credentials {id, key, token}, and caches them until a minute before they expire. */
class Container {
  #lease = null;
  #asking = null;

  /** get returns the credentials, within ms milliseconds. Callers at the same time share one request. */
  async get(ms) {
    if (this.#lease && Date.now() < this.#lease.expires - BEFORE_EXPIRY_MS) return this.#lease;
    this.#asking ??= ask(process.env, ms).finally(() => (this.#asking = null));
    return (this.#lease = await this.#asking);
  }

  /** forget makes the next get fetch credentials again, unless the cached ones are already newer than the given ones. */
  forget(used) {
    if (this.#lease === used) this.#lease = null;
  }
}

async function ask(env, ms) {
  const { Pool } = require("./http.cjs");
  const { url, place } = locate(env);
  const token = authorization(env);
  const headers = [["Host", place.authority], ["Accept", "application/json"], ["Connection", "close"]];
  if (token) headers.push(["Authorization", token]);
  let reply;
  try {
    reply = await new Pool(place, env).exchange({ method: "GET", path: url.pathname + url.search, headers }, ms, new Set());
  } catch (error) {
    throw new Trouble("credentials", `no answer from the container's credentials endpoint: ${error.code ?? error.message}`, "again");
  }
  if (reply.status !== 200) {
    const next = reply.status === 429 || reply.status >= 500 ? "again" : undefined;
    throw new Trouble("credentials", `the container's credentials endpoint returned status ${reply.status}`, next);
  }
  try {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(reply.text);
    if (AccessKeyId && SecretAccessKey) return { id: AccessKeyId, key: SecretAccessKey, token: Token, expires: Date.parse(Expiration) || 0 };
  } catch {
    // The message below does not quote the reply, which can contain credentials.
  }
  throw new Trouble("credentials", "the container's credentials endpoint returned no credentials");
}

/** locate returns the URL and place of the endpoint. It allows plain HTTP only to this machine and to the addresses of ECS and EKS. */
function locate(env) {
  const relative = insideLambda(env) ? "" : env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const full = env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  const fail = (reason) => new Trouble("credentials", reason);
  if (relative && !relative.startsWith("/")) throw fail("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
  if (!relative && !full) throw fail("neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
  const uri = relative ? ECS + relative : full; // the relative one goes first, as in the SDKs
  if (URL.canParse(uri)) {
    const url = new URL(uri);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const place = placeOf(url.protocol === "https:", host, url.port);
    if (place.secure || (url.protocol === "http:" && (place.loopback || CONTAINERS.includes(host)))) return { url, place };
  }
  throw fail("AWS_CONTAINER_CREDENTIALS_FULL_URI must use https, unless it is a loopback address or the address of ECS or EKS");
}

function authorization(env) {
  let token = env.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? "";
  if (env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) {
    try {
      token = require("node:fs").readFileSync(env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, "utf8").trim();
    } catch (error) {
      throw new Trouble("credentials", `the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names cannot be read: ${error.code}`);
    }
  }
  if (/[^\x20-\x7e]/.test(token)) throw new Trouble("credentials", "the container's authorization token contains a character that is not allowed in a header");
  return token;
}

module.exports = { Container };
