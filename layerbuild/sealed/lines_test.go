package sealed_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild/sealed"
)

// TestErrorsNameTheLine edits the sample document, whose ciphertexts are in
// lines 15 to 17. The error must name the rule and the line that the edit breaks.
func TestErrorsNameTheLine(t *testing.T) {
	const stripe = "parameter/prod/payments/stripe 3 2026-10-30T09:12:44.000Z live.key\n"
	text := string(sampleDocument(t).Bytes())
	lines := strings.SplitAfter(text, "\n")
	boxes := strings.Join(lines[9:12], "")
	tests := map[string]struct {
		old, with string
		rule      string
		line      int
	}{
		"a byte in the first line":      {"bundle/1", "bundle/\x00", "F-2", 1},
		"a byte further down":           {"function hello", "function hel\x1flo", "F-2", 4},
		"a byte above ASCII":            {"mode pack", "mode \x7fpack", "F-2", 6},
		"no end":                        {"Aw==\n", "Aw==", "F-2", 0},
		"a long line":                   {"live.key", strings.Repeat("k", sealed.MaxLine), "F-3", 8},
		"two spaces":                    {"name payments", "name  payments", "F-6", 5},
		"another format":                {"bundle/1", "bundle/9", "F-4", 1},
		"a setting of two words":        {"environment prod", "environment prod x", "F-5", 3},
		"a setting that is not there":   {"mode pack\n", "", "F-5", 6},
		"the bundle":                    {"bundle payments", "bundle a.b", "F-7", 2},
		"the environment":               {"environment prod", "environment a.b", "F-7", 3},
		"the function":                  {"function hello", "function a.b", "F-7", 4},
		"the name":                      {"name payments-prod-hello", "name a.b", "F-7", 5},
		"the mode":                      {"mode pack", "mode x", "F-9", 6},
		"no source":                     {strings.Join(lines[6:9], ""), "", "F-10", 7},
		"the order of sources":          {lines[6] + lines[7], lines[7] + lines[6], "F-10", 8},
		"a secret's name":               {"source STRIPE_KEY", "source S-KEY", "F-8", 8},
		"an encoding":                   {"STRIPE_KEY text", "STRIPE_KEY hex", "F-11", 8},
		"a parameter":                   {stripe, "x" + stripe, "F-12", 8},
		"no version":                    {stripe, strings.Replace(stripe, " 3 ", " three ", 1), "F-13", 8},
		"version 0":                     {stripe, strings.Replace(stripe, " 3 ", " 0 ", 1), "F-13", 8},
		"a date":                        {stripe, strings.Replace(stripe, "T09", "T24", 1), "F-14", 8},
		"a field":                       {"live.key", "live..key", "F-15", 8},
		"checks":                        {"live.key", "live.key A", "F-34", 8},
		"a source of fewer words":       {" live.key", "", "F-5", 8},
		"a source of another service":   {"STRIPE_KEY text ssm", "STRIPE_KEY text s3", "F-5", 8},
		"no box":                        {boxes, "", "F-16", 10},
		"an empty box":                  {lines[10], "box\n", "F-16", 11},
		"a part of nothing":             {lines[10], "box 1/2\n", "F-16", 11},
		"a part that is no number":      {"TLS_KEY 2/2", "TLS_KEY 2/two", "F-16", 12},
		"part 0":                        {"TLS_KEY 2/2", "TLS_KEY 0/2", "F-16", 12},
		"a negative part":               {"TLS_KEY 2/2", "TLS_KEY -1/2", "F-16", 12},
		"a part of none":                {"TLS_KEY 2/2", "TLS_KEY 2/0", "F-16", 12},
		"a part with a zero":            {"TLS_KEY 2/2", "TLS_KEY 2/02", "F-16", 12},
		"a part beyond the last":        {"TLS_KEY 2/2", "TLS_KEY 3/2", "F-16", 12},
		"parts that disagree":           {"TLS_KEY 2/2", "TLS_KEY 2/3", "F-16", 12},
		"a part twice":                  {"TLS_KEY 2/2", "TLS_KEY 1/2", "F-16", 12},
		"the part of another secret":    {lines[11], "box UU 2/2\n", "F-16", 12},
		"no first part":                 {lines[10], "", "F-16", 11},
		"no last part":                  {lines[11], "", "F-16", 11},
		"a part among whole secrets":    {lines[11], "box UU\n", "F-16", 12},
		"names out of order":            {"box DB_PASSWORD STRIPE_KEY", "box STRIPE_KEY DB_PASSWORD", "F-17", 10},
		"boxes out of order":            {boxes, lines[10] + lines[11] + lines[9], "F-17", 12},
		"a box twice":                   {lines[9], lines[9] + lines[9], "F-17", 11},
		"a name without a source":       {"box DB_PASSWORD STRIPE_KEY", "box DB_PASSWORD OTHER STRIPE_KEY", "F-16", 10},
		"a secret in two boxes":         {"box DB_PASSWORD STRIPE_KEY", "box DB_PASSWORD STRIPE_KEY TLS_KEY", "F-16", 11},
		"a secret in no box":            {"box DB_PASSWORD STRIPE_KEY", "box DB_PASSWORD", "F-16", 8},
		"a line of no kind":             {lines[11], lines[11] + "remark\n", "F-5", 13},
		"nothing after the boxes":       {strings.Join(lines[12:], ""), "", "F-5", 13},
		"nothing after the header":      {strings.Join(lines[13:], ""), "", "F-5", 14},
		"no key":                        {"key arn", "KEY arn", "F-5", 14},
		"a key of two words":            {"key arn", "key x arn", "F-5", 14},
		"a key that is none":            {":key/", ":alias/", "F-19", 14},
		"a source of another region":    {lines[7], strings.Replace(lines[7], "us-west-2", "us-west-1", 1), "F-20", 8},
		"a source of another partition": {lines[7], strings.Replace(lines[7], "arn:aws:", "arn:aws-cn:", 1), "F-20", 8},
		"a ciphertext too many":         {"Aw==\n", "Aw==\nAw==\n", "F-21", 15},
		"a ciphertext too few":          {"Aw==\n", "", "F-21", 15},
		"a ciphertext that is none":     {"Ag==\n", "Ag=\n", "F-21", 16},
		"an empty ciphertext":           {"Ag==\n", "\n", "F-21", 16},
	}
	for name, test := range tests {
		if !strings.Contains(text, test.old) {
			t.Fatalf("%s: the sample has no %q", name, test.old)
		}
		_, err := sealed.Parse([]byte(strings.Replace(text, test.old, test.with, 1)))
		var broken *sealed.FormatError
		if !errors.As(err, &broken) || broken.Rule != test.rule || broken.Line != test.line {
			t.Errorf("%s: got %v, want line %d and %s", name, err, test.line, test.rule)
		}
	}
}

// TestErrorsNameTheLineOfBundle2 edits the bundle/2 example of docs/format.md.
func TestErrorsNameTheLineOfBundle2(t *testing.T) {
	doc, err := sealed.New(secondHeader(), sampleKey, [][]byte{{1}})
	if err != nil {
		t.Fatal(err)
	}
	text := string(doc.Bytes())
	for name, test := range map[string]struct {
		old, with string
		rule      string
		line      int
	}{
		"a store of bundle/1":  {"bundle/2", "bundle/1", "F-5", 7},
		"a store that is none": {" secretsmanager ", " s3 ", "F-5", 7},
		"a parameter":          {" secretsmanager ", " ssm ", "F-13", 7},
		"a secret":             {"-a1B2c3", "-a1B2c", "F-36", 7},
		"mode blind":           {"mode pack", "mode blind", "F-36", 7},
		"a version ID":         {versionID, versionID[5:], "F-37", 7},
		"a date of a secret":   {".123Z", "Z", "F-14", 7},
		"a field of a secret":  {"Z password", "Z a..b", "F-15", 7},
		"a list":               {"/spring.datasource.key", "/spring/key", "F-38", 8},
		"a secret's region":    {"secretsmanager:us-west-2", "secretsmanager:us-west-1", "F-20", 7},
	} {
		if !strings.Contains(text, test.old) {
			t.Fatalf("%s: the sample has no %q", name, test.old)
		}
		_, err := sealed.Parse([]byte(strings.Replace(text, test.old, test.with, 1)))
		var broken *sealed.FormatError
		if !errors.As(err, &broken) || broken.Rule != test.rule || broken.Line != test.line {
			t.Errorf("%s: got %v, want line %d and %s", name, err, test.line, test.rule)
		}
	}
	needless := strings.Replace(string(sampleDocument(t).Bytes()), "bundle/1", "bundle/2", 1)
	_, err = sealed.Parse([]byte(needless))
	if want := "sealed document, line 1: the format is bundle/2; expected bundle/1 for these sources (F-35)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestErrorMessages(t *testing.T) {
	for want, err := range map[string]error{
		"sealed document: too long (F-1)":            &sealed.FormatError{Rule: "F-1", Reason: "too long"},
		"sealed document, line 1: not known (F-4)":   &sealed.FormatError{Rule: "F-4", Line: 1, Reason: "not known"},
		"sealed document, box 1: not a value (F-28)": &sealed.ContentError{Rule: "F-28", Box: 1, Reason: "not a value"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	h := sampleHeader()
	h.Boxes = h.Boxes[:2]
	h.Boxes = append(h.Boxes, sealed.Box{Secrets: []string{"TLS_KEY"}, Part: 1, Parts: 2})
	if _, err := h.Marshal(); err == nil || !strings.Contains(err.Error(), "line 12: part 2/2 of TLS_KEY is missing") {
		t.Errorf("the first part twice: %v", err)
	}
	// A word of the document is quoted up to 80 bytes.
	for n, want := range map[int]string{80: strings.Repeat("w", 80) + `"`, 81: strings.Repeat("w", 80) + `…"`} {
		if _, err := sealed.Parse([]byte(strings.Repeat("w", n) + "\n")); err == nil || !strings.Contains(err.Error(), `: unknown format "`+want) {
			t.Errorf("a word of %d bytes: %v", n, err)
		}
	}
}
