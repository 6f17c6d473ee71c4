"use strict";
// HTTPS_PROXY and NO_PROXY: a tunnel to KMS through an HTTP proxy.

const { SecretsError } = require("./errors.cjs");

const CONNECT_MS = 1000;

/** proxyFor returns the URL of the proxy for a host, or undefined. */
function proxyFor(host, env) {
  const text = env.HTTPS_PROXY || env.https_proxy;
  if (exempt(host, env.NO_PROXY || env.no_proxy || "")) return undefined;
  try {
    const url = new URL(text.includes("://") ? text : `http://${text}`);
    if (url.protocol === "http:") return url;
  } catch {
    // The message below does not quote the URL, which can contain a password.
  }
  throw new SecretsError("bad_endpoint", "HTTPS_PROXY must have the form http://HOST:PORT");
}

/** exempt reports whether NO_PROXY includes a host. The list is "*" or hosts; each host includes its subdomains. */
function exempt(host, list) {
  const entries = list.toLowerCase().split(",").map((entry) => entry.trim().replace(/:\d+$/, "").replace(/^\*?\./, ""));
  return entries.some((entry) => entry === "*" || entry === host || (entry !== "" && host.endsWith("." + entry)));
}

/** tunnel makes a connection to a host through a proxy, and returns its socket. */
function tunnel(proxy, host, port) {
  const authority = `${host}:${port}`;
  const headers = { host: authority };
  if (proxy.username) {
    const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers["proxy-authorization"] = "Basic " + Buffer.from(login).toString("base64");
  }
  const at = { host: proxy.hostname.replace(/^\[|\]$/g, ""), port: proxy.port || 80 };
  return new Promise((resolve, reject) => {
    const req = require("node:http").request({ ...at, method: "CONNECT", path: authority, headers, agent: false });
    const slow = setTimeout(() => req.destroy(new Error(`no tunnel within ${CONNECT_MS} ms`)), CONNECT_MS);
    const fail = (error) => {
      clearTimeout(slow);
      reject(error);
    };
    req.once("error", fail);
    req.once("response", (res) => req.destroy(new Error(`the proxy returned status ${res.statusCode}`)));
    req.once("connect", (res, socket) => {
      if (res.statusCode !== 200) {
        socket.destroy();
        return fail(new Error(`the proxy returned status ${res.statusCode}`));
      }
      clearTimeout(slow);
      resolve(socket);
    });
    req.end();
  });
}

module.exports = { proxyFor, tunnel };
