package cloudtrail

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/kms"
)

// event is an event of one account and Region.
type event struct {
	account, region string
	at              time.Time
	id              string
	name            string
	readOnly        string
	key             string // AccessKeyId
	user            string
	resources       []string
	record          record
}

// maxRecord is the size of an event, in bytes, above which CloudTrail leaves content out
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html).
const maxRecord = 256 << 10

const (
	source  = "kms.amazonaws.com"
	keyType = "AWS::KMS::Key"
)

// record is the content of an event, in the form of https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html.
type record struct {
	EventVersion        string         `json:"eventVersion"`
	UserIdentity        identity       `json:"userIdentity"`
	EventTime           string         `json:"eventTime"`
	EventSource         string         `json:"eventSource"`
	EventName           string         `json:"eventName"`
	AWSRegion           string         `json:"awsRegion"`
	SourceIPAddress     string         `json:"sourceIPAddress"`
	UserAgent           string         `json:"userAgent"`
	ErrorCode           string         `json:"errorCode,omitempty"`
	ErrorMessage        string         `json:"errorMessage,omitempty"`
	RequestParameters   map[string]any `json:"requestParameters"`
	ResponseElements    any            `json:"responseElements"`
	AdditionalEventData map[string]any `json:"additionalEventData,omitempty"`
	RequestID           string         `json:"requestID"`
	EventID             string         `json:"eventID"`
	ReadOnly            bool           `json:"readOnly"`
	Resources           []resource     `json:"resources"`
	EventType           string         `json:"eventType"`
	ManagementEvent     bool           `json:"managementEvent"`
	RecipientAccountID  string         `json:"recipientAccountId"`
	SharedEventID       string         `json:"sharedEventID,omitempty"`
	EventCategory       string         `json:"eventCategory"`
	Omitted             bool           `json:"omitted,omitempty"`
}

type resource struct {
	AccountID string `json:"accountId"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

// identity is https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html.
type identity struct {
	Type           string          `json:"type"`
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId"`
	AccessKeyID    string          `json:"accessKeyId,omitempty"`
	SessionContext *sessionContext `json:"sessionContext,omitempty"`
	InvokedBy      string          `json:"invokedBy,omitempty"`
}

type sessionContext struct {
	SessionIssuer identity          `json:"sessionIssuer"`
	Attributes    map[string]string `json:"attributes"`
}

// identityOf describes a caller. A role that calls with a key of its own, which AWS does not have, is described as one that was assumed.
func identityOf(p call.Principal, via string, at time.Time) identity {
	who := identity{Type: "Root", PrincipalID: p.UserID, ARN: p.ARN, AccountID: p.Account, AccessKeyID: p.AccessKeyID}
	if p.Role != "" {
		unique, _, _ := strings.Cut(p.UserID, ":")
		who.Type, who.SessionContext = "AssumedRole", &sessionContext{
			SessionIssuer: identity{Type: "Role", PrincipalID: unique, ARN: p.Role, AccountID: p.Account},
			Attributes:    map[string]string{"creationDate": at.UTC().Format(time.RFC3339), "mfaAuthenticated": "false"},
		}
	}
	if via != "" {
		name, _, _ := strings.Cut(via, ".")
		who.InvokedBy = name + ".amazonaws.com"
	}
	return who
}

// session is the name of a caller's session, which is the Username of an event. Of other callers it is the end of the ARN.
func session(p call.Principal) string {
	return p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
}

// Record adds a cryptographic operation of KMS to the event histories of the caller's account and, if it succeeded, of the accounts of
// the keys.
func (s *Service) Record(use kms.Use) {
	r := record{
		EventVersion: "1.11", UserIdentity: identityOf(use.Caller, use.Via, use.At), EventTime: use.At.UTC().Format(time.RFC3339), EventSource: source,
		EventName: use.Operation, AWSRegion: use.Region, SourceIPAddress: "127.0.0.1", UserAgent: "embedded", ErrorCode: use.ErrorCode,
		ErrorMessage: use.ErrorMessage, RequestParameters: parameters(use), RequestID: use.Request, ReadOnly: true, EventType: "AwsApiCall",
		ManagementEvent: true, EventCategory: "Management",
	}
	if use.ErrorCode == "AccessDeniedException" {
		r.ErrorCode = "AccessDenied"
	}
	if use.Via != "" {
		r.SourceIPAddress, r.UserAgent = r.UserIdentity.InvokedBy, r.UserIdentity.InvokedBy
	}
	if use.Material != "" && use.ErrorCode == "" {
		r.AdditionalEventData = map[string]any{"keyMaterialId": use.Material}
	}
	for i, arn := range use.Keys {
		r.Resources = append(r.Resources, resource{use.Accounts[i], keyType, arn})
	}
	accounts := []string{use.Caller.Account}
	if use.ErrorCode == "" {
		accounts = append(accounts, use.Accounts...)
	}
	slices.Sort(accounts)
	accounts = slices.Compact(accounts)
	if len(accounts) > 1 {
		r.SharedEventID = newID()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, account := range accounts {
		r.RecipientAccountID, r.EventID = account, newID()
		s.add(use, r)
	}
}

// add adds an event. The caller holds the lock.
func (s *Service) add(use kms.Use, r record) {
	e := &event{account: r.RecipientAccountID, region: use.Region, at: use.At, id: r.EventID, name: r.EventName, readOnly: "true",
		key: use.Caller.AccessKeyID, user: session(use.Caller), resources: use.Keys, record: r}
	if len(s.events) == maxEvents {
		s.events = slices.Delete(s.events, 0, maxEvents/10)
	}
	s.events = append(s.events, e)
}

// text is the record as JSON. It is written when it is looked up, because most never are.
func (r record) text() string {
	text, err := json.Marshal(r)
	if err == nil && len(text) > maxRecord {
		r.RequestParameters, r.Omitted = nil, true
		text, err = json.Marshal(r)
	}
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	return string(text)
}

// parameters are the members of a request that CloudTrail shows.
func parameters(use kms.Use) map[string]any {
	in := map[string]any{}
	set := func(name string, value any, is bool) {
		if is {
			in[name] = value
		}
	}
	if use.Operation == "ReEncrypt" {
		set("sourceKeyId", use.SourceKeyID, use.SourceKeyID != "")
		set("sourceEncryptionContext", use.SourceContext, len(use.SourceContext) > 0)
		set("sourceEncryptionAlgorithm", use.SourceAlgorithm, true)
		set("destinationKeyId", use.KeyID, true)
		set("destinationEncryptionContext", use.Context, len(use.Context) > 0)
		set("destinationEncryptionAlgorithm", use.Algorithm, true)
	} else {
		set("keyId", use.KeyID, use.KeyID != "")
		set("encryptionContext", use.Context, len(use.Context) > 0)
		set("encryptionAlgorithm", use.Algorithm, use.Algorithm != "")
		set("keySpec", use.KeySpec, use.KeySpec != "")
	}
	set("dryRun", true, use.DryRun)
	return in
}

func newID() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
