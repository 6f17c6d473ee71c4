package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/problem"
)

// answerVersion is the format_version of --json. It increases if a member changes its meaning.
const answerVersion = 2

// maxProblems is the maximum number of problems, and of warnings, that an answer lists for a target.
const maxProblems = 1000

// An answer is what a run with --json prints: one envelope, whether the run succeeds or fails. docs/schemas has its schemas.
type answer struct {
	format  int // 0 without --json, 1 for the format of the previous release, else answerVersion
	began   bool
	command string // "" if the command line names none
	targets []Target

	onlyLooks bool // the command writes nothing
}

// A Target is the outcome of one target, as --json prints it. Environment, region and function are empty if the run has
// no target, or ended before the target was known.
type Target struct {
	Environment string    `json:"environment"`
	Region      string    `json:"region"`
	Function    string    `json:"function"` // "" unless the layer is for one function
	Result      any       `json:"result"`   // null if there is none
	Problems    []Problem `json:"problems"`
	More        int       `json:"more_problems,omitempty"` // problems that are not listed
	Warnings    []Problem `json:"warnings"`
	Warned      int       `json:"more_warnings,omitempty"` // warnings that are not listed
}

// A Problem is one problem or warning of a run, as --json prints it.
type Problem struct {
	Kind    problem.Kind `json:"kind"`
	Code    string       `json:"code"` // in docs/errors.md
	Summary string       `json:"summary"`
	Detail  string       `json:"detail"`
	File    string       `json:"file"`   // "" for none
	Line    int          `json:"line"`   // from 1; 0 for none
	Column  int          `json:"column"` // from 1, in characters; 0 for none
}

// Add adds problems to the target, up to maxProblems.
func (t *Target) Add(problems problem.Problems) {
	for _, p := range problems {
		t.Problems, t.More = added(t.Problems, t.More, p)
	}
}

// AddWarnings adds the warnings that a console aside printed about the target.
func (t *Target) AddWarnings(aside *Console) { t.addWarnings(aside.warned) }

// addWarnings adds the warnings that are about the target, up to maxProblems. A target without names has all.
func (t *Target) addWarnings(all []warned) {
	for _, w := range all {
		if w.environment == "" || t.Environment == "" || w.environment == t.Environment {
			t.Warnings, t.Warned = added(t.Warnings, t.Warned, w.Problem)
		}
	}
}

// A warned is a warning that was printed.
type warned struct {
	environment string // that it is about; "" for the whole run
	problem.Problem
}

// added adds a problem to a list, or counts it in more if the list is full.
func added(list []Problem, more int, p problem.Problem) ([]Problem, int) {
	if len(list) == maxProblems {
		return list, more + 1
	}
	one := Problem{Kind: p.Kind, Code: p.Code(), Summary: p.Summary, Detail: p.Detail}
	if p.Subject != nil {
		one.File, one.Line, one.Column = p.Subject.Filename, p.Subject.Start.Line, p.Subject.Start.Column
	}
	return append(list, one), more
}

// JSON reports whether the run prints JSON instead of text.
func (c *Console) JSON() bool { return c.answer.format > 0 }

// About sets the names of the only target of the run.
func (c *Console) About(environment, region, function string) {
	c.answer.targets = []Target{{Environment: environment, Region: region, Function: function}}
}

// Answer sets the result of the only target, for --json and reports: they are written when the run ends.
func (c *Console) Answer(result any) error {
	if len(c.answer.targets) == 0 {
		c.About("", "", "")
	}
	c.answer.targets[0].Result = result
	if c.Version1() {
		return c.printVersion1(result)
	}
	return nil
}

// AnswerOrPrint is Answer and, without --json, prints the result as text.
func (c *Console) AnswerOrPrint(result interface {
	Text(out *printable.Stream) error
}) error {
	if err := c.Answer(result); err != nil || c.JSON() {
		return err
	}
	return result.Text(c.Stdout)
}

// AnswerEach sets the outcomes of several targets, including their problems. Other problems of the run are then in a
// target without names.
func (c *Console) AnswerEach(targets []Target) { c.answer.targets = targets }

// completeAnswer adds what the run has found to the answer, if it is to be written. The run ended with err.
func (c *Console) completeAnswer(ctx context.Context, err error) {
	a := c.answer
	if !c.printsAnswer(err) && len(c.reports.files) == 0 {
		return
	}
	var failure *Failure
	if !errors.As(err, &failure) || !failure.AlreadyReported {
		if found := c.problemsAtEnd(ctx, err); len(found) > 0 {
			a.unnamed().Add(found)
		}
	}
	if len(a.targets) == 0 {
		a.targets = make([]Target, 1)
	}
	for i := range a.targets {
		t := &a.targets[i]
		if i == 0 || t.Environment != "" { // else it has only a problem of the whole run
			t.addWarnings(c.warned)
		}
		c.allForUser(t.Problems)
		c.allForUser(t.Warnings)
	}
}

// printsAnswer reports whether a run that ended with err prints its answer. Help has none.
func (c *Console) printsAnswer(err error) bool {
	return c.answer.format == answerVersion && (c.answer.began || err != nil)
}

// An envelope is an answer as --json prints it.
type envelope struct {
	FormatVersion int      `json:"format_version"`
	Command       string   `json:"command"`
	OK            bool     `json:"ok"`
	Targets       []Target `json:"targets"`
}

func (a *answer) envelope() envelope {
	e := envelope{answerVersion, a.command, true, slices.Clone(a.targets)}
	for i := range e.Targets {
		t := &e.Targets[i]
		e.OK = e.OK && len(t.Problems) == 0
		if t.Problems == nil {
			t.Problems = []Problem{}
		}
		if t.Warnings == nil {
			t.Warnings = []Problem{}
		}
	}
	return e
}

func (c *Console) allForUser(all []Problem) {
	for i := range all {
		all[i].Detail = c.ForUser(all[i].Detail)
	}
}

// unnamed returns the target for problems that end the run: the only one, or an additional one.
func (a *answer) unnamed() *Target {
	if len(a.targets) != 1 {
		a.targets = append(a.targets, Target{})
	}
	return &a.targets[len(a.targets)-1]
}

// problemsAtEnd returns the problems of a run that ended with err.
func (c *Console) problemsAtEnd(ctx context.Context, err error) problem.Problems {
	var signaled Interruption
	if err == nil || errors.Is(err, ErrDifferences) {
		return nil
	}
	if errors.As(context.Cause(ctx), &signaled) {
		return problem.Problems{problem.New(problem.Interrupted, nil, "Interrupted",
			fmt.Sprintf("The run was stopped by a signal (%v)%s.", signaled, c.aftermath(err)))}
	}
	return ProblemsOf(err)
}

// An answerForm is the value of --json, which is optional.
type answerForm struct{ version int }

func (f *answerForm) IsBoolFlag() bool { return true }

func (f *answerForm) String() string { return "" }

func (f *answerForm) Set(s string) error {
	version, ok := map[string]int{"true": answerVersion, "2": answerVersion, "1": 1}[s]
	if !ok {
		return errors.New("write --json, or --json=1 for the format of the previous release")
	}
	f.version = version
	return nil
}

// jsonFlag is a flag without a value for help and completion.
type jsonFlag struct{ *cli.GenericFlag }

func (f *jsonFlag) TakesValue() bool { return false }

// JSONFlag returns --json.
func JSONFlag() cli.Flag {
	return &jsonFlag{&cli.GenericFlag{Name: "json", Value: new(answerForm), Usage: "print one JSON object, whether the run succeeds or fails"}}
}

func isJSONFlag(f cli.Flag) bool { return slices.Contains(f.Names(), "json") }

// Answering makes every command that has --json print its answer, however the run ends: even if the command line cannot
// be parsed, or names no command.
func (c *Console) Answering(app *cli.App, words Words) {
	args := c.Args[min(1, len(c.Args)):]
	c.answer = &answer{command: words.Command, onlyLooks: words.OnlyLooks}
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	if words.Command == "" || slices.ContainsFunc(words.Flags, isJSONFlag) {
		c.answer.format = wanted(args)
	}
	if slices.ContainsFunc(words.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "report") }) {
		c.reports.asked = askedReports(args)
	}
	app.Action = c.answered(app.Action)
	c.answeredAll(app.Commands)
}

func (c *Console) answeredAll(commands []*cli.Command) {
	for _, command := range commands {
		if command.Action != nil {
			command.Action = c.answered(command.Action)
		}
		c.answeredAll(command.Subcommands)
	}
}

// answered returns an action that reads --json and --report before it does its work.
func (c *Console) answered(do cli.ActionFunc) cli.ActionFunc {
	return func(of *cli.Context) error {
		c.answer.began = true
		c.answer.format = 0
		if slices.ContainsFunc(of.Command.Flags, isJSONFlag) {
			form, _ := of.Generic("json").(*answerForm)
			c.answer.format = form.version
		}
		c.reports.asked, c.reports.manifest = nil, Text(of, "manifest")
		if err := c.openReports(List(of, "report"), Text(of, "data")); err != nil {
			return err
		}
		return do(of)
	}
}

// wanted returns the form that the arguments ask for. It parses them itself, because urfave/cli may fail.
func wanted(args []string) int {
	format := 0
	for _, arg := range args {
		name, value, valued := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		switch {
		case name != "json" || !strings.HasPrefix(arg, "-"):
		case valued && value == "1":
			format = 1
		default:
			format = answerVersion
		}
	}
	return format
}
