package helpertest

import (
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
)

// A faultCase is something that goes wrong between a helper and KMS.
type faultCase struct {
	name   string
	vector string // ok-one unless set
	faults []awslocal.Fault
	env    []string
	expect string // "" is success
	calls  int    // of kms:Decrypt; 0 is not counted
	long   bool   // takes seconds
}

func fails(code string, status, nth, times int) []awslocal.Fault {
	return []awslocal.Fault{{Operation: "kms:Decrypt", Kind: awslocal.Fail, Code: code, Status: status, Nth: nth, Times: times}}
}

func fault(kind awslocal.Kind, times int) []awslocal.Fault {
	return []awslocal.Fault{{Operation: "kms:Decrypt", Kind: kind, Times: times}}
}

// faultCases is docs/runtime.md section 2, "What is tried again", and what the
// network does besides.
func faultCases() []faultCase {
	with := func(kind awslocal.Kind, change func(*awslocal.Fault)) []awslocal.Fault {
		all := fault(kind, 0)
		change(&all[0])
		return all
	}
	return []faultCase{
		{name: "access denied", faults: fails("AccessDeniedException", 400, 0, 0), expect: "access_denied", calls: 1},
		{name: "throttled twice then fine", faults: fails("ThrottlingException", 400, 1, 2), calls: 3},
		{name: "throttled for ever", faults: fails("ThrottlingException", 400, 0, 0), expect: "unavailable", calls: 5},
		{name: "too many requests", faults: fails("Unheard", 429, 0, 0), expect: "unavailable", calls: 5},
		{name: "a failing KMS once", faults: fails("KMSInternalException", 500, 1, 1), calls: 2},
		{name: "a failing KMS for ever", faults: fails("InternalFailure", 500, 0, 0), expect: "unavailable", calls: 5},
		{name: "a failing dependency", faults: fails("DependencyTimeoutException", 400, 0, 0), expect: "unavailable", calls: 5},
		{name: "a key not to be had now", faults: fails("KeyUnavailableException", 500, 1, 1), calls: 2},
		{name: "a proxy's page with 503", faults: with(awslocal.HTML, func(f *awslocal.Fault) { f.Status = 503 }), expect: "unavailable", calls: 5},
		{name: "a proxy's page with 200", faults: fault(awslocal.HTML, 0), expect: "bad_reply", calls: 1},
		{name: "a proxy's page with 403", faults: with(awslocal.HTML, func(f *awslocal.Fault) { f.Status = 403 }), expect: "bad_reply", calls: 1},
		{name: "a redirect", faults: with(awslocal.Redirect, func(f *awslocal.Fault) { f.Location = "http://127.0.0.1:9/" }), expect: "bad_reply", calls: 1},
		{name: "an error nobody knows", faults: fails("Unheard", 400, 0, 0), expect: "bad_reply", calls: 1},
		{name: "an empty object", faults: fault(awslocal.Empty, 0), expect: "wrong_key", calls: 1},
		{name: "no body", faults: fault(awslocal.NoBody, 0), expect: "bad_reply", calls: 1},
		{name: "half a body as if it were all", faults: fault(awslocal.Truncate, 0), expect: "bad_reply", calls: 1},
		{name: "another key in the reply", faults: fault(awslocal.WrongKey, 0), expect: "wrong_key", calls: 1},
		{name: "the wrong key", faults: fails("IncorrectKeyException", 400, 0, 0), expect: "wrong_key", calls: 1},
		{name: "a ciphertext that does not open", faults: fails("InvalidCiphertextException", 400, 0, 0), expect: "tampered", calls: 1},
		{name: "a key that is gone", faults: fails("NotFoundException", 400, 0, 0), expect: "key_unusable", calls: 1},
		{name: "a key being deleted", faults: fails("KMSInvalidStateException", 400, 0, 0), expect: "key_unusable", calls: 1},
		{name: "a connection reset once", faults: fault(awslocal.Reset, 1), calls: 2},
		{name: "a connection reset for ever", faults: fault(awslocal.Reset, 0), expect: "unavailable", calls: 5},
		{name: "a reply cut short once", faults: fault(awslocal.Cut, 1), calls: 2},
		{name: "a reply cut short for ever", faults: fault(awslocal.Cut, 0), expect: "unavailable", calls: 5},
		{name: "an expired token once", faults: fails("ExpiredTokenException", 400, 1, 1), calls: 2},
		{name: "an expired token for ever", faults: fails("ExpiredTokenException", 400, 0, 0), expect: "credentials", calls: 2},
		{name: "all credentials expired", faults: fault(awslocal.ExpireCredentials, 0), expect: "credentials", calls: 2},
		{name: "an unknown token", faults: fails("UnrecognizedClientException", 400, 0, 0), expect: "credentials", calls: 2},
		{name: "no signature", faults: fails("IncompleteSignature", 400, 0, 0), expect: "credentials", calls: 1},
		{name: "a clock an hour behind", faults: with(awslocal.Skew, func(f *awslocal.Fault) { f.Delay = time.Hour }), calls: 2},
		{name: "a clock an hour ahead", faults: with(awslocal.Skew, func(f *awslocal.Fault) { f.Delay = -time.Hour }), calls: 2},
		{name: "a disabled key", faults: with(awslocal.DisableKey, func(f *awslocal.Fault) { f.Key = "11111111-1111-4111-8111-111111111111" }), expect: "key_unusable", calls: 1},
		{name: "the second box denied", vector: "ok-two-boxes", faults: fails("AccessDeniedException", 400, 2, 1), expect: "access_denied", calls: 2},
		{name: "a slow reply", faults: with(awslocal.Slow, func(f *awslocal.Fault) { f.Delay = 300 * time.Millisecond }), calls: 1},
		{name: "nobody listens", env: []string{"AWS_ENDPOINT_URL_KMS=http://127.0.0.1:9"}, expect: "unavailable"},
		{name: "a token with a line end", env: []string{"AWS_SESSION_TOKEN=session-token\r\nX-Amz-Target: other"}, expect: "credentials"},
		{name: "an id with a space", env: []string{"AWS_ACCESS_KEY_ID=AKID EXAMPLE"}, expect: "credentials"},
		{name: "no reply once", faults: []awslocal.Fault{{Operation: "kms:Decrypt", Kind: awslocal.Hang, Times: 1}}, calls: 2, long: true},
		// Three attempts of 2 s fill the 6 s; five would take 10.
		{name: "no reply for ever", faults: fault(awslocal.Hang, 0), expect: "unavailable", calls: 3, long: true},
		{name: "a reply that never ends", faults: fault(awslocal.Drip, 0), expect: "unavailable", calls: 3, long: true},
	}
}

// TestFaults takes every fault to every language. After a fault is gone, the
// same process must open the same document: no failure is remembered.
func TestFaults(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		t.Run("short", func(t *testing.T) {
			d := l.start(t)
			for _, c := range faultCases() {
				if !c.long {
					t.Run(c.name, func(t *testing.T) { c.run(t, d, embedded(t)) })
				}
			}
		})
		for _, c := range faultCases() {
			if c.long && !testing.Short() {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(t, l.start(t), embedded(t))
				})
			}
		}
	})
}

func (c faultCase) run(t *testing.T, d *driver, local aws) {
	name := c.vector
	if name == "" {
		name = "ok-one"
	}
	v := readVector(t, name)
	dir := v.place(t)
	vars := local.environment(dir)
	for _, e := range c.env {
		variable, value, _ := strings.Cut(e, "=")
		vars[variable] = value
	}
	local.Inject(c.faults...)
	local.ResetCalls()
	got := d.call(t, request{Env: vars, Calls: [][]any{{"all"}}})[0]
	if calls := local.Calls()["kms:Decrypt"]; c.calls > 0 && calls != c.calls {
		t.Errorf("%d calls of kms:Decrypt, want %d", calls, c.calls)
	}
	if c.expect == "" {
		v.check(t, got)
		return
	}
	if got.Code != c.expect || got.Values != nil {
		t.Fatalf("got %d values and %s (%s), want %s", len(got.Values), got.Code, got.Message, c.expect)
	}
	if c.expect == "key_unusable" && c.faults[0].Kind == awslocal.DisableKey {
		return // stays so
	}
	local.ClearFaults()
	v.check(t, d.call(t, request{Env: local.environment(dir), Calls: [][]any{{"all"}}, Keep: true})[0])
}
