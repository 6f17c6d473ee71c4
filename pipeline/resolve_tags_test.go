package pipeline

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

type noTags struct{}

func (noTags) Tags(ctx context.Context, _ string) (map[string]string, error) { return nil, ctx.Err() }

// TestNothingIsPacedAfterAnInterrupt: tags are read at a pace, and not waited for when the run ends.
func TestNothingIsPacedAfterAnInterrupt(t *testing.T) {
	const account, functions = "111111111111", 101
	s := &policy.Setting{Manifest: &manifest.Manifest{}, Keys: map[string]string{}, ByTags: true}
	for i := range functions {
		name := fmt.Sprint("f", i)
		s.Manifest.Functions = append(s.Manifest.Functions, manifest.Function{Name: manifest.Text{Value: name}})
		s.Keys[name] = fmt.Sprintf("arn:aws:kms:us-east-1:%s:key/%d", account, i)
	}
	for name, c := range map[string]struct {
		interrupted bool
		took        time.Duration
		problems    int
	}{
		"to the end":  {false, (functions - 1) * tagPause, 0},
		"interrupted": {true, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.interrupted {
					cancel()
				}
				r := &Resolve{Scope: Scope{Account: account}}
				start := time.Now()
				_, problems := r.LackingTags(ctx, s, noTags{})
				if took := time.Since(start); took != c.took || len(problems) != c.problems {
					t.Errorf("took %s with %d problems, want %s with %d", took, len(problems), c.took, c.problems)
				}
			})
		})
	}
}
