package problem

import "testing"

func TestCodes(t *testing.T) {
	for summary, want := range map[string]string{
		"Parameter not found":                   "parameter-not-found",
		`Unknown attribute "kms-key"`:           "unknown-attribute",
		`Unknown attribute "`:                   "unknown-attribute",
		"Layer does not match":                  "layer-does-not-match",
		"Manifest is not UTF-8":                 "manifest-is-not-utf-8",
		"Missing key/value separator":           "missing-key-value-separator",
		`Block, not attribute: "x\n::error::y"`: "block-not-attribute",
		"Überraschung":                          "berraschung",
		"":                                      "",
	} {
		if got := Code(summary); got != want {
			t.Errorf("%q has the code %q, not %q", summary, got, want)
		}
	}
}

func TestRewordedSummaryKeepsItsCode(t *testing.T) {
	kept := map[string]string{"new-words": "old-words"}
	if got := code("New words", kept); got != "old-words" {
		t.Errorf("the code is %q", got)
	}
	if got := code("Other words", kept); got != "other-words" {
		t.Errorf("the code is %q", got)
	}
}
