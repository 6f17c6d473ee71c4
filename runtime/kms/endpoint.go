package kms

import (
	"net/netip"
	"net/url"
	"strings"
)

// embeddedAccount is the account of every key of the embedded AWS (F-33).
const embeddedAccount = "000000000000"

// A keyARN has the parts of a KMS key's ARN that choose an endpoint.
type keyARN struct{ partition, region, account string }

func parseKey(s string) (keyARN, bool) {
	parts := strings.Split(s, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "kms" || !strings.HasPrefix(parts[5], "key/") {
		return keyARN{}, false
	}
	return keyARN{parts[1], parts[3], parts[4]}, isRegion(parts[3])
}

// isRegion reports whether s has only characters that are allowed in a host name.
func isRegion(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// endpoint returns the URL to call for a key, by F-33 and docs/runtime.md: for a
// key of the embedded AWS, always a loopback endpoint; for any other key, inside
// Lambda, always AWS.
func endpoint(getenv func(string) string, key keyARN) (string, error) {
	override := getenv("AWS_ENDPOINT_URL_KMS")
	if override == "" {
		override = getenv("AWS_ENDPOINT_URL")
	}
	embedded := key.account == embeddedAccount
	if !embedded && (override == "" || insideLambda(getenv)) {
		return regional(getenv, key)
	}
	if override == "" {
		return "", failf(ErrEndpoint, "the key belongs to the embedded AWS: start it and set AWS_ENDPOINT_URL_KMS to its URL")
	}
	u, err := url.Parse(override)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" ||
		u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", failf(ErrEndpoint, "the URL in AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL must have the form http://HOST:PORT or https://HOST:PORT")
	}
	switch local := isLoopback(u.Hostname()); {
	case embedded && !local:
		return "", failf(ErrEndpoint, "the key belongs to the embedded AWS, but the endpoint %q is not a loopback address", u.Host)
	case u.Scheme == "http" && !local:
		return "", failf(ErrEndpoint, "the endpoint %q must use https, because it is not a loopback address", u.Host)
	}
	return u.Scheme + "://" + u.Host + "/", nil
}

// insideLambda reports whether the process runs in a Lambda function: one of the
// runtime API, or a Web Function, which has an address to serve instead.
func insideLambda(getenv func(string) string) bool {
	return getenv("AWS_LAMBDA_RUNTIME_API") != "" || getenv("AWS_LAMBDA_HTTP_ENDPOINT") != ""
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// regional returns the endpoint of AWS for the key's partition and region
// (https://docs.aws.amazon.com/general/latest/gr/kms.html).
func regional(getenv func(string) string, key keyARN) (string, error) {
	suffix, dual := suffixes(key.partition)
	if suffix == "" {
		return "", failf(ErrEndpoint, "the partition %q is not known", key.partition)
	}
	if strings.EqualFold(getenv("AWS_USE_DUALSTACK_ENDPOINT"), "true") {
		suffix = dual
	}
	service := "kms"
	if strings.EqualFold(getenv("AWS_USE_FIPS_ENDPOINT"), "true") {
		service = "kms-fips"
	}
	return "https://" + service + "." + key.region + "." + suffix + "/", nil
}

// suffixes returns the domain of a partition's endpoints, and the domain of its
// dual-stack endpoints. Both are "" for an unknown partition.
func suffixes(partition string) (plain, dual string) {
	switch partition {
	case "aws", "aws-us-gov":
		return "amazonaws.com", "api.aws"
	case "aws-cn":
		return "amazonaws.com.cn", "api.amazonwebservices.com.cn"
	case "aws-eusc":
		return "amazonaws.eu", "api.amazonwebservices.eu"
	case "aws-iso":
		return "c2s.ic.gov", "api.aws.ic.gov"
	case "aws-iso-b":
		return "sc2s.sgov.gov", "api.aws.scloud"
	case "aws-iso-e":
		return "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"
	case "aws-iso-f":
		return "csp.hci.ic.gov", "api.aws.hci.ic.gov"
	}
	return "", ""
}
