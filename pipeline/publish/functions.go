package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unique"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/pacing"
)

// What Lambda calls the version that can be changed, and the one that an unqualified call of a Managed Instances function runs.
const (
	Latest          = "$LATEST"
	LatestPublished = "$LATEST.PUBLISHED"
)

// Functions lists functions in one account and region. Of the environment variables of a function, which may be secrets, it has
// at most its Settings. It is safe for concurrent use.
type Functions struct {
	client          *lambda.Client
	region, account string
	pace            *pacing.Pace
	swept           *swept
}

// swept is a list of all functions, once it is read.
type swept struct {
	mu    sync.Mutex // held during a sweep
	found []Function // nil until then
}

// NewFunctions returns a Functions that makes its calls with cfg, whose HTTPClient must be set, at pace. beside is nil, or another
// Functions of the same account and region, whose list of all functions it shares.
func NewFunctions(cfg aws.Config, account string, p *pacing.Pace, beside *Functions) *Functions {
	f := &Functions{client: NewControl(cfg, p), region: cfg.Region, account: account, pace: p, swept: new(swept)}
	if beside != nil {
		f.swept = beside.swept
	}
	return f
}

// Unlisted returns a Functions that has not listed all functions yet, whatever f has.
func (f *Functions) Unlisted() *Functions {
	again := *f
	again.swept = new(swept)
	return &again
}

// A Function is one version of a function.
type Function struct {
	Name    string
	Version string   // Latest, LatestPublished or a number
	Layers  []string // ARNs, in the order of attachment
	Master  string   // ARN of the function that this is a Lambda@Edge replica of, or ""
	Managed bool     // it runs on Managed Instances, so that an unqualified call runs LatestPublished
	Settings
}

// An Alias is an alias of a function.
type Alias struct {
	Name     string
	Routes   []Route // one, or two with a weight each
	Revision string  // changes with every change
}

// A Route is a version that an alias points to.
type Route struct {
	Version string
	Weight  float64 // from 0 to 1
}

// All lists every version of every function, with calls of ListFunctions:
// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
// It lists them once: later calls, also of a Functions beside it, return what the first one has found. page is called after each page.
//
// Its errors wrap ErrDenied, ErrReply, ErrUnavailable, ErrCredentials or the context's error.
func (f *Functions) All(ctx context.Context, page func(more bool)) ([]Function, error) {
	f.swept.mu.Lock()
	defer f.swept.mu.Unlock()
	if f.swept.found != nil {
		return f.swept.found, nil
	}
	all, err := f.Sweep(ctx, page)
	if err == nil {
		f.swept.found = append([]Function{}, all...)
	}
	return all, err
}

// Sweep lists every version of every function as All does, but reads the list again and keeps nothing.
func (f *Functions) Sweep(ctx context.Context, page func(more bool)) ([]Function, error) {
	return f.list(ctx, page, func(marker *string) ([]types.FunctionConfiguration, *string, error) {
		out, err := f.client.ListFunctions(ctx, &lambda.ListFunctionsInput{FunctionVersion: types.FunctionVersionAll, MaxItems: aws.Int32(50), Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.Functions, out.NextMarker, nil
	})
}

// Versions lists every version of one function, with calls of ListVersionsByFunction:
// https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html
// Its errors are those of All. There are none of a function that does not exist.
func (f *Functions) Versions(ctx context.Context, name string) ([]Function, error) {
	all, err := f.list(ctx, func(bool) {}, func(marker *string) ([]types.FunctionConfiguration, *string, error) {
		out, err := f.client.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: &name, MaxItems: aws.Int32(50), Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.Versions, out.NextMarker, nil
	})
	if errors.Is(err, ErrNoLayer) { // ResourceNotFoundException
		return nil, nil
	}
	return all, err
}

// Published returns the version that an unqualified call of a function on Managed Instances runs, with a call of
// GetFunctionConfiguration: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
// Its errors are those of All. There is none if it was not published.
func (f *Functions) Published(ctx context.Context, name string) ([]Function, error) {
	out, err := f.client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: aws.String(LatestPublished)})
	if err != nil {
		if err = failure(ctx, err); errors.Is(err, ErrNoLayer) { // ResourceNotFoundException
			return nil, nil
		}
		return nil, err
	}
	one, err := f.function(types.FunctionConfiguration{
		FunctionName: out.FunctionName, FunctionArn: out.FunctionArn, Version: out.Version, MasterArn: out.MasterArn, Layers: out.Layers,
		CapacityProviderConfig: out.CapacityProviderConfig, Environment: out.Environment,
	})
	if err == nil && (one.Name != name || one.Version != LatestPublished) {
		err = fmt.Errorf("%w: it describes another version of a function", ErrReply)
	}
	if err != nil {
		return nil, err
	}
	return []Function{one}, nil
}

// list reads pages. A function that changes between two pages may be in both: the later entry counts.
func (f *Functions) list(ctx context.Context, page func(more bool), read func(*string) ([]types.FunctionConfiguration, *string, error)) ([]Function, error) {
	var all []Function
	at := map[[2]string]int{}
	err := pages(func(marker *string) (*string, int, error) {
		found, next, err := read(marker)
		if err != nil {
			return nil, 0, failure(ctx, err)
		}
		for _, c := range found {
			one, err := f.function(c)
			if err != nil {
				return nil, 0, err
			}
			id := [2]string{one.Name, one.Version}
			if i, twice := at[id]; twice {
				all[i] = one
				continue
			}
			at[id] = len(all)
			all = append(all, one)
		}
		page(aws.ToString(next) != "")
		return next, len(found), nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Aliases lists the aliases of a function, with calls of ListAliases:
// https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html
// Its errors are those of All. There are none of a function that does not exist.
func (f *Functions) Aliases(ctx context.Context, name string) ([]Alias, error) {
	var all []Alias
	err := pages(func(marker *string) (*string, int, error) {
		out, err := f.client.ListAliases(ctx, &lambda.ListAliasesInput{FunctionName: &name, MaxItems: aws.Int32(50), Marker: marker})
		if err != nil {
			return nil, 0, failure(ctx, err)
		}
		for _, a := range out.Aliases {
			one, err := alias(a)
			if err != nil {
				return nil, 0, err
			}
			all = append(all, one)
		}
		return out.NextMarker, len(out.Aliases), nil
	})
	switch {
	case errors.Is(err, ErrNoLayer): // ResourceNotFoundException
		return nil, nil
	case err != nil:
		return nil, err
	}
	return all, nil
}

// pages reads pages until there is no next one.
func pages(read func(marker *string) (next *string, found int, err error)) error {
	const maxPages, maxEmpty = 10_000, 50
	var marker *string
	empty := 0
	for range maxPages {
		next, found, err := read(marker)
		switch {
		case err != nil:
			return err
		case aws.ToString(next) == "":
			return nil
		}
		if empty++; found > 0 {
			empty = 0
		}
		if empty == maxEmpty || aws.ToString(next) == aws.ToString(marker) {
			break
		}
		marker = next
	}
	return fmt.Errorf("%w: a list does not end", ErrReply)
}

// function returns an entry of a list, whose ARN may end in its version.
func (f *Functions) function(c types.FunctionConfiguration) (Function, error) {
	one := Function{
		Version: intern(c.Version), Master: aws.ToString(c.MasterArn), Managed: c.CapacityProviderConfig != nil, Settings: SettingsOf(c.Environment),
	}
	a, _ := arn.Parse(aws.ToString(c.FunctionArn))
	named, is := strings.CutPrefix(a.Resource, "function:")
	ours := is && a.Service == "lambda" && a.Region == f.region && a.Account == f.account
	name, qualifier, _ := strings.Cut(named, ":")
	if !ours || !ValidName(strings.ReplaceAll(name, ".", "-")) || name != aws.ToString(c.FunctionName) {
		return one, fmt.Errorf("%w: it lists something that is not a function of this account and region", ErrReply)
	}
	if !isVersion(one.Version) || qualifier != "" && qualifier != one.Version {
		return one, fmt.Errorf("%w: it lists a function whose version is not one", ErrReply)
	}
	one.Name = intern(c.FunctionName)
	for _, l := range c.Layers {
		if !f.attachable(aws.ToString(l.Arn)) {
			return one, fmt.Errorf("%w: it lists a layer of a function that is not one", ErrReply)
		}
		one.Layers = append(one.Layers, intern(l.Arn))
	}
	return one, nil
}

// intern returns a string that all lists have in common: the versions of functions repeat the same few names.
func intern(s *string) string { return unique.Make(aws.ToString(s)).Value() }

// attachable reports whether an ARN is that of a layer version of anyone in the region, or of a layer of AWS itself, which has
// neither account nor version.
func (f *Functions) attachable(s string) bool {
	if a, ok := arn.Parse(s); ok && a.Service == "lambda" && strings.HasPrefix(a.Resource, "awslayer:") {
		return true
	}
	ref, err := ParseARN(s)
	return err == nil && ref.Version > 0 && ref.Region == f.region
}

func isVersion(s string) bool {
	return s == Latest || s == LatestPublished || s != "" && s[0] != '0' && len(s) <= 19 && strings.Trim(s, "0123456789") == ""
}

func alias(a types.AliasConfiguration) (Alias, error) {
	one := Alias{Name: aws.ToString(a.Name), Revision: aws.ToString(a.RevisionId)}
	rest := 1.0
	bad := fmt.Errorf("%w: it lists an alias that points to no version", ErrReply)
	if !ValidName(one.Name) || !isVersion(aws.ToString(a.FunctionVersion)) {
		return one, bad
	}
	if a.RoutingConfig != nil {
		for version, weight := range a.RoutingConfig.AdditionalVersionWeights {
			if !isVersion(version) || !(weight >= 0 && weight <= 1) {
				return one, bad
			}
			rest -= weight
			one.Routes = append(one.Routes, Route{version, weight})
		}
	}
	one.Routes = append([]Route{{aws.ToString(a.FunctionVersion), max(rest, 0)}}, one.Routes...)
	return one, nil
}
