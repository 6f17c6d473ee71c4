package ssm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Rules of https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html.
const (
	maxLabels = 10 // per version
	maxLabel  = 100
)

type labelInput struct {
	Name             string
	ParameterVersion *int64 // nil is the newest version
	Labels           []string
}

// labeled decodes, authorizes and finds the parameter and version of a label call. The lock must be held.
func (s *Service) labeled(req *call.Request) (in labelInput, p *parameter, v *version, err error) {
	if err := req.Decode(&in); err != nil {
		return in, nil, nil, err
	}
	var c check
	c.length("name", in.Name, 1, maxAsked)
	c.items("labels", in.Labels, maxLabels, maxLabel)
	c.given("parameterVersion", in.ParameterVersion != nil || req.Operation == "LabelParameterVersion")
	if err := c.err(); err != nil {
		return in, nil, nil, err
	}
	r, malformed := parseReference(req, in.Name)
	if err := authorizeNames(req, r); err != nil {
		return in, nil, nil, err
	}
	if malformed != nil {
		return in, nil, nil, malformed
	}
	plain := r.plain() // before the version is added
	if in.ParameterVersion != nil {
		r.selector = fmt.Sprint(*in.ParameterVersion)
	}
	p, v = s.find(r)
	switch {
	case p == nil || !plain:
		return in, nil, nil, call.NewError("ParameterNotFound", "")
	case v == nil:
		return in, nil, nil, call.NewError("ParameterVersionNotFound", fmt.Sprintf(
			"Systems Manager could not find version %s of %s. Verify the version and try again.", r.selector, in.Name))
	}
	return in, p, v, nil
}

func (s *Service) labelParameterVersion(req *call.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, p, v, err := s.labeled(req)
	if err != nil {
		return nil, err
	}
	invalid, after := []string{}, slices.Clone(v.Labels)
	for _, label := range in.Labels {
		switch {
		case !validLabel(label):
			invalid = append(invalid, label)
		case !slices.Contains(after, label):
			after = append(after, label)
		}
	}
	if len(after) > maxLabels {
		return nil, call.NewError("ParameterVersionLabelLimitExceeded", "An error occurred (ParameterVersionLabelLimitExceeded) when calling "+
			"the LabelParameterVersion operation: A parameter version can have maximum 10 labels."+
			"Move one or more labels to another version and try again.")
	}
	for _, other := range p.Versions { // only one version of a parameter has a label: the label moves
		other.Labels = slices.DeleteFunc(slices.Clone(other.Labels), func(l string) bool { return slices.Contains(after, l) })
	}
	v.Labels = after
	return map[string]any{"InvalidLabels": invalid, "ParameterVersion": v.Number}, nil
}

func (s *Service) unlabelParameterVersion(req *call.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, _, v, err := s.labeled(req)
	if err != nil {
		return nil, err
	}
	removed, invalid := []string{}, []string{}
	for _, label := range in.Labels {
		if v.hasLabel(label) {
			removed = append(removed, label)
		} else {
			invalid = append(invalid, label)
		}
	}
	v.Labels = slices.DeleteFunc(slices.Clone(v.Labels), func(l string) bool { return slices.Contains(removed, l) })
	return map[string]any{"RemovedLabels": removed, "InvalidLabels": invalid}, nil
}

var labelPattern = lazyregexp.New(`^[A-Za-z_.-][A-Za-z0-9_.-]*$`)

func validLabel(label string) bool {
	lower := strings.ToLower(label)
	return labelPattern.MatchString(label) && !strings.HasPrefix(lower, "aws") && !strings.HasPrefix(lower, "ssm")
}
