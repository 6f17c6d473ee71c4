"use strict";
// Credentials from the container endpoint, which is how Lambda gives them under SnapStart:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html

const { placeOf } = require("./endpoint.cjs");
const { Trouble } = require("./errors.cjs");

const CONTAINERS = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]; // of ECS and EKS
const BEFORE_EXPIRY_MS = 60_000;

/** A Container gives credentials {id, key, token}, and keeps them until a minute before their end. */
class Container {
  #lease = null;
  #asking = null;

  /** get may take ms milliseconds. Many may wait for one answer. */
  async get(ms) {
    if (this.#lease && Date.now() < this.#lease.expires - BEFORE_EXPIRY_MS) return this.#lease;
    this.#asking ??= ask(process.env, ms).finally(() => (this.#asking = null));
    return (this.#lease = await this.#asking);
  }

  /** forget makes the next get ask anew, unless credentials newer than the given ones have come meanwhile. */
  forget(used) {
    if (this.#lease === used) this.#lease = null;
  }
}

async function ask(env, ms) {
  const { Pool } = require("./http.cjs");
  const { url, place } = locate(env.AWS_CONTAINER_CREDENTIALS_FULL_URI);
  const token = authorization(env);
  const headers = [["Host", place.authority], ["Accept", "application/json"], ["Connection", "close"]];
  if (token) headers.push(["Authorization", token]);
  let reply;
  try {
    reply = await new Pool(place, env).exchange({ method: "GET", path: url.pathname + url.search, headers }, ms, new Set());
  } catch (error) {
    throw new Trouble("credentials", `the container's credentials endpoint does not answer: ${error.code ?? error.message}`, "again");
  }
  if (reply.status !== 200) {
    const next = reply.status === 429 || reply.status >= 500 ? "again" : undefined;
    throw new Trouble("credentials", `the container's credentials endpoint answers with status ${reply.status}`, next);
  }
  try {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(reply.text);
    if (AccessKeyId && SecretAccessKey) return { id: AccessKeyId, key: SecretAccessKey, token: Token, expires: Date.parse(Expiration) || 0 };
  } catch {
    // The reply may hold credentials: the message below does not quote it.
  }
  throw new Trouble("credentials", "the container's credentials endpoint gives no credentials");
}

/** locate refuses to send the token in clear to anything but this machine and a container's own addresses. */
function locate(uri) {
  if (!uri) throw new Trouble("credentials", "neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
  if (URL.canParse(uri)) {
    const url = new URL(uri);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const place = placeOf(url.protocol === "https:", host, url.port);
    if (place.secure || (url.protocol === "http:" && (place.loopback || CONTAINERS.includes(host)))) return { url, place };
  }
  throw new Trouble("credentials", "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor loopback nor a container's own address");
}

function authorization(env) {
  let token = env.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? "";
  if (env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) {
    try {
      token = require("node:fs").readFileSync(env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, "utf8").trim();
    } catch (error) {
      throw new Trouble("credentials", `the file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read: ${error.code}`);
    }
  }
  if (/[^\x20-\x7e]/.test(token)) throw new Trouble("credentials", "the container's authorization token holds a line end or a foreign character");
  return token;
}

module.exports = { Container };
