package plan_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/plan"
)

const (
	key   = "arn:aws:kms:us-west-2:222222222222:key/1"
	other = "arn:aws:kms:us-west-2:222222222222:key/2"
)

var day = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

func source(name string, version int64) sealed.Source {
	return sealed.Source{Secret: name, Encoding: "text", Version: version, Modified: day.AddDate(0, 0, int(version)),
		ARN: "arn:aws:ssm:us-west-2:222222222222:parameter/prod/" + name}
}

func want(function string, sources ...sealed.Source) plan.Want {
	return plan.Want{Key: key, Header: sealed.Header{
		Bundle: "payments", Environment: "prod", Function: function, Name: function, Mode: sealed.Pack, Sources: sources,
	}}
}

// documents returns the documents of a previous layer for wants.
func documents(t *testing.T, wants ...plan.Want) []*sealed.Document {
	t.Helper()
	var all []*sealed.Document
	for _, w := range wants {
		w.Header.Boxes = []sealed.Box{{Secrets: w.Header.Secrets()}}
		d, err := sealed.New(w.Header, w.Key, [][]byte{[]byte("ciphertext")})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func TestDiffReportsWhyADocumentIsResealed(t *testing.T) {
	previous := documents(t, want("hello", source("AA", 3), source("BB", 1)))
	changed := func(change func(*plan.Want)) plan.Want {
		w := want("hello", source("AA", 3), source("BB", 1))
		change(&w)
		return w
	}
	tests := map[string]struct {
		want    plan.Want
		action  plan.Action
		reasons []string
	}{
		"nothing changed": {changed(func(*plan.Want) {}), plan.Carry, nil},
		"a version":       {changed(func(w *plan.Want) { w.Header.Sources[0] = source("AA", 4) }), plan.Reseal, []string{"AA: version 3 → 4"}},
		"a secret more":   {changed(func(w *plan.Want) { w.Header.Sources = append(w.Header.Sources, source("CC", 1)) }), plan.Reseal, []string{"CC: added"}},
		"two secrets more, and a version": {want("hello", source("A1", 1), source("A2", 1), source("AA", 3), source("BB", 2)), plan.Reseal,
			[]string{"A1: added", "A2: added", "BB: version 1 → 2"}},
		"two secrets others": {want("hello", source("CC", 1), source("DD", 1)), plan.Reseal, []string{"AA: removed", "BB: removed", "CC: added", "DD: added"}},
		"constraints":        {changed(func(w *plan.Want) { w.Header.Sources[0].Checks = "min_length=8" }), plan.Reseal, []string{"AA: constraints"}},
		"a version and its date": {changed(func(w *plan.Want) {
			w.Header.Sources[0].Version, w.Header.Sources[0].Modified = 4, day.AddDate(1, 0, 0)
		}), plan.Reseal, []string{"AA: version 3 → 4"}},
		"a secret less": {changed(func(w *plan.Want) { w.Header.Sources = w.Header.Sources[:1] }), plan.Reseal, []string{"BB: removed"}},
		"a key":         {changed(func(w *plan.Want) { w.Key = other }), plan.Reseal, []string{"key " + key + " → " + other}},
		"the bundle":    {changed(func(w *plan.Want) { w.Header.Bundle = "shop" }), plan.Reseal, []string{"bundle payments → shop"}},
		"the function":  {changed(func(w *plan.Want) { w.Header.Function = "hi" }), plan.Reseal, []string{"function hello → hi"}},
		"an encoding":   {changed(func(w *plan.Want) { w.Header.Sources[1].Encoding = "base64" }), plan.Reseal, []string{"BB: encoding text → base64"}},
		"a field":       {changed(func(w *plan.Want) { w.Header.Sources[1].Field = "a.b" }), plan.Reseal, []string{"BB: field - → a.b"}},
		"a list":        {changed(func(w *plan.Want) { w.Header.Sources[1].Field = "/a.b/c" }), plan.Reseal, []string{`BB: field - → ["a.b", "c"]`}},
		"a recreation":  {changed(func(w *plan.Want) { w.Header.Sources[1].Modified = day.AddDate(1, 0, 0) }), plan.Reseal, []string{"BB: recreated"}},
		"a parameter": {changed(func(w *plan.Want) { w.Header.Sources[1].ARN = source("ZZ", 1).ARN }), plan.Reseal,
			[]string{"BB: parameter " + source("BB", 1).ARN + " → " + source("ZZ", 1).ARN}},
		"a mode": {changed(func(w *plan.Want) { w.Header.Mode = sealed.Blind }), plan.Reseal, []string{"mode pack → blind"}},
	}
	for name, test := range tests {
		changes := plan.Diff([]plan.Want{test.want}, previous)
		if len(changes) != 1 || changes[0].Action != test.action {
			t.Errorf("%s: %v, not one %s", name, changes, test.action)
			continue
		}
		var reasons []string
		for _, r := range changes[0].Reasons {
			reasons = append(reasons, r.String())
		}
		if diff := cmp.Diff(test.reasons, reasons); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestReasonsRead(t *testing.T) {
	for want, r := range map[string]plan.Reason{
		"AA: added":           {Secret: "AA", What: "added"},
		"AA: version 3 → 4":   {Secret: "AA", What: "version", From: "3", To: "4"},
		"mode pack → blind":   {What: "mode", From: "pack", To: "blind"},
		"AA: field live.key":  {Secret: "AA", What: "field", To: "live.key"},
		"AA: field test.key":  {Secret: "AA", What: "field", From: "test.key"},
		"environment staging": {What: "environment", To: "staging"},
	} {
		if got := r.String(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestDiffListsWhatComesAndGoesInOrderOfName(t *testing.T) {
	a, b, c := want("a", source("AA", 1)), want("b", source("AA", 1)), want("c", source("AA", 1))
	var got []string
	for _, change := range plan.Diff([]plan.Want{c, b}, documents(t, a, b)) {
		got = append(got, change.Name+" "+string(change.Action))
	}
	if want := []string{"a remove", "b carry", "c add"}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestRollbacks(t *testing.T) {
	previous := documents(t, want("hello", source("AA", 7)))
	later := source("AA", 1)
	later.Modified = day.AddDate(1, 0, 0)
	elsewhere := source("AA", 6)
	elsewhere.ARN += "2"
	tests := map[string]struct {
		now  sealed.Source
		want bool
	}{
		"an older version":    {source("AA", 6), true},
		"the same":            {source("AA", 7), false},
		"a newer one":         {source("AA", 8), false},
		"a recreation":        {later, false},
		"another parameter":   {elsewhere, false},
		"a secret of no past": {source("BB", 1), false},
		"at the same time":    {sealed.Source{Secret: "AA", Encoding: "text", Version: 6, Modified: source("AA", 7).Modified, ARN: source("AA", 7).ARN}, true},
	}
	for name, test := range tests {
		// The functions around it have no previous document, or one without a rollback. The key has changed, so nothing is carried over.
		hello := want("hello", test.now)
		hello.Key = other
		wants := []plan.Want{want("added", source("AA", 1)), hello, want("zadded", source("AA", 1))}
		var all []plan.Rollback
		if test.want {
			all = []plan.Rollback{{Name: "hello", Was: source("AA", 7), Now: test.now}}
		}
		if diff := cmp.Diff(all, plan.Rollbacks(wants, plan.Diff(wants, previous))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// ofSecret is a source of Secrets Manager: its version n, written on day n.
func ofSecret(name, suffix string, n int) sealed.Source {
	return sealed.Source{Secret: name, Encoding: "text", ID: fmt.Sprintf("%08d-1111-1111-1111-111111111111", n), Modified: day.AddDate(0, 0, n),
		ARN: "arn:aws:secretsmanager:us-west-2:222222222222:secret:prod/" + name + "-" + suffix}
}

func TestVersionsOfSecretsManager(t *testing.T) {
	undated := func(s sealed.Source) sealed.Source {
		s.Modified = time.Time{}
		return s
	}
	written := func(s sealed.Source, at time.Time) sealed.Source {
		s.Modified = at
		return s
	}
	was := ofSecret("AA", "AbCdEf", 7)
	for what, test := range map[string]struct {
		now      sealed.Source
		reasons  []string
		rollback bool
	}{
		"the same":             {now: was},
		"a newer one":          {ofSecret("AA", "AbCdEf", 8), []string{"AA: version 00000007… of 2026-11-08T10:00:00Z → 00000008… of 2026-11-09T10:00:00Z"}, false},
		"an older one":         {ofSecret("AA", "AbCdEf", 6), []string{"AA: version 00000007… of 2026-11-08T10:00:00Z → 00000006… of 2026-11-07T10:00:00Z"}, true},
		"of an unknown date":   {undated(ofSecret("AA", "AbCdEf", 6)), []string{"AA: version 00000007… of 2026-11-08T10:00:00Z → 00000006…"}, false},
		"a millisecond older":  {written(ofSecret("AA", "AbCdEf", 6), was.Modified.Add(-time.Millisecond)), []string{"AA: version 00000007… of 2026-11-08T10:00:00Z → 00000006… of 2026-11-08T09:59:59Z"}, true},
		"at the same time":     {written(ofSecret("AA", "AbCdEf", 8), was.Modified), []string{"AA: version 00000007… of 2026-11-08T10:00:00Z → 00000008… of 2026-11-08T10:00:00Z"}, false},
		"recreated, and older": {ofSecret("AA", "GhIjKl", 6), []string{"AA: recreated"}, false},
		"another secret":       {named("AA", ofSecret("BB", "AbCdEf", 6)), []string{"AA: secret " + was.ARN + " → " + ofSecret("BB", "AbCdEf", 6).ARN}, false},
		"a parameter":          {source("AA", 1), []string{"AA: parameter " + was.ARN + " → " + source("AA", 1).ARN}, false},
		"IDs that begin alike": {sealed.Source{Secret: "AA", Encoding: "text", ID: "00000007-1111-1111-1111-111111111112", ARN: was.ARN, Modified: was.Modified}, []string{"AA: version 00000007-1111-1111-1111-111111111111 of 2026-11-08T10:00:00Z → 00000007-1111-1111-1111-111111111112 of 2026-11-08T10:00:00Z"}, false},
	} {
		previous := documents(t, want("hello", was))
		wants := []plan.Want{want("hello", test.now)}
		changes := plan.Diff(wants, previous)
		var reasons []string
		for _, r := range changes[0].Reasons {
			reasons = append(reasons, r.String())
		}
		if diff := cmp.Diff(test.reasons, reasons); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
		if got := len(plan.Rollbacks(wants, changes)) > 0; got != test.rollback {
			t.Errorf("%s: rollback %t", what, got)
		}
	}
	changes := plan.Diff([]plan.Want{want("hello", ofSecret("AA", "AbCdEf", 7))}, documents(t, want("hello", source("AA", 3))))
	if got := changes[0].Reasons[0].String(); got != "AA: secret "+source("AA", 3).ARN+" → "+was.ARN || len(changes[0].Reasons) > 1 {
		t.Errorf("from a parameter: %v", changes[0].Reasons)
	}
	changes = plan.Diff([]plan.Want{want("hello", undated(ofSecret("AA", "AbCdEf", 8)))}, documents(t, want("hello", was)))
	changes[0].Date([]sealed.Source{ofSecret("AA", "AbCdEf", 8)})
	if r := changes[0].Reasons[0]; !r.ToDate.Equal(day.AddDate(0, 0, 8)) || !r.FromDate.Equal(was.Modified) || r.From != was.ID {
		t.Errorf("dated: %+v", r)
	}
}

// named returns a source with another name of its secret.
func named(name string, s sealed.Source) sealed.Source {
	s.Secret = name
	return s
}
