package pipeline_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// leaking is a KMS that does not encrypt, or a sealer that confuses its arguments.
type leaking struct {
	pipeline.Keys
	leak func(plaintext []byte) []byte
}

func (l leaking) Encrypt(_ context.Context, _ string, box secret.Value, _ map[string]string) ([]byte, error) {
	return l.leak(box.Reveal()), nil
}

func TestLayerWithAPlaintextIsRefused(t *testing.T) {
	const whole, field = `{"live": {"key": "sk-not-a-real-key"}}`, "sk-not-a-real-key"
	for name, tt := range map[string]struct {
		leak func([]byte) []byte
		want string // in the detail; "" for no problem
	}{
		"nothing":               {func([]byte) []byte { return bytes.Repeat([]byte("noise"), 40) }, ""},
		"all of it":             {func(b []byte) []byte { return b }, "in base64"}, // the encoding of ciphertexts in a document
		"a little of it":        {func(b []byte) []byte { return b[:min(len(b), 20)] }, ""},
		"in hexadecimal":        {func(b []byte) []byte { return []byte(hex.EncodeToString(b)) }, ""}, // within base64: see below
		"behind something else": {func(b []byte) []byte { return append([]byte("AQICAH"), b...) }, "in base64"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample()
			s.key("alias/f")
			s.put("/shop/password", "not-a-real-password")
			s.put("/shop/stripe", whole)
			s.writef("function \"f\" {\n  kms_key = \"alias/f\"\n  secret \"PASSWORD\" { parameter = \"/shop/password\" }\n" +
				"  secret \"STRIPE\" {\n    parameter = \"/shop/stripe\"\n    field = \"live.key\"\n  }\n}\n")
			p, _, err := newWorld(t, s).build().pipeline(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			p.Keys = leaking{p.Keys, tt.leak}
			result, problems := p.Run(t.Context())
			if len(problems) > 0 {
				t.Fatal(problemsError(problems))
			}
			layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents})
			if len(problems) > 0 {
				t.Fatal(problemsError(problems))
			}
			expectLeak(t, result.CheckLeaks(layer, nil), tt.want)
			for text, want := range map[string]string{
				"x" + field + "x": "in plaintext", whole: "in plaintext", hex.EncodeToString([]byte(field)): "in hexadecimal",
				strings.ToUpper(hex.EncodeToString([]byte("not-a-real-password"))): "in hexadecimal", "not-a-real-passwor": "",
			} {
				expectLeak(t, result.CheckLeaks([]byte(text), nil), want)
			}
			expectLeak(t, result.CheckLeaks([]byte("x"+field+"x"), []layerbuild.File{{Path: "nodejs/x", Data: []byte(field)}}), "")
		})
	}
}

func expectLeak(t *testing.T, problems problem.Problems, want string) {
	t.Helper()
	switch {
	case want == "" && len(problems) > 0:
		t.Errorf("got %s", problems[0].Detail)
	case want == "":
	case len(problems) != 1 || problems[0].Kind != problem.Integrity || !strings.Contains(problems[0].Detail, want) || problems[0].Subject == nil:
		t.Errorf("got %v, want one %q", problems, want)
	case strings.Contains(problems[0].Detail, "real"):
		t.Errorf("the value is shown: %s", problems[0].Detail)
	}
}

// Values that are public because they also occur in names and ARNs do not stop a build.
func TestValuesThatArePublicAreNoLeaks(t *testing.T) {
	s := newSample()
	s.key("alias/function")
	s.writef("function \"function\" {\n  kms_key = \"alias/function\"\n  deployed_as = \"deployed-function\"\n")
	for i, value := range []string{"000000000000", "us-east-1:000000000000", "function", "deployed-function", "parameter", "/shop/p1", "bundle/functions/deployed-function"} {
		s.put(fmt.Sprintf("/shop/p%d", i), value)
		s.writef("  secret \"P%d\" { parameter = \"/shop/p%d\" }\n", i, i)
	}
	s.writef("}\n")
	p, _, err := newWorld(t, s).build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	result, problems := p.Run(t.Context())
	if len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents})
	if problems = append(problems, result.CheckLeaks(layer, nil)...); len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
}
