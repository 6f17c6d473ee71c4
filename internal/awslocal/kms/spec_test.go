package kms

import (
	"slices"
	"testing"
)

func TestEveryNamedSpecIsKnown(t *testing.T) {
	if !slices.IsSorted(specNames()) {
		t.Error("the names are not sorted")
	}
	for _, name := range specNames() {
		s, known := specOf(name)
		algorithms := slices.Concat(s.encryption, s.signing, s.mac, s.agreement, s.capsules)
		if !known || len(s.usages) == 0 || len(algorithms) < len(s.usages) || slices.Contains(algorithms, "") {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for _, name := range []string{"", "RSA_1024", "rsa_2048", "HMAC_", "HMAC_2240", "ECC_NIST_P"} {
		if s, known := specOf(name); known || s.usages != nil {
			t.Errorf("%q is a spec: %+v", name, s)
		}
	}
}
