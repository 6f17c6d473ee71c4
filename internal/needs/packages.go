package needs

import (
	"os"
	"testing"
)

// PackageTools returns the folder of .ci/install-package-tools.
func PackageTools(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BUNDLE_PACKAGE_TOOLS")
	if dir == "" {
		Missing(t, "BUNDLE_PACKAGE_TOOLS is not set (.ci/install-package-tools FOLDER)")
	}
	return dir
}

// ReleaseTools returns the folder of .ci/install-release-tools.
func ReleaseTools(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BUNDLE_RELEASE_TOOLS")
	if dir == "" {
		Missing(t, "BUNDLE_RELEASE_TOOLS is not set (.ci/install-release-tools FOLDER)")
	}
	return dir
}
