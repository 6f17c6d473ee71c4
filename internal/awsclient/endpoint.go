package awsclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// ErrEndpointOverride means that the environment or an AWS profile sets the
// endpoint of calls.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
var ErrEndpointOverride = errors.New("endpoint overridden")

// ignoreVariable makes the SDK ignore configured endpoints if it is true.
const ignoreVariable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"

// noConfiguredEndpoints, put before the sources of a configuration, prevents
// clients from using a service endpoint from any of them. The checks report the
// endpoints that they find; this makes sure that one they missed has no effect.
type noConfiguredEndpoints struct{}

// GetIgnoreConfiguredEndpoints is called by service clients for each source.
func (noConfiguredEndpoints) GetIgnoreConfiguredEndpoints(context.Context) (value, found bool, err error) {
	return true, true, nil
}

// ignored reports whether the environment makes the SDK ignore endpoints. Then
// they have no effect on bundle's calls either.
func ignored(environ []string) bool {
	return strings.EqualFold(lookup(environ, ignoreVariable), "true")
}

// checkEnviron refuses every variable that names an endpoint, except the wanted
// one. Its error names the variables, never their values, which may hold
// credentials.
func checkEnviron(environ []string, wanted string) error {
	if ignored(environ) {
		return nil
	}
	var names []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		upper := strings.ToUpper(name) // names of variables ignore case on Windows
		if value != "" && !sameEndpoint(value, wanted) && (upper == "AWS_ENDPOINT_URL" || strings.HasPrefix(upper, "AWS_ENDPOINT_URL_")) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("%w by the environment: %s", ErrEndpointOverride, strings.Join(names, ", "))
}

// sameEndpoint reports whether two URLs are the same, except for a slash at the
// end.
func sameEndpoint(a, b string) bool {
	return b != "" && strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}

// checkProfile refuses endpoints in the profile that the SDK has read, except the
// wanted one.
func checkProfile(sources []any, wanted string) error {
	decided := false
	for _, source := range sources {
		// The first source that says whether to ignore endpoints decides: the
		// environment, then the profile.
		if p, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (value, found bool, err error)
		}); ok && !decided {
			ignore, found, err := p.GetIgnoreConfiguredEndpoints(context.Background())
			if decided = found && err == nil; decided && ignore {
				return nil
			}
		}
		if profile, ok := source.(config.SharedConfig); ok {
			return checkShared(&profile, wanted)
		}
	}
	return nil
}

// checkShared refuses endpoints in a profile and in its source profiles.
func checkShared(profile *config.SharedConfig, wanted string) error {
	for p := profile; p != nil; p = p.Source {
		if p.BaseEndpoint != "" && !sameEndpoint(p.BaseEndpoint, wanted) {
			return fmt.Errorf("%w by endpoint_url of profile %q", ErrEndpointOverride, p.Profile)
		}
		var services []string
		for service, settings := range p.Services.ServiceValues {
			if url := settings["endpoint_url"]; url != "" && !sameEndpoint(url, wanted) {
				services = append(services, service)
			}
		}
		if len(services) > 0 {
			slices.Sort(services)
			return fmt.Errorf("%w by endpoint_url of %s in services section %q of profile %q",
				ErrEndpointOverride, strings.Join(services, ", "), p.ServicesSectionName, p.Profile)
		}
	}
	return nil
}

// ErrVariant means that a setting selects a FIPS or dual-stack endpoint of AWS
// although an endpoint is given.
var ErrVariant = errors.New("selects an AWS endpoint, but --endpoint-url names another: unset one of them")

// checkVariant refuses settings that select an endpoint of AWS if an endpoint is
// given: the SDK would make no call.
func checkVariant(ctx context.Context, sources []any, endpoint string) error {
	if endpoint == "" {
		return nil
	}
	dualStack := func(source any) (enabled, found bool) {
		s, ok := source.(interface {
			GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
		})
		if !ok {
			return false, false
		}
		state, found, err := s.GetUseDualStackEndpoint(ctx)
		return state == aws.DualStackEndpointStateEnabled, found && err == nil
	}
	switch {
	case first(sources, usesFIPS(ctx)):
		return fmt.Errorf("AWS_USE_FIPS_ENDPOINT, or use_fips_endpoint of the profile, %w", ErrVariant)
	case first(sources, dualStack):
		return fmt.Errorf("AWS_USE_DUALSTACK_ENDPOINT, or use_dualstack_endpoint of the profile, %w", ErrVariant)
	}
	return nil
}

// usesFIPS returns a function that tells whether a source selects FIPS endpoints.
func usesFIPS(ctx context.Context) func(source any) (enabled, found bool) {
	return func(source any) (enabled, found bool) {
		s, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		})
		if !ok {
			return false, false
		}
		state, found, err := s.GetUseFIPSEndpoint(ctx)
		return state == aws.FIPSEndpointStateEnabled, found && err == nil
	}
}

// first returns the setting of the first source that has it.
func first(sources []any, setting func(source any) (enabled, found bool)) bool {
	for _, source := range sources {
		if enabled, found := setting(source); found {
			return enabled
		}
	}
	return false
}

// The variables with the address of a credentials endpoint. They affect no other
// call, but that host gets the authorization token, and supplies the credentials
// that the job then uses.
const (
	fullURI      = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	relativeURI  = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	metadataHost = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
)

// misdirected returns the setting that would request credentials without https from
// a host that is not this machine, the container's endpoint or the instance's
// endpoint; "" if there is none. Only providers in the chain of credentials count.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
func misdirected(environ []string, profile *config.SharedConfig, container, metadata bool) string {
	relative, full := lookup(environ, relativeURI), lookup(environ, fullURI)
	imds := lookup(environ, metadataHost)
	switch {
	case container && relative != "" && !strings.HasPrefix(relative, "/"): // it is appended to a host name
		return relativeURI
	case container && relative == "" && full != "" && !allowedHost(full):
		return fullURI
	case metadata && imds != "" && !allowedHost(imds):
		return metadataHost
	case metadata && imds == "" && profile != nil && profile.EC2IMDSEndpoint != "" && !allowedHost(profile.EC2IMDSEndpoint):
		return "ec2_metadata_service_endpoint"
	}
	return ""
}

// allowedHost reports whether credentials may be requested from a URL: any host
// over https; over http, this machine and the addresses of ECS, EKS and EC2.
func allowedHost(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return false
	}
	switch host := u.Hostname(); {
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(host):
		return true
	case u.Scheme == "http":
		return slices.Contains([]string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "169.254.169.254", "fd00:ec2::254"}, host)
	}
	return false
}

// checkEndpoint accepts an endpoint over https, or over http on a loopback
// address; for the embedded AWS, only the latter. Its errors do not repeat the URL,
// which may hold credentials.
func checkEndpoint(raw string, local bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New("the endpoint is not a URL with a host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("the endpoint at %q contains more than a scheme, a host and a path", u.Host)
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	case local:
		return fmt.Errorf("the embedded AWS is not at %q: it is reached over http on a loopback address", u.Host)
	case u.Scheme != "https":
		return fmt.Errorf("the endpoint at %q is not https: http is for loopback addresses only", u.Host)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// lookup returns the value of a variable as the SDK would find it; the last one if
// there are several.
func lookup(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) {
		n, v, _ := strings.Cut(entry, "=")
		if n == name || runtime.GOOS == "windows" && strings.EqualFold(n, name) {
			return v
		}
	}
	return ""
}
