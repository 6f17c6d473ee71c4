// Package ssm is the Parameter Store of the embedded AWS.
//
// A SecureString is stored as in AWS: in the standard tier, as the ciphertext of one kms:Encrypt under the parameter's key with the
// encryption context PARAMETER_ARN; in the advanced tier, as a message sealed with a data key of that key. A read without decryption
// returns that ciphertext (https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html).
package ssm

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/secretsmanager"
)

// KMS is what Parameter Store needs from KMS. Every method acts as the caller of the request, and needs the permissions of the KMS
// operation of the same name.
type KMS interface {
	EncryptFor(req *call.Request, keyRef string, plaintext []byte, context map[string]string) (blob []byte, keyARN string, err error)
	DecryptFor(req *call.Request, blob []byte, context map[string]string) (plaintext []byte, keyARN string, err error)
	GenerateDataKeyFor(req *call.Request, keyRef string, context map[string]string) (plaintext, blob []byte, keyARN string, err error)
	EnsureManaged(req *call.Request, alias string) error
	// DryRunFor fails as EncryptFor or GenerateDataKeyFor would, and encrypts nothing.
	DryRunFor(req *call.Request, operation, keyRef string, plaintext []byte, context map[string]string) error
}

// Secrets is what Parameter Store needs from Secrets Manager, for parameters that refer to secrets.
type Secrets interface {
	// ReferenceFor reads a version of a secret as the caller, who needs the permissions for secretsmanager:GetSecretValue.
	ReferenceFor(req *call.Request, name, selector string) (secretsmanager.Referenced, error)
}

// Options are switches for behavior that AWS documents as possible but rare, or does not document.
type Options struct {
	// EmptyPages makes every paged read begin with a page that has no items but a NextToken, which AWS may do at any time
	// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html).
	EmptyPages bool
	// DuplicatesRefused makes GetParameters fail with ValidationException if a request has a name twice. AWS does not document what
	// it does; without this option, the reply has the parameter once.
	DuplicatesRefused bool
	// PartialBatches makes GetParameters with decryption list what it cannot decrypt in InvalidParameters. AWS does not document
	// what it does; without this option, one such parameter fails the whole call.
	PartialBatches bool
	// CommittedMessages seals the advanced tier in messages of the Encryption SDK's format 2, with key commitment, instead of format 1.
	// AWS does not document which it uses.
	CommittedMessages bool
	// Trial makes PutParameter check everything, but encrypt nothing: a SecureString cannot be read afterwards.
	Trial bool
}

// Service is the Parameter Store of every account and region. It implements call.Service.
type Service struct {
	kms     KMS
	secrets Secrets
	options Options

	mu     sync.RWMutex
	stores map[string]store // by "account/region"

	sorting sync.Mutex
	sorted  map[string][]string // the names in a store, ascending; none if it has changed since
}

// store holds the parameters of one account and region by their canonical name.
type store map[string]*parameter

// parameter is one parameter with its versions.
type parameter struct {
	Name     string            `json:"name"` // as it was first put: "foo" and "/foo" are one parameter, but AWS keeps the spelling
	ARN      string            `json:"arn"`
	Tags     map[string]string `json:"tags,omitempty"`
	Versions []*version        `json:"versions"` // ascending, at least one, at most 100
}

// version is one version of a parameter. Once it is stored, only its labels and its mark of the sample file change.
type version struct {
	Number         int64     `json:"number"`
	Type           string    `json:"type"`
	Value          string    `json:"value"`            // of a SecureString: the ciphertext in base64
	KeyID          string    `json:"key_id,omitempty"` // as it was put: an alias stays an alias
	Tier           string    `json:"tier"`
	Modified       time.Time `json:"modified"` // in milliseconds
	User           string    `json:"user"`
	Description    string    `json:"description,omitempty"`
	AllowedPattern string    `json:"allowed_pattern,omitempty"`
	DataType       string    `json:"data_type"`
	Labels         []string  `json:"labels,omitempty"`

	Policies []inlinePolicy `json:"policies,omitempty"`

	Sample int `json:"sample,omitempty"` // which value of the sample file this is, from 1; 0 if it is none
}

// New makes an empty Parameter Store on top of a KMS and a Secrets Manager.
func New(kms KMS, secrets Secrets, o Options) *Service {
	return &Service{kms: kms, secrets: secrets, options: o, stores: map[string]store{}, sorted: map[string][]string{}}
}

// Name is "ssm".
func (s *Service) Name() string { return "ssm" }

// Operations implements call.Service.
func (s *Service) Operations() map[string]call.Handler {
	return map[string]call.Handler{
		"GetParameter":            s.getParameter,
		"GetParameters":           s.getParameters,
		"GetParametersByPath":     s.getParametersByPath,
		"GetParameterHistory":     s.getParameterHistory,
		"DescribeParameters":      s.describeParameters,
		"PutParameter":            s.putParameter,
		"DeleteParameter":         s.deleteParameter,
		"DeleteParameters":        s.deleteParameters,
		"LabelParameterVersion":   s.labelParameterVersion,
		"UnlabelParameterVersion": s.unlabelParameterVersion,
		"ListTagsForResource":     s.listTagsForResource,
		"AddTagsToResource":       s.addTagsToResource,
		"RemoveTagsFromResource":  s.removeTagsFromResource,
	}
}

// Mutates implements call.Service.
func (s *Service) Mutates(operation string) bool {
	return !strings.HasPrefix(operation, "Get") && !strings.HasPrefix(operation, "Describe") && !strings.HasPrefix(operation, "List")
}

// Snapshot implements call.Service.
func (s *Service) Snapshot() (json.RawMessage, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return json.Marshal(s.stores)
}

// Restore implements call.Service.
func (s *Service) Restore(state json.RawMessage) error {
	stores := map[string]store{}
	if err := json.Unmarshal(state, &stores); err != nil {
		return errors.New("ssm: the snapshot is damaged") // the decoder's error could quote a value
	}
	for place, all := range stores {
		for name, p := range all {
			if !p.whole() {
				return fmt.Errorf("ssm: the snapshot is damaged: parameter %q in %q", name, place)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stores, s.sorted = stores, map[string][]string{}
	return nil
}

// whole reports whether a parameter from a snapshot has its versions, in order, and each SecureString a ciphertext.
func (p *parameter) whole() bool {
	if p == nil || len(p.Versions) == 0 {
		return false
	}
	last := int64(0)
	for _, v := range p.Versions {
		if v == nil || v.Number <= last {
			return false
		}
		if _, err := base64.StdEncoding.DecodeString(v.Value); v.Type == secureString && err != nil {
			return false
		}
		last = v.Number
	}
	return true
}

func place(account, region string) string { return account + "/" + region }

// find returns the parameter and the version that a reference selects. Each is nil if it does not exist. The lock must be held.
func (s *Service) find(r reference) (*parameter, *version) {
	p := s.stores[place(r.account, r.region)][r.name]
	if p == nil {
		return nil, nil
	}
	return p, p.version(r.selector)
}

// newest is the current version.
func (p *parameter) newest() *version { return p.Versions[len(p.Versions)-1] }

// version returns the version that a selector selects: "" is the newest, digits are a version, anything else is a label. It returns
// nil if there is none.
func (p *parameter) version(selector string) *version {
	if selector == "" {
		return p.newest()
	}
	number, err := strconv.ParseInt(selector, 10, 64)
	for _, v := range p.Versions {
		if err == nil && v.Number == number || v.hasLabel(selector) {
			return v
		}
	}
	return nil
}

func (v *version) hasLabel(label string) bool {
	for _, l := range v.Labels {
		if l == label {
			return true
		}
	}
	return false
}

// epoch is a time in AWS's JSON protocol: seconds since 1970, with three decimals.
type epoch time.Time

// MarshalJSON implements json.Marshaler.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(e).UnixMilli())/1000, 'f', 3, 64), nil
}
