// Package target finds the targets of a command: which environments, regions and
// functions of the manifest, and whether this run may use them.
package target

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Target is one layer of a run: an environment in a region and, if the command line
// has {function}, one function there.
type Target struct {
	Environment string
	Region      string   // "" if the manifest is too broken to say
	Regions     []string // of the environment, also those that are not chosen
	Function    string   // "" if the layer is for all functions

	Module   *manifest.Module
	Manifest *manifest.Manifest  // in this region and for this function
	Guard    *manifest.Guard     // the guard file, which allows the manifest; nil for none
	Siblings []manifest.Function // all functions of the environment, if each has its own layer
	Helpers  []string            // of the manifest that are not in the layer
	Path     string              // of the layer; "" if the command line names none
	Problems problem.Problems    // that prevent work on the target
}

// Whole returns the manifest of the target with all functions of the environment, for
// targets that share a session.
func (t *Target) Whole() *manifest.Manifest {
	if t.Siblings == nil {
		return t.Manifest
	}
	m := *t.Manifest
	m.Functions = t.Siblings
	return &m
}

func (t *Target) String() string {
	var parts []string
	for _, s := range []string{t.Environment, t.Region, t.Function} {
		if s != "" {
			parts = append(parts, printable.Name(s))
		}
	}
	return strings.Join(parts, " ")
}

// A Request says what a command needs targets for.
type Request struct {
	Manifest string // name of the flag for the manifest
	Flag     string // name of the flag for the layer, such as --out
	Pattern  string // the layer's path, with placeholders; "" for none
	Named    bool   // without a path, layers are the published ones
	// Parameter is that of --ssm, with placeholders; "" for those of the manifest.
	Parameter string
	Offline   bool // AWS is not called, so the manifest may be untrusted
}

// Choose returns the targets that the command line chooses: each environment in each
// of its regions, in the order of the command line or the manifest. Problems of the
// manifest in one of them belong to that target only.
func Choose(con *console.Console, c *cli.Context, q Request) ([]*Target, error) {
	if err := CheckPattern(q.Flag, q.Pattern); err != nil {
		return nil, err
	}
	if err := CheckPattern(SSMFlag, q.Parameter); err != nil {
		return nil, err
	}
	if err := con.Apart(q.Pattern); err != nil {
		return nil, err
	}
	defer Sparing()()
	module, problems, err := loadFrom(con, c, q.Manifest)
	if err != nil {
		return nil, err
	}
	defer module.Forget() // all environments that the run is about are evaluated here
	names, err := Environments(con, c, module)
	if err != nil && len(problems) > 0 {
		return nil, console.Failed(problems)
	}
	if err != nil {
		return nil, err
	}
	functions, err := console.Functions(c)
	if err != nil {
		return nil, err
	}
	guard, guardErr := LoadGuard(con, c, module)
	s := &selection{Console: con, context: c, Request: q, module: module, guard: guard, only: console.List(c, "region"), functions: functions}
	for _, name := range names {
		s.addEnvironment(name)
	}
	if len(problems) > 0 { // of the whole manifest
		var all problem.Gathered
		all.Add(problems...)
		for _, t := range s.all {
			all.Add(t.Problems...)
		}
		return nil, console.Failed(all.Sorted())
	}
	if guardErr != nil {
		return nil, guardErr
	}
	if err := s.checkRegions(); err != nil {
		return nil, err
	}
	if err := s.checkFunctions(); err != nil {
		return nil, err
	}
	if err := CheckData(c, s.all); err != nil {
		return nil, err
	}
	for _, t := range s.all {
		seed := ""
		if name := t.Manifest.Environment.Embedded.Value; name != "" {
			seed = filepath.Join(module.Dir(), name)
		}
		if err := con.Apart(t.Path, seed); err != nil {
			return nil, err
		}
	}
	return s.all, distinct(q.Flag, q.Pattern, s.all)
}

// A selection is the choice of targets in progress.
type selection struct {
	*console.Console
	Request
	context *cli.Context
	module  *manifest.Module
	guard   *manifest.Guard
	only    []string // --region
	asked   pipeline.Questions

	functions []string // --function

	all      []*Target
	known    []string // regions of the environments
	declared []string // functions of the environments
	vague    bool     // the regions of an environment are unknown
}

// addEnvironment adds the targets of one environment.
func (s *selection) addEnvironment(name string) {
	read, problems := Evaluate(s.Console, s.module, name)
	m := read.Manifest
	problems = append(problems, s.asked.Add(read)...).Sort()
	var regions []string
	for _, r := range m.Environment.Regions {
		s.known = append(s.known, r.Value)
		if len(s.only) == 0 || slices.Contains(s.only, r.Value) {
			regions = append(regions, r.Value)
		}
	}
	s.vague = s.vague || len(m.Environment.Regions) == 0
	for _, fn := range m.Functions {
		s.declared = append(s.declared, fn.Name.Value)
	}
	switch {
	case len(problems) > 0:
		t := &Target{Environment: name, Module: s.module, Manifest: m, Problems: problems}
		if len(regions) == 1 {
			t.Region = regions[0]
		}
		s.all = append(s.all, t)
		return
	case len(regions) == 0:
		s.Hint("environment %q is not in %s, so it is skipped", name, printable.AnyOf(s.only))
	}
	before := len(s.all)
	for _, region := range regions {
		s.addRegion(name, region, read.In(region))
	}
	for _, t := range s.all[before:] {
		for _, r := range m.Environment.Regions {
			t.Regions = append(t.Regions, r.Value)
		}
	}
}

// addRegion adds the targets of an environment in one of its regions.
func (s *selection) addRegion(name, region string, read *pipeline.Reading) {
	read, wrong := s.withParameter(name, region, read)
	m := read.Manifest
	t := Target{Environment: name, Region: region, Module: s.module, Manifest: m, Guard: s.guard}
	t.Problems = slices.Concat(wrong, pipeline.CheckRegion(m), read.CheckLimits())
	if len(t.Problems) == 0 {
		t.Problems = CheckGuard(read, s.guard)
	}
	for _, check := range []func(*manifest.Manifest) problem.Problems{s.checkTrust, s.checkLayers, s.checkWhole} {
		if len(t.Problems) == 0 {
			t.Problems = check(m)
		}
	}
	switch {
	case len(t.Problems) == 0 && (s.byFunction(m) || NamesFunctions(m)) && !slices.ContainsFunc(m.Functions, s.wants):
		s.Hint("environment %q has no function %s, so it is skipped", name, printable.AnyOf(s.functions))
		return
	case len(t.Problems) == 0 && s.byFunction(m):
		for _, fn := range m.Functions {
			if !s.wants(fn) {
				continue
			}
			one := t
			one.Function, one.Manifest = fn.Name.Value, m.Of(fn)
			for _, helper := range m.Bundle.Helpers {
				one.Helpers = append(one.Helpers, helper.Value)
			}
			one.Manifest.Bundle.Helpers = nil
			one.Siblings = m.Functions
			one.Path = one.Fill(s.Pattern)
			s.all = append(s.all, &one)
		}
		return
	case NamesFunctions(m) && len(m.Functions) == 1:
		t.Manifest = m.Of(m.Functions[0])
	}
	if !strings.Contains(s.Pattern, FunctionPlace) {
		t.Path = t.Fill(s.Pattern)
	}
	if s.Flag == console.OutFlag {
		t.Problems = append(t.Problems, pipeline.CheckEntries(t.Manifest)...)
	}
	s.all = append(s.all, &t)
}

// byFunction reports whether each function has its own layer. This depends on the
// path or, without a path, on the name that the layer is published under.
func (s *selection) byFunction(m *manifest.Manifest) bool {
	return strings.Contains(s.Pattern, FunctionPlace) || s.Named && s.Pattern == "" && len(m.Functions) > 1 && NamesFunctions(m)
}

// NamesFunctions reports whether bundle.layer depends on the function.
func NamesFunctions(m *manifest.Manifest) bool {
	return m.Bundle.Layer.Value == "" && slices.ContainsFunc(m.Functions, func(fn manifest.Function) bool { return fn.Layer.Value != "" })
}

func (s *selection) checkTrust(m *manifest.Manifest) problem.Problems {
	var refused *console.Failure
	if s.Offline || !errors.As(RefuseUntrusted(s.Console, s.context, m), &refused) {
		return nil
	}
	return refused.Problems
}

// checkLayers checks the name that layers are published under against the path: either
// both depend on the function, or neither does.
func (s *selection) checkLayers(m *manifest.Manifest) problem.Problems {
	refuse := func(at hcl.Range, summary, format string, args ...any) problem.Problems {
		return problem.Problems{problem.New(problem.Manifest, &at, summary, fmt.Sprintf(format, args...))}
	}
	one := strings.Contains(s.Pattern, FunctionPlace)
	switch layer := m.Bundle.Layer; {
	case one && layer.Value != "":
		return refuse(layer.Range, "One name for many layers", "%s %s makes a layer for each function, and all would be published as %q. "+
			"Put ${function.name} into the name, or leave {function} out of %s.", s.Flag, s.Pattern, layer.Value, s.Flag)
	case s.Flag == console.OutFlag && s.Pattern != "" && !one && len(m.Functions) > 1 && NamesFunctions(m):
		return refuse(m.Functions[0].Layer.Range, "Many names for one layer", "%s %s makes one layer for all functions, and its name depends on the function. "+
			"Put {function} into %s for a layer each, or take function.name out of the name.", s.Flag, s.Pattern, s.Flag)
	case !s.byFunction(m):
		return nil
	}
	named := make(map[string]string)
	for _, fn := range m.Functions {
		if other := named[fn.Layer.Value]; other != "" && fn.Layer.Value != "" {
			return refuse(fn.Layer.Range, "One name for many layers", "The layers of functions %q and %q would both be published as %q. "+
				"Put the whole ${function.name} into the name.", other, fn.Name.Value, fn.Layer.Value)
		}
		named[fn.Layer.Value] = fn.Name.Value
	}
	return nil
}

// checkRegions refuses regions of the command line that no environment is in.
func (s *selection) checkRegions() error {
	for _, region := range s.only {
		if !s.vague && !slices.Contains(s.known, region) {
			slices.Sort(s.known)
			return console.Usagef("--region %s: no selected environment is in this region. They are in %s.", region, printable.Names(slices.Compact(s.known)))
		}
	}
	return nil
}

// wants reports whether --function names a function, or is not set.
func (s *selection) wants(fn manifest.Function) bool {
	return len(s.functions) == 0 || slices.Contains(s.functions, fn.Name.Value)
}

// checkWhole refuses --function if it would leave functions out of a layer.
func (s *selection) checkWhole(m *manifest.Manifest) problem.Problems {
	if s.byFunction(m) || NamesFunctions(m) || !slices.ContainsFunc(m.Functions, func(fn manifest.Function) bool { return !s.wants(fn) }) {
		return nil
	}
	return problem.Problems{problem.New(problem.Manifest, &m.Environment.Range, "One layer for all functions", fmt.Sprintf(
		"--function chooses layers, but environment %q has one layer for all of its functions. Remove --function. "+
			"For a layer each, put ${function.name} into bundle.layer, and {function} into the path of the layer.", m.Environment.Name.Value))}
}

// checkFunctions refuses functions of the command line that no environment has, or none that is in a selected region.
func (s *selection) checkFunctions() error {
	if s.vague || slices.ContainsFunc(s.all, func(t *Target) bool { return len(t.Problems) > 0 }) {
		return nil
	}
	for _, name := range s.functions {
		if !slices.Contains(s.declared, name) {
			slices.Sort(s.declared)
			all := slices.Compact(s.declared)
			return console.Usagef("--function %s: no selected environment has this function.%s They have %s.", printable.Name(name), guess(name, all), printable.Names(all))
		}
	}
	if len(s.all) == 0 {
		return console.Usagef("nothing is selected: no selected environment has both this region and this function. Remove --region or --function.")
	}
	return nil
}

// CheckData refuses --data if no target is embedded.
func CheckData(c *cli.Context, targets []*Target) error {
	embedded := func(t *Target) bool { return len(t.Problems) > 0 || t.Manifest.Environment.Embedded.Value != "" }
	if c.Generic("data") != nil && console.Given(c, "data") && !slices.ContainsFunc(targets, embedded) {
		return console.Usagef("--data is the state folder of the embedded AWS, but no selected environment is embedded: remove --data")
	}
	return nil
}
