package manifest

import (
	"fmt"
	"strings"
)

// Names that a secret may not have. A helper can put secrets into the environment of the function's process, and what
// reads the environment before the function's code does would obey whoever may write the parameter.
//
// A name that ends in * stands for all that begin so, one that begins with * for all that end so. Case makes no
// difference: it makes none on Windows, and curl and others read http_proxy in either.

// closedNames belong to Lambda or to the helpers; nothing opens them.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
var closedNames = []string{
	"AWS_*",
	"BUNDLE_SECRETS_*",
	"LAMBDA_RUNTIME_DIR",
	"LAMBDA_TASK_ROOT",
	"_HANDLER",
	"_X_AMZN_TRACE_ID",
}

// loaderNames are read by dynamic loaders, language runtimes, shells and TLS libraries before the function's code runs:
// with one of them a value becomes code, or the way to the network. allow_reserved opens them, one secret at a time.
var loaderNames = []string{
	"*_PROXY",
	"BASH_ENV",
	"BUNDLE_*", // Ruby's Bundler
	"CLASSPATH",
	"CORECLR_*",
	"COR_*",
	"DOTNET_STARTUP_HOOKS",
	"DYLD_*",
	"ENV",
	"GCONV_PATH",
	"GEM_*",
	"GLIBC_TUNABLES",
	"HOME",
	"IFS",
	"JAVA_TOOL_OPTIONS",
	"JDK_JAVA_OPTIONS",
	"LD_*",
	"NODE_*",
	"OPENSSL_*",
	"PATH",
	"PERL5*",
	"PYTHON*",
	"RUBY*",
	"SHELLOPTS",
	"SSL_CERT_DIR",
	"SSL_CERT_FILE",
	"_JAVA_OPTIONS",
}

// Reserved says why a secret may not have this name, "" if it may. If loader is true, the name is one of those that
// allow_reserved permits to a secret block; a path import may have none of them.
func Reserved(name string) (reason string, loader bool) {
	if matchesAny(name, closedNames) {
		return fmt.Sprintf("%q is reserved for Lambda and the helpers", name), false
	}
	if matchesAny(name, loaderNames) {
		return fmt.Sprintf("%q is read by loaders, runtimes or shells before the function's code runs", name), true
	}
	return "", false
}

func matchesAny(name string, patterns []string) bool {
	name = strings.ToUpper(name)
	for _, p := range patterns {
		switch {
		case strings.HasSuffix(p, "*"):
			if strings.HasPrefix(name, p[:len(p)-1]) {
				return true
			}
		case strings.HasPrefix(p, "*"):
			if strings.HasSuffix(name, p[1:]) {
				return true
			}
		case name == p:
			return true
		}
	}
	return false
}
