"""Names of secrets: which must not become variables, and which is nearest to a misspelt one."""

PREFIXES = ("AWS_", "LAMBDA_", "BUNDLE_", "LD_", "DYLD_", "NODE_", "NPM_CONFIG_", "PYTHON", "RUBY", "GEM_", "PERL5", "JAVA_", "JDK_",
            "DOTNET_", "CORECLR_", "COMPLUS_", "BASH_", "GLIBC_", "OPENSSL_", "SSL_CERT_")  # fmt: skip
WHOLE = {"PATH", "HOME", "TMPDIR", "TZ", "ENV", "IFS", "SHELLOPTS", "CLASSPATH", "PERLLIB", "GCONV_PATH", "LOCPATH", "HOSTALIASES",
         "RES_OPTIONS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}  # fmt: skip


def is_reserved(name: str) -> bool:
    """Say whether a name must not become an environment variable (docs/runtime.md, section 4)."""
    upper = name.upper()
    return upper.startswith(PREFIXES) or upper.endswith("_PROXY") or upper in WHOLE


def nearest(asked: str, names) -> str:
    """Give the name that the fewest edits turn into the one asked for; of several the first."""
    return min(names, key=lambda name: _distance(asked[:128].upper(), name.upper()))


def _distance(a: str, b: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]
