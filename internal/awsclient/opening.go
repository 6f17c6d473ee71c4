package awsclient

import "strings"

// Opening returns the environment for the reader of sealed documents, which takes
// its settings from variables. It has the given credentials, the given endpoint if
// it is not "", and only those variables of environ that affect neither where a
// call goes nor which document is opened.
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

// ServedElsewhere returns the endpoint that the environment sets for KMS, "" if it
// sets none or makes the SDK ignore them. It is only for documents of the embedded
// AWS, which are sent to loopback addresses only.
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
