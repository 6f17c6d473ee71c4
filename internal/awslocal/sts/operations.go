package sts

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// Bounds of https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
const (
	shortestSession = 900   // seconds
	longestSession  = 43200 // seconds
	longestChained  = 3600  // seconds, for a role assumed by a role
)

// callerIdentity is the result of https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
type callerIdentity struct {
	Arn, UserId, Account string
}

func (s *Service) getCallerIdentity(req *call.Request) (any, error) {
	return callerIdentity{Arn: req.Caller.ARN, UserId: req.Caller.UserID, Account: req.Caller.Account}, nil
}

// assumedRole is the result of AssumeRole.
type assumedRole struct {
	Credentials struct {
		AccessKeyId, SecretAccessKey, SessionToken, Expiration string
	}
	AssumedRoleUser struct{ AssumedRoleId, Arn string }
}

var (
	roleARNPattern = regexp.MustCompile(`^arn:[a-z-]+:iam::([0-9]{12}):role/(?:[!-~]+/)?([A-Za-z0-9_+=,.@-]{1,64})$`)
	sessionPattern = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)
)

func (s *Service) assumeRole(req *call.Request) (any, error) {
	in := map[string]string{} // the query protocol knows strings only
	if err := req.Decode(&in); err != nil {
		return nil, err
	}
	seconds, err := checkAssume(req, in)
	if err != nil {
		return nil, err
	}
	parts := roleARNPattern.FindStringSubmatch(in["RoleArn"])
	role := Role{Account: parts[1], Name: parts[2]}
	if err := s.mayAssume(req, in["RoleArn"], role); err != nil {
		return nil, err
	}
	se := session{Account: role.Account, Role: role.Name, Session: in["RoleSessionName"],
		Expires: s.now().UTC().Add(time.Duration(seconds) * time.Second).Truncate(time.Second)}
	se.ID, se.Secret = NewAccessKey("ASIA")
	var out assumedRole
	s.mu.RLock()
	defer s.mu.RUnlock()
	if out.Credentials.SessionToken, err = s.sealToken(se); err != nil {
		return nil, err
	}
	out.Credentials.AccessKeyId, out.Credentials.SecretAccessKey = se.ID, se.Secret
	out.Credentials.Expiration = se.Expires.Format(time.RFC3339)
	out.AssumedRoleUser.AssumedRoleId = roleID(role.ARN()) + ":" + se.Session
	out.AssumedRoleUser.Arn = "arn:aws:sts::" + se.Account + ":assumed-role/" + se.Role + "/" + se.Session
	return out, nil
}

func checkAssume(req *call.Request, in map[string]string) (seconds int, err error) {
	invalid := func(format string, args ...any) (int, error) {
		return 0, call.NewError("ValidationError", "1 validation error detected: "+fmt.Sprintf(format, args...))
	}
	for _, member := range []string{"RoleArn", "RoleSessionName"} {
		if _, ok := in[member]; !ok {
			return invalid("Value null at '%s' failed to satisfy constraint: Member must not be null", strings.ToLower(member[:1])+member[1:])
		}
	}
	if !sessionPattern.MatchString(in["RoleSessionName"]) {
		return invalid(`Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`,
			in["RoleSessionName"])
	}
	if !roleARNPattern.MatchString(in["RoleArn"]) {
		return 0, call.NewError("ValidationError", in["RoleArn"]+" is invalid")
	}
	if in["Policy"] != "" || in["PolicyArns.member.1.arn"] != "" {
		return 0, call.NewError("ValidationError", "the embedded AWS does not offer session policies")
	}
	seconds = 3600
	if text, ok := in["DurationSeconds"]; ok {
		if seconds, err = strconv.Atoi(text); err != nil {
			return 0, call.NewError("MalformedInput", "DurationSeconds is not a number")
		}
	}
	switch {
	case seconds < shortestSession:
		return invalid("Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to %d",
			seconds, shortestSession)
	case seconds > longestSession:
		return invalid("Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to %d",
			seconds, longestSession)
	case seconds > longestChained && strings.Contains(req.Caller.ARN, ":assumed-role/"):
		return 0, call.NewError("ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return seconds, nil
}

// mayAssume decides by the role's trust and, where trust is given to an account or crosses accounts, by the caller's own policies.
// While no role is declared, anyone may assume any role.
func (s *Service) mayAssume(req *call.Request, arn string, role Role) error {
	s.mu.RLock()
	k, declared := s.known[role.ARN()]
	open := len(s.known) == 0
	s.mu.RUnlock()
	if open {
		return nil
	}
	access := iam.Access{Principal: req.Caller.ARN, Account: req.Caller.Account, Action: "sts:AssumeRole", Resource: arn, PolicyRequired: true}
	switch {
	case declared && req.Caller.Root:
		return nil
	case declared && iam.Evaluate(req.Caller.Policies, &k.trust, access).Allowed:
		return nil
	}
	// AWS does not tell a role that does not exist from one that may not be assumed.
	return &call.Error{Status: http.StatusForbidden, Code: "AccessDenied",
		Message: "User: " + req.Caller.ARN + " is not authorized to perform: sts:AssumeRole on resource: " + arn}
}
