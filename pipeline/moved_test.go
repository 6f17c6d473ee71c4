package pipeline_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

const (
	describes = "secretsmanager:DescribeSecret"
	gets      = "secretsmanager:GetSecretValue"
)

// moving is a world in which the stage of prod/db can move: f0 has a parameter and two
// fields of it, f1 one field, and f2 another secret. AWSCURRENT is at the older of two
// versions, and the newer one has AWSPREVIOUS.
func moving(t *testing.T) (v *vault, older, newer string) {
	t.Helper()
	s := newSample()
	for _, name := range []string{"f0", "f1", "f2"} {
		s.key("alias/" + name)
	}
	s.put("/shop/p", "not-a-real-value")
	s.keep("prod/db", `{"user": "user-1", "password": "password-1"}`)
	s.keep("prod/token", "not-a-real-token")
	s.writef("function \"f0\" {\n  kms_key = \"alias/f0\"\n  secret \"PARAMETER\" { parameter = \"/shop/p\" }\n")
	s.writef("  secret \"USER\" {\n    secretsmanager = \"prod/db\"\n    field = \"user\"\n    optional = true\n  }\n")
	s.writef("  secret \"PASSWORD\" {\n    secretsmanager = \"prod/db\"\n    field = \"password\"\n    optional = true\n  }\n}\n")
	s.writef("function \"f1\" {\n  kms_key = \"alias/f1\"\n  secret \"USER\" {\n    secretsmanager = \"prod/db\"\n    field = \"user\"\n  }\n}\n")
	s.writef("function \"f2\" {\n  kms_key = \"alias/f2\"\n  secret \"TOKEN\" { secretsmanager = \"prod/token\" }\n}\n")
	v = newVault(t, s)
	older = v.current(t, "prod/db")
	newer = v.change(t, "prod/db", `{"user": "user-2", "password": "password-2"}`)
	v.move(t, "prod/db", newer, older)
	return v, older, newer
}

// seen builds, and checks the calls that the server has seen.
func (v *vault) seen(t *testing.T, previous []byte, want map[string]int, change func(*pipeline.Build)) ([]byte, problem.Problems) {
	t.Helper()
	v.server.ResetCalls()
	layer, problems := v.try(t, previous, change)
	if diff := cmp.Diff(want, v.server.Calls()); diff != "" {
		t.Errorf("calls (-want +seen by the server):\n%s", diff)
	}
	return layer, problems
}

// has checks which version of prod/db the functions have, and which other secrets.
func (v *vault) has(t *testing.T, layer []byte, number, parameter string) {
	t.Helper()
	for name, want := range map[string]map[string]string{
		"f0": {"PARAMETER": parameter, "USER": "user-" + number, "PASSWORD": "password-" + number},
		"f1": {"USER": "user-" + number},
		"f2": {"TOKEN": "not-a-real-token"},
	} {
		got, err := open(t, v.world, layer, name)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// A stage that moves while a build reads is looked up again. A function with the secret
// that would have been carried over gets the new version too, and others do not care.
func TestAStageThatMovesOnceIsReadAgain(t *testing.T) {
	v, _, _ := moving(t)
	first := v.built(t, nil)
	v.put(t, "/shop/p", "not-a-real-value-changed")
	v.server.Inject(awslocal.Fault{Operation: gets, Kind: awslocal.MoveStage, Key: "prod/db", Nth: 1})
	// One description finds out why the read was refused, and one looks again.
	second, problems := v.seen(t, first, ofSecrets(calls(1, 3, 1, 1, 2), 4, 2, 0), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	v.has(t, second, "2", "not-a-real-value-changed")
	if again := v.expect(t, second, ofSecrets(calls(1, 3, 1, 0, 0), 2, 0, 0)); !bytes.Equal(second, again) {
		t.Error("an unchanged build wrote other bytes")
	}
}

func TestAStageThatMovesDuringABuildToAnOlderVersionIsARollback(t *testing.T) {
	for allowed, encrypts := range map[bool]int{false: 0, true: 2} { // a rollback is refused before anything is sealed
		v, older, newer := moving(t)
		v.move(t, "prod/db", older, newer)
		first := v.built(t, nil)
		v.put(t, "/shop/p", "not-a-real-value-changed")
		v.server.Inject(awslocal.Fault{Operation: gets, Kind: awslocal.MoveStage, Key: "prod/db", Nth: 1})
		second, problems := v.seen(t, first, ofSecrets(calls(1, 3, 1, 1, encrypts), 4, 2, 0), func(b *pipeline.Build) { b.AllowRollback = allowed })
		if allowed {
			v.has(t, second, "1", "not-a-real-value-changed")
			continue
		}
		if len(problems) != 3 || second != nil {
			t.Fatalf("%v", problems)
		}
		for _, p := range problems {
			if p.Kind != problem.Integrity || p.Summary != "Older version" {
				t.Errorf("%v", p)
			}
		}
	}
}

func TestAStageThatMovesEveryTimeIsGivenUp(t *testing.T) {
	v, _, _ := moving(t)
	first := v.built(t, nil)
	v.put(t, "/shop/p", "not-a-real-value-changed")
	v.server.Inject(awslocal.Fault{Operation: gets, Kind: awslocal.MoveStage, Key: "prod/db"})
	layer, problems := v.seen(t, first, ofSecrets(calls(1, 3, 1, 1, 0), 2+4+3, 4, 0), nil)
	if len(problems) != 1 || problems[0].Kind != problem.Unavailable || problems[0].Summary != "Secret changed meanwhile" || problems[0].Subject == nil || layer != nil {
		t.Errorf("%v", problems)
	}
}

// The stage is where it was in the previous layer before a new version is read.
func TestAStageThatMovesBackIsCarriedOver(t *testing.T) {
	v, older, newer := moving(t)
	first := v.built(t, nil)
	v.move(t, "prod/db", older, newer)
	v.server.Inject(awslocal.Fault{Operation: gets, Kind: awslocal.MoveStage, Key: "prod/db", Nth: 1})
	second, problems := v.seen(t, first, ofSecrets(calls(1, 3, 1, 1, 0), 4, 1, 0), nil)
	if len(problems) > 0 || !bytes.Equal(first, second) {
		t.Errorf("%v", problems)
	}
}

// The stage moves away before the read, and back before Secrets Manager is asked why the
// read was refused.
func TestAStageThatMovesAwayAndBackIsReadAgain(t *testing.T) {
	v, older, newer := moving(t)
	first := v.built(t, nil)
	v.move(t, "prod/db", older, newer)
	v.server.Inject(
		awslocal.Fault{Operation: gets, Kind: awslocal.MoveStage, Key: "prod/db", Nth: 1},
		awslocal.Fault{Operation: describes, Kind: awslocal.MoveStage, Key: "prod/db", Nth: 3},
	)
	second, problems := v.seen(t, first, ofSecrets(calls(1, 3, 1, 1, 2), 4, 2, 0), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	v.has(t, second, "2", "not-a-real-value")
}

// The stage moves after the version at AWSPREVIOUS was read, and that moves with it.
func TestAnotherStageOfASecretThatMovesIsReadAgainToo(t *testing.T) {
	s := newSample()
	s.key("alias/f0")
	s.keep("prod/db", "not-a-real-value-1", "not-a-real-value-2")
	s.writef("function \"f0\" {\n  kms_key = \"alias/f0\"\n")
	s.writef("  secret \"BEFORE\" {\n    secretsmanager = \"prod/db\"\n    version_stage = \"AWSPREVIOUS\"\n  }\n  secret \"NOW\" { secretsmanager = \"prod/db\" }\n}\n")
	v := newVault(t, s)
	first := v.built(t, nil)
	v.change(t, "prod/db", "not-a-real-value-3")
	v.server.Inject(awslocal.Fault{Operation: gets, Kind: awslocal.MoveStage, Key: "prod/db", Nth: 2})
	second, problems := v.seen(t, first, ofSecrets(calls(1, 1, 0, 0, 1), 3, 4, 0), func(b *pipeline.Build) {
		b.Parameters, b.AllowRollback = oneByOne(t, v), true
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got, err := open(t, v.world, second, "f0")
	if diff := cmp.Diff(map[string]string{"BEFORE": "not-a-real-value-3", "NOW": "not-a-real-value-2"}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// oneByOne returns stores that make one call of Secrets Manager at a time, in order.
func oneByOne(t *testing.T, v *vault) pipeline.Stores {
	t.Helper()
	id, key := v.server.Credentials()
	cfg, err := awsclient.New(t.Context(), awsclient.Options{
		Region: awslocal.Region, EndpointURL: v.url, Local: true, Static: &awsclient.Static{ID: id, Key: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	stores, _ := storesOf(cfg, param.Options{Account: awslocal.Account})
	stores.Secrets = secretsmanager.New(cfg, secretsmanager.Options{Account: awslocal.Account, Concurrency: 1})
	return stores
}

// An interposed store calls a function before each of its calls.
type interposed struct {
	pipeline.Parameters
	before func(call string)
}

func (i interposed) Versions(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	i.before("Versions")
	return i.Parameters.Versions(ctx, refs, got)
}

func (i interposed) Read(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	i.before("Read")
	return i.Parameters.Read(ctx, refs, got)
}

// An optional secret that moves and then disappears is left out, like one that was never
// there. A required one is reported.
func TestASecretThatMovesAndDisappears(t *testing.T) {
	for _, required := range []bool{false, true} {
		v, older, newer := moving(t)
		first := v.built(t, nil)
		v.put(t, "/shop/p", "not-a-real-value-changed")
		layer, problems := v.try(t, first, func(b *pipeline.Build) {
			m := *b.Manifest
			if !required {
				m.Functions = m.Functions[:1:1]
			}
			b.Manifest = &m
			read := false
			b.Parameters = interposed{b.Parameters, func(call string) {
				switch {
				case call == "Read" && !read:
					v.move(t, "prod/db", older, newer)
					read = true
				case call == "Versions" && read:
					v.remove(t, "prod/db", true)
				}
			}}
		})
		if required {
			if len(problems) != 1 || problems[0].Kind != problem.Missing || layer != nil {
				t.Errorf("%v", problems)
			}
			continue
		}
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		got, err := open(t, v.world, layer, "f0")
		if diff := cmp.Diff(map[string]string{"PARAMETER": "not-a-real-value-changed"}, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
}
