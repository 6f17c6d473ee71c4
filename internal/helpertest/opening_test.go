package helpertest

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repeat makes n equal calls.
func repeat(n int, call ...any) [][]any {
	var all [][]any
	for range n {
		all = append(all, call)
	}
	return all
}

// TestEveryBoxIsOpenedOnce counts the calls of KMS.
func TestEveryBoxIsOpenedOnce(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		d := l.start(t)
		for _, c := range []struct {
			name, vector string
			first, then  [][]any // at the same time; after that, one by one
			calls        []int   // of KMS, for each of the two
		}{
			{"many at once", "ok-two-boxes", repeat(8, "get", "ALPHA"), repeat(2, "get", "OMEGA"), []int{2, 0}},
			{"all and one at once", "ok-two-boxes", [][]any{{"all"}, {"get", "BETA"}, {"env"}}, [][]any{{"all"}, {"bytes", "ALPHA"}}, []int{2, 0}},
			{"blind, one for many", "ok-blind", repeat(8, "get", "ALPHA"), [][]any{{"get", "ALPHA"}, {"get", "BETA"}}, []int{1, 1}},
			{"blind, several at once", "ok-blind", [][]any{{"get", "ALPHA"}, {"get", "BETA"}, {"all"}}, [][]any{{"all"}}, []int{3, 0}},
			{"blind, the rest of all", "ok-blind", [][]any{{"get", "OMEGA"}}, [][]any{{"all"}}, []int{1, 2}},
			{"16 boxes", "ok-64k", [][]any{{"all"}}, [][]any{{"get", "PART_15"}}, []int{16, 0}},
		} {
			t.Run(c.name, func(t *testing.T) {
				local := embedded(t)
				v := readVector(t, c.vector)
				vars := local.environment(v.place(t))
				for i, calls := range [][][]any{c.first, c.then} {
					local.ResetCalls()
					for _, r := range d.call(t, request{Env: vars, Calls: calls, Parallel: i == 0, Keep: i > 0}) {
						if r.Code != "" {
							t.Errorf("%s: %s", r.Code, r.Message)
						}
					}
					if n := local.Calls()["kms:Decrypt"]; n != c.calls[i] {
						t.Errorf("step %d: %d calls of kms:Decrypt, want %d", i, n, c.calls[i])
					}
				}
			})
		}
	})
}

// TestCallersShareAFailure: those who waited get it, the next one tries again.
func TestCallersShareAFailure(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		local, d := embedded(t), l.start(t)
		v := readVector(t, "ok-one")
		vars := local.environment(v.place(t))
		// Slow enough that all six come while the first one's call is under way.
		denied := fails("AccessDeniedException", 400, 1, 1)
		denied[0].Delay = time.Second
		local.Inject(denied...)
		for _, r := range d.call(t, request{Env: vars, Calls: repeat(6, "all"), Parallel: true}) {
			if r.Code != "access_denied" {
				t.Errorf("got %q, want access_denied", r.Code)
			}
		}
		if n := local.Calls()["kms:Decrypt"]; n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		v.check(t, d.call(t, request{Env: vars, Calls: repeat(1, "all"), Keep: true})[0])
	})
}

// TestAnUnknownNameNeedsNoCall and costs the others nothing.
func TestAnUnknownNameNeedsNoCall(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		local, d := embedded(t), l.start(t)
		vars := local.environment(readVector(t, "ok-two-in-a-box").place(t))
		r := d.call(t, request{Env: vars, Calls: [][]any{{"get", "STRIPE_KY"}, {"bytes", "DB_PASSWROD"}}})
		for i, nearest := range []string{"STRIPE_KEY", "DB_PASSWORD"} {
			if r[i].Code != "secret_not_found" || !strings.Contains(r[i].Message, nearest) {
				t.Errorf("got %s (%s), want secret_not_found with %s", r[i].Code, r[i].Message, nearest)
			}
		}
		if n := len(local.Calls()); n != 0 {
			t.Errorf("%d calls, want none", n)
		}
	})
}

// TestAMissingDocumentListsTheOthers so that the mistake can be seen.
func TestAMissingDocumentListsTheOthers(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		local, d := embedded(t), l.start(t)
		v := readVector(t, "ok-one")
		v.files = []string{"prod-a.sealed", "prod-b.sealed"}
		vars := local.environment(v.place(t))
		r := d.call(t, request{Env: vars, Calls: repeat(1, "all")})[0]
		for _, name := range []string{"payments-prod-hello", "prod-a", "prod-b"} {
			if r.Code != "bundle_not_found" || !strings.Contains(r.Message, name) {
				t.Errorf("got %s (%s), want bundle_not_found with %s", r.Code, r.Message, name)
			}
		}
		vars["BUNDLE_SECRETS_DIR"] = filepath.Join(t.TempDir(), "absent")
		r = d.call(t, request{Env: vars, Calls: repeat(1, "all")})[0]
		if r.Code != "bundle_not_found" || !strings.Contains(r.Message, "layer") {
			t.Errorf("got %s (%s), want bundle_not_found", r.Code, r.Message)
		}
	})
}

// TestWhatIsNoDocument: a folder, a link and an endless file under a document's name.
func TestWhatIsNoDocument(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		local, d := embedded(t), l.start(t)
		v := readVector(t, "ok-one")
		vars := local.environment(v.place(t))
		file := filepath.Join(vars["BUNDLE_SECRETS_DIR"], "bundle", "functions", v.files[0])
		for _, c := range []struct {
			name string
			make func() error
			want string
		}{
			{"a folder", func() error { return os.Mkdir(file, 0o755) }, "bundle_not_found"},
			{"a link", func() error { return os.Symlink("/dev/zero", file) }, "bundle_not_found"},
			{"too long", func() error { return os.WriteFile(file, []byte(v.document+strings.Repeat("x", 1<<20)), 0o644) }, "bad_document"},
			{"empty", func() error { return os.WriteFile(file, nil, 0o644) }, "bad_document"},
		} {
			if err := os.RemoveAll(file); err != nil {
				t.Fatal(err)
			}
			if err := c.make(); err != nil {
				t.Fatal(err)
			}
			if r := d.call(t, request{Env: vars, Calls: repeat(1, "all")})[0]; r.Code != c.want {
				t.Errorf("%s: got %s (%s), want %s", c.name, r.Code, r.Message, c.want)
			}
		}
	})
}

// TestVariablesThatExistAreKept unless the caller says otherwise.
func TestVariablesThatExistAreKept(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		local, d := embedded(t), l.start(t)
		v := readVector(t, "ok-two-in-a-box")
		vars := local.environment(v.place(t))
		vars["DB_PASSWORD"] = "configured"
		vars["STRIPE_KEY"] = ""
		r := d.call(t, request{Env: maps.Clone(vars), Calls: [][]any{{"env"}, {"env", nil, true}, {"env", nil, true}}})
		if len(r[0].Values) != 0 {
			t.Errorf("env changed %d variables", len(r[0].Values))
		}
		v.check(t, r[1])
		if len(r[2].Values) != 0 {
			t.Errorf("env changed %d variables the second time", len(r[2].Values))
		}
	})
}
