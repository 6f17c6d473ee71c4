// Package call has the types that the services of the embedded AWS share with its server: the caller, the request, the error, and
// the service itself. It knows no protocol: the server decodes what is on the wire before a [Handler] sees
// a [Request] and encodes what the handler returns.
package call

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/iam"
)

// Principal is the verified identity behind a request.
type Principal struct {
	// ARN is what sts:GetCallerIdentity returns: arn:aws:iam::ACCOUNT:root, a role's ARN, or an assumed-role session's.
	ARN string
	// Role is the ARN of the role behind the caller (equal to ARN unless ARN is an assumed-role session), or "" if there is none.
	// It is the value of aws:PrincipalArn, and what a policy's Principal names.
	Role string
	// UserID is the unique ID that sts:GetCallerIdentity returns.
	UserID string
	// Account is the twelve-digit account of the caller.
	Account string
	// AccessKeyID is the access key ID that signed the request.
	AccessKeyID string
	// Root callers may do everything that no resource policy denies.
	Root bool
	// Policies are the identity policies of the caller.
	Policies []iam.Policy
	// Session is the session policy; nil if there is none.
	Session *iam.Policy
	// Scopes narrow a session further: each must allow what it does.
	Scopes []iam.Policy
	// SessionToken is that of temporary credentials, or "".
	SessionToken string
	// SourceIdentity and Tags are those of a session; empty if there are none. Transitive are the keys of the tags that the sessions
	// of roles that it assumes inherit.
	SourceIdentity string
	Tags           map[string]string
	Transitive     []string
	// Asks is told what is asked of the caller's policies, unless it is nil. Several requests call it at once.
	Asks func(iam.Access)
}

// Request is one call of one operation.
type Request struct {
	ID        string // the request ID in the reply; "" for a call of a service on the caller's behalf
	Service   string // signing name: "ssm", "kms", "sts", "lambda"
	Operation string // as in the API reference: "GetParameters"
	Region    string // from the credential scope of the signature
	Account   string // the caller's account, which an unqualified name belongs to
	Caller    Principal
	Via       string // "ssm.us-east-1.amazonaws.com" while a service calls on the caller's behalf, else ""
	Endpoint  string // scheme and host that the client used, for links in replies
	Now       time.Time
	Body      []byte // JSON, whatever the protocol was
}

// Decode reads the request's body into v, a pointer to a struct. It skips members that v lacks, because SDKs may be newer than this
// code. Anything else that does not fit is a SerializationException, which quotes nothing of the body. An empty body counts as {}.
func (r *Request) Decode(v any) error {
	body := bytes.TrimSpace(r.Body)
	if len(body) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			// Field may have names that the client chose (since Go 1.27, keys of maps).
			return NewError("SerializationException", fmt.Sprintf("a member has the wrong type, at byte %d", wrong.Offset))
		}
		return NewError("SerializationException", "the request is not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return NewError("SerializationException", "the request is not a single JSON object")
	}
	return nil
}

// Error is an error as AWS reports it. The code and the message reach the client unchanged.
type Error struct {
	Status  int // HTTP status; 0 means 400
	Code    string
	Message string // may be empty, as for some codes of AWS
	// UpperMessage is whether the member of the text is "Message" in JSON, as of the errors in the model of Secrets Manager.
	UpperMessage bool
}

// NewError makes an *Error of status 400.
func NewError(code, message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: message}
}

// Detected is AWS's text of one or more constraints on members that a request breaks: all in one, as
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html and others answer.
func Detected(broken ...string) string {
	noun := "errors"
	if len(broken) == 1 {
		noun = "error"
	}
	return fmt.Sprintf("%d validation %s detected: %s", len(broken), noun, strings.Join(broken, "; "))
}

// Error returns "Code: message".
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// A Handler answers one operation. Its result is marshaled as the reply; nil is the empty object. An error that is not an *Error
// is reported as an internal failure (status 500).
type Handler func(*Request) (any, error)

// Service is a set of operations over one state. All methods are safe for concurrent use.
type Service interface {
	// Name is the signing name of the service ("ssm").
	Name() string
	// Operations lists the handlers by operation name; the map is made once and never changed.
	Operations() map[string]Handler
	// Mutates reports whether a successful call of the operation may have changed the state.
	Mutates(operation string) bool
	// Snapshot returns the whole state, to be written to disk.
	Snapshot() (json.RawMessage, error)
	// Restore replaces the whole state with an earlier snapshot.
	Restore(json.RawMessage) error
}

// Decoded makes a Handler from an operation that takes its request decoded.
func Decoded[In any](operate func(*Request, *In) (any, error)) Handler {
	return func(r *Request) (any, error) {
		in := new(In)
		if err := r.Decode(in); err != nil {
			return nil, err
		}
		return operate(r, in)
	}
}
