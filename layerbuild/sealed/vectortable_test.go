package sealed_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

func allVectors() []vector {
	return slices.Concat(openVectors(), settingVectors(), byteVectors(), nameVectors(), sourceVectors(), boxVectors(),
		bodyVectors(), sealVectors(), contentVectors(), serviceVectors(), bundle2Vectors())
}

// sample returns n bytes of obviously fake text.
func sample(n int) string { return strings.Repeat("sample-value-0123456789.", n/24+1)[:n] }

// openVectors open.
func openVectors() []vector {
	one := func(value string) vector { return pack([]pair{{"DB_PASSWORD", value}}) }
	raw := func(value, plaintext string) vector {
		v := one(value)
		v.boxes = []string{plaintext}
		return v
	}
	b64 := func(value, decoded string) vector {
		v := one(value).swap(" text ssm ", " base64 ssm ")
		v.bytes = []pair{{"DB_PASSWORD", decoded}}
		return v
	}
	binary := "\x00\x01\xfe\xff sample"
	wrapped := base64.StdEncoding.EncodeToString([]byte(sample(57)))
	big := make([][]pair, 16)
	for i := range big {
		big[i] = []pair{{fmt.Sprintf("PART_%02d", i), strings.Repeat("é", 2030) + fmt.Sprint("sample ", i)}}
	}
	between := parts("MIDDLE", sample(5000))
	between.header = head("pack") + sourceLines([]string{"ALPHA", "MIDDLE", "OMEGA"}) + "box ALPHA OMEGA\nbox MIDDLE 1/2\nbox MIDDLE 2/2\n\n"
	between.boxes = append([]string{object(pair{"ALPHA", "a"}, pair{"OMEGA", "o"})}, between.boxes...)
	between.secrets = append(between.secrets, pair{"ALPHA", "a"}, pair{"OMEGA", "o"})
	asked := blind(pair{"ALPHA", "sample-a"}, pair{"OMEGA", "sample-o"}).calling("get ALPHA").
		lines(func(c []string) []string { return []string{c[0], c[0]} })
	asked.secrets = asked.secrets[:1]
	mrk := base()
	mrk.key = mrkKey
	env := pack([]pair{{"DB_PASSWORD", "it's \"quoted\" = $(id) `id` \\ é\nsecond line"}, {"LOG_TOKEN", " spaces "}})
	nested := base().swap(" 7 2026-11-01T10:00:00.123Z -", " 9223372036854775807 2024-02-29T23:59:59.999Z live.0.key_1-x")
	longest := pack([]pair{{"A" + strings.Repeat("b", 126) + "_", "x"}, {"Z9", "y"}}).
		swap("function hello", "function "+strings.Repeat("f", 64)).swap("name payments-prod-hello", "name "+strings.Repeat("9", 64)).
		at(strings.Repeat("9", 64) + ".sealed").with("AWS_LAMBDA_FUNCTION_NAME=" + strings.Repeat("9", 64))
	return []vector{
		one("sample-password").as("ok-one", "one secret in one box"),
		base().as("ok-two-in-a-box", "two secrets in one box"),
		pack([]pair{{"ALPHA", "a"}, {"OMEGA", "o"}}, []pair{{"BETA", "b"}}).as("ok-two-boxes", "boxes in the order of their first names (F-17)"),
		pack([]pair{{"ALPHA", "a"}}, []pair{{"BETA", "b"}}, []pair{{"OMEGA", "o"}}).as("ok-boxes-half-empty", "boxes that first fit would have joined; a reader accepts them (F-27)"),
		nested.as("ok-limits-of-a-source", "the highest version, a leap day, a field (F-13, F-14, F-15)"),
		base().swap("Z -\n", "Z - min_length=8,matches="+strings.Repeat("0a", 32)+"\n").as("ok-checks", "a source line with checks, which a reader ignores (F-34)"),
		base().swap("Z -\n", "Z live "+strings.Repeat("_", 128)+"\n").as("ok-checks-longest", "128 characters of checks (F-34)"),
		longest.as("ok-longest-names", "names as long and as short as F-7 and F-8 allow"),
		pack([]pair{{"constructor", "c"}, {"hasOwnProperty", "h"}, {"toString", "t"}}).as("ok-names-of-a-prototype", "names that every JavaScript object has"),
		parts("TLS_KEY", sample(5000)).as("ok-two-parts", "a secret in two parts (F-25)"),
		parts("TLS_KEY", sample(4090)).as("ok-one-part", "a secret in part 1/1, because its object would be too long (F-25)"),
		parts("TLS_KEY", sample(8192)).as("ok-full-parts", "two parts of 4,096 bytes each"),
		parts("TLS_KEY", sample(4095)+"é"+sample(100)).as("ok-rune-over-two-parts", "a character whose bytes are in two parts"),
		between.as("ok-parts-among-boxes", "parts beside a box of whole secrets"),
		blind(pair{"ALPHA", "sample-a"}, pair{"BETA", "sample-b"}, pair{"OMEGA", "sample-o"}).as("ok-blind", "three blind boxes"),
		blind(pair{"ALPHA", sample(4096)}).as("ok-blind-4096", "the longest blind value (F-26)"),
		blind(pair{"ALPHA", `{"BETA":"not a secret of its own"}`}).as("ok-blind-json", "a blind value that looks like a box of mode pack"),
		asked.as("ok-blind-one-asked-for", "only the requested box is opened (F-32); the other would not open"),
		one("  sample \t\n").as("ok-white-space", "white space around a value is part of it").withBox(`{"DB_PASSWORD":"  sample \t\n"}`),
		one("it's \"quoted\" \\ = $(id) `id` %s\nsecond line").as("ok-quotes", "quotes, backslashes, equals signs, line ends"),
		one("ключ 鍵 🔑 e\u0301 \u2028\u2029 \ufeff \u007f <&>").as("ok-utf-8", "UTF-8 of every length, line separators, a byte order mark within"),
		raw("\x00\x01\b\t\n\f\r\x1f", `{"DB_PASSWORD":"\u0000\u0001\b\t\n\f\r\u001f"}`).as("ok-controls", "control characters, escaped as F-23 says"),
		raw("A/é🔑", " {\r\n\t\"\\u0044B_PASSWORD\" : \"\\u0041\\/\\u00E9\\ud83d\\udd11\" } \n").as("ok-foreign-json", "a box that another writer wrote: white space and needless escapes (F-24 allows them)"),
		raw(`{"a":"b"}`, `{"DB_PASSWORD":"{\"a\":\"b\"}"}`).as("ok-json-value", "a value that is JSON remains text"),
		raw(`\ud800 \\`, `{"DB_PASSWORD":"\\ud800 \\\\"}`).as("ok-escaped-backslash", "an escaped backslash that looks like half of a surrogate pair"),
		b64(base64.StdEncoding.EncodeToString([]byte(binary)), binary).as("ok-base64", "bytes decodes, get does not"),
		b64(wrapped[:64]+"\n"+wrapped[64:]+"\n", sample(57)).as("ok-base64-lines", "base64 with line ends (skipped)"),
		b64("c2FtcGxl\r\n", "sample").withBox(`{"DB_PASSWORD":"c2FtcGxl\r\n"}`).as("ok-base64-crlf", "base64 with CR and LF (skipped)"),
		b64("c2FtcGxlLg", "!bad_value").as("ok-base64-unpadded", "no padding: get works, bytes does not"),
		b64("c2FtcGxlLh==", "!bad_value").as("ok-base64-unused-bits", "unused bits not zero: get works, bytes does not"),
		b64("_-9z", "!bad_value").as("ok-base64-url", "the alphabet of URLs: get works, bytes does not"),
		b64("c2Ft cGxl", "!bad_value").as("ok-base64-space", "a space: get works, bytes does not"),
		pack(big...).as("ok-64k", "16 boxes of 4 KB"),
		mrk.as("ok-multi-region-key", "a key whose id begins with mrk-"),
		base().as("ok-other-region", "AWS_REGION is another region; the helper calls the region of the key").with("AWS_REGION=eu-west-1"),
		base().as("ok-single-document", "the only document, with a name that differs from the function's").with("AWS_LAMBDA_FUNCTION_NAME=generated-name-1A2B3C"),
		base().as("ok-no-function-name", "the only document, and no variable names a function").less("AWS_LAMBDA_FUNCTION_NAME"),
		base().as("ok-among-other-files", "files that are not documents are ignored").with("AWS_LAMBDA_FUNCTION_NAME=generated-name-1A2B3C").
			at(home, "notes.txt", ".hidden.sealed", "payments-prod-hello.sealed.bak", "with space.sealed", "é.sealed"),
		base().as("ok-function-set", "BUNDLE_SECRETS_FUNCTION takes precedence over AWS_LAMBDA_FUNCTION_NAME").
			with("BUNDLE_SECRETS_FUNCTION=payments-prod-hello", "AWS_LAMBDA_FUNCTION_NAME=other").at(home, "other.sealed"),
		base().as("ok-all-pins", "every pin is set and matches").with("BUNDLE_SECRETS_FUNCTION=payments-prod-hello", "BUNDLE_SECRETS_ENVIRONMENT=prod",
			"BUNDLE_SECRETS_KEY="+mainKey, "BUNDLE_SECRETS_SHA256={digest}"),
		base().as("ok-wrapper-settings", "every helper accepts the wrapper's variables").with("BUNDLE_SECRETS_NEXT_WRAPPER=/opt/next", "BUNDLE_SECRETS_ALLOW_SNAPSTART=1"),
		base().as("ok-inside-lambda", "the embedded AWS is reached inside Lambda too (F-33)").with("AWS_LAMBDA_RUNTIME_API=127.0.0.1:9"),
		base().as("ok-inside-web-function", "the embedded AWS is reached inside a Web Function, too (F-33)").with("AWS_LAMBDA_HTTP_ENDPOINT=127.0.0.1:9"),
		base().as("ok-general-endpoint", "AWS_ENDPOINT_URL, with a trailing slash").with("AWS_ENDPOINT_URL={endpoint}/").less("AWS_ENDPOINT_URL_KMS"),
		base().as("ok-service-endpoint-first", "AWS_ENDPOINT_URL_KMS takes precedence over AWS_ENDPOINT_URL").with("AWS_ENDPOINT_URL=http://192.0.2.1"),
		base().as("ok-ignores-files", "profiles are ignored").with("AWS_PROFILE=no-such-profile", "AWS_CONFIG_FILE=/no/such/file"),
		one("sample-password").calling("get DB_PASSWORD").as("ok-get", "one secret by name"),
		b64("AP8=", "\x00\xff").calling("bytes DB_PASSWORD").as("ok-bytes", "one secret by name, as bytes"),
		env.calling("env").as("ok-env", "into the environment, byte for byte").
			withBox(`{"DB_PASSWORD":"it's \"quoted\" = $(id) ` + "`id`" + ` \\ é\nsecond line","LOG_TOKEN":" spaces "}`),
	}
}

// withBox replaces the plaintext of the only box.
func (v vector) withBox(plaintext string) vector {
	v.boxes = []string{plaintext}
	return v
}

// settingVectors fail before a document is parsed, or on a pin.
func settingVectors() []vector {
	return []vector{
		base().fails("bad_setting").as("setting-unknown", "an unknown variable").with("BUNDLE_SECRETS_PATH=/opt"),
		base().fails("bad_setting").as("setting-lower-case", "a variable in lower case is unknown").with("BUNDLE_SECRETS_environment=prod"),
		base().fails("bad_setting").as("setting-empty-pin", "a pin that is set and empty").with("BUNDLE_SECRETS_KEY="),
		base().fails("bad_setting").as("setting-empty-function", "a function that is set and empty").with("BUNDLE_SECRETS_FUNCTION="),
		base().fails("bad_setting").as("setting-function-path", "a function that is a path").with("BUNDLE_SECRETS_FUNCTION=../functions/payments-prod-hello"),
		base().fails("bad_setting").as("setting-digest-upper-case", "a digest in capitals").with("BUNDLE_SECRETS_SHA256=" + strings.Repeat("A", 64)),
		base().fails("bad_setting").as("setting-digest-short", "a digest of 63 digits").with("BUNDLE_SECRETS_SHA256=" + strings.Repeat("a", 63)),
		base().fails("bad_setting").as("setting-snapstart-yes", "only 1 permits SnapStart").with("BUNDLE_SECRETS_ALLOW_SNAPSTART=yes"),
		base().fails("bundle_not_found").as("file-none", "there is no document").at(),
		base().fails("bundle_not_found").as("file-two", "two documents, none for this function (F-29)").at("a.sealed", "b.sealed"),
		base().with("BUNDLE_SECRETS_FUNCTION=hello").as("ok-function-of-the-manifest", "BUNDLE_SECRETS_FUNCTION is the function's name in the manifest (F-29)"),
		base().with("BUNDLE_SECRETS_FUNCTION=hello").at("payments-prod-hello.sealed", "-hello.sealed", "hello.txt").
			as("ok-function-among-files", "the same, besides files that are no documents"),
		base().fails("wrong_function").at("hello.sealed", "payments-prod-hello.sealed").with("BUNDLE_SECRETS_FUNCTION=hello").
			as("function-file-first", "a file with that name takes precedence over a function line"),
		base().fails("bundle_not_found").at("payments-prod-hello.sealed", "other.sealed").with("BUNDLE_SECRETS_FUNCTION=hello").
			as("function-twice", "a name in the manifest that fits two documents"),
		base().fails("bundle_not_found").at("payments-prod-hello.sealed", "other.sealed").with("AWS_LAMBDA_FUNCTION_NAME=hello").
			as("function-of-lambda", "AWS_LAMBDA_FUNCTION_NAME is no name in the manifest"),
		base().fails("bundle_not_found").with("BUNDLE_SECRETS_FUNCTION=Hello").as("function-case", "names are case-sensitive"),
		base().fails("bundle_not_found").with("BUNDLE_SECRETS_FUNCTION=hell").as("function-prefix", "the beginning of a name in the manifest"),
		base().fails("bundle_not_found").with("BUNDLE_SECRETS_FUNCTION=payments").as("function-bundle", "the name of the bundle"),
		base().fails("bundle_not_found").with("BUNDLE_SECRETS_FUNCTION=prod").as("function-environment", "the name of the environment"),
		base().fails("bundle_not_found").with("BUNDLE_SECRETS_FUNCTION=DB_PASSWORD").as("function-secret", "the name of a secret"),
		base().fails("wrong_function").at("other.sealed").with("BUNDLE_SECRETS_FUNCTION=hello").
			as("function-renamed", "the document is found by its function line, and its name line differs from the name of the file"),
		base().fails("bundle_not_found").as("file-set-and-missing", "BUNDLE_SECRETS_FUNCTION names no document: the only one is not used").
			with("BUNDLE_SECRETS_FUNCTION=payments-prod-hallo"),
		base().fails("bundle_not_found").as("file-set-case", "names are case-sensitive").at("Payments-Prod-Hello.sealed", "b.sealed"),
		base().fails("wrong_function").as("file-renamed", "the document of another function, with this function's file name (F-29)").
			at("payments-prod-bye.sealed").with("AWS_LAMBDA_FUNCTION_NAME=payments-prod-bye"),
		base().fails("wrong_function").as("file-only-and-renamed", "the only document, renamed").at("renamed.sealed"),
		base().fails("wrong_environment").as("pin-environment", "F-30").with("BUNDLE_SECRETS_ENVIRONMENT=staging"),
		base().fails("wrong_environment").as("pin-environment-case", "F-30").with("BUNDLE_SECRETS_ENVIRONMENT=Prod"),
		base().fails("wrong_key").as("pin-key", "F-30").with("BUNDLE_SECRETS_KEY=" + otherKey),
		base().fails("wrong_key").as("pin-key-id", "F-30: the pin is an ARN, not an id").with("BUNDLE_SECRETS_KEY=" + strings.TrimPrefix(mainKey, keyPrefix)),
		base().fails("wrong_digest").as("pin-digest", "F-30").with("BUNDLE_SECRETS_SHA256=" + strings.Repeat("0", 64)),
		base().fails("wrong_digest").after("box DB_PASSWORD", "box  DB_PASSWORD").as("pin-digest-before-parsing", "the digest is compared before the document is parsed").
			with("BUNDLE_SECRETS_SHA256=" + strings.Repeat("0", 64)),
		base().fails("secret_not_found").calling("get DB_PASSWROD").as("name-misspelled", "there is no such secret"),
		base().fails("secret_not_found").calling("get db_password").as("name-case", "names are case-sensitive"),
		base().fails("secret_not_found").calling("get constructor").as("name-of-a-prototype", "a name that every JavaScript object has"),
		base().fails("secret_not_found").calling("bytes toString").as("name-of-a-prototype-bytes", "the same, as bytes"),
		blind(pair{"ALPHA", "sample-a"}).fails("secret_not_found").calling("get BETA").as("name-blind", "there is no such secret in a blind document"),
	}
}

// byteVectors break F-2 to F-6.
func byteVectors() []vector {
	unknown := func(v vector) vector { v = v.fails("unknown_format"); v.rule = "F-4"; return v }
	crlf := base().breaks("F-2")
	crlf.header = strings.ReplaceAll(crlf.header, "\n", "\r\n")
	crlf.edit = func(d string) string { return strings.ReplaceAll(strings.ReplaceAll(d, "\r\n", "\n"), "\n", "\r\n") }
	return []vector{
		crlf.as("f02-crlf", "CR before LF"),
		base().breaks("F-2").swap("mode pack", "mode\tpack").as("f02-tab", "a tab"),
		base().breaks("F-2").swap("function hello", "function héllo").as("f02-utf-8", "a character outside ASCII"),
		base().breaks("F-2").swap("function hello", "function hel\x00lo").as("f02-nul", "a NUL"),
		base().breaks("F-2").swap("function hello", "function hello\x7f").as("f02-del", "a DEL"),
		base().breaks("F-2").swap("bundle/1", "\ufeffbundle/1").as("f02-byte-order-mark", "a byte order mark"),
		cut(base().breaks("F-2"), 1).as("f02-no-end", "the last line has no LF"),
		ciphertextLine("F-3", filler(6145)).as("f03-long-ciphertext", "a ciphertext of 6,145 bytes is a line of 8,196"),
		base().breaks("F-3").swap("Z -\n", "Z "+strings.Repeat("f", 8192)+"\n").as("f03-long-line", "a line of more than 8,192 bytes"),
		unknown(base().swap("bundle/1", "bundle/3")).as("f04-next", "a future format"),
		unknown(base().swap("bundle/1", "Bundle/1")).as("f04-case", "the format word in another case"),
		unknown(base().swap("bundle/1", "bundle/1.0")).as("f04-minor", "the format word with more after it"),
		unknown(base().swap("bundle/1\n", "\nbundle/1\n")).as("f04-empty-line-first", "an empty line before the format word"),
		base().breaks("F-5").swap("bundle payments\nenvironment prod\n", "environment prod\nbundle payments\n").as("f05-order", "settings in another order"),
		base().breaks("F-5").swap("mode pack\n", "").as("f05-no-mode", "no mode line"),
		base().breaks("F-5").swap("mode pack\n", "mode pack\nmode pack\n").as("f05-two-modes", "the mode line twice"),
		base().breaks("F-5").swap("bundle payments", "bundle payments api").as("f05-two-words", "a setting of two words"),
		base().breaks("F-5").swap("bundle payments", "bundle").as("f05-no-word", "a setting without a value"),
		base().breaks("F-5").swap("mode pack\n", "mode pack\n# a remark\n").as("f05-remark", "an unknown line"),
		base().breaks("F-5").swap("STRIPE_KEY\n\n", "STRIPE_KEY\n").as("f05-no-empty-line", "no empty line"),
		base().breaks("F-5").swap("STRIPE_KEY\n\n", "STRIPE_KEY\n\n\n").as("f05-two-empty-lines", "two empty lines"),
		base().breaks("F-5").swap(" 7 2026", " 2026").as("f05-source-without-version", "a source line of six words"),
		base().breaks("F-5").swap("Z -\n", "Z - x y\n").as("f05-source-with-more", "a source line with a word after the checks"),
		base().breaks("F-5").swap(" ssm ", " secretsmanager ").as("f05-source-of-another-kind", "a source of Secrets Manager in a bundle/1 document"),
		base().breaks("F-5").after("key arn", "KEY arn").as("f05-key-case", "the key line's word in another case"),
		base().breaks("F-5").after("key "+mainKey, "key "+mainKey+" x").as("f05-key-with-more", "a key line of two words"),
		base().breaks("F-6").swap("bundle payments", "bundle  payments").as("f06-two-spaces", "two spaces"),
		base().breaks("F-6").swap("bundle payments", "bundle payments ").as("f06-space-at-end", "a space at the end of a line"),
		base().breaks("F-6").swap("bundle payments", " bundle payments").as("f06-space-at-start", "a space at the start of a line"),
	}
}

func cut(v vector, n int) vector {
	v.edit = func(d string) string { return d[:len(d)-n] }
	return v
}

// nameVectors break F-7 to F-9.
func nameVectors() []vector {
	return []vector{
		base().breaks("F-7").swap("bundle payments", "bundle pay.ments").as("f07-dot", "a dot in a name"),
		base().breaks("F-7").swap("function hello", "function a/b").as("f07-slash", "a slash in a name"),
		base().breaks("F-7").swap("environment prod", "environment -prod").as("f07-dash-first", "a name that begins with a dash"),
		base().breaks("F-7").swap("environment prod", "environment _prod").as("f07-underscore-first", "a name that begins with an underscore"),
		base().breaks("F-7").swap("function hello", "function "+strings.Repeat("f", 65)).as("f07-long", "a name of 65 characters"),
		base().breaks("F-8").swap("DB_PASSWORD", "D").swap("box DB_PASSWORD", "box D").as("f08-short", "a secret's name of one character"),
		renamed("DB_PASSWORD", "1DB").breaks("F-8").as("f08-digit-first", "a secret's name that begins with a digit"),
		renamed("DB_PASSWORD", "DB-PASSWORD").breaks("F-8").as("f08-dash", "a dash in a secret's name"),
		renamed("DB_PASSWORD", "_DB").breaks("F-8").as("f08-underscore-first", "a secret's name that begins with an underscore"),
		renamed("DB_PASSWORD", "D"+strings.Repeat("B", 128)).breaks("F-8").as("f08-long", "a secret's name of 129 characters"),
		base().breaks("F-9").swap("mode pack", "mode Pack").as("f09-case", "a mode in another case"),
		base().breaks("F-9").swap("mode pack", "mode envelope").as("f09-unknown", "an unknown mode"),
	}
}

// renamed is base with every occurrence of a secret's name replaced.
func renamed(old, name string) vector {
	v := base()
	v.header = strings.ReplaceAll(v.header, " "+old, " "+name)
	v.boxes = []string{strings.ReplaceAll(v.boxes[0], old, name)}
	return v
}

// sourceVectors break F-10 to F-15.
func sourceVectors() []vector {
	const arn = "arn:aws:ssm:us-east-1:000000000000:parameter/prod/payments/db_password"
	const date = "2026-11-01T10:00:00.123Z"
	source := func(rule, old, with string) vector { return base().breaks(rule).swap(old, with) }
	none := base().breaks("F-10")
	none.header = head("pack") + "box DB_PASSWORD STRIPE_KEY\n\n"
	twice := base().breaks("F-10").swap(src("DB_PASSWORD"), src("DB_PASSWORD")+src("DB_PASSWORD"))
	order := base().breaks("F-10").swap(src("DB_PASSWORD")+src("STRIPE_KEY"), src("STRIPE_KEY")+src("DB_PASSWORD"))
	bytewise := pack([]pair{{"API_KEY", "a"}, {"api_key", "b"}})
	bytewise = bytewise.breaks("F-10").swap(src("API_KEY")+src("api_key"), src("api_key")+src("API_KEY"))
	checked := base().breaks("F-34")
	blindChecks := blind(pair{"ALPHA", "sample-a"}).breaks("F-34").swap("Z -\n", "Z - min_length=8\n")
	blindField := blind(pair{"ALPHA", "sample-a"}).breaks("F-15").swap("Z -\n", "Z live\n")
	return []vector{
		none.as("f10-none", "no source line"),
		twice.as("f10-twice", "a secret with two source lines"),
		order.as("f10-order", "source lines out of order"),
		bytewise.as("f10-order-of-bytes", "source lines in the order of a dictionary, not of bytes"),
		source("F-11", " text ssm", " hex ssm").as("f11-unknown", "an unknown encoding"),
		source("F-11", " text ssm", " Text ssm").as("f11-case", "an encoding in another case"),
		source("F-12", arn, "/prod/payments/db_password").as("f12-name", "a name instead of an ARN"),
		source("F-12", arn, strings.Replace(arn, ":ssm:", ":secretsmanager:", 1)).as("f12-service", "the ARN of another service"),
		source("F-12", arn, strings.Replace(arn, "000000000000", "00000000000", 1)).as("f12-account", "an account of 11 digits"),
		source("F-12", arn, arn+":7").as("f12-version", "an ARN with a version"),
		source("F-12", arn, strings.Replace(arn, "prod/payments", "prod//payments", 1)).as("f12-slashes", "two slashes in a row"),
		source("F-12", arn, strings.Replace(arn, "parameter/", "document/", 1)).as("f12-resource", "the ARN of a document"),
		source("F-13", " 7 ", " 0 ").as("f13-zero", "version 0"),
		source("F-13", " 7 ", " 07 ").as("f13-leading-zero", "a leading zero"),
		source("F-13", " 7 ", " +7 ").as("f13-plus", "a sign"),
		source("F-13", " 7 ", " 9223372036854775808 ").as("f13-great", "a version of more than 63 bits"),
		source("F-13", " 7 ", " latest ").as("f13-label", "a label"),
		source("F-14", date, "2026-11-01T10:00:00Z").as("f14-no-milliseconds", "a date without milliseconds"),
		source("F-14", date, "2026-11-01T10:00:00.123456Z").as("f14-microseconds", "a date with microseconds"),
		source("F-14", date, "2026-02-30T10:00:00.123Z").as("f14-february", "a date that does not exist"),
		source("F-14", date, "2026-02-29T10:00:00.123Z").as("f14-no-leap-year", "February 29 of a common year"),
		source("F-14", date, "2026-11-01T24:00:00.000Z").as("f14-hour", "hour 24"),
		source("F-14", date, "2026-11-01T10:00:60.000Z").as("f14-leap-second", "second 60"),
		source("F-14", date, "2026-11-01T10:00:00.123+00:00").as("f14-offset", "an offset instead of Z"),
		source("F-14", date, "2026-11-01t10:00:00.123z").as("f14-case", "t and z"),
		source("F-15", "Z -\n", "Z live..key\n").as("f15-empty-segment", "an empty segment"),
		source("F-15", "Z -\n", "Z -live\n").as("f15-dash-first", "a segment that begins with a dash"),
		source("F-15", "Z -\n", "Z live[0]\n").as("f15-bracket", "a bracket"),
		blindField.as("f15-blind", "a field in mode blind"),
		checked.swap("Z -\n", "Z - -\n").as("f34-dash", "a dash instead of no checks"),
		checked.swap("Z -\n", "Z - Min_length=8\n").as("f34-case", "a capital letter in the checks"),
		checked.swap("Z -\n", "Z - matches=^a\n").as("f34-character", "a character that is not allowed in checks"),
		checked.swap("Z -\n", "Z - "+strings.Repeat("a", 129)+"\n").as("f34-long", "129 characters of checks"),
		blindChecks.as("f34-blind", "checks in mode blind"),
	}
}

// boxVectors break F-16 to F-18.
func boxVectors() []vector {
	// of is a document of three short secrets whose box lines are given.
	of := func(rule string, lines ...string) vector {
		v := pack([]pair{{"ALPHA", "a"}, {"BETA", "b"}, {"OMEGA", "o"}})
		v.header = head("pack") + sourceLines([]string{"ALPHA", "BETA", "OMEGA"}) + strings.Join(lines, "\n") + "\n\n"
		if len(lines) == 0 {
			v.header = strings.TrimSuffix(v.header, "\n")
		}
		v.boxes = nil
		for _, line := range lines {
			var members []pair
			for _, name := range strings.Fields(line)[1:] {
				members = append(members, pair{name, "x"})
			}
			v.boxes = append(v.boxes, object(members...))
		}
		return v.breaks(rule)
	}
	ofBlind := func(lines string, boxes ...string) vector {
		v := blind(pair{"ALPHA", "a"}, pair{"BETA", "b"}).breaks("F-18")
		v.header = head("blind") + sourceLines([]string{"ALPHA", "BETA"}) + lines + "\n"
		v.boxes = boxes
		return v
	}
	return []vector{
		of("F-16").as("f16-none", "no box line"),
		of("F-16", "box ALPHA BETA").as("f16-missing", "a secret that is not in any box"),
		of("F-16", "box ALPHA BETA GAMMA OMEGA").as("f16-unknown", "a name without a source line"),
		of("F-16", "box ALPHA OMEGA", "box BETA OMEGA").as("f16-in-two-boxes", "a secret in two boxes"),
		of("F-16", "box ALPHA ALPHA BETA OMEGA").as("f16-twice-in-a-box", "a secret twice in a box"),
		of("F-16", "box ALPHA BETA", "box OMEGA 1/2").as("f16-last-part", "the last part is missing"),
		of("F-16", "box ALPHA BETA", "box OMEGA 2/2").as("f16-first-part", "the first part is missing"),
		of("F-16", "box ALPHA BETA", "box OMEGA 1/3", "box OMEGA 3/3").as("f16-middle-part", "a middle part is missing"),
		of("F-16", "box ALPHA BETA", "box OMEGA 2/2", "box OMEGA 1/2").as("f16-parts-swapped", "parts out of order"),
		of("F-16", "box ALPHA BETA", "box OMEGA 1/2", "box OMEGA 2/3").as("f16-parts-differ", "parts with different totals"),
		of("F-16", "box ALPHA 1/2", "box BETA OMEGA", "box ALPHA 2/2").as("f16-parts-apart", "parts that are not next to each other"),
		of("F-16", "box ALPHA BETA", "box OMEGA 0/1").as("f16-part-0", "part 0"),
		of("F-16", "box ALPHA BETA", "box OMEGA 1/1", "box OMEGA 2/1").as("f16-part-2-of-1", "part 2 of 1"),
		of("F-16", "box ALPHA BETA", "box OMEGA 01/1").as("f16-part-zero", "a part with a leading zero"),
		of("F-16", "box ALPHA BETA 1/1", "box OMEGA").as("f16-part-of-two", "a part of two secrets"),
		of("F-16", "box 1/1", "box ALPHA BETA OMEGA").as("f16-part-of-none", "a part of no secret"),
		of("F-16", "box ALPHA BETA OMEGA", "box OMEGA 1/1").as("f16-whole-and-part", "a secret whole and in a part"),
		of("F-17", "box ALPHA OMEGA BETA").as("f17-names", "the names of a box out of order"),
		of("F-17", "box BETA OMEGA", "box ALPHA").as("f17-boxes", "boxes out of order"),
		ofBlind("box ALPHA BETA\n", `{"ALPHA":"a","BETA":"b"}`).as("f18-two", "a blind box of two secrets"),
		ofBlind("box ALPHA\nbox BETA 1/1\n", "a", "b").as("f18-part", "a blind box of a part"),
	}
}

// filler is n bytes that begin like a ciphertext of KMS, in base64.
func filler(n int) string {
	return base64.StdEncoding.EncodeToString([]byte("\x01\x02\x02\x00\x78" + strings.Repeat("x", n-5)))
}

// ciphertextLine is base with another line for its only ciphertext.
func ciphertextLine(rule, line string) vector {
	return base().breaks(rule).lines(func([]string) []string { return []string{line} })
}

// bodyVectors break F-19 to F-21.
func bodyVectors() []vector {
	key := func(rule, arn string) vector {
		v := base().breaks(rule)
		v.key = arn
		return v
	}
	ciphertext := func(edit func(string) string) vector {
		return base().breaks("F-21").lines(func(c []string) []string { return []string{edit(c[0])} })
	}
	return []vector{
		key("F-19", "alias/prod-hello").as("f19-alias", "an alias"),
		key("F-19", "arn:aws:kms:us-east-1:000000000000:alias/prod-hello").as("f19-alias-arn", "the ARN of an alias"),
		key("F-19", strings.TrimPrefix(mainKey, keyPrefix)).as("f19-id", "an id"),
		key("F-19", strings.Replace(mainKey, ":kms:", ":ssm:", 1)).as("f19-service", "the ARN of another service"),
		key("F-19", strings.Replace(mainKey, "000000000000", "", 1)).as("f19-no-account", "a key ARN without an account"),
		key("F-19", keyPrefix+strings.Repeat("1", 129)).as("f19-long-id", "an id of 129 characters"),
		key("F-19", mainKey+"/1").as("f19-slash", "an id with a slash"),
		key("F-20", strings.Replace(mainKey, "us-east-1", "us-west-2", 1)).as("f20-region", "the key is in a different region from the sources"),
		key("F-20", strings.Replace(mainKey, "arn:aws:", "arn:aws-cn:", 1)).as("f20-partition", "the key is in a different partition from the sources"),
		base().breaks("F-20").swap("us-east-1", "eu-west-1").as("f20-one-source", "one source is in another region"),
		base().breaks("F-21").lines(func(c []string) []string { return append(c, c...) }).as("f21-more", "an extra ciphertext"),
		base().breaks("F-21").lines(func(c []string) []string { return append(c, "") }).as("f21-empty-line-at-end", "an empty line at the end"),
		pack([]pair{{"ALPHA", "a"}}, []pair{{"BETA", "b"}}).breaks("F-21").
			lines(func(c []string) []string { return c[:1] }).as("f21-less", "a missing ciphertext"),
		ciphertextLine("F-21", "").as("f21-empty", "an empty ciphertext"),
		ciphertext(func(c string) string { return c[:40] + "-" + c[41:] }).as("f21-alphabet", "the alphabet of URLs"),
		ciphertextLine("F-21", strings.TrimRight(filler(200), "=")).as("f21-padding", "no padding"),
		ciphertextLine("F-21", strings.Replace(filler(202), "eA==", "eB==", 1)).as("f21-unused-bits", "unused bits that are not zero"),
		ciphertext(func(c string) string { return c[:40] + " " + c[40:] }).as("f21-space", "a space within a ciphertext"),
		ciphertextLine("F-21", "AQICAHg=AQICAHg=").as("f21-padded-twice", "more after the padding"),
	}
}

// sealVectors were changed after sealing. KMS does not open them, and does not say why.
func sealVectors() []vector {
	tampered := func(old, with string) vector { return base().fails("tampered").after(old, with) }
	two := func() vector {
		return pack([]pair{{"ALPHA", "sample-a"}}, []pair{{"BETA", "sample-b"}}).fails("tampered")
	}
	flip := func(c string, at int) string {
		b, err := base64.StdEncoding.DecodeString(c)
		if err != nil {
			panic(err)
		}
		b[(at+len(b))%len(b)] ^= 1
		return base64.StdEncoding.EncodeToString(b)
	}
	context := func(change func(map[string]string)) vector {
		v := base().fails("tampered")
		v.context = func(_ int, pairs map[string]string) { change(pairs) }
		return v
	}
	moved := base().fails("tampered").swap("function hello", "function bye")
	moved.edit = func(d string) string { return strings.Replace(d, "function bye", "function hello", 1) }
	blindMoved := blind(pair{"ALPHA", "sample-a"}, pair{"BETA", "sample-b"}).fails("tampered").
		lines(func(c []string) []string { return []string{c[1], c[0]} })
	key := base().fails("wrong_key")
	key.sealKey, key.key = mainKey, otherKey
	dropped := two()
	dropped.edit = func(d string) string {
		at := strings.Index(d, "\nkey ") + 1
		all := strings.Split(d[at:], "\n")
		return strings.Replace(strings.Replace(d[:at], src("BETA"), "", 1), "box BETA\n", "", 1) + all[0] + "\n" + all[1] + "\n"
	}
	return []vector{
		tampered("environment prod", "environment staging").as("tampered-environment", "another environment (F-22)"),
		moved.as("tampered-function", "the boxes of another function (F-22)"),
		tampered("bundle payments", "bundle payment").as("tampered-bundle", "another bundle (F-22)"),
		tampered(" 7 2026", " 8 2026").as("tampered-version", "another version of a parameter (F-22)"),
		tampered("10:00:00.123Z", "10:00:00.124Z").as("tampered-date", "another date of a version (F-22)"),
		tampered(" text ssm", " base64 ssm").as("tampered-encoding", "another encoding (F-22)"),
		tampered("Z -\n", "Z live\n").as("tampered-field", "another field (F-22)"),
		tampered("payments/db_password", "payments/db_passwort").as("tampered-parameter", "another parameter (F-22)"),
		two().lines(func(c []string) []string { return []string{c[1], c[0]} }).as("tampered-swapped", "two boxes changed places (F-22)"),
		two().lines(func(c []string) []string { return []string{c[0], c[0]} }).as("tampered-doubled", "one box in the place of another (F-22)"),
		dropped.as("tampered-dropped", "a secret and its box were taken out (F-22)"),
		blindMoved.as("tampered-blind-swapped", "two blind boxes changed places (F-22)"),
		two().lines(func(c []string) []string { return []string{c[0], flip(c[1], -1)} }).as("tampered-tag", "a bit of the last byte of a ciphertext"),
		two().lines(func(c []string) []string { return []string{c[0], flip(c[1], 150)} }).as("tampered-text", "a bit within a ciphertext"),
		two().lines(func(c []string) []string { return []string{c[0], "AQICAHg="} }).as("tampered-short", "a ciphertext of five bytes"),
		two().lines(func(c []string) []string {
			return []string{c[0], base64.StdEncoding.EncodeToString([]byte(sample(200)))}
		}).as("tampered-foreign", "a ciphertext that KMS did not make"),
		context(func(p map[string]string) { delete(p, "bundle:box") }).as("context-without-box", "sealed without the box's number (F-22)"),
		context(func(p map[string]string) { p["bundle:secret"] = "DB_PASSWORD" }).as("context-with-secret", "sealed in mode pack with a secret's name (F-22)"),
		context(func(p map[string]string) { p["note"] = "x" }).as("context-with-more", "sealed with an extra pair (F-22)"),
		context(func(p map[string]string) { p["bundle:box"] = "0/1" }).as("context-from-0", "boxes counted from 0 (F-22)"),
		context(func(p map[string]string) { p["bundle:function"] = "hello" }).as("context-function-alone", "the function without the bundle (F-22)"),
		context(func(p map[string]string) { p["bundle:function"] = "payments/payments-prod-hello" }).as("context-lambda-name", "Lambda's name for the function (F-22)"),
		context(func(p map[string]string) { p["bundle:document"] = strings.ToUpper(p["bundle:document"]) }).as("context-capitals", "the digest in capitals (F-22)"),
		context(func(p map[string]string) { clear(p) }).as("context-empty", "sealed without a context (F-22)"),
		key.as("wrong-key", "the key line names a different key from the one that sealed (F-31)"),
	}
}

// contentVectors have ciphertexts that open, but invalid content.
func contentVectors() []vector {
	box := func(plaintext string) vector { return base().fails("tampered").withBox(plaintext) }
	const good = `{"DB_PASSWORD":"x","STRIPE_KEY":"y"}`
	short := parts("TLS_KEY", sample(5000)).fails("tampered")
	short.boxes = []string{sample(4095), sample(905)}
	invalid := parts("TLS_KEY", sample(5000)).fails("tampered")
	invalid.boxes[1] = sample(100) + "\xc3"
	utf16 := "\xff\xfe"
	for _, c := range good {
		utf16 += string(c) + "\x00"
	}
	return []vector{
		box("sample").as("f24-text", "not JSON"),
		box(`["DB_PASSWORD","STRIPE_KEY"]`).as("f24-array", "an array"),
		box(`null`).as("f24-null", "null"),
		box(good+"x").as("f24-more", "more after the object"),
		box(good+good).as("f24-two-objects", "two objects"),
		box(good[:len(good)-1]).as("f24-cut", "the object is truncated"),
		box(`{"DB_PASSWORD":"x","STRIPE_KEY":"y",}`).as("f24-comma", "an extra comma"),
		box(`{'DB_PASSWORD':'x','STRIPE_KEY':'y'}`).as("f24-quotes", "single quotes"),
		box(`{"DB_PASSWORD":"x","STRIPE_KEY":7}`).as("f24-number", "a number instead of a string"),
		box(`{"DB_PASSWORD":"x","STRIPE_KEY":null}`).as("f24-null-member", "null instead of a string"),
		box(`{"DB_PASSWORD":"x","STRIPE_KEY":{"a":"b"}}`).as("f24-object-member", "an object instead of a string"),
		box(`{"DB_PASSWORD":"x"}`).as("f24-less", "a secret is missing"),
		box(`{"DB_PASSWORD":"x","EXTRA":"z","STRIPE_KEY":"y"}`).as("f24-extra", "an extra secret"),
		box(`{"DB_PASSWORD":"x","STRIPE_KEYS":"y"}`).as("f24-other", "a secret with another name"),
		box(`{"DB_PASSWORD":"x","stripe_key":"y"}`).as("f24-case", "a secret in another case"),
		box(`{"DB_PASSWORD":"x","STRIPE_KEY":"y","STRIPE_KEY":"z"}`).as("f24-twice", "a duplicate name"),
		box("\ufeff"+good).as("f24-byte-order-mark", "a byte order mark before the object"),
		box(utf16).as("f24-utf-16", "UTF-16"),
		box("{\"DB_PASSWORD\":\"x\xff\",\"STRIPE_KEY\":\"y\"}").as("f24-no-utf-8", "a string that is not UTF-8"),
		box("{\"DB_PASSWORD\":\"x\ny\",\"STRIPE_KEY\":\"y\"}").as("f24-bare-control", "a line feed that is not escaped"),
		short.as("f25-short-part", "a part that is too short"),
		invalid.as("f28-parts", "parts that are not UTF-8 together"),
		box(`{"DB_PASSWORD":"x\ud800","STRIPE_KEY":"y"}`).as("f28-high-surrogate", "the first half of a surrogate pair: not UTF-8 (F-28)"),
		box(`{"DB_PASSWORD":"x","STRIPE_KEY":"\udc00\ud800"}`).as("f28-low-surrogate", "a surrogate pair in the wrong order (F-28)"),
		box(`{"DB_PASSWORD":"","STRIPE_KEY":"y"}`).as("f28-empty", "an empty value"),
		blind(pair{"ALPHA", "sample \xff"}).fails("tampered").as("f28-blind", "a blind value that is not UTF-8"),
	}
}

// serviceVectors fail because of KMS, the connection to it, or the use of a value.
func serviceVectors() []vector {
	key := func(arn, code string) vector {
		v := base().fails(code)
		v.key = arn
		return v
	}
	real := base().fails("bad_endpoint")
	real.header = strings.ReplaceAll(real.header, "000000000000", "222222222222")
	real.key = strings.Replace(mainKey, "000000000000", "222222222222", 1)
	endpoint := func(url string) vector { return base().fails("bad_endpoint").with("AWS_ENDPOINT_URL_KMS=" + url) }
	env := func(code, name, value string) vector {
		v := pack([]pair{{name, value}}).fails(code).calling("env")
		return v
	}
	nul := env("bad_value", "DB_PASSWORD", "x").withBox(`{"DB_PASSWORD":"a\u0000b"}`)
	readable := pack([]pair{{"NODE_OPTIONS", "--sample"}}).calling("get NODE_OPTIONS")
	bytesBad := pack([]pair{{"TLS_KEY", "not base64"}}).swap(" text ssm", " base64 ssm").fails("bad_value").calling("bytes TLS_KEY")
	return []vector{
		key(offKey, "key_unusable").as("key-disabled", "the key is disabled"),
		key(absentKey, "key_unusable").as("key-absent", "there is no such key"),
		key(deniedKey, "access_denied").as("key-denied", "the key's policy denies kms:Decrypt"),
		base().fails("bad_endpoint").less("AWS_ENDPOINT_URL_KMS").as("endpoint-none", "a document of the embedded AWS, without an endpoint (F-33)"),
		endpoint("").as("endpoint-empty", "an empty endpoint counts as unset (F-33)"),
		endpoint("http://192.0.2.1:4566").as("endpoint-far", "a document of the embedded AWS, with an endpoint that is not loopback (F-33)"),
		endpoint("https://kms.us-east-1.amazonaws.com").as("endpoint-aws", "a document of the embedded AWS, with an endpoint of AWS (F-33)"),
		endpoint("http://localhost.example.com").as("endpoint-localhost-prefix", "a host that begins with localhost"),
		endpoint("http://127.0.0.1.example.com").as("endpoint-address-prefix", "a host that begins with a loopback address"),
		endpoint("http://127.0.0.1@192.0.2.1").as("endpoint-user", "a loopback address as the user name"),
		endpoint("http://127.0.0.1:9/kms").as("endpoint-path", "an endpoint with a path"),
		endpoint("127.0.0.1:9").as("endpoint-no-scheme", "an endpoint without a scheme"),
		endpoint("file:///127.0.0.1").as("endpoint-scheme", "an endpoint with another scheme"),
		real.with("AWS_ENDPOINT_URL_KMS=http://192.0.2.1:4566").as("endpoint-plain", "plain HTTP to another machine, for a key of AWS"),
		base().fails("credentials").less("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY").as("credentials-none", "no credentials"),
		base().fails("credentials").less("AWS_SECRET_ACCESS_KEY").as("credentials-half", "an id without a key"),
		base().fails("credentials").with("AWS_SECRET_ACCESS_KEY=not-the-key").as("credentials-wrong", "a wrong secret access key"),
		base().fails("credentials").less("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY").with("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/credentials").
			as("credentials-far", "a container endpoint that is plain HTTP to another machine"),
		base().fails("credentials").less("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY").with("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=credentials").
			as("credentials-relative", "a path at the container endpoint without a slash"),
		base().fails("credentials").less("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY").
			with("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@192.0.2.1/", "AWS_CONTAINER_CREDENTIALS_FULL_URI={endpoint}/credentials").
			as("credentials-relative-host", "a path that is another host; it goes first"),
		base().fails("credentials").less("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY").
			with("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/credentials", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9").
			as("credentials-relative-in-lambda", "a path at the container endpoint, which Lambda does not have"),
		base().fails("credentials").less("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY").
			with("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/credentials", "AWS_LAMBDA_HTTP_ENDPOINT=127.0.0.1:9").
			as("credentials-relative-in-web-function", "the same in a Web Function, which is inside Lambda"),
		env("reserved_variable", "NODE_OPTIONS", "--sample").as("env-node-options", "a variable that a loader reads"),
		env("reserved_variable", "AWS_REGION", "eu-west-1").as("env-aws", "a variable of AWS"),
		env("reserved_variable", "Path", "/tmp").as("env-path-case", "a reserved name in another case"),
		env("reserved_variable", "corp_proxy", "http://192.0.2.1").as("env-proxy", "a proxy"),
		env("reserved_variable", "LD_PRELOAD", "/tmp/x.so").as("env-preload", "a library to load"),
		env("reserved_variable", "AWS_CONFIG_FILE", "/tmp/config").as("env-aws-config", "a variable that AWS SDKs read"),
		env("reserved_variable", "aws_endpoint_url_s3", "http://192.0.2.1").as("env-aws-endpoint", "an endpoint, in another case"),
		pack([]pair{{"AWS_COGNITO_CLIENT_SECRET", "sample"}}).calling("env").as("ok-env-aws-free", "a name that begins with AWS_ and means nothing to AWS"),
		pack([]pair{{"JAVA_OPTS", "sample"}}).calling("env").as("ok-env-build-refuses", "a name that the build refuses without allow_reserved, and helpers do not (docs/names.md)"),
		pack([]pair{{"LAMBDA_KEY", "sample"}}).calling("env").as("ok-env-lambda", "a name that begins with LAMBDA_ and means nothing to Lambda"),
		readable.as("ok-get-reserved", "a reserved name can be read by name"),
		nul.as("env-nul", "a NUL in a value for an environment variable"),
		bytesBad.as("bytes-no-base64", "bytes of a value that is not base64"),
	}
}
