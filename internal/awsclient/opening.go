package awsclient

import "strings"

// Opening returns the environment for the reader of sealed documents, which
// takes its settings from one, and whose endpoint is decided here: it gets the
// credentials given, an endpoint only if one is given, and of environ what has
// no say in where a call goes, nor in which document is opened.
func Opening(environ []string, endpoint, id, key, token string) []string {
	var all []string
	for _, entry := range environ {
		switch name, _, _ := strings.Cut(entry, "="); {
		case strings.HasPrefix(name, "BUNDLE_SECRETS_") && name != "BUNDLE_SECRETS_FUNCTION",
			name == "AWS_CA_BUNDLE", name == "AWS_USE_FIPS_ENDPOINT", name == "AWS_USE_DUALSTACK_ENDPOINT":
			all = append(all, entry)
		}
	}
	for _, v := range []struct{ name, value string }{
		{"AWS_ENDPOINT_URL_KMS", endpoint},
		{"AWS_ACCESS_KEY_ID", id}, {"AWS_SECRET_ACCESS_KEY", key}, {"AWS_SESSION_TOKEN", token},
	} {
		if v.value != "" {
			all = append(all, v.name+"="+v.value)
		}
	}
	return all
}

// ServedElsewhere returns the endpoint that the environment names for KMS, "" if
// it names none or has them ignored. It is for documents of the embedded AWS
// only, which are never sent anywhere but to a loopback address.
func ServedElsewhere(environ []string) string {
	if ignored(environ) {
		return ""
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"} {
		if v := lookup(environ, name); v != "" {
			return v
		}
	}
	return ""
}
