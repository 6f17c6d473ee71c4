package packagestest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

// TestPyPI installs the package once, from its folder, into a virtual environment.
func TestPyPI(t *testing.T) {
	t.Parallel()
	folder := needs.PackageTools(t)
	python := filepath.Join(folder, "python", "bin", "python")
	env := []string{"PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + filepath.Join(folder, "wheels"), "PIP_DISABLE_PIP_VERSION_CHECK=1"}
	dir := unpacked(t)
	project := t.TempDir()
	example(t, "python", project)
	code := filepath.Join(project, "python")
	run(t, project, nil, python, "-m", "venv", "--without-pip", "venv")
	installed := filepath.Join(project, "venv", "bin", "python")
	run(t, project, env, python, "-m", "pip", "--python", installed, "install", "-q", "pytest", filepath.Join(dir, "python"))

	t.Run("pytest", func(t *testing.T) {
		filetest.Write(t, filepath.Join(code, "test_behavior.py"), pythonBehavior)
		contains(t, run(t, code, []string{"DB_PASSWORD=of the environment"}, installed, "-m", "pytest", "-q", "-p", "no:cacheprovider"), "passed")
	})
	t.Run("with the layer's copy first", func(t *testing.T) {
		// As bundle run sets it: the helper of the layer, and the fixture of the package.
		out := run(t, code, []string{"PYTHONPATH=" + layer(t)}, installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_database.py")
		contains(t, out, "2 passed")
	})
	t.Run("types", func(t *testing.T) {
		filetest.Write(t, filepath.Join(code, "typed.py"), typed)
		run(t, code, nil, python, "-m", "mypy", "--strict", "--warn-unused-ignores", "--cache-dir", os.DevNull, "--python-executable", installed, "database.py", "typed.py")
	})
	t.Run("wheel and source archive are reproducible", func(t *testing.T) {
		first, second := t.TempDir(), t.TempDir()
		run(t, filepath.Join(dir, "python"), nil, python, "-m", "build", "-q", "--no-isolation", "--outdir", first)
		run(t, filepath.Join(unpacked(t), "python"), []string{"TZ=Asia/Tokyo", "PYTHONHASHSEED=7"}, python, "-m", "build", "-q", "--no-isolation", "--outdir", second)
		same(t, sums(t, first), sums(t, second), "bundle_secrets-1.2.3rc1-py3-none-any.whl", "bundle_secrets-1.2.3rc1.tar.gz")
	})
	t.Run("every Python", func(t *testing.T) {
		for _, other := range needs.Programs("python3", "BUNDLE_TEST_PYTHON") {
			src := filepath.Join(dir, "python", "src")
			run(t, code, []string{"PYTHONPATH=" + src + string(filepath.ListSeparator) + code}, other, "-B", "-W", "error", "-c", doubled)
		}
	})
	t.Run("in Lambda, the double is refused", func(t *testing.T) {
		for _, variable := range inLambda() {
			out, err := try(t, code, []string{variable}, installed, "-c", `import bundle_secrets_testing; bundle_secrets_testing.set_secrets({"DB_PASSWORD": "sample-value"})`)
			if err == nil || !strings.Contains(out, "is for tests only") || strings.Contains(out, "RuntimeError: sample-value") {
				t.Errorf("%s: %v\n%s", variable, err, out)
			}
			name, _, _ := strings.Cut(variable, "=")
			run(t, code, []string{name + "="}, installed, "-c", `import bundle_secrets_testing; bundle_secrets_testing.set_secrets({"DB_PASSWORD": "sample-value"})`)
		}
	})
}

// inLambda returns the variables that each say that a process runs in Lambda, unless they are empty: docs/runtime.md, section 2.
func inLambda() []string {
	return []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001", "AWS_LAMBDA_HTTP_ENDPOINT=127.0.0.1:9001"}
}

// layer returns a folder that has the helper as a layer has it, without the test double.
func layer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "bundle_secrets"), os.DirFS("../../runtime/python/python/bundle_secrets")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// pythonBehavior is what the fixture does that the example does not show. The module was imported before the fixture.
const pythonBehavior = `
import os

import bundle_secrets as package
import pytest
from bundle_secrets import get_secret, get_secret_bytes, get_secrets, load_env


def test_every_function(bundle_secrets, monkeypatch):
    bundle_secrets.update(DB_PASSWORD="x", TLS_KEY=b"\x00\xff", TEXT="AAH/")
    assert (get_secret("DB_PASSWORD"), get_secret("TLS_KEY"), package.get_secret("TEXT")) == ("x", "AP8=", "AAH/")
    assert (get_secret_bytes("TLS_KEY"), get_secret_bytes("TEXT")) == (b"\x00\xff", b"AAH/")
    assert get_secrets() == {"DB_PASSWORD": "x", "TLS_KEY": "AP8=", "TEXT": "AAH/"}
    monkeypatch.delenv("TEXT", raising=False)
    load_env()
    assert (os.environ["DB_PASSWORD"], os.environ.pop("TEXT")) == ("of the environment", "AAH/")
    bundle_secrets["DB_PASSWORD"] = "y"
    assert get_secret("DB_PASSWORD") == "y"
    del bundle_secrets["DB_PASSWORD"], os.environ["TLS_KEY"]
    with pytest.raises(package.SecretNotFound, match="it has set: TEXT, TLS_KEY"):
        get_secret("DB_PASSWORD")
    with pytest.raises(TypeError):
        get_secret(7)


def test_the_next_test_has_none_of_them(bundle_secrets):
    assert bundle_secrets == {} and get_secrets() == {}


def test_without_the_fixture_the_layer_is_opened():
    with pytest.raises(package.BundleNotFound):
        get_secret("DB_PASSWORD")


@pytest.mark.parametrize("name, value", [("A1", 7), ("A1", None), ("A1", ""), ("A1", b""), ("A", "sample-value"), ("A-B", "sample-value"), (7, "sample-value")])
def test_what_no_secret_can_be(bundle_secrets, name, value):
    bundle_secrets[name] = value
    with pytest.raises(TypeError) as error:
        get_secret("DB_PASSWORD")
    assert "sample-value" not in str(error.value)


def test_a_reserved_name(bundle_secrets):
    bundle_secrets["LD_PRELOAD"] = "x"
    with pytest.raises(package.ReservedVariable):
        load_env()
`

// doubled is the double without pytest, for unittest.
const doubled = `
from bundle_secrets import BundleNotFound, get_secret
from bundle_secrets_testing import reset, set_secrets
from database import database_url
set_secrets({"DB_PASSWORD": "x"})
assert database_url() == "postgres://app:x@db.example.com/app"
try:
    set_secrets({"A": "x"})
    raise SystemExit("a name that no secret can have")
except TypeError:
    assert get_secret("DB_PASSWORD") == "x"
reset()
reset()
try:
    get_secret("DB_PASSWORD")
    raise SystemExit("the double is still there")
except BundleNotFound:
    pass
`

const typed = `
from bundle_secrets import SecretsError, get_secret, get_secret_bytes, get_secrets, load_env
from bundle_secrets_testing import reset, set_secrets

text: str = get_secret("DB_PASSWORD")
data: bytes = get_secret_bytes("TLS_KEY")
everything: dict[str, str] = get_secrets()
code: str = SecretsError("x").code
load_env(override=True)
set_secrets({"DB_PASSWORD": "x", "TLS_KEY": b"x"})
reset()
get_secret(7)  # type: ignore[arg-type]
number: int = get_secret("DB_PASSWORD")  # type: ignore[assignment]
set_secrets({"DB_PASSWORD": 7})  # type: ignore[dict-item]
`
