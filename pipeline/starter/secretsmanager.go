package starter

import (
	"net/url"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/secret"
)

// ssmReference begins the names under which Parameter Store has the secrets of Secrets
// Manager.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
const ssmReference = "/aws/reference/secretsmanager/"

// throughParameters returns what is known of a secret that the source reads through
// Parameter Store: NAME, NAME:STAGE or NAME:VERSION-ID.
func throughParameters(t Text, region string) value {
	whole, holes := punched(t)
	name, version, _ := strings.Cut(strings.TrimPrefix(whole, ssmReference), ":")
	if secret.CheckVersionID(version) == nil {
		return secretOf(name, holes, region, "", "", version)
	}
	return secretOf(name, holes, region, "", version, "")
}

// dynamicSecret returns what is known of a dynamic reference to a secret, of which s is
// ID:SecretString:KEY:STAGE:VERSION-ID. Parts at its end may be missing.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
func dynamicSecret(s string, holes Text) value {
	id, parts := identified(s)
	kind := ""
	if len(parts) > 0 {
		kind, parts = strings.TrimSpace(parts[0]), parts[1:]
	}
	const most = 3 // KEY, STAGE and VERSION-ID
	switch {
	case len(parts) > most:
		return not("its dynamic reference has too many parts; write ID:SecretString:KEY:STAGE:VERSION-ID")
	case kind != "" && kind != "SecretString" && kind != "SecretBinary":
		return not("its dynamic reference does not have SecretString after the secret's name; write ID:SecretString:KEY")
	}
	v := secretByID(id, holes, parts)
	if v.binary = kind == "SecretBinary"; v.binary && len(v.field) > 0 {
		return not("it is a field of a SecretBinary, which has no fields")
	}
	return v
}

// secretByID returns what is known of a secret whose ID is a name or an ARN, given its
// KEY, STAGE and VERSION-ID, of which those at the end may be missing.
func secretByID(id string, holes Text, parts []string) value {
	var of [3]string
	copy(of[:], parts)
	name, region, account := id, "", ""
	if a := strings.SplitN(id, ":", arnParts); len(a) == arnParts && strings.HasPrefix(id, "arn:") {
		if a[2] != "secretsmanager" || a[5] != "secret" {
			return not("its ARN is not that of a secret of Secrets Manager")
		}
		name, region, account = a[6], a[3], a[4]
	}
	v := secretOf(name, holes, "", of[0], of[1], of[2])
	if v.kind != fromStore || name == id {
		return v
	}
	return v.fromARN(name, holes, region, account)
}

// arnParts is how many parts the ARN of a secret has: arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX.
const arnParts = 7

// identified separates the ID of a secret, which is a name or an ARN, from the parts that
// follow it.
func identified(s string) (id string, parts []string) {
	s = strings.TrimSpace(s)
	n := 1
	if strings.HasPrefix(s, "arn:") {
		n = arnParts
	}
	all := strings.Split(s, ":")
	n = min(n, len(all))
	return strings.Join(all[:n], ":"), all[n:]
}

// secretOf returns a secret, if its field and its version are in the source.
func secretOf(name string, holes Text, region, key, stage, version string) value {
	v := value{kind: fromStore, text: fill(strings.TrimSpace(name), holes), region: region}
	v.store = secret.SecretsManager
	for _, part := range []struct {
		what string
		text string
		to   *string
	}{{"field", key, &key}, {"stage", stage, &v.stage}, {"version ID", version, &v.version}} {
		s, ok := fill(strings.TrimSpace(part.text), holes).plain()
		if !ok {
			return not("the " + part.what + " of " + v.called() + " is not in the source; write the " + part.what + " itself")
		}
		*part.to = s
	}
	if key != "" {
		v.field = []string{key}
	}
	switch {
	case v.stage == secret.StageCurrent:
		v.stage = ""
	case v.stage != "" && v.version != "":
		return not("it names both a stage and the ID of a version of " + v.called() + "; write one of them")
	}
	return v
}

// fromARN removes from a secret what its ARN adds to the name.
func (v value) fromARN(name string, holes Text, region, account string) value {
	if known, ok := strings.CutSuffix(name, anySuffix); ok {
		v.text = fill(known, holes)
	} else if short, suffix, ok := ended(name); ok {
		if _, random := secret.CopiedSuffix(name); !random {
			return not("its ARN ends in " + shown(suffix) + ", which is a part of the name, or what AWS adds to it; write the secret's name instead of its ARN")
		}
		v.text = fill(short, holes)
		v.remarks = append(v.remarks, "its ARN ends in "+shown(suffix)+", which is taken for what AWS adds to the name; if it is a part of the name, add it")
	}
	of := fill(region, holes)
	if plain, ok := of.plain(); ok {
		v.region = plain
	} else if !isOwnRegion(of) {
		v.remarks = append(v.remarks, "the source names its region with a variable; it must be in the environment's region")
	}
	if plain, ok := fill(account, holes).plain(); ok && plain != "" {
		v.account = plain
	}
	return v
}

// anySuffix stands for the six characters that AWS adds to the name of a secret in the
// ARN of one that a template makes.
const anySuffix = "-??????"

// ended separates a hyphen and six letters or digits from the end of a name in an ARN.
func ended(name string) (short, suffix string, ok bool) {
	at := len(name) - len(anySuffix)
	if at < 1 || name[at] != '-' || strings.ContainsFunc(name[at+1:], func(c rune) bool { return c > 0x7f || !isWord(byte(c)) }) {
		return name, "", false
	}
	return name[:at], name[at:], true
}

// isOwnRegion reports whether a string is the region that the source is deployed to.
func isOwnRegion(t Text) bool {
	return len(t) == 1 && t[0].open != nil && (t[0].open.from == "AWS::Region" || t[0].open.from == "${aws:region}")
}

// ownReader is why a variable with the ARN of a secret is no secret: the program reads it.
func ownReader(v value) string {
	write := "its name"
	if v.kind == fromStore && v.check(v.text.in(LocalEnvironment)) == nil {
		write = "secretsmanager = " + v.text.hcl()
		if len(v.field) > 0 && v.refusedField() == "" {
			write += " and field = " + v.writtenField()
		}
	}
	return "it is the ARN of a secret that the program reads itself; to have the value in the layer, add a secret with " + write
}

var (
	secretARN = lazyregexp.New(`^arn:[^:\s]+:secretsmanager:[^:\s]*:[^:\s]*:secret:\S+$`)

	// asked matches the requests to the AWS Parameters and Secrets Lambda Extension.
	//
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html
	asked = lazyregexp.New(`http://(?:localhost|127\.0\.0\.1)(?::[^/?]*)?/(secretsmanager/get|systemsmanager/parameters/get)/?\?([^#\s]*)`)
)

// configuresExtension reports whether the extension reads a variable.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html
func configuresExtension(name string) bool {
	return strings.HasPrefix(name, "PARAMETERS_SECRETS_EXTENSION_") || slices.Contains([]string{"SECRETS_MANAGER_TTL", "SSM_PARAMETER_STORE_TTL",
		"SECRETS_MANAGER_TIMEOUT_MILLIS", "SSM_PARAMETER_STORE_TIMEOUT_MILLIS"}, name)
}

// byProgram returns what is known of a variable with whose value a program reads a secret
// or a parameter: the ARN of a secret, or a request to the extension. Other values it
// returns as they are.
func byProgram(v value) value {
	if v.kind != known || v.outside != "" {
		return v
	}
	whole, holes := punched(v.text)
	if len(holes) > int(lastHole-firstHole) {
		return v
	}
	if secretARN.MatchString(whole) {
		id, parts := identified(whole)
		return not(ownReader(secretByID(id, holes, parts)))
	}
	if m := asked.FindStringSubmatch(whole); m != nil && m[0] == whole {
		return throughExtension(m[1], m[2], holes)
	}
	return v
}

// throughExtension returns what is known of a value that a program asks the extension for.
func throughExtension(service, query string, holes Text) value {
	of, err := url.ParseQuery(query)
	if err != nil {
		return not("it is a request to the AWS Parameters and Secrets extension that cannot be read")
	}
	var v value
	if service == "secretsmanager/get" {
		v = secretByID(of.Get("secretId"), holes, []string{"", of.Get("versionStage"), of.Get("versionId")})
	} else {
		name := of.Get("name")
		if version := of.Get("version") + of.Get("label"); version != "" {
			name += ":" + version
		}
		v = fromParameters(fill(name, holes), "")
	}
	if v.kind == fromStore {
		v.remarks = append(v.remarks, "in the source, it is a request to the AWS Parameters and Secrets extension; the program has to take the secret instead")
	}
	return v
}
