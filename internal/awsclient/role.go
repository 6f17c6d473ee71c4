package awsclient

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/whispering/bundle/internal/awsfault"
)

// A RoleToAssume is a role and the session to assume it with.
type RoleToAssume struct {
	ARN            string // "" for no role
	SessionName    string // "" for a name made from the run
	ExternalID     string // "" for none
	SourceIdentity string // "" for none
	Tags           map[string]string

	// Policy limits the session to what both the role and this policy allow; ""
	// for none. If AWS finds it too large together with the tags, WithoutPolicy is
	// called, and the role is assumed without the policy. If WithoutPolicy is nil,
	// the role is not assumed.
	Policy        string
	WithoutPolicy func()
}

// rights returns the actions that the role's trust policy must allow.
func (r RoleToAssume) rights() []string {
	all := []string{"sts:AssumeRole"}
	if r.SourceIdentity != "" {
		all = append(all, "sts:SetSourceIdentity")
	}
	if len(r.Tags) > 0 {
		all = append(all, "sts:TagSession")
	}
	return all
}

// assume returns credentials of a role, assumed for 15 minutes at a time.
func assume(cfg aws.Config, role RoleToAssume, environ []string) aws.CredentialsProvider {
	if role.SessionName == "" {
		role.SessionName = sessionName(environ)
	}
	return explained{
		aws.NewCredentialsCache(&assuming{client: sts.NewFromConfig(cfg), role: role}),
		func(err error) *CredentialsError {
			e := chain{}.explain(err)
			e.Provider, e.Role, e.session, e.rights = Role, role.ARN, role.SessionName, role.rights()
			return e
		},
		" of role " + safeRole(role.ARN),
	}
}

// assuming is a provider that assumes a role.
type assuming struct {
	client *sts.Client
	role   RoleToAssume
	whole  atomic.Bool // without the policy
}

// Retrieve implements aws.CredentialsProvider.
func (p *assuming) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if p.role.Policy == "" || p.whole.Load() {
		return p.assume(ctx, "")
	}
	c, err := p.assume(ctx, p.role.Policy)
	if err == nil || !tooLarge(err) || p.role.WithoutPolicy == nil {
		return c, err
	}
	p.whole.Store(true)
	p.role.WithoutPolicy()
	return p.assume(ctx, "")
}

func (p *assuming) assume(ctx context.Context, policy string) (aws.Credentials, error) {
	optional := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	return stscreds.NewAssumeRoleProvider(p.client, p.role.ARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = p.role.SessionName
		o.ExternalID, o.SourceIdentity, o.Policy = optional(p.role.ExternalID), optional(p.role.SourceIdentity), optional(policy)
		for _, key := range slices.Sorted(maps.Keys(p.role.Tags)) {
			o.Tags = append(o.Tags, types.Tag{Key: aws.String(key), Value: aws.String(p.role.Tags[key])})
		}
	}).Retrieve(ctx)
}

// tooLarge reports whether AWS refused a session's policy and tags because they are
// too large for its token. Only AWS knows their packed size.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func tooLarge(err error) bool {
	var large *types.PackedPolicyTooLargeException
	return errors.As(err, &large) || tooLargeCode(awsfault.Code(err))
}

// tooLargeCode reports whether a code is that of tooLarge, either as in the API
// reference or as STS sends it.
func tooLargeCode(code string) bool {
	return code == "PackedPolicyTooLarge" || code == "PackedPolicyTooLargeException"
}
