// Package sts is the Security Token Service of the embedded AWS. It also keeps the roles.
//
// Temporary credentials are not stored. The session token holds everything about them, sealed under a key of the state. So they
// survive a restart, and a million sessions need no memory.
package sts

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Role is a declared role. Its identity is arn:aws:iam::ACCOUNT:role/NAME.
type Role struct {
	Name    string `json:"name"`
	Account string `json:"account,omitempty"` // twelve digits
	// AccessKeyID and SecretAccessKey, if set, are long-term credentials that act as the role directly.
	AccessKeyID     string `json:"access_key_id,omitempty"`
	SecretAccessKey string `json:"secret_access_key,omitempty"`
	// Policy is the IAM policy document of the role. Without one, the role may do nothing.
	Policy json.RawMessage `json:"policy,omitempty"`
	// Policies are managed policies of the role: at most 10, with at most 6,144 characters each, as AWS has it
	// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
	Policies []json.RawMessage `json:"policies,omitempty"`
	// Trust lists the principals that can assume the role: "*" is anyone; others are the ARN of a role or session, or an account (its
	// number or the ARN of its root), whose principals then also need sts:AssumeRole in their own policies. The default is the role's
	// own account.
	Trust []string `json:"trust,omitempty"`
	// TrustPolicy is an IAM trust policy, instead of Trust. It can have conditions, such as on sts:ExternalId, and allow a source
	// identity (sts:SetSourceIdentity) and session tags (sts:TagSession). Trust allows only sts:AssumeRole.
	TrustPolicy json.RawMessage `json:"trust_policy,omitempty"`
	// MaxSession is how long a session can last at most, in seconds: 3600 to 43200. The default is 3600.
	MaxSession int `json:"max_session_duration,omitempty"`
}

// ARN is the role's ARN.
func (r Role) ARN() string { return "arn:aws:iam::" + r.Account + ":role/" + r.Name }

// Identity is the caller that an access key ID belongs to.
type Identity struct {
	Secret    string // verifies the signature
	Principal call.Principal
}

var (
	// ErrUnknown means that no role and no session has this access key ID.
	ErrUnknown = errors.New("unknown access key id")
	// ErrToken means that the session token was not issued here, or its role was deleted.
	ErrToken = errors.New("invalid session token")
	// ErrExpired means that the session has expired.
	ErrExpired = errors.New("expired session token")
)

// Service implements call.Service.
type Service struct {
	now   func() time.Time
	mu    sync.RWMutex
	state state
	known map[string]known      // by role ARN
	keys  map[string][]verifier // by provider ARN
}

type state struct {
	TokenKey  []byte     `json:"token_key"` // AES-256, seals session tokens
	Roles     []Role     `json:"roles,omitempty"`
	Providers []Provider `json:"identity_providers,omitempty"`
}

// known is a role with its policies parsed.
type known struct {
	Role
	policies []iam.Policy
	trust    iam.Policy
}

// New makes a service without roles. Sessions begin and expire by the given clock.
func New(now func() time.Time) *Service {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: https://pkg.go.dev/crypto/rand#Read
	return &Service{now: now, state: state{TokenKey: key}, known: map[string]known{}, keys: map[string][]verifier{}}
}

// Name is "sts".
func (s *Service) Name() string { return "sts" }

// Operations implements call.Service.
func (s *Service) Operations() map[string]call.Handler {
	return map[string]call.Handler{"GetCallerIdentity": s.getCallerIdentity, "AssumeRole": s.assumeRole, WebIdentity: s.assumeRoleWithWebIdentity,
		"GetScopedCredentials": s.getScopedCredentials}
}

// Mutates implements call.Service: no operation of STS changes anything.
func (s *Service) Mutates(string) bool { return false }

// Snapshot implements call.Service.
func (s *Service) Snapshot() (json.RawMessage, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return json.Marshal(s.state)
}

// Restore implements call.Service.
func (s *Service) Restore(snapshot json.RawMessage) error {
	var st state
	if err := json.Unmarshal(snapshot, &st); err != nil {
		return err
	}
	if len(st.TokenKey) != 32 {
		return errors.New("the token key is not 32 bytes long")
	}
	all := map[string]known{}
	for _, role := range st.Roles {
		k, err := parse(role)
		if err != nil {
			return err
		}
		all[role.ARN()] = k
	}
	keys := map[string][]verifier{}
	for _, provider := range st.Providers {
		k, err := provider.parse()
		if err != nil {
			return err
		}
		keys[provider.ARN()] = k
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.known, s.keys = st, all, keys
	return nil
}

var (
	rolePattern    = lazyregexp.New(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	accountPattern = lazyregexp.New(`^[0-9]{12}$`)
	keyIDPattern   = lazyregexp.New(`^[A-Z0-9]{16,128}$`)
)

func parse(r Role) (known, error) {
	k := known{Role: r}
	switch {
	case !rolePattern.MatchString(r.Name):
		return k, fmt.Errorf("role %q: a role's name has 1 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -", r.Name)
	case !accountPattern.MatchString(r.Account):
		return k, fmt.Errorf("role %q: account %q is not twelve digits", r.Name, r.Account)
	case r.AccessKeyID != "" && !keyIDPattern.MatchString(r.AccessKeyID):
		return k, fmt.Errorf("role %q: an access key id has 16 to 128 capital letters and digits", r.Name)
	case len(r.Trust) > 0 && len(r.TrustPolicy) > 0:
		return k, fmt.Errorf("role %q: trust and trust_policy cannot be used together", r.Name)
	case r.MaxSession != 0 && (r.MaxSession < shortestMaxSession || r.MaxSession > longestSession):
		return k, fmt.Errorf("role %q: max_session_duration is not %d to %d seconds", r.Name, shortestMaxSession, longestSession)
	case (r.AccessKeyID == "") != (r.SecretAccessKey == ""):
		return k, fmt.Errorf("role %q: access_key_id and secret_access_key must be used together", r.Name)
	}
	if len(r.Policy) > 0 {
		policy, err := iam.ParseIdentity(r.Policy)
		if err != nil {
			return k, fmt.Errorf("role %q: policy: %w", r.Name, err)
		}
		k.policies = []iam.Policy{policy}
	}
	if len(r.Policies) > mostPolicies {
		return k, fmt.Errorf("role %q: a role can have %d managed policies, not %d", r.Name, mostPolicies, len(r.Policies))
	}
	for i, document := range r.Policies {
		policy, err := iam.ParseIdentity(document)
		if err != nil {
			return k, fmt.Errorf("role %q: managed policy %d: %w", r.Name, i+1, err)
		}
		if n := utf8.RuneCount(bytes.Join(bytes.Fields(document), nil)); n > largestPolicy {
			return k, fmt.Errorf("role %q: managed policy %d has %d characters, and can have %d", r.Name, i+1, n, largestPolicy)
		}
		k.policies = append(k.policies, policy)
	}
	var err error
	if k.trust, err = trustPolicy(r); err != nil {
		return k, fmt.Errorf("role %q: trust: %w", r.Name, err)
	}
	return k, nil
}

// trustPolicy turns the role's Trust list into a policy document.
func trustPolicy(r Role) (iam.Policy, error) {
	if len(r.TrustPolicy) > 0 {
		return iam.ParseTrust(r.TrustPolicy)
	}
	trust := r.Trust
	if len(trust) == 0 {
		trust = []string{r.Account}
	}
	document, err := json.Marshal(map[string]any{"Statement": map[string]any{
		"Effect": "Allow", "Principal": map[string]any{"AWS": trust}, "Action": "sts:AssumeRole"}})
	if err != nil {
		return iam.Policy{}, err
	}
	return iam.ParseTrust(document)
}

// PutRole declares a role, or replaces the one of its account and name.
func (s *Service) PutRole(r Role) error {
	k, err := parse(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for arn, other := range s.known {
		if arn != r.ARN() && r.AccessKeyID != "" && other.AccessKeyID == r.AccessKeyID {
			return fmt.Errorf("role %q: its access key id is that of %s", r.Name, arn)
		}
	}
	s.known[r.ARN()] = k
	s.collect()
	return nil
}

// DeleteRole deletes a role, which ends its sessions. It reports whether the role existed.
func (s *Service) DeleteRole(account, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := Role{Name: name, Account: account}.ARN()
	_, was := s.known[arn]
	delete(s.known, arn)
	s.collect()
	return was
}

// collect updates the roles of the state from those known. The lock must be held.
func (s *Service) collect() {
	s.state.Roles = nil
	for _, k := range s.known {
		s.state.Roles = append(s.state.Roles, k.Role)
	}
	slices.SortFunc(s.state.Roles, func(a, b Role) int { return strings.Compare(a.ARN(), b.ARN()) })
}

// Policies returns the identity policies of a role, and whether it is declared.
func (s *Service) Policies(arn string) (policies []iam.Policy, declared bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, declared := s.known[arn]
	return k.policies, declared
}

// Roles lists the declared roles by ARN.
func (s *Service) Roles() []Role {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.state.Roles)
}

// Declared reports whether any role is declared. From then on, unknown access key IDs may do nothing.
func (s *Service) Declared() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.known) > 0
}

// Lookup finds the identity of an access key ID and, for temporary credentials, a session token. It fails with ErrUnknown, ErrToken
// or ErrExpired.
func (s *Service) Lookup(id, token string) (Identity, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if token != "" {
		return s.session(id, token)
	}
	for _, k := range s.known {
		if id != "" && k.AccessKeyID == id {
			arn := k.ARN()
			return Identity{k.SecretAccessKey, call.Principal{ARN: arn, Role: arn, UserID: roleID(arn), Account: k.Account,
				AccessKeyID: id, Policies: k.policies}}, nil
		}
	}
	return Identity{}, ErrUnknown
}

// session is the content of a session token.
type session struct {
	ID, Secret             string
	Account, Role, Session string
	Expires                time.Time
	Policy                 json.RawMessage   `json:",omitempty"`
	Scopes                 []json.RawMessage `json:",omitempty"` // of GetScopedCredentials
	SourceIdentity         string            `json:",omitempty"`
	Tags                   map[string]string `json:",omitempty"` // with those that it inherited
	Transitive             []string          `json:",omitempty"` // keys of Tags
	Filler                 string            `json:",omitempty"` // makes the token as long as was asked
}

func (s *Service) session(id, token string) (Identity, error) {
	var se session
	if !s.unsealToken(token, &se) || se.ID != id {
		return Identity{}, ErrToken
	}
	arn := Role{Name: se.Role, Account: se.Account}.ARN()
	k, declared := s.known[arn]
	switch {
	case !declared && len(s.known) > 0:
		return Identity{}, ErrToken
	case !s.now().Before(se.Expires):
		return Identity{}, ErrExpired
	}
	var narrowed *iam.Policy
	if se.Policy != nil {
		policy, err := iam.ParseIdentity(se.Policy)
		if err != nil {
			return Identity{}, ErrToken // was parsed when the role was assumed
		}
		narrowed = &policy
	}
	var scopes []iam.Policy
	for _, document := range se.Scopes {
		policy, err := iam.ParseIdentity(document)
		if err != nil {
			return Identity{}, ErrToken // was parsed when the session was scoped down
		}
		scopes = append(scopes, policy)
	}
	return Identity{se.Secret, call.Principal{
		Session: narrowed, Scopes: scopes, SessionToken: token, SourceIdentity: se.SourceIdentity, Tags: se.Tags, Transitive: se.Transitive,
		ARN: "arn:aws:sts::" + se.Account + ":assumed-role/" + se.Role + "/" + se.Session, Role: arn,
		UserID: roleID(arn) + ":" + se.Session, Account: se.Account, AccessKeyID: id,
		Root: !declared, Policies: k.policies}}, nil
}

func (s *Service) sealToken(se session) (string, error) {
	plain, err := json.Marshal(se)
	if err != nil {
		return "", err
	}
	aead, err := s.aead()
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, plain, nil)), nil
}

func (s *Service) unsealToken(token string, se *session) bool {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return false
	}
	aead, err := s.aead()
	if err != nil {
		return false
	}
	plain, err := aead.Open(nil, nil, raw, nil)
	return err == nil && json.Unmarshal(plain, se) == nil
}

func (s *Service) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.state.TokenKey)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// roleID is the unique ID of a role. It depends on the ARN only, so that a seed gives the same IDs everywhere.
func roleID(arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return "AROA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// NewAccessKey makes a random access key in the form of AWS's: an ID that begins with prefix ("AKIA" long-term, "ASIA" temporary) and a
// secret of 40 characters.
func NewAccessKey(prefix string) (id, secret string) {
	raw := make([]byte, 40)
	_, _ = rand.Read(raw)
	return prefix + base32.StdEncoding.EncodeToString(raw[:10]), base64.StdEncoding.EncodeToString(raw[10:])
}
