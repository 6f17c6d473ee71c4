package lambda

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// reserved are the names of https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html that a function's
// environment cannot have. The API does not accept two more, _HANDLER and _X_AMZN_TRACE_ID, as names of variables at all.
var reserved = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}

// Limits of https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html and of
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const (
	maxHandler     = 128
	maxEnvironment = 4 << 10 // bytes of all variables as JSON
	minMemory      = 128
	maxMemory      = 32_768
	maxTimeout     = 5_400
	rolePattern    = `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`
)

var (
	// variableName is that of https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html.
	variableName = lazyregexp.New(`^[a-zA-Z][a-zA-Z0-9_]+$`)
	roleName     = lazyregexp.New("^" + rolePattern + "$")
)

// settings are the members that CreateFunction and UpdateFunctionConfiguration share. What is nil stays as it is.
type settings struct {
	Description            *string
	Environment            *struct{ Variables map[string]string }
	Handler                *string
	Layers                 []string
	MemorySize             *int64
	Timeout                *int64
	Role                   *string
	Runtime                *string
	SnapStart              *struct{ ApplyOn string }
	CapacityProviderConfig json.RawMessage
	unserved
}

// unserved are the members that the embedded AWS does not have.
type unserved struct {
	AcceleratorConfig, DeadLetterConfig, DurableConfig, EphemeralStorage, FileSystemConfigs, ImageConfig, KMSKeyArn,
	LoggingConfig, PublishTo, RuntimeConfig, TenancyConfig, TracingConfig, VpcConfig json.RawMessage
}

func (in *unserved) check() error {
	for _, member := range []struct {
		name  string
		value json.RawMessage
	}{
		{"AcceleratorConfig", in.AcceleratorConfig}, {"RuntimeConfig", in.RuntimeConfig},
		{"DeadLetterConfig", in.DeadLetterConfig}, {"DurableConfig", in.DurableConfig},
		{"EphemeralStorage", in.EphemeralStorage}, {"FileSystemConfigs", in.FileSystemConfigs}, {"ImageConfig", in.ImageConfig},
		{"KMSKeyArn", in.KMSKeyArn}, {"LoggingConfig", in.LoggingConfig}, {"PublishTo", in.PublishTo}, {"TenancyConfig", in.TenancyConfig},
		{"TracingConfig", in.TracingConfig}, {"VpcConfig", in.VpcConfig},
	} {
		if sent(member.value) {
			return invalid("The embedded AWS does not have %s: leave it out.", member.name)
		}
	}
	return nil
}

func sent(member json.RawMessage) bool {
	return len(member) > 0 && !bytes.Equal(member, []byte("null"))
}

// checkVariables checks the names of environment variables.
func (in *settings) checkVariables() error {
	if in.Environment == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(in.Environment.Variables)) {
		if !variableName.MatchString(name) {
			return validation(name, "environment.variables", "satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+")
		}
	}
	return nil
}

// broken are the constraints that members break.
func (in *settings) broken() (wrong []string) {
	long := func(value *string, member string, most int) {
		if value != nil && utf8.RuneCountInString(*value) > most {
			wrong = append(wrong, broken(*value, member, "have length less than or equal to "+strconv.Itoa(most)))
		}
	}
	within := func(value *int64, member string, least, most int64) {
		switch {
		case value == nil:
		case *value < least:
			wrong = append(wrong, broken(strconv.FormatInt(*value, 10), member, "have value greater than or equal to "+strconv.FormatInt(least, 10)))
		case *value > most:
			wrong = append(wrong, broken(strconv.FormatInt(*value, 10), member, "have value less than or equal to "+strconv.FormatInt(most, 10)))
		}
	}
	long(in.Description, "description", maxDescription)
	long(in.Handler, "handler", maxHandler)
	if in.Handler != nil && strings.ContainsFunc(*in.Handler, unicode.IsSpace) {
		wrong = append(wrong, broken(*in.Handler, "handler", `satisfy regular expression pattern: [^\s]+`))
	}
	within(in.MemorySize, "memorySize", minMemory, maxMemory)
	within(in.Timeout, "timeout", 1, maxTimeout)
	if in.Role != nil && !roleName.MatchString(*in.Role) {
		wrong = append(wrong, broken(*in.Role, "role", "satisfy regular expression pattern: "+rolePattern))
	}
	if in.SnapStart != nil && !slices.Contains([]string{"", "None", "PublishedVersions"}, in.SnapStart.ApplyOn) {
		wrong = append(wrong, broken(in.SnapStart.ApplyOn, "snapStart.applyOn", "satisfy enum value set: [PublishedVersions, None]"))
	}
	if slices.ContainsFunc(in.Layers, func(arn string) bool { return !versionARN.MatchString(arn) && !awsLayer.MatchString(arn) }) {
		wrong = append(wrong, broken(list(in.Layers), "layers", "satisfy constraint: [Member must have length less than or equal to 2048, "+
			"Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: "+versionPattern+", Member must not be null]"))
	}
	return wrong
}

// check checks what AWS refuses after the constraints.
func (in *settings) check() error {
	if err := in.unserved.check(); err != nil {
		return err
	}
	if in.Runtime != nil && !knownRuntime(*in.Runtime) {
		return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: %s or be a valid ARN",
			*in.Runtime, list(advertised()))
	}
	if in.Environment == nil {
		return nil
	}
	const unable = "Lambda was unable to configure your environment variables because the environment variables you have provided "
	names := slices.Sorted(maps.Keys(in.Environment.Variables))
	names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(reserved, name) })
	if len(names) > 0 {
		return invalid(unable+"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s",
			strings.Join(names, ", "))
	}
	measured, err := json.Marshal(in.Environment.Variables)
	if err != nil {
		return err
	}
	if len(measured) > maxEnvironment { // AWS repeats the values here
		return invalid(unable+"exceeded the 4KB limit. String measured: %s", measured)
	}
	return nil
}

// layerKeys is the condition key of the layers in a request.
func (in *settings) layerKeys() map[string][]string {
	if in.Layers == nil {
		return nil
	}
	return map[string][]string{"lambda:Layer": in.Layers}
}

// set changes a configuration. The caller holds the lock.
func (s *Service) set(r *call.Request, function string, c *configuration, in *settings) error {
	if in.Layers != nil {
		layers, err := s.attach(r, function, in.Layers)
		if err != nil {
			return err
		}
		c.Layers = layers
	}
	replace(&c.Description, in.Description)
	replace(&c.Handler, in.Handler)
	replace(&c.Memory, in.MemorySize)
	replace(&c.Timeout, in.Timeout)
	replace(&c.Role, in.Role)
	replace(&c.Runtime, in.Runtime)
	if in.Environment != nil {
		if c.Environment = in.Environment.Variables; c.Environment == nil {
			c.Environment = map[string]string{}
		}
	}
	if in.SnapStart != nil {
		c.SnapStart = in.SnapStart.ApplyOn == "PublishedVersions"
	}
	if sent(in.CapacityProviderConfig) {
		c.Capacity = in.CapacityProviderConfig
	}
	return nil
}

func replace[T any](old, with *T) {
	if with != nil {
		*old = *with
	}
}
