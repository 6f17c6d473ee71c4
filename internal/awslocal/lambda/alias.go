package lambda

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// alias is a name for a version of a function, and perhaps for another one that gets a part of the calls.
type alias struct {
	Name        string             `json:"name"`
	Version     string             `json:"version"`
	Description string             `json:"description"`
	Weights     map[string]float64 `json:"weights,omitempty"` // at most one
	Revision    string             `json:"revision"`
}

func (f *function) alias(name string) *alias {
	for _, a := range f.Aliases {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// uses reports whether calls of the alias go to a version.
func (a *alias) uses(version string) bool {
	_, weighed := a.Weights[version]
	return weighed || a.Version == version
}

// aliasOutput is https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html.
type aliasOutput struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string
	RoutingConfig   *routing `json:",omitempty"`
	RevisionId      string
}

type routing struct{ AdditionalVersionWeights map[string]float64 }

func (f *function) describeAlias(a *alias) aliasOutput {
	out := aliasOutput{AliasArn: f.qualified(a.Name), Name: a.Name, FunctionVersion: a.Version, Description: a.Description, RevisionId: a.Revision}
	if len(a.Weights) > 0 {
		out.RoutingConfig = &routing{a.Weights}
	}
	return out
}

type aliasInput struct {
	FunctionName    string
	Name            string
	FunctionVersion *string
	Description     *string
	RoutingConfig   *routing
	RevisionId      string
}

const (
	aliasPattern   = `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`
	versionNumbers = `(\$LATEST|[0-9]+)`
	maxAliasName   = 128
	maxVersion     = 1024
)

var (
	aliasName    = lazyregexp.New(`^[a-zA-Z0-9_-]+$`)
	numberOnly   = lazyregexp.New(`^[0-9]+$`)
	aliasVersion = lazyregexp.New("^" + versionNumbers + "$")
)

// check checks the members of the request.
func (in *aliasInput) check() error {
	var wrong []string
	switch {
	case len(in.Name) > maxAliasName:
		wrong = append(wrong, broken(in.Name, "name", "have length less than or equal to "+strconv.Itoa(maxAliasName)))
	case !aliasName.MatchString(in.Name) || numberOnly.MatchString(in.Name):
		wrong = append(wrong, broken(in.Name, "name", "satisfy regular expression pattern: "+aliasPattern))
	}
	if in.FunctionVersion != nil {
		wrong = append(wrong, brokenVersion(*in.FunctionVersion)...)
	}
	wrong = append(wrong, (&settings{Description: in.Description}).broken()...)
	return refused(append(wrong, in.RoutingConfig.broken()...))
}

// brokenVersion are the constraints that the name of a version breaks.
func brokenVersion(version string) (wrong []string) {
	if len(version) > maxVersion {
		wrong = append(wrong, broken(version, "functionVersion", "have length less than or equal to "+strconv.Itoa(maxVersion)))
	}
	if !aliasVersion.MatchString(version) {
		wrong = append(wrong, broken(version, "functionVersion", "satisfy regular expression pattern: "+versionNumbers))
	}
	return wrong
}

// broken are the constraints that the weights break.
func (w *routing) broken() (wrong []string) {
	if w == nil {
		return nil
	}
	const member = "routingConfig.additionalVersionWeights"
	var all []string
	number, within := true, true
	for _, version := range slices.Sorted(maps.Keys(w.AdditionalVersionWeights)) {
		weight := w.AdditionalVersionWeights[version]
		number, within = number && numberOnly.MatchString(version), within && weight >= 0 && weight <= 1
		text, err := json.Marshal(weight)
		if err == nil && !strings.ContainsAny(string(text), ".e") {
			text = append(text, ".0"...)
		}
		all = append(all, version+"="+string(text))
	}
	value := "{" + strings.Join(all, ", ") + "}"
	if !number {
		wrong = append(wrong, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less "+
			"than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]", value, member))
	}
	if !within {
		wrong = append(wrong, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less "+
			"than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]", value, member))
	}
	return wrong
}

// route checks what an alias is to name.
func (f *function) route(a *alias) error {
	for version := range a.Weights {
		switch {
		case len(a.Weights) > 1:
			return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
		case a.Version == latest:
			return invalid("%s is not supported for an alias pointing to more than 1 version", latest)
		case a.Version == version:
			return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", version, version)
		}
	}
	for _, version := range append([]string{a.Version}, slices.Collect(maps.Keys(a.Weights))...) {
		if f.find(version) == nil {
			return notFound("Function not found: " + f.qualified(version))
		}
	}
	return nil
}

// change changes an alias as a request says.
func (in *aliasInput) change(a *alias) {
	replace(&a.Version, in.FunctionVersion)
	replace(&a.Description, in.Description)
	if in.RoutingConfig != nil {
		a.Weights = in.RoutingConfig.AdditionalVersionWeights
	}
	a.Revision = newRevision()
}

// ofAlias finds the function of an alias and authorizes the operation on it. The function is nil if there is none. The caller holds a lock.
func (s *Service) ofAlias(r *call.Request, name string) (*function, string, error) {
	arn, qualifier, err := oldFunction(r, functionInput{FunctionName: name})
	if err == nil && qualifier != "" {
		err = invalid("Aliases are those of a function: leave the qualifier %s out.", qualifier)
	}
	if err == nil {
		err = s.permit(r, r.Operation, arn, nil, nil)
	}
	return s.functions[arn], arn, err
}

// existing is ofAlias for an operation that needs the function.
func (s *Service) existing(r *call.Request, name string) (*function, error) {
	f, arn, err := s.ofAlias(r, name)
	if err == nil && f == nil {
		err = notFound("Function not found: " + arn)
	}
	return f, err
}

// createAlias is https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html.
func (s *Service) createAlias(r *call.Request, in *aliasInput) (any, error) {
	if in.FunctionVersion == nil {
		return nil, refused([]string{"Value null at 'functionVersion' failed to satisfy constraint: Member must not be null"})
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, arn, err := s.ofAlias(r, in.FunctionName)
	switch {
	case err != nil:
		return nil, err
	case f == nil:
		return nil, notFound("Function not found: " + arn + ":" + *in.FunctionVersion)
	}
	a := &alias{Name: in.Name}
	in.change(a)
	if err := f.route(a); err != nil {
		return nil, err
	}
	if f.alias(in.Name) != nil {
		return nil, conflict("Alias already exists: " + f.qualified(in.Name))
	}
	f.Aliases = append(f.Aliases, a)
	slices.SortFunc(f.Aliases, func(a, b *alias) int { return strings.Compare(a.Name, b.Name) })
	return f.describeAlias(a), nil
}

// updateAlias is https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html. What is not sent stays as it is.
func (s *Service) updateAlias(r *call.Request, in *aliasInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.existing(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	a := f.alias(in.Name)
	if a == nil {
		return nil, notFound("Alias not found: " + f.qualified(in.Name))
	}
	if err := fresh(in.RevisionId, a.Revision); err != nil {
		return nil, err
	}
	changed := *a
	in.change(&changed)
	if err := f.route(&changed); err != nil {
		return nil, err
	}
	*a = changed
	return f.describeAlias(a), nil
}

// getAlias is https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html.
func (s *Service) getAlias(r *call.Request, in *aliasInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, arn, err := s.ofAlias(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if f == nil || f.alias(in.Name) == nil {
		return nil, notFound("Cannot find alias arn: " + arn + ":" + in.Name)
	}
	return f.describeAlias(f.alias(in.Name)), nil
}

// deleteAlias is https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html. Deleting an alias that does not exist succeeds.
func (s *Service) deleteAlias(r *call.Request, in *aliasInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.existing(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	f.Aliases = slices.DeleteFunc(f.Aliases, func(a *alias) bool { return a.Name == in.Name })
	return nil, nil
}

// listAliases is https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html, by name.
func (s *Service) listAliases(r *call.Request, in *listFunctionsInput) (any, error) {
	if in.FunctionVersion != "" {
		if err := refused(brokenVersion(in.FunctionVersion)); err != nil {
			return nil, err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, err := s.existing(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	found := map[string]func() aliasOutput{}
	for _, a := range f.Aliases {
		if in.FunctionVersion == "" || in.FunctionVersion == a.Version {
			found[a.Name] = func() aliasOutput { return f.describeAlias(a) }
		}
	}
	return listed(in, found, func(items []aliasOutput, next string) any {
		return struct {
			Aliases    []aliasOutput
			NextMarker string `json:",omitempty"`
		}{items, next}
	})
}
