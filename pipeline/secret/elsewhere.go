package secret

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/arn"
)

// An elsewhere is a reference to a secret of Secrets Manager as other tools write it.
type elsewhere struct {
	text  string // as written
	what  string // it is, as the end of a sentence
	name  string
	whole string // the name if it was a partial ARN; "" if it was not
	field string
	stage string
	id    string
	part  string // that is a field or a stage: which of them is not known
}

// parameterPath is what the references of Parameter Store to secrets begin with:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
const parameterPath = "/aws/reference/secretsmanager/"

// readElsewhere takes apart what people copy from other places: an ARN, perhaps with what
// ECS adds to it, a dynamic reference of CloudFormation, and a reference of Parameter
// Store. It returns false for everything else, and then reads only the parts between
// colons.
//
//   - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
//   - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
func readElsewhere(s string) (elsewhere, bool) {
	const dynamic = "{{resolve:secretsmanager:"
	if len(s) > len(parameterPath) && strings.EqualFold(s[:len(parameterPath)], parameterPath) {
		e := elsewhere{text: s, what: "is a reference of Parameter Store to Secrets Manager"}
		var version string
		if e.name, version, _ = strings.Cut(s[len(parameterPath):], ":"); looksLikeID(version) {
			e.id = version
		} else {
			e.stage = version
		}
		return e, true
	}
	if rest, ok := strings.CutPrefix(s, dynamic); ok {
		e := elsewhere{text: s, what: "is a dynamic reference of CloudFormation"}
		e.read(strings.TrimSuffix(rest, "}}"))
		return e, true
	}
	e := elsewhere{text: s}
	e.read(s)
	if a, ok := arn.Parse(s); ok && a.Service == SecretsManager.String() && strings.HasPrefix(a.Resource, "secret:") {
		e.what = "is an ARN"
		return e, true
	}
	return e, false
}

// read reads NAME:PART, NAME:FIELD:STAGE:ID or NAME:SecretString:FIELD:STAGE:ID, each with
// fewer parts at its end, and with an ARN in place of the name.
func (e *elsewhere) read(s string) {
	const arnParts = 7
	parts := strings.Split(s, ":")
	if e.name = parts[0]; arn.Looks(s) && len(parts) >= arnParts {
		e.name, parts = parts[arnParts-1], parts[arnParts-1:]
		if name, cut := withoutSuffix(e.name); cut {
			if e.name = name; !random(parts[0][len(name)+1:]) {
				e.whole = parts[0]
			}
		}
	}
	parts = parts[1:]
	kind := len(parts) > 0 && (parts[0] == "SecretString" || parts[0] == "SecretBinary")
	if kind {
		parts = parts[1:]
	}
	switch {
	case len(parts) == 1 && looksLikeID(parts[0]):
		e.id = parts[0]
	case len(parts) == 1 && strings.HasPrefix(parts[0], "AWS"):
		e.stage = parts[0]
	case len(parts) == 1 && !kind:
		e.part = parts[0]
	default:
		for i, to := range []*string{&e.field, &e.stage, &e.id} {
			if i < len(parts) {
				*to = parts[i]
			}
		}
	}
}

// remedy returns the lines to write, as far as they are known and valid.
func (e elsewhere) remedy() string {
	if err := CheckSecretName(e.name); err != nil || shownSecret(e.text) == "" || shownSecret(e.name) == "" {
		return "write the name alone, secretsmanager = \"NAME\", and field, version_stage or version_id on lines of their own"
	}
	lines := []string{fmt.Sprintf("secretsmanager = %q", e.name)}
	add := func(attribute, value string, ok bool) {
		switch {
		case ok && value != "":
			lines = append(lines, fmt.Sprintf("%s = %q", attribute, value))
		case value != "":
			lines = append(lines, attribute+" = \"…\"")
		}
	}
	if plain := !strings.ContainsFunc(e.field, func(c rune) bool { return !isNameChar(c) || c == '.' }); plain || shown(e.field) == "" {
		add("field", e.field, plain)
	} else { // one key, which as a string would be a path
		lines = append(lines, fmt.Sprintf("field = [%q]", e.field))
	}
	if e.id == "" && e.stage != StageCurrent { // an ID alone says which version; the stage is the default
		add("version_stage", e.stage, CheckStage(e.stage) == nil)
	}
	add("version_id", e.id, CheckVersionID(e.id) == nil)
	remedy := "write " + listed(lines)
	if len(lines) > 1 {
		remedy += ", each on a line of its own"
	}
	switch {
	case e.part != "" && shown(e.part) != "":
		remedy += fmt.Sprintf(", and field = %q or version_stage = %q, whichever is meant, on a line of its own", clip(e.part), clip(e.part))
	case e.part != "":
		remedy += ", and field or version_stage on a line of its own"
	}
	if e.whole != "" {
		remedy += fmt.Sprintf(", or %q if the ARN lacks the six random characters that AWS ends it with", e.whole)
	}
	if strings.Contains(e.what, "ARN") {
		remedy += "; secrets are read from the environment's own account and region"
	}
	return remedy
}

// listed joins strings with commas and "and".
func listed(all []string) string {
	last := len(all) - 1
	if last == 0 {
		return all[0]
	}
	return strings.Join(all[:last], ", ") + " and " + all[last]
}

// suffix is how many random characters Secrets Manager adds to a name, after a hyphen, to
// make the ARN of a secret.
const suffix = 6

// withoutSuffix cuts a hyphen and six letters or digits from the end of a name.
func withoutSuffix(name string) (string, bool) {
	i := len(name) - suffix - 1
	if i < 1 || name[i] != '-' || strings.ContainsFunc(name[i+1:], func(c rune) bool { return !isNameChar(c) || strings.ContainsRune(".-_", c) }) {
		return name, false
	}
	return name[:i], true
}

// random reports whether the end of an ARN is no word, word with a number, or number.
// AWS makes it of letters of both cases and digits, so that few are.
func random(end string) bool {
	end = strings.TrimRight(end, "0123456789")
	return end != "" && end != strings.ToUpper(end) && end[1:] != strings.ToLower(end[1:]) || strings.ContainsAny(end, "0123456789")
}

// CopiedSuffix reports whether a name probably ends with the six random characters of an
// ARN, which the console shows and no request takes, and returns the name without them:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
//
// It is a guess: a name can end so.
func CopiedSuffix(name string) (string, bool) {
	without, cut := withoutSuffix(name)
	return without, cut && random(name[len(without)+1:])
}

// looksLikeID reports whether a string is a UUID, or as long as the ID of a version and
// with a digit in it.
func looksLikeID(s string) bool {
	return CheckVersionID(s) == nil && strings.ContainsAny(s, "0123456789")
}

// DoubtStage returns what a stage probably should have been, as a sentence without its
// period, or "". Stages are free text, so that it is a guess.
func DoubtStage(stage string) string {
	for _, known := range []string{StageCurrent, StagePending, "AWSPREVIOUS"} {
		if stage != known && strings.EqualFold(stage, known) {
			return fmt.Sprintf("it differs only in case from %q, and stages are compared with their case", known)
		}
	}
	if looksLikeID(stage) {
		return "it looks like the ID of a version, for which there is version_id"
	}
	return ""
}
