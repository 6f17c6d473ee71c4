package lambda

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// signing is a code signing configuration (https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html). Nothing in the
// embedded AWS is signed: under Enforce, neither code nor layers can be added.
type signing struct {
	ARN         string   `json:"arn"`
	Description string   `json:"description"`
	Policy      string   `json:"policy"` // Warn or Enforce
	Profiles    []string `json:"profiles"`
	Modified    string   `json:"modified"`
}

const (
	signingPattern = `arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:code-signing-config:csc-[a-z0-9]{17}`
	enforce        = "Enforce"
)

var signingARN = lazyregexp.New("^" + signingPattern + "$")

type signingPolicies struct{ UntrustedArtifactOnDeployment string }

type publishers struct{ SigningProfileVersionArns []string }

type createSigningInput struct {
	Description         string
	AllowedPublishers   publishers
	CodeSigningPolicies signingPolicies
}

// describe is https://docs.aws.amazon.com/lambda/latest/api/API_CodeSigningConfig.html.
func (c *signing) describe() any {
	return map[string]any{"CodeSigningConfig": struct {
		CodeSigningConfigId, CodeSigningConfigArn, Description string
		AllowedPublishers                                      publishers
		CodeSigningPolicies                                    signingPolicies
		LastModified                                           string
	}{c.ARN[strings.LastIndexByte(c.ARN, ':')+1:], c.ARN, c.Description, publishers{c.Profiles}, signingPolicies{c.Policy}, c.Modified}}
}

// createSigning is https://docs.aws.amazon.com/lambda/latest/api/API_CreateCodeSigningConfig.html.
func (s *Service) createSigning(r *call.Request, in *createSigningInput) (any, error) {
	policy := in.CodeSigningPolicies.UntrustedArtifactOnDeployment
	if err := refused((&settings{Description: &in.Description}).broken()); err != nil {
		return nil, err
	}
	switch {
	case policy == "":
		policy = "Warn"
	case !slices.Contains([]string{"Warn", enforce}, policy):
		return nil, validation(policy, "codeSigningPolicies.untrustedArtifactOnDeployment", "satisfy enum value set: [Warn, Enforce]")
	}
	if err := s.permit(r, r.Operation, "*", nil, nil); err != nil {
		return nil, err
	}
	id := make([]byte, 9)
	rand.Read(id) // never fails
	c := &signing{ARN: "arn:aws:lambda:" + r.Region + ":" + r.Account + ":code-signing-config:csc-" + hex.EncodeToString(id)[:17],
		Description: in.Description, Policy: policy, Profiles: in.AllowedPublishers.SigningProfileVersionArns, Modified: date(r.Now)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signing[c.ARN] = c
	return c.describe(), nil
}

type signingInput struct {
	CodeSigningConfigArn string
	FunctionName         string
}

// named finds the configuration that a request names, and authorizes the operation on it. The caller holds a lock.
func (s *Service) named(r *call.Request, arn string) (*signing, error) {
	if !signingARN.MatchString(arn) {
		return nil, validation(arn, "codeSigningConfigArn", "satisfy regular expression pattern: "+signingPattern)
	}
	if err := s.permit(r, r.Operation, arn, nil, nil); err != nil {
		return nil, err
	}
	if s.signing[arn] == nil { // recorded: this error has no Type
		return nil, notFound("The Lambda code signing configuration " + arn + " can not be found.")
	}
	return s.signing[arn], nil
}

// deleteSigning is https://docs.aws.amazon.com/lambda/latest/api/API_DeleteCodeSigningConfig.html, for one that no function has.
func (s *Service) deleteSigning(r *call.Request, in *signingInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.named(r, in.CodeSigningConfigArn)
	if err != nil {
		return nil, err
	}
	for _, f := range s.functions {
		if f.Signing == c.ARN {
			return nil, conflict("The embedded AWS does not delete a code signing configuration that a function has.")
		}
	}
	delete(s.signing, c.ARN)
	return nil, nil
}

// deleteFunctionSigning is https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionCodeSigningConfig.html.
func (s *Service) deleteFunctionSigning(r *call.Request, in *signingInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, _, _, err := s.lookUp(r, functionInput{FunctionName: in.FunctionName})
	if err != nil {
		return nil, err
	}
	f.Signing = ""
	return nil, nil
}

// getSigning is https://docs.aws.amazon.com/lambda/latest/api/API_GetCodeSigningConfig.html.
func (s *Service) getSigning(r *call.Request, in *signingInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, err := s.named(r, in.CodeSigningConfigArn)
	if err != nil {
		return nil, err
	}
	return c.describe(), nil
}

// putFunctionSigning is https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionCodeSigningConfig.html. What the function has already
// is not checked.
func (s *Service) putFunctionSigning(r *call.Request, in *signingInput) (any, error) {
	arn, err := unqualified(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := s.permit(r, r.Operation, arn, nil, nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signing[in.CodeSigningConfigArn] == nil {
		return nil, noSigning(in.CodeSigningConfigArn)
	}
	f := s.functions[arn]
	if f == nil {
		return nil, notFound("Function not found: " + arn)
	}
	f.Signing = in.CodeSigningConfigArn
	return map[string]string{"CodeSigningConfigArn": f.Signing, "FunctionName": f.name()}, nil
}

// getFunctionSigning is https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html. For a function without a
// configuration, it answers an empty object, as recorded.
func (s *Service) getFunctionSigning(r *call.Request, in *signingInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, _, _, err := s.lookUp(r, functionInput{FunctionName: in.FunctionName})
	if err != nil || f.Signing == "" {
		return nil, err
	}
	return map[string]string{"CodeSigningConfigArn": f.Signing, "FunctionName": f.name()}, nil
}

func noSigning(arn string) error {
	return &call.Error{Status: http.StatusNotFound, Code: "CodeSigningConfigNotFoundException",
		Message: "The code signing configuration cannot be found. Check that the provided configuration is not deleted: " + arn + "."}
}

// signed refuses to add code or layers to a function with a code signing configuration that enforces signatures. The caller holds a lock.
func (s *Service) signed(config string, added ...string) error {
	switch c := s.signing[config]; {
	case config == "" || len(added) == 0:
		return nil
	case c == nil:
		return noSigning(config)
	case c.Policy != enforce:
		return nil
	}
	return call.NewError("CodeVerificationFailedException", "The code signature failed one or more of the validation checks for signature "+
		"mismatch or expiry, and the code signing policy is set to ENFORCE. Lambda blocks the deployment.")
}

// lacks are the layer versions that the release does not have yet.
func (v *release) lacks(layers []string) (added []string) {
	for _, arn := range layers {
		if !slices.ContainsFunc(v.Layers, func(l attached) bool { return l.ARN == arn }) {
			added = append(added, arn)
		}
	}
	return added
}
