package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
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

// Ways to name the layer to carry over from. Anything else is the ARN of a
// published layer or a file.
const (
	PreviousAuto = "auto" // the output file, or else the layer published under the manifest's name
	PreviousNone = "none" // carry nothing over
)

// A Previous is the layer to carry documents over from. It is untrusted: the strict
// readers have parsed it, and no path in it is ever used.
type Previous struct {
	Layer   *layerbuild.Layer // nil on a first build
	Content []byte            // the layer's bytes
	Name    string            // file or ARN of the layer; "" on a first build
	Created time.Time         // when the version was published; zero if that is not known
	From    string            // message: where the layer comes from, or why there is none; "" if not known yet

	wanted *publish.Ref     // the published layer to fetch after the preflight, or nil
	at     *hcl.Range       // where the manifest names it; nil if --previous does
	file   string           // why the output file is not used
	other  problem.Problems // the output file has documents that a first build would replace
	sha256 string           // the digest that it must have; "" for any
}

// OpenPrevious finds the previous layer that --previous names, as far as possible
// without a call. A file that is damaged or not a layer is a problem, and never
// silently rebuilt. With sha256, there must be a layer, and it must have that digest.
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
		return Previous{}, damagedPrevious(out.Path, err) // the build would overwrite it
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

// openAuto uses the output file if it is a layer for this bundle, environment and
// region. Otherwise, it leaves the published layer to fetch.
func openAuto(sha256 string, out *Outfile, m *manifest.Manifest) (Previous, problem.Problems) {
	why, other := "", problem.Problems(nil)
	switch layer, err := layerbuild.Read(out.Content); {
	case len(out.Content) == 0 && out.Path == "":
		why = "neither --out nor --previous names a layer"
	case len(out.Content) == 0:
		why = fmt.Sprintf("%s does not exist yet", out.Path)
	case err != nil:
		return Previous{}, damagedPrevious(out.Path, err)
	default:
		if why = mismatch(layer, m); why == "" {
			if problems := pinned(out.Path, out.Content, sha256); len(problems) > 0 {
				return Previous{}, problems
			}
			return newPrevious(out.Path, layer, out.Content), nil
		}
		if sha256 == "" { // else it is refused because it has another digest
			other = anotherLayer(out.Path, why, layer, m)
		}
		why = fmt.Sprintf("%s is a layer %s", out.Path, why)
	}
	switch {
	case m.Bundle.Layer.Value != "":
		return Previous{wanted: &publish.Ref{Layer: m.Bundle.Layer.Value}, at: &m.Bundle.Layer.Range, file: why, other: other}, nil
	case len(other) > 0:
		return Previous{}, other
	}
	return Previous{From: "first build: " + why}, nil
}

// anotherLayer refuses to replace the documents of another bundle, environment or region in the output file, if there are
// any. why is what mismatch returns. Without a layer to carry over from, that is more likely a path that was used twice than
// a first build.
func anotherLayer(out, why string, l *layerbuild.Layer, m *manifest.Manifest) problem.Problems {
	if len(l.Documents) == 0 {
		return nil
	}
	bundle, environment, region := m.Bundle.Name.Value, m.Environment.Name.Value, m.Environment.Region()
	own, word := fmt.Sprintf("environment %q", environment), environment
	switch d := l.Documents[0]; {
	case d.Header.Bundle != bundle:
		own, word = fmt.Sprintf("bundle %q", bundle), bundle
	case d.Header.Environment == environment:
		own, word = "region "+region, region
	}
	ext := filepath.Ext(out)
	return problem.Problems{problem.New(problem.Manifest, nil, "Output file is another layer", fmt.Sprintf(
		"--out %s is a layer %s, and this run is for %s. Use another file, for example --out %s. To replace this one, pass --previous none.",
		out, why, own, ShellWord(strings.TrimSuffix(out, ext)+"-"+word+ext)))}
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

// readPrevious reads a published layer or a file. If it is of another environment,
// that is a problem if the user named it, and a first build if it was found.
func readPrevious(from, sha256 string, content []byte, m *manifest.Manifest, named bool) (Previous, problem.Problems) {
	if problems := pinned(from, content, sha256); len(problems) > 0 {
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

// pinned refuses a layer without the SHA-256 that it must have, if any. It is
// called before the layer is read.
func pinned(from string, layer []byte, must string) problem.Problems {
	if must == "" {
		return nil
	}
	has := Digest(layer)
	if has == must {
		return nil
	}
	return problem.Problems{problem.New(problem.Integrity, nil, "Previous layer has another digest", fmt.Sprintf(
		"The SHA-256 of %s is %s, but --previous-sha256 is %s. Nothing was written. Find out which of the two is correct.", from, has, must))}
}

// missed reports that there is no previous layer although a SHA-256 requires one.
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

// fetch fetches the published layer, if that is the one to carry over from. If
// nothing is published yet and the user named no layer, it is a first build. Any
// other failure stops the run.
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
		if len(p.other) > 0 {
			return p, p.other
		}
		none := Previous{From: fmt.Sprintf("first build: %s, and no layer %s is published", p.file, p.wanted), sha256: p.sha256}
		return none, none.missed()
	}
	if err != nil {
		return p, problem.Problems{layerProblem(p.at, p.wanted.String(), err, ", or pass --previous none to seal everything again")}
	}
	found, problems := readPrevious(v.ARN, p.sha256, content, scope.Manifest, named)
	if len(problems) == 0 && found.Layer == nil {
		problems = p.other
	}
	if len(problems) > 0 {
		return p, problems
	}
	found.Created, found.sha256 = v.Created, p.sha256
	return found, found.missed()
}

// layerProblem reports why a published layer is not available, and what else to do.
func layerProblem(at *hcl.Range, layer string, err error, orElse string) problem.Problem {
	return problem.FromAWS(err, problem.Resource{
		Name: "layer " + layer, Lead: "Layer " + layer, Rights: []string{"lambda:ListLayerVersions", "lambda:GetLayerVersion"}, On: "it", Or: orElse,
	}, at)
}

// mismatch returns which bundle, environment or region a layer is for, if it is not
// the manifest's, as words that follow "is a layer".
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

// elsewhere returns what to do about a layer for another environment or region
// than the manifest's.
func elsewhere(l *layerbuild.Layer, m *manifest.Manifest) string {
	environment, region := m.Environment.Name.Value, m.Environment.Region()
	if len(l.Documents) > 0 && l.Documents[0].Header.Bundle == m.Bundle.Name.Value && l.Documents[0].Header.Environment == environment {
		return fmt.Sprintf("Layers cannot be used across regions. Use the layer of environment %q for %s, or choose this layer's region with --region %s.",
			environment, region, l.Documents[0].Region())
	}
	return fmt.Sprintf("Use the layer of environment %q, or choose another environment with --env.", environment)
}

// wrongAccount returns why a layer cannot be from the account of the manifest's
// environment, or "".
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

// ReadLimited reads a file that may be a layer, and no more bytes than a layer can
// have.
func ReadLimited(path string) ([]byte, error) {
	b, err := plainfile.Read(path, layerbuild.MaxBytes)
	if err != nil && !errors.Is(err, plainfile.ErrTooLarge) { // layerbuild.Read reports that better
		return nil, fmt.Errorf("%s: %w", path, Cause(err))
	}
	return b, nil
}
