package ssm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Limits of https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html.
const (
	maxPolicies    = 10   // per parameter
	maxPoliciesLen = 4096 // characters of the document
)

// expiration is the type of policy of which a parameter has one at most.
const expiration = "Expiration"

// inlinePolicy is one entry of ParameterMetadata.Policies
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterInlinePolicy.html). The embedded AWS keeps and shows
// policies. It does not delete expired parameters, and it notifies nobody, so every policy stays Pending.
type inlinePolicy struct {
	PolicyText   string
	PolicyType   string
	PolicyStatus string
}

// parsePolicies reads the Policies member, an array of objects. An absent or empty array means no policies.
func parsePolicies(document string) ([]inlinePolicy, error) {
	if document == "" {
		return nil, nil
	}
	var raws []json.RawMessage
	if json.Unmarshal([]byte(document), &raws) != nil {
		return nil, invalidPolicy("the policies are not a JSON array of objects")
	}
	if len(raws) > maxPolicies {
		return nil, call.NewError("PoliciesLimitExceededException", fmt.Sprintf("You specified more than the maximum number of allowed "+
			"policies for the parameter. The maximum is %d.", maxPolicies))
	}
	policies := make([]inlinePolicy, len(raws))
	for i, raw := range raws {
		kind, err := policyType(raw)
		if err != nil {
			return nil, err
		}
		if kind == expiration && slices.ContainsFunc(policies[:i], func(p inlinePolicy) bool { return p.PolicyType == expiration }) {
			return nil, call.NewError("IncompatiblePolicyException", "There is a conflict in the policies specified for this parameter. You can't, "+
				"for example, specify two Expiration policies for a parameter. Review your policies, and try again.")
		}
		policies[i] = inlinePolicy{PolicyText: string(raw), PolicyType: kind, PolicyStatus: "Pending"}
	}
	return policies, nil
}

// policyType checks one policy and returns its type.
func policyType(raw json.RawMessage) (string, error) {
	var policy struct {
		Type, Version string
		Attributes    struct{ Timestamp, Before, After, Unit string }
	}
	if json.Unmarshal(raw, &policy) != nil || policy.Version != "1.0" {
		return "", invalidPolicy("a policy has Type, Version 1.0 and Attributes")
	}
	attributes, complete := policy.Attributes, false
	switch policy.Type {
	case expiration:
		_, err := time.Parse(time.RFC3339, attributes.Timestamp)
		complete = err == nil
	case "ExpirationNotification":
		complete = period(attributes.Before, attributes.Unit)
	case "NoChangeNotification":
		complete = period(attributes.After, attributes.Unit)
	default:
		return "", call.NewError("InvalidPolicyTypeException",
			"The policy type isn't supported. Parameter Store supports the following policy types: Expiration, ExpirationNotification, and NoChangeNotification.")
	}
	if !complete {
		return "", invalidPolicy("an attribute of a policy is missing or wrong")
	}
	return policy.Type, nil
}

// period reports whether an attribute is a number of days or hours.
func period(number, unit string) bool {
	n, err := strconv.Atoi(number)
	return err == nil && n > 0 && (unit == "Days" || unit == "Hours")
}

func invalidPolicy(reason string) error {
	return call.NewError("InvalidPolicyAttributeException", "A policy attribute or its value is invalid: "+reason+".")
}
