package sealed_test

import (
	"encoding/base64"
	"fmt"
	"strings"
)

const (
	secretARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:prod/db-a1B2c3"
	versionID = "8d2f6c1e-3b5a-4f7e-9a60-1c2d3e4f5a6b"
	listField = "/spring.datasource.password"
)

func secretLine(name, encoding, arn, id, field string) string {
	return fmt.Sprintf("source %s %s secretsmanager %s %s 2026-11-01T10:00:00.123Z %s\n", name, encoding, arn, id, field)
}

// second changes the first source line of v, and makes it a bundle/2 document.
func (v vector) second(line string) vector {
	at := strings.Index(v.header, "source ")
	end := at + strings.Index(v.header[at:], "\n") + 1
	v.header = v.header[:at] + line + v.header[end:]
	return v.swap("bundle/1", "bundle/2")
}

// bundle2Vectors are documents with secrets of Secrets Manager, or with fields in
// the list form: those that open, and those that break a rule about them.
func bundle2Vectors() []vector {
	secrets := func(arn, id, field string) vector {
		return base().second(secretLine("DB_PASSWORD", "text", arn, id, field))
	}
	list := func(field string) vector {
		return base().second(srcWith("DB_PASSWORD", "text", "7", "2026-11-01T10:00:00.123Z", field))
	}
	good := secrets(secretARN, versionID, "password")
	binary := "\x00\x01\xfe\xff sample"
	bytes := pack([]pair{{"TLS_KEY", base64.StdEncoding.EncodeToString([]byte(binary))}}).
		second(secretLine("TLS_KEY", "base64", secretARN, versionID, "-"))
	bytes.bytes = []pair{{"TLS_KEY", binary}}
	large := base64.StdEncoding.EncodeToString([]byte(sample(65536)))
	name := func(name string) string { return strings.Replace(secretARN, "prod/db", name, 1) }
	arn := func(old, with string) vector {
		return secrets(strings.Replace(secretARN, old, with, 1), versionID, "-").breaks("F-36")
	}
	id := func(id string) vector { return secrets(secretARN, id, "-").breaks("F-37") }
	field := func(field string) vector { return list(field).breaks("F-38") }
	longest := "/" + strings.Repeat("%D0%BA", 170) + ".ke"
	both := list("/spring.datasource/user%20name")
	both = both.swap(src("STRIPE_KEY"), secretLine("STRIPE_KEY", "text", secretARN, versionID, listField))
	blindSecret := blind(pair{"ALPHA", "sample-a"}).second(secretLine("ALPHA", "text", secretARN, versionID, "-"))
	blindList := blind(pair{"ALPHA", "sample-a"}).second(srcWith("ALPHA", "text", "7", "2026-11-01T10:00:00.123Z", listField))
	tampered := func(old, with string) vector { return both.fails("tampered").after(old, with) }
	return []vector{
		pack([]pair{{"DB_PASSWORD", "sample-password"}}).second(secretLine("DB_PASSWORD", "text", secretARN, versionID, "-")).
			as("ok-secret", "one secret of Secrets Manager (F-35, F-36, F-37)"),
		good.as("ok-secret-and-parameter", "a field of a secret, and a parameter"),
		good.swap("Z password\n", "Z password min_length=8\n").as("ok-secret-checks", "a field of a secret, with checks"),
		secrets(name(strings.Repeat("a", 512)), strings.Repeat("z", 64), "-").as("ok-secret-longest", "a name of 512 characters and a version ID of 64"),
		secrets(name("a"), strings.Repeat("0", 32), "-").as("ok-secret-shortest", "a name of one character and a version ID of 32"),
		secrets(name("/rds!a_+=.@-!//-AbCdEf-"), "terraform-20250627043834191900000095", "-").
			as("ok-secret-characters", "every kind of character in a name, and a version ID that is not a UUID"),
		secrets(secretARN, "az09AZ-_."+strings.Repeat(".", 23), "-").as("ok-secret-id-characters", "every kind of character in a version ID"),
		bytes.as("ok-secret-binary", "a binary value, which is sealed in base64 (F-28)"),
		parts("TLS_KEY", large).second(secretLine("TLS_KEY", "base64", secretARN, versionID, "-")).decoding("TLS_KEY", sample(65536)).
			as("ok-secret-binary-largest", "a binary value of 65,536 bytes, in 22 parts (F-25, F-28)"),
		parts("TLS_KEY", sample(5000)).second(secretLine("TLS_KEY", "text", secretARN, versionID, "-")).as("ok-secret-parts", "a secret of Secrets Manager in two parts"),
		good.with("BUNDLE_SECRETS_FUNCTION=hello").as("ok-secret-function-of-the-manifest", "the function line of a bundle/2 document (F-29)"),
		good.with("BUNDLE_SECRETS_FUNCTION=payments-prod-hello", "BUNDLE_SECRETS_ENVIRONMENT=prod", "BUNDLE_SECRETS_KEY="+mainKey, "BUNDLE_SECRETS_SHA256={digest}").
			as("ok-secret-all-pins", "every pin of a bundle/2 document is set and matches (F-30)"),
		good.calling("env").as("ok-secret-env", "a bundle/2 document into the environment"),
		list(listField).as("ok-list", "a field in the list form, of a parameter (F-38)"),
		both.as("ok-list-of-both", "fields in the list form, of a parameter and of a secret"),
		list("/%D0%BA%D0%BB%D1%8E%D1%87/%E9%8D%B5%F0%9F%94%91").as("ok-list-unicode", "keys outside ASCII (F-38)"),
		list("/-.0_~%20%21%22%25%2F%3F%5C%7F%00/plain/0").as("ok-list-characters", "unreserved characters as they are, and others escaped (F-38)"),
		list("/-").as("ok-list-dash", "a key of a dash (F-38)"),
		list(longest).as("ok-list-longest", "a field of 1,024 bytes (F-38)"),

		good.breaks("F-5").swap("bundle/2", "bundle/1").as("f05-secret-in-bundle-1", "a secret of Secrets Manager in a bundle/1 document"),
		good.breaks("F-5").swap(" secretsmanager ", " SecretsManager ").as("f05-store-case", "a store in another case"),
		good.breaks("F-5").swap(" secretsmanager ", " s3 ").as("f05-store-unknown", "an unknown store in a bundle/2 document"),
		good.breaks("F-5").swap(versionID+" ", "").as("f05-secret-without-version", "a source line of six words"),
		list(listField).breaks("F-15").swap("bundle/2", "bundle/1").as("f15-list-in-bundle-1", "a field in the list form in a bundle/1 document"),
		base().breaks("F-35").swap("bundle/1", "bundle/2").as("f35-parameters", "a bundle/2 document that could be bundle/1"),
		list("live.key").breaks("F-35").as("f35-dotted-field", "a bundle/2 document with a dotted field"),
		blind(pair{"ALPHA", "sample-a"}).breaks("F-35").swap("bundle/1", "bundle/2").as("f35-blind", "a blind bundle/2 document"),
		arn("-a1B2c3", "").as("f36-no-suffix", "an ARN without a suffix"),
		arn("-a1B2c3", "-a1B2c").as("f36-short-suffix", "a suffix of 5 characters"),
		arn("-a1B2c3", "-a1B2c34").as("f36-long-suffix", "a suffix of 7 characters"),
		arn("-a1B2c3", "-a1B2_3").as("f36-suffix-character", "an underscore in a suffix"),
		arn("-a1B2c3", "_a1B2c3").as("f36-no-hyphen", "no hyphen before the suffix"),
		arn("prod/db", "").as("f36-no-name", "an empty name"),
		arn("prod/db", strings.Repeat("a", 513)).as("f36-long-name", "a name of 513 characters"),
		arn("prod/db", "prod/d*").as("f36-character", "an asterisk in a name"),
		arn("-a1B2c3", "-a1B2c3:password::").as("f36-field", "an ARN with a field, as ECS has it"),
		arn("secret:", "secret/").as("f36-slash", "secret/ instead of secret:"),
		arn("000000000000", "00000000000").as("f36-account", "an account of 11 digits"),
		arn(":secretsmanager:", ":ssm:").as("f36-service", "the ARN of another service"),
		secrets("prod/db", versionID, "-").breaks("F-36").as("f36-name", "a name instead of an ARN"),
		blindSecret.breaks("F-36").as("f36-blind", "a secret of Secrets Manager in mode blind"),
		secrets(strings.Replace(secretARN, "us-east-1", "eu-west-1", 1), versionID, "-").breaks("F-20").as("f20-secret-region", "a secret in another region"),
		secrets(strings.Replace(secretARN, "arn:aws:", "arn:aws-cn:", 1), versionID, "-").breaks("F-20").as("f20-secret-partition", "a secret in another partition"),
		id(strings.Repeat("a", 31)).as("f37-short", "a version ID of 31 characters"),
		id(strings.Repeat("a", 65)).as("f37-long", "a version ID of 65 characters"),
		id("7").as("f37-number", "a version number"),
		id("AWSCURRENT").as("f37-stage", "a stage"),
		id(strings.Repeat("a", 31)+"/").as("f37-character", "a slash in a version ID"),
		good.breaks("F-14").swap(".123Z password", "Z password").as("f14-secret", "a date of a secret without milliseconds"),
		field("/live/key").as("f38-dotted", "the list form where the dotted form would do"),
		field("/password").as("f38-one-key", "the list form of one key, where the dotted form would do"),
		field("/live%2ekey%3A").as("f38-hex", "lower-case hexadecimal"),
		field("/a%3a").as("f38-hex-of-one", "one escape in lower-case hexadecimal"),
		field("/live%2Ekey%3A").as("f38-unreserved", "an escape for a character that must not be escaped"),
		field("/a%2").as("f38-short-escape", "an escape of one digit"),
		field("/a%").as("f38-no-digits", "an escape without digits"),
		field("/a%2G").as("f38-digit", "an escape with another letter"),
		field("/a.b%+F").as("f38-sign", "an escape with a sign"),
		field("/a.b!").as("f38-not-escaped", "an exclamation mark that is not escaped"),
		field("/a.b+c").as("f38-plus", "a plus sign for a space"),
		field("/a.b//c").as("f38-empty-key", "an empty key"),
		field("/a.b/").as("f38-slash-at-end", "a slash at the end"),
		field("/").as("f38-no-key", "only a slash"),
		field(longest+"k").as("f38-long", "a field of 1,025 bytes"),
		field("/%FF").as("f38-no-utf-8", "a key that is not UTF-8"),
		field("/%D0/%BA").as("f38-cut-character", "a character over two keys"),
		field("/%ED%A0%BD%ED%B4%91").as("f38-surrogates", "surrogates in a key"),
		field("/%C0%AF").as("f38-overlong", "an overlong form of UTF-8"),
		field("/%F4%90%80%80").as("f38-beyond-unicode", "a character beyond U+10FFFF"),
		list("a.b/c").breaks("F-15").as("f15-slash", "a slash in the dotted form"),
		blindList.breaks("F-15").as("f15-list-blind", "a field in the list form in mode blind"),

		tampered(versionID, strings.Replace(versionID, "8d", "8e", 1)).as("tampered-version-id", "another version ID (F-22)"),
		tampered("prod/db-a1B2c3", "prod/db-a1B2c4").as("tampered-secret", "another secret (F-22)"),
		tampered("user%20name", "user%20names").as("tampered-list", "another key of a field in the list form (F-22)"),
	}
}

// decoding makes a vector expect these bytes of a secret.
func (v vector) decoding(name, decoded string) vector {
	v.bytes = []pair{{name, decoded}}
	return v
}
