package kms

import (
	"errors"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Use is a cryptographic operation, as a log of calls has it: who did what with which key and encryption context, and how it ended. It
// has neither plaintext nor ciphertext.
type Use struct {
	At            time.Time
	Request       string // the request ID; "" for a call on the caller's behalf
	Region        string
	Caller        call.Principal
	Via           string // "ssm.us-east-1.amazonaws.com" while a service calls on the caller's behalf
	Operation     string
	KeyID         string // as the request names the key; "" if only the ciphertext does
	Context       map[string]string
	Algorithm     string
	KeySpec       string
	SourceKeyID   string // of ReEncrypt, as the next two
	SourceContext map[string]string

	SourceAlgorithm string
	DryRun          bool
	Keys            []string // the ARNs of the keys
	Accounts        []string // of the keys
	Material        string   // the ID of the material that sealed the ciphertext, of Decrypt
	ErrorCode       string   // "" for success
	ErrorMessage    string
}

// log reports an operation with keys that were found.
func (s *Service) log(r *call.Request, operation string, err error, use Use, keys ...reference) {
	if s.Logged == nil {
		return
	}
	for _, k := range keys {
		if k.key == nil {
			return
		}
		use.Keys, use.Accounts = append(use.Keys, k.arn()), append(use.Accounts, k.Account)
	}
	use.At, use.Request, use.Region, use.Caller, use.Via, use.Operation = r.Now, r.ID, r.Region, r.Caller, r.Via, operation
	var refused *call.Error
	if errors.As(err, &refused) {
		use.ErrorCode, use.ErrorMessage = refused.Code, refused.Message
	}
	s.Logged(use)
}

func blobMaterial(blob []byte) string {
	header, _ := parseBlob(blob)
	return header.materialID
}
