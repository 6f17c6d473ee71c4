package audit

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

const (
	testKey  = "arn:aws:kms:us-west-2:222222222222:key/00000000-0000-4000-8000-000000000000"
	testRole = "arn:aws:iam::222222222222:role/path/hello"
)

var testDocument = strings.Repeat("0a", 32)

// opened is a record of CloudTrail, as KMS writes it.
func opened(edits ...func(map[string]any)) []byte {
	r := map[string]any{
		"eventVersion": "1.11", "eventSource": "kms.amazonaws.com", "eventName": "Decrypt", "eventID": "e1", "eventTime": "2026-11-20T10:00:00Z",
		"awsRegion": "us-west-2", "recipientAccountId": "222222222222", "responseElements": nil, "readOnly": true,
		"requestParameters": map[string]any{"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": map[string]any{
			"bundle:document": testDocument, "bundle:function": "shop/hello", "bundle:environment": "prod", "bundle:box": "1/1",
		}},
		"userIdentity": map[string]any{
			"type": "AssumedRole", "arn": "arn:aws:sts::222222222222:assumed-role/hello/hello", "accountId": "222222222222",
			"sessionContext": map[string]any{"sessionIssuer": map[string]any{"type": "Role", "arn": testRole}},
		},
		"resources": []any{map[string]any{"ARN": testKey, "accountId": "222222222222", "type": "AWS::KMS::Key"}},
	}
	for _, edit := range edits {
		edit(r)
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	return text
}

func set(name string, value any) func(map[string]any) {
	return func(r map[string]any) { r[name] = value }
}

func inContext(name string, value any) func(map[string]any) {
	return func(r map[string]any) {
		r["requestParameters"].(map[string]any)["encryptionContext"].(map[string]any)[name] = value
	}
}

func at(when string) func(map[string]any) { return set("eventTime", when) }

func collector() *Collector {
	return &Collector{Bundle: "shop", Environment: "prod", Functions: map[string][]string{"hello": {testKey}, "job": nil},
		Account: "222222222222", Region: "us-west-2"}
}

func TestAnOpeningIsRead(t *testing.T) {
	e, class, err := parse(opened())
	want := Event{ID: "e1", Time: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Key: testKey, Document: testDocument, Function: "shop/hello",
		Environment: "prod", Principal: testRole, Session: "hello"}
	if err != nil || class != opening || e != want {
		t.Errorf("%+v, %d, %v", e, class, err)
	}
}

func TestRecordsAreToldApart(t *testing.T) {
	moved := func(r map[string]any) {
		in := r["requestParameters"].(map[string]any)
		in["sourceEncryptionContext"] = in["encryptionContext"]
		in["destinationEncryptionContext"] = map[string]any{"bundle:document": strings.Repeat("b", 64)}
		delete(in, "encryptionContext")
	}
	for name, c := range map[string]struct {
		record  []byte
		class   class
		outcome Outcome
		unread  bool
	}{
		"opened":                     {record: opened(), class: opening},
		"denied":                     {record: opened(set("errorCode", "AccessDenied")), class: opening, outcome: Denied},
		"denied, without a resource": {record: opened(set("errorCode", "AccessDenied"), set("resources", nil)), class: opening, outcome: Denied},
		"failed":                     {record: opened(set("errorCode", "KMSInvalidStateException")), class: opening, outcome: Failed},
		"a dry run":                  {record: opened(set("errorCode", "DryRunOperationException")), class: dryRun},
		"a dry run that is denied":   {record: opened(set("errorCode", "AccessDenied"), func(r map[string]any) { r["requestParameters"].(map[string]any)["dryRun"] = true }), class: dryRun},
		"moved to another key":       {record: opened(set("eventName", "ReEncrypt"), moved), class: opening},
		"sealed":                     {record: opened(set("eventName", "Encrypt")), class: other},
		"another service":            {record: opened(set("eventSource", "ssm.amazonaws.com"), set("requestParameters", "a text")), class: foreign},
		"another's context":          {record: opened(inContext("bundle:document", "x")), class: other},
		"a digest in capitals":       {record: opened(inContext("bundle:document", strings.ToUpper(testDocument))), class: other},
		"a key of another spelling":  {record: opened(inContext("bundle:document", ""), inContext("Bundle:Document", testDocument)), class: other},
		"without parameters":         {record: opened(set("requestParameters", nil)), class: other},
		"parameters of another type": {record: opened(set("requestParameters", "HIDDEN")), class: other, unread: true},
		"a context of another type":  {record: opened(inContext("bundle:document", 7)), class: other, unread: true},
		"a date of another form":     {record: opened(at("yesterday")), class: other, unread: true},
		"an ID of another form":      {record: opened(set("eventID", "a b")), class: other, unread: true},
		"a key that is none":         {record: opened(set("resources", []any{map[string]any{"ARN": "arn:aws:s3:::x"}})), class: other, unread: true},
		"resources of another type":  {record: opened(set("resources", "x")), class: other, unread: true},
		"a caller of another type":   {record: opened(set("userIdentity", "x")), class: other, unread: true},
		"without a caller":           {record: opened(func(r map[string]any) { delete(r, "userIdentity") }), class: other, unread: true},
		"not JSON":                   {record: []byte("{"), class: foreign, unread: true},
		"a list":                     {record: []byte("[]"), class: foreign, unread: true},
		"nothing":                    {record: []byte("{}"), class: foreign, unread: true},
	} {
		t.Run(name, func(t *testing.T) {
			e, class, err := parse(c.record)
			if class != c.class || (err != nil) != c.unread || e.Outcome != c.outcome {
				t.Errorf("class %d, outcome %d, %v", class, e.Outcome, err)
			}
		})
	}
}

func TestOnlyNamesOfAWSsFormAreKept(t *testing.T) {
	identity := func(text string) func(map[string]any) { return set("userIdentity", json.RawMessage(text)) }
	for name, c := range map[string]struct{ identity, principal, session string }{
		"a user":            {`{"type": "IAMUser", "arn": "arn:aws:iam::222222222222:user/x"}`, "arn:aws:iam::222222222222:user/x", ""},
		"root":              {`{"type": "Root", "arn": "arn:aws:iam::222222222222:root"}`, "arn:aws:iam::222222222222:root", ""},
		"an account":        {`{"type": "AWSAccount", "accountId": "333333333333", "principalId": "AROAX:x"}`, "a principal of account 333333333333", ""},
		"nothing":           {`{}`, unprintable, ""},
		"an escape":         {`{"arn": "arn:aws:iam::222222222222:role/\u001b[31mx"}`, unprintable, ""},
		"another account":   {`{"accountId": "3333\n::error::x"}`, unprintable, ""},
		"a session":         {`{"arn": "arn:aws:sts::222222222222:assumed-role/r/a\u202eb", "sessionContext": {"sessionIssuer": {"arn": "` + testRole + `"}}}`, testRole, unprintable},
		"a long session":    {`{"arn": "arn:aws:sts::222222222222:assumed-role/r/` + strings.Repeat("x", 65) + `", "sessionContext": {"sessionIssuer": {"arn": "` + testRole + `"}}}`, testRole, unprintable},
		"a slash":           {`{"arn": "arn:aws:sts::222222222222:assumed-role/r/a/b"}`, "arn:aws:sts::222222222222:assumed-role/r/a/b", "b"},
		"an issuer in text": {`{"arn": "arn:aws:sts::222222222222:assumed-role/r/a", "sessionContext": {"sessionIssuer": {"arn": "run this"}}}`, unprintable, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			e, _, err := parse(opened(identity(c.identity)))
			if err != nil || e.Principal != c.principal || e.Session != c.session {
				t.Errorf("%q, %q, %v", e.Principal, e.Session, err)
			}
		})
	}
}

func TestWhatIsCounted(t *testing.T) {
	c := collector()
	c.Since = time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)
	id := func(id string) func(map[string]any) { return set("eventID", id) }
	otherKey := set("resources", []any{map[string]any{"ARN": strings.Replace(testKey, "key/0", "key/1", 1)}})
	for _, r := range [][]byte{
		opened(), opened(), // delivered twice
		opened(id("e2"), at("2026-11-21T10:00:00Z")),
		opened(id("e3"), at("2026-11-22T10:00:00Z"), set("errorCode", "AccessDenied")),
		opened(id("e4"), at("2026-11-18T10:00:00Z")),                         // too early
		opened(id("e5"), inContext("bundle:function", "other/hello")),        // another bundle
		opened(id("e6"), inContext("bundle:environment", "dev")),             // another environment
		opened(id("e7"), otherKey),                                           // another key
		opened(id("e8"), otherKey, inContext("bundle:function", "shop/job")), // of which no key is known
		opened(id("e9"), inContext("bundle:function", "shop/job"), set("resources", []any{map[string]any{"ARN": strings.Replace(testKey, "us-west-2", "eu-west-1", 1)}})),
		opened(id("e10"), set("errorCode", "DryRunOperationException")),
		opened(id("e11"), set("eventSource", "s3.amazonaws.com")),
		[]byte("nothing"),
	} {
		c.Add(r)
	}
	rows := c.Rows()
	if len(rows) != 2 || c.Records != 13 || c.OfKMS != 11 || c.Unread != 1 || c.DryRuns != 1 {
		t.Fatalf("%+v\n%+v", rows, c)
	}
	hello := rows[0]
	if hello.Opened != 2 || hello.Denied != 1 || hello.First.Day() != 20 || hello.Last.Day() != 22 || hello.LastOpened.Day() != 21 || rows[1].Function != "job" {
		t.Errorf("%+v", rows)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := collector()
	for i := range maxRows + 500 {
		c.count(Event{Document: testDocument, Principal: testRole, Session: fmt.Sprint(i), Time: time.Unix(int64(i), 0)}, "hello")
	}
	rows := c.Rows()
	if len(rows) != maxRows+1 {
		t.Fatalf("%d rows", len(rows))
	}
	total := 0
	for _, r := range rows {
		total += r.Opened
	}
	if total != maxRows+500 {
		t.Errorf("%d openings are counted", total)
	}
}

func TestFilesAreRead(t *testing.T) {
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, text)
		_ = z.Close()
		return b.String()
	}
	one := string(opened())
	quoted, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		want int // records; -1 for none of CloudTrail
	}{
		"a trail's":          {`{"Records": [` + one + `,` + one + `]}`, 2},
		"compressed":         {packed(`{"Records": [` + one + `]}`), 1},
		"of event history":   {`{"Events": [{"EventId": "x", "CloudTrailEvent": ` + string(quoted) + `}], "NextToken": "x"}`, 1},
		"more members":       {`{"a": {"b": [1]}, "Records": [` + one + `], "c": null}`, 1},
		"none":               {`{"Records": []}`, 0},
		"a digest":           {`{"awsAccountId": "222222222222"}`, -1},
		"nothing":            {``, -1},
		"a list":             {`[` + one + `]`, -1},
		"a text":             {`"x"`, -1},
		"records of no list": {`{"Records": {}}`, -1},
		"cut short":          {`{"Records": [` + one, -1},
		"half of gzip":       {packed(`{"Records": [` + one + `]}`)[:40], -1},
		"no gzip":            {"\x1f\x8bxxxxxxxxxxxxxxxx", -1},
		"a huge record":      {`{"Records": ["` + strings.Repeat("x", 4*maxRecord) + `"]}`, -1},
		"a huge member":      {`{"x": "` + strings.Repeat("x", 4*maxRecord) + `", "Records": []}`, -1},
	} {
		t.Run(name, func(t *testing.T) {
			path, read := filepath.Join(t.TempDir(), "x"), 0
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := ReadFile(t.Context(), path, func(record []byte) { read++ })
			if (err != nil) != (c.want < 0) || err != nil && !errors.Is(err, ErrFile) || err == nil && read != c.want {
				t.Errorf("%d records, %v", read, err)
			}
			if err != nil && strings.Contains(err.Error(), "xxx") {
				t.Errorf("the file is quoted: %v", err)
			}
		})
	}
}

// A bomb is read with the memory of one record, and ends where a context does.
func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	read := 0
	text := `{"Records": [` + strings.Repeat(string(opened())+",", 1000) + `{}]}`
	err := Read(ctx, strings.NewReader(text), func([]byte) {
		if read++; read == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || read != 3 {
		t.Errorf("%d records, %v", read, err)
	}
}

func TestFoldersAreListed(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b/2.json.gz", "a/1.json", "a/readme.txt", "CloudTrail-Digest/x.json.gz"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := Files(dir)
	if err != nil || len(all) != 2 || filepath.Base(all[0]) != "1.json" || filepath.Base(all[1]) != "2.json.gz" {
		t.Errorf("%q, %v", all, err)
	}
	if _, err := Files(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there was listed")
	}
}

func TestSelectorsThatLeaveKMSOut(t *testing.T) {
	yes, no := aws.Bool(true), aws.Bool(false)
	for name, c := range map[string]struct {
		selector types.EventSelector
		want     bool
	}{
		"all":               {types.EventSelector{IncludeManagementEvents: yes, ReadWriteType: types.ReadWriteTypeAll}, true},
		"the default":       {types.EventSelector{}, true},
		"reads":             {types.EventSelector{ReadWriteType: types.ReadWriteTypeReadOnly}, true},
		"writes":            {types.EventSelector{ReadWriteType: types.ReadWriteTypeWriteOnly}, false},
		"no management":     {types.EventSelector{IncludeManagementEvents: no}, false},
		"without KMS":       {types.EventSelector{ExcludeManagementEventSources: []string{"kms.amazonaws.com"}}, false},
		"without the other": {types.EventSelector{ExcludeManagementEventSources: []string{"rdsdata.amazonaws.com"}}, true},
	} {
		if got := logs([]types.EventSelector{c.selector}); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	field := func(name string, edit func(*types.AdvancedFieldSelector)) types.AdvancedFieldSelector {
		f := types.AdvancedFieldSelector{Field: &name}
		edit(&f)
		return f
	}
	equals := func(name string, values ...string) types.AdvancedFieldSelector {
		return field(name, func(f *types.AdvancedFieldSelector) { f.Equals = values })
	}
	not := func(name string, values ...string) types.AdvancedFieldSelector {
		return field(name, func(f *types.AdvancedFieldSelector) { f.NotEquals = values })
	}
	management := equals("eventCategory", "Management")
	for name, c := range map[string]struct {
		fields []types.AdvancedFieldSelector
		want   bool
	}{
		"management":         {[]types.AdvancedFieldSelector{management}, true},
		"data":               {[]types.AdvancedFieldSelector{equals("eventCategory", "Data")}, false},
		"nothing":            {nil, false},
		"without KMS":        {[]types.AdvancedFieldSelector{management, not("eventSource", "kms.amazonaws.com")}, false},
		"without the other":  {[]types.AdvancedFieldSelector{management, not("eventSource", "rdsdata.amazonaws.com")}, true},
		"KMS":                {[]types.AdvancedFieldSelector{management, equals("eventSource", "kms.amazonaws.com")}, true},
		"another's":          {[]types.AdvancedFieldSelector{management, equals("eventSource", "ssm.amazonaws.com")}, false},
		"reads":              {[]types.AdvancedFieldSelector{management, equals("readOnly", "true")}, true},
		"writes":             {[]types.AdvancedFieldSelector{management, equals("readOnly", "false")}, false},
		"one caller's":       {[]types.AdvancedFieldSelector{management, not("userIdentity.arn", "x")}, false},
		"beginning with kms": {[]types.AdvancedFieldSelector{management, field("eventSource", func(f *types.AdvancedFieldSelector) { f.StartsWith = []string{"kms"} })}, true},
		"not ending in .com": {[]types.AdvancedFieldSelector{management, field("eventSource", func(f *types.AdvancedFieldSelector) { f.NotEndsWith = []string{".com"} })}, false},
	} {
		if got := logsAdvanced([]types.AdvancedEventSelector{{FieldSelectors: c.fields}}); got != c.want {
			t.Errorf("advanced, %s: %t", name, got)
		}
	}
}

func TestQuery(t *testing.T) {
	q := Query{Table: "trails.logs", Bundle: "shop", Environment: "prod", Functions: []string{"hello", "job"}, Account: "222222222222", Region: "us-west-2",
		Since: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)}
	for _, want := range []string{
		`json_extract_scalar(requestparameters, '$.encryptionContext["bundle:document"]')`, "FROM trails.logs\n",
		`"timestamp" BETWEEN '2026/11/20' AND '2026/11/27'`, "IN ('shop/hello', 'shop/job')", "awsregion = 'us-west-2'", "recipientaccountid = '222222222222'",
	} {
		if !strings.Contains(q.SQL(), want) {
			t.Errorf("the query lacks %s:\n%s", want, q.SQL())
		}
	}
	q.Environment = "it's"
	if !strings.Contains(q.SQL(), "= 'it''s'") {
		t.Errorf("a quote is not escaped:\n%s", q.SQL())
	}
	for name, want := range map[string]bool{"logs": true, "a.b": true, "a.b.c": false, "": false, "a b": false, `a"b`: false, "a;b": false, "a-b": false} {
		if IsTable(name) != want {
			t.Errorf("IsTable(%q) is %t", name, !want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"Records": [` + string(opened()) + `]}`))
	f.Add([]byte(`{"Events": [{"CloudTrailEvent": "{}"}]}`))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, content []byte) {
		c := collector()
		_ = Read(t.Context(), bytes.NewReader(content), c.Add)
		for _, row := range c.Rows() {
			if !digestForm.MatchString(row.Document) || row.Function == "" || row.Principal != unprintable && !strings.HasPrefix(row.Principal, "a principal of account ") &&
				!principalForm.MatchString(row.Principal) || row.Session != "" && row.Session != unprintable && !sessionForm.MatchString(row.Session) {
				t.Errorf("%+v", row)
			}
		}
	})
}
