"use strict";
// The document and values that this thread has opened, and the openings under way.

// When node:tls is loaded, Node reads its root certificates in another thread, in parallel with the following.
if (!process.env.AWS_ENDPOINT_URL_KMS?.startsWith("http:")) require("node:tls");

const { load } = require("./layer.cjs");
const { assemble } = require("./document.cjs");
const { SecretsError } = require("./errors.cjs");

const AT_ONCE = 16;

/** The document that is open or being opened; null after a failure. */
let current = null;

/** open returns {values, sources} with at least the named value, or with all values. */
async function open(name) {
  const opened = current ?? { doc: load(process.env), values: new Map(), flights: new Map(), client: null };
  const { doc } = opened;
  if (name !== undefined && !doc.sources.has(name)) {
    const { nearest } = require("./names.cjs");
    const asked = JSON.stringify(name.slice(0, 128));
    throw new SecretsError("secret_not_found", `${doc.file} has no secret ${asked}; the most similar name is ${nearest(name, doc.sources.keys())}`);
  }
  current = opened;
  await ensure(opened, name !== undefined && doc.mode === "blind" ? [name] : [...doc.sources.keys()]);
  return { values: opened.values, sources: doc.sources };
}

/** ensure waits until the named values are open. It opens only those that are not being opened already. */
function ensure(opened, names) {
  const closed = names.filter((n) => !opened.values.has(n));
  const missing = closed.filter((n) => !opened.flights.has(n));
  if (missing.length > 0) {
    const flight = Promise.resolve().then(() => fly(opened, missing));
    for (const n of missing) opened.flights.set(n, flight);
  }
  return Promise.all(new Set(closed.map((n) => opened.flights.get(n))));
}

/** fly opens the named secrets: all, or none (F-32). A failure is not cached. */
async function fly(opened, names) {
  const { doc, values, flights } = opened;
  try {
    const { Client } = require("./kms.cjs");
    opened.client ??= new Client(doc);
    const wanted = new Set(names);
    const boxes = doc.boxes.filter((box) => wanted.has(box.names[0]));
    const found = assemble(doc, await decryptAll(opened.client, boxes));
    for (const [name, value] of found) values.set(name, value);
  } catch (error) {
    if (flights.size === names.length) close(opened);
    throw error;
  } finally {
    for (const n of names) flights.delete(n);
    if (values.size === 0 && flights.size === 0 && current === opened) current = null;
    // Closing takes time, so the callers get their secrets first.
    if (values.size === doc.sources.size) setImmediate(close, opened);
  }
}

/** decryptAll opens boxes, at most AT_ONCE at a time, and returns a list of [box, bytes]. The first failure stops the rest. */
async function decryptAll(client, boxes) {
  const stop = { stopped: false, requests: new Set() };
  const opened = [];
  let next = 0;
  const work = async () => {
    while (next < boxes.length && !stop.stopped) {
      const i = next++;
      opened[i] = [boxes[i], await client.decrypt(boxes[i], stop)];
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, boxes.length) }, work));
  } catch (error) {
    stop.stopped = true;
    for (const request of stop.requests) request.destroy();
    throw error;
  }
  return opened;
}

function close(opened) {
  opened.client?.close();
  opened.client = null;
}

module.exports = { open };
