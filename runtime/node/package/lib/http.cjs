"use strict";
// As much of HTTP/1.1 as KMS needs, over sockets. Loading node:https would take a sixth of a cold start.

const { SecretsError } = require("./errors.cjs");

const CONNECT_MS = 1000;
const VERIFIED = { rejectUnauthorized: true, minVersion: "TLSv1.2" };
const MOST = 65536; // the maximum of bytes to read of a reply's head, and of its body

/** A Pool makes connections to one place {secure, host, port, loopback} and keeps them for later requests. */
class Pool {
  #place;
  #secureContext;
  #proxy;
  #idle = [];

  /** A new pool begins to connect immediately: signing the first request takes time before the connection is needed. */
  constructor(place, env) {
    this.#place = place;
    if (place.secure && env.AWS_CA_BUNDLE) this.#secureContext = trust(env.AWS_CA_BUNDLE);
    if (place.secure && !place.loopback && (env.HTTPS_PROXY || env.https_proxy)) this.#proxy = require("./proxy.cjs").proxyFor(place.host, env);
    if (!this.#proxy) this.#idle.push(this.#connect());
  }

  /**
   * exchange sends a request {method, path, headers, body}, where headers is a list of [name, value], and returns the reply
   * {status, headers, text}. text is undefined if the reply is too long. It rejects with the network's error, or after ms
   * milliseconds. While it runs, the set underWay contains its connection: to stop it, destroy that.
   */
  async exchange({ method, path, headers, body = "" }, ms, underWay) {
    let connection = this.#idle.pop();
    while (connection?.isClosed()) connection = this.#idle.pop();
    connection ??= this.#connect(this.#proxy && (await require("./proxy.cjs").tunnel(this.#proxy, this.#place.host, this.#place.port)));
    underWay.add(connection);
    const timer = setTimeout(() => connection.destroy(new Error(`no reply within ${ms} ms`)), ms);
    try {
      await connection.ready;
      const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      const reply = await connection.send(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`);
      if (reply.keep) this.#idle.push(connection);
      else connection.destroy();
      return reply;
    } catch (error) {
      connection.destroy();
      this.close(); // if the function was frozen, the other connections are dead too
      throw error;
    } finally {
      clearTimeout(timer);
      underWay.delete(connection);
    }
  }

  /** connect makes a connection, over the given socket if there is one. */
  #connect(socket) {
    const { secure, host, port } = this.#place;
    if (!secure) return new Connection(require("node:net").connect({ host, port, noDelay: true }), "connect");
    const { isIP } = require("node:net");
    // Without rejectUnauthorized, Node would obey NODE_TLS_REJECT_UNAUTHORIZED.
    const options = { host, port, socket, noDelay: true, secureContext: this.#secureContext, servername: isIP(host) ? "" : host, ...VERIFIED };
    return new Connection(require("node:tls").connect(options), "secureConnect");
  }

  /** close closes the idle connections. */
  close() {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }
}

/** trust returns a context that trusts only the certificates of a PEM file. */
function trust(file) {
  try {
    const ca = require("node:fs").readFileSync(file);
    if (ca.includes("-----BEGIN CERTIFICATE-----")) return require("node:tls").createSecureContext({ ca, ...VERIFIED });
  } catch {
    // The message below covers this.
  }
  throw new SecretsError("bad_endpoint", "the file that AWS_CA_BUNDLE names cannot be read, or contains no certificate");
}

/** A Connection sends one request at a time. */
class Connection {
  #socket;
  #data = Buffer.alloc(0);
  #waiting = null; // {resolve, reject} of the request under way

  constructor(socket, event) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#receive(chunk, false));
    socket.on("end", () => this.#receive(Buffer.alloc(0), true));
    socket.on("error", (error) => this.#waiting?.reject(error));
    socket.on("close", () => this.#waiting?.reject(new Error("the connection was closed")));
    const slow = setTimeout(() => this.destroy(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS);
    socket.once("connect", () => clearTimeout(slow));
    /** ready is fulfilled when the connection is made. If that fails, possibly nobody is waiting yet. An unused connection keeps no process alive. */
    this.ready = this.#wait((resolve) => socket.once(event, resolve)).finally(() => {
      clearTimeout(slow);
      socket.unref();
    });
    this.ready.catch(() => {});
  }

  /** send writes a request and waits for its reply. */
  send(text) {
    this.#socket.ref();
    return this.#wait(() => this.#socket.write(text)).finally(() => this.#socket.unref());
  }

  #wait(begin) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#socket.destroyed) reject(this.#socket.errored ?? new Error("the connection was closed"));
      else begin(resolve);
    }).finally(() => (this.#waiting = null));
  }

  #receive(chunk, ended) {
    this.#data = Buffer.concat([this.#data, chunk]);
    try {
      const reply = this.#waiting ? parseReply(this.#data, ended) : undefined;
      if (reply) {
        this.#data = Buffer.alloc(0);
        this.#waiting.resolve(reply);
      } else if (!this.#waiting) this.destroy(); // data without a request
    } catch (error) {
      this.destroy(error);
    }
  }

  isClosed() {
    return this.#socket.destroyed;
  }

  destroy(error) {
    this.#socket.destroy(error);
  }
}

/** parseReply returns the reply in data, or undefined if it is incomplete. ended says that no more data will come. */
function parseReply(data, ended) {
  const end = data.indexOf("\r\n\r\n");
  if (end < 0) {
    if (ended || data.length > MOST) throw new Error("the reply's headers are incomplete or too long");
    return undefined;
  }
  const [first, ...lines] = data.toString("latin1", 0, end).split("\r\n");
  const match = /^HTTP\/1\.([01]) (\d{3})/.exec(first);
  if (!match) throw new Error("the reply is not HTTP");
  const status = Number(match[2]);
  const rest = data.subarray(end + 4);
  if (status < 200) return parseReply(rest, ended);
  const headers = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, Math.max(colon, 0)).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  const body = parseBody(rest, status, headers, ended);
  if (!body) return undefined;
  const last = match[1] === "0" || /close/i.test(headers.connection ?? "");
  return { status, headers, text: body.bytes?.toString(), keep: !last && !ended && body.bytes !== undefined && body.used === rest.length };
}

/** parseBody returns {bytes, used}, without bytes if the body is too long, or undefined if it is incomplete. */
function parseBody(rest, status, headers, ended) {
  const short = () => {
    if (ended) throw new Error("the reply is incomplete");
    return undefined;
  };
  const { "content-length": length, "transfer-encoding": coding } = headers;
  if (status === 204 || status === 304) return { bytes: Buffer.alloc(0), used: 0 };
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") throw new Error("the reply has an unknown transfer encoding");
    return parseChunks(rest) ?? short();
  }
  if (length !== undefined) {
    if (!/^\d{1,10}$/.test(length)) throw new Error("the reply has an invalid length");
    const used = Number(length);
    if (used > MOST) return { used: 0 };
    return rest.length < used ? short() : { bytes: rest.subarray(0, used), used };
  }
  if (rest.length > MOST) return { used: 0 };
  return ended ? { bytes: rest, used: rest.length } : undefined;
}

function parseChunks(rest) {
  const pieces = [];
  let total = 0;
  for (let at = 0; ; ) {
    const end = rest.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const match = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(rest.toString("latin1", at, end));
    if (!match) throw new Error("the reply has an invalid length");
    const length = parseInt(match[1], 16);
    total += length;
    if (total > MOST) return { used: 0 };
    if (length === 0) {
      // Trailers follow the last chunk, and end with an empty line.
      const close = rest.indexOf("\r\n\r\n", end);
      return close < 0 ? undefined : { bytes: Buffer.concat(pieces), used: close + 4 };
    }
    if (rest.length < end + 2 + length + 2) return undefined;
    pieces.push(rest.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}

module.exports = { Pool, parseReply };
