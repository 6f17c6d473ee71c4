"use strict";
// Parses documents with the parser in argv[2], for mutations_test.go. Each line of standard input has a document in base64 and,
// after a space, the plaintexts of its boxes, separated by commas. Each line of standard output is what the parser made of it.

const readline = require("node:readline");
const { parse, context, assemble } = require(process.argv[2]);

function run(line) {
  const [document, plaintexts] = line.split(" ");
  try {
    const doc = parse(Buffer.from(document, "base64"));
    const result = {
      key: doc.key,
      secrets: Object.fromEntries([...doc.sources].map(([name, { encoding }]) => [name, encoding])),
      boxes: doc.boxes.map((b) => ({ names: b.names, part: b.part, parts: b.parts, ciphertext: b.ciphertext, context: context(doc, b) })),
    };
    if (plaintexts === undefined) return result;
    try {
      const opened = plaintexts.split(",").map((p, i) => [doc.boxes[i], Buffer.from(p, "base64")]);
      result.values = Object.fromEntries([...assemble(doc, opened)].map(([n, v]) => [n, Buffer.from(v).toString("base64")]));
    } catch (error) {
      result.tampered = error.code === "tampered" ? "tampered" : String(error);
    }
    return result;
  } catch (error) {
    const rule = /\((F-\d+)\)$/.exec(error.message);
    return { rule: rule && (error.code === "bad_document" || error.code === "unknown_format") ? rule[1] : String(error) };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) process.stdout.write(JSON.stringify(run(line)) + "\n");
})();
