package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/pacing"
)

// Retries wait as well.
func TestControlCallsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPace()
		began, n := time.Now(), 0
		next := middleware.FinalizeHandlerFunc(func(context.Context, middleware.FinalizeInput) (o middleware.FinalizeOutput, m middleware.Metadata, err error) {
			n++
			return o, m, nil
		})
		for range 51 {
			if _, _, err := p.HandleFinalize(t.Context(), middleware.FinalizeInput{}, next); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); n != 51 || took < 9*time.Second || took > 10*time.Second {
			t.Errorf("%d calls took %s", n, took)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := p.HandleFinalize(ended, middleware.FinalizeInput{}, next); !errors.Is(err, context.Canceled) || n != 51 {
			t.Errorf("%v, %d calls", err, n)
		}
	})
}

// A run that is out of time says so, and what it waited for.
func TestTheTimeCanEndBeforeATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pacing.New(DefaultTPS, 1)
		n := 0
		next := middleware.FinalizeHandlerFunc(func(context.Context, middleware.FinalizeInput) (o middleware.FinalizeOutput, m middleware.Metadata, err error) {
			n++
			return o, m, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		ctx, wait := awsfault.WithWait(ctx)
		_, _, first := p.HandleFinalize(ctx, middleware.FinalizeInput{}, next)
		_, _, second := p.HandleFinalize(ctx, middleware.FinalizeInput{}, next)
		if first != nil || !errors.Is(second, context.DeadlineExceeded) || n != 1 || wait.For() != "its turn at 5 calls per second" {
			t.Errorf("%v, %v, %d calls, waited for %q", first, second, n, wait.For())
		}
	})
}

// Clients of one account and region wait together, and list all functions once.
func TestClientsShareOnePace(t *testing.T) {
	server, l := embedded(t)
	id, key := server.Credentials()
	cfg := config(aws.ToString(&l.base), id, key)
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
	}
	pace := pacing.New(0, 4) // four calls, and no more
	first := NewFunctions(cfg, awslocal.Account, pace, nil)
	second := NewFunctions(cfg, awslocal.Account, pace, first)
	for _, f := range []*Functions{first, second} {
		if _, err := all(f); err != nil {
			t.Fatal(err)
		}
	}
	if n := server.Calls()["lambda:ListFunctions"]; n != 1 {
		t.Errorf("%d calls for the lists of two clients", n)
	}
	if _, err := second.Sweep(t.Context(), func(bool) {}); err != nil {
		t.Fatal(err)
	}
	if n := server.Calls()["lambda:ListFunctions"]; n != 2 {
		t.Errorf("%d calls after a second sweep", n)
	}
	if _, err := l.At(pace).Numbers(t.Context(), "shop"); err != nil {
		t.Error(err)
	}
	if _, err := second.Aliases(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := l.At(pace).Numbers(ended, "shop"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a fifth call was made: %v", err)
	}
	if _, err := l.Numbers(t.Context(), "shop"); err != nil {
		t.Errorf("a call without the pace waits: %v", err)
	}
}

// Of all variables of a function, those of Settings are kept, and only in their form.
func TestOnlySettingsAreKeptOfVariables(t *testing.T) {
	digest := strings.Repeat("0123456789abcdef", 4)
	for variables, want := range map[string]Settings{
		`{"BUNDLE_SECRETS_SHA256":"` + digest + `","BUNDLE_SECRETS_FUNCTION":"hello_1-a","TOKEN":"` + planted + `"}`: {SHA256: digest, Document: "hello_1-a"},
		`{"BUNDLE_SECRETS_SHA256":"` + planted + `","BUNDLE_SECRETS_FUNCTION":"planted/4711"}`:                       {},
		`{"BUNDLE_SECRETS_SHA256":"` + strings.ToUpper(digest) + `","BUNDLE_SECRETS_FUNCTION":"-planted-4711"}`:      {},
		`{"bundle_secrets_sha256":"` + digest + `","Bundle_Secrets_Function":"hello"}`:                               {},
		`{"BUNDLE_SECRETS_SHA256":["` + digest + `"],"BUNDLE_SECRETS_FUNCTION":null}`:                                {},
		`"` + planted + `"`: {},
		`{}`:                {},
	} {
		body := entryOf(`{"TOKEN":"`+planted+`"},"Error":{"Message":"`+planted+`"}`, variables)
		got, err := all(answering(t, 200, body))
		if err != nil || len(got) != 1 || got[0].Settings != want || strings.Contains(fmt.Sprintf("%+v", got), "planted") {
			t.Errorf("%s: %+v %v", variables, got, err)
		}
	}
	got, err := all(answering(t, 200, entryOf("", "")))
	if err != nil || !got[0].Unread {
		t.Errorf("variables that Lambda could not decrypt: %+v %v", got, err)
	}
}

// The configuration of one function, which a rollout reads, has no more than lists have.
func TestOneConfigurationHasNoVariables(t *testing.T) {
	body := strings.TrimSuffix(strings.TrimPrefix(entryOf("", ""), `{"Functions":[`), `]}`)
	f := answering(t, 200, strings.Replace(body, `"Version"`, `"RevisionId":"r","State":"Active","Description":"`+planted+`","Version"`, 1))
	out, err := f.client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("hello")})
	if err != nil || aws.ToString(out.RevisionId) != "r" || out.State != types.StateActive || len(out.Layers) != 2 || !SettingsOf(out.Environment).Unread {
		t.Errorf("%+v %v", out, err)
	}
	if text, err := json.Marshal(out); err != nil || strings.Contains(string(text), planted) {
		t.Errorf("%s %v", text, err)
	}
}
