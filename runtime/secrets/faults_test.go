package secrets_test

import (
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/runtime/secrets"
)

// layer writes one vector's document to a folder, starts its own embedded AWS,
// and returns both and the environment.
func layer(t *testing.T, name string) (vector, *awslocal.Server, map[string]string) {
	t.Helper()
	server, url := embedded(t)
	v := readVector(t, filepath.Join(vectorDir, name+".txt"))
	dir := t.TempDir()
	v.place(t, dir)
	return v, server, environment(server, url, dir)
}

const decrypt = "kms:Decrypt"

// TestFaults checks that, for every fault of KMS and the network, the call
// returns all secrets or none, with the right code and a limited number of calls.
func TestFaults(t *testing.T) {
	fail := func(times int, code string) awslocal.Fault {
		return awslocal.Fault{Operation: decrypt, Times: times, Kind: awslocal.Fail, Code: code}
	}
	of := func(times int, kind awslocal.Kind) awslocal.Fault {
		return awslocal.Fault{Operation: decrypt, Times: times, Kind: kind}
	}
	cases := []struct {
		name  string
		fault awslocal.Fault
		want  secrets.Code // "" opens
		most  int          // calls of Decrypt
	}{
		{"access denied", fail(0, "AccessDeniedException"), secrets.ErrAccessDenied, 1},
		{"throttled twice, then fine", fail(2, "ThrottlingException"), "", 3},
		{"throttled forever", fail(0, "ThrottlingException"), secrets.ErrUnavailable, 5},
		{"too many requests", awslocal.Fault{Operation: decrypt, Kind: awslocal.Fail, Status: 429, Code: "Unheard"}, secrets.ErrUnavailable, 5},
		{"a failing dependency", fail(0, "DependencyTimeoutException"), secrets.ErrUnavailable, 5},
		{"internal failure twice, then fine", awslocal.Fault{Operation: decrypt, Times: 2, Kind: awslocal.Fail, Status: 500, Code: "KMSInternalException"}, "", 3},
		{"bad gateway forever", awslocal.Fault{Operation: decrypt, Kind: awslocal.HTML, Status: 502}, secrets.ErrUnavailable, 5},
		{"no answer once, then fine", of(1, awslocal.Hang), "", 2},
		{"no answer forever", of(0, awslocal.Hang), secrets.ErrUnavailable, 3}, // three attempts of 2 s take the 6 s
		{"an answer that never ends", of(0, awslocal.Drip), secrets.ErrUnavailable, 3},
		{"slow", awslocal.Fault{Operation: decrypt, Kind: awslocal.Slow, Delay: 300 * time.Millisecond}, "", 1},
		{"reset twice, then fine", of(2, awslocal.Reset), "", 3},
		{"reset forever", of(0, awslocal.Reset), secrets.ErrUnavailable, 5},
		{"cut short, then fine", of(1, awslocal.Cut), "", 2},
		{"half a reply", of(0, awslocal.Truncate), secrets.ErrReply, 1},
		{"an empty object", of(0, awslocal.Empty), secrets.ErrWrongKey, 1},
		{"nothing", of(0, awslocal.NoBody), secrets.ErrReply, 1},
		{"a proxy's page", of(0, awslocal.HTML), secrets.ErrReply, 1},
		{"a proxy's refusal", awslocal.Fault{Operation: decrypt, Kind: awslocal.HTML, Status: 403}, secrets.ErrReply, 1},
		{"a redirect", awslocal.Fault{Operation: decrypt, Kind: awslocal.Redirect, Location: "http://127.0.0.1:1/"}, secrets.ErrReply, 1},
		{"another key answers", of(0, awslocal.WrongKey), secrets.ErrWrongKey, 1},
		{"the wrong key", fail(0, "IncorrectKeyException"), secrets.ErrWrongKey, 1},
		{"a ciphertext that does not open", fail(0, "InvalidCiphertextException"), secrets.ErrTampered, 1},
		{"the key is gone", fail(0, "NotFoundException"), secrets.ErrKeyUnusable, 1},
		{"the key is being deleted", fail(0, "KMSInvalidStateException"), secrets.ErrKeyUnusable, 1},
		{"an unknown error", fail(0, "Unheard"), secrets.ErrReply, 1},
		{"an unknown token", fail(0, "UnrecognizedClientException"), secrets.ErrCredentials, 2},
		{"no signature", fail(0, "IncompleteSignature"), secrets.ErrCredentials, 1},
		{"expired credentials", of(0, awslocal.ExpireCredentials), secrets.ErrCredentials, 2},
		{"expired once, then fine", fail(1, "ExpiredTokenException"), "", 2},
		{"the key is disabled meanwhile", awslocal.Fault{Operation: decrypt, Kind: awslocal.DisableKey, Key: "11111111-1111-4111-8111-111111111111"}, secrets.ErrKeyUnusable, 1},
		{"clock an hour off", awslocal.Fault{Operation: decrypt, Kind: awslocal.Skew, Delay: time.Hour}, "", 2},
		{"clock an hour off, the other way", awslocal.Fault{Operation: decrypt, Kind: awslocal.Skew, Delay: -time.Hour}, "", 2},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v, server, vars := layer(t, "ok-two-in-a-box")
			server.Inject(tc.fault)
			c := secrets.New(secrets.Options{Environ: listed(vars)})
			got, err := c.All(t.Context())
			if n := server.Calls()[decrypt]; n > tc.most {
				t.Errorf("%d calls, want at most %d", n, tc.most)
			}
			if tc.want == "" {
				v.check(t, got, err)
				return
			}
			if !errors.Is(err, tc.want) || secrets.CodeOf(err) != tc.want || got != nil {
				t.Fatalf("got %d secrets and %v, want %s", len(got), err, tc.want)
			}
			if text := err.Error(); strings.Contains(text, "sample-") || !strings.Contains(text, "payments/hello") || !strings.Contains(text, "11111111-1111") {
				t.Errorf("the error does not name function and key, or says too much: %v", err)
			}
			if tc.name == "the key is disabled meanwhile" {
				return
			}
			server.ClearFaults() // a failure is not cached
			got, err = c.All(t.Context())
			v.check(t, got, err)
		})
	}
}

// TestOneOfManyBoxesFails checks that no secret of the other boxes is returned
// (F-32), and that the failure is not cached.
func TestOneOfManyBoxesFails(t *testing.T) {
	_, server, vars := layer(t, "ok-64k")
	server.Inject(awslocal.Fault{Operation: decrypt, Nth: 3, Kind: awslocal.Fail, Code: "AccessDeniedException"})
	c := secrets.New(secrets.Options{Environ: listed(vars)})
	if got, err := c.All(t.Context()); !errors.Is(err, secrets.ErrAccessDenied) || got != nil {
		t.Errorf("got %d secrets and %v", len(got), err)
	}
	if value, err := c.Get(t.Context(), "PART_07"); err != nil || value == "" { // the fault was for one call
		t.Errorf("got %d bytes and %v afterwards", len(value), err)
	}
}

// TestCallsPerFunction checks the number of calls of Decrypt: one per box in mode
// pack, for any number of requests; one per requested secret in mode blind.
func TestCallsPerFunction(t *testing.T) {
	cases := []struct {
		vector string
		ask    []string // "" is all
		want   int
	}{
		{"ok-two-in-a-box", []string{"DB_PASSWORD", "STRIPE_KEY", "", "DB_PASSWORD"}, 1},
		{"ok-two-parts", []string{"TLS_KEY", ""}, 2},
		{"ok-blind", []string{"BETA", "BETA"}, 1},
		{"ok-blind", []string{"BETA", "", "ALPHA"}, 3},
	}
	for _, tc := range cases {
		t.Run(tc.vector+" "+strings.Join(tc.ask, ","), func(t *testing.T) {
			_, server, vars := layer(t, tc.vector)
			c := secrets.New(secrets.Options{Environ: listed(vars)})
			for _, name := range tc.ask {
				var err error
				if name == "" {
					_, err = c.All(t.Context())
				} else {
					_, err = c.Get(t.Context(), name)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := server.Calls()[decrypt]; got != tc.want {
				t.Errorf("%d calls, want %d", got, tc.want)
			}
		})
	}
}

// TestOnlyTheRegionOfAMultiRegionKeyIsReplaced checks both cases of F-31.
func TestOnlyTheRegionOfAMultiRegionKeyIsReplaced(t *testing.T) {
	for vector, want := range map[string]string{"ok-multi-region-key": "eu-west-1", "ok-two-in-a-box": "us-east-1"} {
		_, _, vars := layer(t, vector)
		vars = maps.Clone(vars)
		vars["AWS_REGION"] = "eu-west-1"
		asked := make(chan string, 1)
		c := secrets.New(secrets.Options{Environ: listed(vars), Decrypter: decrypterFunc(func(key string) ([]byte, error) {
			asked <- key
			return nil, secrets.ErrUnavailable
		})})
		if _, err := c.All(t.Context()); !errors.Is(err, secrets.ErrUnavailable) {
			t.Errorf("%s: %v", vector, err)
		}
		if key := <-asked; !strings.HasPrefix(key, "arn:aws:kms:"+want+":000000000000:key/") {
			t.Errorf("%s: asked for %s", vector, key)
		}
	}
}
