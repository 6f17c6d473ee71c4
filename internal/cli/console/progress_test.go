package console

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

func TestThePercentageNeverFalls(t *testing.T) {
	p := &Bar{targets: 2, done: map[string]parts{}}
	last := 0
	for _, e := range []struct {
		target      string
		step        pipeline.Step
		done, total int
	}{
		{"a", pipeline.StepPreflight, 0, 1},
		{"a", pipeline.StepPreflight, 1, 1},
		{"a", pipeline.StepVersion, 0, 100}, // much more than was known before
		{"a", pipeline.StepVersion, 99, 100},
		{"b", pipeline.StepPreflight, 0, 3}, // another target begins
		{"a", pipeline.StepSeal, 0, 10},     // before what comes before it
		{"a", pipeline.StepRead, 0, 5000},
		{"a", pipeline.StepRead, 10, 20000}, // the total grows
		{"b", pipeline.StepList, 0, 0},      // nothing to do
		{"b", pipeline.StepPublish, 1, 1},
		{"a", pipeline.StepPublish, 1, 1},
		{"a", pipeline.StepRead, 20000, 20000},
		{"a", pipeline.StepSeal, 10, 10},
	} {
		p.take(e.target, e.step, e.done, e.total)
		now := p.thousandths()
		if now < last || now >= 1000 {
			t.Errorf("%+v: %d after %d thousandths", e, now, last)
		}
		last = now
	}
	if last < 900 {
		t.Errorf("at the end, %d thousandths are done", last)
	}
}

func TestABarFitsItsColumns(t *testing.T) {
	for _, tt := range []struct {
		columns int
		said    string
		want    string
		width   int
	}{
		{20, "checking account and keys", "", 9},
		{30, "checking account and keys", "", 19},
		{31, "checking account and keys", "checking ac…", 8},
		{31, "hello", "hello", 15},
		{44, "checking account and keys", "checking account and keys", 8},
		{80, "checking account and keys", "checking account and keys", 24},
		{80, strings.Repeat("ü", 90), strings.Repeat("ü", 60) + "…", 8},
		{200, "", "", 24},
	} {
		said, width := layout(tt.columns, tt.said)
		if said != tt.want || width != tt.width || utf8.RuneCountInString(said)+width+10 >= tt.columns {
			t.Errorf("%q in %d columns: %q and a bar of %d", tt.said, tt.columns, said, width)
		}
	}
}

func TestAQuietBarPrintsNoLines(t *testing.T) {
	var quiet, loud bytes.Buffer
	(&Console{Stderr: printable.New(&quiet)}).NewQuietBar().Progress(pipeline.StepRead, 0, 1)
	(&Console{Stderr: printable.New(&loud)}).NewBar(1).Progress(pipeline.StepRead, 0, 1)
	if quiet.Len() > 0 || loud.Len() == 0 {
		t.Errorf("%q and %q", &quiet, &loud)
	}
}
