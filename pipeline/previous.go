package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// Ways to name the layer to carry over from; anything else is the ARN of a
// published layer or a file.
const (
	PreviousAuto = "auto" // the output, else what is published under the manifest's name
	PreviousNone = "none" // carry nothing over
)

// A Previous is the layer to carry documents over from. It is untrusted: it
// has gone through the strict readers, and no path in it is ever used.
type Previous struct {
	Layer   *layerbuild.Layer // nil on a first build
	Content []byte            // the layer's bytes
	Name    string            // file or ARN of the layer; "" on a first build
	Created time.Time         // when the version was published; zero where that is not known
	From    string            // what to tell the user: where it is from, or why there is none; "" while that is not known

	wanted *publish.Ref // the published layer still to be asked for, once the preflight has passed
	at     *hcl.Range   // where the manifest names it; nil where --previous does
	file   string       // why it is not the output's
	sha256 string       // what its bytes must have; "" for anything
}

// OpenPrevious finds the earlier layer that --previous names, as far as that
// takes no call. A file that is not a layer, or that is damaged, is a problem
// and never a silent rebuild. With a SHA-256 no other layer will do, nor none.
func OpenPrevious(name, sha256 string, out *Outfile, m *manifest.Manifest) (Previous, problem.Problems) {
	p, problems := openPrevious(name, sha256, out, m)
	if len(problems) == 0 {
		p.sha256 = sha256
		problems = p.missed()
	}
	if len(problems) > 0 {
		return Previous{}, problems
	}
	return p, nil
}

func openPrevious(name, sha256 string, out *Outfile, m *manifest.Manifest) (Previous, problem.Problems) {
	switch {
	case name == PreviousNone:
		return Previous{From: "first build: --previous none"}, nil
	case name == PreviousAuto:
		return openAuto(sha256, out, m)
	case arn.Looks(name):
		return openARN(name, m)
	}
	if _, err := layerbuild.Read(out.Content); len(out.Content) > 0 && err != nil {
		return Previous{}, damagedPrevious(out.Path, err) // it would be lost
	}
	content, err := ReadLimited(name)
	if err != nil {
		return Previous{}, problem.Problems{problem.New(problem.Manifest, nil, "Previous layer not readable", fmt.Sprintf(
			"%v. Use another layer with --previous, or pass --previous none to seal everything again.", err))}
	}
	return readPrevious(name, sha256, content, m, true)
}

func newPrevious(name string, layer *layerbuild.Layer, content []byte) Previous {
	return Previous{Layer: layer, Content: content, Name: name, From: "carrying over unchanged documents from " + name}
}

// openAuto takes the output, if it is a layer of ours for this environment and
// region, and leaves the published one to be asked for otherwise.
func openAuto(sha256 string, out *Outfile, m *manifest.Manifest) (Previous, problem.Problems) {
	why := ""
	switch layer, err := layerbuild.Read(out.Content); {
	case len(out.Content) == 0 && out.Path == "":
		why = "there is nothing to compare with"
	case len(out.Content) == 0:
		why = fmt.Sprintf("%s does not exist yet", out.Path)
	case err != nil:
		return Previous{}, damagedPrevious(out.Path, err)
	default:
		if why = mismatch(layer, m); why == "" {
			if problems := pinned(out.Path, Digest(out.Content), sha256); len(problems) > 0 {
				return Previous{}, problems
			}
			return newPrevious(out.Path, layer, out.Content), nil
		}
		why = fmt.Sprintf("%s was a layer %s", out.Path, why)
	}
	if m.Bundle.Layer.Value == "" {
		return Previous{From: "first build: " + why}, nil
	}
	return Previous{wanted: &publish.Ref{Layer: m.Bundle.Layer.Value}, at: &m.Bundle.Layer.Range, file: why}, nil
}

func openARN(arn string, m *manifest.Manifest) (Previous, problem.Problems) {
	ref, err := publish.ParseARN(arn)
	if err != nil {
		return Previous{}, problem.Problems{problem.New(problem.Manifest, nil, "Not a layer", "--previous: "+err.Error()+".")}
	}
	if region := m.Environment.Region(); ref.Region != region {
		return Previous{}, problem.Problems{problem.New(problem.Manifest, nil, "Previous layer does not match", fmt.Sprintf(
			"%s is in region %s, but this run is for %s. Layers cannot be used across regions. Use a layer in that region, or pass --previous none.", arn, ref.Region, region))}
	}
	return Previous{wanted: &ref}, nil
}

// readPrevious takes a published layer or a file. One of another environment is
// a problem where it was named, and none where it was found.
func readPrevious(from, sha256 string, content []byte, m *manifest.Manifest, named bool) (Previous, problem.Problems) {
	if problems := pinned(from, Digest(content), sha256); len(problems) > 0 {
		return Previous{}, problems
	}
	layer, err := layerbuild.Read(content)
	if err != nil {
		return Previous{}, damagedPrevious(from, err)
	}
	switch why := mismatch(layer, m); {
	case why == "":
		return newPrevious(from, layer, content), nil
	case named:
		return Previous{}, problem.Problems{problem.New(problem.Integrity, nil, "Previous layer does not match", fmt.Sprintf(
			"%s is a layer %s. Use the layer of this environment, or pass --previous none.", from, why))}
	default:
		return Previous{From: fmt.Sprintf("first build: %s is a layer %s", from, why)}, nil
	}
}

// pinned refuses a layer that has not the SHA-256 it must have, if it must have
// one. It comes before the layer is read.
func pinned(from, has, must string) problem.Problems {
	if must == "" || has == must {
		return nil
	}
	return problem.Problems{problem.New(problem.Integrity, nil, "Previous layer has another digest", fmt.Sprintf(
		"The SHA-256 of %s is %s, but --previous-sha256 is %s. Nothing was written. Find out which of the two is correct.", from, has, must))}
}

// missed refuses to begin without the layer that must be carried over from.
func (p *Previous) missed() problem.Problems {
	if p.sha256 == "" || p.Layer != nil || p.wanted != nil {
		return nil
	}
	return problem.Problems{problem.New(problem.Integrity, nil, "No previous layer", fmt.Sprintf(
		"--previous-sha256 is %s, but there is no previous layer: %s. Add the layer with --previous, or remove --previous-sha256.",
		p.sha256, strings.TrimPrefix(p.From, "first build: ")))}
}

func damagedPrevious(from string, err error) problem.Problems {
	return problem.Problems{problem.New(problem.Integrity, nil, "Invalid previous layer", fmt.Sprintf(
		"%s: %v. It is damaged, or was not built by bundle. Nothing was written. To seal everything again and replace it, pass --previous none.",
		from, err))}
}

// fetch asks for the published layer, where that is the one to carry over
// from. That nothing is published yet makes a first build of a run that named
// no layer; whatever else keeps the layer from being had stops it.
func (p Previous) fetch(ctx context.Context, scope *Scope, layers Layers) (Previous, problem.Problems) {
	if p.wanted == nil {
		return p, nil
	}
	done := progress(scope.Observer, StepPrevious, 1)
	v, err := layers.Find(ctx, *p.wanted)
	var content []byte
	if err == nil {
		content, err = layers.Download(ctx, v)
	}
	done()
	named := p.file == ""
	if !named && errors.Is(err, publish.ErrNoLayer) {
		none := Previous{From: fmt.Sprintf("first build: %s, and no layer %s is published", p.file, p.wanted), sha256: p.sha256}
		return none, none.missed()
	}
	if err != nil {
		return p, problem.Problems{layerProblem(p.at, p.wanted.String(), err, ", or pass --previous none to seal everything again")}
	}
	found, problems := readPrevious(v.ARN, p.sha256, content, scope.Manifest, named)
	if len(problems) > 0 {
		return p, problems
	}
	found.Created, found.sha256 = v.Created, p.sha256
	return found, found.missed()
}

// layerProblem says why a published layer is not available, and what else to do.
func layerProblem(at *hcl.Range, layer string, err error, orElse string) problem.Problem {
	return problem.FromAWS(err, problem.Resource{
		Name: "layer " + layer, Lead: "Layer " + layer, Rights: []string{"lambda:ListLayerVersions", "lambda:GetLayerVersion"}, On: "it", Or: orElse,
	}, at)
}

// mismatch says what a layer is of, if not of this manifest's bundle,
// environment and region.
func mismatch(l *layerbuild.Layer, m *manifest.Manifest) string {
	if len(l.Documents) == 0 {
		return "without secrets"
	}
	d, region := l.Documents[0], m.Environment.Region()
	switch {
	case d.Header.Bundle != m.Bundle.Name.Value:
		return fmt.Sprintf("of bundle %q", d.Header.Bundle)
	case d.Header.Environment != m.Environment.Name.Value:
		return fmt.Sprintf("of environment %q", d.Header.Environment)
	case d.Region() != region:
		return fmt.Sprintf("for region %s", d.Region())
	}
	return ""
}

// elsewhere says what to do about a layer that is not of this manifest's
// environment and region.
func elsewhere(l *layerbuild.Layer, m *manifest.Manifest) string {
	environment, region := m.Environment.Name.Value, m.Environment.Region()
	if len(l.Documents) > 0 && l.Documents[0].Header.Bundle == m.Bundle.Name.Value && l.Documents[0].Header.Environment == environment {
		return fmt.Sprintf("Layers cannot be used across regions. Use the layer of environment %q for %s, or choose this layer's region with --region %s.",
			environment, region, l.Documents[0].Region())
	}
	return fmt.Sprintf("Use the layer of environment %q, or choose another environment with --env.", environment)
}

// wrongAccount says why a layer cannot be of the account that the manifest's
// environment is for, if it cannot.
func wrongAccount(l *layerbuild.Layer, m *manifest.Manifest) string {
	environment, embedded := m.Environment, m.Environment.Embedded.Value != ""
	for _, d := range l.Documents {
		switch {
		case d.Embedded() && !embedded:
			return fmt.Sprintf("was sealed by the embedded AWS and contains sample values, but environment %q is in a real account", environment.Name.Value)
		case !d.Embedded() && embedded:
			return fmt.Sprintf("was sealed in account %s, but environment %q is an embedded AWS", d.Account(), environment.Name.Value)
		}
		for _, s := range d.Header.Sources {
			if account := arn.Account(s.ARN); !embedded && account != environment.AccountID.Value {
				return fmt.Sprintf("contains parameters of account %s, but environment %q is for account %s",
					account, environment.Name.Value, environment.AccountID.Value)
			}
		}
	}
	return ""
}

// ReadLimited reads a file that may be a layer, and no more of it than a layer
// can have.
func ReadLimited(path string) ([]byte, error) {
	b, err := plainfile.Read(path, layerbuild.MaxBytes)
	if err != nil && !errors.Is(err, plainfile.ErrTooLarge) { // the reader of layers says that better
		return nil, fmt.Errorf("%s: %w", path, Cause(err))
	}
	return b, nil
}
