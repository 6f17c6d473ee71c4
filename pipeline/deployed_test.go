package pipeline

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/publish"
)

const testLayer = "arn:aws:lambda:us-west-2:222222222222:layer:shop"

func version(number string, layers ...string) publish.Function {
	return publish.Function{Name: "hello", Version: number, Layers: layers}
}

func TestRowsOfAFunction(t *testing.T) {
	row := func(qualifier, number string, weight float64, attached int64) Running {
		return Running{Name: "hello", Qualifier: qualifier, Versions: []string{number}, Weight: weight, Attached: attached}
	}
	idle := func(attached int64, numbers ...string) Running {
		return Running{Name: "hello", Versions: numbers, Weight: 1, Attached: attached}
	}
	for name, c := range map[string]struct {
		versions []publish.Function
		aliases  []publish.Alias
		want     []Running
	}{
		"$LATEST":                 {versions: []publish.Function{version("$LATEST", testLayer+":3")}, want: []Running{row("$LATEST", "$LATEST", 1, 3)}},
		"without the layer":       {versions: []publish.Function{version("$LATEST")}, want: []Running{row("$LATEST", "$LATEST", 1, 0)}},
		"the layer of AWS":        {versions: []publish.Function{version("$LATEST", "arn:aws:lambda:::awslayer:shop")}, want: []Running{row("$LATEST", "$LATEST", 1, 0)}},
		"another account's":       {versions: []publish.Function{version("$LATEST", "arn:aws:lambda:us-west-2:333333333333:layer:shop:3")}, want: []Running{row("$LATEST", "$LATEST", 1, 0)}},
		"a longer name":           {versions: []publish.Function{version("$LATEST", testLayer+"2:3")}, want: []Running{row("$LATEST", "$LATEST", 1, 0)}},
		"another name, too":       {versions: []publish.Function{version("$LATEST", testLayer+"-old:9", testLayer+":3")}, want: []Running{row("$LATEST", "$LATEST", 1, 3)}},
		"twice":                   {versions: []publish.Function{version("$LATEST", testLayer+":3", testLayer+":2")}, want: []Running{row("$LATEST", "$LATEST", 1, 3), row("$LATEST", "$LATEST", 1, 2)}},
		"$LATEST.PUBLISHED":       {versions: []publish.Function{version("$LATEST.PUBLISHED", testLayer+":2"), version("$LATEST", testLayer+":3")}, want: []Running{row("$LATEST", "$LATEST", 1, 3), row("$LATEST.PUBLISHED", "$LATEST.PUBLISHED", 1, 2)}},
		"an alias of two":         {versions: []publish.Function{version("$LATEST"), version("1", testLayer+":2"), version("2", testLayer+":3")}, aliases: []publish.Alias{{Name: "live", Routes: []publish.Route{{Version: "1", Weight: .9}, {Version: "2", Weight: .1}}}}, want: []Running{row("$LATEST", "$LATEST", 1, 0), row("live", "1", .9, 2), row("live", "2", .1, 3)}},
		"an alias of $LATEST":     {versions: []publish.Function{version("$LATEST", testLayer+":3")}, aliases: []publish.Alias{{Name: "dev", Routes: []publish.Route{{Version: "$LATEST", Weight: 1}}}}, want: []Running{row("$LATEST", "$LATEST", 1, 3), row("dev", "$LATEST", 1, 3)}},
		"an alias of what is new": {versions: []publish.Function{version("$LATEST", testLayer+":3")}, aliases: []publish.Alias{{Name: "live", Routes: []publish.Route{{Version: "7", Weight: 1}}}}, want: []Running{row("$LATEST", "$LATEST", 1, 3), row("live", "7", 1, 0)}},
		"without alias":           {versions: []publish.Function{version("$LATEST", testLayer+":3"), version("10", testLayer+":1"), version("9", testLayer+":1"), version("8"), version("11", testLayer+":2")}, want: []Running{row("$LATEST", "$LATEST", 1, 3), idle(2, "11"), idle(1, "9", "10")}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, rows(manifest.Function{}, "hello", c.versions, c.aliases, testLayer)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOutdated(t *testing.T) {
	newest := Running{Qualifier: "live", Versions: []string{"1"}, Attached: 3}
	change := func(f func(*Running)) Running {
		one := newest
		f(&one)
		return one
	}
	for name, c := range map[string]struct {
		one              Running
		function, others bool // whether it counts for a function of the manifest, and for another
	}{
		"newest":        {newest, false, false},
		"behind":        {change(func(r *Running) { r.Attached = 2 }), true, true},
		"ahead":         {change(func(r *Running) { r.Attached = 4 }), true, true},
		"not attached":  {change(func(r *Running) { r.Attached = 0 }), true, true},
		"deleted":       {change(func(r *Running) { r.Deleted = true }), true, true},
		"no alias":      {change(func(r *Running) { r.Qualifier, r.Attached = "", 1 }), false, false},
		"no function":   {Running{Name: "gone"}, true, false},
		"a replica":     {change(func(r *Running) { r.Attached, r.Master = 1, "arn:aws:lambda:us-east-1:222222222222:function:edge" }), true, false},
		"stale, newest": {change(func(r *Running) { r.Unread = true }), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (&DeployedResult{Newest: 3, Functions: []Running{newest, c.one}}).Outdated(); got != c.function {
				t.Errorf("of the manifest: %t", got)
			}
			if got := (&DeployedResult{Newest: 3, Functions: []Running{newest}, Others: []Running{c.one}}).Outdated(); got != c.others {
				t.Errorf("another: %t", got)
			}
		})
	}
}

// A Lambda@Edge replica has a name of its own, and is no function of the manifest.
func TestReplicasAreOthers(t *testing.T) {
	replica := version("1", testLayer+":2")
	replica.Master = "arn:aws:lambda:us-east-1:222222222222:function:hello"
	d := &Deployed{Status: Status{Observer: silent{}, Manifest: &manifest.Manifest{Functions: []manifest.Function{{Name: manifest.Text{Value: "hello"}}}}}}
	result := &DeployedResult{Layer: testLayer, Newest: 2}
	if problems := d.join(t.Context(), result, map[string][]publish.Function{"hello": {replica}}, nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(result.Functions) != 1 || len(result.Functions[0].Versions) != 0 {
		t.Errorf("%+v", result.Functions)
	}
	if !slices.ContainsFunc(result.Others, func(one Running) bool { return one.Master == replica.Master && one.Attached == 2 }) {
		t.Errorf("%+v", result.Others)
	}
}

type silent struct{}

func (silent) Progress(Step, int, int) {}
