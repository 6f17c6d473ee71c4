package rollout_test

import (
	"strings"
	"testing"
	"testing/synctest"
)

func TestAFunctionGetsTheVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live("hello", foreign, at(1), awsLayer)
		rows, problems := run(t.Context(), w.job(), 2, "hello")
		if got, want := short(rows), "hello change changed 1>2 1>2"; got != want || len(problems) > 0 {
			t.Errorf("%s %v", got, problems)
		}
		w.expect("hello", []string{foreign, at(2), awsLayer}, "2", []string{foreign, at(2), awsLayer})
		const look = "GetFunctionConfiguration ListAliases GetFunctionConfiguration"
		got := strings.Join(w.made(), " ")
		want := look + " ListTags GetFunctionCodeSigningConfig GetLayerVersion UpdateFunctionConfiguration" + strings.Repeat(" GetFunctionConfiguration", 3) + " PublishVersion UpdateAlias"
		if got != want {
			t.Errorf("calls %s", got)
		}
		rows, problems = run(t.Context(), w.job(), 2, "hello")
		if got, want := short(rows), "hello keep unchanged 2>2 2>"; got != want || len(problems) > 0 {
			t.Errorf("%s %v", got, problems)
		}
		if got := strings.Join(w.made(), " "); got != look {
			t.Errorf("calls %s", got)
		}
	})
}
