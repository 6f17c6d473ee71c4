package manifest

import (
	"slices"
	"testing"
)

// guarded says for each attribute of a manifest which attribute of a guard file
// restricts it or, in brackets, why none does. docs/guard.md has the latter for
// attributes that reach AWS.
var guarded = map[string]string{
	"bundle.name": "bundles", "bundle.layer": "layers", "bundle.layer_parameter": "layer_parameters", "bundle.helpers": "helpers", "bundle.blind": "blind",
	"bundle.default_environment": "(the chosen environment is checked)",
	"variable.default":           "(the values that use it are checked)", "variable.description": "(it has no effect)",
	"environment.account_id": "accounts", "environment.regions": "regions", "environment.embedded": "accounts", "environment.blind": "blind",
	"environment.session_name": "session", "environment.external_id": "session", "environment.source_identity": "session", "environment.tags": "session",
	"environment.role":           "(it is in the account, and changes neither parameters nor keys)",
	"environment.parameter_keys": "(it can only restrict further)",
	"environment.values":         "(the values that use them are checked)",
	"function.kms_key":           "keys", "function.deployed_as": "deployed_as", "function.blind": "blind",
	"function.shared_key": "(keys says which functions can use the key)", "function.include": "(secrets of groups are checked for the function)",
	"function.environments": "(it can only restrict further)",
	"secret.secretsmanager": "secrets", "secret.version_stage": "(a version makes no difference)", "secret.version_id": "(a version makes no difference)",
	"secret.parameter": "parameters", "secret.allow_reserved": "allow_reserved", "secret.matches": "constraints", "secret.min_length": "constraints",
	"secret.field": "(it can only restrict further)", "secret.encoding": "(it has no effect on what is read or sealed)", "secret.optional": "(it requests nothing more)",
	"secret.environments": "(it can only restrict further)",
	"parameters.path":     "parameters", "parameters.recursive": "parameters", "parameters.prefix": "(a path import cannot create a name that needs allow_reserved)",
	"parameters.environments": "(it can only restrict further)",
}

// A new attribute needs an entry that says what restricts it.
func TestEveryAttributeJoinsTheGuard(t *testing.T) {
	allow, _ := guardSpec().block("allow")
	seen := map[string]bool{}
	var visit func(s *blockSpec)
	visit = func(s *blockSpec) {
		for _, a := range s.attrs {
			name := s.name + "." + a.name
			if s.name == "defaults" {
				name = "function." + a.name
			}
			seen[name] = true
			by := guarded[name]
			if by == "" {
				t.Errorf("no entry says what restricts %s in a guard file", name)
			} else if _, ok := allow.attr(by); !ok && by[0] != '(' {
				t.Errorf("%s is restricted by %s, which guard files do not have", name, by)
			}
		}
		for _, b := range s.blocks {
			visit(b)
		}
	}
	visit(rootSpec())
	for name := range guarded {
		if !seen[name] {
			t.Errorf("there is no attribute %s", name)
		}
	}
	for _, a := range allow.attrs {
		if !slices.Contains([]string{"environments", "functions", "put"}, a.name) && !bindsSomething(a.name) { // put permits commands
			t.Errorf("%s binds nothing", a.name)
		}
	}
}

func bindsSomething(attribute string) bool {
	for _, by := range guarded {
		if by == attribute {
			return true
		}
	}
	return false
}
