package target

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// StatusOf returns the use case for the status of the layer at path, which can also
// be an ARN. If path is "", it is the published layer of the manifest.
func StatusOf(path string, m *manifest.Manifest) (*pipeline.Status, error) {
	s := &pipeline.Status{Manifest: m}
	switch {
	case arn.Looks(path):
		ref, err := publish.ParseARN(path)
		if err != nil {
			return nil, console.Usagef("%v", err)
		}
		s.Published = &ref
	case path != "":
		content, err := pipeline.ReadLimited(path)
		if err != nil {
			return nil, notReadable(err)
		}
		s.Name, s.Content = path, content
	case m.Bundle.Layer.Value == "":
		return nil, console.Usagef("name a layer: the manifest has no name that it is published under (bundle status --manifest secrets.hcl --env prod --layer layer.zip)")
	default:
		s.Published = &publish.Ref{Layer: m.Bundle.Layer.Value}
	}
	return s, nil
}

// OfLayer returns the target for the layer of a status, without a manifest.
func OfLayer(con *console.Console, c *cli.Context, s *pipeline.Status, path string) ([]*Target, error) {
	m, err := standIn(s)
	if err == nil {
		err = RefuseUntrusted(con, c, m)
	}
	t := &Target{Manifest: m, Region: m.Environment.Region(), Path: path}
	if err == nil {
		err = CheckData(c, []*Target{t})
	}
	return []*Target{t}, err
}

// standIn returns a manifest that has only the places of a layer's parameters.
func standIn(s *pipeline.Status) (*manifest.Manifest, error) {
	m := &manifest.Manifest{}
	region, account := "", ""
	if s.Published != nil {
		region, account = s.Published.Region, arn.Account(s.Published.Layer)
	} else {
		layer, err := layerbuild.Read(s.Content)
		switch {
		case err != nil:
			return m, invalid(s.Name, err)
		case len(layer.Documents) == 0:
			return m, console.Usagef("%s contains no secrets, only helpers. Name a layer that bundle build wrote.", s.Name)
		}
		region, account = layer.Documents[0].Region(), layer.Documents[0].Account()
	}
	if account == sealed.EmbeddedAccount {
		return m, console.Usagef("the embedded AWS sealed this layer: name the manifest next to its state with --manifest, and the environment with --env")
	}
	m.Environment.AccountID.Value = account
	m.Environment.Regions = []manifest.Text{{Value: region}}
	return m, nil
}

func notReadable(err error) error {
	return console.Refuse(problem.Manifest, nil, "Layer not readable", "The layer cannot be read: %v. Build it, or correct its path.", err)
}

// notDownloaded refuses the ARN of a published layer, where only files are read, and says how to get the file.
func notDownloaded(path string) error {
	ref, err := publish.ParseARN(path)
	if err != nil {
		return console.Usagef("%v. This command reads a file, so download the layer version first.", err)
	}
	if ref.Version == 0 {
		return console.Usagef("%s is the ARN of a layer, and this command reads a file. Choose a layer version, download it, and name the file instead of the ARN:\n"+
			"aws lambda list-layer-versions --region %s --layer-name %s", ref, ref.Region, ref)
	}
	return console.Usagef("%s is the ARN of a layer version, and this command reads a file. Download it, and name the file instead of the ARN:\n"+
		"curl -fsSo layer.zip \"$(aws lambda get-layer-version-by-arn --region %s --arn %s --query Content.Location --output text)\"", ref, ref.Region, ref)
}

func invalid(name string, err error) error {
	return console.Refuse(problem.Integrity, nil, "Invalid layer", "%s: %v. Name a layer that bundle build wrote, or build it again.", name, err)
}

// ReadLayer reads a layer that the command line names: a file, and not an ARN.
func ReadLayer(path string) (*layerbuild.Layer, []byte, error) {
	if arn.Looks(path) {
		return nil, nil, notDownloaded(path)
	}
	content, err := pipeline.ReadLimited(path)
	if errors.Is(err, fs.ErrNotExist) && path == console.DefaultLayer {
		return nil, nil, console.Usagef("there is no %s here. Name the layer with --layer.", path)
	}
	if err != nil {
		return nil, nil, notReadable(err)
	}
	layer, err := layerbuild.Read(content)
	if err != nil {
		return nil, nil, invalid(path, err)
	}
	return layer, content, nil
}

// ChooseDocument finds a function's document in a layer, by the function's name in Lambda or in the manifest. A name in
// Lambda takes precedence. remedy is what to do if there is none with that name.
func ChooseDocument(layer *layerbuild.Layer, function, remedy string) (*sealed.Document, error) {
	if len(layer.Documents) == 0 {
		return nil, console.Usagef("the layer contains no secrets, only helpers. Name a layer that bundle build wrote.")
	}
	i, err := chooseFunction(len(layer.Documents), function, func(i int) (name, deployed string) {
		h := layer.Documents[i].Header
		return h.Function, h.Name
	}, "the layer", remedy)
	if err != nil {
		return nil, err
	}
	return layer.Documents[i], nil
}

// ChooseFunction is ChooseDocument for a manifest.
func ChooseFunction(m *manifest.Manifest, function string) (manifest.Function, error) {
	env := m.Environment.Name.Value
	if len(m.Functions) == 0 {
		return manifest.Function{}, console.Usagef("environment %q has no functions. Choose another one with --env.", env)
	}
	i, err := chooseFunction(len(m.Functions), function, func(i int) (name, deployed string) {
		return m.Functions[i].Name.Value, m.Functions[i].File()
	}, fmt.Sprintf("environment %q", env), "Correct --function, add the function to the manifest, or choose another environment with --env.")
	if err != nil {
		return manifest.Function{}, err
	}
	return m.Functions[i], nil
}

// chooseFunction finds one of n functions by one of its names. place is where they are, and remedy what to do if there is
// none with that name.
func chooseFunction(n int, function string, namesOf func(int) (name, deployed string), place, remedy string) (int, error) {
	var names []string
	var found []int
	for i := range n {
		name, deployed := namesOf(i)
		if deployed == function {
			return i, nil
		}
		if name == function || function == "" {
			found = append(found, i)
		}
		names = append(names, name)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case function == "":
		return 0, console.Usagef("name the function with --function: %s", printable.Names(names))
	case len(found) > 1:
		return 0, console.Usagef("%s has %d functions %q. Write the name of one of them in Lambda.", place, len(found), function)
	}
	return 0, console.Usagef("%s has no function %q. It has %s.%s %s", place, function, printable.Names(names), guess(function, names), remedy)
}
