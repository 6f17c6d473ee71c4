package policy_test

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/picture"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/policy"
)

// TestThePictureIsTrue tries what docs/way.svg says that each role can read, with the policies of bundle policy.
func TestThePictureIsTrue(t *testing.T) {
	for builder, m := range map[string]modes{"the build's role": {}, "the build's role, blind": {helloBlind: true, workerBlind: true}} {
		t.Run(builder, func(t *testing.T) {
			s := newStage(t, m)
			s.setting.BuildRole = arn("ci")
			s.putKeyPolicies(same)
			s.isRead(builder, "parameter", s.role("ci", s.setting.Build()))
			s.isRead("readers of the parameter", "parameter", s.admin)
			who := map[string]aws.Config{
				builder: s.role("ci", s.setting.Build()), "readers of the layer": s.role("reader", everything()),
				"a break-glass role": s.role("glass", policy.Document{}),
			}
			for function, name := range map[string]string{"hello": "the function's role", "worker": "the other functions' roles"} {
				document, err := s.setting.Function(function)
				if err != nil {
					t.Fatal(err)
				}
				who[name] = s.role(function, document)
			}
			for name, as := range who {
				s.isOpened(name, "layer version", as, s.documents["hello"])
			}
			s.isOpened(builder, "layer.zip", who[builder], s.documents["hello"])
			s.isOpened("a break-glass role", "layer.zip", who["a break-glass role"], s.documents["hello"])
			s.isOpened("the function's role", "function", who["the function's role"], s.documents["hello"])
		})
	}
}

// isRead compares the picture with what Parameter Store gives somebody.
func (s *stage) isRead(who, where string, as aws.Config) {
	s.Helper()
	got := ""
	if read("/local/shop/db", false)(s, as) == nil {
		got = "ciphertext"
	}
	if read("/local/shop/db", true)(s, as) == nil {
		got = "plaintext"
	}
	if want := picture.Reads(who, where); got != want {
		s.Errorf("%s reads %q of a %s, the picture says %q", who, got, where, want)
	}
}

// isOpened compares the picture with what somebody makes of a document, which contains no value.
func (s *stage) isOpened(who, where string, as aws.Config, document *sealed.Document) {
	s.Helper()
	got := "ciphertext"
	if s.open(as, document) == nil || bytes.Contains(document.Bytes(), []byte("not-a-real")) {
		got = "plaintext"
	}
	if want := picture.Reads(who, where); got != want {
		s.Errorf("%s reads %q of a %s, the picture says %q", who, got, where, want)
	}
}
