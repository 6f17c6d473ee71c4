package iam

import "strings"

// A policy variable is ${KEY} or ${KEY, 'DEFAULT'}, where KEY is a condition key, or one of ${*}, ${?} and ${$}. Only the version
// 2012-10-17 of the policy language has variables. In Resource and NotResource, they are only in the resource portion of an ARN, and
// in conditions only with the operators for strings and ARNs
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).

// Bytes of a pattern that match * and ? themselves. UTF-8 has no such bytes, so no policy has them.
const (
	literalStar     = "\xff"
	literalQuestion = "\xfe"
)

// literally returns a pattern that matches only the text. AWS does not say whether wildcards in the value of a variable count.
func literally(text string) string {
	return strings.NewReplacer("*", literalStar, "?", literalQuestion).Replace(text)
}

// expand replaces the variables in a string. look returns the value of a condition key, given in lower case, and whether there is one.
// It reports false if there is none for a variable without a default.
func expand(text string, pattern bool, look func(key string) (string, bool)) (expanded string, ok bool, err error) {
	whole := text
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "${")
		if b.WriteString(before); !found {
			return b.String(), true, nil
		}
		inner, rest, err := cutVariable(whole, after)
		if err != nil {
			return "", false, err
		}
		value, ok := inner.value(look)
		if !ok {
			return "", false, nil
		}
		if pattern {
			value = literally(value)
		}
		b.WriteString(value)
		text = rest
	}
}

// A variable is what is between ${ and }.
type variable struct {
	key      string // in lower case, or *, ? or $
	standard string // the default
	has      bool   // it has a default
}

func (v variable) value(look func(key string) (string, bool)) (string, bool) {
	if v.special() {
		return v.key, true
	}
	if value, ok := look(v.key); ok {
		return value, true
	}
	return v.standard, v.has
}

func (v variable) special() bool { return v.key == "*" || v.key == "?" || v.key == "$" }

// cutVariable reads a variable of a string, behind its ${, and returns what is after its }.
func cutVariable(whole, text string) (v variable, rest string, err error) {
	end := strings.IndexAny(text, ",}")
	if end < 0 {
		return v, "", malformed("variable in %q has no }", whole)
	}
	v.key = strings.ToLower(strings.TrimSpace(text[:end]))
	if text[end] == ',' {
		_, quoted, _ := strings.Cut(text, ",")
		quoted, found := strings.CutPrefix(strings.TrimLeft(quoted, " "), "'")
		if v.standard, rest, v.has = strings.Cut(quoted, "'"); !found || !v.has {
			return v, "", malformed("variable in %q needs a default in single quotes after the comma", whole)
		}
		rest, found = strings.CutPrefix(strings.TrimLeft(rest, " "), "}")
		if !found {
			return v, "", malformed("variable in %q has no } after its default", whole)
		}
	} else {
		rest = text[end+1:]
	}
	if service, name, ok := strings.Cut(v.key, ":"); !v.special() && (!ok || service == "" || name == "" || strings.ContainsAny(v.key, "{$*?'\"")) {
		return v, "", malformed("variable in %q is not a condition key", whole)
	}
	return v, rest, nil
}

// checkVariables checks the form of all variables of a statement.
func (s *statement) checkVariables() error {
	for _, resource := range s.resources {
		if i := strings.Index(resource, "${"); i >= 0 && strings.Count(resource[:i], ":") < 5 {
			return malformed("resource %q has a variable outside the resource portion", resource)
		}
		if err := wellFormed(resource); err != nil {
			return err
		}
		s.variables = s.variables || strings.Contains(resource, "${")
	}
	for i, c := range s.conditions {
		for _, value := range c.values {
			if err := wellFormed(value); err != nil {
				return err
			}
			s.conditions[i].variables = s.conditions[i].variables || strings.Contains(value, "${")
		}
	}
	return nil
}

func wellFormed(text string) error {
	_, _, err := expand(text, false, func(string) (string, bool) { return "", true })
	return err
}

// expanded replaces the variables in texts and leaves out those that have a variable without a value. It reports whether there was none.
func (a Access) expanded(texts []string, pattern bool) (all []string, whole bool) {
	look := func(key string) (string, bool) {
		values := a.values(key)
		if len(values) != 1 { // a key with several values is no variable
			return "", false
		}
		return values[0], true
	}
	for _, text := range texts {
		if text, ok, _ := expand(text, pattern, look); ok {
			all = append(all, text)
		}
	}
	return all, len(all) == len(texts)
}
