package dotenv

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// An EncryptedError reports a file whose values are encrypted.
type EncryptedError struct {
	Program string // that encrypted it
	format  string // of the file for sops: "json" or "yaml"; "" for a dotenv file
}

// Error says what encrypted the file.
func (e *EncryptedError) Error() string { return "its values are encrypted with " + e.Program }

// Describe returns what is wrong with a file, for an error of this package, and what to
// do. into is the command that a decrypted file is piped into.
func Describe(file, into string, err error) string {
	var encrypted *EncryptedError
	switch {
	case errors.As(err, &encrypted) && encrypted.Program == gitCrypt:
		return fmt.Sprintf("%v. Decrypt the whole working copy first: %s", err, encrypted.Remedy(file, into))
	case encrypted != nil:
		return fmt.Sprintf("%v. Decrypt it into a pipe, so that no file has the values: %s", err, encrypted.Remedy(file, into))
	}
	return err.Error()
}

// Remedy returns the commands that decrypt a file, and pipe it into another one.
func (e *EncryptedError) Remedy(file, into string) string {
	file = quoted(file)
	var decrypt string
	switch e.Program {
	case sops: // its dotenv output quotes nothing
		decrypt = fmt.Sprintf("sops decrypt --input-type %s --output-type json %s", cmp.Or(e.format, "dotenv"), file)
	case dotenvx:
		decrypt = "dotenvx decrypt --stdout -f " + file
	case vault:
		decrypt = `npx dotenv-vault local decrypt "$DOTENV_KEY"`
	case "Ansible Vault":
		decrypt = "ansible-vault view " + file
	case gitCrypt:
		return "git-crypt unlock"
	case "age":
		decrypt = "age --decrypt --identity KEY_FILE " + file
	default:
		decrypt = "gpg --decrypt " + file
	}
	return decrypt + " | " + into
}

var plainName = lazyregexp.New(`^[A-Za-z0-9_./+@%:,-]+$`)

// quoted returns the name of a file as a shell takes it.
func quoted(file string) string {
	if plainName.MatchString(file) {
		return file
	}
	return "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"
}

const (
	sops     = "sops"
	dotenvx  = "dotenvx"
	vault    = "dotenv-vault"
	gitCrypt = "git-crypt"
)

// envelopes are how files begin that are encrypted as a whole.
var envelopes = []struct{ begins, program string }{
	{"$ANSIBLE_VAULT;", "Ansible Vault"},
	{"\x00GITCRYPT\x00", gitCrypt},
	{"age-encryption.org/", "age"},
	{"-----BEGIN AGE ENCRYPTED FILE-----", "age"},
	{"-----BEGIN PGP MESSAGE-----", "GnuPG"},
}

// Encrypted returns an EncryptedError for a file of any format that is encrypted, or nil.
func Encrypted(src []byte) error {
	for _, e := range envelopes {
		if bytes.HasPrefix(src, []byte(e.begins)) {
			return &EncryptedError{Program: e.program}
		}
	}
	if !bytes.Contains(src, []byte("ENC[AES256_GCM,")) {
		return nil
	}
	switch {
	case IsJSON(src):
		return &EncryptedError{Program: sops, format: "json"}
	case sopsInYAML.MatchString(string(src)):
		return &EncryptedError{Program: sops, format: "yaml"}
	}
	return nil
}

var sopsInYAML = lazyregexp.New(`(?m)^sops:\s*$`)

// encrypterOf returns the program that encrypted a value, or "".
//
// https://github.com/getsops/sops, https://dotenvx.com/docs, https://www.dotenv.org/docs/security/env-vault
func encrypterOf(name, text string) string {
	switch {
	case strings.HasPrefix(text, "ENC[AES256_GCM,"), name == "sops_mac", name == "sops_version":
		return sops
	case strings.HasPrefix(text, "encrypted:"):
		return dotenvx
	case (name == "DOTENV_VAULT" || strings.HasPrefix(name, "DOTENV_VAULT_")) && text != "":
		return vault
	}
	return ""
}

func (p *parser) encrypted() error {
	if p.encrypter == "" {
		return nil
	}
	return &EncryptedError{Program: p.encrypter}
}
