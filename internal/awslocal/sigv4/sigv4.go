// Package sigv4 makes and checks AWS Signature Version 4, in the Authorization header and in the query string ("presigned").
//
// The rules are those of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. The same code
// computes a signature to send and one to compare with.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	dateFormat = "20060102"
	terminator = "aws4_request"
	unsigned   = "UNSIGNED-PAYLOAD"

	// defaultExpiry is for presigned requests without X-Amz-Expires, which SDKs make for STS: a signature is valid for 15 minutes.
	defaultExpiry = 900 // seconds
)

// Credentials sign a request.
type Credentials struct {
	ID    string // access key ID
	Key   string // secret access key
	Token string // session token; "" for long-term credentials
}

var (
	// ErrMissing means that the request has no signature.
	ErrMissing = errors.New("the request is not signed")
	// ErrMismatch means that the signature was made with another key or for another request.
	ErrMismatch = errors.New("the signature does not match")
)

// MalformedError says which part of a signature could not be read.
type MalformedError struct{ Reason string }

func (e *MalformedError) Error() string { return "malformed signature: " + e.Reason }

// Signature is the signature of a request, and what the request says about it. Nothing is verified before Verify.
type Signature struct {
	KeyID, Region, Service string
	Token                  string // session token, "" if none
	Time                   time.Time
	Presigned              bool
	Expires                time.Duration // of a presigned request: how long after Time it may be used

	date    string // of the credential scope
	headers []string
	sum     []byte
}

// Parse reads the signature of r. It fails with ErrMissing or a *MalformedError.
func Parse(r *http.Request) (*Signature, error) {
	if auth := r.Header.Get("Authorization"); auth != "" {
		return parseHeader(r, auth)
	}
	if r.URL.Query().Has("X-Amz-Algorithm") {
		return parseQuery(r)
	}
	return nil, ErrMissing
}

func parseHeader(r *http.Request, auth string) (*Signature, error) {
	rest, ok := strings.CutPrefix(auth, algorithm)
	if !ok {
		return nil, &MalformedError{"the Authorization header does not begin with " + algorithm}
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[key] = value
	}
	at := r.Header.Get("X-Amz-Date")
	if at == "" {
		if t, err := http.ParseTime(r.Header.Get("Date")); err == nil {
			at = t.UTC().Format(timeFormat)
		}
	}
	s := &Signature{Token: r.Header.Get("X-Amz-Security-Token")}
	return s, s.fill(fields["Credential"], fields["SignedHeaders"], fields["Signature"], at)
}

func parseQuery(r *http.Request) (*Signature, error) {
	q := r.URL.Query()
	if q.Get("X-Amz-Algorithm") != algorithm {
		return nil, &MalformedError{"X-Amz-Algorithm is not " + algorithm}
	}
	seconds := defaultExpiry
	if q.Has("X-Amz-Expires") {
		var err error
		if seconds, err = strconv.Atoi(q.Get("X-Amz-Expires")); err != nil || seconds < 1 || seconds > 7*24*3600 {
			return nil, &MalformedError{"X-Amz-Expires is not a number of seconds from 1 to 604800"}
		}
	}
	s := &Signature{Token: q.Get("X-Amz-Security-Token"), Presigned: true, Expires: time.Duration(seconds) * time.Second}
	return s, s.fill(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Signature"), q.Get("X-Amz-Date"))
}

func (s *Signature) fill(credential, headers, sum, at string) error {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[0] == "" || scope[4] != terminator {
		return &MalformedError{"the credential is not ID/DATE/REGION/SERVICE/" + terminator}
	}
	s.KeyID, s.date, s.Region, s.Service = scope[0], scope[1], scope[2], scope[3]
	var err error
	if s.Time, err = time.Parse(timeFormat, at); err != nil {
		return &MalformedError{"the request has no date in the form " + timeFormat}
	}
	if s.Time.Format(dateFormat) != s.date {
		return &MalformedError{"the date of the credential is not the date of the request"}
	}
	s.headers = strings.Split(headers, ";")
	if !slices.Contains(s.headers, "host") {
		return &MalformedError{"the host header is not signed"}
	}
	if s.sum, err = hex.DecodeString(sum); err != nil || len(s.sum) != sha256.Size {
		return &MalformedError{"the signature is not 64 hexadecimal digits"}
	}
	return nil
}

// Verify checks the signature against the request that it came with, the request's whole body, and the secret access key of KeyID.
// It fails with ErrMismatch. The caller checks time, expiry and token.
func (s *Signature) Verify(r *http.Request, body []byte, key string) error {
	payload := r.Header.Get("X-Amz-Content-Sha256")
	if s.Presigned {
		payload = r.URL.Query().Get("X-Amz-Content-Sha256")
	}
	if sum := hexSum(body); payload == "" {
		payload = sum
	} else if payload != unsigned && payload != sum {
		return ErrMismatch
	}
	text := s.stringToSign(s.canonical(r, payload))
	if subtle.ConstantTimeCompare(s.sum, s.sign(key, text)) != 1 {
		return ErrMismatch
	}
	return nil
}

// canonical returns the canonical request.
func (s *Signature) canonical(r *http.Request, payload string) string {
	return strings.Join([]string{
		r.Method,
		canonicalPath(r.URL.EscapedPath()),
		canonicalQuery(r.URL.RawQuery),
		canonicalHeaders(r, s.headers),
		strings.Join(s.headers, ";"),
		payload,
	}, "\n")
}

func (s *Signature) scope() string {
	return strings.Join([]string{s.date, s.Region, s.Service, terminator}, "/")
}

func (s *Signature) stringToSign(canonical string) string {
	return strings.Join([]string{algorithm, s.Time.Format(timeFormat), s.scope(), hexSum([]byte(canonical))}, "\n")
}

func (s *Signature) sign(key, text string) []byte {
	sum := []byte("AWS4" + key)
	for _, step := range []string{s.date, s.Region, s.Service, terminator, text} {
		mac := hmac.New(sha256.New, sum)
		mac.Write([]byte(step))
		sum = mac.Sum(nil)
	}
	return sum
}

// Sign signs r in its Authorization header. The body is the whole body of r. Sign sets X-Amz-Date and, if there is a token,
// X-Amz-Security-Token, and signs the host and every header of r.
func Sign(r *http.Request, body []byte, c Credentials, region, service string, now time.Time) {
	now = now.UTC().Truncate(time.Second)
	r.Header.Set("X-Amz-Date", now.Format(timeFormat))
	if c.Token != "" {
		r.Header.Set("X-Amz-Security-Token", c.Token)
	}
	s := &Signature{KeyID: c.ID, Region: region, Service: service, Time: now, date: now.Format(dateFormat), headers: []string{"host"}}
	for name := range r.Header {
		s.headers = append(s.headers, strings.ToLower(name))
	}
	slices.Sort(s.headers)
	sum := s.sign(c.Key, s.stringToSign(s.canonical(r, hexSum(body))))
	r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%x",
		algorithm, c.ID, s.scope(), strings.Join(s.headers, ";"), sum))
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
