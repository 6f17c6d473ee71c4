package sts

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

const (
	mostScopes         = 3      // policies that narrow one session
	longestScoped      = 129600 // seconds
	longestDescription = 256    // characters
)

// scopedSession is the result of https://docs.aws.amazon.com/STS/latest/APIReference/API_GetScopedCredentials.html.
type scopedSession struct {
	Credentials             temporary
	SessionInfo             struct{ ScopedSessionId, Arn string }
	SessionTokenUtilization int
	SessionTokenSize        int
	ScopedPoliciesCount     int
	SourceIdentity          string `xml:",omitempty"`
}

// getScopedCredentials narrows the session in hand by a policy, or ends it earlier. The identity stays.
func (s *Service) getScopedCredentials(req *call.Request) (any, error) {
	members := map[string]string{}
	if err := req.Decode(&members); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var se session
	if req.Caller.SessionToken == "" || !s.unsealToken(req.Caller.SessionToken, &se) {
		return nil, call.NewError("InvalidSubjectCredentials", "Only temporary credentials can be scoped down.")
	}
	least, err := se.scope(members, s.now().UTC())
	if err != nil {
		return nil, err
	}
	se.ID, se.Secret = NewAccessKey("ASIA")
	se.Filler = ""
	token, err := s.sealLongToken(se, least)
	if err != nil {
		return nil, err
	}
	out := scopedSession{
		Credentials:      temporary{se.ID, se.Secret, token, se.Expires.Format(time.RFC3339)},
		SessionTokenSize: len(token), SessionTokenUtilization: percent(len(token)),
		ScopedPoliciesCount: len(se.Scopes), SourceIdentity: se.SourceIdentity,
	}
	out.SessionInfo.ScopedSessionId, out.SessionInfo.Arn = req.Caller.UserID, req.Caller.ARN
	return out, nil
}

// scope checks the members of a request and narrows the session. It returns the least size of the new token, in bytes.
func (se *session) scope(members map[string]string, now time.Time) (least int, err error) {
	document, narrower := members["Policy"]
	_, shorter := members["DurationSeconds"]
	description, described := members["ScopedSessionDescription"]
	if !narrower && !shorter {
		return 0, call.NewError("ValidationError", "A request must have at least one of Policy and DurationSeconds.")
	}
	if narrower {
		if err := checkUnseen("policy", document, 1, longestPolicy); err != nil {
			return 0, err
		}
		if !policyPattern.MatchString(document) {
			return 0, invalid("Value at 'policy' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", policyText)
		}
	}
	if described {
		if err := checkUnseen("scopedSessionDescription", description, 2, longestDescription); err != nil {
			return 0, err
		}
	}
	if least, err = tokenSize(members); err != nil {
		return 0, err
	}
	if shorter {
		if err := se.shorten(members, now); err != nil {
			return 0, err
		}
	}
	if narrower {
		if _, err := iam.ParseIdentity([]byte(document)); err != nil {
			return 0, call.NewError("MalformedPolicyDocument", err.Error())
		}
		if len(se.Scopes) == mostScopes {
			return 0, &call.Error{Status: http.StatusForbidden, Code: "AccessDenied", Message: "A session can be scoped down by three policies at most."}
		}
		se.Scopes = append(se.Scopes, json.RawMessage(document))
	}
	return least, nil
}

// shorten ends the session after a number of seconds.
func (se *session) shorten(members map[string]string, now time.Time) error {
	seconds, err := number(members, "DurationSeconds", 0, 1, longestScoped)
	if err != nil {
		return err
	}
	end := now.Add(time.Duration(seconds) * time.Second).Truncate(time.Second)
	if end.After(se.Expires) {
		return call.NewError("InsufficientSessionLifetime", "The requested DurationSeconds exceeds the remaining lifetime of the calling session.")
	}
	se.Expires = end
	return nil
}
