package ssm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// maxNames is the maximum number of names in one call.
const maxNames = 10

// parameterReply is the API's Parameter, which has neither the key nor the tier
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html).
type parameterReply struct {
	ARN              string
	DataType         string `json:",omitempty"`
	LastModifiedDate epoch
	Name             string
	Selector         string `json:",omitempty"`
	SourceResult     string `json:",omitempty"` // of a reference to a secret
	Type             string
	Value            string `json:",omitempty"` // not of a secret with a binary value
	Version          int64
}

// selected is one version that a read found.
type selected struct {
	asked, name, arn, selector string
	version                    version
}

func (s *Service) getParameter(req *call.Request) (any, error) {
	var in struct {
		Name           string
		WithDecryption bool
	}
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
	switch {
	case malformed != nil:
		return nil, malformed
	case r.secret:
		reply, err := s.referenced(req, r, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		return map[string]any{"Parameter": reply}, nil
	}
	found, err := s.read(r)
	if err != nil {
		return nil, err
	}
	reply, err := s.reply(req, found, in.WithDecryption)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Parameter": reply}, nil
}

func (s *Service) getParameters(req *call.Request) (any, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := req.Decode(&in); err != nil {
		return nil, err
	}
	if err := checkNames(in.Names); err != nil {
		return nil, err
	}
	if s.options.DuplicatesRefused && len(slices.Compact(slices.Sorted(slices.Values(in.Names)))) < len(in.Names) {
		return nil, call.NewError("ValidationException", "The names of the parameters must be distinct.")
	}
	refs := make([]reference, len(in.Names))
	var spaced error
	for i, name := range in.Names {
		// A name that cannot be parsed is not an error, but an invalid parameter, unless it has a space inside. Still, it needs
		// permission first.
		var malformed error
		refs[i], malformed = parseReference(req, name)
		if strings.Contains(strings.TrimSpace(name), " ") {
			spaced = cmp.Or(spaced, malformed)
		}
	}
	if err := authorizeNames(req, refs...); err != nil {
		return nil, err
	}
	if spaced != nil {
		return nil, spaced
	}
	parameters, secrets, err := s.referencedAll(req, refs, in.WithDecryption)
	if err != nil {
		return nil, err
	}
	found, invalid := s.readAll(slices.DeleteFunc(refs, func(r reference) bool { return r.secret }))
	invalid = append(invalid, secrets...)
	slices.SortFunc(found, func(a, b selected) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.selector, b.selector))
	})
	for _, f := range found {
		reply, err := s.reply(req, f, in.WithDecryption)
		switch {
		case err == nil:
			parameters = append(parameters, reply)
		case s.options.PartialBatches:
			invalid = append(invalid, f.asked)
		default:
			return nil, err // one value that cannot be decrypted fails the whole call
		}
	}
	slices.SortStableFunc(parameters, func(a, b parameterReply) int { return cmp.Compare(a.Name, b.Name) })
	return map[string]any{"Parameters": parameters, "InvalidParameters": invalid}, nil
}

// readAll reads every reference once, and lists those that do not exist as the request wrote them.
func (s *Service) readAll(refs []reference) (found []selected, invalid []string) {
	invalid = []string{}
	type identity struct{ account, region, name, selector string }
	seen := map[identity]bool{}
	for _, r := range refs {
		if id := (identity{r.account, r.region, r.name, r.selector}); r.name != "" && seen[id] {
			continue
		} else {
			seen[id] = true
		}
		if f, err := s.read(r); err != nil {
			invalid = append(invalid, r.asked)
		} else {
			found = append(found, f)
		}
	}
	return found, invalid
}

// read finds one version. Parameters of other accounts and regions do not exist for the caller: sharing is not supported.
func (s *Service) read(r reference) (selected, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, v := s.find(r)
	if p == nil {
		return selected{}, call.NewError("ParameterNotFound", "")
	}
	if v == nil {
		return selected{}, call.NewError("ParameterVersionNotFound",
			fmt.Sprintf("Systems Manager could not find version %s of %s. Verify the version and try again.", r.selector, p.Name))
	}
	f := selected{asked: r.asked, name: p.Name, arn: p.ARN, version: *v}
	if r.selector != "" {
		f.selector = ":" + r.selector
	}
	return f, nil
}

// reply makes the API's Parameter, decrypted if asked.
func (s *Service) reply(req *call.Request, f selected, decrypt bool) (parameterReply, error) {
	value := f.version.Value
	if decrypt && f.version.Type == secureString {
		var err error
		if value, err = s.open(req, f.arn, &f.version); err != nil {
			return parameterReply{}, err
		}
	}
	return parameterReply{
		ARN: f.arn, DataType: f.version.DataType, LastModifiedDate: epoch(f.version.Modified), Name: f.name,
		Selector: f.selector, Type: f.version.Type, Value: value, Version: f.version.Number,
	}, nil
}

// authorizeNames checks the right to the operation on every parameter. The first one that is missing fails the call.
func authorizeNames(req *call.Request, refs ...reference) error {
	for _, r := range refs {
		resource := anyARN(req)
		if r.name != "" {
			resource = r.arn()
		}
		if err := req.Authorize("ssm:"+req.Operation, resource, nil); err != nil {
			return err
		}
	}
	return nil
}

// checkNames checks the names of a call that takes several.
func checkNames(names []string) error {
	var c check
	c.items("names", names, maxNames, maxAsked)
	return c.err()
}

// checkLength returns AWS's error for a name or path that is empty or too long.
func checkLength(member, value string) error {
	var c check
	c.length(member, value, 1, maxAsked)
	return c.err()
}
