package view

import "github.com/whispering/bundle/layerbuild"

// A Helpers is the result of bundle helpers, as --json prints it.
type Helpers struct {
	Changed bool     `json:"changed"`
	Helpers []string `json:"helpers"`
	Layer   Layer    `json:"layer"`
}

// Packages is the result of bundle helpers --unpack, as --json prints it.
type Packages struct {
	Changed  bool              `json:"changed"`
	Packages map[string]string `json:"packages"` // the folder of each package, by its registry: npm and pypi
	Version  string            `json:"version"`
	Files    int               `json:"files"`
}

// A helperFileReport is a helper file of a layer as --json prints it.
type helperFileReport struct {
	Path    string `json:"path"`
	Helper  string `json:"helper"`
	Mode    string `json:"mode"`
	SHA256  string `json:"sha256"`
	State   string `json:"state"`             // compared with the release's file; same, unless the layer is refused
	Release string `json:"release,omitempty"` // that the file comes from; none if it comes from no release
}

// NewHelperFiles describes each helper file in the layer.
func NewHelperFiles(m *layerbuild.HelperMatch) []helperFileReport {
	all := []helperFileReport{}
	for _, f := range m.Files {
		r := helperFileReport{Path: f.Path, Helper: f.Helper, Mode: "0644", SHA256: f.Sum.SHA256, State: string(f.Verdict), Release: m.Release.Name}
		if f.Sum.Executable {
			r.Mode = "0755"
		}
		switch f.Verdict {
		case layerbuild.Absent:
			continue
		case layerbuild.OfOthers:
			r.Release = f.Others[0]
		case layerbuild.Changed, layerbuild.Foreign, layerbuild.Mode, layerbuild.Unread:
			r.Release = ""
		}
		all = append(all, r)
	}
	return all
}
