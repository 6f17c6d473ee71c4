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
