package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
)

// TestInspectShowsBothStores describes a document with a parameter, a field in the list
// form, and a secret of Secrets Manager.
func TestInspectShowsBothStores(t *testing.T) {
	const id = "terraform-20250627043834191900000095"
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	doc, err := sealed.New(sealed.Header{
		Bundle: "shop", Environment: "prod", Function: "hello", Name: "hello", Mode: sealed.Pack,
		Sources: []sealed.Source{
			{Secret: "DB", Encoding: "text", ARN: "arn:aws:secretsmanager:us-west-2:222222222222:secret:rds!db-a1B2c3", ID: id, Modified: at, Field: "password"},
			{Secret: "KEY", Encoding: "text", ARN: "arn:aws:ssm:us-west-2:222222222222:parameter/prod/key", Version: 7, Modified: at, Field: "/a.b/c%20d"},
		},
		Boxes: []sealed.Box{{Secrets: []string{"DB", "KEY"}}},
	}, "arn:aws:kms:us-west-2:222222222222:key/a", [][]byte{{1}})
	if err != nil {
		t.Fatal(err)
	}
	r := NewInspect("layer.zip", &layerbuild.Layer{Documents: []*sealed.Document{doc}}, nil, &layerbuild.HelperMatch{})

	var b bytes.Buffer
	if err := r.Text(printable.New(&b)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"bundle/2, pack, 1 box\n",
		"SECRET  SOURCE         VERSION                               MODIFIED              ENCODING  FIELD\n",
		"DB      secret rds!db  terraform-20250627043834191900000095  2026-11-01T10:00:00Z  text      password\n",
		"KEY     /prod/key      7                                     2026-11-01T10:00:00Z  text      [\"a.b\", \"c d\"]\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}

	text, err := json.Marshal(r.Documents[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"format":"bundle/2"`,
		`{"name":"DB","kind":"secretsmanager","arn":"arn:aws:secretsmanager:us-west-2:222222222222:secret:rds!db-a1B2c3","version_id":"` + id + `","modified":`,
		`{"name":"KEY","kind":"ssm","arn":"arn:aws:ssm:us-west-2:222222222222:parameter/prod/key","parameter":"arn:aws:ssm:us-west-2:222222222222:parameter/prod/key","version":7,"modified":`,
		`"field":"[\"a.b\", \"c d\"]"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
