package kms

import (
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// reference is a key as a request named it.
type reference struct {
	*key
	alias string // "alias/…" if the request used one: the condition key kms:RequestAlias
}

// find finds the key that a KeyId member names: a key ID, a key ARN, an alias name or an alias ARN
// (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id). The caller holds a lock and, for
// the alias of an AWS managed key, has called EnsureManaged before taking it.
func (s *Service) find(r *call.Request, member, ref string) (reference, error) {
	account, resource := r.Account, ref
	if strings.HasPrefix(ref, "arn:") {
		parts := strings.SplitN(ref, ":", 6)
		if len(parts) != 6 || parts[2] != "kms" {
			return reference{}, notFound("Invalid arn %s", ref)
		}
		if parts[3] != r.Region {
			return reference{}, notFound("Invalid arn %s", parts[3])
		}
		account, resource = parts[4], parts[5]
		if id, ok := strings.CutPrefix(resource, "key/"); ok {
			return s.findID(r, account, id)
		}
		if !strings.HasPrefix(resource, "alias/") {
			return reference{}, notFound("Invalid arn %s", ref)
		}
	}
	if err := checkLength(member, resource, 1, 2048); err != nil {
		return reference{}, err
	}
	if strings.HasPrefix(resource, "alias/") {
		return s.findAlias(r, account, resource)
	}
	return s.findID(r, account, resource)
}

func (s *Service) findAlias(r *call.Request, account, name string) (reference, error) {
	arn := "arn:aws:kms:" + r.Region + ":" + account + ":" + name
	a := s.aliases[arn]
	if a == nil && account != r.Caller.Account {
		return reference{}, deniedForeign(r)
	}
	if a == nil {
		return reference{}, notFound("Alias %s is not found.", arn)
	}
	k := s.keys[a.Target]
	if k == nil || k.gone(r.Now) {
		return reference{}, notFound("Alias %s is not found.", arn)
	}
	return reference{key: k, alias: name}, nil
}

func (s *Service) findID(r *call.Request, account, id string) (reference, error) {
	if !isKeyID(id) {
		return reference{}, notFound("Invalid keyId '%s'", id)
	}
	arn := keyARN(r.Region, account, id)
	k := s.keys[arn]
	switch {
	case k != nil && !k.gone(r.Now):
		return reference{key: k}, nil
	case account != r.Caller.Account:
		return reference{}, deniedForeign(r)
	}
	return reference{}, notFound("Key '%s' does not exist", arn)
}

// findByID is find for operations that accept a key ID or ARN but no alias.
func (s *Service) findByID(r *call.Request, ref string) (reference, error) {
	if strings.HasPrefix(ref, "alias/") || strings.HasPrefix(ref, "arn:") && strings.Contains(ref, ":alias/") {
		return reference{}, notFound("Invalid keyId '%s'", ref)
	}
	return s.find(r, "keyId", ref)
}

// named finds the key that a request names by ID or ARN. The caller holds a lock.
func (s *Service) named(r *call.Request, keyID *string) (reference, error) {
	ref, err := required("keyId", keyID)
	if err != nil {
		return reference{}, err
	}
	return s.findByID(r, ref)
}

// allowed finds the key that a request names by ID or ARN, and authorizes its operation on that key. The caller holds a lock.
func (s *Service) allowed(r *call.Request, keyID *string, extra ...conditionKeys) (reference, error) {
	k, err := s.named(r, keyID)
	if err != nil {
		return reference{}, err
	}
	return k, s.allow(r, r.Operation, k, extra...)
}

// required returns the value of a required member.
func required(member string, value *string) (string, error) {
	if value == nil {
		return "", constraint(" null", member, "not be null")
	}
	return *value, checkLength(member, *value, 1, 2048)
}
