// Package ssm is the Parameter Store of the embedded AWS.
//
// A SecureString is stored as what AWS stores: in the standard tier the ciphertext of one kms:Encrypt under the parameter's key with
// the encryption context PARAMETER_ARN, in the advanced tier a message sealed with a data key of that key. Without decryption that
// ciphertext is handed out (https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html).
package ssm

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// KMS is what the Parameter Store needs of KMS. Every method acts as the caller of the request, with the permissions that the KMS
// operation of the same name needs.
type KMS interface {
	EncryptFor(req *call.Request, keyRef string, plaintext []byte, context map[string]string) (blob []byte, keyARN string, err error)
	DecryptFor(req *call.Request, blob []byte, context map[string]string) (plaintext []byte, keyARN string, err error)
	GenerateDataKeyFor(req *call.Request, keyRef string, context map[string]string) (plaintext, blob []byte, keyARN string, err error)
	EnsureManaged(req *call.Request, alias string) error
}

// Options are switches for behavior that AWS documents as possible but rare, or does not document.
type Options struct {
	// EmptyPages makes every paged read begin with a page that has no items but a NextToken, which AWS may do at any time
	// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html).
	EmptyPages bool
	// DuplicatesRefused answers GetParameters with ValidationException where a name is asked for twice. AWS does not document what
	// it does; without this, a name asked for twice is answered once.
	DuplicatesRefused bool
	// PartialBatches lets a decrypting GetParameters list what cannot be decrypted among the InvalidParameters. AWS does not document
	// what it does; without this, one such parameter fails the whole call.
	PartialBatches bool
	// CommittedMessages seals the advanced tier in messages of the Encryption SDK's format 2, with key commitment, instead of format 1.
	// AWS does not document which it uses.
	CommittedMessages bool
}

// Service is the Parameter Store of every account and region. It implements call.Service.
type Service struct {
	kms     KMS
	options Options

	mu     sync.RWMutex
	stores map[string]store // by "account/region"
}

// store holds the parameters of one account and region by their canonical name.
type store map[string]*parameter

// parameter is one parameter with its history.
type parameter struct {
	Name     string            `json:"name"` // as it was first put: "foo" and "/foo" are one parameter, but AWS repeats the spelling
	ARN      string            `json:"arn"`
	Tags     map[string]string `json:"tags,omitempty"`
	Versions []*version        `json:"versions"` // ascending, at least one, at most 100
}

// version is one version of a parameter. It does not change once stored, but for its labels.
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
}

// New makes an empty Parameter Store on top of a KMS.
func New(kms KMS, o Options) *Service {
	return &Service{kms: kms, options: o, stores: map[string]store{}}
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
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stores = stores
	return nil
}

func place(account, region string) string { return account + "/" + region }

// find gives the parameter and the version that a reference selects; the parameter is nil where it does not exist, the version
// where only it does not. The lock must be held.
func (s *Service) find(r reference) (*parameter, *version) {
	p := s.stores[place(r.account, r.region)][r.name]
	if p == nil {
		return nil, nil
	}
	return p, p.version(r.selector)
}

// newest is the current version.
func (p *parameter) newest() *version { return p.Versions[len(p.Versions)-1] }

// version gives what a selector selects: "" the newest, digits a version, else a label; nil if there is none.
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

// epoch is a time as the JSON protocol has it: seconds with three decimals.
type epoch time.Time

// MarshalJSON implements json.Marshaler.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(e).UnixMilli())/1000, 'f', 3, 64), nil
}
