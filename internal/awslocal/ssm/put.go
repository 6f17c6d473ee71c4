package ssm

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Limits of https://docs.aws.amazon.com/general/latest/gr/ssm.html and
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html.
const (
	maxStandard    = 4096 // bytes of a value
	maxAdvanced    = 8192
	maxDescription = 1024 // characters
	maxPattern     = 1024
	maxKeyID       = 256
	maxDataType    = 128
	maxVersions    = 100
)

const intelligent = "Intelligent-Tiering"

// A Put is the request of PutParameter.
type Put struct {
	Name, Value, Type, KeyId, Tier string
	Description, AllowedPattern    string
	DataType, Policies             string
	Overwrite                      bool
	Tags                           []tag
}

func (s *Service) putParameter(req *call.Request) (any, error) {
	var in Put
	if err := req.Decode(&in); err != nil {
		return nil, err
	}
	v, err := s.put(req, &in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Version": v.Number, "Tier": v.Tier}, nil
}

// Put puts a parameter as PutParameter does, and returns the number of the new version. What AWS would only find out after its answer is
// an error.
func (s *Service) Put(req *call.Request, in *Put) (number int64, err error) {
	if in.DataType == image && !isImage(in.Value) {
		return 0, call.NewError("ValidationException", "The parameter value doesn't conform to the data type "+image+".")
	}
	v, err := s.put(req, in)
	if err != nil {
		return 0, err
	}
	return v.Number, nil
}

func (s *Service) put(req *call.Request, in *Put) (*version, error) {
	if err := in.checkModel(); err != nil {
		return nil, err
	}
	name, arn, err := newName(req, in.Name)
	if err != nil {
		return nil, err
	}
	var keys map[string][]string
	if req.Caller.Conditional() { // otherwise nothing asks for them
		keys = map[string][]string{"ssm:Overwrite": {strconv.FormatBool(in.Overwrite)}}
	}
	if err := req.Authorize("ssm:PutParameter", arn, keys); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.stores[place(req.Account, req.Region)][canonical(name)]
	v, err := in.version(req, old)
	if err != nil {
		return nil, err
	}
	if v.DataType == image && !isImage(in.Value) {
		return v, nil // AWS answers before it checks the value, and then neither creates nor updates the parameter
	}
	if v.Type == secureString {
		if v.Value, err = s.seal(req, arn, v.KeyID, v.Tier, in.Value); err != nil {
			return nil, err
		}
	}
	return v, s.add(req, name, arn, v, in.Tags)
}

var keyIDPattern = lazyregexp.New(`^([a-zA-Z0-9:/_-]+)$`)

// checkModel checks what the service's model says about the members.
func (in *Put) checkModel() error {
	var c check
	c.length("name", in.Name, 1, maxAsked)
	if in.Value == "" {
		c.refuse("", "value", "have length greater than or equal to 1")
	}
	c.length("description", in.Description, 0, maxDescription)
	c.length("allowedPattern", in.AllowedPattern, 0, maxPattern)
	c.length("dataType", in.DataType, 0, maxDataType)
	c.length("policies", in.Policies, 0, maxPoliciesLen)
	if in.KeyId != "" { // an empty one counts as none
		c.length("keyId", in.KeyId, 1, maxKeyID)
		c.pattern("keyId", in.KeyId, keyIDPattern, keyIDPattern.String())
	}
	if in.Type != "" {
		c.enum("type", in.Type, secureString, "StringList", "String")
	}
	if in.Tier != "" {
		c.enum("tier", in.Tier, standard, advanced, intelligent)
	}
	c.tags(in.Tags)
	return c.err()
}

// check checks what does not depend on existing versions.
func (in *Put) check() error {
	invalid := func(message string) error { return call.NewError("ValidationException", message) }
	switch {
	case in.DataType != "" && !slices.Contains(DataTypes(), in.DataType):
		return invalid("The following data type is not supported: " + in.DataType + " (Data type names are all lowercase.)")
	case strings.Contains(in.Value, "{{"):
		return invalid(`Parameter value can't nest another parameter. Do not use "{{}}" in the value.`)
	case in.Overwrite && len(in.Tags) > 0:
		return invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove " +
			"overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	}
	if _, err := withTags(nil, in.Tags); err != nil {
		return err
	}
	if in.AllowedPattern != "" {
		pattern, err := regexp.Compile(`^(?:` + in.AllowedPattern + `)$`)
		if err != nil {
			return call.NewError("InvalidAllowedPatternException", "The request doesn't meet the regular expression requirement.")
		}
		if !pattern.MatchString(in.Value) {
			return call.NewError("ParameterPatternMismatchException",
				"Parameter value, cannot be validated against allowedPattern: "+in.AllowedPattern)
		}
	}
	return nil
}

// version makes the version that the request asks for, with the value in plaintext. old is the existing parameter, or nil.
func (in *Put) version(req *call.Request, old *parameter) (*version, error) {
	v := &version{
		Number: 1, Type: in.Type, Value: in.Value, KeyID: in.KeyId, Tier: in.Tier, DataType: cmp.Or(in.DataType, text),
		Description: in.Description, AllowedPattern: in.AllowedPattern,
		Modified: req.Now.UTC().Truncate(time.Millisecond), User: req.Caller.ARN,
	}
	var err error
	if v.Policies, err = parsePolicies(in.Policies); err != nil {
		return nil, err
	}
	held := standard
	if old != nil {
		if !in.Overwrite {
			return nil, call.NewError("ParameterAlreadyExists",
				"The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
		}
		last := old.newest()
		v.Number, held = last.Number+1, last.Tier
		if v.Type == "" {
			v.Type = last.Type
		}
		if in.Policies == "" {
			v.Policies = last.Policies // they stay until others, or an empty list, replace them
		}
		if v.Type != last.Type {
			return nil, call.NewError("HierarchyTypeMismatchException", "Parameter Store doesn't support changing a parameter type in a "+
				"hierarchy. For example, you can't change a parameter from a String type to a SecureString type. "+
				"You must create a new, unique parameter.")
		}
		if v.DataType != last.DataType && (KeepsDataType(v.DataType) || KeepsDataType(last.DataType)) {
			return nil, call.NewError("ValidationException", "The data type of a parameter can't be changed to or from "+image+" or "+integration+".")
		}
	}
	if v.Type == "" {
		return nil, call.NewError("ValidationException", "A parameter type is required when you create a parameter.")
	}
	if err := in.checkDataType(v.Type); err != nil {
		return nil, err
	}
	switch {
	case v.Type != secureString && v.KeyID != "":
		return nil, call.NewError("ValidationException", "KeyId is required for SecureString type parameter only.")
	case v.Type == secureString && v.KeyID == "":
		v.KeyID = defaultKey
	}
	return v, v.settleTier(held)
}

// settleTier turns the requested tier into the tier of the version: a parameter never goes back to Standard
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html).
func (v *version) settleTier(held string) error {
	if v.Tier == standard && held == advanced {
		return call.NewError("ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from "+
			"the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and "+
			"recreate it as a standard parameter.")
	}
	if v.Tier == intelligent && (len(v.Value) > maxStandard || len(v.Policies) > 0 || NeedsAdvanced(v.DataType)) {
		v.Tier = advanced
	} else if v.Tier == "" || v.Tier == intelligent {
		v.Tier = held
	}
	most := maxStandard
	advice := " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see " +
		"https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
	if v.Tier == advanced {
		most, advice = maxAdvanced, ""
	}
	if v.Tier == standard && len(v.Policies) > 0 {
		return call.NewError("ValidationException", "Policies require the advanced-parameter tier."+advice)
	}
	if v.Tier == standard && NeedsAdvanced(v.DataType) {
		return call.NewError("ValidationException", "The data type "+v.DataType+" requires the advanced-parameter tier. For more information, see "+
			"https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-data-types.html")
	}
	if len(v.Value) > most {
		return call.NewError("ValidationException",
			fmt.Sprintf("%s tier parameters support a maximum parameter value of %d characters.%s", v.Tier, most, advice))
	}
	return nil
}

// add stores a version. If there are more than 100, it deletes the oldest, unless that has a label. The lock must be held.
func (s *Service) add(req *call.Request, name, arn string, v *version, tags []tag) error {
	at := place(req.Account, req.Region)
	p := s.stores[at][canonical(name)]
	if p == nil {
		all, err := withTags(nil, tags)
		if err != nil {
			return err
		}
		p = &parameter{Name: name, ARN: arn, Tags: all}
	}
	if len(p.Versions) == maxVersions {
		if len(p.Versions[0].Labels) > 0 {
			return call.NewError("ParameterMaxVersionLimitExceeded", fmt.Sprintf("You attempted to create a new version of %s by calling "+
				"the PutParameter API with the overwrite flag. Version %d, the oldest version, can't be deleted because it has a label "+
				"associated with it. Move the label to another version of the parameter, and try again.", p.Name, p.Versions[0].Number))
		}
		p.Versions = p.Versions[1:]
	}
	p.Versions = append(p.Versions, v)
	if s.stores[at] == nil {
		s.stores[at] = store{}
	}
	s.stores[at][canonical(name)] = p
	delete(s.sorted, at)
	return nil
}

func (s *Service) deleteParameter(req *call.Request) (any, error) {
	var in struct{ Name string }
	if err := req.Decode(&in); err != nil {
		return nil, err
	}
	if err := checkLength("name", in.Name); err != nil {
		return nil, err
	}
	r, malformed := parseReference(req, in.Name)
	if err := authorizeNames(req, r); err != nil {
		return nil, err
	}
	if malformed != nil || !s.remove(r) {
		return nil, call.NewError("ParameterNotFound", "")
	}
	return nil, nil
}

func (s *Service) deleteParameters(req *call.Request) (any, error) {
	var in struct{ Names []string }
	if err := req.Decode(&in); err != nil {
		return nil, err
	}
	if err := checkNames(in.Names); err != nil {
		return nil, err
	}
	refs := make([]reference, len(in.Names))
	for i, name := range in.Names {
		refs[i], _ = parseReference(req, name)
	}
	if err := authorizeNames(req, refs...); err != nil {
		return nil, err
	}
	deleted, invalid := []string{}, []string{}
	for _, r := range refs {
		if s.remove(r) {
			deleted = append(deleted, r.asked)
		} else {
			invalid = append(invalid, r.asked)
		}
	}
	return map[string]any{"DeletedParameters": deleted, "InvalidParameters": invalid}, nil
}

// remove deletes a parameter with all its versions. A new parameter of that name begins with version 1.
func (s *Service) remove(r reference) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place(r.account, r.region)
	if r.name == "" || !r.plain() || s.stores[at][r.name] == nil {
		return false
	}
	delete(s.stores[at], r.name)
	delete(s.sorted, at)
	return true
}
