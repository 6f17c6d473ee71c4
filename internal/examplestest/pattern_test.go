package examplestest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// matches says whether an event pattern of EventBridge matches an event: each of its fields, by any of the alternatives. It knows those
// that the examples use (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html), and fails for others.
func matches(t *testing.T, pattern, event map[string]any) bool {
	t.Helper()
	for name, want := range pattern {
		switch want := want.(type) {
		case map[string]any:
			inner, _ := event[name].(map[string]any)
			if !matches(t, want, inner) {
				return false
			}
		case []any:
			values, isList := event[name].([]any) // an element of a list is enough
			if !isList && event[name] != nil {
				values = []any{event[name]}
			}
			if !slices.ContainsFunc(values, func(value any) bool {
				return slices.ContainsFunc(want, func(w any) bool { return alternative(t, w, value) })
			}) {
				return false
			}
		default:
			t.Fatalf("%s of a pattern is %v", name, want)
		}
	}
	return true
}

func alternative(t *testing.T, want, value any) bool {
	t.Helper()
	rule, isRule := want.(map[string]any)
	if !isRule {
		return want == value
	}
	text, _ := value.(string)
	if prefix, ok := rule["prefix"].(string); ok && len(rule) == 1 {
		return strings.HasPrefix(text, prefix)
	}
	if but, ok := rule["anything-but"].(map[string]any); ok && len(rule) == 1 {
		return !alternative(t, but, value)
	}
	t.Fatalf("the test does not know %v", rule)
	return false
}

// resolved replaces the functions of a CloudFormation template by the values of parameters.
func resolved(t *testing.T, value any, values map[string]string) any {
	t.Helper()
	switch value := value.(type) {
	case []any:
		all := make([]any, len(value))
		for i, v := range value {
			all[i] = resolved(t, v, values)
		}
		return all
	case map[string]any:
		if name, ok := value["Ref"].(string); ok {
			return known(t, values, name)
		}
		if text, ok := value["Fn::Sub"].(string); ok {
			return regexp.MustCompile(`\$\{[^}]+\}`).ReplaceAllStringFunc(text, func(name string) string { return known(t, values, name[2:len(name)-1]) })
		}
		if join, ok := value["Fn::Join"].([]any); ok {
			var text strings.Builder
			for _, part := range resolved(t, join[1], values).([]any) {
				fmt.Fprint(&text, part)
			}
			return text.String()
		}
		all := map[string]any{}
		for name, v := range value {
			all[name] = resolved(t, v, values)
		}
		return all
	}
	return value
}

func known(t *testing.T, values map[string]string, name string) string {
	t.Helper()
	value, ok := values[name]
	if !ok {
		t.Fatalf("a template refers to %s", name)
	}
	return value
}

// transformed is what an input transformer of EventBridge makes of an event. In JSON, a variable stands without quotes.
func transformed(t *testing.T, transformer map[string]any, event map[string]any) string {
	t.Helper()
	text := transformer["InputTemplate"].(string)
	for name, path := range transformer["InputPathsMap"].(map[string]any) {
		var value any = event
		for _, step := range strings.Split(strings.TrimPrefix(path.(string), "$."), ".") {
			value = value.(map[string]any)[step]
		}
		text = strings.ReplaceAll(text, "<"+name+">", fmt.Sprintf("%q", value))
	}
	return text
}
