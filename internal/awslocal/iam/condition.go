package iam

import (
	"encoding/json"
	"strconv"
	"strings"
)

// condition is one key under one operator. All conditions of a statement must hold.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type condition struct {
	key      string // lower case: names of condition keys are not case-sensitive
	values   []string
	match    func(policy, request string) bool
	negated  bool // no value may match, and a missing key holds
	null     bool // the Null operator
	ifExists bool
	forAll   bool
	forAny   bool
	// The values have variables. pattern is whether * and ? are wildcards in them.
	variables, pattern bool
}

// operator is a base operator, which compares one pair of values.
type operator struct {
	match   func(policy, request string) bool
	negated bool
	check   func(policy string) bool // nil: any policy value
	pattern bool                     // * and ? are wildcards
}

func operators() map[string]operator {
	equal := func(p, r string) bool { return p == r }
	return map[string]operator{
		"StringEquals":              {match: equal},
		"StringNotEquals":           {match: equal, negated: true},
		"StringEqualsIgnoreCase":    {match: strings.EqualFold},
		"StringNotEqualsIgnoreCase": {match: strings.EqualFold, negated: true},
		"StringLike":                {match: glob, pattern: true},
		"StringNotLike":             {match: glob, pattern: true, negated: true},
		"ArnEquals":                 {match: globARN, pattern: true, check: isARNPattern},
		"ArnLike":                   {match: globARN, pattern: true, check: isARNPattern},
		"ArnNotEquals":              {match: globARN, pattern: true, check: isARNPattern, negated: true},
		"ArnNotLike":                {match: globARN, pattern: true, check: isARNPattern, negated: true},
		"Bool":                      {match: strings.EqualFold, check: isBool},
		"Null":                      {check: isBool},
		"NumericEquals":             numeric(func(p, r float64) bool { return r == p }, false),
		"NumericNotEquals":          numeric(func(p, r float64) bool { return r == p }, true),
		"NumericLessThan":           numeric(func(p, r float64) bool { return r < p }, false),
		"NumericLessThanEquals":     numeric(func(p, r float64) bool { return r <= p }, false),
		"NumericGreaterThan":        numeric(func(p, r float64) bool { return r > p }, false),
		"NumericGreaterThanEquals":  numeric(func(p, r float64) bool { return r >= p }, false),
	}
}

func numeric(compare func(policy, request float64) bool, negated bool) operator {
	return operator{
		negated: negated,
		check:   func(p string) bool { _, err := strconv.ParseFloat(p, 64); return err == nil },
		match: func(p, r string) bool {
			policy, err1 := strconv.ParseFloat(p, 64)
			request, err2 := strconv.ParseFloat(r, 64)
			return err1 == nil && err2 == nil && compare(policy, request)
		},
	}
}

func isBool(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

func parseConditions(raw json.RawMessage) ([]condition, error) {
	var blocks map[string]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return nil, malformed("Condition must be an object of objects")
	}
	known := operators()
	var conditions []condition
	for name, keys := range blocks {
		template, op, err := parseOperator(name, known)
		if err != nil {
			return nil, err
		}
		if len(keys) == 0 {
			return nil, malformed("condition operator %q has no key", name)
		}
		for key, raw := range keys {
			c, err := template.of(name, key, raw, op.check)
			if err != nil {
				return nil, err
			}
			conditions = append(conditions, c)
		}
	}
	return conditions, nil
}

// of returns the condition of an operator on a key.
func (c condition) of(operator, key string, raw json.RawMessage, check func(value string) bool) (condition, error) {
	if c.key = strings.ToLower(key); !strings.Contains(key, ":") {
		return c, malformed("condition key %q is not of the form service:key", key)
	}
	var err error
	if c.values, err = parseValues(raw); err != nil {
		return c, malformed("condition key %q needs a value or a list of values", key)
	}
	for _, value := range c.values {
		if check != nil && !check(value) {
			return c, malformed("condition key %q: %q is not a value for %s", key, value, operator)
		}
	}
	if c.multiValued() && !c.forAll && !c.forAny && !c.null {
		return c, malformed("condition key %q has many values: use ForAllValues or ForAnyValue", key)
	}
	return c, nil
}

// parseOperator reads [ForAllValues:|ForAnyValue:]Base[IfExists].
func parseOperator(name string, known map[string]operator) (condition, operator, error) {
	var c condition
	base, found := strings.CutPrefix(name, "ForAllValues:")
	c.forAll = found
	if !found {
		base, c.forAny = strings.CutPrefix(name, "ForAnyValue:")
	}
	base, c.ifExists = strings.CutSuffix(base, "IfExists")
	op, ok := known[base]
	c.null = base == "Null"
	if !ok || c.null && base != name {
		return c, op, malformed("unknown condition operator %q", name)
	}
	c.match, c.negated, c.pattern = op.match, op.negated, op.pattern
	return c, op, nil
}

// parseValues reads the value or values of a condition key. Numbers and booleans need no quotes.
func parseValues(raw json.RawMessage) ([]string, error) {
	raws, err := oneOrMany[json.RawMessage](raw)
	if err != nil || len(raws) == 0 {
		return nil, ErrMalformed
	}
	values := make([]string, len(raws))
	for i, raw := range raws {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return nil, ErrMalformed
		}
		switch v := value.(type) {
		case string:
			values[i] = v
		case bool, float64:
			values[i] = string(raw)
		default:
			return nil, ErrMalformed
		}
	}
	return values, nil
}

// multiValued reports whether a request can have several values for the key.
func (c condition) multiValued() bool {
	switch c.key {
	case "kms:encryptioncontextkeys", "kms:resourcealiases", "kms:grantoperations", "aws:tagkeys", "lambda:layer":
		return true
	}
	return false
}

// singleValued reports whether a request has at most one value for the key, as far as this matters for the
// check on ForAllValues (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
func (c condition) singleValued() bool {
	return strings.HasPrefix(c.key, "kms:encryptioncontext:")
}

// holds evaluates the condition for the values that the request has for the key; without values, the key is missing.
func (c condition) holds(request []string) bool {
	switch {
	case c.null:
		return c.anyPolicyValue(func(p string) bool { return strings.EqualFold(p, "true") == (len(request) == 0) })
	case len(request) == 0:
		return c.ifExists || c.forAll || c.negated && !c.forAny
	case c.forAny:
		for _, r := range request {
			if c.one(r) {
				return true
			}
		}
		return false
	}
	for _, r := range request {
		if !c.one(r) {
			return false
		}
	}
	return true
}

// one evaluates one value of the request: some policy value must match, or, if negated, none.
func (c condition) one(request string) bool {
	return c.anyPolicyValue(func(p string) bool { return c.match(p, request) }) != c.negated
}

func (c condition) anyPolicyValue(holds func(string) bool) bool {
	for _, p := range c.values {
		if holds(p) {
			return true
		}
	}
	return false
}
