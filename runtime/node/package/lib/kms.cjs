"use strict";
// kms:Decrypt. docs/runtime.md, section 2, is the specification; https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html

const { context, position } = require("./document.cjs");
const { locate } = require("./endpoint.cjs");
const { SecretsError, Trouble } = require("./errors.cjs");
const { Pool } = require("./http.cjs");

const ATTEMPT_MS = 2000;
const TOTAL_MS = 6000;
const ATTEMPTS = 5;

/** now returns the time of a monotonic clock, in milliseconds. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** A Client opens boxes of one document. Many calls can run at the same time. */
class Client {
  #doc;
  #place;
  #pool;
  #container = null; // created if there are no credentials in the environment
  #skew = 0; // AWS's clock minus ours, in ms; 0 until AWS refuses a signature

  constructor(doc) {
    this.#doc = doc;
    this.#place = locate(doc, process.env);
    this.#pool = new Pool(this.#place, process.env);
  }

  /** decrypt opens one box. It retries temporary failures, for at most 6 seconds, until stop.stopped is set. */
  async decrypt(box, stop) {
    const body = JSON.stringify({ KeyId: this.#place.key, CiphertextBlob: box.ciphertext, EncryptionContext: context(this.#doc, box) });
    let left = TOTAL_MS;
    let signedAnew = false;
    for (let n = 1; ; n++) {
      const limit = Math.min(ATTEMPT_MS, left);
      const began = now();
      try {
        return await this.#attempt(body, limit, stop.requests);
      } catch (error) {
        if (!(error instanceof Trouble)) throw error;
        // Lambda can freeze the function here for hours, so an attempt counts for at most its own time limit.
        left -= Math.min(now() - began, limit);
        const pause = Math.random() * Math.min(50 * 2 ** (n - 1), 400);
        if (error.next === "sign" && !signedAnew && left > 0) {
          signedAnew = true;
          n--;
        } else if (error.next === "again" && n < ATTEMPTS && left > pause && !stop.stopped) {
          await new Promise((resolve) => setTimeout(resolve, pause));
          left -= pause;
        } else {
          throw this.#failure(error, box, n);
        }
      }
    }
  }

  #failure({ code, reason, next }, box, n) {
    const { file, bundle, function: name } = this.#doc;
    const times = next === "again" ? `; attempts: ${n}` : "";
    return new SecretsError(code, `${file}, box ${position(this.#doc, box)} of function ${bundle}/${name} under key ${this.#place.key}: ${reason}${times}`);
  }

  /** attempt signs and sends a request once. It returns the plaintext or throws a Trouble. */
  async #attempt(body, ms, underWay) {
    const { authority, key, region } = this.#place;
    const began = now();
    const credentials = await this.#credentials(ms);
    const { id, token = "" } = credentials;
    if (/[^\x21-\x7e]/.test(id + token)) throw new Trouble("credentials", "the credentials contain a character that is not allowed in a header");
    const { authorization, timestamp } = require("./sigv4.cjs");
    const date = timestamp(Date.now() + this.#skew);
    const headers = [
      ["Content-Type", "application/x-amz-json-1.1"],
      ["Host", authority],
      ["X-Amz-Date", date],
      ["X-Amz-Target", "TrentService.Decrypt"],
    ];
    if (token) headers.push(["X-Amz-Security-Token", token]);
    const request = { method: "POST", path: "/", query: "", headers, body };
    const signature = authorization(request, credentials, date, region, "kms");
    request.headers = [...headers, ["Authorization", signature], ["Content-Length", body.length], ["User-Agent", "bundle-secrets-node"]];
    let reply;
    try {
      reply = await this.#pool.exchange(request, Math.max(1, ms - (now() - began)), underWay);
    } catch (error) {
      throw new Trouble("unavailable", `no answer from ${authority}: ${error.code ?? error.message}`, "again");
    }
    if (reply.text === undefined) throw new Trouble("bad_reply", `the reply from ${authority} is too long`);
    if (reply.status !== 200) throw this.#refusal(reply, credentials);
    return read(reply.text, key);
  }

  /** credentials returns {id, key, token}, from the environment or from the container endpoint. */
  async #credentials(ms) {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key, AWS_SESSION_TOKEN: token } = process.env;
    if (id && key) return { id, key, token };
    if (id || key) throw new Trouble("credentials", "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set");
    const { Container } = require("./container.cjs");
    this.#container ??= new Container();
    return this.#container.get(ms);
  }

  /** refusal returns the Trouble for an error reply. If the request is to be signed again, it corrects credentials and clock first. */
  #refusal({ status, headers, text }, credentials) {
    const { trouble } = require("./refusal.cjs");
    const found = trouble(status, headers, parse(text) ?? {});
    if (found.next === "sign") {
      this.#container?.forget(credentials);
      const date = Date.parse(headers.date);
      if (date) this.#skew = date - Date.now();
    }
    return found;
  }

  close() {
    this.#pool.close();
  }
}

/** read returns the plaintext in a reply. Its errors quote nothing of the reply, which contains the secret. */
function read(text, key) {
  const reply = parse(text);
  if (typeof reply !== "object" || reply === null) throw new Trouble("bad_reply", "the reply is not the JSON that Decrypt returns");
  const { KeyId, Plaintext } = reply;
  if (KeyId !== key) throw new Trouble("wrong_key", "the reply is not for the key that was sent");
  const bytes = Buffer.from(typeof Plaintext === "string" ? Plaintext : "", "base64");
  if (bytes.length === 0 || bytes.toString("base64") !== Plaintext) throw new Trouble("bad_reply", "the reply contains no plaintext");
  return bytes;
}

/** parse reads JSON, and returns undefined for anything else. It throws no error of JSON.parse, which would quote the text. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

module.exports = { Client };
