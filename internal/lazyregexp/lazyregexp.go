// Package lazyregexp has regular expressions that are compiled at their first use. A command then starts without the
// time that the expressions of all others take.
package lazyregexp

import (
	"regexp"
	"sync"
)

// A Regexp is a regular expression of package regexp. It is safe for concurrent use.
type Regexp struct{ compiled func() *regexp.Regexp }

// New returns the expression. It must be a constant: TestPatternsCompile of internal/house compiles every one of them.
func New(expression string) *Regexp {
	return &Regexp{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// MatchString reports whether s contains a match.
func (r *Regexp) MatchString(s string) bool { return r.compiled().MatchString(s) }

// FindString returns the first match in s, or "".
func (r *Regexp) FindString(s string) string { return r.compiled().FindString(s) }

// FindStringSubmatch returns the first match in s and its groups, or nil.
func (r *Regexp) FindStringSubmatch(s string) []string { return r.compiled().FindStringSubmatch(s) }

// ReplaceAllString returns s with every match replaced, where $1 in the replacement stands for the first group.
func (r *Regexp) ReplaceAllString(s, replacement string) string {
	return r.compiled().ReplaceAllString(s, replacement)
}

// String returns the expression.
func (r *Regexp) String() string { return r.compiled().String() }

// FindStringSubmatchIndex returns where the first match in s and its groups are, or nil.
func (r *Regexp) FindStringSubmatchIndex(s string) []int {
	return r.compiled().FindStringSubmatchIndex(s)
}

// ReplaceAllStringFunc returns s with every match replaced by what replacement makes of it.
func (r *Regexp) ReplaceAllStringFunc(s string, replacement func(string) string) string {
	return r.compiled().ReplaceAllStringFunc(s, replacement)
}

// FindAllString returns the first n matches in s; with a negative n, all of them.
func (r *Regexp) FindAllString(s string, n int) []string { return r.compiled().FindAllString(s, n) }
