package ssm

import (
	"errors"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal/call"
)

func TestPoliciesAreChecked(t *testing.T) {
	expiration := `{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2036-12-02T21:34:33.000Z"}}`
	notification := `{"Type":"ExpirationNotification","Version":"1.0","Attributes":{"Before":"15","Unit":"Days"}}`
	for name, test := range map[string]struct{ document, code string }{
		"none":            {"", ""},
		"empty":           {"[]", ""},
		"each type":       {`[` + expiration + `,{"Type":"ExpirationNotification","Version":"1.0","Attributes":{"Before":"15","Unit":"Days"}},{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"20","Unit":"Days"}}]`, ""},
		"ten":             {`[` + strings.Repeat(notification+`,`, 9) + expiration + `]`, ""},
		"two expirations": {`[` + expiration + `,` + expiration + `]`, "IncompatiblePolicyException"},
		"weeks":           {strings.Replace(`[`+notification+`]`, "Days", "Weeks", 1), "InvalidPolicyAttributeException"},
		"no number":       {strings.Replace(`[`+notification+`]`, "15", "soon", 1), "InvalidPolicyAttributeException"},
		"zero days":       {strings.Replace(`[`+notification+`]`, "15", "0", 1), "InvalidPolicyAttributeException"},
		"eleven":          {`[` + strings.Repeat(notification+`,`, 10) + expiration + `]`, "PoliciesLimitExceededException"},
		"no array":        {expiration, "InvalidPolicyAttributeException"},
		"no JSON":         {`[`, "InvalidPolicyAttributeException"},
		"no object":       {`["Expiration"]`, "InvalidPolicyAttributeException"},
		"another version": {strings.Replace(`[`+expiration+`]`, "1.0", "2.0", 1), "InvalidPolicyAttributeException"},
		"no date":         {strings.Replace(`[`+expiration+`]`, "2036", "someday", 1), "InvalidPolicyAttributeException"},
		"no unit":         {`[{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"20"}}]`, "InvalidPolicyAttributeException"},
		"unknown type":    {strings.Replace(`[`+expiration+`]`, "Expiration", "Other", 1), "InvalidPolicyTypeException"},
	} {
		_, err := parsePolicies(test.document)
		var refused *call.Error
		if errors.As(err, &refused) != (test.code != "") || refused != nil && refused.Code != test.code {
			t.Errorf("%s: %v, want %q", name, err, test.code)
		}
	}
}

func FuzzPolicies(f *testing.F) {
	f.Add(`[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2036-12-02T21:34:33.000Z"}}]`)
	f.Add(`[{"Type":"Expiration"}]`)
	f.Add(`[null]`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, document string) {
		policies, err := parsePolicies(document)
		var refused *call.Error
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("%v is no error of AWS's", err)
		}
		if len(policies) > maxPolicies {
			t.Errorf("%d policies", len(policies))
		}
	})
}
