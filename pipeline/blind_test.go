package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/runtime/secrets"
)

// blindFunctions writes a manifest of unique parameters: number 0 is in every
// function, the others are divided into chunks. Every function is blind, or, if
// mixed, every other one.
func blindFunctions(unique, chunk int, mixed bool) *sample {
	s := newSample()
	for i := range unique {
		s.put(fmt.Sprintf("/shop/p%d", i), fmt.Sprintf("not-a-real-value-%d", i))
	}
	for f := 0; f == 0 || 1+f*chunk < unique; f++ {
		s.key(fmt.Sprintf("alias/f%d", f))
		s.writef("function \"f%d\" {\n  kms_key = \"alias/f%d\"\n  blind = %t\n  secret \"COMMON\" { parameter = \"/shop/p0\" }\n", f, f, !mixed || f%2 == 0)
		for i := 1 + f*chunk; i < min(1+(f+1)*chunk, unique); i++ {
			s.writef("  secret \"P%d\" { parameter = \"/shop/p%d\" }\n", i, i)
		}
		s.writef("}\n")
	}
	return s
}

func TestBlindBuildMakesNoCallTooMany(t *testing.T) {
	for _, c := range []struct {
		unique, chunk      int
		keys, reads, moves int // of all functions
		changed            string
		oneReads, oneMoves int // of the only function with the changed parameter
	}{
		{unique: 1, chunk: 7, keys: 1, reads: 1, moves: 1, changed: "/shop/p0", oneReads: 1, oneMoves: 1},
		{unique: 10, chunk: 7, keys: 2, reads: 1, moves: 11, changed: "/shop/p2", oneReads: 1, oneMoves: 8},
		{unique: 11, chunk: 10, keys: 1, reads: 2, moves: 11, changed: "/shop/p2", oneReads: 2, oneMoves: 11},
		{unique: 21, chunk: 7, keys: 3, reads: 3, moves: 23, changed: "/shop/p20", oneReads: 1, oneMoves: 7},
		{unique: 200, chunk: 23, keys: 9, reads: 20, moves: 208, changed: "/shop/p2", oneReads: 3, oneMoves: 24},
	} {
		t.Run(fmt.Sprint(c.unique), func(t *testing.T) {
			w := newWorld(t, blindFunctions(c.unique, c.chunk, false))
			blind := func(plain, moves int) map[string]int {
				all := calls(1, c.keys, plain, 0, 0)
				if moves > 0 {
					all["kms:ReEncrypt"] = moves
				}
				return all
			}
			first := w.expect(t, nil, blind(c.reads, c.moves))
			if again := w.expect(t, first, blind(c.reads, 0)); !bytes.Equal(first, again) {
				t.Error("an unchanged build wrote other bytes")
			}
			w.put(t, c.changed, "not-a-real-value-changed")
			second := w.expect(t, first, blind(c.reads+c.oneReads, c.oneMoves))
			if again := w.expect(t, second, blind(c.reads, 0)); !bytes.Equal(second, again) {
				t.Error("an unchanged build after a changed one wrote other bytes")
			}
		})
	}
}

func TestMixedBuildReadsForEachMode(t *testing.T) {
	// Two blind functions with 13 parameters together, one packed with 5.
	w := newWorld(t, blindFunctions(17, 6, true))
	mixed := func(plain, decrypting, encrypt, moves int) map[string]int {
		all := calls(1, 3, plain, decrypting, encrypt)
		if moves > 0 {
			all["kms:ReEncrypt"] = moves
		}
		return all
	}
	first := w.expect(t, nil, mixed(2, 1, 1, 12))
	w.expect(t, first, mixed(2, 0, 0, 0))
	w.put(t, "/shop/p0", "not-a-real-value-changed") // every function has it
	w.expect(t, first, mixed(2+2, 1, 1, 12))
}

// blindRole is a role that can build blind functions and do nothing else.
func blindRole(t *testing.T, w *world) (id, key string) {
	t.Helper()
	id, key = sts.NewAccessKey("AKIA")
	err := w.server.PutRole(sts.Role{Name: "blind", Account: awslocal.Account, AccessKeyID: id, SecretAccessKey: key, Policy: []byte(`{
	  "Version": "2012-10-17", "Statement": [
	    {"Effect": "Allow", "Action": ["ssm:GetParameters", "kms:DescribeKey"], "Resource": "*"},
	    {"Effect": "Allow", "Action": "kms:ReEncryptFrom", "Resource": "*", "Condition": {
	      "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": "arn:aws:ssm:*:000000000000:parameter/shop/*"}}},
	    {"Effect": "Allow", "Action": "kms:ReEncryptTo", "Resource": "*", "Condition": {
	      "StringLike": {"kms:EncryptionContext:bundle:function": "shop/*"},
	      "StringEquals": {"kms:EncryptionContext:bundle:environment": "local"}}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	return id, key
}

// failPlaintext makes every call fail that takes or returns plaintext.
func failPlaintext(w *world) {
	for _, operation := range []string{"ssm:GetParameters(decrypt)", "ssm:GetParameter(decrypt)", "ssm:GetParametersByPath(decrypt)",
		"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"} {
		w.server.Inject(awslocal.Fault{Operation: operation, Kind: awslocal.Fail, Code: "AccessDeniedException"})
	}
}

func TestBlindBuildNeedsNoDecryption(t *testing.T) {
	w := newWorld(t, blindFunctions(13, 6, false))
	b := w.build()
	b.id, b.key = blindRole(t, w)
	failPlaintext(w)
	layer, _, err := b.run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.server.ClearFaults()
	for i := range 2 {
		function := fmt.Sprintf("f%d", i)
		values, err := open(t, w, layer, function)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := values["COMMON"], "not-a-real-value-0"; got != want {
			t.Errorf("%s: COMMON is %q", function, got)
		}
		if got, want := values[fmt.Sprintf("P%d", 6*i+3)], fmt.Sprintf("not-a-real-value-%d", 6*i+3); got != want || len(values) != 7 {
			t.Errorf("%s: got %q, want %q, of %d", function, got, want, len(values))
		}
	}
}

// open opens one function's document as the Go library does inside the function.
func open(t *testing.T, w *world, layer []byte, function string) (map[string]string, error) {
	t.Helper()
	unpacked, err := layerbuild.Read(layer)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range unpacked.Documents {
		path := filepath.Join(dir, filepath.FromSlash(sealed.Path(d.Header.Name)))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, d.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	id, key := sts.NewAccessKey("AKIA")
	err = w.server.PutRole(sts.Role{Name: function, Account: awslocal.Account, AccessKeyID: id, SecretAccessKey: key, Policy: []byte(fmt.Sprintf(`{
	  "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": {
	    "StringEquals": {"kms:EncryptionContext:bundle:function": "shop/%s", "kms:EncryptionContext:bundle:environment": "local"}}}}`, function))})
	if err != nil {
		t.Fatal(err)
	}
	client := secrets.New(secrets.Options{Dir: dir, Environ: func() []string {
		return []string{"AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_REGION=" + awslocal.Region, "AWS_ACCESS_KEY_ID=" + id,
			"AWS_SECRET_ACCESS_KEY=" + key, "AWS_ENDPOINT_URL_KMS=" + w.url}
	}})
	return client.All(t.Context())
}

// altered changes what a blind build reads.
type altered struct {
	pipeline.BlindParameters
	change func(*pipeline.Found)
}

func (a altered) Ciphertexts(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	return a.BlindParameters.Ciphertexts(ctx, refs, func(r pipeline.Found) {
		a.change(&r)
		got(r)
	})
}

func TestBlindBuildChecksCiphertextsAgainstTheVersionsCompared(t *testing.T) {
	w := newWorld(t, blindFunctions(3, 6, false))
	layer, _, err := w.build().run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	previous, err := layerbuild.Read(layer)
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, "/shop/p1", "not-a-real-value-changed")
	for what, change := range map[string]func(*pipeline.Found){
		"date": func(r *pipeline.Found) {
			r.Parameter.Version.Modified = r.Parameter.Version.Modified.Add(time.Millisecond)
		},
		"version": func(r *pipeline.Found) { r.Parameter.Version.Number++ },
		"ARN":     func(r *pipeline.Found) { r.Parameter.Version.ARN += "x" },
	} {
		p, _, err := w.build().pipeline(t.Context(), previous)
		if err != nil {
			t.Fatal(err)
		}
		p.Blind.Parameters = altered{p.Blind.Parameters, change}
		w.server.ResetCalls()
		_, problems := p.Run(t.Context())
		if len(problems) != 3 || problems[0].Kind != problem.Integrity || problems[0].Summary != "Parameter changed during the run" {
			t.Errorf("another %s: %v", what, problems)
		}
		if n := w.server.Calls()["kms:ReEncrypt"]; n > 0 {
			t.Errorf("another %s: %d calls of ReEncrypt", what, n)
		}
	}
}

// The ciphertext of one parameter cannot be used for another: KMS checks it against
// the parameter's ARN.
func TestBlindBuildCannotBeGivenAnotherCiphertext(t *testing.T) {
	w := newWorld(t, blindFunctions(2, 6, false))
	p, _, err := w.build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var other []byte
	p.Blind.Parameters = altered{p.Blind.Parameters, func(r *pipeline.Found) {
		other, r.Parameter.Ciphertext = r.Parameter.Ciphertext, slices.Clone(other)
		if r.Parameter.Ciphertext == nil {
			r.Parameter.Ciphertext = bytes.Repeat([]byte("x"), 100)
		}
	}}
	_, problems := p.Run(t.Context())
	if len(problems) != 2 {
		t.Fatalf("got %v", problems)
	}
	for _, p := range problems {
		if p.Kind != problem.Missing || !strings.Contains(p.Detail, "KMS does not accept the ciphertext") {
			t.Errorf("got %v", p)
		}
	}
}

// counting counts how many calls of ReEncrypt run at once.
type counting struct {
	pipeline.BlindKeys
	now, most chan int
}

func (c counting) ReEncrypt(ctx context.Context, m seal.Move) ([]byte, error) {
	n := <-c.now + 1
	c.now <- n
	most := max(<-c.most, n)
	c.most <- most
	blob, err := c.BlindKeys.ReEncrypt(ctx, m)
	c.now <- <-c.now - 1
	return blob, err
}

func TestBlindBuildMovesThirtyTwoAtOnceAtMost(t *testing.T) {
	w := newWorld(t, blindFunctions(120, 20, false), awslocal.WithLatency(2*time.Millisecond))
	p, _, err := w.build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := counting{p.Blind.Keys, make(chan int, 1), make(chan int, 1)}
	c.now <- 0
	c.most <- 0
	p.Blind.Keys = c
	if _, problems := p.Run(t.Context()); len(problems) > 0 {
		t.Fatal(problems)
	}
	if most := <-c.most; most < 2 || most > 32 {
		t.Errorf("%d at once", most)
	}
}

func TestBlindBuildReportsACommonErrorOnce(t *testing.T) {
	for _, tt := range []struct {
		fault awslocal.Fault
		want  problem.Kind
	}{
		{awslocal.Fault{Operation: "kms:ReEncrypt", Nth: 3, Times: 1 << 20, Kind: awslocal.Fail, Status: 400, Code: "ExpiredTokenException"}, problem.Access},
		{awslocal.Fault{Operation: "ssm:GetParameters", Kind: awslocal.Fail, Status: 400, Code: "ExpiredTokenException"}, problem.Access},
	} {
		w := newWorld(t, blindFunctions(60, 20, false))
		w.server.Inject(tt.fault)
		p, _, err := w.build().pipeline(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, problems := p.Run(t.Context()); len(problems) != 1 || problems[0].Kind != tt.want {
			t.Errorf("%+v: %v", tt.fault, problems)
		}
	}
}

func TestInterruptedBlindBuildIsReportedOnce(t *testing.T) {
	w := newWorld(t, blindFunctions(60, 20, false))
	p, _, err := w.build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.Blind.Keys = interrupting{p.Blind.Keys, cancel}
	result, problems := p.Run(ctx)
	if result != nil || len(problems) != 1 || problems[0].Summary != "Interrupted" {
		t.Errorf("got %v", problems)
	}
}

type interrupting struct {
	pipeline.BlindKeys
	interrupt func()
}

func (i interrupting) ReEncrypt(ctx context.Context, m seal.Move) ([]byte, error) {
	i.interrupt()
	return i.BlindKeys.ReEncrypt(ctx, m)
}

// A path without parameters is one problem, and not a second one that there is
// nothing to seal.
func TestAnEmptyPathIsReportedOnce(t *testing.T) {
	s := newSample()
	for _, mode := range []string{"true", "false"} {
		s.key("alias/" + mode)
		s.writef("function %q {\n  kms_key = \"alias/%s\"\n  blind = %s\n  parameters { path = \"/shop/none\" }\n}\n", "f"+mode, mode, mode)
	}
	w := newWorld(t, s)
	b, _, err := w.build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, problems := b.Run(t.Context())
	if len(problems) != 2 || problems[0].Summary != "No parameters below the path" || problems[1].Summary != problems[0].Summary {
		t.Errorf("got %v", problems)
	}
}
