"use strict";

const PREFIXES = ["AWS_", "LAMBDA_", "BUNDLE_", "LD_", "DYLD_", "NODE_", "NPM_CONFIG_", "PYTHON", "RUBY", "GEM_", "PERL5", "JAVA_", "JDK_",
  "DOTNET_", "CORECLR_", "COMPLUS_", "BASH_", "GLIBC_", "OPENSSL_", "SSL_CERT_"];
const WHOLE = new Set(["PATH", "HOME", "TMPDIR", "TZ", "ENV", "IFS", "SHELLOPTS", "CLASSPATH", "PERLLIB", "GCONV_PATH", "LOCPATH", "HOSTALIASES",
  "RES_OPTIONS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]);

/** isReserved reports whether a name must not become an environment variable (docs/runtime.md, section 4). */
function isReserved(name) {
  const upper = name.toUpperCase();
  return PREFIXES.some((p) => upper.startsWith(p)) || upper.endsWith("_PROXY") || WHOLE.has(upper);
}

/** nearest gives the name that the fewest edits turn into the one asked for; of several the first. */
function nearest(asked, names) {
  let best = "";
  let fewest = Infinity;
  for (const name of names) {
    const edits = distance(asked.slice(0, 128).toUpperCase(), name.toUpperCase());
    if (edits < fewest) [best, fewest] = [name, edits];
  }
  return best;
}

/** distance is Levenshtein's. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
  }
  return row[b.length];
}

module.exports = { isReserved, nearest };
