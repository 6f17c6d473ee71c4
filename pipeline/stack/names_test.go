package stack_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// roleNames returns the names of the roles that a service's resources create, in order.
func roleNames(t *testing.T, s service) []string {
	t.Helper()
	var all []string
	for _, r := range newStack(t, s).Roles {
		if !r.Exists {
			all = append(all, r.Name)
		}
	}
	return all
}

func TestRolesHaveTheNamesOfTheBundleAndTheEnvironment(t *testing.T) {
	want := []string{"shop-prod-build", "shop-prod-plan", "shop-prod-put", "shop-prod-function-hello", "shop-prod-function-worker"}
	if got := roleNames(t, small(t)); !slices.Equal(got, want) {
		t.Error(got)
	}
	// Roles belong to no region.
	s := small(t)
	s.Manifest.Environment.Regions = append(s.Manifest.Environment.Regions, s.Manifest.Environment.Regions[0])
	if got := roleNames(t, s); got[0] != "shop-prod-us-west-2-build" || got[4] != "shop-prod-us-west-2-function-worker" {
		t.Error(got)
	}
}

// IAM accepts 64 characters for roles and 128 for policies. Names that begin alike remain
// different.
func TestLongNamesAreCut(t *testing.T) {
	s := small(t)
	s.Manifest.Bundle.Name.Value, s.Manifest.Environment.Name.Value = strings.Repeat("b", 64), strings.Repeat("e", 64)
	s.Manifest.Environment.Regions = append(s.Manifest.Environment.Regions, s.Manifest.Environment.Regions[0])
	valid := regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	seen := map[string]bool{}
	for _, name := range roleNames(t, s) {
		if !valid.MatchString(name) || seen[name] {
			t.Errorf("%q", name)
		}
		seen[name] = true
	}
	if len(seen) != 5 {
		t.Error(seen)
	}
	s.BuildRole = roleARN("builder")
	for id, r := range readTemplate(t, templateOf(t, s)).Resources {
		if name, ok := r.Properties["ManagedPolicyName"].(string); ok && (len(name) > 128 || !strings.HasPrefix(name, "bbbb")) {
			t.Errorf("%s: %q", id, name)
		}
	}
}

// IAM does not accept two roles, or two policies, whose names differ only in case.
func TestNamesThatDifferOnlyInCaseAreMadeDifferent(t *testing.T) {
	s := small(t)
	s.Manifest.Functions[1].Name.Value = "Hello"
	s.Keys = map[string]string{"hello": keyARN(account, 2), "Hello": keyARN(account, 1)}
	seen := map[string]bool{}
	for id, r := range readTemplate(t, templateOf(t, s)).Resources {
		for _, attribute := range []string{"RoleName", "ManagedPolicyName"} {
			name, ok := r.Properties[attribute].(string)
			if ok && seen[attribute+strings.ToLower(name)] {
				t.Errorf("%s: %q differs from another only in case", id, name)
			}
			seen[attribute+strings.ToLower(name)] = true
		}
	}
	if got := roleNames(t, s); got[3] != "shop-prod-function-hello" || !regexp.MustCompile(`^shop-prod-function-Hello-[0-9a-f]{8}$`).MatchString(got[4]) {
		t.Error(got)
	}
}

// Several functions may run as one role, which can have ten managed policies.
func TestARoleOfSeveralFunctions(t *testing.T) {
	for functions, ok := range map[int]bool{10: true, 11: false} {
		s := many(t, functions, 1)
		s.FunctionRoles = map[string]string{}
		for _, name := range s.Functions() {
			s.FunctionRoles[name] = roleARN("all")
		}
		if ok {
			newStack(t, s)
			continue
		}
		refused(t, s, `role "all" is named for so many functions that it needs more than 10 managed policies`)
	}
}
