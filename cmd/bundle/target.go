package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
)

// A target is one layer that a run is about: that of an environment in a region
// and, where the command line says {function}, of one function there.
type target struct {
	environment string
	region      string // "" where the manifest is too wrong to say
	function    string // "" where the layer is of all functions

	module   *manifest.Module
	manifest *manifest.Manifest  // as it is in the region and for the function
	siblings []manifest.Function // all functions of the environment, where each has a layer of its own
	helpers  []string            // of the manifest that are not in the layer
	path     string              // of the layer; "" where the command line names none
	problems pipeline.Problems   // why nothing can be done about it
}

// whole is the manifest of the target with all functions of the environment, as
// targets that share a session need it.
func (t *target) whole() *manifest.Manifest {
	if t.siblings == nil {
		return t.manifest
	}
	m := *t.manifest
	m.Functions = t.siblings
	return &m
}

func (t *target) String() string {
	var parts []string
	for _, s := range []string{t.environment, t.region, t.function} {
		if s != "" {
			parts = append(parts, printable.Name(s))
		}
	}
	return strings.Join(parts, " ")
}

// A request says what a command wants targets for.
type request struct {
	manifest string // the flag that names the manifest
	flag     string // what names the layer
	pattern  string // the layer's path, with placeholders; "" for none
	named    bool   // without a path, layers go by the names that they are published under
	offline  bool   // AWS is not called, so that the manifest may be a stranger's
}

// targets returns what the command line chooses: each environment in each of
// its regions, in the order of the command line or the manifest. What is wrong
// with the manifest in one of them is that target's problem alone.
func (a *app) targets(c *cli.Context, q request) ([]*target, error) {
	if err := checkPattern(q.flag, q.pattern); err != nil {
		return nil, err
	}
	if err := a.apart(q.pattern); err != nil {
		return nil, err
	}
	defer sparing()()
	module, problems, err := a.loadFrom(c, q.manifest)
	if err != nil {
		return nil, err
	}
	names, err := a.environments(c, module)
	if err != nil && len(problems) > 0 {
		return nil, failed(problems)
	}
	if err != nil {
		return nil, err
	}
	guard, guardErr := a.loadGuard(c, module)
	s := &selection{app: a, context: c, request: q, module: module, guard: guard, only: list(c, "region")}
	for _, name := range names {
		s.environment(name)
	}
	if len(problems) > 0 { // of the whole manifest
		var all pipeline.Gathered
		all.Add(problems...)
		for _, t := range s.all {
			all.Add(t.problems...)
		}
		return nil, failed(all.Sorted())
	}
	if guardErr != nil {
		return nil, guardErr
	}
	if err := s.checkRegions(); err != nil {
		return nil, err
	}
	if err := checkData(c, s.all); err != nil {
		return nil, err
	}
	for _, t := range s.all {
		seed := ""
		if name := t.manifest.Environment.Embedded.Value; name != "" {
			seed = filepath.Join(module.Dir(), name)
		}
		if err := a.apart(t.path, seed); err != nil {
			return nil, err
		}
	}
	return s.all, distinct(q.flag, q.pattern, s.all)
}

// A selection is the choice of targets under way.
type selection struct {
	*app
	request
	context *cli.Context
	module  *manifest.Module
	guard   *manifest.Guard
	only    []string // --region
	asked   pipeline.Questions

	all   []*target
	known []string // regions of the environments
	vague bool     // the regions of one are not known
}

// environment adds the targets of one environment.
func (s *selection) environment(name string) {
	read, problems := s.evaluate(s.module, name)
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
	switch {
	case len(problems) > 0:
		t := &target{environment: name, module: s.module, manifest: m, problems: problems}
		if len(regions) == 1 {
			t.region = regions[0]
		}
		s.all = append(s.all, t)
		return
	case len(regions) == 0:
		s.hint("environment %q is not in %s and is left out", name, strings.ReplaceAll(printable.Names(s.only), ", ", " or "))
	}
	for _, region := range regions {
		s.region(name, region, read.In(region))
	}
}

// region adds the targets of an environment in one of its regions.
func (s *selection) region(name, region string, read *pipeline.Reading) {
	m := read.Manifest
	t := target{environment: name, region: region, module: s.module, manifest: m}
	t.problems = append(pipeline.CheckRegion(m), read.CheckLimits()...)
	if len(t.problems) == 0 {
		t.problems = checkGuard(read, s.guard)
	}
	for _, check := range []func(*manifest.Manifest) pipeline.Problems{s.checkTrust, s.checkLayers} {
		if len(t.problems) == 0 {
			t.problems = check(m)
		}
	}
	switch {
	case len(t.problems) == 0 && s.byFunction(m):
		for _, fn := range m.Functions {
			one := t
			one.function, one.manifest = fn.Name.Value, m.Of(fn)
			for _, helper := range m.Bundle.Helpers {
				one.helpers = append(one.helpers, helper.Value)
			}
			one.manifest.Bundle.Helpers = nil
			one.siblings = m.Functions
			one.path = one.fill(s.pattern)
			s.all = append(s.all, &one)
		}
		return
	case namesFunctions(m) && len(m.Functions) == 1:
		t.manifest = m.Of(m.Functions[0])
	}
	if !strings.Contains(s.pattern, functionPlace) {
		t.path = t.fill(s.pattern)
	}
	if s.flag == outFlag {
		t.problems = append(t.problems, pipeline.CheckEntries(t.manifest)...)
	}
	s.all = append(s.all, &t)
}

// byFunction says whether each function has a layer of its own: where the path
// says so, or, without one, where the name says so that it is published under.
func (s *selection) byFunction(m *manifest.Manifest) bool {
	return strings.Contains(s.pattern, functionPlace) || s.named && s.pattern == "" && len(m.Functions) > 1 && namesFunctions(m)
}

// namesFunctions says whether bundle.layer depends on the function.
func namesFunctions(m *manifest.Manifest) bool {
	return m.Bundle.Layer.Value == "" && slices.ContainsFunc(m.Functions, func(fn manifest.Function) bool { return fn.Layer.Value != "" })
}

func (s *selection) checkTrust(m *manifest.Manifest) pipeline.Problems {
	var refused *failure
	if s.offline || !errors.As(s.refuseUntrusted(s.context, m), &refused) {
		return nil
	}
	return refused.problems
}

// checkLayers holds the name that layers are published under to the path: both
// say that each function has a layer of its own, or neither does.
func (s *selection) checkLayers(m *manifest.Manifest) pipeline.Problems {
	refuse := func(at hcl.Range, summary, format string, args ...any) pipeline.Problems {
		return pipeline.Problems{{Kind: pipeline.Manifest, Diagnostic: hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: written(&at),
		}}}
	}
	one := strings.Contains(s.pattern, functionPlace)
	switch layer := m.Bundle.Layer; {
	case one && layer.Value != "":
		return refuse(layer.Range, "One name for many layers", "%s %s makes a layer for each function, and all would be published as %q. "+
			"Put ${function.name} into the name, or leave {function} out of %s.", s.flag, s.pattern, layer.Value, s.flag)
	case s.flag == outFlag && s.pattern != "" && !one && len(m.Functions) > 1 && namesFunctions(m):
		return refuse(m.Functions[0].Layer.Range, "Many names for one layer", "%s %s makes one layer for all functions, and its name depends on the function. "+
			"Put {function} into %s for a layer each, or take function.name out of the name.", s.flag, s.pattern, s.flag)
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
			return usagef("--region %s: no chosen environment is in it. They are in %s.", region, printable.Names(slices.Compact(s.known)))
		}
	}
	return nil
}
