# The walk of docs/local.md with boto3: nothing in it knows that the AWS is an embedded one.
import base64

import boto3
from botocore.exceptions import ClientError

NAME, ALIAS = "/local/walk/password", "alias/local-walk"
ssm, kms = boto3.client("ssm"), boto3.client("kms")

key = kms.create_key(Description="of the walk")["KeyMetadata"]["Arn"]
kms.create_alias(AliasName=ALIAS, TargetKeyId=key)
put = ssm.put_parameter(Name=NAME, Type="SecureString", KeyId=ALIAS, Value="not-a-real-password")
print("put version", put["Version"])

page = ssm.get_parameters_by_path(Path="/local/walk", Recursive=True)
print("listed", *[p["Name"] for p in page["Parameters"]])

decrypted = ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]
print("decrypted", decrypted["Value"])

# Without decryption it is a KMS ciphertext, under the key and the parameter's ARN.
sealed = ssm.get_parameter(Name=NAME)["Parameter"]
blob = base64.b64decode(sealed["Value"])
opened = kms.decrypt(CiphertextBlob=blob, KeyId=key, EncryptionContext={"PARAMETER_ARN": sealed["ARN"]})
print("opened", opened["Plaintext"].decode())
try:
    kms.decrypt(CiphertextBlob=blob, KeyId=key)
except ClientError as e:
    print("refused", e.response["Error"]["Code"])

ssm.delete_parameter(Name=NAME)
kms.delete_alias(AliasName=ALIAS)
kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
print("deleted")
