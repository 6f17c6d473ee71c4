package awslocal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// mostValue is the largest value of a parameter, in the advanced tier
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html).
const mostValue = 8192

// explained is an error of Parameter Store in other words, with what to do.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// ExplainPut returns an error of PutParameter with what to do about it, if that is known. It does not quote the value.
func ExplainPut(err error, name, value, key string) error {
	var answer *call.Error
	if !errors.As(err, &answer) {
		return err
	}
	text := ""
	switch answer.Code {
	case "InvalidKeyId":
		text = "a key is an alias such as alias/NAME, a key ID or an ARN. To create one: bundle local key alias/NAME"
		if strings.HasPrefix(key, "alias/") {
			text = fmt.Sprintf("there is no key %s. Create it with bundle local key %s, or add it to the keys of the sample file", key, key)
		}
	case "HierarchyTypeMismatchException":
		text = fmt.Sprintf("the parameter has another type. To change it, delete the parameter first: bundle local rm %s", name)
	case "AccessDeniedException", "ValidationException":
		text = invalidPut(name, value)
	}
	if text == "" {
		return err
	}
	return &explained{fmt.Sprintf("%s (%s)", text, answer.Code), err}
}

// ExplainSecret returns an error of a call that stores a secret, with what to do about it, if that is known.
func ExplainSecret(err error, key string) error {
	var answer *call.Error
	if !errors.As(err, &answer) || answer.Code != "EncryptionFailure" || !strings.HasPrefix(key, "alias/") {
		return err
	}
	return &explained{fmt.Sprintf("there is no key %s that can be used. Create it with bundle local key %s, or add it to the keys of the sample file (%s)",
		key, key, answer.Code), err}
}

// invalidPut says what is wrong with a name or a value, and what to write instead; "" for nothing that it knows.
func invalidPut(name, value string) string {
	path := strings.ToLower(strings.TrimPrefix(name, "/"))
	switch {
	case value == "":
		return "Parameter Store has no empty values. Give the parameter a value, or leave it out"
	case len(value) > mostValue:
		return fmt.Sprintf("the value has more than %d characters, which is the most for a parameter. Divide it among several", mostValue)
	case strings.HasPrefix(path, "aws"), strings.HasPrefix(path, "ssm"):
		return "names that begin with aws or ssm belong to AWS. Begin the name with another word"
	case strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/") != "":
		return "the name has other characters than the letters A to Z and a to z, digits and _ . - /"
	case strings.HasSuffix(name, "/"), strings.Contains(name, "//"):
		return "a part of the name is empty. Write a word behind each slash"
	case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
		return fmt.Sprintf("a name with a slash begins with one. Write /%s", name)
	}
	return ""
}
