package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/sigv4"
	"github.com/whispering/bundle/runtime/kms"
)

const (
	someKey  = "arn:aws:kms:us-west-2:222222222222:key/11111111-1111-4111-8111-111111111111"
	otherKey = "arn:aws:kms:us-west-2:222222222222:key/22222222-2222-4222-8222-222222222222"
	wideKey  = "arn:aws:kms:us-west-2:222222222222:key/mrk-33333333333333333333333333333333"
)

// opened returns a KMS with two boxes, started.
func opened(t *testing.T) (k *KMS, url string) {
	t.Helper()
	k = NewKMS()
	for i, key := range []string{someKey, wideKey} {
		k.boxes[fmt.Sprint("ciphertext ", i)] = box{key: key, context: map[string]string{"bundle:box": fmt.Sprint(i)}, plaintext: newValue("sample")}
	}
	url, err := k.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k, url
}

// TestOnlyTheCommandOpensBoxes asks as helpers do, with what fits and what does not.
func TestOnlyTheCommandOpensBoxes(t *testing.T) {
	k, url := opened(t)
	k.Accept("AKIAACCEPTED", "accepted")
	own, secret := k.Credentials()
	for _, c := range []struct {
		name, id, key, arn, ciphertext string
		context                        map[string]string
		want                           kms.Code // "" if it opens
	}{
		{"as it was opened", own, secret, someKey, "ciphertext 0", map[string]string{"bundle:box": "0"}, ""},
		{"with other credentials that are accepted", "AKIAACCEPTED", "accepted", someKey, "ciphertext 0", map[string]string{"bundle:box": "0"}, ""},
		{"a multi-Region key in another region", own, secret, strings.Replace(wideKey, "us-west-2", "eu-west-1", 1), "ciphertext 1", map[string]string{"bundle:box": "1"}, ""},
		{"a key in another region", own, secret, strings.Replace(someKey, "us-west-2", "eu-west-1", 1), "ciphertext 0", map[string]string{"bundle:box": "0"}, kms.ErrWrongKey},
		{"another key", own, secret, otherKey, "ciphertext 0", map[string]string{"bundle:box": "0"}, kms.ErrWrongKey},
		{"another ciphertext", own, secret, someKey, "ciphertext 2", map[string]string{"bundle:box": "0"}, kms.ErrTampered},
		{"another context", own, secret, someKey, "ciphertext 0", map[string]string{"bundle:box": "1"}, kms.ErrTampered},
		{"no context", own, secret, someKey, "ciphertext 0", nil, kms.ErrTampered},
		{"an unknown ID", "AKIASTRANGER", secret, someKey, "ciphertext 0", map[string]string{"bundle:box": "0"}, kms.ErrCredentials},
		{"a wrong key for the ID", own, "wrong", someKey, "ciphertext 0", map[string]string{"bundle:box": "0"}, kms.ErrCredentials},
	} {
		t.Run(c.name, func(t *testing.T) {
			vars := map[string]string{"AWS_ENDPOINT_URL_KMS": url, "AWS_ACCESS_KEY_ID": c.id, "AWS_SECRET_ACCESS_KEY": c.key}
			client := kms.New(kms.Options{Getenv: func(name string) string { return vars[name] }})
			got, err := client.Decrypt(t.Context(), c.arn, []byte(c.ciphertext), c.context)
			switch {
			case c.want == "" && (err != nil || string(got) != "sample"):
				t.Errorf("got %d bytes and %v", len(got), err)
			case c.want != "" && !errors.Is(err, c.want):
				t.Errorf("got %d bytes and %v, want %s", len(got), err, c.want)
			}
		})
	}
}

// TestNoPageAndNoOtherCall sends what a browser or another program could.
func TestNoPageAndNoOtherCall(t *testing.T) {
	k, url := opened(t)
	id, key := k.Credentials()
	const whole = `{"KeyId": "` + someKey + `", "CiphertextBlob": "Y2lwaGVydGV4dCAw", "EncryptionContext": {"bundle:box": "0"}}`
	for _, c := range []struct {
		name, body, target, service string
		headers                     map[string]string
		host                        string
		unsigned                    bool
		status                      int
		want                        string
	}{
		{name: "whole", status: 200, want: `"Plaintext":"c2FtcGxl"`},
		{name: "without a key", body: strings.Replace(whole, `"KeyId": "`+someKey+`", `, "", 1), status: 200, want: someKey},
		{name: "unsigned", unsigned: true, status: 400, want: "UnrecognizedClientException"},
		{name: "signed for another service", service: "ssm", status: 400, want: "UnrecognizedClientException"},
		{name: "a web page", headers: map[string]string{"Origin": "http://example.com"}, status: 400, want: "AccessDeniedException"},
		{name: "a web page whose name leads here", host: "example.com:80", status: 400, want: "AccessDeniedException"},
		{name: "another call", target: "TrentService.GenerateDataKey", status: 400, want: "UnknownOperationException"},
		{name: "no call", target: "none", status: 400, want: "UnknownOperationException"},
		{name: "no JSON", body: "{", status: 400, want: "SerializationException"},
		{name: "no ciphertext", body: "{}", status: 400, want: "InvalidCiphertextException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, target, service := c.body, c.target, c.service
			for text, other := range map[*string]string{&body: whole, &target: "TrentService.Decrypt", &service: "kms"} {
				if *text == "" {
					*text = other
				}
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = c.host
			r.Header.Set("X-Amz-Target", target)
			for name, value := range c.headers {
				r.Header.Set(name, value)
			}
			if !c.unsigned { // with the clock of a test that stopped it
				sigv4.Sign(r, []byte(body), sigv4.Credentials{ID: id, Key: key}, "us-west-2", service, time.Unix(0, 0))
			}
			reply, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer reply.Body.Close()
			var text bytes.Buffer
			if _, err := text.ReadFrom(reply.Body); err != nil {
				t.Fatal(err)
			}
			if reply.StatusCode != c.status || !strings.Contains(text.String(), c.want) {
				t.Errorf("status %d, %d bytes, want %d and %s", reply.StatusCode, text.Len(), c.status, c.want)
			}
			if c.status != 200 && strings.Contains(text.String(), "c2FtcGxl") {
				t.Error("the refusal has the plaintext")
			}
		})
	}
}

// TestOnlyWhatOpenedIsRemembered watches a decrypter that fails.
func TestOnlyWhatOpenedIsRemembered(t *testing.T) {
	k := NewKMS()
	d := k.Watch([]string{"AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1", "AWS_ACCESS_KEY_ID=x"})
	if _, err := d.Decrypt(context.Background(), someKey, []byte("x"), nil); err == nil || len(k.boxes) > 0 {
		t.Errorf("%v, %d boxes", err, len(k.boxes))
	}
	if s := fmt.Sprintf("%v %+v %#v", box{plaintext: newValue("sample")}, box{plaintext: newValue("sample")}, box{plaintext: newValue("sample")}); strings.Contains(s, "sample") {
		t.Error("a box prints its plaintext")
	}
	if maps.Equal(NewKMS().known, k.known) {
		t.Error("the credentials are not random")
	}
}
