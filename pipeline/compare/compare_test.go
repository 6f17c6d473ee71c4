package compare_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/compare"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/secret"
)

const key = "arn:aws:kms:us-west-2:222222222222:key/1"

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// column returns a column whose function "api" has these secrets.
func column(environment string, secrets ...compare.ColumnSecret) compare.Column {
	return compare.Column{Environment: environment, Region: "us-west-2", Functions: []compare.ColumnFunction{{
		Name: "api", Mode: sealed.Pack, Key: compare.ColumnKey{State: compare.Present, Name: "alias/api", ARN: key}, Secrets: secrets,
	}}}
}

func present(name string, version int64, modified time.Time) compare.ColumnSecret {
	return compare.ColumnSecret{
		Name: name, State: compare.Present, Type: "SecureString", Encoding: secret.Text,
		Version: secret.Version{ARN: "arn", Number: version, Modified: modified},
	}
}

// states returns the states of a secret in all columns.
func states(m *compare.Matrix, name string) string {
	var all []string
	for _, f := range m.Functions {
		for _, r := range f.Rows {
			if r.Secret == name {
				for _, c := range r.Cells {
					all = append(all, string(c.State))
				}
			}
		}
	}
	return strings.Join(all, " ")
}

func findings(m *compare.Matrix) []string {
	var all []string
	for _, f := range m.Findings {
		where := "all"
		if f.Column >= 0 {
			where = m.Title(f.Column)
		}
		sign := "note"
		if f.Difference {
			sign = "difference"
		}
		all = append(all, strings.TrimSpace(strings.Join([]string{sign, f.Secret, f.What, where}, " ")))
	}
	return all
}

func TestCompareDistinguishesTheStates(t *testing.T) {
	missing := compare.ColumnSecret{Name: "AA", State: compare.Missing, Why: "it is gone"}
	tests := map[string]struct {
		columns  []compare.Column
		want     string
		findings []string
	}{
		"in both":                   {[]compare.Column{column("dev", present("AA", 1, day)), column("prod", present("AA", 9, day))}, "present present", nil},
		"missing":                   {[]compare.Column{column("dev", present("AA", 1, day)), column("prod", missing)}, "present missing", []string{"difference AA missing prod"}},
		"missing in both":           {[]compare.Column{column("dev", missing), column("prod", missing)}, "missing missing", []string{"difference AA missing dev", "difference AA missing prod"}},
		"of another environment":    {[]compare.Column{column("dev", present("AA", 1, day)), column("prod")}, "present unmeant", nil},
		"a function of another":     {[]compare.Column{column("dev", present("AA", 1, day)), {Environment: "prod"}}, "present unmeant", nil},
		"nothing known":             {[]compare.Column{column("dev", present("AA", 1, day)), {Environment: "prod", Unknown: true}}, "present unknown", nil},
		"not found out":             {[]compare.Column{column("dev", present("AA", 1, day)), column("prod", compare.ColumnSecret{Name: "AA", State: compare.Unknown})}, "present unknown", nil},
		"optional":                  {[]compare.Column{column("dev", present("AA", 1, day)), column("prod", compare.ColumnSecret{Name: "AA", State: compare.Absent})}, "present absent", nil},
		"there, and of no use":      {[]compare.Column{column("dev", present("AA", 1, day)), column("prod", compare.ColumnSecret{Name: "AA", State: compare.Unusable})}, "present unusable", []string{"difference AA unusable prod"}},
		"one environment's regions": {[]compare.Column{column("prod", present("AA", 1, day)), {Environment: "prod", Region: "eu-west-1", Functions: column("prod", missing).Functions}}, "present missing", []string{"difference AA missing prod eu-west-1"}},
	}
	for name, test := range tests {
		m := compare.Compare(test.columns, day)
		if got := states(m, "AA"); got != test.want {
			t.Errorf("%s: %s, not %s", name, got, test.want)
		}
		if diff := cmp.Diff(test.findings, findings(m)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What a path gives in one environment is missing in another whose path would have
// given it. If the other does not have the path, it is not declared there.
func TestCompareKnowsWhatAPathWouldGive(t *testing.T) {
	imports := func(environment string, state compare.State, recursive bool, secrets ...compare.ColumnSecret) compare.Column {
		c := column(environment, secrets...)
		c.Functions[0].Imports = []compare.ColumnImport{{State: state, Import: manifest.Import{
			Path: manifest.Text{Value: "/" + environment + "/app/"}, Prefix: manifest.Text{Value: "IN_"}, Recursive: recursive,
		}}}
		return c
	}
	deep := present("IN_DB_URL", 1, day)
	deep.Below, deep.Parameter = "db/url", "/dev/app/db/url"
	dev := imports("dev", compare.Present, true, deep)
	tests := map[string]struct {
		other compare.Column
		want  string
	}{
		"a path that has other things":      {imports("prod", compare.Present, true), "present missing"},
		"a path that has nothing":           {imports("prod", compare.Missing, true), "present missing"},
		"a path that could not be listed":   {imports("prod", compare.Unknown, true), "present unknown"},
		"a path that is looked at less far": {imports("prod", compare.Present, false), "present unmeant"},
		"no path":                           {column("prod"), "present unmeant"},
	}
	for name, test := range tests {
		if got := states(compare.Compare([]compare.Column{dev, test.other}, day), "IN_DB_URL"); got != test.want {
			t.Errorf("%s: %s, not %s", name, got, test.want)
		}
	}
	m := compare.Compare([]compare.Column{imports("dev", compare.Missing, true), imports("prod", compare.Unknown, true)}, day)
	if got := states(m, "IN_*"); got != "missing unknown" {
		t.Errorf("paths that give nothing anywhere are %q", got)
	}
}

func TestCompareNotesWhatIsWorthKnowing(t *testing.T) {
	a, b := present("AA", 1, day), present("AA", 2, day)
	b.Encoding, b.Field, b.Checks, b.Type = secret.Base64, "live.key", "min_length=8", "String"
	dev, prod := column("dev", a), column("prod", b)
	prod.Functions[0].Mode = sealed.Blind
	prod.Functions[0].Key.State = compare.Unusable
	m := compare.Compare([]compare.Column{dev, prod}, day)
	want := []string{"difference  key prod", "note  mode all", "note AA type all", "note AA encoding all", "note AA field all", "note AA constraints all"}
	if diff := cmp.Diff(want, findings(m)); diff != "" {
		t.Error(diff)
	}
	if m.Differences() != 1 || m.Count(0, compare.Present) != 1 {
		t.Errorf("%d differences, %d present", m.Differences(), m.Count(0, compare.Present))
	}
}

func TestAgesAreInWholeDays(t *testing.T) {
	for hours, want := range map[int]int{0: 0, 23: 0, 24: 1, 49: 2, 24 * 400: 400, -5: 0} {
		m := compare.Compare([]compare.Column{column("dev", present("AA", 1, day))}, day.Add(time.Duration(hours)*time.Hour))
		if got := m.Functions[0].Rows[0].Cells[0].Age; got != want {
			t.Errorf("%d hours are %d days, not %d", hours, got, want)
		}
	}
}

// A path that is empty in every environment has a row of its own, unless rows of
// what it gives in another environment already show that.
func TestCompareReportsEmptyPathsOnce(t *testing.T) {
	imports := func(environment string, state compare.State, paths ...string) []compare.ColumnImport {
		var all []compare.ColumnImport
		for _, p := range paths {
			all = append(all, compare.ColumnImport{State: state, Import: manifest.Import{
				Path: manifest.Text{Value: "/" + environment + p}, Prefix: manifest.Text{Value: strings.ToUpper(strings.Trim(p, "/")) + "_"}, Recursive: true,
			}})
		}
		return all
	}
	with := func(c compare.Column, all ...[]compare.ColumnImport) compare.Column {
		for _, im := range all {
			c.Functions[0].Imports = append(c.Functions[0].Imports, im...)
		}
		return c
	}
	given := present("APP_URL", 1, day)
	given.Below, given.Parameter = "url", "/dev/app/url"
	explicit := present("APP_URL", 1, day)
	other := present("DB_URL", 1, day)
	other.Below, other.Parameter = "url", "/dev/db/url"
	nowhere := compare.Column{Environment: "none"}
	tests := map[string]struct {
		columns  []compare.Column
		want     []string // rows
		findings []string
	}{
		"a path that has something": {[]compare.Column{with(column("dev", given), imports("dev", compare.Present, "/app"))}, []string{"APP_URL present"}, nil},
		"a path that is empty":      {[]compare.Column{with(column("dev"), imports("dev", compare.Missing, "/app/"))}, []string{"APP_* missing"}, []string{"difference APP_* missing dev"}},
		"a path nobody could list":  {[]compare.Column{with(column("dev"), imports("dev", compare.Unknown, "/app/"))}, []string{"APP_* unknown"}, nil},
		"behind an environment without the function": {[]compare.Column{nowhere, with(column("dev"), imports("dev", compare.Missing, "/app"))},
			[]string{"APP_* unmeant missing"}, []string{"difference APP_* missing dev"}},
		"reported": {[]compare.Column{with(column("dev", given), imports("dev", compare.Present, "/app")), with(column("prod"), imports("prod", compare.Missing, "/app"))},
			[]string{"APP_URL present missing"}, []string{"difference APP_URL missing prod"}},
		"reported after others": {[]compare.Column{nowhere, with(column("dev", present("AA", 1, day), given), imports("dev", compare.Present, "/app")), with(column("prod"), imports("prod", compare.Missing, "/app/"))},
			[]string{"AA unmeant present unmeant", "APP_URL unmeant present missing"}, []string{"difference APP_URL missing prod"}},
		"not known, reported": {[]compare.Column{with(column("dev", given), imports("dev", compare.Present, "/app")), with(column("prod"), imports("prod", compare.Unknown, "/app"))},
			[]string{"APP_URL present unknown"}, nil},
		"another path next to a reported one": {[]compare.Column{
			with(column("dev", given), imports("dev", compare.Present, "/app"), imports("dev", compare.Missing, "/app2")),
			with(column("prod"), imports("prod", compare.Missing, "/app", "/app2"))},
			[]string{"APP2_* missing missing", "APP_URL present missing"},
			[]string{"difference APP_URL missing prod", "difference APP2_* missing dev", "difference APP2_* missing prod"}},
		"a path next to a missing secret": {[]compare.Column{with(column("dev", compare.ColumnSecret{Name: "AA", State: compare.Missing, Parameter: "/dev/app/aa"}), imports("dev", compare.Missing, "/app"))},
			[]string{"AA missing", "APP_* missing"}, []string{"difference AA missing dev", "difference APP_* missing dev"}},
		"a path next to an explicit secret of the same name": {[]compare.Column{column("dev", explicit), with(column("prod"), imports("prod", compare.Missing, "/app"))},
			[]string{"APP_* unmeant missing", "APP_URL present unmeant"}, []string{"difference APP_* missing prod"}},
		"what another path gives under another name": {[]compare.Column{column("dev", explicit, other), with(column("prod"), imports("prod", compare.Missing, "/app"))},
			[]string{"APP_* unmeant missing", "APP_URL present unmeant", "DB_URL present unmeant"}, []string{"difference APP_* missing prod"}},
	}
	for name, test := range tests {
		m := compare.Compare(test.columns, day)
		var got []string
		for _, r := range m.Functions[0].Rows {
			got = append(got, r.Secret+" "+states(m, r.Secret))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(test.findings, findings(m)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Environments without anything to compare do not stop a comparison.
func TestCompareNotesAfterAnEnvironmentWithoutTheSecret(t *testing.T) {
	b := present("AA", 1, day)
	b.Encoding, b.Checks = secret.Base64, "min_length=8"
	m := compare.Compare([]compare.Column{{Environment: "none"}, column("dev"), column("stage", present("AA", 1, day)), column("prod", b)}, day)
	want := []compare.Finding{
		{Function: "api", Secret: "AA", Column: -1, What: "encoding", Detail: "text in stage, base64 in prod"},
		{Function: "api", Secret: "AA", Column: -1, What: "constraints", Detail: "none in stage, min_length=8 in prod"},
	}
	if diff := cmp.Diff(want, m.Findings); diff != "" {
		t.Error(diff)
	}
}
