package awsclient

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// An answered error is the error of a call that was sent to get credentials. With
// it, a role that cannot be assumed is distinguished from missing credentials for
// assuming it.
type answered struct {
	call    string // as in Calls
	status  int    // of the reply, 0 if there is none
	request string // ID of the request; "" if the reply has none of AWS's form
	err     error
}

func (e *answered) Error() string { return e.call + " failed" }
func (e *answered) Unwrap() error { return e.err }

// givesCredentials reports whether a call gets credentials.
func givesCredentials(call string) bool {
	service, operation, _ := strings.Cut(call, ":")
	switch service {
	case "sso", "ssooidc", "signin", "ec2imds", "container":
		return true
	}
	return service == "sts" && strings.HasPrefix(operation, "AssumeRole")
}

// errLacking means that a reply should hold credentials, but does not.
var errLacking = errors.New("the reply holds no credentials")

// lacksCredentials reports whether a reply lacks members without which the SDK
// would panic.
func lacksCredentials(reply any) bool {
	v := reflect.ValueOf(reply)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return true
	}
	if v = reflect.Indirect(v); v.Kind() != reflect.Struct {
		return false
	}
	for _, name := range []string{"Credentials", "RoleCredentials"} {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.Pointer && f.IsNil() {
			return true
		}
	}
	return false
}

// A chain is the configured way to get credentials, as far as it helps to explain
// an error.
type chain struct {
	environ []string
	profile *config.SharedConfig // nil if none was read
	sources []aws.CredentialSource
}

// sourcesOf returns the providers that a provider is made of, first to last.
func sourcesOf(p aws.CredentialsProvider) []aws.CredentialSource {
	if s, ok := p.(aws.CredentialProviderSource); ok {
		return s.ProviderSources()
	}
	return nil
}

// sharedConfig returns the profile that the SDK has read.
func sharedConfig(sources []any) *config.SharedConfig {
	for _, source := range sources {
		if profile, ok := source.(config.SharedConfig); ok {
			return &profile
		}
	}
	return nil
}

// asks reports whether a provider is part of the chain.
func (c chain) asks(source aws.CredentialSource) bool { return slices.Contains(c.sources, source) }

// explain finds the provider that failed.
func (c chain) explain(err error) *CredentialsError {
	e := &CredentialsError{Provider: c.first(), Profile: c.name(), class: awsfault.Credentials}
	var sent *answered
	if !errors.As(err, &sent) {
		var invalid *smithy.InvalidParamsError
		switch id, key := lookup(c.environ, "AWS_ACCESS_KEY_ID"), lookup(c.environ, "AWS_SECRET_ACCESS_KEY"); {
		case errors.As(err, &invalid): // an invalid ARN
			e.Provider, e.Role = Role, c.role()
		case e.Provider == Metadata && id != "" && key == "":
			e.Setting = "AWS_ACCESS_KEY_ID"
		case e.Provider == Metadata && id == "" && key != "":
			e.Setting = "AWS_SECRET_ACCESS_KEY"
		}
		return e
	}
	e.Status, e.Code, e.Request = sent.status, awsfault.Code(sent.err), sent.request
	switch service, operation, _ := strings.Cut(sent.call, ":"); {
	case operation == "AssumeRole":
		e.Provider, e.Role = Role, c.role()
	case service == "sts":
		e.Provider = WebIdentity
	case service == "container":
		e.Provider, e.Code, e.Request = Container, "", "" // the endpoint can return anything
	case service == "ec2imds":
		e.Provider, e.Code, e.Request = Metadata, "", ""
	case service == "signin":
		e.Provider = Login
	default:
		e.Provider = SSO
	}
	e.class, e.Network = outcome(e.Provider, sent)
	return e
}

// outcome returns whether a call for credentials was refused or not answered, and
// in the latter case why.
func outcome(p Provider, sent *answered) (awsfault.Class, string) {
	var send *smithyhttp.RequestSendError
	switch {
	case errors.As(sent.err, &send) && p == Metadata:
		return awsfault.Credentials, "" // there is no such service on this machine
	case errors.As(sent.err, &send):
		return awsfault.Unavailable, awsfault.Network(send.Err)
	case p == Container || p == Metadata:
		if sent.status >= 500 || sent.status == 429 {
			return awsfault.Unavailable, ""
		}
		return awsfault.Credentials, ""
	case (p == SSO || p == Login) && (sent.status == 400 || sent.status == 401 || sent.status == 403):
		return awsfault.Credentials, "" // whatever the code
	}
	switch class := awsfault.Classify(sent.err); class {
	case awsfault.Throttled, awsfault.Unavailable, awsfault.Malformed:
		return class, ""
	}
	return awsfault.Credentials, ""
}

// first is the provider that a chain begins with.
func (c chain) first() Provider {
	for _, entry := range []struct {
		source   aws.CredentialSource
		provider Provider
	}{
		{aws.CredentialSourceProcess, Process},
		{aws.CredentialSourceSSO, SSO},
		{aws.CredentialSourceSSOLegacy, SSO},
		{aws.CredentialSourceLogin, Login},
		{aws.CredentialSourceEnvVarsSTSWebIDToken, WebIdentity},
		{aws.CredentialSourceProfileSTSWebIDToken, WebIdentity},
		{aws.CredentialSourceEnvVars, Environment},
		{aws.CredentialSourceProfile, SharedFiles},
		{aws.CredentialSourceIMDS, Metadata},
	} {
		if c.asks(entry.source) {
			return entry.provider
		}
	}
	switch {
	case c.profile != nil && leaf(c.profile).CredentialSource == "Environment":
		return Environment
	case c.asks(aws.CredentialSourceHTTP):
		return Container
	}
	return Nowhere
}

// leaf returns the profile at the end of a chain of source profiles.
func leaf(p *config.SharedConfig) *config.SharedConfig {
	for p.Source != nil {
		p = p.Source
	}
	return p
}

// role returns the role that the profile leads to, if there is exactly one.
func (c chain) role() string {
	var roles []string
	for p := c.profile; p != nil; p = p.Source {
		if p.RoleARN != "" {
			roles = append(roles, p.RoleARN)
		}
	}
	if len(roles) != 1 {
		return ""
	}
	return safeRole(roles[0])
}

// name returns the name of the profile.
func (c chain) name() string {
	name := ""
	if c.profile != nil {
		name = c.profile.Profile
	}
	return safeProfile(name)
}

var (
	roleForm    = lazyregexp.New(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}$`)
	profileForm = lazyregexp.New(`^[\w.@:/+=, -]{1,64}$`)
)

// safeRole returns the ARN of a role, and "" for anything else.
func safeRole(arn string) string { return roleForm.FindString(arn) }

// safeProfile returns the name of a profile if it looks like one.
func safeProfile(name string) string { return profileForm.FindString(name) }
