package audit

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// An Outcome is how a call of KMS ended.
type Outcome int

// The outcomes. Denied is a call that KMS did not allow, Failed one that ended with another error.
const (
	Opened Outcome = iota
	Denied
	Failed
)

// An Event is a call of KMS to open a box of a document, or to move it to another key.
type Event struct {
	ID          string
	Time        time.Time
	Key         string // ARN
	Document    string // SHA-256 of the header of the document, in lower-case hexadecimal
	Function    string // name of the bundle, "/", name of the function in the manifest
	Environment string
	Principal   string // ARN of the role behind the session, or of another principal; what it is in words if AWS names none
	Session     string // name of the session of a role; "" if there is none. For a Lambda function, it is the name of the function
	Outcome     Outcome
}

// A class says what a record is.
type class int

const (
	foreign class = iota // of another service
	other                // of KMS, but not to open a document
	dryRun               // would have opened a document
	opening
)

var errRecord = errors.New("a record of CloudTrail cannot be read")

const kmsSource = "kms.amazonaws.com"

// record is the part of a record that is read:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type record struct {
	EventSource       string
	EventName         string
	EventID           string
	EventTime         string
	ErrorCode         string
	UserIdentity      json.RawMessage
	RequestParameters json.RawMessage
	Resources         json.RawMessage
}

type parameters struct {
	EncryptionContext       map[string]string
	SourceEncryptionContext map[string]string
	DryRun                  bool
}

type userIdentity struct {
	Type           string
	ARN            string
	AccountID      string
	PrincipalID    string
	SessionContext struct{ SessionIssuer struct{ ARN string } }
}

// Forms of what a record names. What has another form is not kept.
var (
	keyForm       = lazyregexp.New(`^arn:[a-z-]{3,20}:kms:[a-z0-9-]{1,40}:[0-9]{12}:key/[\w-]{1,100}$`)
	digestForm    = lazyregexp.New(`^[0-9a-f]{64}$`)
	principalForm = lazyregexp.New(`^arn:[a-z-]{3,20}:(iam|sts)::[0-9]{12}:[\w+=,.@:/-]{1,600}$`)
	sessionForm   = lazyregexp.New(`^[\w+=,.@-]{1,64}$`)
	accountForm   = lazyregexp.New(`^[0-9]{12}$`)
	idForm        = lazyregexp.New(`^[\w-]{1,100}$`)
)

// unprintable stands for a name of a form that AWS does not give.
const unprintable = "a name of an unknown form"

// parse reads a record. Its error is errRecord: a record of KMS that is not understood, or something that is no record.
func parse(text []byte) (Event, class, error) {
	var r record
	if err := json.Unmarshal(text, &r); err != nil || r.EventSource == "" {
		return Event{}, foreign, errRecord
	}
	at, late := time.Parse(time.RFC3339, r.EventTime)
	if late != nil || at.Year() < 2006 {
		at = time.Time{}
	}
	e := Event{ID: r.EventID, Time: at.UTC()}
	switch {
	case r.EventSource != kmsSource:
		return e, foreign, nil
	case at.IsZero() || !idForm.MatchString(e.ID):
		return e, other, errRecord
	case r.EventName != "Decrypt" && r.EventName != "ReEncrypt":
		return e, other, nil
	}
	var in parameters
	if len(r.RequestParameters) > 0 && json.Unmarshal(r.RequestParameters, &in) != nil {
		return e, other, errRecord
	}
	context := in.EncryptionContext
	if r.EventName == "ReEncrypt" {
		context = in.SourceEncryptionContext
	}
	e.Document, e.Function, e.Environment = context["bundle:document"], context["bundle:function"], context["bundle:environment"]
	if !digestForm.MatchString(e.Document) {
		return e, other, nil
	}
	var err error
	if e.Key, err = keyOf(r.Resources); err != nil {
		return e, other, err
	}
	if e.Principal, e.Session, err = principalOf(r.UserIdentity); err != nil {
		return e, other, err
	}
	switch {
	case r.ErrorCode == "DryRunOperationException" || in.DryRun:
		return e, dryRun, nil
	case r.ErrorCode == "AccessDenied" || r.ErrorCode == "AccessDeniedException":
		e.Outcome = Denied
	case r.ErrorCode != "":
		e.Outcome = Failed
	}
	return e, opening, nil
}

// keyOf is the key that a document was under: the first resource. Of ReEncrypt, the second is the key that it was moved to. A call that
// failed may have none.
func keyOf(resources json.RawMessage) (string, error) {
	var all []struct{ ARN string }
	if len(resources) > 0 && json.Unmarshal(resources, &all) != nil {
		return "", errRecord
	}
	if len(all) == 0 {
		return "", nil
	}
	if !keyForm.MatchString(all[0].ARN) {
		return "", errRecord
	}
	return all[0].ARN, nil
}

// principalOf says who made a call: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
func principalOf(identity json.RawMessage) (principal, session string, err error) {
	var who userIdentity
	if json.Unmarshal(identity, &who) != nil {
		return "", "", errRecord
	}
	if at := strings.LastIndexByte(who.ARN, '/'); at >= 0 && strings.Contains(who.ARN, ":assumed-role/") {
		if session = who.ARN[at+1:]; !sessionForm.MatchString(session) {
			session = unprintable
		}
	}
	principal = who.SessionContext.SessionIssuer.ARN
	if principal == "" {
		principal = who.ARN
	}
	switch {
	case principalForm.MatchString(principal):
		return principal, session, nil
	case principal == "" && accountForm.MatchString(who.AccountID): // an account that only it can see into
		return "a principal of account " + who.AccountID, session, nil
	}
	return unprintable, session, nil
}
