package lambda

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Limits of https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and of the service's model.
const (
	maxPolicy      = 20 << 10 // bytes of the policy of a layer version
	maxStatementID = 100
)

// statement is one grant on a layer version.
type statement struct {
	Sid       string          `json:"Sid"`
	Effect    string          `json:"Effect"`
	Principal json.RawMessage `json:"Principal"`
	Action    string          `json:"Action"`
	Resource  string          `json:"Resource"`
	Condition json.RawMessage `json:"Condition,omitempty"`
}

// document is the policy of a layer version as JSON.
func (v *version) document() ([]byte, error) {
	return json.Marshal(struct {
		Version   string
		Id        string
		Statement []statement
	}{"2012-10-17", "default", v.Statements})
}

func (v *version) policy() (iam.Policy, error) {
	document, err := v.document()
	if err != nil {
		return iam.Policy{}, err
	}
	return iam.ParseResource(document)
}

var (
	statementID  = lazyregexp.New(`^[a-zA-Z0-9_-]+$`)
	accountID    = lazyregexp.New(`^[0-9]{12}$`)
	rootARN      = lazyregexp.New(`^arn:aws[a-z-]*:iam::[0-9]{12}:root$`)
	organization = lazyregexp.New(`^o-[a-z0-9]{10,32}$`)
)

type permissionInput struct {
	versionInput
	StatementId    string
	Action         string
	Principal      string
	OrganizationId string
	RevisionId     string
}

// statement checks the members and makes the statement that they describe
// (https://docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html).
func (in *permissionInput) statement(resource string) (statement, error) {
	st := statement{Sid: in.StatementId, Effect: "Allow", Action: in.Action, Resource: resource}
	switch {
	case len(in.StatementId) > maxStatementID:
		return st, validation(in.StatementId, "statementId", fmt.Sprintf("have length less than or equal to %d", maxStatementID))
	case !statementID.MatchString(in.StatementId):
		return st, validation(in.StatementId, "statementId", "satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
	case in.Action != "lambda:GetLayerVersion":
		return st, validation(in.Action, "action", "satisfy regular expression pattern: lambda:GetLayerVersion")
	case in.OrganizationId != "" && !organization.MatchString(in.OrganizationId):
		return st, validation(in.OrganizationId, "organizationId", "satisfy regular expression pattern: o-[a-z0-9]{10,32}")
	case in.OrganizationId != "" && in.Principal != "*":
		return st, invalid("OrganizationId is only valid with the principal *.")
	case in.Principal == "*":
		st.Principal = json.RawMessage(`"*"`)
	case accountID.MatchString(in.Principal):
		st.Principal = json.RawMessage(`{"AWS":"arn:aws:iam::` + in.Principal + `:root"}`)
	case rootARN.MatchString(in.Principal):
		st.Principal = json.RawMessage(`{"AWS":"` + in.Principal + `"}`)
	default:
		return st, validation(in.Principal, "principal", "satisfy regular expression pattern: \\d{12}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{12}:root")
	}
	if in.OrganizationId != "" {
		st.Condition = json.RawMessage(`{"StringEquals":{"aws:PrincipalOrgID":"` + in.OrganizationId + `"}}`)
	}
	return st, nil
}

// version finds the version that a permission is about. The caller holds a lock.
func (s *Service) version(r *call.Request, in *permissionInput) (*layer, *version, error) {
	l, v, err := s.find(r, in.versionInput)
	switch {
	case err != nil:
		return nil, nil, err
	case v == nil:
		arn, err := resolve(r, in.LayerName)
		if err != nil {
			return nil, nil, err
		}
		return nil, nil, notFound(fmt.Sprintf("Layer version %s:%d does not exist.", arn, in.VersionNumber))
	case in.RevisionId != "" && in.RevisionId != v.Revision:
		return nil, nil, &call.Error{Status: http.StatusPreconditionFailed, Code: "PreconditionFailedException",
			Message: "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id"}
	}
	return l, v, nil
}

func (s *Service) addPermission(r *call.Request, in *permissionInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, v, err := s.version(r, in)
	if err != nil {
		return nil, err
	}
	st, err := in.statement(l.versionARN(v.Number))
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(v.Statements, func(other statement) bool { return other.Sid == st.Sid }) {
		return nil, &call.Error{Status: http.StatusConflict, Code: "ResourceConflictException",
			Message: fmt.Sprintf("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)}
	}
	text, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	longer := version{Statements: append(slices.Clone(v.Statements), st)}
	document, err := longer.document()
	if err != nil {
		return nil, err
	}
	if len(document) > maxPolicy {
		return nil, call.NewError("PolicyLengthExceededException", "The permissions policy for the resource is too large.")
	}
	v.Statements = longer.Statements
	v.Revision = newRevision()
	return map[string]any{"Statement": string(text), "RevisionId": v.Revision}, nil
}

// removePermission is https://docs.aws.amazon.com/lambda/latest/api/API_RemoveLayerVersionPermission.html.
func (s *Service) removePermission(r *call.Request, in *permissionInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, v, err := s.version(r, in)
	if err != nil {
		return nil, err
	}
	named := func(st statement) bool { return st.Sid == in.StatementId }
	if !slices.ContainsFunc(v.Statements, named) {
		return nil, notFound(fmt.Sprintf("Statement %s is not found in resource policy.", in.StatementId))
	}
	v.Statements = slices.DeleteFunc(v.Statements, named)
	v.Revision = newRevision()
	return nil, nil
}

// getPolicy is https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionPolicy.html.
func (s *Service) getPolicy(r *call.Request, in *permissionInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, v, err := s.version(r, in)
	if err != nil {
		return nil, err
	}
	if len(v.Statements) == 0 {
		return nil, notFound("No policy is associated with the given resource.")
	}
	document, err := v.document()
	if err != nil {
		return nil, err
	}
	return map[string]any{"Policy": string(document), "RevisionId": v.Revision}, nil
}

// newRevision makes a random UUID.
func newRevision() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
