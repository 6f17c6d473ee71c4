#!/usr/bin/env bash
# npm vscode-json-languageservice 5.7.2 (VS Code), ajv 8.20.0, PyPI jsonschema 4.26.0, seen 2026-11-28.
# One schema, one document, different verdicts. VS Code alone refuses 1.0 as an integer. VS Code and Ajv apply what stands beside
# a $ref in draft 7, which that draft says to ignore, and "dependencies" in draft 2020-12, which has no such keyword.
# Output seen: the block at the end.
set -euo pipefail
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"
cat >cases.json <<'JSON'
[
  ["1.0 is an integer", {"$schema": "http://json-schema.org/draft-07/schema#", "type": "integer"}, "1.0"],
  ["beside $ref", {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "#/definitions/s", "maxLength": 1}}, "definitions": {"s": {"type": "string"}}}, "{\"a\": \"abc\"}"],
  ["dependencies", {"$schema": "https://json-schema.org/draft/2020-12/schema", "dependencies": {"a": ["b"]}}, "{\"a\": 1}"]
]
JSON
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check jsonschema==4.26.0
npm install --silent --no-audit --no-fund --prefix . vscode-json-languageservice@5.7.2 ajv@8.20.0
cat >check.js <<'JS'
const { getLanguageService, TextDocument } = require("vscode-json-languageservice")
const engines = { "draft-07": require("ajv").default, "2020-12": require("ajv/dist/2020").default }
;(async () => {
  for (const [name, schema, text] of require("./cases.json")) {
    const service = getLanguageService({})
    service.configure({ validate: true, schemas: [{ uri: "file:///s", fileMatch: ["*.json"], schema }] })
    const document = TextDocument.create("file:///x.json", "json", 1, text)
    console.log(name, "- vscode:", (await service.doValidation(document, service.parseJSONDocument(document))).length === 0)
    const Ajv = engines[Object.keys(engines).find((draft) => schema.$schema.includes(draft))]
    console.log(name, "- ajv:", new Ajv({ strict: false }).validate(schema, JSON.parse(text)))
  }
})()
JS
{
  node check.js
  venv/bin/python -c 'if True:
    import json
    from jsonschema.validators import validator_for
    for name, schema, text in json.load(open("cases.json")):
        print(name, "- jsonschema:", str(validator_for(schema)(schema).is_valid(json.loads(text))).lower())'
} | diff - /dev/fd/3 3<<'SEEN'
1.0 is an integer - vscode: false
1.0 is an integer - ajv: true
beside $ref - vscode: false
beside $ref - ajv: false
dependencies - vscode: false
dependencies - ajv: false
1.0 is an integer - jsonschema: true
beside $ref - jsonschema: true
dependencies - jsonschema: true
SEEN
