package pipeline

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/whispering/bundle/layerbuild"
)

// Ways to name the layer to carry over from; anything else is a file.
const (
	PreviousAuto = "auto" // the output, if it is there
	PreviousNone = "none" // carry nothing over
)

// A Previous is the layer to carry documents over from. It is untrusted: it
// has gone through the strict readers, and no path in it is ever used.
type Previous struct {
	Layer   *layerbuild.Layer // nil on a first build
	Content []byte            // the layer's bytes
	From    string            // what to tell the user: where it is from, or why there is none
}

// OpenPrevious finds the earlier layer that --previous names. A file that is
// not a layer, or that is damaged, is a problem and never a silent rebuild.
func OpenPrevious(name string, out *Outfile, bundle, environment, region string) (Previous, Problems) {
	path, content := name, out.Content
	switch {
	case strings.HasPrefix(name, "arn:"):
		return Previous{}, Problems{problem(Manifest, nil, "Published layers cannot be read",
			"--previous with the ARN of a published layer is not built yet. Download the layer and name the file, or leave --previous out.")}
	case name == PreviousNone:
		return Previous{From: "first build: --previous none"}, nil
	case name == PreviousAuto && len(content) == 0:
		return Previous{From: fmt.Sprintf("first build: there is no %s yet", out.Path)}, nil
	case name == PreviousAuto:
		path = out.Path
	default:
		var err error
		if content, err = ReadLimited(path); err != nil {
			return Previous{}, Problems{problem(Integrity, nil, "Previous layer cannot be read", fmt.Sprintf(
				"%v. Name another layer with --previous, or pass --previous none to seal everything anew.", err))}
		}
	}
	layer, err := layerbuild.Read(content)
	if err != nil {
		return Previous{}, Problems{problem(Integrity, nil, "Previous layer refused", fmt.Sprintf(
			"%s: %v. It is damaged, or bundle did not make it. Nothing was written; to seal everything anew and replace it, pass --previous none.",
			path, err))}
	}
	if why := otherwise(layer, bundle, environment, region); why != "" {
		if name != PreviousAuto {
			return Previous{}, Problems{problem(Manifest, nil, "Previous layer is another's", fmt.Sprintf(
				"%s is a layer %s. Name the one of this environment, or pass --previous none.", path, why))}
		}
		return Previous{From: fmt.Sprintf("first build: %s was a layer %s", path, why)}, nil
	}
	return Previous{Layer: layer, Content: content, From: "carrying over from " + path}, nil
}

// otherwise says what a layer is of, if not of this bundle, environment and
// region.
func otherwise(l *layerbuild.Layer, bundle, environment, region string) string {
	if len(l.Documents) == 0 {
		return "without secrets"
	}
	d := l.Documents[0]
	switch {
	case d.Header.Bundle != bundle:
		return fmt.Sprintf("of bundle %q", d.Header.Bundle)
	case d.Header.Environment != environment:
		return fmt.Sprintf("of environment %q", d.Header.Environment)
	case d.Region() != region:
		return fmt.Sprintf("for region %s", d.Region())
	}
	return ""
}

// ReadLimited reads a file that may be a layer, and no more of it than a layer
// can have.
func ReadLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is a %s, not a regular file", path, kindOf(info.Mode()))
	}
	return io.ReadAll(io.LimitReader(f, layerbuild.MaxBytes+1))
}
