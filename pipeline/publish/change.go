package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// A Configuration is what a rollout knows of one version of a function.
type Configuration struct {
	Function
	ARN      string // of the function, without a version
	Revision string // changes with every change, and when an update ends
	Code     string // SHA-256 of the code, in base64
	Settled  string // the rest of the configuration, only to compare with those of the same Functions; "" if it is not known
	Image    bool   // a container image, which has no layers

	// As Lambda says, but "unknown" for anything that is not a word: State is such as Active or Pending, Update is that of the last
	// update, such as Successful, InProgress or Failed. The codes are why. "" is what Lambda does not say.
	State, StateCode, Update, UpdateCode string
}

// Configuration reads the configuration of $LATEST (qualifier "") or of another version or alias, with a call of
// GetFunctionConfiguration, which unlike GetFunction gives no right to download the code:
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
//
// Its errors wrap ErrNoLayer if there is no such function, ErrDenied, ErrReply, ErrUnavailable, ErrCredentials or the context's error.
func (f *Functions) Configuration(ctx context.Context, name, qualifier string) (Configuration, error) {
	in := &lambda.GetFunctionConfigurationInput{FunctionName: &name}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	out, err := f.client.GetFunctionConfiguration(ctx, in)
	if err != nil {
		return Configuration{}, failure(ctx, err)
	}
	return f.configuration(name, types.FunctionConfiguration{
		FunctionName: out.FunctionName, FunctionArn: out.FunctionArn, Version: out.Version, MasterArn: out.MasterArn, RevisionId: out.RevisionId,
		CodeSha256: out.CodeSha256, ConfigSha256: out.ConfigSha256, PackageType: out.PackageType, Layers: out.Layers, Environment: out.Environment,
		CapacityProviderConfig: out.CapacityProviderConfig, State: out.State, StateReasonCode: out.StateReasonCode,
		LastUpdateStatus: out.LastUpdateStatus, LastUpdateStatusReasonCode: out.LastUpdateStatusReasonCode,
	})
}

// Configurations lists those of all versions of a function, $LATEST first, with calls of ListVersionsByFunction, whose entries have no
// State and Update. There are none of a function that does not exist. Its errors are those of All.
func (f *Functions) Configurations(ctx context.Context, name string) ([]Configuration, error) {
	var all []Configuration
	err := pages(func(marker *string) (*string, int, error) {
		out, err := f.client.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: &name, MaxItems: aws.Int32(50), Marker: marker})
		if err != nil {
			return nil, 0, failure(ctx, err)
		}
		for _, c := range out.Versions {
			one, err := f.configuration(name, c)
			if err != nil {
				return nil, 0, err
			}
			all = append(all, one)
		}
		return out.NextMarker, len(out.Versions), nil
	})
	if errors.Is(err, ErrNoLayer) {
		return nil, nil
	}
	return all, err
}

// SetLayers replaces the whole list of layers of $LATEST, if that is still at revision, with a call of UpdateFunctionConfiguration. The
// update then takes a while, and the revision changes once more when it ends:
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
//
// Its errors also wrap ErrStale, ErrBusy, ErrUnsigned, and ErrRefused if Lambda does not accept the list, such as with a version that was
// deleted. It is repeated only if it was throttled: after any other failure, look at what is there.
func (f *Functions) SetLayers(ctx context.Context, name string, layers []string, revision string) error {
	_, err := f.client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &name, Layers: layers, RevisionId: &revision,
	}, onlyWhenThrottled)
	if err != nil {
		return failure(ctx, err)
	}
	return nil
}

// PublishVersion publishes $LATEST as a version, if it is still at revision and has the code, with a call of PublishVersion. If nothing
// has changed since the last version, it returns that. The result has no Settled:
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
// Its errors are those of SetLayers; ErrRefused means that the code is another one.
func (f *Functions) PublishVersion(ctx context.Context, name, code, revision string) (Configuration, error) {
	out, err := f.client.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &name, CodeSha256: &code, RevisionId: &revision}, onlyWhenThrottled)
	if err != nil {
		return Configuration{}, failure(ctx, err)
	}
	return f.configuration(name, types.FunctionConfiguration{
		FunctionName: out.FunctionName, FunctionArn: out.FunctionArn, Version: out.Version, MasterArn: out.MasterArn, RevisionId: out.RevisionId,
		CodeSha256: out.CodeSha256, Layers: out.Layers, State: out.State, StateReasonCode: out.StateReasonCode,
	})
}

// Route makes an alias point to the routes, one or two, if it is still at revision, with a call of UpdateAlias. The weight of the first
// is what the second leaves:
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
// Its errors are those of SetLayers.
func (f *Functions) Route(ctx context.Context, name, of, revision string, routes ...Route) (Alias, error) {
	weights := map[string]float64{} // empty takes weights away
	for _, other := range routes[1:] {
		weights[other.Version] = other.Weight
	}
	out, err := f.client.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: &name, Name: &of, RevisionId: &revision, FunctionVersion: &routes[0].Version,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
	}, onlyWhenThrottled)
	if err != nil {
		return Alias{}, failure(ctx, err)
	}
	return alias(types.AliasConfiguration{Name: out.Name, FunctionVersion: out.FunctionVersion, RoutingConfig: out.RoutingConfig, RevisionId: out.RevisionId})
}

// An Owner is the tool that keeps a function as its files say.
type Owner struct {
	Tool  string // "CloudFormation", "Terraform", "Pulumi"; "" if no tag tells
	Stack string // of CloudFormation; "" if its name does not have the form of one
}

// StackTag is the tag that CloudFormation gives what it creates:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
const StackTag = "aws:cloudformation:stack-name"

// stackName is the form of a stack's name. Anything else is not printed:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
var stackName = lazyregexp.New(`^[A-Za-z][A-Za-z0-9-]{0,127}$`)

// IsStackName reports whether a string has the form of a stack's name.
func IsStackName(s string) bool { return stackName.MatchString(s) }

// Owner finds out which tool owns a function, by its tags, with a call of ListTags. CloudFormation, and with it SAM, the CDK and the
// Serverless Framework, sets tags that nobody else can set. Terraform and Pulumi set none of their own: a tag counts whose key or value
// names one of them, as teams write. Other tags are not kept.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html
func (f *Functions) Owner(ctx context.Context, arn string) (Owner, error) {
	out, err := f.client.ListTags(ctx, &lambda.ListTagsInput{Resource: &arn})
	if err != nil {
		return Owner{}, failure(ctx, err)
	}
	if out.Tags == nil {
		return Owner{}, fmt.Errorf("%w: it has no list of tags", ErrReply)
	}
	var found Owner
	for _, key := range slices.Sorted(maps.Keys(out.Tags)) {
		value := out.Tags[key]
		if strings.HasPrefix(key, "aws:cloudformation:") {
			found.Tool = "CloudFormation"
			if key == StackTag && IsStackName(value) {
				found.Stack = value
			}
		}
		for _, tool := range []struct{ word, name string }{{"terraform", "Terraform"}, {"opentofu", "OpenTofu"}, {"terragrunt", "Terraform"}, {"pulumi", "Pulumi"}} {
			if text := strings.ToLower(key + " " + value); found.Tool == "" && strings.Contains(text, tool.word) {
				found.Tool = tool.name
			}
		}
	}
	return found, nil
}

// Signing reports whether a function accepts only layers that are signed, with a call of GetFunctionCodeSigningConfig and, if the
// function has a configuration, one of GetCodeSigningConfig:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
func (f *Functions) Signing(ctx context.Context, name string) (enforced bool, err error) {
	out, err := f.client.GetFunctionCodeSigningConfig(ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: &name})
	switch {
	case err != nil:
		return false, failure(ctx, err)
	case aws.ToString(out.CodeSigningConfigArn) == "":
		return false, nil
	}
	config, err := f.client.GetCodeSigningConfig(ctx, &lambda.GetCodeSigningConfigInput{CodeSigningConfigArn: out.CodeSigningConfigArn})
	switch {
	case err != nil:
		return false, failure(ctx, err)
	case config.CodeSigningConfig == nil || config.CodeSigningConfig.CodeSigningPolicies == nil:
		return false, fmt.Errorf("%w: it has no code signing policy", ErrReply)
	}
	return config.CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment != types.CodeSigningPolicyWarn, nil
}

// A word is what states and reason codes are.
var word = lazyregexp.New(`^[A-Za-z][A-Za-z0-9]{0,63}$`)

func wordOf[S ~string](s S) string {
	if s != "" && !word.MatchString(string(s)) {
		return "unknown"
	}
	return string(s)
}

// digestForm is a SHA-256 in base64, revisionForm what Lambda calls a state of a resource.
var (
	digestForm   = lazyregexp.New(`^[A-Za-z0-9+/]{43}=$`)
	revisionForm = lazyregexp.New(`^[A-Za-z0-9-]{1,64}$`)
)

// configuration checks a configuration in a reply.
func (f *Functions) configuration(name string, c types.FunctionConfiguration) (Configuration, error) {
	a, _ := arn.Parse(aws.ToString(c.FunctionArn))
	if strings.Count(a.Resource, ":") > 1 { // asked for by alias or version
		a.Resource = a.Resource[:strings.LastIndexByte(a.Resource, ':')]
		c.FunctionArn = aws.String(a.String())
	}
	function, err := f.function(c)
	one := Configuration{
		Function: function, ARN: a.String(), Revision: aws.ToString(c.RevisionId), Code: aws.ToString(c.CodeSha256), Settled: aws.ToString(c.ConfigSha256),
		Image: c.PackageType == types.PackageTypeImage,
		State: wordOf(c.State), StateCode: wordOf(c.StateReasonCode), Update: wordOf(c.LastUpdateStatus), UpdateCode: wordOf(c.LastUpdateStatusReasonCode),
	}
	switch {
	case err != nil:
		return one, err
	case one.Name != name:
		return one, fmt.Errorf("%w: it describes another function", ErrReply)
	case !revisionForm.MatchString(one.Revision) || !digestForm.MatchString(one.Code):
		return one, fmt.Errorf("%w: it describes a function without a revision or the digest of its code", ErrReply)
	}
	return one, nil
}
