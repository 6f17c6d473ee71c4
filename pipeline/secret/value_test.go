package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"
)

const canary = "cAnArY!7f3a9e\x01é~0123456789abcdef"

// traces returns the forms in which output could show the canary.
func traces() map[string]string {
	b := []byte(canary)
	all := map[string]string{
		"raw":        canary,
		"part":       canary[:8],
		"hex":        hex.EncodeToString(b),
		"HEX":        strings.ToUpper(hex.EncodeToString(b)),
		"spaced hex": strings.TrimSpace(fmt.Sprintf("% x", b)),
		"0x hex":     strings.TrimSpace(fmt.Sprintf("%# x", b)),
		"Go bytes":   strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte{"), "}"),
		"decimal":    strings.Trim(fmt.Sprintf("%d", b), "[]"),
		"commas":     strings.ReplaceAll(strings.Trim(fmt.Sprintf("%d", b), "[]"), " ", ", "),
		"octal":      strings.Trim(fmt.Sprintf("%o", b), "[]"),
		"binary":     strings.Trim(fmt.Sprintf("%b", b), "[]"),
		"quoted":     strings.Trim(fmt.Sprintf("%q", canary), `"`),
		"characters": strings.Trim(fmt.Sprintf("%c", b), "[]"),
		"Unicode":    strings.Trim(fmt.Sprintf("%U", b), "[]"),
	}
	for shift := range 3 {
		// Cut the first and last group: they depend on the neighbors.
		s := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + canary))
		all[fmt.Sprintf("base64 shifted by %d", shift)] = s[4 : len(s)-4]
	}
	return all
}

type holder struct {
	hidden  Value
	Shown   Value
	pointer *Value
	Inner   struct{ deep Value }
	list    []Value
	Map     map[string]Value
}

func newHolder() holder {
	v := New([]byte(canary))
	h := holder{hidden: v, Shown: v, pointer: &v, list: []Value{v}, Map: map[string]Value{"k": v}}
	h.Inner.deep = v
	return h
}

// shapes returns the ways in which a Value can be passed to a printer.
func shapes() map[string]any {
	v, h := New([]byte(canary)), newHolder()
	return map[string]any{
		"value":          v,
		"pointer":        &v,
		"holder":         h,
		"holder pointer": &h,
		"slice":          []Value{v},
		"array":          [1]Value{v},
		"map":            map[string]Value{"k": v},
		"any":            []any{v, &v, h},
		"function":       v.bytes,
		"error":          fmt.Errorf("wrapped %v and %w", v, errors.New("cause")),
	}
}

type rendering struct{ how, text string }

// renderings prints every shape in every way.
func renderings(t *testing.T) []rendering {
	var all []rendering
	add := func(text, how string, a ...any) {
		all = append(all, rendering{fmt.Sprintf(how, a...), text})
	}
	for shape, v := range shapes() {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspw!z" {
			for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "# ", "200", ".3", "-9.2"} {
				format := "%" + flags + string(verb)
				add(fmt.Sprintf(format, v), "Sprintf(%q, %s)", format, shape)
			}
		}
		add(fmt.Sprint(v), "Sprint(%s)", shape)
		add(fmt.Sprintln(v), "Sprintln(%s)", shape)
		add(fmt.Errorf("failed: %w", fmt.Errorf("%v %+v %#v", v, v, v)).Error(), "Errorf(%s)", shape)
		add(errors.Join(fmt.Errorf("%s", v), fmt.Errorf("%d", v)).Error(), "Join(%s)", shape)

		var out bytes.Buffer
		slog.NewLogLogger(slog.NewTextHandler(&out, nil), slog.LevelError).Printf("%v %+v", v, v)
		add(out.String(), "log.Printf(%s)", shape)
		for name, h := range map[string]slog.Handler{"text": slog.NewTextHandler(&out, nil), "json": slog.NewJSONHandler(&out, nil)} {
			out.Reset()
			slog.New(h).With("with", v).WithGroup("g").Error("message", "key", v, slog.Any("any", v), slog.Group("group", "in", v))
			add(out.String(), "slog %s (%s)", name, shape)
		}
		js, err := json.Marshal(v)
		add(fmt.Sprint(string(js), err), "json.Marshal(%s)", shape)
		js, err = json.MarshalIndent(map[string]any{"v": v}, "", " ")
		add(fmt.Sprint(string(js), err), "json.MarshalIndent(%s)", shape)
		xs, err := xml.Marshal(v)
		add(fmt.Sprint(string(xs), err), "xml.Marshal(%s)", shape)
		out.Reset()
		err = gob.NewEncoder(&out).Encode(v)
		add(fmt.Sprint(out.String(), err), "gob(%s)", shape)
		out.Reset()
		err = template.Must(template.New("").Parse(`{{.}} {{printf "%s %x %#v" . . .}} {{print .}} {{js .}}`)).Execute(&out, v)
		add(fmt.Sprint(out.String(), err), "template(%s)", shape)
	}
	return all
}

func TestNoRenderingShowsTheValue(t *testing.T) {
	all := renderings(t)
	if len(all) < 91 {
		t.Fatalf("%d renderings, want at least 91", len(all))
	}
	forms := traces()
	leaks := 0
	for _, r := range all {
		for form, trace := range forms {
			if strings.Contains(r.text, trace) {
				leaks++
				t.Errorf("%s shows the canary (%s)", r.how, form)
			}
		}
	}
	t.Logf("%d renderings × %d forms: %d leaks", len(all), len(forms), leaks)
}

func TestTheLeakDetectorFindsPlainBytes(t *testing.T) {
	plain := struct{ hidden []byte }{[]byte(canary)}
	for form, text := range map[string]string{
		"decimal":  fmt.Sprintf("%v", plain),
		"Go bytes": fmt.Sprintf("%#v", plain.hidden),
		"hex":      fmt.Sprintf("%x", plain),
		"HEX":      fmt.Sprintf("%X", plain),
		"raw":      fmt.Sprintf("%s", plain),
		"octal":    fmt.Sprintf("%o", plain),
	} {
		if !strings.Contains(text, traces()[form]) {
			t.Errorf("the trace %q is not found in %q", form, text)
		}
	}
}

func TestRenderingsSayRedacted(t *testing.T) {
	v := New([]byte(canary))
	js, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	text, err := v.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{v.String(), v.GoString(), fmt.Sprintf("%v", v), fmt.Sprintf("%#x", &v), string(text),
		strings.Trim(string(js), `"`), v.LogValue().String(), fmt.Sprint(Value{})} {
		if got != "[redacted]" {
			t.Errorf("got %q", got)
		}
	}
}

func TestGobRefusesValues(t *testing.T) {
	if err := gob.NewEncoder(&bytes.Buffer{}).Encode(New([]byte(canary))); err == nil {
		t.Error("gob encoded a value")
	}
}

func TestValuesAreCopies(t *testing.T) {
	in := []byte("first")
	v := New(in)
	in[0] = 'X'
	out := v.Reveal()
	out[1] = 'X'
	_ = append(out, "more"...)
	if got := string(v.Reveal()); got != "first" {
		t.Errorf("the value changed to %q", got)
	}
	if !v.Contains('f') || v.Contains(0) || (Value{}).Contains(0) || !New([]byte{0}).Contains(0) {
		t.Error("Contains is wrong")
	}
	if v.Len() != 5 {
		t.Errorf("Len is %d, want 5", v.Len())
	}
}

func TestZeroValueIsEmpty(t *testing.T) {
	var v Value
	if v.Reveal() != nil || v.Len() != 0 {
		t.Error("the zero value holds something")
	}
	if _, err := v.Field("a", JSON); !errors.Is(err, ErrNotJSON) {
		t.Errorf("Field of the zero value: %v", err)
	}
	if got := New(nil); got.Len() != 0 || got.Reveal() == nil {
		t.Error("an empty value is nil")
	}
}

func TestCheckBase64(t *testing.T) {
	for _, tt := range []struct {
		value string
		ok    bool
	}{
		{"", true}, {"AAEC", true}, {"AA==", true}, {"+/+/", true},
		{"AA", false}, {"AAE", false}, {"AA==\n", false}, {"AA\n==", false}, {"A A=", false}, {"_-_-", false},
		{"AB==", false}, // has bits that belong to no byte
		{"AA===", false}, {"=AAA", false}, {"AAEC====", false}, {"\xff\xff\xff\xff", false}, {"ümla", false},
	} {
		err := New([]byte(tt.value)).CheckBase64()
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrNotBase64) {
			t.Errorf("CheckBase64(%q) = %v, want ok %v", tt.value, err, tt.ok)
		}
		if err != nil && len(tt.value) > 2 && strings.Contains(err.Error(), tt.value) {
			t.Errorf("the error quotes the value: %v", err)
		}
	}
}
