package sts

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// assumedRole is the result of https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
type assumedRole struct {
	Credentials             temporary
	AssumedRoleUser         struct{ AssumedRoleId, Arn string }
	PackedPolicySize        int    `xml:",omitempty"`
	SourceIdentity          string `xml:",omitempty"`
	SessionTokenSize        int
	SessionTokenUtilization int
}

// temporary are the credentials of a session.
type temporary struct {
	AccessKeyId, SecretAccessKey, SessionToken, Expiration string
}

var roleARNPattern = lazyregexp.New(`^arn:[a-z-]+:iam::([0-9]{12}):role/(?:[!-~]+/)?([A-Za-z0-9_+=,.@-]{1,64})$`)

func (s *Service) assumeRole(req *call.Request) (any, error) {
	members := map[string]string{} // the query protocol knows strings only
	if err := req.Decode(&members); err != nil {
		return nil, err
	}
	in, err := readAssume(req, members)
	if err != nil {
		return nil, err
	}
	if err := s.mayAssume(req, in); err != nil {
		return nil, err
	}
	return s.begin(in)
}

// begin starts a session of a role, and returns its credentials.
func (s *Service) begin(in *assumption) (out assumedRole, err error) {
	se := session{Account: in.role.Account, Role: in.role.Name, Session: in.name, Policy: in.policy, SourceIdentity: in.sourceIdentity,
		Tags: in.sessionTags(), Transitive: in.transitiveKeys(),
		Expires: s.now().UTC().Add(time.Duration(in.seconds) * time.Second).Truncate(time.Second)}
	se.ID, se.Secret = NewAccessKey("ASIA")
	s.mu.RLock()
	defer s.mu.RUnlock()
	if k, declared := s.known[in.role.ARN()]; declared && in.seconds > cmp.Or(k.MaxSession, shortestMaxSession) {
		return out, call.NewError("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if out.Credentials.SessionToken, err = s.sealLongToken(se, in.tokenSize); err != nil {
		return out, err
	}
	out.Credentials.AccessKeyId, out.Credentials.SecretAccessKey = se.ID, se.Secret
	out.Credentials.Expiration = se.Expires.Format(time.RFC3339)
	out.AssumedRoleUser.AssumedRoleId = roleID(in.role.ARN()) + ":" + se.Session
	out.AssumedRoleUser.Arn = "arn:aws:sts::" + se.Account + ":assumed-role/" + se.Role + "/" + se.Session
	out.PackedPolicySize, out.SourceIdentity = in.packed, in.sourceIdentity
	out.SessionTokenSize = len(out.Credentials.SessionToken)
	out.SessionTokenUtilization = percent(out.SessionTokenSize)
	return out, nil
}

// sealLongToken seals a session in a token of a size at least, in bytes.
func (s *Service) sealLongToken(se session, least int) (string, error) {
	token, err := s.sealToken(se)
	if err != nil || len(token) >= least {
		return token, err
	}
	se.Filler = strings.Repeat("0", (least-len(token))*3/4+1) // base64 makes four of three
	return s.sealToken(se)
}

// mayAssume decides by the role's trust policy and, if that trusts an account or another account's principal, by the caller's own
// policies. A source identity and tags need additional permissions. While no role is declared, anyone may assume any role.
func (s *Service) mayAssume(req *call.Request, in *assumption) error {
	s.mu.RLock()
	k, declared := s.known[in.role.ARN()]
	open := len(s.known) == 0
	s.mu.RUnlock()
	rights := []string{"sts:AssumeRole"}
	if in.sourceIdentity != "" {
		rights = append(rights, "sts:SetSourceIdentity")
	}
	if len(in.tags) > 0 {
		rights = append(rights, "sts:TagSession")
	}
	for _, right := range rights {
		access := iam.Access{Principal: req.Caller.ARN, Account: req.Caller.Account, Action: right, Resource: in.arn, PolicyRequired: true, Keys: in.keys()}
		switch {
		case right == "sts:SetSourceIdentity" && req.Caller.SourceIdentity != "" && req.Caller.SourceIdentity != in.sourceIdentity:
			// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html: once set, it stays
		case open, declared && req.Caller.Root && len(k.TrustPolicy) == 0:
			continue
		case declared && req.Caller.Evaluate(&k.trust, access).Allowed:
			continue
		}
		// AWS does not distinguish a role that does not exist from one that the caller must not assume.
		return &call.Error{Status: http.StatusForbidden, Code: "AccessDenied",
			Message: "User: " + req.Caller.ARN + " is not authorized to perform: " + right + " on resource: " + in.arn}
	}
	return nil
}

// keys are the condition keys of a request to assume a role
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html).
func (in *assumption) keys() map[string][]string {
	keys := map[string][]string{"sts:RoleSessionName": {in.name}}
	if in.externalID != "" {
		keys["sts:ExternalId"] = []string{in.externalID}
	}
	if in.sourceIdentity != "" {
		keys["sts:SourceIdentity"] = []string{in.sourceIdentity}
	}
	for key, value := range in.tags {
		keys["aws:RequestTag/"+key] = []string{value}
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], key)
	}
	if len(in.transitive) > 0 {
		keys["sts:TransitiveTagKeys"] = in.transitive
	}
	return keys
}

// lowerFirst returns the name of a member as in AWS's messages.
func lowerFirst(member string) string { return strings.ToLower(member[:1]) + member[1:] }
