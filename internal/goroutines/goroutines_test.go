package goroutines

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

type tests func() int

func (t tests) Run() int { return t() }

func stay(until chan struct{}) { <-until }

func TestTestsThatLeaveGoroutinesFail(t *testing.T) {
	end := make(chan struct{})
	var said bytes.Buffer
	if code := run(tests(func() int { go stay(end); return 0 }), 10*time.Millisecond, &said); code != 1 || !strings.Contains(said.String(), "goroutines.stay") {
		t.Errorf("code %d, and %q", code, said.String())
	}
	if code := run(tests(func() int { return 7 }), 10*time.Millisecond, &said); code != 7 {
		t.Errorf("tests that failed themselves: code %d", code)
	}
	time.AfterFunc(20*time.Millisecond, func() { close(end) })
	if code := Main(tests(func() int { return 0 }), &said); code != 0 {
		t.Errorf("code %d, and nothing is left", code)
	}
}
