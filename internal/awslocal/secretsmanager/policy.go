package secretsmanager

import (
	"fmt"
	"strconv"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Limits of the service's model.
const (
	onlyPolicy     = "default" // the name of the policy of a secret: it has no other
	maxPolicy      = 20480     // characters
	maxPolicyName  = 64
	policyNameText = `[0-9A-Za-z\-\_]+`
)

var policyName = lazyregexp.New("^" + policyNameText + "$")

// policyName checks the name of a resource policy, if it is there.
func (c *check) policyName(name *string) {
	c.length("policyName", name, 1, maxPolicyName)
	c.pattern("policyName", name, policyName, policyNameText)
}

type policyInput struct {
	SecretId          *string
	PolicyName        *string
	ResourcePolicy    *string
	BlockPublicPolicy bool
}

type policyOutput struct {
	ARN, Name      string
	PolicyName     string
	ResourcePolicy string `json:",omitempty"`
}

// onPolicy finds the secret of a request about its resource policy. Only the one with the name "default" can be put and deleted.
func (s *Service) onPolicy(req *call.Request, in *policyInput, needed bool, extra ...conditionKeys) (*secret, error) {
	var c check
	c.secretID(in.SecretId)
	c.policyName(in.PolicyName)
	if needed {
		c.required("resourcePolicy", in.ResourcePolicy, maxPolicy)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	x, err := s.usable(req, in.SecretId, extra...)
	switch {
	case err != nil || in.PolicyName == nil || *in.PolicyName == onlyPolicy:
		return x, err
	case s.Mutates(req.Operation):
		return nil, invalidParameter("A secret has only the resource policy named %s.", onlyPolicy)
	}
	return nil, modeled("ResourceNotFoundException", fmt.Sprintf("Secrets Manager can't find the resource policy %s of the secret.", *in.PolicyName))
}

// putResourcePolicy is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html.
func (s *Service) putResourcePolicy(req *call.Request, in *policyInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	block := strconv.FormatBool(in.BlockPublicPolicy)
	blocks := condition("secretsmanager:BlockPublicPolicy", &block)
	x, err := s.onPolicy(req, in, true, blocks)
	if err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	policy, err := iam.ParseResource([]byte(*in.ResourcePolicy))
	switch {
	case err != nil:
		return nil, modeled("MalformedPolicyDocumentException", "This resource policy contains a syntax error: "+err.Error())
	case in.BlockPublicPolicy && policy.Public():
		return nil, modeled("PublicPolicyException", "You can't attach this resource policy because it allows broad access to the secret.")
	}
	candidate := *x
	candidate.policy = &policy
	if authorize(req, "PutResourcePolicy", reference{asked: *in.SecretId}, &candidate, blocks) != nil {
		return nil, modeled("MalformedPolicyDocumentException", "This resource policy will not allow you to manage this secret in the future.")
	}
	x.Policy, x.policy = *in.ResourcePolicy, &policy
	s.changed(req, x)
	return policyOutput{ARN: x.ARN, Name: x.Name, PolicyName: onlyPolicy}, nil
}

// getResourcePolicy is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetResourcePolicy.html.
func (s *Service) getResourcePolicy(req *call.Request, in *policyInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	x, err := s.onPolicy(req, in, false)
	if err != nil {
		return nil, err
	}
	return policyOutput{ARN: x.ARN, Name: x.Name, PolicyName: onlyPolicy, ResourcePolicy: x.Policy}, nil
}

type policiesInput struct {
	SecretId   *string
	MaxResults *int
	NextToken  *string
}

type policySummary struct{ PolicyName string }

// listResourcePolicies is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListResourcePolicies.html.
func (s *Service) listResourcePolicies(req *call.Request, in *policiesInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	c.page(in.MaxResults, in.NextToken, maxPage)
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	x, err := s.usable(req, in.SecretId)
	if err != nil {
		return nil, err
	}
	all := []policySummary{}
	if x.Policy != "" {
		all = append(all, policySummary{onlyPolicy})
	}
	page, next, err := paged(all, in.MaxResults, in.NextToken, "ListResourcePolicies "+x.ARN)
	if err != nil {
		return nil, err
	}
	return struct {
		NextToken        string `json:",omitempty"`
		ResourcePolicies []policySummary
	}{next, page}, nil
}

// deleteResourcePolicy is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteResourcePolicy.html.
func (s *Service) deleteResourcePolicy(req *call.Request, in *policyInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.onPolicy(req, in, false)
	if err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	x.Policy, x.policy = "", nil
	s.changed(req, x)
	return policyOutput{ARN: x.ARN, Name: x.Name, PolicyName: onlyPolicy}, nil
}

// validateResourcePolicy is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html.
func (s *Service) validateResourcePolicy(req *call.Request, in *policyInput) (any, error) {
	var c check
	c.length("secretId", in.SecretId, 1, maxID)
	c.required("resourcePolicy", in.ResourcePolicy, maxPolicy)
	if err := c.err(); err != nil {
		return nil, err
	}
	r := reference{asked: "*", arn: "*"}
	if in.SecretId != nil {
		var err error
		if r, err = parseReference(req, *in.SecretId); err != nil {
			return nil, err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var x *secret
	if in.SecretId != nil {
		x = s.find(req, r)
	}
	if err := authorize(req, "ValidateResourcePolicy", r, x); err != nil {
		return nil, err
	}
	if in.SecretId != nil && x == nil {
		return nil, notFound()
	}
	type broken struct{ CheckName, ErrorMessage string }
	wrong := []broken{}
	policy, err := iam.ParseResource([]byte(*in.ResourcePolicy))
	if err != nil {
		wrong = append(wrong, broken{"SyntaxCheck", err.Error()})
	} else if policy.Public() {
		wrong = append(wrong, broken{"PublicPolicyCheck", "The policy allows broad access to the secret."})
	}
	return map[string]any{"PolicyValidationPassed": len(wrong) == 0, "ValidationErrors": wrong}, nil
}
