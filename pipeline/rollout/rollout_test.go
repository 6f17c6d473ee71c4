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
		t.Log(strings.Join(w.made(), " "))
		rows, problems = run(t.Context(), w.job(), 2, "hello")
		if got, want := short(rows), "hello keep unchanged 2>2 2>"; got != want || len(problems) > 0 {
			t.Errorf("%s %v", got, problems)
		}
		t.Log(strings.Join(w.made(), " "))
	})
}
