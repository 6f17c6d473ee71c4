package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"

	"github.com/whispering/bundle/pipeline/policy"
)

// maxRoleName is what IAM accepts, in characters:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxRoleName = 64

// roleName returns the name of a role in IAM: BUNDLE-ENVIRONMENT-WORD, with the region
// before the word if the environment has several, because roles belong to no region. A
// longer name ends in the beginning of its SHA-256, as does one that differs from another
// only in case: IAM does not accept both.
func (st *Stack) roleName(s policy.Setting, word string) string {
	parts := []string{st.Bundle, st.Environment}
	if len(s.Manifest.Environment.Regions) > 1 {
		parts = append(parts, s.Region)
	}
	name := strings.Join(append(parts, word), "-")
	if len(name) <= maxRoleName {
		return name
	}
	return cutName(name, maxRoleName)
}

// cutName returns the beginning of a name with the beginning of its SHA-256, in at most
// so many characters.
func cutName(name string, most int) string {
	sum := sha256.Sum256([]byte(name))
	end := "-" + hex.EncodeToString(sum[:4])
	return name[:min(len(name), most-len(end))] + end
}

// policyName returns the name of a managed policy of a role. IAM accepts 128 characters.
func (r Role) policyName(st *Stack, n int) string {
	name := r.Name
	if r.Exists { // whose name has nothing of the bundle
		name = st.Bundle + "-" + st.Environment + "-" + st.Region + "-" + strings.ToLower(r.Label)
	}
	if len(name) > maxRoleName*3/2 {
		name = cutName(name, maxRoleName+9)
	}
	return name + "-" + strconv.Itoa(n+1)
}

// names are those that are taken.
type names map[string]bool

// take returns the name, with a number if it is taken.
func (n names) take(name string) string {
	unique := name
	for i := 2; n[strings.ToLower(unique)]; i++ {
		unique = name + strconv.Itoa(i)
	}
	n[strings.ToLower(unique)] = true
	return unique
}

// pascal returns a name of letters and digits: HelloWorld for hello-world.
func pascal(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// identifier returns a name that Terraform accepts: letters, digits, - and _, and no
// digit at the beginning.
func identifier(name string) string {
	if name[0] >= '0' && name[0] <= '9' {
		return "_" + name
	}
	return name
}
