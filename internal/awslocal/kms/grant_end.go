package kms

import (
	"slices"

	"github.com/whispering/bundle/internal/awslocal/call"
)

type endGrantInput struct {
	KeyId      *string
	GrantId    *string
	GrantToken *string
	DryRun     bool
}

// end removes a grant.
func (k *key) end(g *grant) {
	k.Grants = slices.DeleteFunc(slices.Clone(k.Grants), func(other *grant) bool { return other == g })
}

// granted finds the grant that a request names by key and ID.
func (k *key) granted(id string) (*grant, error) {
	if err := checkGrantID(id); err != nil {
		return nil, err
	}
	if at := k.grantIndex(id); at >= 0 {
		return k.Grants[at], nil
	}
	return nil, notFound("Grant ID %s not found", id)
}

func checkGrantID(id string) error {
	if err := checkLength("grantId", id, 1, 128); err != nil {
		return err
	}
	if !grantIDPattern.MatchString(id) {
		return call.NewError("InvalidGrantIdException", "The grant ID is not valid.")
	}
	return nil
}

// revokeGrant is https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html.
func (s *Service) revokeGrant(r *call.Request, in *endGrantInput) (any, error) {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return nil, err
	}
	if in.GrantId == nil {
		return nil, constraint(" null", "grantId", "not be null")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.findByID(r, ref)
	if err != nil {
		return nil, err
	}
	if err := s.allow(r, "RevokeGrant", k, condition("kms:GrantIsForAWSResource", "false")); err != nil {
		return nil, err
	}
	g, err := k.granted(*in.GrantId)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return nil, dryRun()
	}
	k.end(g)
	return nil, nil
}

// retireGrant is https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html. The grant says who can: its retiring
// principal, its grantee if it allows RetireGrant, and the account that created it, which can leave it to its identity policies.
func (s *Service) retireGrant(r *call.Request, in *endGrantInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, g, err := s.retiring(r, in)
	if err != nil {
		return nil, err
	}
	access := s.access(r, "RetireGrant", k, k.policy(r.Now), nil)
	access.Grantees = append(access.Grantees, "arn:aws:iam::"+g.Issuer+":root")
	if g.Retiring != "" {
		access.Grantees = append(access.Grantees, g.Retiring)
	}
	if g.Grantee != "" && slices.Contains(g.Operations, "RetireGrant") {
		access.Grantees = append(access.Grantees, g.Grantee)
	}
	if err := s.decide(r, k, k.policy(r.Now), access); err != nil {
		return nil, err
	}
	if in.DryRun {
		return nil, dryRun()
	}
	k.end(g)
	return nil, nil
}

// retiring finds the grant that a request names by token, or by key and ID.
func (s *Service) retiring(r *call.Request, in *endGrantInput) (reference, *grant, error) {
	switch {
	case in.GrantToken != nil && in.KeyId == nil && in.GrantId == nil:
		if err := checkLength("grantToken", *in.GrantToken, 1, 8192); err != nil {
			return reference{}, nil, err
		}
		k, g, err := s.tokenGrant(*in.GrantToken)
		if err == nil && k.Region != r.Region {
			err = call.NewError("InvalidGrantTokenException", "The grant token is not valid.")
		}
		return reference{key: k}, g, err
	case in.GrantToken != nil || in.KeyId == nil || in.GrantId == nil:
		return reference{}, nil, validation("You must specify either a grant token, or both a key ID and a grant ID.")
	}
	k, err := s.named(r, in.KeyId)
	if err != nil {
		return reference{}, nil, err
	}
	g, err := k.granted(*in.GrantId)
	return k, g, err
}

type listGrantsInput struct {
	listInput
	GrantId                 *string
	GranteePrincipal        string
	GranteeServicePrincipal string
	RetiringPrincipal       *string
}

// grantEntry is https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html.
type grantEntry struct {
	KeyId                    string
	GrantId                  string
	Name                     string `json:",omitempty"`
	CreationDate             float64
	GranteePrincipal         string `json:",omitempty"`
	GranteeServicePrincipal  string `json:",omitempty"`
	RetiringPrincipal        string `json:",omitempty"`
	RetiringServicePrincipal string `json:",omitempty"`
	IssuingAccount           string
	Operations               []string
	Constraints              *constraints `json:",omitempty"`
}

func (k *key) entry(g *grant) grantEntry {
	e := grantEntry{
		KeyId: k.arn(), GrantId: g.ID, Name: g.Name, CreationDate: epoch(g.Created), IssuingAccount: "arn:aws:iam::" + g.Issuer + ":root",
		GranteePrincipal: g.Grantee, GranteeServicePrincipal: g.GranteeService, RetiringPrincipal: g.Retiring, RetiringServicePrincipal: g.RetiringService,
		Operations: g.Operations,
	}
	if !g.Constraints.none() {
		e.Constraints = &g.Constraints
	}
	return e
}

const (
	grantsPerPage     = 50
	mostGrantsPerPage = 100
)

// listGrants is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html, sorted by grant ID.
func (s *Service) listGrants(r *call.Request, in *listGrantsInput) (any, error) {
	if err := checkPrincipal("granteePrincipal", in.GranteePrincipal); err != nil {
		return nil, err
	}
	switch {
	case in.GranteePrincipal != "" && in.GranteeServicePrincipal != "":
		return nil, validation("You can specify either GranteePrincipal or GranteeServicePrincipal, but not both.")
	case in.GranteeServicePrincipal != "":
		return nil, validation("GranteeServicePrincipal can only be used by callers in a service principal.")
	}
	if in.GrantId != nil {
		if err := checkGrantID(*in.GrantId); err != nil {
			return nil, err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.allowed(r, in.KeyId, condition("kms:GrantIsForAWSResource", "false"))
	if err != nil {
		return nil, err
	}
	entries := map[string]grantEntry{}
	for _, g := range k.Grants {
		if (in.GrantId == nil || *in.GrantId == g.ID) && (in.GranteePrincipal == "" || in.GranteePrincipal == g.Grantee) {
			entries[g.ID] = k.entry(g)
		}
	}
	return in.grantPage(entries)
}

// listRetirableGrants is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html.
func (s *Service) listRetirableGrants(r *call.Request, in *listGrantsInput) (any, error) {
	if in.RetiringPrincipal == nil {
		return nil, constraint(" null", "retiringPrincipal", "not be null")
	}
	if err := checkLength("retiringPrincipal", *in.RetiringPrincipal, 1, 256); err != nil {
		return nil, err
	}
	if err := checkPrincipal("retiringPrincipal", *in.RetiringPrincipal); err != nil {
		return nil, err
	}
	if err := allowPlain(r, "ListRetirableGrants", *in.RetiringPrincipal, nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	entries := map[string]grantEntry{}
	for _, k := range s.keys {
		if k.Region != r.Region || k.gone(r.Now) {
			continue
		}
		for _, g := range k.Grants {
			if g.Retiring == *in.RetiringPrincipal {
				entries[g.ID] = k.entry(g)
			}
		}
	}
	return in.grantPage(entries)
}

// grantPage returns a page of grants.
func (in *listGrantsInput) grantPage(entries map[string]grantEntry) (any, error) {
	return pageOf(&in.listInput, "Grants", entries, grantsPerPage, mostGrantsPerPage)
}
