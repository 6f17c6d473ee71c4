// What docs/local.md says that a program can do, with the AWS SDK for Java, version 2. It prints what walk.txt has.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.AlreadyExistsException;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.DisabledException;
import software.amazon.awssdk.services.kms.model.GrantOperation;
import software.amazon.awssdk.services.kms.model.IncorrectKeyException;
import software.amazon.awssdk.services.kms.model.InvalidCiphertextException;
import software.amazon.awssdk.services.kms.model.KeyMetadata;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.kms.model.KmsInvalidStateException;
import software.amazon.awssdk.services.kms.model.NotFoundException;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.InvalidParameterValueException;
import software.amazon.awssdk.services.lambda.model.PublishLayerVersionResponse;
import software.amazon.awssdk.services.lambda.model.ResourceConflictException;
import software.amazon.awssdk.services.lambda.model.ResourceNotFoundException;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.InvalidKeyIdException;
import software.amazon.awssdk.services.ssm.model.ParameterAlreadyExistsException;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;
import software.amazon.awssdk.services.ssm.model.ParameterType;
import software.amazon.awssdk.services.ssm.model.ParameterVersionNotFoundException;
import software.amazon.awssdk.services.ssm.model.PutParameterRequest;
import software.amazon.awssdk.services.ssm.model.PutParameterResponse;
import software.amazon.awssdk.services.ssm.model.ResourceTypeForTagging;
import software.amazon.awssdk.services.ssm.model.SsmException;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.MalformedPolicyDocumentException;

public class Walk {
    final SsmClient ssm = SsmClient.create();
    final KmsClient kms = KmsClient.create();
    final LambdaClient lambda = LambdaClient.create();
    final StsClient sts = StsClient.create();
    KeyMetadata one, two;

    public static void main(String[] args) throws Exception {
        var w = new Walk();
        w.callers();
        w.keys();
        w.parameters();
        w.crypto();
        w.layers();
        w.role();
        w.retries();
        w.end();
        System.exit(0); // does not wait for the threads of the asynchronous client
    }

    static void say(Object... words) {
        System.out.println(Arrays.stream(words).map(String::valueOf).collect(Collectors.joining(" ")));
    }

    static boolean recent(Instant time) {
        return Duration.between(time, Instant.now()).abs().toSeconds() < 60;
    }

    static SdkBytes bytes(String text) {
        return SdkBytes.fromUtf8String(text);
    }

    // refused prints the error that a call ends with, once the client made an object of its own class of it.
    static void refused(Class<? extends AwsServiceException> type, Runnable call) {
        try {
            call.run();
            say("NOT REFUSED", type);
        } catch (AwsServiceException e) {
            if (!type.isInstance(e) || e.requestId() == null || !e.requestId().matches("[0-9a-f-]{36}")) {
                throw e;
            }
            var message = e.awsErrorDetails().errorMessage();
            say("refused", e.awsErrorDetails().errorCode(), e.statusCode(), message == null ? "" : message);
        }
    }

    static <P> void each(String what, Iterable<P> pages, Function<P, List<String>> items) {
        var all = new ArrayList<String>();
        int count = 0;
        for (var page : pages) {
            count++;
            all.addAll(items.apply(page));
        }
        say(what, String.join(" ", all), "in", count, "pages");
    }

    void callers() {
        var me = sts.getCallerIdentity();
        say("caller", me.account(), me.arn());
        refused(MalformedPolicyDocumentException.class,
            () -> sts.assumeRole(r -> r.roleArn("arn:aws:iam::000000000000:role/reader").roleSessionName("walk").policy("{}")));
    }

    void keys() {
        one = kms.createKey(r -> r.description("grün <&>").tags(t -> t.tagKey("team").tagValue("walk"))).keyMetadata();
        two = kms.createKey().keyMetadata();
        say("key", one.enabled(), one.keyState(), one.description(), recent(one.creationDate()));
        kms.createAlias(r -> r.aliasName("alias/walk").targetKeyId(one.keyId()));
        kms.createAlias(r -> r.aliasName("alias/walk-2").targetKeyId(one.keyId()));
        say("alias", KmsAsyncClient.create().describeKey(r -> r.keyId("alias/walk")).join().keyMetadata().arn().equals(one.arn()));
        each("aliases", kms.listAliasesPaginator(r -> r.keyId(one.keyId()).limit(1)), p -> p.aliases().stream().map(a -> a.aliasName()).toList());
        refused(AlreadyExistsException.class, () -> kms.createAlias(r -> r.aliasName("alias/walk").targetKeyId(two.keyId())));
        each("tags", kms.listResourceTagsPaginator(r -> r.keyId(one.keyId())), p -> p.tags().stream().map(t -> t.tagKey() + "=" + t.tagValue()).toList());
    }

    PutParameterResponse put(String name, String value, Consumer<PutParameterRequest.Builder> more) {
        return ssm.putParameter(r -> more.accept(r.name(name).value(value).type(ParameterType.STRING)));
    }

    void parameters() {
        var first = put("/walk/app/greeting", "grüße ☃ 🗝 <&> \"x\"\n", r -> r.tags(t -> t.key("team").value("walk")));
        say("put", first.version(), first.tier());
        say("put", put("/walk/app/greeting", "second", r -> r.overwrite(true)).version());
        put("/walk/app/list", "a,b", r -> r.type("StringList"));
        put("/walk/app/db/password", "not-a-real-password", r -> r.type("SecureString").keyId("alias/walk"));
        say("put", put("/walk/app/settings", "{\"a\": 1}", r -> r.dataType("jsonc").tier("Advanced")).tier());
        refused(ParameterAlreadyExistsException.class, () -> put("/walk/app/list", "c", r -> r.type("StringList")));
        refused(SsmException.class, () -> put("/walk/app/number", "many", r -> r.dataType("integer")));
        var labeled = ssm.labelParameterVersion(r -> r.name("/walk/app/greeting").parameterVersion(1L).labels("stable", "1st"));
        say("labeled", labeled.parameterVersion(), String.join(" ", labeled.invalidLabels()));
        var stable = ssm.getParameter(r -> r.name("/walk/app/greeting:stable")).parameter();
        say("get", stable.version(), stable.selector(), stable.dataType(), recent(stable.lastModifiedDate()), stable.value().equals("grüße ☃ 🗝 <&> \"x\"\n"));
        each("history", ssm.getParameterHistoryPaginator(r -> r.name("/walk/app/greeting").maxResults(1)),
            p -> p.parameters().stream().map(v -> v.version() + "=" + String.join(",", v.labels())).toList());
        each("by path", ssm.getParametersByPathPaginator(r -> r.path("/walk/app").recursive(true).withDecryption(true).maxResults(1)),
            p -> p.parameters().stream().map(v -> v.name() + "=" + (v.type() == ParameterType.SECURE_STRING ? v.value() : v.type())).toList());
        each("described", ssm.describeParametersPaginator(r -> r.parameterFilters(f -> f.key("Path").option("Recursive").values("/walk")).maxResults(2)),
            p -> p.parameters().stream().map(v -> v.name() + "=" + v.tier()).toList());
        var several = ssm.getParameters(r -> r.names("/walk/app/list", "/walk/none"));
        say("several", several.parameters().get(0).value(), String.join(",", several.invalidParameters()));
        refused(ParameterNotFoundException.class, () -> ssm.getParameter(r -> r.name("/walk/none")));
        refused(ParameterVersionNotFoundException.class, () -> ssm.getParameter(r -> r.name("/walk/app/list:9")));
        refused(InvalidKeyIdException.class, () -> put("/walk/app/x", "x", r -> r.type("SecureString").keyId("alias/walk-none")));
    }

    void crypto() {
        var context = Map.of("service", "walk", "größe", "1 < 2 & 3");
        var sealed = kms.encrypt(r -> r.keyId("alias/walk").plaintext(bytes("not-a-real-secret")).encryptionContext(context)).ciphertextBlob();
        say("decrypt", kms.decrypt(r -> r.ciphertextBlob(sealed).encryptionContext(context)).plaintext().asUtf8String());
        refused(InvalidCiphertextException.class, () -> kms.decrypt(r -> r.ciphertextBlob(sealed).encryptionContext(Map.of("service", "other"))));
        refused(IncorrectKeyException.class, () -> kms.decrypt(r -> r.ciphertextBlob(sealed).encryptionContext(context).keyId(two.arn())));
        var again = kms.reEncrypt(r -> r.ciphertextBlob(sealed).sourceEncryptionContext(context).destinationKeyId(two.keyId()));
        say("re-encrypt", again.sourceKeyId().equals(one.arn()), again.keyId().equals(two.arn()),
            kms.decrypt(r -> r.ciphertextBlob(again.ciphertextBlob()).keyId(two.keyId())).plaintext().asUtf8String());
        var parameter = ssm.getParameter(r -> r.name("/walk/app/db/password")).parameter();
        say("opened", kms.decrypt(r -> r.ciphertextBlob(SdkBytes.fromByteArray(Base64.getDecoder().decode(parameter.value())))
            .encryptionContext(Map.of("PARAMETER_ARN", parameter.arn()))).plaintext().asUtf8String());
        var data = kms.generateDataKey(r -> r.keyId(two.keyId()).keySpec(DataKeySpec.AES_256));
        say("data key", data.plaintext().asByteArray().length, kms.decrypt(r -> r.ciphertextBlob(data.ciphertextBlob())).plaintext().equals(data.plaintext()));
        kms.disableKey(r -> r.keyId(two.keyId()));
        refused(DisabledException.class, () -> kms.encrypt(r -> r.keyId(two.keyId()).plaintext(bytes("x"))));
        refused(NotFoundException.class, () -> kms.describeKey(r -> r.keyId("alias/walk-none")));
        var policy = kms.getKeyPolicy(r -> r.keyId(one.keyId()).policyName("default")).policy();
        say("key policy", member(policy, "Effect"));
        var grant = kms.createGrant(r -> r.keyId(one.keyId()).granteePrincipal("arn:aws:iam::000000000000:role/reader").operations(GrantOperation.DECRYPT));
        each("grants", kms.listGrantsPaginator(r -> r.keyId(one.keyId())),
            p -> p.grants().stream().map(g -> g.operations().get(0) + " " + g.grantId().equals(grant.grantId())).toList());
    }

    // member returns a member of a document: Java itself reads no JSON.
    static String member(String json, String name) {
        return json.replaceFirst("(?s).*\"" + name + "\"\\s*:\\s*\"([^\"]*)\".*", "$1");
    }

    PublishLayerVersionResponse layer(byte[] zip) {
        return lambda.publishLayerVersion(r -> r.layerName("walk").description("grün").content(c -> c.zipFile(SdkBytes.fromByteArray(zip)))
            .compatibleRuntimesWithStrings("nodejs26.x", "python3.14"));
    }

    void permit() {
        lambda.addLayerVersionPermission(r -> r.layerName("walk").versionNumber(1L).statementId("all").action("lambda:GetLayerVersion").principal("*"));
    }

    void layers() throws Exception {
        var archive = Files.readAllBytes(Path.of(System.getenv("WALK_ARCHIVE")));
        var first = layer(archive);
        layer(archive);
        var created = OffsetDateTime.parse(first.createdDate(), DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSZ")).toInstant();
        say("published", first.version(), first.layerVersionArn(), first.content().codeSize() == archive.length, recent(created));
        each("versions", lambda.listLayerVersionsPaginator(r -> r.layerName("walk").compatibleRuntime("nodejs26.x").maxItems(1)),
            p -> p.layerVersions().stream().map(v -> String.valueOf(v.version())).toList());
        each("layers", lambda.listLayersPaginator(r -> r.maxItems(1)), p -> p.layers().stream().map(l -> l.layerName()).toList());
        var byARN = lambda.getLayerVersionByArn(r -> r.arn(first.layerVersionArn()));
        var location = lambda.getLayerVersion(r -> r.layerName("walk").versionNumber(1L)).content().location();
        var reply = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(location)).build(), HttpResponse.BodyHandlers.ofByteArray());
        var sum = Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(reply.body()));
        say("downloaded", reply.statusCode(), Arrays.equals(reply.body(), archive), sum.equals(byARN.content().codeSha256()),
            String.join(",", byARN.compatibleRuntimesAsStrings()));
        refused(ResourceNotFoundException.class, () -> lambda.getLayerVersion(r -> r.layerName("walk").versionNumber(9L)));
        refused(InvalidParameterValueException.class, () -> layer("no archive".getBytes()));
        permit();
        refused(ResourceConflictException.class, this::permit);
        say("permission", member(lambda.getLayerVersionPolicy(r -> r.layerName("walk").versionNumber(1L)).policy(), "Sid"));
        lambda.removeLayerVersionPermission(r -> r.layerName("walk").versionNumber(1L).statementId("all"));
        lambda.deleteLayerVersion(r -> r.layerName("walk").versionNumber(1L));
    }

    // role reads with the profile, which assumes a role that can read a part of the parameters only.
    void role() {
        var profile = ProfileCredentialsProvider.create("reader");
        var arn = StsClient.builder().credentialsProvider(profile).build().getCallerIdentity().arn();
        say("role", arn.substring(0, arn.lastIndexOf('/')));
        var mine = SsmClient.builder().credentialsProvider(profile).build();
        say("read", mine.getParameter(r -> r.name("/walk/app/db/password").withDecryption(true)).parameter().value());
        refused(SsmException.class, () -> mine.getParameter(r -> r.name("/walk/other")));
        refused(KmsException.class, () -> KmsClient.builder().credentialsProvider(profile).build().listKeys());
    }

    // retries makes calls whose first attempts fail: see the test.
    void retries() {
        var tag = ssm.listTagsForResource(r -> r.resourceType(ResourceTypeForTagging.PARAMETER).resourceId("/walk/app/greeting")).tagList().get(0);
        say("throttled", tag.key() + "=" + tag.value());
        say("failed", String.join(",", kms.listKeyPolicies(r -> r.keyId(one.keyId())).policyNames()));
        say("reset", kms.generateDataKeyWithoutPlaintext(r -> r.keyId(one.keyId()).keySpec(DataKeySpec.AES_256)).keyId().equals(one.arn()));
        lambda.deleteLayerVersion(r -> r.layerName("walk").versionNumber(2L));
        say("throttled");
    }

    void end() {
        var gone = ssm.deleteParameters(r -> r.names("/walk/app/greeting", "/walk/app/list", "/walk/none"));
        say("deleted", String.join(",", new TreeSet<>(gone.deletedParameters())), String.join(",", gone.invalidParameters()));
        var ends = kms.scheduleKeyDeletion(r -> r.keyId(one.keyId()).pendingWindowInDays(7));
        say("ends", ends.keyState(), Math.round(Duration.between(Instant.now(), ends.deletionDate()).toMinutes() / 1440.0));
        refused(KmsInvalidStateException.class, () -> kms.enableKey(r -> r.keyId(one.keyId())));
    }
}
