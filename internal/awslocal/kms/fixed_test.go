package kms_test

import (
	"bytes"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
)

// TestSeedFixesKeys: a seed gives a key a fixed id and material, and nothing
// that could not be a key of that id.
func TestSeedFixesKeys(t *testing.T) {
	const id, mrk = "11111111-1111-4111-8111-111111111111", "mrk-33333333333333333333333333333333"
	const material = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	cases := []struct {
		name, key string
		ok        bool
	}{
		{"an id", `{"id":"` + id + `","material":"` + material + `"}`, true},
		{"with an alias", `{"id":"` + id + `","material":"` + material + `","alias":"alias/sample"}`, true},
		{"a multi-Region key", `{"id":"` + mrk + `","material":"` + material + `","multi_region":true}`, true},
		{"a multi-Region id alone", `{"id":"` + mrk + `","material":"` + material + `"}`, false},
		{"a multi-Region key of another id", `{"id":"` + id + `","material":"` + material + `","multi_region":true}`, false},
		{"no material", `{"id":"` + id + `"}`, false},
		{"short material", `{"id":"` + id + `","material":"AAEC"}`, false},
		{"an HMAC key", `{"id":"` + id + `","material":"` + material + `","spec":"HMAC_256","usage":"GENERATE_VERIFY_MAC"}`, false},
		{"no id", `{"id":"sample","material":"` + material + `"}`, false},
		{"neither id nor alias", `{}`, false},
		{"twice", `{"id":"` + id + `","material":"` + material + `"},{"id":"` + id + `","material":"` + material + `"}`, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := awslocal.New(awslocal.WithSeed([]byte(`{"keys":[` + c.key + `]}`)))
			if (err == nil) != c.ok {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				if bytes.Contains([]byte(err.Error()), []byte("AAEC")) {
					t.Error("the error quotes the material")
				}
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
