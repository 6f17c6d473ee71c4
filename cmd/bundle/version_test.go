package main

import (
	"runtime/debug"
	"testing"
)

func TestIdentify(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	built := func(version string, settings ...debug.BuildSetting) func() (*debug.BuildInfo, bool) {
		return func() (*debug.BuildInfo, bool) {
			return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}, true
		}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: commit}
	for name, c := range map[string]struct {
		release, commit string
		read            func() (*debug.BuildInfo, bool)
		want            identity
	}{
		"a release": {"v1.2.3", commit, built("(devel)"), identity{"v1.2.3", commit, false, true}},
		"a release says its tag, whatever the go command says": {
			"v1.2.3", commit, built("v9.9.9+dirty", debug.BuildSetting{Key: "vcs.modified", Value: "true"}), identity{"v1.2.3", commit, false, true},
		},
		"go install of a version": {"", "", built("v1.2.3"), identity{"v1.2.3", "", false, false}},
		"a checkout": {
			"", "", built("v1.2.4-0.20261125100000-0123456789ab", revision, debug.BuildSetting{Key: "vcs.modified", Value: "false"}),
			identity{"v1.2.4-0.20261125100000-0123456789ab", commit, false, false},
		},
		"a checkout with changes": {
			"", "", built("v1.2.4-0.20261125100000-0123456789ab+dirty", revision, debug.BuildSetting{Key: "vcs.modified", Value: "true"}),
			identity{"v1.2.4-0.20261125100000-0123456789ab+dirty", commit, true, false},
		},
		"without version control": {"", "", built("(devel)"), identity{Version: "devel"}},
		"no build information":    {"", "", func() (*debug.BuildInfo, bool) { return nil, false }, identity{Version: "devel"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := identify(c.release, c.commit, c.read); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
