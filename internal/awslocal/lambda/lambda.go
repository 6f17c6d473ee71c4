// Package lambda is the Lambda service of the embedded AWS. It publishes and returns layers, and
// keeps the configuration of functions, their versions and aliases, as https://docs.aws.amazon.com/lambda/latest/api/ describes. It does
// not run functions.
//
// Versions are immutable, their numbers are never used again, and every PublishLayerVersion makes a new one. The
// Location of a version's content is an HTTP link to its archive, which works for ten minutes.
package lambda

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// Service holds the layers and functions of all accounts and regions. Make one with New.
type Service struct {
	operations map[string]call.Handler
	options    Options
	clock      func() time.Time
	secret     []byte // signs the links of Location

	mu        sync.RWMutex
	layers    map[string]*layer    // by ARN
	functions map[string]*function // by ARN
	signing   map[string]*signing  // by ARN
	content   content
}

// Options is how long functions take to change.
type Options struct {
	Update   time.Duration // creating or updating a function
	Snapshot time.Duration // publishing a version with SnapStart, and $LATEST.PUBLISHED
}

// layer has all versions of one name in one account and region. It stays when its last version is deleted, so that
// numbers are not used again.
type layer struct {
	ARN      string     `json:"arn"`
	Last     int64      `json:"last"` // the highest number ever given
	Versions []*version `json:"versions"`
}

// version is one published layer version.
type version struct {
	Number        int64       `json:"number"`
	Created       time.Time   `json:"created"`
	Description   string      `json:"description"`
	License       string      `json:"license,omitempty"`
	Runtimes      []string    `json:"runtimes,omitzero"`
	Architectures []string    `json:"architectures,omitzero"`
	Digest        digest      `json:"digest"`
	Size          int64       `json:"size"`
	Statements    []statement `json:"statements,omitempty"`
	Revision      string      `json:"revision,omitempty"` // of Statements
}

func (l *layer) name() string { return l.ARN[strings.LastIndexByte(l.ARN, ':')+1:] }

func (l *layer) find(number int64) *version {
	for _, v := range l.Versions {
		if v.Number == number {
			return v
		}
	}
	return nil
}

func (l *layer) versionARN(number int64) string { return l.ARN + ":" + strconv.FormatInt(number, 10) }

// New makes a service without layers. Archives are files in dir, which is made when the first one is published, or in
// memory if dir is "". Links expire by the clock.
func New(dir string, clock func() time.Time, o Options) *Service {
	s := &Service{options: o, clock: clock, secret: make([]byte, 32), layers: map[string]*layer{}, functions: map[string]*function{},
		signing: map[string]*signing{}, content: newContent(dir)}
	rand.Read(s.secret) // never fails
	s.operations = map[string]call.Handler{
		"PublishLayerVersion":             call.Decoded(s.publish),
		"GetLayerVersion":                 call.Decoded(s.get),
		"GetLayerVersionByArn":            call.Decoded(s.getByARN),
		"DeleteLayerVersion":              call.Decoded(s.delete),
		"ListLayerVersions":               call.Decoded(s.listVersions),
		"ListLayers":                      call.Decoded(s.listLayers),
		"AddLayerVersionPermission":       call.Decoded(s.addPermission),
		"RemoveLayerVersionPermission":    call.Decoded(s.removePermission),
		"GetLayerVersionPolicy":           call.Decoded(s.getPolicy),
		"CreateCodeSigningConfig":         call.Decoded(s.createSigning),
		"DeleteCodeSigningConfig":         call.Decoded(s.deleteSigning),
		"DeleteFunctionCodeSigningConfig": call.Decoded(s.deleteFunctionSigning),
		"GetCodeSigningConfig":            call.Decoded(s.getSigning),
		"PutFunctionCodeSigningConfig":    call.Decoded(s.putFunctionSigning),
		"GetFunctionCodeSigningConfig":    call.Decoded(s.getFunctionSigning),
		"ListTags":                        call.Decoded(s.listTags),
		"CreateFunction":                  call.Decoded(s.createFunction),
		"DeleteFunction":                  call.Decoded(s.deleteFunction),
		"GetFunction":                     call.Decoded(s.getFunction),
		"GetFunctionConfiguration":        call.Decoded(s.getConfiguration),
		"UpdateFunctionConfiguration":     call.Decoded(s.updateConfiguration),
		"UpdateFunctionCode":              call.Decoded(s.updateCode),
		"ListFunctions":                   call.Decoded(s.listFunctions),
		"ListVersionsByFunction":          call.Decoded(s.listFunctionVersions),
		"PublishVersion":                  call.Decoded(s.publishVersion),
		"CreateAlias":                     call.Decoded(s.createAlias),
		"GetAlias":                        call.Decoded(s.getAlias),
		"UpdateAlias":                     call.Decoded(s.updateAlias),
		"ListAliases":                     call.Decoded(s.listAliases),
		"DeleteAlias":                     call.Decoded(s.deleteAlias),
	}
	return s
}

// Name is the service's signing name.
func (s *Service) Name() string { return "lambda" }

// Operations lists the handlers by operation name.
func (s *Service) Operations() map[string]call.Handler { return s.operations }

// Mutates reports whether an operation changes the state.
func (s *Service) Mutates(operation string) bool {
	return !strings.HasPrefix(operation, "Get") && !strings.HasPrefix(operation, "List")
}

// state is what Snapshot writes and Restore reads. It does not have the archives: they are separate files, or, in
// memory, end with the process.
type state struct {
	Layers    []*layer    `json:"layers"`
	Functions []*function `json:"functions,omitempty"`
	Signing   []*signing  `json:"signing,omitempty"`
}

// Snapshot returns all layers without their archives, and all functions.
func (s *Service) Snapshot() (json.RawMessage, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := state{Layers: []*layer{}}
	for _, arn := range slices.Sorted(maps.Keys(s.layers)) {
		st.Layers = append(st.Layers, s.layers[arn])
	}
	for _, arn := range slices.Sorted(maps.Keys(s.functions)) {
		st.Functions = append(st.Functions, s.functions[arn])
	}
	for _, arn := range slices.Sorted(maps.Keys(s.signing)) {
		st.Signing = append(st.Signing, s.signing[arn])
	}
	return json.Marshal(st)
}

// Restore replaces everything with a snapshot, and drops the archives that it does not name. An inconsistent snapshot
// changes nothing.
func (s *Service) Restore(snapshot json.RawMessage) error {
	var st state
	if err := json.Unmarshal(snapshot, &st); err != nil {
		return fmt.Errorf("lambda: the snapshot is damaged: %w", err)
	}
	layers := map[string]*layer{}
	for _, l := range st.Layers {
		if l == nil || !layerARN.MatchString(l.ARN) {
			return fmt.Errorf("lambda: the snapshot is damaged: a layer without ARN")
		}
		for _, v := range l.Versions {
			if v == nil || v.Number < 1 || v.Number > l.Last || !v.Digest.valid() {
				return fmt.Errorf("lambda: the snapshot is damaged: a version of layer %q", l.ARN)
			}
		}
		layers[l.ARN] = l
	}
	functions, err := restored(st.Functions)
	if err != nil {
		return err
	}
	configs := map[string]*signing{}
	for _, c := range st.Signing {
		if c == nil || !signingARN.MatchString(c.ARN) {
			return fmt.Errorf("lambda: the snapshot is damaged: a code signing configuration")
		}
		configs[c.ARN] = c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layers, s.functions, s.signing = layers, functions, configs
	s.content.forget(s.used())
	return s.content.clean(s.used())
}

// used lists the archives that some version has. The caller holds a lock.
func (s *Service) used() map[digest]bool {
	used := map[digest]bool{}
	for _, l := range s.layers {
		for _, v := range l.Versions {
			used[v.Digest] = true
		}
	}
	return used
}

// allow authorizes an operation by the caller's identity policies and, if there is one, the policy of a layer version.
func (s *Service) allow(r *call.Request, resource string, v *version) error {
	shared, err := v.shared()
	if err != nil {
		return err
	}
	return s.permit(r, action(r.Operation), resource, shared, nil)
}

// shared is the policy of a layer version, or nil if it has none.
func (v *version) shared() (*iam.Policy, error) {
	if v == nil || len(v.Statements) == 0 {
		return nil, nil
	}
	policy, err := v.policy()
	return &policy, err
}

// permit authorizes an action by the caller's identity policies and, unless it is nil, the policy of the resource.
func (s *Service) permit(r *call.Request, action, resource string, shared *iam.Policy, keys map[string][]string) error {
	access := iam.Access{Principal: r.Caller.ARN, Account: r.Caller.Account, Action: "lambda:" + action, Resource: resource, Keys: keys}
	if d := r.Caller.Evaluate(shared, access); !d.Allowed {
		return &call.Error{Status: 403, Code: "AccessDeniedException", Message: d.Message(access)}
	}
	return nil
}

// action is the permission that an operation needs.
func action(operation string) string {
	if operation == "GetLayerVersionByArn" {
		return "GetLayerVersion"
	}
	return operation
}
