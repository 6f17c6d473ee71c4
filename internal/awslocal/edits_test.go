package awslocal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
)

func TestAnswersCanBeEdited(t *testing.T) {
	for name, c := range map[string]struct {
		fault awslocal.Fault
		want  []string // of two calls
	}{
		"another body":    {awslocal.Fault{Kind: awslocal.Body, Body: `{"NextToken": "t{n}"}`}, []string{`{"NextToken": "t1"}`, `{"NextToken": "t2"}`}},
		"from the second": {awslocal.Fault{Kind: awslocal.Body, Body: "{n}", Nth: 2, Times: 9}, []string{"", "1"}},
		"with a status":   {awslocal.Fault{Kind: awslocal.Body, Body: "x", Status: 404}, []string{"x", "x"}},
	} {
		w := start(t, awslocal.WithFaults(c.fault))
		for i, want := range c.want {
			response, body, err := raw(t, w, "AmazonSSM.GetParametersByPath")
			if err != nil {
				t.Fatal(err)
			}
			if want != "" && (string(body) != want || response.StatusCode != max(c.fault.Status, 200)) {
				t.Errorf("%s: call %d: status %d, %s, not %s", name, i+1, response.StatusCode, body, want)
			}
		}
	}
}

func TestMembersCanBeEdited(t *testing.T) {
	const reply = `{"Parameters":[{"Name":"a","Version":12345678901234567},{"Name":"b"}],"NextToken":"t"}`
	for name, c := range map[string]struct {
		member, value, want string
	}{
		"away":            {"NextToken", "", `{"Parameters":[{"Name":"a","Version":12345678901234567},{"Name":"b"}]}`},
		"null":            {"Parameters", "null", `{"NextToken":"t","Parameters":null}`},
		"new":             {"X", `[1]`, `{"NextToken":"t","Parameters":[{"Name":"a","Version":12345678901234567},{"Name":"b"}],"X":[1]}`},
		"in one item":     {"Parameters[1].Name", `"c"`, `{"NextToken":"t","Parameters":[{"Name":"a","Version":12345678901234567},{"Name":"c"}]}`},
		"in every item":   {"Parameters[].Name", "", `{"NextToken":"t","Parameters":[{"Version":12345678901234567},{}]}`},
		"an item":         {"Parameters[0]", "null", `{"NextToken":"t","Parameters":[null,{"Name":"b"}]}`},
		"nowhere":         {"X.Y", "1", `{"NextToken":"t","Parameters":[{"Name":"a","Version":12345678901234567},{"Name":"b"}]}`},
		"beyond the last": {"Parameters[7].Name", "1", `{"NextToken":"t","Parameters":[{"Name":"a","Version":12345678901234567},{"Name":"b"}]}`},
	} {
		var value json.RawMessage
		if c.value != "" {
			value = json.RawMessage(c.value)
		}
		got := awslocal.EditJSON([]byte(reply), c.member, value)
		if canonical(t, got) != canonical(t, []byte(c.want)) {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, c := range map[string]struct{ member, value, want string }{
		"away":    {"Credentials.Token", "", "<R><Other>y</Other></R>"},
		"another": {"Token", `"z$1"`, "<R><Token>z$1</Token><Other>y</Other></R>"},
	} {
		var value json.RawMessage
		if c.value != "" {
			value = json.RawMessage(c.value)
		}
		if got := string(awslocal.EditXML([]byte("<R><Token>x</Token><Other>y</Other></R>"), c.member, value)); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func canonical(t *testing.T, b []byte) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
