package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
)

// KeyTags reads the tags of a key. [seal.KMS] implements it.
type KeyTags interface {
	Tags(ctx context.Context, keyARN string) (map[string]string, error)
}

// How fast tags are read. kms:ListResourceTags has a quota of at least 100 calls per
// second, which everyone in the account shares:
// https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html
const (
	tagConcurrency = 8
	tagPause       = 20 * time.Millisecond // between the starts of two calls
)

// LackingTags returns the functions whose keys lack the tags that a policy by tags needs,
// in the order of the manifest. Tags that the caller may not read, or that are in another
// account, are among them as not seen.
func (r *Resolve) LackingTags(ctx context.Context, s *policy.Setting, tags KeyTags) ([]policy.Lacking, problem.Problems) {
	var all collector
	names, needed := s.Functions(), s.Tags()
	found := make([]policy.Lacking, len(names))
	calls := workers.Start(tagConcurrency)
	started := false
	next := time.NewTicker(tagPause)
	defer next.Stop()
	for i, name := range names {
		key, wanted := s.Keys[name], needed[name]
		if len(wanted) == 0 {
			continue
		}
		if found[i] = (policy.Lacking{Function: name, Key: key, Missing: wanted}); arn.Account(key) != r.Account {
			continue // KMS tells no other account
		}
		if started {
			select {
			case <-next.C:
			case <-ctx.Done():
			}
		}
		started = true
		calls.Go(ctx, func() {
			has, err := tags.Tags(ctx, key)
			switch {
			case errors.Is(err, seal.ErrKeyDenied):
			case err != nil:
				all.add(problem.FromAWS(err, problem.Resource{Lead: fmt.Sprintf("The tags of key %q are not available", key)}, nil))
			default:
				found[i] = policy.Compare(name, key, wanted, has)
			}
		})
	}
	calls.Stop()
	if err := ctx.Err(); err != nil {
		all.add(problem.FromAWS(err, problem.Resource{}, nil))
	}
	var lacking []policy.Lacking
	for _, one := range found {
		if len(one.Missing) > 0 {
			lacking = append(lacking, one)
		}
	}
	return lacking, all.problems.Sort()
}
