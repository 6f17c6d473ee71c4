package awslocal

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/whispering/bundle/internal/awslocal/kms"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

// bringing is one comparison of a sample file with the one before it and with the state.
type bringing struct {
	*Server
	in    seedFile
	old   seedFile
	kept  map[string]int64 // what was kept before
	adopt bool             // the state is of a release that did not remember the file
}

// bringChanges brings in what differs between the remembered sample file (nil for none) and a new one.
func (s *Server) bringChanges(in seedFile, known []byte, kept map[string]int64) error {
	b := bringing{Server: s, in: in, kept: kept, adopt: s.adopts}
	if known != nil {
		var err error
		if b.old, err = parseSeed(known); err != nil {
			return err // it was right when it was brought in
		}
	}
	if b.old.Region != in.Region { // other keys and parameters, even with the same names
		b.old.Keys, b.old.Parameters, b.old.Secrets = nil, nil, nil
	}
	keys, roles := byName(b.old.Keys), byName(b.old.Roles)
	for i := range in.Keys {
		k := &in.Keys[i]
		if err := b.key(k, keys[k.name()]); err != nil {
			return wrong(k, err)
		}
	}
	if err := b.parameters(); err != nil {
		return err
	}
	secrets := byName(b.old.Secrets)
	for i := range in.Secrets {
		x := &in.Secrets[i]
		if err := b.secret(x, secrets[x.name()]); err != nil {
			return wrong(x, err)
		}
	}
	for i := range in.Roles {
		r := &in.Roles[i]
		if err := b.role(r, roles[r.name()]); err != nil { // it names the role
			return fmt.Errorf("line %d: %w", r.line, err)
		}
	}
	providers := byName(b.old.Providers)
	for i := range in.Providers {
		p := &in.Providers[i]
		if was := providers[p.name()]; was != nil && reflect.DeepEqual(was.Provider, p.Provider) {
			continue
		}
		if err := b.sts.PutProvider(p.Provider); err != nil { // it names the provider
			return fmt.Errorf("line %d: %w", p.line, err)
		}
	}
	return nil
}

// byName returns entries of a sample file by what identifies them.
func byName[E any, P interface {
	*E
	seedEntry
}](all []E) map[string]P {
	named := make(map[string]P, len(all))
	for i := range all {
		named[P(&all[i]).name()] = &all[i]
	}
	return named
}

// wrong is the error for an entry of the sample file.
func wrong(e seedEntry, err error) error { return fmt.Errorf("%s: %w", e.place(), err) }

// key brings in a key. was is the key in the old file, or nil.
func (b *bringing) key(k, was *seedKey) error {
	id, state, err := b.kms.Describe(b.request(b.in.Region, "kms", "DescribeKey"), k.name())
	exists := k.name() != "" && err == nil
	switch {
	case !exists && was != nil:
		return nil // its alias was deleted, and stays deleted
	case !exists:
		return b.createKey(k)
	case was == nil && !b.adopt:
		return nil // something else made it, and keeps it
	case was == nil:
		was = &seedKey{ID: k.ID, Material: k.Material, Alias: k.Alias, Description: k.Description, Spec: k.Spec, Usage: k.Usage,
			MultiRegion: k.MultiRegion, Enabled: k.Enabled}
	}
	if was.ID != k.ID || !slices.Equal(was.Material, k.Material) || was.Spec != k.Spec || was.Usage != k.Usage || was.MultiRegion != k.MultiRegion {
		// A key cannot become one of another kind. Its alias can have another key.
		if k.Alias != "" {
			if err := b.invoke(b.in.Region, "kms", "DeleteAlias", map[string]string{"AliasName": k.Alias}, nil); err != nil {
				return err
			}
		}
		return b.createKey(k)
	}
	if state == "PendingDeletion" {
		return nil
	}
	return b.changeKey(id, k, was)
}

// changeKey changes what can change of a key.
func (b *bringing) changeKey(id string, k, was *seedKey) error {
	if string(was.Policy) != string(k.Policy) {
		policy := string(k.Policy)
		if policy == "" {
			policy = kms.DefaultPolicy(Account)
		}
		if err := b.invoke(b.in.Region, "kms", "PutKeyPolicy", map[string]string{"KeyId": id, "Policy": policy}, nil); err != nil {
			return err
		}
	}
	if string(was.RAMPolicy) != string(k.RAMPolicy) {
		if err := b.share(id, k); err != nil {
			return err
		}
	}
	if was.Description != k.Description {
		if err := b.invoke(b.in.Region, "kms", "UpdateKeyDescription", map[string]string{"KeyId": id, "Description": k.Description}, nil); err != nil {
			return err
		}
	}
	if was.disabled() == k.disabled() {
		return nil
	}
	operation := "EnableKey"
	if k.disabled() {
		operation = "DisableKey"
	}
	return b.invoke(b.in.Region, "kms", operation, map[string]string{"KeyId": id}, nil)
}

func (b *bringing) createKey(k *seedKey) error {
	create := kms.NewKey{Description: k.Description, KeySpec: k.Spec, KeyUsage: k.Usage, MultiRegion: k.MultiRegion}
	if len(k.Policy) > 0 {
		policy := string(k.Policy)
		create.Policy = &policy
	}
	id, arn, err := b.kms.Create(b.request(b.in.Region, "kms", "CreateKey"), create)
	if err != nil {
		return err
	}
	if k.ID != "" {
		if err := b.kms.Fix(arn, k.ID, k.Material); err != nil {
			return err
		}
		id = k.ID
	}
	if k.Alias != "" || k.ID == "" {
		if err := b.kms.CreateAlias(b.request(b.in.Region, "kms", "CreateAlias"), k.Alias, id); err != nil {
			return err
		}
	}
	if len(k.RAMPolicy) > 0 {
		if err := b.share(id, k); err != nil {
			return err
		}
	}
	if k.disabled() {
		return b.invoke(b.in.Region, "kms", "DisableKey", map[string]string{"KeyId": id}, nil)
	}
	return nil
}

// share gives a key its policy of Resource Access Manager, or takes it away.
func (b *bringing) share(id string, k *seedKey) error {
	arn, err := b.kms.Resolve(b.request(b.in.Region, "kms", "DescribeKey"), id)
	if err != nil {
		return err
	}
	return b.kms.Share(arn, string(k.RAMPolicy))
}

// role brings in a role. was is the role in the old file, or nil.
func (b *bringing) role(r, was *seedRole) error {
	exists := slices.ContainsFunc(b.sts.Roles(), func(other sts.Role) bool { return other.ARN() == r.ARN() })
	switch {
	case exists && was == nil && !b.adopt: // something else made it, and keeps it
		return nil
	case !exists && was != nil: // it was deleted, and stays deleted
		return nil
	case was != nil && reflect.DeepEqual(was.Role, r.Role):
		return nil
	}
	return b.sts.PutRole(r.Role)
}
