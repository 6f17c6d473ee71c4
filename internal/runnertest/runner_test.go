package runnertest_test

import (
	"testing"

	"github.com/whispering/bundle/internal/runnertest"
)

func TestTheModelOfTheRunnerFindsCommands(t *testing.T) {
	for _, log := range []string{
		"::error::x", "a\n  ::error::x", "a\r::error::x", "\u00a0::error::x", "\u3000\t::x::y", "\u200d::x::y", ":\u00ad:x::y", "a ##[group]x", "##vso[task.setvariable variable=a]b",
		" ##teamcity[message text='x']", "#\u2060#[x]", "#:::\u0301##[", "\ufeff::x",
	} {
		if runnertest.Commanded(log) == "" {
			t.Errorf("%q is a command", log)
		}
	}
	for _, log := range []string{"a::b", "x: ::error::y", "### a", "## [a]", "#[a]", ":·:x", "##·[x]", "\"::x\""} {
		if line := runnertest.Commanded(log); line != "" {
			t.Errorf("%q is no command", line)
		}
	}
	for _, log := range []string{"\u202e", "\u2066", "\u200e", "\u061c", "\u200b", "\u2060", "\ufeff", "\u00ad", "\U000e0041", "\u2028", "\x1b", "\r", "\ufe0f", "\u180e", "\u3164"} {
		if runnertest.Unseen(log) == 0 {
			t.Errorf("%q does not show", log)
		}
	}
	if runnertest.Unseen("é日本\u00a0\u3000🙂") != 0 {
		t.Error("letters and spaces do show")
	}
}
