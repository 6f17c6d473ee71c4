// The reader of HTTP replies.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const { parseReply } = createRequire(import.meta.url)("../package/lib/http.cjs");

const good = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true],
  ["no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true],
  ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello", true],
  ["chunks and trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", "hello", true],
  ["a notice before it", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true],
  ["the last one", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", "hello", false],
  ["an old server", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false],
  ["more than there should be", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", "hello", false],
];

test("a reply is read when it is whole, and not before", () => {
  for (const [name, text, body, keep] of good) {
    const whole = Buffer.from(text);
    const reply = parseReply(whole, false);
    assert.deepEqual([reply.status, reply.text, reply.keep], [200, body, keep], name);
    for (let n = 0; n < whole.length - 1; n++) assert.equal(parseReply(whole.subarray(0, n), false), undefined, `${name}, ${n} bytes`);
  }
});

test("a reply without a length continues to the end of the connection", () => {
  const data = Buffer.from("HTTP/1.1 200 OK\r\n\r\nhello");
  assert.equal(parseReply(data, false), undefined);
  assert.deepEqual([parseReply(data, true).text, parseReply(data, true).keep], ["hello", false]);
});

test("a reply that ends too early is an error", () => {
  for (const [name, text] of good.slice(0, 4)) {
    const whole = Buffer.from(text);
    for (let n = 0; n < whole.length; n++) assert.throws(() => parseReply(whole.subarray(0, n), true), undefined, `${name}, ${n} bytes`);
  }
});

test("a reply that is not HTTP is an error", () => {
  for (const head of ["SSH-2.0", "HTTP/2 200", "HTTP/1.1  200", ""]) {
    assert.throws(() => parseReply(Buffer.from(`${head}\r\n\r\n`), false), undefined, head);
  }
  for (const line of ["Content-Length: -1", "Content-Length: 5, 5", "Content-Length: 0x5", "Transfer-Encoding: gzip"]) {
    assert.throws(() => parseReply(Buffer.from(`HTTP/1.1 200 OK\r\n${line}\r\n\r\nhello`), false), undefined, line);
  }
  assert.throws(() => parseReply(Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"), false));
});

test("no more is read than the limit", () => {
  const big = "x".repeat(65537);
  for (const text of [
    `HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\n\r\n${big}`,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${big.length.toString(16)}\r\n`,
  ]) {
    const reply = parseReply(Buffer.from(text), false);
    assert.deepEqual([reply.text, reply.keep], [undefined, false]);
  }
  assert.throws(() => parseReply(Buffer.from(big), false));
});
