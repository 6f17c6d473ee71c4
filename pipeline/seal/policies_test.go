package seal

import (
	"errors"
	"slices"
	"testing"
)

func TestPolicies(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"denied":            {400, refusal("AccessDeniedException", canary), ErrKeyDenied},
		"no key":            {400, refusal("NotFoundException", canary), ErrKeyMissing},
		"malformed":         {400, refusal("MalformedPolicyDocumentException", canary), ErrReply},
		"too large":         {400, refusal("LimitExceededException", canary), ErrReply},
		"throttled":         {400, refusal("ThrottlingException", canary), ErrUnavailable},
		"an internal error": {500, refusal("KMSInternalException", canary), ErrUnavailable},
		"pending deletion":  {400, refusal("KMSInvalidStateException", canary), ErrKeyState},
	} {
		k := lying(t, tt.status, tt.body)
		if _, err := k.Policy(t.Context(), keyARN); !errors.Is(err, tt.want) {
			t.Errorf("%s, read: %v", name, err)
		}
		if err := k.PutPolicy(t.Context(), keyARN, "{}"); !errors.Is(err, tt.want) {
			t.Errorf("%s, put: %v", name, err)
		}
	}
	if text, err := lying(t, 200, `{"Policy":"x","PolicyName":"default"}`).Policy(t.Context(), keyARN); text != "x" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestRelatives(t *testing.T) {
	const mrk = "mrk-1234567890abcdef1234567890abcdef"
	in := func(region string) string { return "arn:aws:kms:" + region + ":222222222222:key/" + mrk }
	own := func(configuration any) string {
		return metadata(map[string]any{"KeyId": mrk, "Arn": in("us-west-2"), "MultiRegion": true, "MultiRegionConfiguration": configuration})
	}
	regions := func(primary string, replicas ...string) map[string]any {
		list := []any{}
		for _, r := range replicas {
			list = append(list, map[string]any{"Arn": r, "Region": "x"})
		}
		return map[string]any{"MultiRegionKeyType": "REPLICA", "PrimaryKey": map[string]any{"Arn": primary, "Region": "x"}, "ReplicaKeys": list}
	}
	other := "arn:aws:kms:eu-west-1:222222222222:key/mrk-0000000000abcdef1234567890abcdef"
	for name, tt := range map[string]struct {
		body string
		want []string
		err  error
	}{
		"no others":           {own(regions(in("us-west-2"))), []string{in("us-west-2")}, nil},
		"two":                 {own(regions(in("eu-west-1"), in("us-west-2"), in("us-east-1"))), []string{in("eu-west-1"), in("us-west-2"), in("us-east-1")}, nil},
		"not among them":      {own(regions(in("eu-west-1"), in("us-east-1"))), nil, ErrReply},
		"another key":         {own(regions(in("us-west-2"), other)), nil, ErrReply},
		"of another account":  {own(regions(in("us-west-2"), "arn:aws:kms:eu-west-1:333333333333:key/"+mrk)), nil, ErrReply},
		"one twice":           {own(regions(in("us-west-2"), in("us-west-2"))), nil, ErrReply},
		"not an ARN":          {own(regions(in("us-west-2"), canary)), nil, ErrReply},
		"another description": {metadata(nil), nil, ErrReply},
	} {
		got, err := lying(t, 200, tt.body).Relatives(t.Context(), in("us-west-2"))
		if !errors.Is(err, tt.err) || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := lying(t, 200, metadata(nil)).Relatives(t.Context(), keyARN); err != nil || !slices.Equal(got, []string{keyARN}) {
		t.Errorf("another key: %v, %v", got, err)
	}
}

func TestTryOpen(t *testing.T) {
	for code, want := range map[string]error{
		"DryRunOperationException": nil, "AccessDeniedException": ErrKeyDenied, "InvalidCiphertextException": ErrCiphertext, "ThrottlingException": ErrUnavailable,
		"NotFoundException": ErrKeyMissing, "DisabledException": ErrKeyState,
	} {
		if err := lying(t, 400, refusal(code, canary)).TryOpen(t.Context(), keyARN, []byte("x"), nil); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if err := lying(t, 200, `{"KeyId":"x","Plaintext":"eHh4"}`).TryOpen(t.Context(), keyARN, []byte("x"), nil); !errors.Is(err, ErrReply) {
		t.Errorf("a plaintext: %v", err)
	}
}
