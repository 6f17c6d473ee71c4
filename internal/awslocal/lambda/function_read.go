package lambda

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// functionOutput is https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html. Lists leave out stateOutput.
type functionOutput struct {
	FunctionName           string
	FunctionArn            string
	Runtime                string
	Role                   string
	Handler                string
	CodeSize               int64
	Description            string
	Timeout                int64
	MemorySize             int64
	LastModified           string
	CodeSha256             string
	Version                string
	Environment            *environmentOutput `json:",omitempty"`
	TracingConfig          map[string]string
	RevisionId             string
	Layers                 []layerOutput `json:",omitempty"`
	PackageType            string
	Architectures          []string
	EphemeralStorage       map[string]int
	SnapStart              map[string]string
	LoggingConfig          map[string]string
	CapacityProviderConfig json.RawMessage `json:",omitempty"`
	*stateOutput
}

type environmentOutput struct{ Variables map[string]string }

type layerOutput struct {
	Arn      string
	CodeSize int64
}

// stateOutput is what lists leave out of a configuration.
type stateOutput struct {
	State                      string
	StateReason                string `json:",omitempty"`
	StateReasonCode            string `json:",omitempty"`
	LastUpdateStatus           string `json:",omitempty"`
	LastUpdateStatusReason     string `json:",omitempty"`
	LastUpdateStatusReasonCode string `json:",omitempty"`
	RuntimeVersionConfig       map[string]string
}

// describe describes a release as of a time. Its ARN has the qualifier that it was asked for by.
func (f *function) describe(v *release, qualifier string, now time.Time) functionOutput {
	v = v.at(now)
	out := f.item(v, qualifier, now)
	runtime := digestOf([]byte(v.Runtime))
	s := &stateOutput{State: "Active", LastUpdateStatus: "Successful",
		RuntimeVersionConfig: map[string]string{"RuntimeVersionArn": "arn:aws:lambda:" + f.region() + "::runtime:" + string(runtime)}}
	const reason, code = "The function is being created.", "Creating"
	switch {
	case v.underWay(now) && v.Change.Creates:
		s.State, s.StateReason, s.StateReasonCode, s.LastUpdateStatus = "Pending", reason, code, ""
	case v.underWay(now):
		s.LastUpdateStatus, s.LastUpdateStatusReason, s.LastUpdateStatusReasonCode = "InProgress", reason, code
	case v.Failed != nil:
		s.LastUpdateStatus, s.LastUpdateStatusReason, s.LastUpdateStatusReasonCode = "Failed", v.Failed.Reason, v.Failed.Code
	}
	v.State.apply(s)
	out.stateOutput = s
	return out
}

// item is an entry of a list.
func (f *function) item(v *release, qualifier string, now time.Time) functionOutput {
	v = v.at(now)
	out := functionOutput{
		FunctionName: f.name(), FunctionArn: f.qualified(qualifier), Runtime: v.Runtime, Role: v.Role, Handler: v.Handler, CodeSize: v.Size,
		Description: v.Description, Timeout: v.Timeout, MemorySize: v.Memory, LastModified: date(v.Modified), CodeSha256: v.Digest.base64(),
		Version: v.Version, TracingConfig: map[string]string{"Mode": "PassThrough"}, RevisionId: v.Revision, PackageType: "Zip",
		Architectures: []string{v.Architecture}, EphemeralStorage: map[string]int{"Size": 512}, CapacityProviderConfig: v.Capacity,
		SnapStart:     map[string]string{"ApplyOn": "None", "OptimizationStatus": "Off"},
		LoggingConfig: map[string]string{"LogFormat": "Text", "LogGroup": "/aws/lambda/" + f.name()},
	}
	if v.Environment != nil {
		out.Environment = &environmentOutput{v.Environment}
	}
	for _, l := range v.Layers {
		out.Layers = append(out.Layers, layerOutput{l.ARN, l.Size})
	}
	if v.SnapStart {
		out.SnapStart["ApplyOn"] = "PublishedVersions"
		if v.number() > 0 {
			out.SnapStart["OptimizationStatus"] = "On"
		}
	}
	return out
}

func (f *function) qualified(qualifier string) string {
	if qualifier == "" {
		return f.ARN
	}
	return f.ARN + ":" + qualifier
}

func versionName(number int64) string { return strconv.FormatInt(number, 10) }

// lookUp finds what a request names, and authorizes the operation on the function. The caller holds a lock.
func (s *Service) lookUp(r *call.Request, in functionInput) (f *function, v *release, qualifier string, err error) {
	arn, qualifier, err := oldFunction(r, in)
	if err != nil {
		return nil, nil, "", err
	}
	if err := s.permit(r, r.Operation, arn, nil, nil); err != nil {
		return nil, nil, "", err
	}
	f = s.functions[arn]
	if f != nil {
		v = f.find(qualifier)
	}
	if v == nil {
		return nil, nil, "", notFound("Function not found: " + (&function{ARN: arn}).qualified(qualifier))
	}
	return f, v, qualifier, nil
}

// getConfiguration is https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html.
func (s *Service) getConfiguration(r *call.Request, in *functionInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, v, qualifier, err := s.lookUp(r, *in)
	if err != nil {
		return nil, err
	}
	return f.describe(v, qualifier, r.Now), nil
}

// getFunction is https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html. The link to the code is dead: there is no code.
// Tags are there only for a caller that can list them.
func (s *Service) getFunction(r *call.Request, in *functionInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, v, qualifier, err := s.lookUp(r, *in)
	if err != nil {
		return nil, err
	}
	tags := f.Tags
	if s.permit(r, "ListTags", f.ARN, nil, nil) != nil {
		tags = nil
	}
	return struct {
		Configuration functionOutput
		Code          map[string]string
		Tags          map[string]string `json:",omitempty"`
	}{f.describe(v, qualifier, r.Now), map[string]string{"RepositoryType": "S3", "Location": s.link(r.Endpoint, v.Digest, s.clock())}, tags}, nil
}

type listFunctionsInput struct {
	FunctionName    string
	FunctionVersion string
	MasterRegion    string
	Marker          string
	MaxItems        *int
}

// page is a page of at most 50 keys, whatever MaxItems is (https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html).
func (in *listFunctionsInput) page(keys []string) (page []string, next string, err error) {
	most, err := pageSize(in.MaxItems, 10_000)
	if err != nil {
		return nil, "", err
	}
	return after(keys, in.Marker, most)
}

// listFunctions is https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html, by name, and with ALL, every version after its $LATEST.
func (s *Service) listFunctions(r *call.Request, in *listFunctionsInput) (any, error) {
	if in.FunctionVersion != "" && in.FunctionVersion != "ALL" {
		return nil, validation(in.FunctionVersion, "functionVersion", "satisfy enum value set: [ALL]")
	}
	if in.MasterRegion != "" {
		return nil, invalid("The embedded AWS has no Lambda@Edge: leave MasterRegion out.")
	}
	if err := s.permit(r, r.Operation, "*", nil, nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, last, more := map[string]func() functionOutput{}, in.last(), 0
	for _, f := range s.ofAccount(r) {
		items := map[string]func() functionOutput{"": func() functionOutput { return f.item(f.Latest, "", r.Now) }}
		if in.FunctionVersion != "" {
			items = f.items(r.Now)
		}
		switch name := f.name(); {
		case name < last:
			continue
		case name > last:
			more += len(items)
		}
		for key, item := range items {
			found[f.name()+separator+key] = item
		}
		if more > maxItems { // the page is full
			break
		}
	}
	return listed(in, found, func(items []functionOutput, next string) any {
		return struct {
			Functions  []functionOutput
			NextMarker string `json:",omitempty"`
		}{items, next}
	})
}

// separator is between a function's name and the rest of a key. It sorts before everything that a name can have.
const separator = "\x00"

// last is the name of the function of the last entry of the previous page.
func (in *listFunctionsInput) last() string {
	key, _ := base64.URLEncoding.DecodeString(in.Marker) // page refuses another marker
	name, _, _ := strings.Cut(string(key), separator)
	return name
}

// ofAccount are the functions of the caller's account and Region by name. The caller holds a lock.
func (s *Service) ofAccount(r *call.Request) (all []*function) {
	for _, f := range s.functions {
		if parts := strings.Split(f.ARN, ":"); parts[3] == r.Region && parts[4] == r.Account {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *function) int { return strings.Compare(a.ARN, b.ARN) })
	return all
}

// items are the entries of $LATEST and of all versions, by keys that sort by number.
func (f *function) items(now time.Time) map[string]func() functionOutput {
	found := map[string]func() functionOutput{}
	for _, v := range append([]*release{f.Latest}, f.Versions...) {
		found[oldestFirst(v.number())] = func() functionOutput { return f.item(v, v.Version, now) }
	}
	return found
}

// listed makes the entries of a page.
func listed[Item any](in *listFunctionsInput, found map[string]func() Item, reply func(items []Item, next string) any) (any, error) {
	keys, next, err := in.page(slices.Sorted(maps.Keys(found)))
	if err != nil {
		return nil, err
	}
	items := []Item{}
	for _, key := range keys {
		items = append(items, found[key]())
	}
	return reply(items, next), nil
}

// listFunctionVersions is https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html, $LATEST first.
func (s *Service) listFunctionVersions(r *call.Request, in *listFunctionsInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, _, _, err := s.lookUp(r, functionInput{FunctionName: in.FunctionName})
	if err != nil {
		return nil, err
	}
	return listed(in, f.items(r.Now), func(items []functionOutput, next string) any {
		return struct {
			Versions   []functionOutput
			NextMarker string `json:",omitempty"`
		}{items, next}
	})
}
