package main

import (
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
)

// The linker sets these for a release:
// -ldflags "-X main.release=v1.2.3 -X main.commit=0123…".
var release, commit string

// version returns the release, or the version the module was built as.
func version() string { return identify(release, commit, debug.ReadBuildInfo).Version }

// An identity says what the program was built from.
type identity struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // unknown if not built from a checkout
	Dirty   bool   `json:"dirty"`            // the checkout had uncommitted changes
	Release bool   `json:"release"`
}

// identify uses the values from the linker for a release. Otherwise, it uses those of
// the go command: the module's version if go install downloaded it, and a version made
// from tag and commit in a checkout.
func identify(release, commit string, read func() (*debug.BuildInfo, bool)) identity {
	if release != "" {
		return identity{Version: release, Commit: commit, Release: true}
	}
	built := identity{Version: "devel"}
	info, ok := read()
	if !ok {
		return built
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		built.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			built.Commit = s.Value
		case "vcs.modified":
			built.Dirty = s.Value == "true"
		}
	}
	return built
}

func (a *app) versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Category:  console.OnlyLooks,
		Usage:     "print the version",
		UsageText: "bundle version [--json]\nbundle --version",
		Description: "bundle version\n" +
			"bundle version --json",
		Flags: []cli.Flag{console.JSONFlag()},
		Action: func(c *cli.Context) error {
			if err := console.NoArguments(c); err != nil {
				return err
			}
			built := identify(release, commit, debug.ReadBuildInfo)
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if a.JSON() {
				return a.Answer(struct {
					identity
					Go       string `json:"go"`
					Platform string `json:"platform"`
				}{built, runtime.Version(), platform})
			}
			from := ""
			if len(built.Commit) >= 12 {
				from = "commit " + built.Commit[:12] + ", "
			}
			return a.Print("bundle %s (%s%s, %s)\n", built.Version, from, runtime.Version(), platform)
		},
	}
}
