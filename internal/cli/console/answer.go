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

// answerVersion is the format_version of what --json prints. A member that changes its meaning raises it.
const answerVersion = 2

// maxProblems is how many problems of a target an answer lists.
const maxProblems = 1000

// An answer is what a run with --json prints: one envelope, whatever becomes of the run. docs/schemas has its schemas.
type answer struct {
	format  int // 0 without --json, 1 for what the release before printed, else answerVersion
	began   bool
	command string // "" where the words name none
	targets []Target

	onlyLooks bool // the command writes nothing
}

// A Target is what became of an environment, a region and a function, as --json prints it. All three are empty where
// the run is about none, or ended before they were known.
type Target struct {
	Environment string    `json:"environment"`
	Region      string    `json:"region"`
	Function    string    `json:"function"` // of a layer of one function
	Result      any       `json:"result"`   // null where there is none
	Problems    []Problem `json:"problems"`
	More        int       `json:"more_problems,omitempty"` // that are not listed
}

// A Problem is one thing that kept a run from being done, as --json prints it.
type Problem struct {
	Kind    problem.Kind `json:"kind"`
	Code    string       `json:"code"` // in docs/errors.md
	Summary string       `json:"summary"`
	Detail  string       `json:"detail"`
	File    string       `json:"file"`   // "" for none
	Line    int          `json:"line"`   // from 1; 0 for none
	Column  int          `json:"column"` // from 1, in characters; 0 for none
}

// Add adds problems to those of the target.
func (t *Target) Add(problems problem.Problems) {
	for _, p := range problems {
		if len(t.Problems) == maxProblems {
			t.More++
			continue
		}
		one := Problem{Kind: p.Kind, Code: p.Code(), Summary: p.Summary, Detail: p.Detail}
		if p.Subject != nil {
			one.File, one.Line, one.Column = p.Subject.Filename, p.Subject.Start.Line, p.Subject.Start.Column
		}
		t.Problems = append(t.Problems, one)
	}
}

// JSON reports whether the run prints JSON in place of text.
func (c *Console) JSON() bool { return c.answer.format > 0 }

// About names the only target of the run.
func (c *Console) About(environment, region, function string) {
	c.answer.targets = []Target{{Environment: environment, Region: region, Function: function}}
}

// Answer gives the result of the only target, which is printed when the run ends.
func (c *Console) Answer(result any) error {
	if c.Version1() {
		return c.printVersion1(result)
	}
	if len(c.answer.targets) == 0 {
		c.About("", "", "")
	}
	c.answer.targets[0].Result = result
	return nil
}

// AnswerOrPrint is Answer with --json, and prints the result for people without.
func (c *Console) AnswerOrPrint(result interface {
	Text(out *printable.Stream) error
}) error {
	if c.JSON() {
		return c.Answer(result)
	}
	return result.Text(c.Stdout)
}

// AnswerEach gives what became of each of several targets, their problems included. What ends the run besides is then
// told by a target without names.
func (c *Console) AnswerEach(targets []Target) { c.answer.targets = targets }

// printAnswer prints the envelope of a run that ended with err.
func (c *Console) printAnswer(ctx context.Context, err error) {
	a := c.answer
	if a.format != answerVersion || !a.began && err == nil { // help
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
	ok := true
	for i := range a.targets {
		ok = ok && len(a.targets[i].Problems) == 0
		if a.targets[i].Problems == nil {
			a.targets[i].Problems = []Problem{}
		}
	}
	_ = c.PrintJSON(struct { // the stream remembers its error
		FormatVersion int      `json:"format_version"`
		Command       string   `json:"command"`
		OK            bool     `json:"ok"`
		Targets       []Target `json:"targets"`
	}{answerVersion, a.command, ok, a.targets})
}

// unnamed is the target that what ends the run belongs to: the only one, or one more.
func (a *answer) unnamed() *Target {
	if len(a.targets) != 1 {
		a.targets = append(a.targets, Target{})
	}
	return &a.targets[len(a.targets)-1]
}

// problemsAtEnd are those of a run that ended with err.
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

// An answerForm is the value of --json. The flag stands alone, or says which form is wanted.
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

// jsonFlag is a flag without a value to help and completion, as it most often is.
type jsonFlag struct{ *cli.GenericFlag }

func (f *jsonFlag) TakesValue() bool { return false }

// JSONFlag returns --json.
func JSONFlag() cli.Flag {
	return &jsonFlag{&cli.GenericFlag{Name: "json", Value: new(answerForm), Usage: "print one JSON object, whether the run succeeds or fails"}}
}

func isJSONFlag(f cli.Flag) bool { return slices.Contains(f.Names(), "json") }

// Answering makes every command that has --json answer by it, whatever ends the run: what cannot be parsed included, and
// words that name no command.
func (c *Console) Answering(app *cli.App, words Words) {
	args := c.Args[min(1, len(c.Args)):]
	c.answer = &answer{command: words.Command, onlyLooks: words.OnlyLooks}
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	if words.Command == "" || slices.ContainsFunc(words.Flags, isJSONFlag) {
		c.answer.format = wanted(args)
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

// answered is an action before which what --json says is known, however it was parsed.
func (c *Console) answered(do cli.ActionFunc) cli.ActionFunc {
	return func(of *cli.Context) error {
		c.answer.began = true
		c.answer.format = 0
		if slices.ContainsFunc(of.Command.Flags, isJSONFlag) {
			form, _ := of.Generic("json").(*answerForm)
			c.answer.format = form.version
		}
		return do(of)
	}
}

// wanted is the form that arguments ask for which may not have been parsed.
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
