package secret

import (
	"errors"
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/arn"
)

// Limits of Secrets Manager.
const (
	// MaxSecretName is the largest length of a secret's name in characters.
	//
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
	MaxSecretName = 512

	// MaxStage is the largest length of a stage in characters.
	//
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
	MaxStage = 256

	// MinVersionID and MaxVersionID are how many characters the ID of a version has. It is the
	// ClientRequestToken of whoever wrote the version, and usually, but not always, a UUID.
	//
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
	MinVersionID = 32
	MaxVersionID = 64
)

// The stages that Secrets Manager moves itself:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
const (
	StageCurrent = "AWSCURRENT" // of the version to use, and the default
	StagePending = "AWSPENDING" // of the version that a rotation is making
)

// ParseSecretRef makes a reference to a secret of Secrets Manager from its name, and the
// stage or the ID of a version. Without either, it is to the version at [StageCurrent].
// It reports everything that is wrong, as the three functions that it calls:
// [CheckSecretName], [CheckStage] and [CheckVersionID].
//
// A name is kept as it is: with a leading slash, it is that of another secret.
func ParseSecretRef(name, stage, id string) (Ref, error) {
	ref := Ref{Store: SecretsManager, Name: name, Selector: stage, ID: id}
	if stage == "" && id == "" {
		ref.Selector = StageCurrent
	}
	problems := []error{CheckSecretName(name)}
	if stage != "" {
		problems = append(problems, CheckStage(stage))
	}
	if id != "" {
		problems = append(problems, CheckVersionID(id))
	}
	if err := errors.Join(problems...); err != nil {
		return Ref{}, err
	}
	return ref, nil
}

// CheckSecretName refuses what cannot be the name of a secret, and ARNs and references of
// other tools, which the remedy takes apart. Its errors are of type *RefError.
//
// The rules are those of
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html, and
// "!", which is in the names of secrets that other services own:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
func CheckSecretName(name string) error {
	refuse := func(reason, remedy string) error {
		return &RefError{What: "secret", Ref: shownSecret(name), Reason: reason, Remedy: remedy}
	}
	const example = "write the secret's name, such as \"prod/db\""
	elsewhere, known := readElsewhere(name)
	low := strings.ToLower(name)
	switch {
	case name == "":
		return refuse(noName, example)
	case known:
		return refuse(elsewhere.what, elsewhere.remedy())
	case strings.HasPrefix(low, "{{resolve:ssm"):
		return refuse("refers to Parameter Store", "write parameter = \"NAME\" in place of secretsmanager, without the braces")
	case arn.Looks(low):
		return refuse("is an ARN", example+"; secrets are read from the environment's own account and region")
	case strings.Contains(name, "{{"):
		return refuse("contains an unfilled placeholder", "write ${…} for a value of the manifest")
	case strings.ContainsAny(name, " \t\r\n"):
		return refuse("contains white space", "remove it: Secrets Manager does not allow it in names")
	case strings.Contains(name, ":"):
		return refuse("contains a colon", elsewhere.remedy())
	}
	for _, c := range name {
		if !isSecretChar(c) {
			return refuse(fmt.Sprintf("contains %q", c), "use letters, digits and \"/\", \"_\", \"+\", \"=\", \".\", \"@\", \"-\" and \"!\" only")
		}
	}
	if len(name) > MaxSecretName {
		return refuse(fmt.Sprintf("is %d characters long", len(name)), fmt.Sprintf("a name has at most %d characters", MaxSecretName))
	}
	return nil
}

// CheckStage refuses a stage that no version can have, and the one of a rotation that has
// not finished. Its errors are of type *RefError.
func CheckStage(stage string) error {
	refuse := func(reason, remedy string) error {
		return &RefError{What: "stage", Ref: shown(stage), Reason: reason, Remedy: remedy}
	}
	const example = "write a stage such as \"AWSCURRENT\""
	switch {
	case stage == "":
		return refuse(noName, example)
	case stage == StagePending:
		return refuse("is that of a version that a rotation is making: it may have no value, is not tested, and may never be used",
			"write version_stage = \"AWSCURRENT\", or leave it out")
	case strings.TrimSpace(stage) != stage:
		return refuse("begins or ends with white space", "remove it")
	case strings.Contains(stage, "{{"):
		return refuse("contains an unfilled placeholder", "write ${…} for a value of the manifest")
	case len([]rune(stage)) > MaxStage:
		return refuse(fmt.Sprintf("is %d characters long", len([]rune(stage))), fmt.Sprintf("a stage has at most %d characters", MaxStage))
	}
	return nil
}

// CheckVersionID refuses what cannot be the ID of a secret's version. Its errors are of
// type *RefError.
func CheckVersionID(id string) error {
	refuse := func(reason, remedy string) error {
		return &RefError{What: "version ID", Ref: shown(id), Reason: reason, Remedy: remedy}
	}
	number := id != "" && strings.Trim(id, "0123456789") == ""
	for _, c := range id {
		if !isNameChar(c) {
			return refuse(fmt.Sprintf("contains %q", c), "an ID has letters, digits, \".\", \"-\" and \"_\" only; for a stage, write version_stage")
		}
	}
	switch n := len(id); {
	case n < MinVersionID && number:
		return refuse("is a number", "Secrets Manager does not number versions: write the ID of one, or version_stage = \"…\"")
	case n < MinVersionID:
		return refuse(fmt.Sprintf("is %d characters long", n),
			fmt.Sprintf("an ID has %d to %d characters, such as those of a UUID; for a stage, write version_stage", MinVersionID, MaxVersionID))
	case n > MaxVersionID:
		return refuse(fmt.Sprintf("is %d characters long", n), fmt.Sprintf("an ID has %d to %d characters", MinVersionID, MaxVersionID))
	}
	return nil
}

func isSecretChar(c rune) bool { return isNameChar(c) || strings.ContainsRune("/+=@!", c) }

// shownSecret is [shown] for the name of a secret. It also shows the names of secrets that
// AWS services own, such as "rds!cluster-1", but no others with signs that are usual in
// passwords.
func shownSecret(s string) string {
	if service, rest, owned := strings.Cut(s, "!"); owned && service != "" && strings.Trim(service, "abcdefghijklmnopqrstuvwxyz-") == "" {
		if shown(rest) != "" {
			return clip(s)
		}
		return ""
	}
	return shown(s)
}
