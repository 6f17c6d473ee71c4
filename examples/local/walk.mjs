// The walk of docs/local.md with the AWS SDK for JavaScript, version 3: nothing in it knows that the AWS is an embedded one.
import * as ssmSDK from "@aws-sdk/client-ssm";
import * as kmsSDK from "@aws-sdk/client-kms";

const Name = "/local/walk/password", AliasName = "alias/local-walk";
const ssm = new ssmSDK.SSM(), kms = new kmsSDK.KMS();

const KeyId = (await kms.createKey({ Description: "of the walk" })).KeyMetadata.Arn;
await kms.createAlias({ AliasName, TargetKeyId: KeyId });
const put = await ssm.putParameter({ Name, Type: "SecureString", KeyId: AliasName, Value: "not-a-real-password" });
console.log("put version", put.Version);

const page = await ssm.getParametersByPath({ Path: "/local/walk", Recursive: true });
console.log("listed", ...page.Parameters.map((p) => p.Name));

const decrypted = (await ssm.getParameter({ Name, WithDecryption: true })).Parameter;
console.log("decrypted", decrypted.Value);

// Without decryption it is a KMS ciphertext, under the key and the parameter's ARN.
const sealed = (await ssm.getParameter({ Name })).Parameter;
const CiphertextBlob = Buffer.from(sealed.Value, "base64");
const opened = await kms.decrypt({ CiphertextBlob, KeyId, EncryptionContext: { PARAMETER_ARN: sealed.ARN } });
console.log("opened", Buffer.from(opened.Plaintext).toString());
await kms.decrypt({ CiphertextBlob, KeyId }).catch((e) => console.log("refused", e.name));

await ssm.deleteParameter({ Name });
await kms.deleteAlias({ AliasName });
await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
console.log("deleted");
