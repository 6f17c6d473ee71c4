package printable_test

import (
	"bytes"
	"testing"

	"github.com/whispering/bundle/internal/printable"
)

func TestTable(t *testing.T) {
	var out bytes.Buffer
	err := printable.New(&out).Table([][]string{
		{"NAME", "STATE", "DETAIL"},
		{"a", "", ""},
		{"longer", "fine", ""},
		{"b", "no", "two  words "},
		{"", "", ""},
		{"\x1b[31mred", "line\nbreak", "end"},
	})
	want := "NAME      STATE       DETAIL\n" +
		"a\n" +
		"longer    fine\n" +
		"b         no          two  words\n" +
		"\n" +
		"\ufffd[31mred  line\ufffdbreak  end\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n got %q\nwant %q", err, out.String(), want)
	}
}
