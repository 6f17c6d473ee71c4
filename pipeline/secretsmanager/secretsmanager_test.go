package secretsmanager

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/pipeline/secret"
)

func at(name, stage, id string) secret.Ref {
	return secret.Ref{Store: secret.SecretsManager, Name: name, Selector: stage, ID: id}
}

func TestVersionsCostOneCallForEachName(t *testing.T) {
	f := newFake(t, honest)
	current, stable, pin, gone := at("prod/db", Current, ""), at("prod/db", "stable", ""), at("prod/db", "", strings.Repeat("x", 32)), at("prod/db", "nope", "")
	results, err := f.versions(t, current, stable, pin, gone, current, at("other", "", ""))
	if err != nil || len(results) != 5 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	if asked := f.asked(); len(asked) != 2 || !slices.Contains(asked, "DescribeSecret prod/db") || !slices.Contains(asked, "DescribeSecret other") {
		t.Errorf("asked %q", asked)
	}
	for ref, id := range map[secret.Ref]string{current: second, stable: second, pin: pin.ID, at("other", "", ""): second} {
		r := results[ref]
		want := secret.Version{ARN: place + ref.Name + "-a1B2c3", ID: id}
		if r.Err != nil || r.Secret.Ref != ref || r.Secret.Version != want || r.Secret.LastChanged != time.Date(2025, 11, 1, 12, 1, 40, 456e6, time.UTC) {
			t.Errorf("%+v: %+v", ref, r)
		}
		if r.Secret.Labeled(id) != (ref != pin) {
			t.Errorf("%+v: labeled is wrong", ref)
		}
	}
	if r := results[gone]; !errors.Is(r.Err, ErrVersion) || r.Secret.Version.ID != "" || len(r.Secret.Stages) != 3 {
		t.Errorf("%+v", r)
	}
}

func TestEachReferenceIsReadOnce(t *testing.T) {
	f := newFake(t, honest)
	later := at(place+"prod/db-a1B2c3", Current, second)
	pin := at("prod/db", "", first)
	results, err := f.read(t, at("prod/db", Current, ""), pin, later, later, at("prod/db", Current, ""))
	if err != nil || len(results) != 3 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	asked := f.asked()
	slices.Sort(asked)
	if want := []string{
		"GetSecretValue " + place + "prod/db-a1B2c3 id=" + second + " stage=AWSCURRENT",
		"GetSecretValue prod/db id=" + first, "GetSecretValue prod/db stage=AWSCURRENT",
	}; !slices.Equal(asked, want) {
		t.Errorf("asked %q", asked)
	}
	for ref, r := range results {
		want := secret.Version{ARN: place + "prod/db-a1B2c3", ID: second, Modified: time.Date(2025, 11, 1, 12, 0, 0, 123e6, time.UTC)}
		if ref == pin {
			want.ID = first
		}
		if r.Err != nil || r.Secret.Version != want || string(r.Secret.Value.Reveal()) != "value of prod/db" || r.Secret.Binary {
			t.Errorf("%+v: %v, %+v", ref, r.Err, r.Secret.Version)
		}
	}
}
