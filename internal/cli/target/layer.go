package target

import (
	"errors"
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
			return m, console.Refuse(problem.Integrity, nil, "Invalid layer", "%s: %v.", s.Name, err)
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
	return console.Refuse(problem.Manifest, nil, "Layer not readable", "The layer cannot be read: %v. Build it, or correct --layer.", err)
}

// ReadLayer reads a layer that the command line names.
func ReadLayer(path string) (*layerbuild.Layer, []byte, error) {
	content, err := pipeline.ReadLimited(path)
	if errors.Is(err, fs.ErrNotExist) && path == console.DefaultLayer {
		return nil, nil, console.Usagef("there is no %s here. Name the layer with --layer.", path)
	}
	if err != nil {
		return nil, nil, notReadable(err)
	}
	layer, err := layerbuild.Read(content)
	if err != nil {
		return nil, nil, console.Refuse(problem.Integrity, nil, "Invalid layer", "%s: %v.", path, err)
	}
	return layer, content, nil
}

// ChooseDocument finds a function's document in a layer.
func ChooseDocument(layer *layerbuild.Layer, function string) (*sealed.Document, error) {
	var names []string
	var found []*sealed.Document
	for _, d := range layer.Documents {
		if d.Header.Name == function {
			return d, nil
		}
		if d.Header.Function == function || function == "" {
			found = append(found, d)
		}
		names = append(names, d.Header.Function)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(names) == 0:
		return nil, console.Usagef("the layer contains no secrets, only helpers. Name a layer that bundle build wrote.")
	case function == "":
		return nil, console.Usagef("name the function with --function: %s", printable.Names(names))
	}
	return nil, console.Usagef("the layer has no function %q. It has %s.", function, printable.Names(names))
}
