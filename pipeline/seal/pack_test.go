package seal_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

func named(pairs ...string) []seal.Named {
	var all []seal.Named
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, seal.Named{Name: pairs[i], Value: secret.New([]byte(pairs[i+1]))})
	}
	return all
}

// lines returns the box lines of what was packed, and their lengths.
func lines(boxes []seal.Packed) []string {
	var all []string
	for _, b := range boxes {
		line := strings.Join(b.Box.Secrets, " ")
		if b.Box.Parts > 0 {
			line += fmt.Sprintf(" %d/%d", b.Box.Part, b.Box.Parts)
		}
		all = append(all, fmt.Sprintf("%s: %d", line, b.Plaintext.Len()))
	}
	return all
}

func TestPackFillsBoxesAsTheFormatSays(t *testing.T) { // F-17, F-25, F-27
	long := func(n int) string { return strings.Repeat("x", n) }
	tests := map[string]struct {
		secrets []seal.Named
		want    []string
	}{
		"one":                           {named("AA", "v"), []string{"AA: 10"}},
		"ordered by name":               {named("BB", "v", "AA", "v"), []string{"AA BB: 19"}},
		"a whole box":                   {named("AA", long(4087)), []string{"AA: 4096"}},
		"one byte more is one part":     {named("AA", long(4088)), []string{"AA 1/1: 4088"}},
		"a full part":                   {named("AA", long(4096)), []string{"AA 1/1: 4096"}},
		"two parts":                     {named("AA", long(4097)), []string{"AA 1/2: 4096", "AA 2/2: 1"}},
		"an advanced parameter":         {named("AA", long(8192)), []string{"AA 1/2: 4096", "AA 2/2: 4096"}},
		"escapes count":                 {named("AA", strings.Repeat("\n", 2044)), []string{"AA 1/1: 2044"}},
		"the longest first":             {named("AA", long(10), "BB", long(4000), "CC", long(3000), "DD", long(1000)), []string{"AA BB: 4027", "CC DD: 4017"}},
		"the longest first, else three": {named("AA", long(1000), "BB", long(2000), "CC", long(3000), "DD", long(2000)), []string{"AA CC: 4017", "BB DD: 4017"}},
		"two fill a box":                {named("AA", long(2000), "BB", long(2079)), []string{"AA BB: 4096"}},
		"two and a byte":                {named("AA", long(2000), "BB", long(2080)), []string{"AA: 2009", "BB: 2089"}},
		"three fill a box":              {named("AA", long(2000), "BB", long(1500), "CC", long(571)), []string{"AA BB CC: 4096"}},
		"three and a byte":              {named("AA", long(2000), "BB", long(1500), "CC", long(572)), []string{"AA BB: 3517", "CC: 581"}},
		"boxes by first name":           {named("ZZ", long(4000), "BB", long(4000)), []string{"BB: 4009", "ZZ: 4009"}},
		"parts among boxes":             {named("AA", "v", "BB", long(5000), "CC", long(4080)), []string{"AA: 10", "BB 1/2: 4096", "BB 2/2: 904", "CC: 4089"}},
	}
	for name, test := range tests {
		boxes, err := seal.Pack(test.secrets)
		if err != nil || !slices.Equal(lines(boxes), test.want) {
			t.Errorf("%s: %q, %v; want %q", name, lines(boxes), err, test.want)
		}
	}
}

// Parts stay in order even with so many boxes that a sort moves them.
func TestPackKeepsPartsInOrder(t *testing.T) { // F-17
	var pairs, want []string
	for i := range 30 {
		pairs = append([]string{fmt.Sprintf("S%02d", i), strings.Repeat("x", 8193)}, pairs...)
		want = append(want, fmt.Sprintf("S%02d 1/3: 4096", i), fmt.Sprintf("S%02d 2/3: 4096", i), fmt.Sprintf("S%02d 3/3: 1", i))
	}
	boxes, err := seal.Pack(named(pairs...))
	if err != nil || !slices.Equal(lines(boxes), want) {
		t.Errorf("%q, %v", lines(boxes), err)
	}
}

func TestPackWritesTheOneJSON(t *testing.T) { // F-23
	boxes, err := seal.Pack(named("BB", "a\"\\/\b\t\n\f\r\x00\x1f\x7f<>&\u2028é😀", "AA", "plain"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"AA":"plain","BB":"a\"\\/\b\t\n\f\r\u0000\u001f` + "\x7f<>&\u2028é😀" + `"}`
	if got := string(boxes[0].Plaintext.Reveal()); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestPackRefusesWhatCannotBeSealed(t *testing.T) { // F-28
	for _, value := range []string{"", "\xff", "ab\xc3"} {
		if _, err := seal.Pack(named("AA", "fine", "BB", value)); !errors.Is(err, seal.ErrValue) || !strings.Contains(err.Error(), "BB") {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// TestPackedSecretsComeBack packs arbitrary secrets, seals them without encryption,
// and opens them with the reader.
func TestPackedSecretsComeBack(t *testing.T) { // F-16, F-24
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.MapOfN(
			rapid.StringMatching(`[A-Z][A-Z0-9_]{1,20}`),
			rapid.OneOf(rapid.StringN(1, 60, -1), rapid.StringN(1, 9000, 9000)),
			1, 40).Draw(t, "values")
		var pairs []string
		var sources []sealed.Source
		for name, value := range values {
			pairs = append(pairs, name, value)
			sources = append(sources, sealed.Source{Secret: name, Encoding: "text", Version: 1,
				ARN: "arn:aws:ssm:us-west-2:222222222222:parameter/x"})
		}
		slices.SortFunc(sources, func(a, b sealed.Source) int { return strings.Compare(a.Secret, b.Secret) })
		boxes, err := seal.Pack(named(pairs...))
		if err != nil {
			t.Fatal(err)
		}
		h := sealed.Header{Bundle: "b", Environment: "e", Function: "f", Name: "f", Mode: sealed.Pack, Sources: sources}
		var plaintexts [][]byte
		for _, b := range boxes {
			h.Boxes = append(h.Boxes, b.Box)
			plaintexts = append(plaintexts, b.Plaintext.Reveal())
			if b.Box.Parts == 0 && !json.Valid(b.Plaintext.Reveal()) {
				t.Fatal("a box is not JSON")
			}
		}
		d, err := sealed.New(h, "arn:aws:kms:us-west-2:222222222222:key/1", plaintexts)
		if err != nil {
			t.Fatal(err)
		}
		back, err := d.Assemble(plaintexts)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range values {
			if !bytes.Equal(back[name], []byte(value)) {
				t.Fatalf("%s came back otherwise", name)
			}
		}
	})
}

// TestPackCutsAndFillsRight packs secrets in any order: no box is longer than 4,096 bytes, only what is too long for a box is cut, into
// full parts and a rest, each secret is in one place, and a secret is in a later box only if it did not fit into an earlier one.
func TestPackCutsAndFillsRight(t *testing.T) { // F-17, F-23, F-25, F-27
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringN(1, 40, -1), rapid.StringMatching(`[a-z"\\]{1,60}`), rapid.SampledFrom([]string{"\x00", "\u2028", "\u007f", "<>&"}))
		// A size near a limit decides about a cut or a box.
		size := rapid.OneOf(rapid.IntRange(1, 60), rapid.IntRange(1300, 1400), rapid.IntRange(2000, 2080), rapid.IntRange(4070, 4110), rapid.IntRange(8180, 8210))
		value := rapid.Custom(func(t *rapid.T) string {
			s := text.Draw(t, "start")
			return s + strings.Repeat("v", max(0, size.Draw(t, "size")-len(s)))
		})
		values := rapid.MapOfN(rapid.StringMatching(`[A-Z][A-Z0-9_]{1,5}`), value, 1, 30).Draw(t, "values")
		names := slices.Sorted(maps.Keys(values))
		var pairs, shuffled []string
		for _, name := range names {
			pairs = append(pairs, name, values[name])
		}
		for _, name := range rapid.Permutation(names).Draw(t, "order") {
			shuffled = append(shuffled, name, values[name])
		}
		boxes, err := seal.Pack(named(pairs...))
		if err != nil {
			t.Fatal(err)
		}
		again, err := seal.Pack(named(shuffled...))
		if err != nil || !slices.EqualFunc(boxes, again, func(a, b seal.Packed) bool {
			return bytes.Equal(a.Plaintext.Reveal(), b.Plaintext.Reveal()) && slices.Equal(a.Box.Secrets, b.Box.Secrets) && a.Box.Part == b.Box.Part && a.Box.Parts == b.Box.Parts
		}) {
			t.Fatalf("another order gives other boxes: %v", err)
		}

		length := func(name string) int { return len(member(name, values[name])) }
		places := map[string]int{}
		var whole []seal.Packed
		for _, b := range boxes {
			content := b.Plaintext.Reveal()
			if len(content) < 1 || len(content) > sealed.MaxBox {
				t.Fatalf("a box of %d bytes", len(content))
			}
			if b.Box.Parts == 0 {
				whole = append(whole, b)
			} else if name := b.Box.Secrets[0]; len(b.Box.Secrets) != 1 || length(name)+len("{}") <= sealed.MaxBox || b.Box.Part < b.Box.Parts && len(content) != sealed.MaxBox ||
				b.Box.Parts != (len(values[name])+sealed.MaxBox-1)/sealed.MaxBox {
				t.Fatalf("part %d/%d of %d bytes, of %s with %d", b.Box.Part, b.Box.Parts, len(content), name, len(values[name]))
			}
			for _, name := range b.Box.Secrets {
				if b.Box.Part <= 1 {
					places[name]++
				}
			}
		}
		for _, name := range names {
			if places[name] != 1 {
				t.Fatalf("%s is in %d places", name, places[name])
			}
		}

		// First fit opens boxes in descending order of their longest member, and that did not fit into any box before.
		longest := func(b seal.Packed) (name string) {
			return slices.MinFunc(b.Box.Secrets, func(a, b string) int { return cmp.Or(length(b)-length(a), strings.Compare(a, b)) })
		}
		slices.SortFunc(whole, func(a, b seal.Packed) int {
			return cmp.Or(length(longest(b))-length(longest(a)), strings.Compare(longest(a), longest(b)))
		})
		for i, b := range whole {
			for _, before := range whole[:i] {
				if before.Plaintext.Len()+len(",")+length(longest(b)) <= sealed.MaxBox {
					t.Fatalf("%s has a box of its own, and fits into an earlier one", longest(b))
				}
			}
		}
	})
}

// member is a secret in a box of F-23, by the encoder of the standard library: "NAME":"value".
func member(name, value string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]string{name: value}); err != nil {
		panic(err)
	}
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(strings.TrimSuffix(strings.TrimPrefix(b.String(), "{"), "}\n"))
}
