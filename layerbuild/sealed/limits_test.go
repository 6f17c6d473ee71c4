package sealed_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/layerbuild/sealed"
)

// TestLimitsOfTheHeader tries every limit of a header: a value at the limit is
// written and read, and a value one beyond it is not.
func TestLimitsOfTheHeader(t *testing.T) {
	const arn = "arn:aws:ssm:us-west-2:222222222222:"
	name := func(s string) func(*sealed.Header) { return func(h *sealed.Header) { h.Name = s } }
	secret := func(s string) func(*sealed.Header) {
		return func(h *sealed.Header) { h.Sources[0].Secret, h.Boxes[0].Secrets[0] = s, s }
	}
	field := func(s string) func(*sealed.Header) { return func(h *sealed.Header) { h.Sources[0].Field = s } }
	checks := func(s string) func(*sealed.Header) { return func(h *sealed.Header) { h.Sources[0].Checks = s } }
	parameter := func(s string) func(*sealed.Header) { return func(h *sealed.Header) { h.Sources[0].ARN = s } }
	modified := func(at time.Time) func(*sealed.Header) {
		return func(h *sealed.Header) { h.Sources[0].Modified = at }
	}
	last := time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
	tests := map[string]struct {
		change func(*sealed.Header)
		rule   string // "" if it is valid
	}{
		"a name of one letter":        {name("a"), ""},
		"a name of one digit":         {name("0"), ""},
		"a name of all kinds":         {name("azAZ09_-"), ""},
		"a name of 64":                {name(strings.Repeat("z", 64)), ""},
		"a name of 65":                {name(strings.Repeat("z", 65)), "F-7"},
		"no name":                     {name(""), "F-7"},
		"before 0":                    {name("a/"), "F-7"},
		"behind 9":                    {name("a:"), "F-7"},
		"before A":                    {name("a@"), "F-7"},
		"behind Z":                    {name("a["), "F-7"},
		"before a":                    {name("a`"), "F-7"},
		"behind z":                    {name("a{"), "F-7"},
		"a secret of two":             {secret("A9"), ""},
		"a secret from a to Z":        {secret("A_az09Z"), ""},
		"a secret of 128":             {secret("A" + strings.Repeat("9", 127)), ""},
		"a secret of 129":             {secret("A" + strings.Repeat("9", 128)), "F-8"},
		"a secret of one":             {secret("A"), "F-8"},
		"no secret":                   {secret(""), "F-8"},
		"a secret of _":               {secret("_A"), "F-8"},
		"the version 1":               {func(h *sealed.Header) { h.Sources[0].Version = 1 }, ""},
		"the last version":            {func(h *sealed.Header) { h.Sources[0].Version = math.MaxInt64 }, ""},
		"the version 0":               {func(h *sealed.Header) { h.Sources[0].Version = 0 }, "F-13"},
		"the first date":              {modified(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)), ""},
		"the last date":               {modified(last), ""},
		"before the first":            {modified(time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC)), "F-14"},
		"behind the last":             {modified(last.Add(time.Millisecond)), "F-14"},
		"a field of all kinds":        {field("_a-.0.azAZ09_-"), ""},
		"a field of a dash":           {field("-a"), "F-15"},
		"a field of a dash further":   {field("a.-b"), "F-15"},
		"a field with no end":         {field("a."), "F-15"},
		"a field with no begin":       {field(".a"), "F-15"},
		"checks of 128":               {checks(strings.Repeat("a", 128)), ""},
		"checks of all kinds":         {checks("az09_=,"), ""},
		"checks of a capital":         {checks("aAa"), "F-34"},
		"a parameter of the root":     {parameter(arn + "parameter/a"), ""},
		"a parameter of all kinds":    {parameter(arn + "parameter/azAZ09/_.-"), ""},
		"a parameter without name":    {parameter(arn + "parameter/"), "F-12"},
		"a parameter with a slash":    {parameter(arn + "parameter/a/"), "F-12"},
		"a parameter with two":        {parameter(arn + "parameter//a"), "F-12"},
		"a parameter of none":         {parameter(arn + "parameter"), "F-12"},
		"no ARN":                      {parameter(strings.Replace(arn, "arn:", "urn:", 1) + "parameter/a"), "F-12"},
		"an ARN of five parts":        {parameter("arn:aws:ssm:us-west-2:222222222222"), "F-12"},
		"an account of 13":            {parameter(strings.Replace(arn, "222:", "2222:", 1) + "parameter/a"), "F-12"},
		"an account of 11":            {parameter(strings.Replace(arn, "222:", "22:", 1) + "parameter/a"), "F-12"},
		"an account with a letter":    {parameter(strings.Replace(arn, "222:", "22a:", 1) + "parameter/a"), "F-12"},
		"an account of a letter once": {parameter(strings.Replace(arn, ":222", ":a22", 1) + "parameter/a"), "F-12"},
		"a capital in the region":     {parameter(strings.Replace(arn, "us-west", "US-west", 1) + "parameter/a"), "F-12"},
		"a capital in the partition":  {parameter(strings.Replace(arn, ":aws:", ":Aws:", 1) + "parameter/a"), "F-12"},
		"an underscore in the region": {parameter(strings.Replace(arn, "us-west", "us_west", 1) + "parameter/a"), "F-12"},
		"a region of none":            {parameter(strings.Replace(arn, "us-west-2", "", 1) + "parameter/a"), "F-12"},
		"a partition of none":         {parameter(strings.Replace(arn, ":aws:", "::", 1) + "parameter/a"), "F-12"},
		"a field in mode blind": {func(h *sealed.Header) {
			h.Mode, h.Sources, h.Boxes = sealed.Blind, h.Sources[1:2], []sealed.Box{{Secrets: []string{"STRIPE_KEY"}}}
		}, "F-15"},
		"checks in mode blind": {func(h *sealed.Header) {
			h.Mode, h.Sources, h.Boxes = sealed.Blind, h.Sources[:1], []sealed.Box{{Secrets: []string{"DB_PASSWORD"}}}
			h.Sources[0].Checks = "a"
		}, "F-34"},
		"a part in mode blind": {func(h *sealed.Header) {
			h.Mode, h.Sources, h.Boxes = sealed.Blind, h.Sources[:1], []sealed.Box{{Secrets: []string{"DB_PASSWORD"}, Part: 1, Parts: 1}}
		}, "F-18"},
		"a part of two secrets":         {func(h *sealed.Header) { h.Boxes[0].Part, h.Boxes[0].Parts = 1, 1 }, "F-16"},
		"a secret whole and in a part":  {func(h *sealed.Header) { h.Boxes[2] = sealed.Box{Secrets: []string{"TLS_KEY"}} }, "F-16"},
		"as many parts as boxes may be": {inParts(sealed.MaxBoxes), ""},
		"a part more":                   {inParts(sealed.MaxBoxes + 1), "F-16"},
		"a part of more than may be": {func(h *sealed.Header) {
			h.Boxes[1].Parts, h.Boxes[2].Parts = sealed.MaxBoxes+1, sealed.MaxBoxes+1
		}, "F-16"},
		"two secrets in parts": {func(h *sealed.Header) {
			h.Sources, h.Boxes = h.Sources[1:], []sealed.Box{
				{Secrets: []string{"STRIPE_KEY"}, Part: 1, Parts: 2}, {Secrets: []string{"STRIPE_KEY"}, Part: 2, Parts: 2},
				{Secrets: []string{"TLS_KEY"}, Part: 1, Parts: 1},
			}
		}, ""},
		"parts behind parts out of order": {func(h *sealed.Header) {
			h.Sources, h.Boxes = h.Sources[1:], []sealed.Box{{Secrets: []string{"TLS_KEY"}, Part: 1, Parts: 1}, {Secrets: []string{"STRIPE_KEY"}, Part: 1, Parts: 1}}
		}, "F-17"},
	}
	for name, test := range tests {
		h := sampleHeader()
		test.change(&h)
		doc, err := sealed.New(h, sampleKey, ciphertexts(len(h.Boxes)))
		if test.rule != "" {
			var broken *sealed.FormatError
			if !errors.As(err, &broken) || broken.Rule != test.rule {
				t.Errorf("%s: got %v, want it for %s", name, err, test.rule)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkRoundTrip(t, doc, doc.Bytes())
	}
}

func inParts(n int) func(*sealed.Header) {
	return func(h *sealed.Header) {
		h.Sources, h.Boxes = h.Sources[:1], nil
		for i := range n {
			h.Boxes = append(h.Boxes, sealed.Box{Secrets: []string{"DB_PASSWORD"}, Part: i + 1, Parts: n})
		}
	}
}

func ciphertexts(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = []byte{1}
	}
	return all
}

// TestKeys checks the key line at the limits of F-19, and compares the parts of
// the key that a document returns with the ARN.
func TestKeys(t *testing.T) {
	h := sampleHeader()
	in := func(partition, region, account, resource string) string {
		return fmt.Sprintf("arn:%s:kms:%s:%s:%s", partition, region, account, resource)
	}
	tests := map[string]bool{ // whether it is valid
		in("aws", "us-west-2", "222222222222", "key/a"):                         true,
		in("aws", "us-west-2", "222222222222", "key/azAZ09-"):                   true,
		in("aws", "us-west-2", "222222222222", "key/"+strings.Repeat("a", 128)): true,
		in("aws", "us-west-2", "222222222222", "key/"+strings.Repeat("a", 129)): false,
		in("aws", "us-west-2", "222222222222", "key/"):                          false,
		in("aws", "us-west-2", "222222222222", "key/a_b"):                       false,
		in("aws", "us-west-2", "222222222222", "a"):                             false,
		in("aws", "us-west-2", "22222222222", "key/a"):                          false,
		in("aws", strings.Repeat("a", 32), "222222222222", "key/a"):             true,
		in(strings.Repeat("a", 32), "us-west-2", "222222222222", "key/a"):       true,
		in("a", "9", "222222222222", "key/a"):                                   true,
		strings.Replace(sampleKey, ":kms:", ":ssm:", 1):                         false,
		strings.Replace(sampleKey, "arn:", "urn:", 1):                           false,
	}
	for key, valid := range tests {
		parts := strings.Split(key, ":")
		for i := range h.Sources {
			h.Sources[i].ARN = strings.Join([]string{"arn", parts[1], "ssm", parts[3], "222222222222", "parameter/a"}, ":")
		}
		doc, err := sealed.New(h, key, ciphertexts(3))
		if !valid {
			checkRule(t, err, "F-19")
			continue
		}
		if err != nil || doc.Partition() != parts[1] || doc.Region() != parts[3] || doc.Account() != parts[4] {
			t.Errorf("%s: %v", key, err)
		}
	}
	for key, rule := range map[string]string{
		in("aws", strings.Repeat("a", 33), "222222222222", "key/a"): "F-19",
		in("aws-cn", "us-west-2", "222222222222", "key/a"):          "F-20",
		in("aws", "us-west-1", "222222222222", "key/a"):             "F-20",
	} {
		_, err := sealed.New(sampleHeader(), key, ciphertexts(3))
		checkRule(t, err, rule)
	}
	for key, want := range map[string][2]bool{ // multi-Region, embedded
		in("aws", "us-west-2", "222222222222", "key/mrk-1"): {true, false},
		in("aws", "us-west-2", "000000000000", "key/mrk"):   {false, true},
	} {
		doc, err := sealed.New(sampleHeader(), key, ciphertexts(3))
		if err != nil || doc.MultiRegion() != want[0] || doc.Embedded() != want[1] {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestBytesAtTheLimit checks F-1, F-2 and F-21 at their limits.
func TestBytesAtTheLimit(t *testing.T) {
	_, err := sealed.Parse([]byte(strings.Repeat("x", sealed.MaxDocument)))
	checkRule(t, err, "F-2") // the length is allowed, but there is no LF at the end
	_, err = sealed.Parse([]byte(strings.Repeat("x", sealed.MaxDocument+1)))
	checkRule(t, err, "F-1")
	_, err = sealed.Parse(nil)
	checkRule(t, err, "F-2")
	_, err = sealed.Parse([]byte("bundle/1 ~\n"))
	checkRule(t, err, "F-4")
	_, err = sealed.Parse([]byte("bundle/1\x1f\n"))
	checkRule(t, err, "F-2")
	_, err = sealed.Parse([]byte("bundle/1\x7f\n"))
	checkRule(t, err, "F-2")
	_, err = sealed.Parse([]byte("bundle/1\n"))
	checkRule(t, err, "F-5")

	longest := ciphertexts(3)
	longest[1] = make([]byte, sealed.MaxCiphertext)
	if _, err := sealed.New(sampleHeader(), sampleKey, longest); err != nil {
		t.Error(err)
	}
}

// TestReasonsAreShort gives a box a name of several kilobytes, which no reason repeats in full.
func TestReasonsAreShort(t *testing.T) {
	h := sampleHeader()
	h.Boxes[0].Secrets = []string{strings.Repeat("A", 4000)}
	_, err := h.Marshal()
	if err == nil || len(err.Error()) > 300 {
		t.Errorf("%d bytes: %.100v", len(fmt.Sprint(err)), err)
	}
}
