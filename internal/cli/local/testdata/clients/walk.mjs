// What docs/local.md says that a program can do, with the AWS SDK for JavaScript, version 3. It prints what walk.txt has.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as ssms from "@aws-sdk/client-ssm";
import * as kmss from "@aws-sdk/client-kms";
import * as lambdas from "@aws-sdk/client-lambda";
import * as stss from "@aws-sdk/client-sts";

const archive = readFileSync(process.env.WALK_ARCHIVE);
const ssm = new ssms.SSM(), kms = new kmss.KMS(), lambda = new lambdas.Lambda(), sts = new stss.STS();
const say = (...words) => console.log(words.join(" "));
const recent = (date) => date instanceof Date && Math.abs(Date.now() - date) < 60_000;
const text = (bytes) => Buffer.from(bytes).toString();

// refused prints the error that a call ends with, once the client made an object of its own class of it.
async function refused(type, call) {
  try {
    await call;
    say("NOT REFUSED", type.name);
  } catch (e) {
    const { httpStatusCode, requestId } = e.$metadata ?? {};
    if (!(e instanceof type) || !/^[0-9a-f-]{36}$/.test(requestId)) throw e;
    say("refused", e.Code ?? e.name, httpStatusCode, e.message);
  }
}
async function each(pages, items) {
  let count = 0;
  const all = [];
  for await (const page of pages) {
    count++;
    all.push(...items(page));
  }
  return `${all.join(" ")} in ${count} pages`;
}

const me = await sts.getCallerIdentity({});
say("caller", me.Account, me.Arn);
await refused(stss.MalformedPolicyDocumentException,
  sts.assumeRole({ RoleArn: "arn:aws:iam::000000000000:role/reader", RoleSessionName: "walk", Policy: "{}" }));

const one = (await kms.createKey({ Description: "grün <&>", Tags: [{ TagKey: "team", TagValue: "walk" }] })).KeyMetadata;
const two = (await kms.createKey({})).KeyMetadata;
say("key", one.Enabled, one.KeyState, one.Description, recent(one.CreationDate));
await kms.createAlias({ AliasName: "alias/walk", TargetKeyId: one.KeyId });
await kms.createAlias({ AliasName: "alias/walk-2", TargetKeyId: one.KeyId });
say("alias", (await kms.describeKey({ KeyId: "alias/walk" })).KeyMetadata.Arn === one.Arn);
say("aliases", await each(kmss.paginateListAliases({ client: kms, pageSize: 1 }, { KeyId: one.KeyId }), (p) => p.Aliases.map((a) => a.AliasName)));
await refused(kmss.AlreadyExistsException, kms.createAlias({ AliasName: "alias/walk", TargetKeyId: two.KeyId }));
say("tags", await each(kmss.paginateListResourceTags({ client: kms }, { KeyId: one.KeyId }), (p) => p.Tags.map((t) => t.TagKey + "=" + t.TagValue)));

const put = (Name, Value, more) => ssm.putParameter({ Name, Value, Type: "String", ...more });
const greeting = await put("/walk/app/greeting", "grüße ☃ 🗝 <&> \"x\"\n", { Tags: [{ Key: "team", Value: "walk" }] });
say("put", greeting.Version, greeting.Tier);
say("put", (await put("/walk/app/greeting", "second", { Overwrite: true })).Version);
await put("/walk/app/list", "a,b", { Type: "StringList" });
await put("/walk/app/db/password", "not-a-real-password", { Type: "SecureString", KeyId: "alias/walk" });
say("put", (await put("/walk/app/settings", '{"a": 1}', { DataType: "jsonc", Tier: "Advanced" })).Tier);
await refused(ssms.ParameterAlreadyExists, put("/walk/app/list", "c", { Type: "StringList" }));
await refused(ssms.SSMServiceException, put("/walk/app/number", "many", { DataType: "integer" }));
const labeled = await ssm.labelParameterVersion({ Name: "/walk/app/greeting", ParameterVersion: 1, Labels: ["stable", "1st"] });
say("labeled", labeled.ParameterVersion, labeled.InvalidLabels.join(" "));
const stable = (await ssm.getParameter({ Name: "/walk/app/greeting:stable" })).Parameter;
say("get", stable.Version, stable.Selector, stable.DataType, recent(stable.LastModifiedDate), stable.Value === "grüße ☃ 🗝 <&> \"x\"\n");
say("history", await each(ssms.paginateGetParameterHistory({ client: ssm, pageSize: 1 }, { Name: "/walk/app/greeting" }),
  (p) => p.Parameters.map((v) => v.Version + "=" + (v.Labels ?? []).join())));
say("by path", await each(ssms.paginateGetParametersByPath({ client: ssm, pageSize: 1 }, { Path: "/walk/app", Recursive: true, WithDecryption: true }),
  (p) => p.Parameters.map((v) => v.Name + "=" + (v.Type === "SecureString" ? v.Value : v.Type))));
say("described", await each(ssms.paginateDescribeParameters({ client: ssm, pageSize: 2 },
  { ParameterFilters: [{ Key: "Path", Option: "Recursive", Values: ["/walk"] }] }), (p) => p.Parameters.map((v) => v.Name + "=" + v.Tier)));
const several = await ssm.getParameters({ Names: ["/walk/app/list", "/walk/none"] });
say("several", several.Parameters.map((p) => p.Value).join(), several.InvalidParameters.join());
await refused(ssms.ParameterNotFound, ssm.getParameter({ Name: "/walk/none" }));
await refused(ssms.ParameterVersionNotFound, ssm.getParameter({ Name: "/walk/app/list:9" }));
await refused(ssms.InvalidKeyId, put("/walk/app/x", "x", { Type: "SecureString", KeyId: "alias/walk-none" }));

const EncryptionContext = { service: "walk", "größe": "1 < 2 & 3" };
const sealed = await kms.encrypt({ KeyId: "alias/walk", Plaintext: Buffer.from("not-a-real-secret"), EncryptionContext });
const CiphertextBlob = sealed.CiphertextBlob;
say("decrypt", text((await kms.decrypt({ CiphertextBlob, EncryptionContext })).Plaintext));
await refused(kmss.InvalidCiphertextException, kms.decrypt({ CiphertextBlob, EncryptionContext: { service: "other" } }));
await refused(kmss.IncorrectKeyException, kms.decrypt({ CiphertextBlob, EncryptionContext, KeyId: two.Arn }));
const again = await kms.reEncrypt({ CiphertextBlob, SourceEncryptionContext: EncryptionContext, DestinationKeyId: two.KeyId });
say("re-encrypt", again.SourceKeyId === one.Arn, again.KeyId === two.Arn,
  text((await kms.decrypt({ CiphertextBlob: again.CiphertextBlob, KeyId: two.KeyId })).Plaintext));
const parameter = (await ssm.getParameter({ Name: "/walk/app/db/password" })).Parameter;
say("opened", text((await kms.decrypt({ CiphertextBlob: Buffer.from(parameter.Value, "base64"), EncryptionContext: { PARAMETER_ARN: parameter.ARN } })).Plaintext));
const data = await kms.generateDataKey({ KeyId: two.KeyId, KeySpec: "AES_256" });
say("data key", data.Plaintext.length, text((await kms.decrypt({ CiphertextBlob: data.CiphertextBlob })).Plaintext) === text(data.Plaintext));
await kms.disableKey({ KeyId: two.KeyId });
await refused(kmss.DisabledException, kms.encrypt({ KeyId: two.KeyId, Plaintext: Buffer.from("x") }));
await refused(kmss.NotFoundException, kms.describeKey({ KeyId: "alias/walk-none" }));
const policy = JSON.parse((await kms.getKeyPolicy({ KeyId: one.KeyId, PolicyName: "default" })).Policy);
say("key policy", policy.Statement[0].Effect);
const grant = await kms.createGrant({ KeyId: one.KeyId, GranteePrincipal: "arn:aws:iam::000000000000:role/reader", Operations: ["Decrypt"] });
say("grants", await each(kmss.paginateListGrants({ client: kms }, { KeyId: one.KeyId }), (p) => p.Grants.map((g) => g.Operations.join() + " " + (g.GrantId === grant.GrantId))));

const LayerName = "walk";
const layer = () => lambda.publishLayerVersion({ LayerName, Description: "grün", Content: { ZipFile: archive }, CompatibleRuntimes: ["nodejs26.x", "python3.14"] });
const first = await layer();
await layer();
say("published", first.Version, first.LayerVersionArn, first.Content.CodeSize === archive.length, recent(new Date(first.CreatedDate)));
say("versions", await each(lambdas.paginateListLayerVersions({ client: lambda, pageSize: 1 }, { LayerName, CompatibleRuntime: "nodejs26.x" }),
  (p) => p.LayerVersions.map((v) => v.Version)));
say("layers", await each(lambdas.paginateListLayers({ client: lambda, pageSize: 1 }, {}), (p) => p.Layers.map((l) => l.LayerName)));
const got = await lambda.getLayerVersionByArn({ Arn: first.LayerVersionArn });
const download = await fetch((await lambda.getLayerVersion({ LayerName, VersionNumber: 1 })).Content.Location);
const zip = Buffer.from(await download.arrayBuffer());
say("downloaded", download.status, zip.equals(archive), createHash("sha256").update(zip).digest("base64") === got.Content.CodeSha256, got.CompatibleRuntimes.join());
await refused(lambdas.ResourceNotFoundException, lambda.getLayerVersion({ LayerName, VersionNumber: 9 }));
await refused(lambdas.InvalidParameterValueException, lambda.publishLayerVersion({ LayerName, Content: { ZipFile: Buffer.from("no archive") } }));
await lambda.addLayerVersionPermission({ LayerName, VersionNumber: 1, StatementId: "all", Action: "lambda:GetLayerVersion", Principal: "*" });
await refused(lambdas.ResourceConflictException,
  lambda.addLayerVersionPermission({ LayerName, VersionNumber: 1, StatementId: "all", Action: "lambda:GetLayerVersion", Principal: "*" }));
say("permission", JSON.parse((await lambda.getLayerVersionPolicy({ LayerName, VersionNumber: 1 })).Policy).Statement[0].Sid);
await lambda.removeLayerVersionPermission({ LayerName, VersionNumber: 1, StatementId: "all" });
await lambda.deleteLayerVersion({ LayerName, VersionNumber: 1 });

// The profile assumes a role, which can read a part of the parameters only.
const profile = "reader";
const mine = new ssms.SSM({ profile }), caller = new stss.STS({ profile });
say("role", (await caller.getCallerIdentity({})).Arn.split("/", 2).join("/"));
say("read", (await mine.getParameter({ Name: "/walk/app/db/password", WithDecryption: true })).Parameter.Value);
await refused(ssms.SSMServiceException, mine.getParameter({ Name: "/walk/other" }));
await refused(kmss.KMSServiceException, new kmss.KMS({ profile }).listKeys({}));

// The first attempts of these fail: see the test.
say("throttled", (await ssm.listTagsForResource({ ResourceType: "Parameter", ResourceId: "/walk/app/greeting" })).TagList.map((t) => t.Key + "=" + t.Value).join());
say("failed", (await kms.listKeyPolicies({ KeyId: one.KeyId })).PolicyNames.join());
say("reset", (await kms.generateDataKeyWithoutPlaintext({ KeyId: one.KeyId, KeySpec: "AES_256" })).KeyId === one.Arn);
await lambda.deleteLayerVersion({ LayerName, VersionNumber: 2 });
say("throttled");

const gone = await ssm.deleteParameters({ Names: ["/walk/app/greeting", "/walk/app/list", "/walk/none"] });
say("deleted", gone.DeletedParameters.sort().join(), gone.InvalidParameters.join());
const ends = await kms.scheduleKeyDeletion({ KeyId: one.KeyId, PendingWindowInDays: 7 });
say("ends", ends.KeyState, Math.round((ends.DeletionDate - Date.now()) / 86_400_000));
await refused(kmss.KMSInvalidStateException, kms.enableKey({ KeyId: one.KeyId }));
