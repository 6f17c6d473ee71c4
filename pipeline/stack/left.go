package stack

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/whispering/bundle/internal/arn"
)

// A Left is what a format cannot write: what, and the commands that do it.
type Left struct {
	Why      string
	Commands []string
}

// Left lists what a format cannot write. Only Terraform can put the policy of a key that
// it does not create, and only of one in the same account.
func (st *Stack) Left(terraform bool) []Left {
	all := st.left
	for _, k := range st.Keys {
		if k.Created() || terraform && k.here(st) {
			continue
		}
		file := k.Functions[0] + "-key.json"
		why := "it exists, and this format can only create keys"
		if arn.Account(k.ARN) != st.Account {
			why = "it belongs to account " + arn.Account(k.ARN)
		}
		all = append(all, Left{
			Why: fmt.Sprintf("the policy of key %s: %s. Put it with", k.ARN, why),
			Commands: []string{
				commandLine(append(slices.Clone(st.command), st.keyFlags(k)...)) + " > " + file,
				commandLine([]string{"aws", "kms", "put-key-policy", "--region", st.Region, "--key-id", k.ARN, "--policy-name", "default", "--policy", "file://" + file}),
			},
		})
	}
	return all
}

func (k Key) here(st *Stack) bool { return arn.Account(k.ARN) == st.Account }

// keyFlags are those that write the policy of a key with the roles of the stack.
func (st *Stack) keyFlags(k Key) []string {
	flags := []string{"--kind", "key", "--function", k.Functions[0], "--build-role", st.build}
	for _, name := range k.Functions {
		flags = append(flags, "--function-role", name+"="+st.functions[name])
	}
	for _, role := range st.glass {
		flags = append(flags, "--break-glass", role)
	}
	return flags
}

// commandLine returns a command for a shell, in one line: outputs have it in a comment.
func commandLine(words []string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./=:@+,-", r)
	}
	var all []string
	for _, word := range words {
		switch {
		case strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) }):
			word = oneLine(word)
		case word == "" || strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }):
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

// oneLine returns a word with line breaks or other control characters in the quotes for
// them: $'a\012b'.
func oneLine(word string) string {
	var b strings.Builder
	for _, c := range []byte(word) {
		if c < ' ' || c > '~' || c == '\'' || c == '\\' {
			fmt.Fprintf(&b, `\%03o`, c)
			continue
		}
		b.WriteByte(c)
	}
	return "$'" + b.String() + "'"
}
