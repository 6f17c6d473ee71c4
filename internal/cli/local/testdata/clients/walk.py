"""What docs/local.md says that a program can do, with boto3. It prints what walk.txt has."""
import base64, datetime, hashlib, json, os, re, urllib.request
import boto3

ssm, kms, layers, sts = (boto3.client(name) for name in ("ssm", "kms", "lambda", "sts"))
with open(os.environ["WALK_ARCHIVE"], "rb") as f:
    archive = f.read()


def say(*words):
    print(*words)


def recent(time):
    return abs(datetime.datetime.now(datetime.timezone.utc) - time).total_seconds() < 60


def refused(error, call, **members):
    """Prints the error that a call ends with, once the client made an object of its own class of it."""
    try:
        call(**members)
        say("NOT REFUSED", error)
    except error as e:
        reply = e.response["ResponseMetadata"]
        if not re.fullmatch("[0-9a-f-]{36}", reply["RequestId"]):
            raise
        say("refused", e.response["Error"]["Code"], reply["HTTPStatusCode"], e.response["Error"]["Message"])


def each(what, client, operation, items, size=None, **members):
    count, found = 0, []
    for page in client.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **members):
        count += 1
        found += items(page)
    say(what, " ".join(found), "in", count, "pages")


me = sts.get_caller_identity()
say("caller", me["Account"], me["Arn"])
refused(sts.exceptions.MalformedPolicyDocumentException, sts.assume_role,
        RoleArn="arn:aws:iam::000000000000:role/reader", RoleSessionName="walk", Policy="{}")

one = kms.create_key(Description="grün <&>", Tags=[{"TagKey": "team", "TagValue": "walk"}])["KeyMetadata"]
two = kms.create_key()["KeyMetadata"]
key, other = one["KeyId"], two["KeyId"]
say("key", str(one["Enabled"]).lower(), one["KeyState"], one["Description"], recent(one["CreationDate"]))
kms.create_alias(AliasName="alias/walk", TargetKeyId=key)
kms.create_alias(AliasName="alias/walk-2", TargetKeyId=key)
say("alias", kms.describe_key(KeyId="alias/walk")["KeyMetadata"]["Arn"] == one["Arn"])
each("aliases", kms, "list_aliases", lambda p: [a["AliasName"] for a in p["Aliases"]], 1, KeyId=key)
refused(kms.exceptions.AlreadyExistsException, kms.create_alias, AliasName="alias/walk", TargetKeyId=other)
each("tags", kms, "list_resource_tags", lambda p: [t["TagKey"] + "=" + t["TagValue"] for t in p["Tags"]], KeyId=key)


def put(name, value, **more):
    return ssm.put_parameter(**{"Name": name, "Value": value, "Type": "String", **more})


first = put("/walk/app/greeting", "grüße ☃ 🗝 <&> \"x\"\n", Tags=[{"Key": "team", "Value": "walk"}])
say("put", first["Version"], first["Tier"])
say("put", put("/walk/app/greeting", "second", Overwrite=True)["Version"])
put("/walk/app/list", "a,b", Type="StringList")
put("/walk/app/db/password", "not-a-real-password", Type="SecureString", KeyId="alias/walk")
say("put", put("/walk/app/settings", '{"a": 1}', DataType="jsonc", Tier="Advanced")["Tier"])
refused(ssm.exceptions.ParameterAlreadyExists, put, name="/walk/app/list", value="c", Type="StringList")
refused(ssm.exceptions.ClientError, put, name="/walk/app/number", value="many", DataType="integer")
labeled = ssm.label_parameter_version(Name="/walk/app/greeting", ParameterVersion=1, Labels=["stable", "1st"])
say("labeled", labeled["ParameterVersion"], " ".join(labeled["InvalidLabels"]))
stable = ssm.get_parameter(Name="/walk/app/greeting:stable")["Parameter"]
say("get", stable["Version"], stable["Selector"], stable["DataType"], recent(stable["LastModifiedDate"]), stable["Value"] == "grüße ☃ 🗝 <&> \"x\"\n")
each("history", ssm, "get_parameter_history", lambda p: [f"{v['Version']}={','.join(v['Labels'])}" for v in p["Parameters"]], 1, Name="/walk/app/greeting")
each("by path", ssm, "get_parameters_by_path",
     lambda p: [v["Name"] + "=" + (v["Value"] if v["Type"] == "SecureString" else v["Type"]) for v in p["Parameters"]],
     1, Path="/walk/app", Recursive=True, WithDecryption=True)
each("described", ssm, "describe_parameters", lambda p: [v["Name"] + "=" + v["Tier"] for v in p["Parameters"]], 2,
     ParameterFilters=[{"Key": "Path", "Option": "Recursive", "Values": ["/walk"]}])
several = ssm.get_parameters(Names=["/walk/app/list", "/walk/none"])
say("several", several["Parameters"][0]["Value"], ",".join(several["InvalidParameters"]))
refused(ssm.exceptions.ParameterNotFound, ssm.get_parameter, Name="/walk/none")
refused(ssm.exceptions.ParameterVersionNotFound, ssm.get_parameter, Name="/walk/app/list:9")
refused(ssm.exceptions.InvalidKeyId, put, name="/walk/app/x", value="x", Type="SecureString", KeyId="alias/walk-none")

context = {"service": "walk", "größe": "1 < 2 & 3"}
sealed = kms.encrypt(KeyId="alias/walk", Plaintext=b"not-a-real-secret", EncryptionContext=context)["CiphertextBlob"]
say("decrypt", kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"].decode())
refused(kms.exceptions.InvalidCiphertextException, kms.decrypt, CiphertextBlob=sealed, EncryptionContext={"service": "other"})
refused(kms.exceptions.IncorrectKeyException, kms.decrypt, CiphertextBlob=sealed, EncryptionContext=context, KeyId=two["Arn"])
again = kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext=context, DestinationKeyId=other)
say("re-encrypt", again["SourceKeyId"] == one["Arn"], again["KeyId"] == two["Arn"],
    kms.decrypt(CiphertextBlob=again["CiphertextBlob"], KeyId=other)["Plaintext"].decode())
parameter = ssm.get_parameter(Name="/walk/app/db/password")["Parameter"]
say("opened", kms.decrypt(CiphertextBlob=base64.b64decode(parameter["Value"]), EncryptionContext={"PARAMETER_ARN": parameter["ARN"]})["Plaintext"].decode())
data = kms.generate_data_key(KeyId=other, KeySpec="AES_256")
say("data key", len(data["Plaintext"]), kms.decrypt(CiphertextBlob=data["CiphertextBlob"])["Plaintext"] == data["Plaintext"])
kms.disable_key(KeyId=other)
refused(kms.exceptions.DisabledException, kms.encrypt, KeyId=other, Plaintext=b"x")
refused(kms.exceptions.NotFoundException, kms.describe_key, KeyId="alias/walk-none")
say("key policy", json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])["Statement"][0]["Effect"])
grant = kms.create_grant(KeyId=key, GranteePrincipal="arn:aws:iam::000000000000:role/reader", Operations=["Decrypt"])
each("grants", kms, "list_grants", lambda p: [f"{g['Operations'][0]} {g['GrantId'] == grant['GrantId']}" for g in p["Grants"]], KeyId=key)


def layer(content):
    return layers.publish_layer_version(LayerName="walk", Description="grün", Content={"ZipFile": content}, CompatibleRuntimes=["nodejs26.x", "python3.14"])


first = layer(archive)
layer(archive)
created = datetime.datetime.strptime(first["CreatedDate"], "%Y-%m-%dT%H:%M:%S.%f%z")
say("published", first["Version"], first["LayerVersionArn"], first["Content"]["CodeSize"] == len(archive), recent(created))
each("versions", layers, "list_layer_versions", lambda p: [str(v["Version"]) for v in p["LayerVersions"]], 1, LayerName="walk", CompatibleRuntime="nodejs26.x")
each("layers", layers, "list_layers", lambda p: [v["LayerName"] for v in p["Layers"]], 1)
got = layers.get_layer_version_by_arn(Arn=first["LayerVersionArn"])
version = {"LayerName": "walk", "VersionNumber": 1}
with urllib.request.urlopen(layers.get_layer_version(**version)["Content"]["Location"]) as reply:
    content = reply.read()
say("downloaded", reply.status, content == archive, base64.b64encode(hashlib.sha256(content).digest()).decode() == got["Content"]["CodeSha256"],
    ",".join(got["CompatibleRuntimes"]))
refused(layers.exceptions.ResourceNotFoundException, layers.get_layer_version, LayerName="walk", VersionNumber=9)
refused(layers.exceptions.InvalidParameterValueException, layer, content=b"no archive")
permission = {**version, "StatementId": "all", "Action": "lambda:GetLayerVersion", "Principal": "*"}
layers.add_layer_version_permission(**permission)
refused(layers.exceptions.ResourceConflictException, layers.add_layer_version_permission, **permission)
say("permission", json.loads(layers.get_layer_version_policy(**version)["Policy"])["Statement"][0]["Sid"])
layers.remove_layer_version_permission(**version, StatementId="all")
layers.delete_layer_version(**version)

# The profile assumes a role, which can read a part of the parameters only.
reader = boto3.Session(profile_name="reader")
say("role", reader.client("sts").get_caller_identity()["Arn"].rpartition("/")[0])
mine = reader.client("ssm")
say("read", mine.get_parameter(Name="/walk/app/db/password", WithDecryption=True)["Parameter"]["Value"])
refused(ssm.exceptions.ClientError, mine.get_parameter, Name="/walk/other")
refused(kms.exceptions.ClientError, reader.client("kms").list_keys)

# The first attempts of these fail: see the test.
say("throttled", ",".join(t["Key"] + "=" + t["Value"] for t in ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/walk/app/greeting")["TagList"]))
say("failed", ",".join(kms.list_key_policies(KeyId=key)["PolicyNames"]))
say("reset", kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256")["KeyId"] == one["Arn"])
layers.delete_layer_version(LayerName="walk", VersionNumber=2)
say("throttled")

gone = ssm.delete_parameters(Names=["/walk/app/greeting", "/walk/app/list", "/walk/none"])
say("deleted", ",".join(sorted(gone["DeletedParameters"])), ",".join(gone["InvalidParameters"]))
ends = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
say("ends", ends["KeyState"], round((ends["DeletionDate"] - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400))
refused(kms.exceptions.KMSInvalidStateException, kms.enable_key, KeyId=key)
