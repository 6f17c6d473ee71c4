package goroutines

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

type tests func() int

func (t tests) Run() int { return t() }

// stay tells when it has begun, so that it is in the stack.
func stay(begun, until chan struct{}) {
	close(begun)
	<-until
}

func TestTestsThatLeaveGoroutinesFail(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	var said bytes.Buffer
	if code := run(tests(func() int { go stay(begun, end); <-begun; return 0 }), 10*time.Millisecond, &said); code != 1 || !strings.Contains(said.String(), "goroutines.stay") {
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
