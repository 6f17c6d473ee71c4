// What editors do with a JSON schema. Standard input has the schema, texts to check, and texts with a bar where a name is
// completed. For each text, it prints whether Ajv accepts it, what the JSON service of VS Code marks, and what that offers.
const Ajv = require("ajv");
const { getLanguageService, TextDocument } = require("vscode-json-languageservice");

const { schema, check, complete } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);
const service = getLanguageService({ schemaRequestService: async () => JSON.stringify(schema) }); // whatever $schema names
service.configure({ schemas: [{ uri: schema.$id, fileMatch: ["*"], schema }] });
const opened = (text) => {
  const document = TextDocument.create("file:///secrets.hcl.json", "json", 1, text);
  return [document, service.parseJSONDocument(document)];
};

(async () => {
  const checked = [];
  for (const text of check) {
    const [document, parsed] = opened(text);
    const marks = (await service.doValidation(document, parsed)).map((d) => d.message);
    checked.push({ ajv: validate(JSON.parse(text)), marks });
  }
  const completed = [];
  for (const text of complete) {
    const [document, parsed] = opened(text.replace("|", ""));
    const found = await service.doComplete(document, document.positionAt(text.indexOf("|")), parsed);
    completed.push(found.items.map((i) => i.label + (i.documentation ? ": " + (i.documentation.value || i.documentation) : "")));
  }
  console.log(JSON.stringify({ checked, completed }));
})();
