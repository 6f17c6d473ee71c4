package console

import "testing"

func TestAFileIsReadOnceForItsLines(t *testing.T) {
	w := &diagnosticWriter{lines: map[string][]int{}}
	first, second := w.starts("a", []byte("x\ny\n")), w.starts("a", []byte("x\ny\n"))
	if len(first) != 3 || &first[0] != &second[0] {
		t.Errorf("%v, and %v of another reading", first, second)
	}
}
