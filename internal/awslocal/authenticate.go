package awslocal

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/sigv4"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

// maxSkew is how far a signature's time may be from the server's, in either direction.
const maxSkew = 15 * time.Minute

const stampFormat = "20060102T150405Z"

// authenticate verifies who signed the request, and returns the caller and the signed region. Its errors are refusals.
//
// While no role is declared, an unknown access key ID may do everything, and its signature cannot be checked. The server's own
// credentials, those of roles and those of sessions are always verified.
func (s *Server) authenticate(r *http.Request, service string, body []byte) (caller call.Principal, region string, err error) {
	sig, err := sigv4.Parse(r)
	if errors.Is(err, sigv4.ErrMissing) {
		return caller, "", refuseMissing()
	} else if err != nil {
		return caller, "", refuseMalformed(err.Error())
	}
	if sig.Service != service {
		return caller, "", refuseSignature(fmt.Sprintf("Credential should be scoped to correct service: '%s'.", service))
	}
	if err := timely(sig, s.wallClock()); err != nil {
		return caller, "", err
	}
	if s.faults.credentialsExpired() {
		return caller, "", refuseExpired()
	}
	who, err := s.identify(sig)
	if err != nil {
		return caller, "", err
	}
	if who.Secret != "" && sig.Verify(r, body, who.Secret) != nil {
		return caller, "", refuseSignature("The request signature we calculated does not match the signature you provided. Check your AWS " +
			"Secret Access Key and signing method. Consult the service documentation for details.")
	}
	who.Principal.Asks = s.options.asked
	return who.Principal, sig.Region, nil
}

// timely refuses signatures that are too old or from the future, and presigned requests that have expired.
func timely(sig *sigv4.Signature, now time.Time) error {
	stamp, here := sig.Time.Format(stampFormat), now.UTC().Format(stampFormat)
	oldest := now.Add(-maxSkew)
	if sig.Presigned {
		if now.After(sig.Time.Add(sig.Expires)) {
			return refusePresigned()
		}
		oldest = sig.Time
	}
	switch {
	case sig.Time.Before(oldest):
		return refuseSignature(fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 15 min.)", stamp, oldest.UTC().Format(stampFormat), here))
	case sig.Time.After(now.Add(maxSkew)):
		return refuseSignature(fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 15 min.)", stamp,
			now.Add(maxSkew).UTC().Format(stampFormat), here))
	}
	return nil
}

// identify finds the principal and the secret that verifies its signature. There is no secret for an unknown ID that is accepted.
func (s *Server) identify(sig *sigv4.Signature) (sts.Identity, error) {
	if sig.KeyID == s.key.ID && sig.Token == "" {
		return sts.Identity{Secret: s.key.Secret, Principal: root(sig.KeyID)}, nil
	}
	who, err := s.sts.Lookup(sig.KeyID, sig.Token)
	switch {
	case errors.Is(err, sts.ErrExpired):
		return who, refuseExpired()
	case err == nil:
		return who, nil
	case s.sts.Declared():
		return who, refuseID()
	}
	return sts.Identity{Principal: root(sig.KeyID)}, nil
}
