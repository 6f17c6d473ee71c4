package param

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
)

func blind(url string) *Blind {
	cfg := benchConfig(url)
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	s := New(cfg, Options{Account: "222222222222", TPS: new(float64)})
	s.pacer.Patience = 0 // a reply counts at once
	return s.Blind(cfg)
}

func TestBlindClientSendsNothingButUndecryptedReads(t *testing.T) {
	f := newFake(t, func(request) answer { return answer{200, map[string]any{}} })
	client := blind(f.URL).source.client
	name := aws.String("/z/p1")
	for what, call := range map[string]func() error{
		"GetParameters decrypted": func() error {
			_, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{*name}, WithDecryption: aws.Bool(true)})
			return err
		},
		"GetParametersByPath decrypted": func() error {
			_, err := client.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: name, WithDecryption: aws.Bool(true)})
			return err
		},
		"GetParameter": func() error {
			_, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: name})
			return err
		},
		"GetParameter decrypted": func() error {
			_, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: name, WithDecryption: aws.Bool(true)})
			return err
		},
		"GetParameterHistory decrypted": func() error {
			_, err := client.GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{Name: name, WithDecryption: aws.Bool(true)})
			return err
		},
		"PutParameter": func() error {
			_, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: name, Value: aws.String("x")})
			return err
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "a blind build does not send") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := blind(f.URL).source.Read(t.Context(), refs(t, "/z/p1"), func(Result) {}); !errors.Is(err, ErrUnavailable) && err == nil {
		t.Error("Read of a blind source succeeded")
	}
	if n := len(f.asked()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if _, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{*name}}); err != nil {
		t.Error(err)
	}
	if n := len(f.asked()); n != 1 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestCiphertextsOfTheEmbeddedAWS(t *testing.T) {
	server, as := embedded(t)
	cfg := as("admin")
	long := strings.Repeat("fake", 1500)
	_, err := ssm.NewFromConfig(cfg).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/local/app/long"), Value: &long, Type: types.ParameterTypeSecureString,
		KeyId: aws.String("alias/open"), Tier: types.ParameterTierAdvanced,
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Inject(awslocal.Fault{Operation: "ssm:GetParameters(decrypt)", Kind: awslocal.Fail, Code: "AccessDeniedException"})
	server.ResetCalls()

	got := make(map[string]Result)
	all := refs(t, "/local/app/password", "/local/app/password:1", "/local/app/plain", "/local/app/list", "/local/app/long",
		"/local/app/off", "/local/app/gone", "/local/app/password:9")
	if err := New(cfg, Options{Account: awslocal.Account}).Blind(cfg).Ciphertexts(t.Context(), all, func(r Result) { got[r.Ref.String()] = r }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		ciphertext, advanced bool
		err                  error
	}{
		"/local/app/password":   {ciphertext: true},
		"/local/app/password:1": {ciphertext: true},
		"/local/app/plain":      {},
		"/local/app/list":       {},
		"/local/app/long":       {ciphertext: true, advanced: true},
		"/local/app/off":        {ciphertext: true},
		"/local/app/gone":       {err: ErrMissing},
		"/local/app/password:9": {err: ErrVersion},
	} {
		r := got[name]
		if !errors.Is(r.Err, want.err) || (r.Parameter.Ciphertext != nil) != want.ciphertext || r.Parameter.Advanced() != want.advanced {
			t.Errorf("%s: %v, %d bytes of ciphertext, advanced %v", name, r.Err, len(r.Parameter.Ciphertext), r.Parameter.Advanced())
		}
		if r.Parameter.Value.Reveal() != nil {
			t.Errorf("%s: a value", name)
		}
	}
	p := got["/local/app/password:1"].Parameter
	opened, err := kms.NewFromConfig(cfg).Decrypt(t.Context(), &kms.DecryptInput{
		CiphertextBlob: p.Ciphertext, EncryptionContext: map[string]string{"PARAMETER_ARN": p.Version.ARN},
	})
	if err != nil || string(opened.Plaintext) != "fake one" {
		t.Errorf("the ciphertext of version 1 does not open: %v", err)
	}
	if n := server.Calls()["ssm:GetParameters(decrypt)"]; n != 0 {
		t.Errorf("%d decrypting reads", n)
	}
}

func TestBlindListLeavesOtherTypesAtTheServer(t *testing.T) {
	_, as := embedded(t)
	cfg := as("admin")
	found, err := New(cfg, Options{Account: awslocal.Account}).Blind(cfg).List(t.Context(), "/local", true)
	var names []string
	for _, p := range found {
		names = append(names, p.Ref.String())
	}
	if got := strings.Join(names, " "); err != nil || got != "/local/app/deep/token /local/app/off /local/app/password" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestBlindListRefusesWhatTheServerShouldHaveLeftOut(t *testing.T) {
	f := newFake(t, func(request) answer {
		p := parameter("/z/p/1", nil)
		p["Type"] = "String"
		return answer{200, map[string]any{"Parameters": []any{p}}}
	})
	if _, err := blind(f.URL).List(t.Context(), "/z/p", false); !errors.Is(err, ErrReply) {
		t.Errorf("got %v", err)
	}
}

func TestCiphertextsRefusesOtherContent(t *testing.T) {
	const canary = "cAnArY-not-base64!"
	for _, value := range []string{canary, "", "QQ", "QUJD\x00"} {
		f := newFake(t, func(in request) answer {
			p := parameter(in.Names[0], nil)
			p["Type"], p["Value"] = "SecureString", value
			return answer{200, map[string]any{"Parameters": []any{p}}}
		})
		err := blind(f.URL).Ciphertexts(t.Context(), refs(t, "/z/p1"), func(r Result) {
			if !errors.Is(r.Err, ErrReply) || r.Parameter.Ciphertext != nil || strings.Contains(r.Err.Error(), "cAnArY") {
				t.Errorf("%q: %v", value, r.Err)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// The first bytes are those of published messages and ciphertexts.
func TestAdvancedIsRecognizedByTheFirstBytes(t *testing.T) {
	for start, want := range map[string]bool{
		"AYADeAAA": true, "AYABeAAA": true, "AgV4AAAA": true, "AgR4AAAA": true, "AYA39cAA": true,
		"AQICAHjA": false, "AQECAHjA": false, "AQIDAHjA": false, "AgF4AAAA": false, "AgUAAAAA": false, "AYA=": false, "AQ==": false, "AYAD": true, "AgV4": true,
	} {
		ciphertext, err := base64.StdEncoding.DecodeString(start)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Parameter{Ciphertext: ciphertext}).Advanced(); got != want {
			t.Errorf("%s: %v", start, got)
		}
	}
}
