package kms

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// grant is one grant of a key (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html). It counts at once, and its tokens
// change nothing. A service principal is never a caller here.
type grant struct {
	ID              string      `json:"id"`
	Name            string      `json:"name,omitempty"`
	Created         time.Time   `json:"created"`
	Issuer          string      `json:"issuer"` // the account
	Grantee         string      `json:"grantee,omitempty"`
	GranteeService  string      `json:"grantee_service,omitempty"`
	Retiring        string      `json:"retiring,omitempty"`
	RetiringService string      `json:"retiring_service,omitempty"`
	Operations      []string    `json:"operations"` // sorted
	Constraints     constraints `json:"constraints,omitzero"`
}

// constraints are https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html.
type constraints struct {
	EncryptionContextEquals map[string]string `json:",omitempty"`
	EncryptionContextSubset map[string]string `json:",omitempty"`
	SourceArn               string            `json:",omitempty"`
}

func (c constraints) none() bool {
	return c.EncryptionContextEquals == nil && c.EncryptionContextSubset == nil && c.SourceArn == ""
}

// contextOperations are the operations of a grant that have an encryption context.
func contextOperations() []string {
	return []string{"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
		"GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
}

// grantOperations are all operations that a grant can allow, as AWS lists them.
func grantOperations() []string {
	return []string{"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", "Sign", "Verify",
		"GetPublicKey", "CreateGrant", "RetireGrant", "DescribeKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateMac",
		"VerifyMac", "DeriveSharedSecret", "Encapsulate", "Decapsulate"}
}

// supports reports whether a grant of this key can allow an operation.
func (k *key) supports(operation string) bool {
	switch operation {
	case "CreateGrant", "RetireGrant", "DescribeKey":
		return true
	case "GetPublicKey":
		return kind(k.Spec) == "asymmetric"
	case "Sign", "Verify":
		return k.Usage == "SIGN_VERIFY"
	case "GenerateMac", "VerifyMac":
		return k.Usage == "GENERATE_VERIFY_MAC"
	case "DeriveSharedSecret":
		return k.Usage == "KEY_AGREEMENT"
	case "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo":
		return k.Usage == usageEncrypt
	case "Encapsulate", "Decapsulate":
		return k.Usage == "ENCAPSULATE_DECAPSULATE"
	}
	return k.Spec == specSymmetric && strings.HasPrefix(operation, "GenerateDataKey")
}

// grantees are the principals to whom grants of the key give an access with these condition keys.
func (k *key) grantees(action string, keys map[string][]string) []string {
	var all []string
	for _, g := range k.Grants {
		if g.Grantee != "" && slices.Contains(g.Operations, action) && g.Constraints.hold(action, keys) {
			all = append(all, g.Grantee)
		}
	}
	return all
}

// hold reports whether a request meets the constraints. No request here is made on behalf of a resource. DescribeKey has no encryption
// context, so it can only fail by SourceArn.
func (c constraints) hold(action string, keys map[string][]string) bool {
	if c.SourceArn != "" {
		return false
	}
	if !slices.Contains(contextOperations(), action) {
		return true
	}
	context := map[string]string{}
	for name, values := range keys {
		if pair, is := strings.CutPrefix(name, "kms:EncryptionContext:"); is {
			context[pair] = values[0]
		}
	}
	return (c.EncryptionContextSubset == nil || includes(context, c.EncryptionContextSubset)) &&
		(c.EncryptionContextEquals == nil || len(context) == len(c.EncryptionContextEquals) && includes(context, c.EncryptionContextEquals))
}

// includes reports whether an encryption context has the pairs of a constraint, whose names are not case-sensitive.
func includes(context, pairs map[string]string) bool {
	for name, value := range pairs {
		found := false
		for other, has := range context {
			found = found || strings.EqualFold(name, other) && value == has
		}
		if !found {
			return false
		}
	}
	return true
}

// within reports whether a grant gives nothing that its parent, which allows CreateGrant, does not give.
func (g *grant) within(parent *grant) bool {
	for _, operation := range g.Operations {
		if !slices.Contains(parent.Operations, operation) {
			return false
		}
	}
	old, c := parent.Constraints, g.Constraints
	equals := old.EncryptionContextEquals == nil ||
		len(c.EncryptionContextEquals) == len(old.EncryptionContextEquals) && includes(c.EncryptionContextEquals, old.EncryptionContextEquals)
	subset := old.EncryptionContextSubset == nil ||
		includes(c.EncryptionContextEquals, old.EncryptionContextSubset) || includes(c.EncryptionContextSubset, old.EncryptionContextSubset)
	return equals && subset && old.SourceArn == ""
}

type createGrantInput struct {
	KeyId                    *string
	GranteePrincipal         string
	GranteeServicePrincipal  string
	RetiringPrincipal        string
	RetiringServicePrincipal string
	Operations               []string
	Constraints              constraints
	Name                     string
	GrantTokens              []string
	DryRun                   bool
}

// createGrant is https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html.
func (s *Service) createGrant(r *call.Request, in *createGrantInput) (any, error) {
	g, err := in.grant(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.findByID(r, *in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return nil, err
	}
	if err := s.allowGrant(r, k, g); err != nil {
		return nil, err
	}
	if err := k.usable(); err != nil && k.State != statePendingImport {
		return nil, err
	}
	if err := g.fits(k.key); err != nil {
		return nil, err
	}
	if in.DryRun {
		return nil, dryRun()
	}
	at := slices.IndexFunc(k.Grants, func(old *grant) bool { return g.Name != "" && g.repeats(old) })
	if at >= 0 {
		g = k.Grants[at]
	} else {
		k.Grants = append(slices.Clone(k.Grants), g)
	}
	return map[string]any{"GrantId": g.ID, "GrantToken": newToken(k.arn(), g.ID)}, nil
}

// allowGrant authorizes CreateGrant. A grant can allow it too.
func (s *Service) allowGrant(r *call.Request, k reference, g *grant) error {
	extra := []conditionKeys{condition("kms:GrantIsForAWSResource", "false"), func(keys map[string][]string) { keys["kms:GrantOperations"] = g.Operations }}
	for name, value := range map[string]string{"kms:GranteePrincipal": g.Grantee + g.GranteeService, "kms:RetiringPrincipal": g.Retiring + g.RetiringService} {
		if value != "" {
			extra = append(extra, condition(name, value))
		}
	}
	switch equals, subset := g.Constraints.EncryptionContextEquals, g.Constraints.EncryptionContextSubset; {
	case equals != nil:
		extra = append(extra, condition("kms:GrantConstraintType", "EncryptionContextEquals"), contextKeys(equals))
	case subset != nil:
		extra = append(extra, condition("kms:GrantConstraintType", "EncryptionContextSubset"), contextKeys(subset))
	}
	access := s.access(r, "CreateGrant", k, k.policy(r.Now), extra)
	for _, parent := range k.Grants {
		if parent.Grantee != "" && slices.Contains(parent.Operations, "CreateGrant") && g.within(parent) {
			access.Grantees = append(access.Grantees, parent.Grantee)
		}
	}
	return s.decide(r, k, k.policy(r.Now), access)
}

// grant checks the members of a request that do not depend on the key, and returns the grant that it describes.
func (in *createGrantInput) grant(r *call.Request) (*grant, error) {
	if _, err := required("keyId", in.KeyId); err != nil {
		return nil, err
	}
	for _, check := range []func() error{in.checkOperations, in.checkPrincipals, in.checkConstraints, in.checkName} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	for _, pairs := range []*map[string]string{&in.Constraints.EncryptionContextEquals, &in.Constraints.EncryptionContextSubset} {
		if len(*pairs) == 0 {
			*pairs = nil
		}
	}
	id := make([]byte, 32)
	rand.Read(id) // never fails
	g := &grant{
		ID: hex.EncodeToString(id), Name: in.Name, Created: r.Now, Issuer: r.Caller.Account,
		Grantee: in.GranteePrincipal, GranteeService: in.GranteeServicePrincipal, Retiring: in.RetiringPrincipal, RetiringService: in.RetiringServicePrincipal,
		Operations: slices.Compact(slices.Sorted(slices.Values(in.Operations))), Constraints: in.Constraints,
	}
	return g, nil
}

func (in *createGrantInput) checkOperations() error {
	if in.Operations == nil {
		return constraint(" null", "operations", "not be null")
	}
	if len(in.Operations) == 0 {
		return validation("A grant needs at least one operation.")
	}
	for _, operation := range in.Operations {
		if !slices.Contains(grantOperations(), operation) {
			return constraint(" '["+strings.Join(in.Operations, ", ")+"]'", "operations",
				"satisfy constraint: [Member must satisfy enum value set: ["+strings.Join(grantOperations(), ", ")+"]]")
		}
	}
	return nil
}

func (in *createGrantInput) checkPrincipals() error {
	for _, p := range []struct{ member, value string }{{"granteePrincipal", in.GranteePrincipal}, {"retiringPrincipal", in.RetiringPrincipal}} {
		if err := checkPrincipal(p.member, p.value); err != nil {
			return err
		}
	}
	for _, p := range []struct{ member, value string }{
		{"granteeServicePrincipal", in.GranteeServicePrincipal}, {"retiringServicePrincipal", in.RetiringServicePrincipal},
	} {
		if p.value != "" && (len(p.value) > 128 || !servicePattern.MatchString(p.value)) {
			return constraint(" '"+p.value+"'", p.member, `satisfy regular expression pattern: ^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$`)
		}
	}
	switch {
	case (in.GranteePrincipal == "") == (in.GranteeServicePrincipal == ""):
		return validation("You must specify either GranteePrincipal or GranteeServicePrincipal, but not both.")
	case in.RetiringPrincipal != "" && in.RetiringServicePrincipal != "":
		return validation("You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both.")
	case in.GranteeServicePrincipal != "" && in.Constraints.SourceArn == "":
		return validation("When you specify a GranteeServicePrincipal, you must also specify a SourceArn grant constraint.")
	case in.GranteeServicePrincipal != "" && in.RetiringPrincipal == "" && in.RetiringServicePrincipal == "":
		return validation("When you specify a GranteeServicePrincipal, you must also specify either a RetiringPrincipal or a RetiringServicePrincipal.")
	}
	return nil
}

var (
	principalCharacters = lazyregexp.New(`^[\w+=,.@:/-]+$`)
	principalPattern    = lazyregexp.New(`^arn:aws[a-z-]*:(iam::[0-9]{12}:(root|(user|role)/.+)|sts::[0-9]{12}:(assumed-role/[^/]+/[^/]+|federated-user/.+))$`)
	servicePattern      = lazyregexp.New(`^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$`)
	sourcePattern       = lazyregexp.New(`^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$`)
	grantNamePattern    = lazyregexp.New(`^[a-zA-Z0-9:/_-]+$`)
	grantIDPattern      = lazyregexp.New(`^[0-9a-f]{64}$`)
)

// checkPrincipal checks the ARN of a principal; "" is none.
func checkPrincipal(member, value string) error {
	switch {
	case value == "":
		return nil
	case len(value) > 256:
		return checkLength(member, value, 1, 256)
	case !principalCharacters.MatchString(value):
		return constraint(" '"+value+"'", member, `satisfy regular expression pattern: ^[\w+=,.@:/-]+$`)
	case !principalPattern.MatchString(value):
		return call.NewError("InvalidArnException", value+" is not the ARN of a principal.")
	}
	return nil
}

const (
	maxConstraintPairs = 8
	maxConstraintValue = 384 // characters
)

func (in *createGrantInput) checkConstraints() error {
	c := in.Constraints
	for name, pairs := range map[string]map[string]string{
		"EncryptionContextEquals": c.EncryptionContextEquals, "EncryptionContextSubset": c.EncryptionContextSubset,
	} {
		if len(pairs) > maxConstraintPairs {
			return validation("%s can have at most 8 encryption context pairs.", name)
		}
		for _, value := range pairs {
			if len([]rune(value)) > maxConstraintValue {
				return validation("A value of %s can have at most 384 characters.", name)
			}
		}
	}
	if c.SourceArn != "" && (len(c.SourceArn) < 20 || len(c.SourceArn) > 512 || !sourcePattern.MatchString(c.SourceArn)) {
		return constraint(" '"+c.SourceArn+"'", "constraints.sourceArn", "satisfy regular expression pattern: ^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$")
	}
	return nil
}

func (in *createGrantInput) checkName() error {
	if err := checkLength("name", in.Name, 0, 256); err != nil {
		return err
	}
	if in.Name != "" && !grantNamePattern.MatchString(in.Name) {
		return constraint(" '"+in.Name+"'", "name", "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$")
	}
	return nil
}

// fits refuses what a grant of that key cannot have.
func (g *grant) fits(k *key) error {
	for _, operation := range g.Operations {
		if !k.supports(operation) {
			return validation("Operation %s is not supported on %s, whose key spec is %s and whose key usage is %s.", operation, k.arn(), k.Spec, k.Usage)
		}
	}
	if k.Spec != specSymmetric && (g.Constraints.EncryptionContextEquals != nil || g.Constraints.EncryptionContextSubset != nil) {
		return validation("Encryption context grant constraints are only supported with symmetric encryption keys.")
	}
	return nil
}

// repeats reports whether a grant has the name and all parameters of another one.
func (g *grant) repeats(old *grant) bool {
	same := *g
	same.ID, same.Created = old.ID, old.Created
	return same.Name == old.Name && same.Grantee == old.Grantee && same.GranteeService == old.GranteeService && same.Retiring == old.Retiring &&
		same.RetiringService == old.RetiringService && slices.Equal(same.Operations, old.Operations) && same.Constraints.equal(old.Constraints)
}

func (c constraints) equal(other constraints) bool {
	pairs := func(a, b map[string]string) bool { return len(a) == len(b) && includes(a, b) }
	return c.SourceArn == other.SourceArn && pairs(c.EncryptionContextEquals, other.EncryptionContextEquals) &&
		pairs(c.EncryptionContextSubset, other.EncryptionContextSubset)
}

// newToken makes a token of a grant. Each is another one.
func newToken(arn, grantID string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(arn + "\n" + grantID + "\n" + rand.Text()))
}

// tokenGrant finds the grant that a token is of. The caller holds a lock.
func (s *Service) tokenGrant(token string) (*key, *grant, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	parts := strings.Split(string(b), "\n")
	if err == nil && len(parts) == 3 {
		if k := s.keys[parts[0]]; k != nil {
			if at := k.grantIndex(parts[1]); at >= 0 {
				return k, k.Grants[at], nil
			}
		}
	}
	return nil, nil, call.NewError("InvalidGrantTokenException", "The grant token is not valid.")
}

const (
	maxGrantTokens = 10
	maxGrantToken  = 8192 // characters
)

// checkTokens refuses tokens of grants that do not exist. The caller holds a lock.
func (s *Service) checkTokens(tokens []string) error {
	if len(tokens) > maxGrantTokens {
		return constraint(" '["+strconv.Itoa(len(tokens))+" tokens]'", "grantTokens", "have length less than or equal to 10")
	}
	for _, token := range tokens {
		if len(token) < 1 || len(token) > maxGrantToken {
			return constraint(" '["+strconv.Itoa(len(tokens))+" tokens]'", "grantTokens",
				"satisfy constraint: [Member must have length less than or equal to 8192, Member must have length greater than or equal to 1]")
		}
		if _, _, err := s.tokenGrant(token); err != nil {
			return err
		}
	}
	return nil
}

func (k *key) grantIndex(id string) int {
	return slices.IndexFunc(k.Grants, func(g *grant) bool { return g.ID == id })
}
