package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/secret"
)

var (
	// ErrRole reports a role that is not known or not valid.
	ErrRole = errors.New("no role")
	// ErrFunction reports a function that the environment does not have.
	ErrFunction = errors.New("no such function")
	// ErrNoPut reports that an environment has no secret that can be put.
	ErrNoPut = errors.New("nothing to put")
)

// A Setting is a manifest with what its references resolve to.
type Setting struct {
	Manifest *manifest.Manifest // as evaluated for the environment, and checked
	Region   string
	Account  string            // the environment's
	Keys     map[string]string // the ARN of every function's key, by the function's name in the manifest

	// Parameters are those that the manifest names or imports and that exist.
	// ParameterKeys are ARNs of more keys that any of them may be stored under.
	// BlindKeys are the ARNs of the environment's parameter_keys. If there are any,
	// blind functions can only move parameters that are stored under one of them.
	Parameters    []Parameter
	ParameterKeys []string
	BlindKeys     []string

	// Secrets are those of Secrets Manager that the manifest names and that exist.
	// SecretKeys are ARNs of more keys that any of them may be encrypted with.
	Secrets    []Secret
	SecretKeys []string

	BuildRole     string            // ARN; "" if the account's IAM policies decide who can seal
	PlanRole      string            // ARN; "" if it is not known
	PutRole       string            // ARN; "" if it is not known
	FunctionRoles map[string]string // ARNs, by the function's name in the manifest
	BreakGlass    []string          // ARNs of roles that can open everything

	OtherLayers []string // ARNs, or patterns of them, of versions of layers that functions have beside the bundle's, for Rollout

	// Kept has the digests of the headers of documents (bundle:document in the encryption
	// context, docs/format.md, F-22), by the function's name in the manifest. Key policies
	// deny opening all others to everyone but break-glass roles. Every function that shares
	// a key needs one, or it opens nothing. nil denies none.
	Kept map[string][]string

	// ByTags makes the policies of roles name a function's key by its Tags, not by its
	// ARN. Functions that share a key keep statements of their own. Lacking are those
	// whose keys lack their tags, as far as that is known.
	ByTags  bool
	Lacking []Lacking

	// FunctionsOnly makes the policy of KindDeployed one for the manifest's functions only.
	FunctionsOnly bool

	// Levels cuts the names of parameters after so many levels, so that the policies name
	// folders. 0 cuts none. See [Setting.InFolders]. Beyond is what that grants now.
	Levels int
	Beyond []Beyond

	// LevelsOf is Levels, by kind of policy, for what has policies of several kinds.
	LevelsOf map[string]int
}

// A Parameter is a parameter and the key that its current version is stored under.
type Parameter struct {
	Name string
	Key  string // ARN; "" if the parameter is not encrypted

	Advanced bool // it is of the advanced tier
}

// Check refuses invalid roles, roles of functions that the environment does not have, and
// a role that puts if nothing can be put. Its errors wrap ErrRole, ErrFunction or ErrNoPut.
func (s Setting) Check() error {
	var all []error
	for name, role := range s.FunctionRoles {
		if _, err := s.function(name); err != nil {
			all = append(all, err)
		}
		all = append(all, checkRole(role))
	}
	for _, role := range s.BreakGlass {
		all = append(all, checkRole(role))
	}
	for _, role := range []string{s.BuildRole, s.PlanRole, s.PutRole} {
		if role != "" {
			all = append(all, checkRole(role))
		}
	}
	if s.PutRole != "" {
		all = append(all, s.CheckPut())
	}
	return errors.Join(all...)
}

// roleARN matches a role or a user, without wildcards and policy variables. For a session, the ARN is that of its role. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
var roleARN = lazyregexp.New(`^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[!-#%-)+->@-~]+$`)

func checkRole(role string) error {
	if !roleARN.MatchString(role) {
		return fmt.Errorf("%w: %q is not the ARN of a role, such as arn:aws:iam::111111111111:role/hello", ErrRole, role)
	}
	return nil
}

// Functions returns the names of the environment's functions, in the order of
// the manifest.
func (s Setting) Functions() []string {
	var names []string
	for _, fn := range s.Manifest.Functions {
		names = append(names, fn.Name.Value)
	}
	return names
}

func (s Setting) function(name string) (manifest.Function, error) {
	for _, fn := range s.Manifest.Functions {
		if fn.Name.Value == name {
			return fn, nil
		}
	}
	return manifest.Function{}, fmt.Errorf("%w: environment %q has no function %q. It has %s",
		ErrFunction, s.Manifest.Environment.Name.Value, name, strings.Join(s.Functions(), ", "))
}

// Of returns the setting of some of the functions, for a role that works for them
// alone. Without names, it is the whole setting. Its errors wrap ErrFunction.
func (s Setting) Of(names []string) (Setting, error) {
	if len(names) == 0 {
		return s, nil
	}
	for _, name := range names {
		if _, err := s.function(name); err != nil {
			return s, err
		}
	}
	only, keys, roles := *s.Manifest, map[string]string{}, map[string]string{}
	only.Functions = nil
	for _, fn := range s.Manifest.Functions {
		if name := fn.Name.Value; slices.Contains(names, name) {
			only.Functions, keys[name] = append(only.Functions, fn), s.Keys[name]
			if role := s.FunctionRoles[name]; role != "" {
				roles[name] = role
			}
		}
	}
	s.Manifest, s.Keys, s.FunctionRoles = &only, keys, roles
	return s, nil
}

// sharing returns the functions that have the same key as fn, including fn.
func (s Setting) sharing(fn manifest.Function) []manifest.Function {
	var all []manifest.Function
	for _, other := range s.Manifest.Functions {
		if s.Keys[other.Name.Value] == s.Keys[fn.Name.Value] {
			all = append(all, other)
		}
	}
	return all
}

// partition returns "aws", "aws-cn" or "aws-us-gov": that of the keys or, if none is
// known, of the role.
func (s Setting) partition() string {
	for _, key := range s.Keys {
		if a, ok := arn.Parse(key); ok {
			return a.Partition
		}
	}
	if a, ok := arn.Parse(s.BuildRole); ok {
		return a.Partition
	}
	return "aws"
}

// viaSSM returns the values that kms:ViaService can have in a call that Parameter Store
// makes. AWS documents it with the suffix amazonaws.com, and not for every partition: so
// the name of the partition's endpoint is there as well.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
func (s Setting) viaSSM() List { return s.calledBy("ssm") }

// calledBy returns the values that kms:ViaService can have in a call that a service makes.
func (s Setting) calledBy(service string) List {
	all := List{service + "." + s.Region + ".amazonaws.com"}
	if suffix := arn.Domain(s.partition()); suffix != "" {
		all = append(all, service+"."+s.Region+"."+suffix)
	}
	return distinct(all)
}

// packed and blind return what packed and blind functions read.
func (s Setting) packed() reach {
	return s.reads(func(fn manifest.Function) bool { return !fn.Blind.Value })
}

func (s Setting) blind() reach {
	r := s.reads(func(fn manifest.Function) bool { return fn.Blind.Value })
	if len(s.BlindKeys) > 0 && len(r.parameters) > 0 {
		r.keys = distinct(slices.Clone(s.BlindKeys))
	}
	return r
}

// reach is what some functions read from Parameter Store: the parameters, and the keys
// that they are stored under.
type reach struct {
	parameters List // ARNs; those below a path end in "/*"
	paths      List // ARNs of the paths themselves
	keys       List // ARNs
}

// reads returns what the functions read for which pass is true.
func (s Setting) reads(pass func(manifest.Function) bool) reach {
	var r reach
	keys := s.keysByName()
	for _, fn := range s.Manifest.Functions {
		if !pass(fn) {
			continue
		}
		for _, sec := range fn.Secrets {
			if sec.SecretsManager.Value != "" {
				continue // see Setting.secrets
			}
			ref, err := secret.ParseRef(sec.Parameter.Value)
			if err != nil {
				continue // a check of the manifest has reported it
			}
			r.parameters = append(r.parameters, s.parameterARN(ref.Name))
			r.keys = append(r.keys, keys[ref.Name]...)
		}
		for _, im := range fn.Imports {
			r.paths = append(r.paths, s.parameterARN(strings.TrimSuffix(im.Path.Value, "/")))
			r.parameters = append(r.parameters, s.parameterARN(im.Parameter("*")))
			for name, under := range keys {
				if _, below := im.Below(name); below {
					r.keys = append(r.keys, under...)
				}
			}
		}
	}
	if len(r.parameters) > 0 {
		r.keys = append(r.keys, s.ParameterKeys...)
	}
	r.parameters, r.paths, r.keys = s.cut(r.parameters), s.cut(r.paths), distinct(r.keys)
	return r
}

// cut returns ARNs of parameters, or the folders that a policy names instead.
func (s Setting) cut(arns List) List {
	if s.Levels == 0 {
		return distinct(arns)
	}
	return shortened(arns, s.Levels)
}

func (s Setting) parameterARN(name string) string {
	return arn.Parameter(s.partition(), s.Region, s.Account, name).String()
}

// keyARN returns the ARN of a key of the region in an account. The ID * matches all of them.
func (s Setting) keyARN(account, id string) arn.ARN {
	return arn.ARN{Partition: s.partition(), Service: "kms", Region: s.Region, Account: account, Resource: "key/" + id}
}

// keysByName returns the keys that parameters are stored under.
func (s Setting) keysByName() map[string]List {
	keys := map[string]List{}
	for _, p := range s.Parameters {
		if p.Key != "" {
			keys[p.Name] = append(keys[p.Name], p.Key)
		}
	}
	return keys
}

// layers returns the ARNs of the layers that the bundle is published as.
func (s Setting) layers() List {
	var all List
	for _, fn := range s.Manifest.Functions {
		if fn.Layer.Value != "" {
			all = append(all, s.lambda("layer:"+fn.Layer.Value))
		}
	}
	return distinct(all)
}

// layerParameters returns the ARNs of the parameters that get the ARNs of the layers.
func (s Setting) layerParameters() List {
	var all List
	for _, fn := range s.Manifest.Functions {
		if name := fn.LayerParameter.Value; name != "" {
			all = append(all, s.parameterARN(name))
		}
	}
	return distinct(all)
}

// keys returns the keys of the functions.
func (s Setting) keys() List {
	var all List
	for _, key := range s.Keys {
		all = append(all, key)
	}
	return distinct(all)
}

// distinct sorts a list and removes duplicates.
func distinct(l List) List {
	slices.Sort(l)
	return slices.Compact(l)
}
