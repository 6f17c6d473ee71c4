package policy_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

// somePlaces are partitions with a region, also those in which names of services differ.
var somePlaces = [][2]string{{"aws", "us-west-2"}, {"aws-cn", "cn-north-1"}, {"aws-us-gov", "us-gov-west-1"}, {"aws-eusc", "eusc-de-east-1"}}

// someParameter draws a name without a slash, at the limit of its length, or one that is
// in another one: /a/b, /a/bc, /a/b/c, /a/b.c.
func someParameter(t *rapid.T) string {
	folder := rapid.StringMatching(`(/[ab]{1,2}[c.-]?){0,4}`).Draw(t, "folder")
	name := folder + "/" + rapid.StringMatching(`[ab][bc._-]{0,3}`).Draw(t, "name")
	switch rapid.IntRange(0, 9).Draw(t, "form") {
	case 0:
		return strings.ReplaceAll(name, "/", "")
	case 1:
		return name + strings.Repeat("z", 900-len(name))
	}
	return name
}

// someSetting draws a service whose names are hostile to what cuts and shortens them.
func someSetting(t *rapid.T) policy.Setting {
	place := rapid.SampledFrom(somePlaces).Draw(t, "place")
	key := func() string {
		account := rapid.SampledFrom([]string{"222222222222", "222222222222", "222222222223", "122222222222"}).Draw(t, "account")
		id := rapid.SampledFrom([]string{"", "mrk-"}).Draw(t, "multi") + rapid.StringMatching(`[01]{32}`).Draw(t, "key")
		return fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", place[0], place[1], account, id)
	}
	s := policy.Setting{
		Region: place[1], Account: "222222222222", Keys: map[string]string{},
		Manifest: &manifest.Manifest{Bundle: manifest.Bundle{Name: manifest.Text{Value: "shop"}}, Environment: manifest.Environment{Name: manifest.Text{Value: "prod"}}},
		ByTags:   rapid.Bool().Draw(t, "tags"), Levels: rapid.IntRange(0, 3).Draw(t, "levels"),
	}
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[aA1](-|_|b|B|-b|_B|2|-2){0,3}(z{58})?`), 1, 25, rapid.ID[string]).Draw(t, "functions")
	shared := key()
	for _, name := range names {
		fn := manifest.Function{Name: manifest.Text{Value: name}, Layer: manifest.Text{Value: "shop"}, Blind: manifest.Bool{Value: rapid.Bool().Draw(t, "blind")}}
		for range rapid.IntRange(1, 6).Draw(t, "secrets") {
			parameter := someParameter(t)
			s.Parameters = append(s.Parameters, policy.Parameter{Name: parameter, Key: fmt.Sprintf("arn:%s:kms:%s:222222222222:key/%032d", place[0], place[1], len(parameter)%3)})
			selector := rapid.SampledFrom([]string{"", ":7", ":stable"}).Draw(t, "selector")
			fn.Secrets = append(fn.Secrets, manifest.Secret{Parameter: manifest.Text{Value: parameter + selector}})
		}
		if rapid.IntRange(0, 2).Draw(t, "imports") == 0 {
			path := rapid.StringMatching(`(/[ab]{1,2}){2,3}/?`).Draw(t, "path")
			fn.Imports = []manifest.Import{{Path: manifest.Text{Value: path}}}
		}
		if s.Keys[name] = key(); rapid.IntRange(0, 4).Draw(t, "shares") == 0 {
			s.Keys[name], fn.SharedKey = shared, true
		}
		s.Manifest.Functions = append(s.Manifest.Functions, fn)
	}
	return s
}

var sidForm = regexp.MustCompile(`^[A-Za-z0-9]{1,100}$`)

// wrong says what IAM would refuse in a document, or "".
func wrong(d policy.Document) string {
	seen := map[string]bool{}
	for _, s := range d.Statement {
		switch {
		case seen[s.Sid]:
			return "two statements " + s.Sid
		case !sidForm.MatchString(s.Sid):
			return "the Sid " + s.Sid
		case len(s.Action) == 0 || (len(s.Resource) == 0) == (len(s.NotResource) == 0):
			return "an empty list in " + s.Sid
		}
		seen[s.Sid] = true
		for operator, keys := range s.Condition {
			for key, values := range keys {
				if len(values) == 0 {
					return "an empty list in " + s.Sid + " " + operator + " " + key
				}
			}
		}
	}
	return ""
}

// The policies of any service are valid, and their parts decide as they do.
func TestPartsOfPoliciesMeanTheSameWhateverTheNames(t *testing.T) {
	cut := 0
	rapid.Check(t, func(t *rapid.T) {
		s := someSetting(t)
		documents := []policy.Document{s.Build(), s.Plan(), s.Doctor()}
		if put, _, err := s.Documents(policy.KindPut, nil); err == nil {
			documents = append(documents, put[0].Policy)
		}
		whole := rapid.SampledFrom(documents).Draw(t, "document")
		limit := rapid.SampledFrom([]int{3000, 4500, policy.MaxManaged}).Draw(t, "limit")
		parts, err := whole.Split(limit)
		if errors.Is(err, policy.ErrStatement) {
			t.Skip(err)
		}
		if len(parts) > 1 {
			cut++
		}
		seen := map[string]bool{}
		for _, part := range parts {
			if text := wrong(part); text != "" || part.Size() > limit {
				t.Fatalf("%s, %d characters", text, part.Size())
			}
			for _, s := range part.Statement {
				if seen[s.Sid] {
					t.Fatalf("%s is in two parts", s.Sid)
				}
				seen[s.Sid] = true
			}
		}
		var statements []policy.Document // the embedded AWS takes no document of this size
		for _, one := range whole.Statement {
			statements = append(statements, policy.Document{Version: whole.Version, Statement: []policy.Statement{one}})
		}
		before, after, about := parsed(t, statements), parsed(t, parts), askableOf(whole)
		for _, one := range about {
			one.resources = append(one.resources, s.Keys[s.Functions()[0]])
		}
		for range 20 {
			r := about.draw(t)
			for key := range r.keys {
				if slices.Contains(r.keys[key], "${aws:ResourceTag/bundle:function}") {
					r.keys[key] = []string{"shop/a"}
				}
			}
			if got, want := decide(after, r), decide(before, r); got != want {
				t.Fatalf("%+v: %s in parts, %s before", r, got, want)
			}
		}
	})
	if cut == 0 {
		t.Error("nothing was cut")
	}
}
