package target

import (
	"fmt"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// SSMFlag is the flag that names the parameter for the ARN of a published layer.
const SSMFlag = "--ssm"

// withParameter returns a reading with the parameter of --ssm, if that was given, and what
// is wrong with it.
func (s *selection) withParameter(environment, region string, read *pipeline.Reading) (*pipeline.Reading, problem.Problems) {
	if s.Parameter == "" {
		return read, nil
	}
	var problems problem.Problems
	m := read.Manifest
	refuse := func(summary, detail string) {
		if len(problems) == 0 {
			problems = append(problems, problem.New(problem.Manifest, &m.Bundle.Layer.Range, summary, fmt.Sprintf("%s %s: %s", SSMFlag, s.Parameter, detail)))
		}
	}
	return read.WithLayerParameters(func(function string) string {
		if function == "" && NamesFunctions(m) {
			return ""
		}
		t := Target{Environment: environment, Region: region, Function: function}
		name, err := manifest.ParseLayerParameter(t.Fill(s.Parameter))
		if err != nil {
			refuse("Invalid layer parameter", fmt.Sprintf("%q %s", t.Fill(s.Parameter), err))
			return ""
		}
		if reader := m.Reader(name); reader != "" {
			refuse("Layer parameter is read as a secret", fmt.Sprintf(
				"Function %q reads %q, so every published layer would make the next build publish another. Choose a name that no function reads.", reader, name))
		}
		return name
	}), problems
}
