package helpertest

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
)

// A refusal is a row of testdata/refusals.json: what KMS answers with status 400,
// and what an error says of it. The test of runtime/kms reads the rows too.
type refusal struct {
	Name    string          `json:"name"`
	Code    json.RawMessage `json:"code"`
	Message json.RawMessage `json:"message"`
	Want    string          `json:"want"`
}

func refusals(t *testing.T) []refusal {
	t.Helper()
	text, err := os.ReadFile("testdata/refusals.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []refusal
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestRefusals: a message is quoted where it has a form that is known, and to the
// first word that does not fit; "Message" is another spelling of its name.
func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		d := l.start(t)
		for _, row := range refusals(t) {
			t.Run(row.Name, func(t *testing.T) {
				v, local := readVector(t, "ok-one"), embedded(t)
				vars := local.environment(v.place(t))
				for _, member := range []string{"message", "Message"} {
					body, err := json.Marshal(map[string]json.RawMessage{"__type": row.Code, member: row.Message})
					if err != nil {
						t.Fatal(err)
					}
					local.ClearFaults()
					local.Inject(awslocal.Fault{Operation: "kms:Decrypt", Kind: awslocal.Body, Status: http.StatusBadRequest, Body: string(body)})
					got := d.call(t, request{Env: vars, Calls: [][]any{{"all"}}})[0]
					if got.Code == "" || !strings.HasSuffix(got.Message, ": "+row.Want) {
						t.Errorf("%s: %q does not end in %q", member, got.Message, row.Want)
					}
				}
			})
		}
	})
}
