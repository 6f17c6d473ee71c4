package view

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
)

// A Matrix is the result of bundle matrix: what is to be built, a job each. It is a matrix for fromJSON of GitHub
// Actions
// (https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations).
type Matrix struct {
	Include []MatrixJob `json:"include"`

	Format string `json:"-"` // of Text
}

// A MatrixJob is one job. Only the characters of names are in it, so that no word needs quotes.
type MatrixJob struct {
	Name        string `json:"name"` // different for each job
	Environment string `json:"environment"`
	Region      string `json:"region"`
	Functions   string `json:"functions"` // separated by commas; "" for one layer with all functions
	Args        string `json:"args"`      // flags that choose the layers of the job
}

// The formats of a matrix as text.
const (
	MatrixGitHub = "github" // {"include": […]} in one line
	MatrixGitLab = "gitlab" // a child pipeline
	MatrixLines  = "lines"  // the flags of each job in a line
)

// GitLabTemplate is the hidden job that the jobs of a child pipeline extend.
const GitLabTemplate = ".bundle"

// Text prints the matrix in its format.
func (r *Matrix) Text(out *printable.Stream) error {
	switch r.Format {
	case MatrixGitLab:
		return r.gitLab(out)
	case MatrixLines:
		for _, job := range r.Include {
			if err := out.Printf("%s\n", job.Args); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := io.WriteString(out.JSON(), r.line()+"\n")
	return err
}

// line returns the matrix in one line.
func (r *Matrix) line() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // it consists of strings
	}
	return string(b)
}

// Characters returns the size of the matrix as an output.
func (r *Matrix) Characters() int { return len(r.line()) }

// MaxVariable is how much Linux passes to a program in one variable, in bytes: NAME=VALUE and the NUL behind it
// (MAX_ARG_STRLEN, https://man7.org/linux/man-pages/man2/execve.2.html, with pages of 4 KiB). The job of a GitLab runner
// with more fails before its script (https://docs.gitlab.com/ci/variables/#argument-list-too-long).
const MaxVariable = 128 << 10

// LongestArgs returns the size of the longest variable of a child pipeline, BUNDLE_ARGS, as MaxVariable counts it, and
// the name of its job.
func (r *Matrix) LongestArgs() (job string, size int) {
	for _, j := range r.Include {
		if n := len("BUNDLE_ARGS=") + len(j.Args) + 1; n > size {
			job, size = j.Name, n
		}
	}
	return job, size
}

// gitLab prints the configuration of a child pipeline, which GitLab reads as YAML
// (https://docs.gitlab.com/ci/pipelines/downstream_pipelines/#dynamic-child-pipelines). It has jobs instead of
// parallel:matrix, which is limited to 200, and names each job after all its variables, in at most 255 characters.
func (r *Matrix) gitLab(out *printable.Stream) error {
	var b strings.Builder
	for i, job := range r.Include {
		config, err := json.Marshal(map[string]any{
			"extends": GitLabTemplate,
			"variables": map[string]string{
				"BUNDLE_ENV": job.Environment, "BUNDLE_REGION": job.Region, "BUNDLE_FUNCTIONS": job.Functions, "BUNDLE_ARGS": job.Args,
			},
		})
		if err != nil {
			return err
		}
		separator := ","
		if i == 0 {
			separator = "{"
		}
		fmt.Fprintf(&b, "%s\n  %q: %s", separator, job.Name, config)
	}
	b.WriteString("\n}\n")
	_, err := io.WriteString(out.JSON(), b.String())
	return err
}

// Markdown is for the step's summary.
func (r *Matrix) Markdown() string {
	return fmt.Sprintf("**bundle matrix**: %s\n", printable.Count(len(r.Include), "job"))
}

// Outputs are for the jobs of a workflow that need this one.
func (r *Matrix) Outputs() []actions.Output {
	return []actions.Output{{Name: "matrix", Value: r.line()}, {Name: "count", Value: fmt.Sprint(len(r.Include))}}
}
