package needs

import (
	"os"
	"path/filepath"
	"testing"
)

// PackageTools returns the folder of .ci/install-package-tools.
func PackageTools(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_PACKAGE_TOOLS", ".ci/install-package-tools", "")
}

// RecipeTools returns the folder of .ci/install-recipe-tools.
func RecipeTools(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_RECIPE_TOOLS", ".ci/install-recipe-tools", "")
}

// ReleaseTools returns the folder of .ci/install-release-tools.
func ReleaseTools(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_RELEASE_TOOLS", ".ci/install-release-tools", "")
}

// EditorTools returns the folder of .ci/install-editor-tools.
func EditorTools(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_EDITOR_TOOLS", ".ci/install-editor-tools", "")
}

// PolicyTools returns the folder of .ci/install-policy-tools.
func PolicyTools(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_POLICY_TOOLS", ".ci/install-policy-tools", "")
}

// DotenvReaders returns the folder of .ci/install-dotenv-readers.
func DotenvReaders(t testing.TB) string {
	t.Helper()
	return installed(t, "BUNDLE_DOTENV_READERS", ".ci/install-dotenv-readers", "")
}

// ExamplesTool returns the path of a file in the folder of .ci/install-examples-tools.
func ExamplesTool(t testing.TB, name string) string {
	t.Helper()
	return installed(t, "BUNDLE_EXAMPLES_TOOLS", ".ci/install-examples-tools", name)
}

// AWSClients returns the path of a file in the folder of .ci/install-aws-clients.
func AWSClients(t testing.TB, name string) string {
	t.Helper()
	return installed(t, "BUNDLE_AWS_CLIENTS", ".ci/install-aws-clients", name)
}

// LambdaClient returns the path of a file in the folder of .ci/install-lambda-clients.
func LambdaClient(t testing.TB, name string) string {
	t.Helper()
	return installed(t, "BUNDLE_LAMBDA_CLIENTS", ".ci/install-lambda-clients", name)
}

// installed returns the path of a file in the folder that a variable names and a script fills, or of the folder itself.
func installed(t testing.TB, variable, script, name string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		Missing(t, "%s is not set (run %s FOLDER and set %s=FOLDER)", variable, script, variable)
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		Missing(t, "there is no %s (run %s FOLDER and set %s=FOLDER)", path, script, variable)
	}
	return path
}
