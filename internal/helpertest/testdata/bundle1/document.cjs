"use strict";
// The strict parser of sealed documents. docs/format.md is the specification; F-n is the number of a rule there.

const { isUtf8 } = require("node:buffer");
const { SecretsError } = require("./errors.cjs");

const MAX_DOCUMENT = 1 << 20;
const MAX_LINE = 8192;
const MAX_CIPHERTEXT = 6144;
const MAX_BOX = 4096;
const MOST = 1000; // sources or boxes
const FIRST_SOURCE = 7; // number of the first source line

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const SECRET = /^[A-Za-z][A-Za-z0-9_]{1,127}$/;
const PARAMETER_ARN = /^arn:([a-z0-9-]{1,32}):ssm:([a-z0-9-]{1,32}):[0-9]{12}:parameter(?:\/[A-Za-z0-9_.-]+)+$/;
const KEY_ARN = /^arn:([a-z0-9-]{1,32}):kms:([a-z0-9-]{1,32}):([0-9]{12}):key\/([A-Za-z0-9-]{1,128})$/;
const VERSION = /^[1-9][0-9]{0,18}$/;
const DATE = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const FIELD = /^[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*$/;
const CHECKS = /^[a-z0-9_=,]{1,128}$/;
const PART = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/;

function broken(rule, line, reason) {
  const code = rule === "F-4" ? "unknown_format" : "bad_document";
  return new SecretsError(code, line ? `line ${line}: ${reason} (${rule})` : `${reason} (${rule})`);
}

/** clip shortens and quotes a word of the document for a message. */
function clip(word) {
  return JSON.stringify(word.length > 80 ? word.slice(0, 80) + "\u2026" : word);
}

/** parse reads a document. It accepts only what a writer writes; errors name the rule and the line. */
function parse(bytes) {
  const lines = split(bytes);
  const doc = { sources: new Map(), boxes: [] };
  let next = readSettings(lines, doc);
  for (let last = ""; next < lines.length && keyword(lines[next]) === "source"; next++) {
    const [secret, source] = readSource(lines[next], next + 1, doc.mode, last);
    doc.sources.set((last = secret), source);
  }
  const firstBox = next;
  for (; next < lines.length && keyword(lines[next]) === "box"; next++) doc.boxes.push(readBox(lines[next], next + 1));
  if (lines[next] !== "") throw broken("F-5", next + 1, "expected source lines, then box lines, then an empty line");
  next++;
  if (doc.sources.size < 1 || doc.sources.size > MOST) throw broken("F-10", FIRST_SOURCE, `expected 1 to ${MOST} source lines, found ${doc.sources.size}`);
  checkBoxes(doc, firstBox + 1);
  doc.header = lines.slice(0, next).join("\n") + "\n";
  readBody(lines, next, doc);
  return doc;
}

/** split checks the bytes against F-1, F-2, F-3 and F-6, and splits them into lines. */
function split(bytes) {
  if (bytes.length > MAX_DOCUMENT) throw broken("F-1", 0, `it has more than ${MAX_DOCUMENT} bytes`);
  const text = bytes.toString("latin1");
  const foreign = /[^\n\x20-\x7e]/.exec(text);
  if (foreign) throw broken("F-2", text.slice(0, foreign.index).split("\n").length, "it contains a byte that is neither LF nor printable ASCII");
  if (!text.endsWith("\n")) throw broken("F-2", 0, "it does not end with LF");
  const lines = text.slice(0, -1).split("\n");
  lines.forEach((line, i) => {
    if (line.length > MAX_LINE) throw broken("F-3", i + 1, `it has more than ${MAX_LINE} bytes`);
    if (line.startsWith(" ") || line.endsWith(" ") || line.includes("  ")) {
      throw broken("F-6", i + 1, "expected one space between words, and no space at the start or end");
    }
  });
  return lines;
}

function keyword(line) {
  return line.split(" ", 1)[0];
}

/** readSettings reads the lines before the first source and returns the index of the next line. */
function readSettings(lines, doc) {
  if (lines[0] !== "bundle/1") throw broken("F-4", 1, `unknown format ${clip(lines[0])}; expected "bundle/1"`);
  ["bundle", "environment", "function", "name", "mode"].forEach((setting, i) => {
    const words = (lines[i + 1] ?? "").split(" ");
    if (words.length !== 2 || words[0] !== setting) throw broken("F-5", i + 2, `expected a ${setting} line with one value`);
    if (setting !== "mode" && !NAME.test(words[1])) throw broken("F-7", i + 2, `${clip(words[1])} is not a valid value for ${setting}`);
    doc[setting] = words[1];
  });
  if (doc.mode !== "pack" && doc.mode !== "blind") throw broken("F-9", 6, `${clip(doc.mode)} is not a valid mode`);
  return 6;
}

function readSource(line, number, mode, last) {
  const [, secret, encoding, kind, arn, version, date, field, checks, ...more] = line.split(" ");
  if (field === undefined || more.length > 0 || kind !== "ssm") {
    throw broken("F-5", number, "expected source SECRET ENCODING ssm ARN VERSION DATE FIELD [CHECKS]");
  }
  if (!SECRET.test(secret)) throw broken("F-8", number, `${clip(secret)} is not a valid secret name`);
  if (last >= secret) throw broken("F-10", number, `the source line of ${secret} is out of order`);
  if (encoding !== "text" && encoding !== "base64") throw broken("F-11", number, `${clip(encoding)} is not a valid encoding`);
  const parts = PARAMETER_ARN.exec(arn);
  if (!parts) throw broken("F-12", number, `${clip(arn)} is not the ARN of a parameter`);
  if (!VERSION.test(version) || BigInt(version) > 9223372036854775807n) throw broken("F-13", number, `${clip(version)} is not a valid version`);
  if (!realDate(date)) throw broken("F-14", number, `${clip(date)} is not a valid date`);
  if (field !== "-" && !FIELD.test(field)) throw broken("F-15", number, `${clip(field)} is not a valid field`);
  if (field !== "-" && mode === "blind") throw broken("F-15", number, "a blind document cannot have fields");
  if (checks !== undefined && !CHECKS.test(checks)) throw broken("F-34", number, `${clip(checks)} is not a valid list of checks`);
  if (checks !== undefined && mode === "blind") throw broken("F-34", number, "a blind document cannot have checks");
  return [secret, { encoding, partition: parts[1], region: parts[2], line: number }];
}

/** realDate checks that a date exists. The calendar repeats every 400 years, and Date.UTC takes years below 100 as 1900 and later. */
function realDate(text) {
  const [year, month, day] = (DATE.exec(text) ?? []).slice(1).map(Number);
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

function readBox(line, number) {
  const names = line.split(" ").slice(1);
  if (names.length === 0) throw broken("F-16", number, "the box names no secret");
  if (!names.at(-1).includes("/")) return { names, part: 0, parts: 0 };
  const word = names.pop();
  const match = PART.exec(word);
  if (!match) throw broken("F-16", number, `${clip(word)} is not a valid part`);
  return { names, part: Number(match[1]), parts: Number(match[2]) };
}

/** checkBoxes checks all boxes against F-16, F-17 and F-18. */
function checkBoxes(doc, first) {
  const { boxes, sources } = doc;
  if (boxes.length < 1 || boxes.length > MOST) throw broken("F-16", first, `expected 1 to ${MOST} box lines, found ${boxes.length}`);
  const seen = new Set();
  boxes.forEach((box, i) => {
    checkBox(doc, i, first + i);
    if (box.part > 1) return;
    for (const name of box.names) {
      if (!sources.has(name)) throw broken("F-16", first + i, `${clip(name)} has no source line`);
      if (seen.has(name)) throw broken("F-16", first + i, `${name} is listed more than once`);
      seen.add(name);
    }
  });
  for (const [name, { line }] of sources) {
    if (!seen.has(name)) throw broken("F-16", line, `${name} is not in any box`);
  }
}

/** checkBox checks a box on its own and against the box before it. */
function checkBox({ boxes, mode }, i, line) {
  const { names, part, parts } = boxes[i];
  const before = boxes[i - 1] ?? { names: [""], part: 0, parts: 0 };
  const continues = before.part < before.parts;
  if (mode === "blind" && (parts !== 0 || names.length !== 1)) throw broken("F-18", line, "a blind box must contain exactly one whole secret");
  if (names.some((n, k) => k > 0 && names[k - 1] > n)) throw broken("F-17", line, "the names in the box are out of order");
  if (part > parts || parts > MOST) throw broken("F-16", line, `${part}/${parts} is not a valid part`);
  if (parts > 0 && names.length !== 1) throw broken("F-16", line, "a part must belong to exactly one secret");
  if (continues && (parts !== before.parts || part !== before.part + 1 || names[0] !== before.names[0])) {
    throw broken("F-16", line, `part ${before.part + 1}/${before.parts} of ${before.names[0]} is missing`);
  }
  if (!continues && part > 1) throw broken("F-16", line, "the first part of the secret is missing");
  if (!continues && before.names[0] >= names[0]) throw broken("F-17", line, "the box is out of order");
  if (i === boxes.length - 1 && part < parts) throw broken("F-16", line, "the last part of the secret is missing");
}

/** readBody reads the key line and the ciphertexts. */
function readBody(lines, at, doc) {
  const words = (lines[at] ?? "").split(" ");
  if (words.length !== 2 || words[0] !== "key") throw broken("F-5", at + 1, "expected a key line with one value");
  const match = KEY_ARN.exec(words[1]);
  if (!match) throw broken("F-19", at + 1, `${clip(words[1])} is not the ARN of a KMS key`);
  [doc.key, doc.partition, doc.region, doc.account, doc.keyId] = match;
  for (const [name, source] of doc.sources) {
    if (source.partition !== doc.partition || source.region !== doc.region) {
      throw broken("F-20", source.line, `the parameter of ${name} is not in the partition and region of the key`);
    }
  }
  const blobs = lines.slice(at + 1);
  if (blobs.length !== doc.boxes.length) throw broken("F-21", at + 2, `expected one ciphertext line per box (${doc.boxes.length}), found ${blobs.length}`);
  blobs.forEach((text, i) => {
    const blob = Buffer.from(text, "base64");
    if (blob.length < 1 || blob.length > MAX_CIPHERTEXT || blob.toString("base64") !== text) {
      throw broken("F-21", at + 2 + i, `expected 1 to ${MAX_CIPHERTEXT} bytes in base64`);
    }
    doc.boxes[i].ciphertext = text;
  });
}

/** context returns the encryption context of a box (F-22). */
function context(doc, box) {
  doc.digest ??= require("node:crypto").createHash("sha256").update(doc.header).digest("hex");
  const pairs = {
    "bundle:document": doc.digest,
    "bundle:function": `${doc.bundle}/${doc.function}`,
    "bundle:environment": doc.environment,
    "bundle:box": position(doc, box),
  };
  if (doc.mode === "blind") pairs["bundle:secret"] = box.names[0];
  return pairs;
}

/** position returns the number of a box and of all boxes, for example 1/2. */
function position(doc, box) {
  return `${doc.boxes.indexOf(box) + 1}/${doc.boxes.length}`;
}

/**
 * assemble turns the plaintexts of opened boxes, in the order of the document, into values by name (F-23 to F-28).
 * opened is a list of [box, bytes]. It returns all values, or throws tampered without quoting any content.
 */
function assemble(doc, opened) {
  const pieces = new Map();
  for (const [box, bytes] of opened) {
    const fail = (reason, at) => new SecretsError("tampered", `${doc.file}, box ${position(doc, box)}: ${reason} (${at})`);
    const rule = doc.mode === "blind" ? "F-26" : box.parts > 0 ? "F-25" : "F-23";
    if (bytes.length < 1 || bytes.length > MAX_BOX) throw fail(`the plaintext has ${bytes.length} bytes; expected 1 to ${MAX_BOX}`, rule);
    if (rule === "F-23") {
      const members = readObject(box, bytes);
      if (!members) throw fail("the plaintext is not a JSON object of strings with the names of the box line", "F-24");
      members.forEach((text, name) => pieces.set(name, [Buffer.from(text)]));
      continue;
    }
    if (box.part < box.parts && bytes.length !== MAX_BOX) throw fail(`the part has ${bytes.length} bytes; expected ${MAX_BOX}`, rule);
    const [name] = box.names;
    pieces.set(name, [...(pieces.get(name) ?? []), bytes]);
  }
  const values = new Map();
  for (const [name, list] of pieces) {
    const whole = Buffer.concat(list);
    if (whole.length === 0 || !isUtf8(whole)) {
      throw new SecretsError("tampered", `${doc.file}: the value of ${name} is empty or not UTF-8 (F-28)`);
    }
    values.set(name, whole.toString());
  }
  return values;
}

/** readObject reads a box of whole secrets, or returns undefined (F-24). It throws no error of JSON.parse, which would quote the content. */
function readObject(box, bytes) {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString();
  let object;
  try {
    object = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof object !== "object" || object === null || Array.isArray(object)) return undefined;
  const members = new Map(Object.entries(object));
  const sound = (v) => typeof v === "string" && v.isWellFormed();
  if (members.size !== box.names.length || !box.names.every((n) => sound(members.get(n)))) return undefined;
  // Of two members with the same name, JSON.parse returns the last. An object of strings has two strings per member; more mean a duplicate.
  return text.match(/"(?:[^"\\]|\\.)*"/g).length === 2 * members.size ? members : undefined;
}

module.exports = { parse, context, position, assemble, NAME, MAX_DOCUMENT };
