package needs

import (
	"os"
	"testing"
)

// PackageTools returns the folder of .ci/install-package-tools.
func PackageTools(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_PACKAGE_TOOLS", ".ci/install-package-tools")
}

// RecipeTools returns the folder of .ci/install-recipe-tools.
func RecipeTools(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_RECIPE_TOOLS", ".ci/install-recipe-tools")
}

// ReleaseTools returns the folder of .ci/install-release-tools.
func ReleaseTools(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_RELEASE_TOOLS", ".ci/install-release-tools")
}

// installed returns the folder that a variable names and a script fills.
func installed(t testing.TB, variable, script string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		Missing(t, "%s is not set (%s FOLDER)", variable, script)
	}
	return dir
}
