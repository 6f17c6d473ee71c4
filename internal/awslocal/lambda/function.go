package lambda

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// function is a function of one account and Region. It has no code, and does not run.
type function struct {
	ARN       string            `json:"arn"`
	Last      int64             `json:"last"` // the highest number of a version ever given
	Latest    *release          `json:"latest"`
	Published *release          `json:"published,omitempty"` // $LATEST.PUBLISHED, of Managed Instances
	Versions  []*release        `json:"versions,omitempty"`  // oldest first
	Aliases   []*alias          `json:"aliases,omitempty"`   // by name
	Tags      map[string]string `json:"tags,omitempty"`
	Fails     *Failure          `json:"fails,omitempty"`   // the end of the next update
	Signing   string            `json:"signing,omitempty"` // the ARN of a code signing configuration
}

// release is $LATEST, $LATEST.PUBLISHED or a published version.
type release struct {
	Version  string    `json:"version"`
	Revision string    `json:"revision"`
	Modified time.Time `json:"modified"`
	Change   *change   `json:"change,omitempty"`
	// Source is the digest of the configuration of $LATEST that a version was published from.
	Source digest         `json:"source,omitempty"`
	State  *FunctionState `json:"state,omitempty"`
	Failed *Failure       `json:"failed,omitempty"` // of the last update
	configuration
}

// change is the creation or an update of a release. It is under way until a time, and then the release has another revision.
type change struct {
	Creates  bool           `json:"creates,omitempty"`
	Until    time.Time      `json:"until"`
	Revision string         `json:"revision"`
	Fails    *Failure       `json:"fails,omitempty"`
	Before   *configuration `json:"before,omitempty"` // what a failed update leaves
}

// configuration is what can be published.
type configuration struct {
	Description  string            `json:"description"`
	Environment  map[string]string `json:"environment,omitzero"` // nil if none was sent
	Handler      string            `json:"handler"`
	Layers       []attached        `json:"layers,omitempty"`
	Memory       int64             `json:"memory"` // MB
	Timeout      int64             `json:"timeout"`
	Role         string            `json:"role"`
	Runtime      string            `json:"runtime"`
	Architecture string            `json:"architecture"`
	SnapStart    bool              `json:"snap_start,omitempty"`
	Capacity     json.RawMessage   `json:"capacity,omitempty"` // CapacityProviderConfig
	Digest       digest            `json:"digest"`             // of the code
	Size         int64             `json:"size"`
}

// attached is a layer version of a function. It stays when the layer version is deleted.
type attached struct {
	ARN  string `json:"arn"`
	Size int64  `json:"size"`
}

func (c configuration) source() (digest, error) {
	text, err := json.Marshal(c)
	return digestOf(text), err
}

func (f *function) name() string   { return f.ARN[strings.LastIndexByte(f.ARN, ':')+1:] }
func (f *function) region() string { return strings.Split(f.ARN, ":")[3] }

// find returns what a qualifier names, or nil.
func (f *function) find(qualifier string) *release {
	switch qualifier {
	case "", latest:
		return f.Latest
	case latestPublished:
		return f.Published
	}
	if a := f.alias(qualifier); a != nil {
		qualifier = a.Version
		if qualifier == latest {
			return f.Latest
		}
	}
	i := slices.IndexFunc(f.Versions, func(v *release) bool { return v.Version == qualifier })
	if i < 0 {
		return nil
	}
	return f.Versions[i]
}

// underWay reports whether the creation or an update has not ended.
func (v *release) underWay(now time.Time) bool { return v.Change != nil && now.Before(v.Change.Until) }

// settle ends a change whose time is over.
func (v *release) settle(now time.Time) {
	if v.Change == nil || v.underWay(now) {
		return
	}
	if v.Change.Fails != nil {
		v.configuration, v.Failed = *v.Change.Before, v.Change.Fails
	}
	v.Revision, v.Change = v.Change.Revision, nil
}

// at is the release as of a time.
func (v *release) at(now time.Time) *release {
	settled := *v
	settled.settle(now)
	return &settled
}

// begin begins the creation or an update.
func (v *release) begin(now time.Time, takes time.Duration, creates bool) {
	v.Revision, v.Modified, v.Failed = newRevision(), now, nil
	v.Change = &change{Creates: creates, Until: now.Add(takes), Revision: newRevision()}
}

// update begins an update of $LATEST, which leaves what was there before if it is to fail.
func (f *function) update(now time.Time, takes time.Duration, before configuration) {
	f.Latest.begin(now, takes, false)
	if f.Fails != nil {
		f.Latest.Change.Fails, f.Latest.Change.Before, f.Fails = f.Fails, &before, nil
	}
}

// busy refuses to change $LATEST while it is created or updated.
func (f *function) busy(now time.Time) error {
	const text = "The operation cannot be performed at this time. "
	v := f.Latest
	switch {
	case !v.underWay(now):
		return nil
	case v.Change.Creates:
		return conflict(text + "The function is currently in the following state: Pending")
	}
	return conflict(text + "An update is in progress for resource: " + f.ARN)
}

func conflict(message string) error {
	return &call.Error{Status: http.StatusConflict, Code: "ResourceConflictException", Message: message}
}

// fresh refuses a RevisionId that is not the latest.
func fresh(given, revision string) error {
	if given == "" || given == revision {
		return nil
	}
	return &call.Error{Status: http.StatusPreconditionFailed, Code: "PreconditionFailedException",
		Message: "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"}
}

type createInput struct {
	FunctionName         string
	Code                 *codeInput
	Publish              bool
	PackageType          string
	Architectures        []string
	Tags                 map[string]string
	CodeSigningConfigArn string
	settings
}

// codeInput is code as an archive. What an archive contains does not matter here: it never runs.
type codeInput struct {
	ZipFile                                                                          []byte
	S3Bucket, S3Key, S3ObjectVersion, S3ObjectStorageMode, ImageUri, SourceKMSKeyArn string
}

func (in *codeInput) check() error {
	switch {
	case in.S3Bucket != "" || in.S3Key != "" || in.S3ObjectVersion != "" || in.S3ObjectStorageMode != "":
		return invalid("The embedded AWS has no S3: upload the archive as ZipFile.")
	case in.ImageUri != "":
		return invalid("The embedded AWS has no container images: upload an archive as ZipFile.")
	case in.SourceKMSKeyArn != "":
		return invalid("The embedded AWS does not have SourceKMSKeyArn: leave it out.")
	}
	return checkArchive(in.ZipFile)
}

// createFunction is https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html.
func (s *Service) createFunction(r *call.Request, in *createInput) (any, error) {
	arn, err := newFunction(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := in.checkVariables(); err != nil {
		return nil, err
	}
	if err := s.permit(r, "CreateFunction", arn, nil, in.layerKeys()); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[arn] != nil {
		return nil, conflict("Function already exist: " + s.functions[arn].name())
	}
	v := &release{Version: latest, configuration: configuration{Memory: 128, Timeout: 3, Architecture: "x86_64",
		Digest: digestOf(in.Code.ZipFile), Size: int64(len(in.Code.ZipFile))}}
	if len(in.Architectures) > 0 {
		v.Architecture = in.Architectures[0]
	}
	if err := s.set(r, arn, &v.configuration, &in.settings); err != nil {
		return nil, err
	}
	if err := s.signed(in.CodeSigningConfigArn, "the code"); err != nil {
		return nil, err
	}
	if err := s.signed(in.CodeSigningConfigArn, in.Layers...); err != nil {
		return nil, err
	}
	v.begin(r.Now, s.options.Update, true)
	f := &function{ARN: arn, Latest: v, Tags: in.Tags, Signing: in.CodeSigningConfigArn}
	s.functions[arn] = f
	out := f.describe(v, "", v.Change.Until.Add(-1))
	if in.Publish {
		published, err := f.publish(f.Latest.Description)
		if err != nil {
			return nil, err
		}
		published.begin(r.Now, s.options.Update, true)
		out.Version = published.Version
	}
	return out, nil
}

// check checks the members of the request that only CreateFunction has, and then the others.
func (in *createInput) check() error {
	var wrong []string
	if in.Role == nil {
		wrong = append(wrong, "Value null at 'role' failed to satisfy constraint: Member must not be null")
	}
	if in.Code == nil {
		wrong = append(wrong, "Value null at 'code' failed to satisfy constraint: Member must not be null")
	}
	switch unknown := func(name string) bool { return !knownArchitecture(name) }; {
	case in.Architectures != nil && len(in.Architectures) == 0:
		wrong = append(wrong, broken(list(in.Architectures), "architectures", "have length greater than or equal to 1"))
	case len(in.Architectures) > 1:
		wrong = append(wrong, broken(list(in.Architectures), "architectures", "have length less than or equal to 1"))
	case slices.ContainsFunc(in.Architectures, unknown):
		wrong = append(wrong, broken(list(in.Architectures), "architectures",
			"satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"))
	}
	if in.PackageType != "" && in.PackageType != "Zip" && in.PackageType != "Image" {
		wrong = append(wrong, broken(in.PackageType, "packageType", "satisfy enum value set: [Image, Zip]"))
	}
	if err := refused(append(wrong, in.broken()...)); err != nil {
		return err
	}
	if in.PackageType == "Image" {
		return invalid("The embedded AWS has no container images: the package type can only be Zip.")
	}
	if err := in.settings.check(); err != nil {
		return err
	}
	if in.Runtime == nil || in.Handler == nil {
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	return in.Code.check()
}

type functionInput struct {
	FunctionName string
	Qualifier    string
}

// deleteFunction is https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html.
func (s *Service) deleteFunction(r *call.Request, in *functionInput) (any, error) {
	arn, qualifier, err := oldFunction(r, *in)
	if err != nil {
		return nil, err
	}
	if qualifier == latest {
		return nil, invalid(latest + " version cannot be deleted without deleting the function.")
	}
	if err := s.permit(r, "DeleteFunction", arn, nil, nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[arn]
	switch {
	case f == nil:
		return nil, notFound("Function not found: " + arn)
	case qualifier == "":
		delete(s.functions, arn)
		return nil, nil
	case qualifier == latestPublished:
		f.Published = nil
		return nil, nil
	case f.alias(qualifier) != nil:
		return nil, invalid("The embedded AWS deletes a version by its number: %s is an alias.", qualifier)
	}
	var users []string
	for _, a := range f.Aliases {
		if a.uses(qualifier) {
			users = append(users, a.Name)
		}
	}
	if len(users) > 0 {
		return nil, conflict("Unable to delete version because the following aliases reference it: " + list(users))
	}
	f.Versions = slices.DeleteFunc(f.Versions, func(v *release) bool { return v.Version == qualifier })
	return nil, nil
}

// number is a version's number, for sorting; 0 for $LATEST.
func (v *release) number() int64 {
	n, err := strconv.ParseInt(v.Version, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
