// The signer against AWS's published test cases (aws-sig-v4-test-suite), which are beside the repository, not in it.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";

const { authorization, canonicalRequest, stringToSign, timestamp } = createRequire(import.meta.url)(
  "../package/lib/sigv4.cjs",
);
const suite = path.join(import.meta.dirname, "../../../../shared/data/sigv4");
const credentials = { id: "AKIDEXAMPLE", key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

/** readCase reads a case, with the canonical path and query: those of KMS are canonical, so the signer does not convert them. */
function readCase(file) {
  const read = (extension) => readFileSync(file + extension, "utf8").replaceAll("\r\n", "\n");
  const [head, body = ""] = read(".req").split("\n\n", 2);
  const [first, ...lines] = head.replace(/\n([ \t])/g, "\r$1").split("\n");
  const headers = lines.filter(Boolean).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
  const canonical = read(".creq");
  const [method, canonicalPath, query] = canonical.split("\n");
  assert.equal(method, first.split(" ")[0]);
  const token = /^x-amz-security-token:(.*)$/m.exec(canonical);
  if (token && !headers.some(([name]) => /^x-amz-security-token$/i.test(name))) headers.push(["X-Amz-Security-Token", token[1]]);
  return { request: { method, path: canonicalPath, query, headers, body }, canonical, text: read(".sts"), header: read(".authz") };
}

test("AWS's published cases", { skip: !existsSync(suite) && `there is no ${suite}: put aws-sig-v4-test-suite there` }, () => {
  const files = readdirSync(suite, { recursive: true }).filter((file) => file.endsWith(".req"));
  assert.ok(files.length >= 30, `only ${files.length} cases`);
  for (const file of files) {
    const c = readCase(path.join(suite, file.slice(0, -".req".length)));
    const date = "20150830T123600Z";
    assert.equal(canonicalRequest(c.request), c.canonical, file);
    assert.equal(stringToSign(c.request, date, "us-east-1", "service"), c.text, file);
    assert.equal(authorization(c.request, credentials, date, "us-east-1", "service"), c.header, file);
  }
});

test("a timestamp has no separators and no fractions", () => {
  assert.equal(timestamp(Date.UTC(2015, 7, 30, 12, 36, 0, 999)), "20150830T123600Z");
});
