package pipeline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/seal"
)

// A KeyPlan resolves keys, of which some are still to be created: for an alias that
// does not exist, and that a function of the manifest names, it makes up a key in the
// environment's account.
type KeyPlan struct {
	KeyDescriber
	KeyTags
	Manifest                   *manifest.Manifest
	Partition, Region, Account string

	mu     sync.Mutex
	absent []string
}

// Absent returns the ARNs of the keys that are made up, sorted.
func (p *KeyPlan) Absent() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(p.absent)))
}

// Describe describes a key, or one that is made up. Its errors are those of
// [seal.KMS.Describe].
func (p *KeyPlan) Describe(ctx context.Context, ref string) (seal.Key, error) {
	key, err := p.KeyDescriber.Describe(ctx, ref)
	alias, ok := p.planned(ref)
	if !errors.Is(err, seal.ErrKeyMissing) || !ok {
		return key, err
	}
	// The same alias has the same key in every run, so that the output is the same.
	sum := sha256.Sum256([]byte(alias))
	id := fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]) // as long as a real one
	made := arn.ARN{Partition: p.Partition, Service: "kms", Region: p.Region, Account: p.Account, Resource: "key/" + id}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.absent = append(p.absent, made.String())
	return seal.Key{
		ARN: made.String(), Partition: p.Partition, Region: p.Region, Account: p.Account,
		State: "Enabled", Enabled: true, Symmetric: true, Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", CustomerManaged: true,
	}, nil
}

// Tags returns the tags of a key: none of one that is made up.
func (p *KeyPlan) Tags(ctx context.Context, keyARN string) (map[string]string, error) {
	if slices.Contains(p.Absent(), keyARN) {
		return nil, nil
	}
	return p.KeyTags.Tags(ctx, keyARN)
}

// planned returns the alias that a reference is, if a function has it as its key in the
// environment's account and region.
func (p *KeyPlan) planned(ref string) (string, bool) {
	if !slices.ContainsFunc(p.Manifest.Functions, func(fn manifest.Function) bool { return fn.Key.Value == ref }) || !arn.IsAlias(ref) || arn.AWSManaged(ref) {
		return "", false
	}
	a, ok := arn.Parse(ref)
	if !ok {
		return ref, true
	}
	return a.Resource, a.Account == p.Account && a.Region == p.Region && a.Partition == p.Partition
}
