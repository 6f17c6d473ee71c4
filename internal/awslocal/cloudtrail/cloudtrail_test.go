package cloudtrail

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/kms"
)

const (
	own     = "111111111111"
	foreign = "222222222222"
	key     = "arn:aws:kms:us-east-1:" + own + ":key/00000000-0000-4000-8000-000000000000"
)

func opened(at time.Time) kms.Use {
	return kms.Use{At: at, Region: "us-east-1", Operation: "Decrypt", Keys: []string{key}, Accounts: []string{own},
		Context: map[string]string{"bundle:document": "d"}, Caller: call.Principal{Account: foreign, ARN: "arn:aws:iam::" + foreign + ":role/r"}}
}

func lookup(t *testing.T, s *Service, account string, now time.Time) (all []item) {
	t.Helper()
	out, err := s.lookupEvents(&call.Request{Account: account, Region: "us-east-1", Now: now, Caller: call.Principal{Root: true, Account: account}}, &lookupInput{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	var page struct{ Events []item }
	if err := json.Unmarshal(text, &page); err != nil {
		t.Fatal(err)
	}
	return page.Events
}

func TestEventHistoryIsBounded(t *testing.T) {
	s, now := New(), time.Now()
	for i := range maxEvents + 5 {
		use := opened(now)
		use.KeyID = fmt.Sprint(i)
		s.Record(use)
	}
	if len(s.events) > maxEvents {
		t.Errorf("%d events are kept", len(s.events))
	}
	if newest := lookup(t, s, own, now)[0].CloudTrailEvent; !strings.Contains(newest, fmt.Sprintf(`"keyId":"%d"`, maxEvents+4)) {
		t.Errorf("the newest event is %s", newest)
	}
}

func TestLargeEventsLeaveTheRequestOut(t *testing.T) {
	s, now := New(), time.Now()
	use := opened(now)
	use.Context = map[string]string{"a": strings.Repeat("x", maxRecord)}
	s.Record(use)
	if e := lookup(t, s, own, now)[0].CloudTrailEvent; len(e) > maxRecord || !strings.Contains(e, `"requestParameters":null`) || !strings.Contains(e, `"omitted":true`) {
		t.Errorf("%.2000s", e)
	}
}

func TestDenialsAreInTheCallersAccountOnly(t *testing.T) {
	s, now := New(), time.Now()
	use := opened(now)
	s.Record(use)
	use.ErrorCode = "AccessDeniedException"
	s.Record(use)
	if here, there := lookup(t, s, own, now), lookup(t, s, foreign, now); len(here) != 1 || len(there) != 2 {
		t.Errorf("%d and %d events", len(here), len(there))
	}
}

func TestEventsEndAfterNinetyDays(t *testing.T) {
	s, now := New(), time.Now()
	s.Record(opened(now.Add(-history - time.Hour)))
	s.Record(opened(now.Add(-history + time.Hour)))
	if all := lookup(t, s, own, now); len(all) != 1 {
		t.Errorf("%d events", len(all))
	}
}

func TestTrailsSurviveASnapshotAndEventsDoNot(t *testing.T) {
	s, now := New(), time.Now()
	r := &call.Request{Account: own, Region: "us-east-1", Now: now, Caller: call.Principal{Root: true, Account: own}}
	if _, err := s.createTrail(r, &createTrailInput{Name: "main", S3BucketName: "b"}); err != nil {
		t.Fatal(err)
	}
	s.Record(opened(now))
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	other := New()
	if err := other.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if len(other.sorted()) != 1 || len(lookup(t, other, own, now)) != 0 {
		t.Error("trails must survive, events must not")
	}
	if err := other.Restore([]byte("{")); err == nil {
		t.Error("a damaged snapshot was restored")
	}
}
