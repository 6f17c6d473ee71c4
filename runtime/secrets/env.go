package secrets

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
)

// LoadEnv makes every secret an environment variable of this process. A
// variable that exists is kept, unless Options.Override is set. All names and
// values are checked before the first is set: a reserved name is
// ErrReservedVariable, a value with a NUL ErrValue. Whoever starts a process
// from this one hands them on; Get does not do that.
func (c *Client) LoadEnv(ctx context.Context) error {
	all, err := c.All(ctx)
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(all))
	for _, name := range names {
		if err := CheckVariable(name, all[name]); err != nil {
			return err
		}
	}
	for _, name := range names {
		if _, exists := os.LookupEnv(name); exists && !c.options.Override {
			continue
		}
		if err := os.Setenv(name, all[name]); err != nil {
			return failf(ErrValue, "secret %s cannot be made an environment variable", name)
		}
	}
	return nil
}

// CheckVariable says whether a secret may become an environment variable:
// ErrReservedVariable or ErrValue where it may not.
func CheckVariable(name, value string) error {
	switch {
	case Reserved(name):
		return failf(ErrReservedVariable, "secret %s bears a name that runtimes or loaders act on; it cannot be an environment variable", name)
	case strings.ContainsRune(value, 0):
		return failf(ErrValue, "secret %s holds a NUL; it cannot be an environment variable", name)
	}
	return nil
}

// Reserved reports whether a variable of this name would change what code runs
// in a process, where it sends its traffic or who it is (docs/runtime.md
// section 4). Case is ignored. A manifest refuses the same names.
func Reserved(name string) bool {
	name = strings.ToUpper(name)
	has := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	return slices.ContainsFunc(reservedPrefixes(), has) || strings.HasSuffix(name, "_PROXY") || slices.Contains(reservedNames(), name)
}

func reservedPrefixes() []string {
	return []string{"AWS_", "BUNDLE_", "CORECLR_", "COR_", "DYLD_", "GEM_", "LD_", "NODE_", "OPENSSL_", "PERL5", "PYTHON", "RUBY"}
}

func reservedNames() []string {
	return []string{"BASH_ENV", "CLASSPATH", "DOTNET_STARTUP_HOOKS", "ENV", "GCONV_PATH", "GLIBC_TUNABLES", "HOME", "IFS", "JAVA_TOOL_OPTIONS",
		"JDK_JAVA_OPTIONS", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "PATH", "SHELLOPTS", "SSL_CERT_DIR", "SSL_CERT_FILE",
		"_HANDLER", "_JAVA_OPTIONS", "_X_AMZN_TRACE_ID"}
}
