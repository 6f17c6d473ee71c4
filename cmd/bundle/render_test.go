package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestPrintableTextAuthorsNothing(t *testing.T) {
	tests := map[string]string{
		"plain, é and 日本\n\ttoo":  "plain, é and 日本\n\ttoo",
		"x\n::error::mine":        "x\n:·:error::mine",
		"x\n  ::error::mine":      "x\n  :·:error::mine",
		"a::b":                    "a::b",
		"x ##[error]mine":         "x ##·[error]mine",
		"\x1b[2Kx\rhidden":        "\ufffd[2Kx\ufffdhidden",
		"\x1b[31mred\x1b[0m":      "\ufffdred\ufffd",
		"\u2028::x\x00\x7f\u0085": "\ufffd::x\ufffd\ufffd\ufffd",
	}
	for text, want := range tests {
		var b bytes.Buffer
		if _, err := (printable{&b, false}).Write([]byte(text)); err != nil || b.String() != want {
			t.Errorf("%q became %q, not %q", text, b.String(), want)
		}
	}
	var b bytes.Buffer
	if _, err := (printable{&b, true}).Write([]byte("\x1b[31mred\x1b[0m \x1b[2K\x1b]0;title\a")); err != nil || strings.Count(b.String(), "\x1b") != 2 {
		t.Errorf("%q", b.String())
	}
}
