package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/publish"
)

// A version is as old as its replacement, by the date of the next one that exists: until then, functions and templates had it.
func TestAVersionIsAsOldAsItsReplacement(t *testing.T) {
	now := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	for name, c := range map[string]struct {
		created []time.Time // of the versions, the newest first
		want    string
	}{
		"all long ago":             {[]time.Time{day(10), day(20), day(30), day(40)}, "newest; previous; ; "},
		"replaced yesterday":       {[]time.Time{day(1), day(1), day(1), day(40)}, "newest; previous recent; recent; recent"},
		"replaced by the second":   {[]time.Time{day(0), day(1), day(30), day(40)}, "newest; previous recent; recent; "},
		"exactly as long ago":      {[]time.Time{day(7), day(7), day(7), day(7)}, "newest; previous; ; "},
		"a moment less":            {[]time.Time{day(7), day(7), day(7).Add(1), day(8)}, "newest; previous; ; recent"},
		"in the future":            {[]time.Time{day(-1), day(-1), day(-1), day(-1)}, "newest; previous recent; recent; recent"},
		"no dates":                 {make([]time.Time, 4), "newest; previous undated; undated; undated"},
		"the replacement has none": {[]time.Time{day(10), day(20), {}, day(40)}, "newest; previous; ; undated"},
		"older after newer":        {[]time.Time{day(40), day(30), day(20), day(10)}, "newest; previous; ; "},
	} {
		t.Run(name, func(t *testing.T) {
			m := &manifest.Manifest{}
			m.Bundle.Name.Value, m.Environment.Name.Value = "shop", "prod"
			p := &Prune{Scope: Scope{Manifest: m}, Keep: 2, OlderThan: 7 * 24 * time.Hour, Now: now}
			r := &Pruned{}
			for i, created := range c.created {
				r.Versions = append(r.Versions, PrunedVersion{Listed: publish.Listed{
					Number: int64(len(c.created) - i), Created: created, Description: described("shop", "prod") + strings.Repeat("a", 64),
				}})
			}
			p.keepOwn(r)
			if got := reasons(r); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func reasons(r *Pruned) string {
	var all []string
	for _, v := range r.Versions {
		var words []string
		for _, k := range v.Kept {
			words = append(words, strings.TrimSpace(fmt.Sprint(k.Why, " ", k.Function, strings.Join(k.Versions, " "))))
		}
		all = append(all, strings.Join(words, " "))
	}
	return strings.Join(all, "; ")
}

// A version that any entry of the list of functions has stays: also replicas of Lambda@Edge, $LATEST.PUBLISHED, a function that
// has the layer twice, and one that has it beside others. Layers of other accounts and of AWS are others.
func TestWhatAnyEntryHasIsKept(t *testing.T) {
	replica := version("4", testLayer+":2")
	replica.Name, replica.Master = "edge", "arn:aws:lambda:us-east-1:222222222222:function:edge"
	for name, c := range map[string]struct {
		functions []publish.Function
		want      string // of versions 3, 2 and 1
	}{
		"none":                {nil, "; ; "},
		"$LATEST":             {[]publish.Function{version("$LATEST", testLayer+":1")}, "; ; function hello$LATEST"},
		"$LATEST.PUBLISHED":   {[]publish.Function{version("$LATEST.PUBLISHED", testLayer+":1"), version("$LATEST", testLayer+":3")}, "function hello$LATEST; ; function hello$LATEST.PUBLISHED"},
		"numbers":             {[]publish.Function{version("10", testLayer+":2"), version("9", testLayer+":2"), version("$LATEST", testLayer+":2")}, "; function hello$LATEST 9 10; "},
		"twice":               {[]publish.Function{version("1", testLayer+":2", testLayer+":1")}, "; function hello1; function hello1"},
		"beside others":       {[]publish.Function{version("1", "arn:aws:lambda:::awslayer:AmazonLinux1803", testLayer+":1")}, "; ; function hello1"},
		"a replica":           {[]publish.Function{replica}, "; function edge4; "},
		"another account":     {[]publish.Function{version("1", "arn:aws:lambda:us-west-2:333333333333:layer:shop:1")}, "; ; "},
		"another layer":       {[]publish.Function{version("1", testLayer+"2:1", testLayer+"-old:2")}, "; ; "},
		"a version not there": {[]publish.Function{version("1", testLayer+":9")}, "; ; "},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Pruned{Layer: testLayer}
			for n := int64(3); n > 0; n-- {
				r.Versions = append(r.Versions, PrunedVersion{Listed: publish.Listed{Number: n}})
			}
			r.keepAttached(c.functions)
			if got := reasons(r); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func TestNumbersOfVersions(t *testing.T) {
	for want, all := range map[string][]int64{"none": nil, "1": {1}, "1, 2": {1, 2}, "1–3": {1, 2, 3}, "1, 3, 4, 7–9": {1, 3, 4, 7, 8, 9}} {
		if got := numbers(all); got != want {
			t.Errorf("%d: %q", all, got)
		}
	}
}
