package secretsmanager

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/whispering/bundle/pipeline/secret"
)

// sent calls every operation of a client, and returns those that were not refused before they were sent.
func sent(t *testing.T, client *secretsmanager.Client, f *fake) []string {
	t.Helper()
	of := reflect.TypeOf(client)
	for i := range of.NumMethod() {
		m := of.Method(i)
		if m.Type.NumIn() != 4 || m.Type.NumOut() != 2 {
			continue // Options
		}
		in := reflect.New(m.Type.In(2).Elem())
		// What a request requires is checked before it is sent.
		for j := range in.Elem().NumField() {
			if field := in.Elem().Field(j); field.Type() == reflect.TypeFor[*string]() {
				field.Set(reflect.ValueOf(aws.String("prod/db")))
			}
		}
		before := len(f.asked())
		out := m.Func.Call([]reflect.Value{reflect.ValueOf(client), reflect.ValueOf(t.Context()), in})
		err, _ := out[1].Interface().(error)
		if refused := err != nil && strings.Contains(err.Error(), "this client does not send *secretsmanager."+m.Name+"Input"); refused == (len(f.asked()) > before) {
			t.Errorf("%s: %v, and %q", m.Name, err, f.asked()[before:])
		}
	}
	var all []string
	for _, request := range f.asked() {
		operation, _, _ := strings.Cut(request, " ")
		all = append(all, operation)
	}
	slices.Sort(all)
	return all
}

// No client sends BatchGetSecretValue or ListSecrets, and a looking one never receives a value.
func TestClientsSendNothingElse(t *testing.T) {
	f := newFake(t, honest)
	if got := sent(t, New(config(f.URL), Options{Account: account}).client, f); !slices.Equal(got, []string{"DescribeSecret", "GetSecretValue", "ListSecretVersionIds"}) {
		t.Errorf("a source sends %q", got)
	}
	f = newFake(t, honest)
	if got := sent(t, source(f.URL).client, f); len(got) != 3 {
		t.Errorf("the source of these tests sends %q", got)
	}
	f = newFake(t, honest)
	if got := sent(t, source(f.URL).Looking(config(f.URL)).client, f); !slices.Equal(got, []string{"DescribeSecret", "ListSecretVersionIds"}) {
		t.Errorf("a looking source sends %q", got)
	}
	f = newFake(t, honest)
	err := source(f.URL).Looking(config(f.URL)).Read(t.Context(), named("prod/db"), func(Result) { t.Error("a result") })
	if err == nil || len(f.asked()) != 0 {
		t.Errorf("Read of a looking source: %v after %q", err, f.asked())
	}
}

func TestBytesAreReadAsBase64(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4096, MaxValue} {
		stored := []byte(strings.Repeat("\x00\xff", MaxValue)[:size])
		f := newFake(t, func(request) answer {
			return answer{200, changed(value("prod/db"), map[string]any{"SecretString": nil, "SecretBinary": stored})}
		})
		results, err := f.read(t, named("prod/db")...)
		r := results[named("prod/db")[0]]
		if err != nil || r.Err != nil || !r.Secret.Binary || string(r.Secret.Value.Reveal()) != base64.StdEncoding.EncodeToString(stored) {
			t.Errorf("%d bytes: %v, %v, %d characters", size, err, r.Err, r.Secret.Value.Len())
		}
	}
}

func TestTextsAreReadAsTheyAre(t *testing.T) {
	for _, text := range []string{"x", " ", "\x00", "ä\u2028\n", `{"port":5432}`, strings.Repeat("\x01", MaxValue)} {
		f := newFake(t, func(request) answer {
			return answer{200, changed(value("prod/db"), map[string]any{"SecretString": text})}
		})
		results, err := f.read(t, named("prod/db")...)
		if r := results[named("prod/db")[0]]; err != nil || r.Err != nil || r.Secret.Binary || string(r.Secret.Value.Reveal()) != text {
			t.Errorf("%d bytes: %v, %v", len(text), err, r.Err)
		}
	}
}

// What internal/awsreply refuses is refused here, too.
func TestRepliesAreCheckedHereToo(t *testing.T) {
	s := source("http://127.0.0.1:1")
	out := &secretsmanager.GetSecretValueOutput{
		ARN: aws.String(place + "prod/db-a1B2c3"), Name: aws.String("prod/db"), VersionId: aws.String(second), VersionStages: []string{Current}, SecretString: aws.String(canary),
	}
	if found, fault := s.home.take(out, named("prod/db")[0]); fault != "has no date" || found.Value.Len() > 0 {
		t.Errorf("a value without a date: %q", fault)
	}
	out.CreatedDate, out.SecretString = aws.Time(time.Now()), aws.String("\xff"+canary)
	if found, fault := s.home.take(out, named("prod/db")[0]); fault != "has a value that is not text" || found.Value.Len() > 0 {
		t.Errorf("a value that is not text: %q", fault)
	}
	list := &secretsmanager.ListSecretVersionIdsOutput{ARN: out.ARN, Versions: []types.SecretVersionsListEntry{{VersionId: aws.String(second)}}}
	if fault := (&Dated{Created: make(map[string]time.Time)}).add(list); fault != "has a version without a date" {
		t.Errorf("a version without a date: %q", fault)
	}
}

// Nothing of the SDK's reply keeps a value, which any printer would show.
func TestTheReplyIsEmptied(t *testing.T) {
	for _, out := range []*secretsmanager.GetSecretValueOutput{
		{ARN: aws.String(place + "prod/db-a1B2c3"), Name: aws.String("prod/db"), SecretString: aws.String(canary)},
		{ARN: aws.String(canary), SecretString: aws.String(canary), SecretBinary: []byte(canary)},
		{ARN: aws.String(place + "prod/db-a1B2c3"), Name: aws.String("prod/db"), VersionId: aws.String(second), CreatedDate: aws.Time(time.Now()),
			VersionStages: []string{Current}, SecretBinary: []byte(canary)},
	} {
		binary := out.SecretBinary
		found, _ := source("http://127.0.0.1:1").home.take(out, named("prod/db")[0])
		if out.SecretString != nil || out.SecretBinary != nil || strings.Contains(fmt.Sprintf("%+v %+v %s", found, found.Value, binary), canary) {
			t.Error("a value stays")
		}
	}
}

func TestDescriptionsHaveWhatReportsNeed(t *testing.T) {
	f := newFake(t, func(request) answer {
		return answer{200, changed(description("prod/db"), map[string]any{
			"KmsKeyId": "alias/db", "OwningService": "rds", "RotationEnabled": true, "NextRotationDate": 1762000000, "LastRotatedDate": 1761000000.5,
			"PrimaryRegion": "eu-west-1", "ReplicationStatus": []any{map[string]any{"Region": "us-east-1", "Status": "InSync"}, map[string]any{"Region": "us-east-2", "Status": "Failed"}},
			"CrossAccountPrimary": map[string]any{"PrimarySecretARN": "arn:aws:secretsmanager:us-west-2:333333333333:secret:prod/db-zzzzzz"},
			"VersionIdsToStages":  map[string]any{first: []string{"AWSCURRENT"}, second: []string{"AWSPENDING"}},
		})}
	})
	results, err := f.versions(t, named("prod/db")...)
	d := results[named("prod/db")[0]].Secret.Description
	want := Description{
		Key: "alias/db", Owner: "rds", Rotates: true, NextRotation: time.Unix(1762000000, 0).UTC(), LastRotated: time.Unix(1761000000, 5e8).UTC(), LastChanged: d.LastChanged,
		Stages: map[string]string{"AWSCURRENT": first, "AWSPENDING": second}, Primary: "eu-west-1", Replicas: []Replica{{"us-east-1", "InSync"}, {"us-east-2", "Failed"}},
		AccountPrimary: "arn:aws:secretsmanager:us-west-2:333333333333:secret:prod/db-zzzzzz",
	}
	if err != nil || !reflect.DeepEqual(d, want) || d.Pending() != second || !d.Replicas[0].InSync() || d.Replicas[1].InSync() {
		t.Errorf("%v, %+v", err, d)
	}
	d.Stages["AWSPENDING"] = first
	if d.Pending() != "" {
		t.Error("a rotation that is done is in progress")
	}
}

func TestOneFailureCancelsTheOtherCalls(t *testing.T) {
	started := make(chan struct{}, 1000)
	f := newFake(t, nil)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "prod/s000") {
			<-started // another call is in progress
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		started <- struct{}{}
		<-r.Context().Done()
	})
	if _, err := f.read(t, numbered(500)...); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v", err)
	}
	if len(started) > 2*defaultConcurrency {
		t.Errorf("%d calls were begun", len(started))
	}
}

func TestTheContextEndsTheRead(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	f := newFake(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	f.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		cancel()
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	none := func(Result) { t.Error("a result") }
	for what, read := range map[string]func(context.Context, []secret.Ref, func(Result)) error{"Read": source(f.URL).Read, "Versions": source(f.URL).Versions} {
		if err := read(ctx, numbered(500), none); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s, canceled: %v", what, err)
		}
		expired, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := read(expired, numbered(500), none); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s, out of time: %v", what, err)
		}
		stop()
	}
	if err := source(f.URL).Dates(ctx, named("prod/db"), func(Dated) { t.Error("a result") }); !errors.Is(err, context.Canceled) {
		t.Errorf("dates: %v", err)
	}
}

// The timeout of an attempt must not look like the end of the caller's context.
func TestATimeoutOfOneAttemptIsUnavailable(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	f := newFake(t, nil)
	f.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	cfg := config(f.URL)
	cfg.HTTPClient = &http.Client{Timeout: 50 * time.Millisecond}
	err := New(cfg, Options{Account: account}).Read(t.Context(), named("prod/db"), func(Result) { t.Error("a result") })
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %v", err)
	}
}

func TestThrottledCallsAreRepeated(t *testing.T) {
	var asked atomic.Int64
	f := newFake(t, func(in request) answer {
		if asked.Add(1) <= 3 {
			return refusal("ThrottlingException", "Rate exceeded")
		}
		return honest(in)
	})
	s := New(config(f.URL), Options{Account: account})
	results, err := collect(t, func(got func(Result)) error { return s.Read(t.Context(), named("a/b", "c/d"), got) })
	if err != nil || len(results) != 2 || asked.Load() != 5 {
		t.Errorf("%d results after %d calls: %v", len(results), asked.Load(), err)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	var now, most atomic.Int64
	full := make(chan struct{})
	f := newFake(t, func(in request) answer {
		n := now.Add(1)
		for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
		}
		if n == 3 && most.Load() == 3 {
			select {
			case <-full:
			default:
				close(full) // as many calls as allowed run at once
			}
		}
		<-full
		now.Add(-1)
		return honest(in)
	})
	s := New(config(f.URL), Options{Account: account, Concurrency: 3})
	if _, err := collect(t, func(got func(Result)) error { return s.Versions(t.Context(), numbered(30), got) }); err != nil {
		t.Fatal(err)
	}
	if most.Load() != 3 {
		t.Errorf("%d calls at once", most.Load())
	}
}

// Values that were passed on are not kept: 500 of the largest ones are 32 MB.
func TestValuesAreNotKept(t *testing.T) {
	long := strings.Repeat("x", MaxValue)
	f := newFake(t, func(in request) answer {
		return answer{200, changed(value(nameOf(in)), map[string]any{"SecretString": long})}
	})
	s := New(config(f.URL), Options{Account: account, Concurrency: 4})
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, n, most := live(), 0, uint64(0)
	err := s.Read(t.Context(), numbered(500), func(r Result) {
		f.mu.Lock()
		f.requests = nil
		f.mu.Unlock()
		if n++; n%100 == 0 && r.Err == nil {
			most = max(most, live())
		}
	})
	if err != nil || n != 500 || most > before+16<<20 {
		t.Errorf("%d results, %d KB more: %v", n, (most-before)>>10, err)
	}
}
