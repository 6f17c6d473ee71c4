package kms

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

var aliasPattern = lazyregexp.New(`^[a-zA-Z0-9:/_-]+$`)

// checkAliasName checks the rules of https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html.
func checkAliasName(name *string) (string, error) {
	if name == nil {
		return "", constraint(" null", "aliasName", "not be null")
	}
	if err := checkLength("aliasName", *name, 1, 256); err != nil {
		return "", err
	}
	switch {
	case !aliasPattern.MatchString(*name):
		return "", constraint(" '"+*name+"'", "aliasName", "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$")
	case !strings.HasPrefix(*name, "alias/"):
		return "", validation(`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
	case strings.HasPrefix(*name, "alias/aws/"):
		return "", call.NewError("NotAuthorizedException", "")
	case *name == "alias/":
		return "", validation("Alias must include a value after \"alias/\".")
	}
	return *name, nil
}

func aliasARN(r *call.Request, name string) string {
	return "arn:aws:kms:" + r.Region + ":" + r.Account + ":" + name
}

type aliasInput struct {
	AliasName   *string
	TargetKeyId *string
}

// target finds the key that an alias is to name, by ID or ARN. It must be in this account and region.
func (s *Service) target(r *call.Request, ref string) (reference, error) {
	if strings.HasPrefix(ref, "alias/") || strings.HasPrefix(ref, "arn:") && strings.Contains(ref, ":alias/") {
		return reference{}, validation("Aliases must refer to keys. Not aliases")
	}
	k, err := s.find(r, "targetKeyId", ref)
	if err == nil && k.Account != r.Account {
		return reference{}, deniedForeign(r)
	}
	return k, err
}

// createAlias is https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html.
func (s *Service) createAlias(r *call.Request, in *aliasInput) (any, error) {
	name, err := checkAliasName(in.AliasName)
	if err != nil {
		return nil, err
	}
	ref, err := required("targetKeyId", in.TargetKeyId)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := aliasARN(r, name)
	if s.aliases[arn] != nil {
		s.sweep(r.Now)
	}
	k, err := s.target(r, ref)
	if err != nil {
		return nil, err
	}
	if err := allowPlain(r, "CreateAlias", arn, nil); err != nil {
		return nil, err
	}
	if err := s.allow(r, "CreateAlias", k); err != nil {
		return nil, err
	}
	if k.State == statePendingDeletion {
		return nil, invalidState(k.arn(), "pending deletion")
	}
	if s.aliases[arn] != nil {
		return nil, call.NewError("AlreadyExistsException", "An alias with the name "+arn+" already exists")
	}
	if len(k.aliases) >= maxAliases {
		return nil, tooManyAliases(k)
	}
	s.point(&alias{ARN: arn, Created: r.Now, Updated: r.Now}, k.key)
	return nil, nil
}

// existing finds an alias of the request's account and region.
func (s *Service) existing(r *call.Request, name string) (*alias, reference, error) {
	arn := aliasARN(r, name)
	a := s.aliases[arn]
	if a == nil || s.keys[a.Target] == nil {
		return nil, reference{}, notFound("Alias %s is not found.", arn)
	}
	return a, reference{key: s.keys[a.Target]}, nil
}

// updateAlias is https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html: it needs the right on the
// alias, on its old key and on its new key.
func (s *Service) updateAlias(r *call.Request, in *aliasInput) (any, error) {
	name, err := checkAliasName(in.AliasName)
	if err != nil {
		return nil, err
	}
	ref, err := required("targetKeyId", in.TargetKeyId)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, old, err := s.existing(r, name)
	if err != nil {
		return nil, err
	}
	k, err := s.target(r, ref)
	if err != nil {
		return nil, err
	}
	if err := s.allowAlias(r, a, old, k); err != nil {
		return nil, err
	}
	switch {
	case k.State == statePendingDeletion:
		return nil, invalidState(k.arn(), "pending deletion")
	case k.Usage != old.Usage || kind(k.Spec) != kind(old.Spec):
		return nil, validation("The current and new keys of an alias must have the same key type and key usage.")
	}
	if len(k.aliases) >= maxAliases && k.key != old.key {
		return nil, tooManyAliases(k)
	}
	a.Updated = r.Now
	s.point(a, k.key)
	return nil, nil
}

// deleteAlias is https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html.
func (s *Service) deleteAlias(r *call.Request, in *aliasInput) (any, error) {
	name, err := checkAliasName(in.AliasName)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, k, err := s.existing(r, name)
	if err != nil {
		return nil, err
	}
	if err := s.allowAlias(r, a, k); err != nil {
		return nil, err
	}
	s.unname(a)
	delete(s.aliases, a.ARN)
	return nil, nil
}

// maxAliases is how many aliases a key can have (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html).
const maxAliases = 50

func tooManyAliases(k reference) error {
	return call.NewError("LimitExceededException", fmt.Sprintf("%s already has %d aliases.", k.arn(), maxAliases))
}

// allowAlias authorizes an operation on an alias and on the keys it concerns.
func (s *Service) allowAlias(r *call.Request, a *alias, keys ...reference) error {
	if err := allowPlain(r, r.Operation, a.ARN, nil); err != nil {
		return err
	}
	for _, k := range keys {
		if err := s.allow(r, r.Operation, k); err != nil {
			return err
		}
	}
	return nil
}

// kind is the type of a key, which an alias cannot change.
func kind(spec string) string {
	switch {
	case spec == specSymmetric:
		return "symmetric"
	case strings.HasPrefix(spec, "HMAC_"):
		return "HMAC"
	}
	return "asymmetric"
}
