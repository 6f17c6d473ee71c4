package lambda

import (
	"archive/zip"
	"bytes"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Limits of https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html, in bytes.
const (
	// MaxRequest is the maximum size of a request: an archive of 50 MB in base64, and a little more.
	MaxRequest  = 70_167_211
	maxArchive  = 50 << 20
	maxUnzipped = 250 << 20
)

const maxRuntimes = 15

var (
	layerName  = lazyregexp.New(`^[a-zA-Z0-9_-]{1,140}$`)
	layerARN   = lazyregexp.New(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[a-zA-Z0-9_-]{1,140}$`)
	versionARN = lazyregexp.New(`^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[a-zA-Z0-9_-]{1,140}):([0-9]{1,18})$`)
)

// resolve returns the ARN of the layer that a LayerName means: a name, or an ARN of this region.
func resolve(r *call.Request, name string) (string, error) {
	switch {
	case layerName.MatchString(name):
		return "arn:aws:lambda:" + r.Region + ":" + r.Account + ":layer:" + name, nil
	case !layerARN.MatchString(name):
		return "", validation(name, "layerName", "satisfy regular expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+")
	case strings.Split(name, ":")[3] != r.Region:
		return "", noVersion()
	}
	return name, nil
}

type publishInput struct {
	LayerName               string
	Description             string
	LicenseInfo             string
	CompatibleRuntimes      []string
	CompatibleArchitectures []string
	Content                 *struct {
		ZipFile                          []byte
		S3Bucket, S3Key, S3ObjectVersion string
	}
}

// publish is https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html.
func (s *Service) publish(r *call.Request, in *publishInput) (any, error) {
	arn, err := resolve(r, in.LayerName)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := s.allow(r, arn, nil); err != nil {
		return nil, err
	}
	if account := strings.Split(arn, ":")[4]; account != r.Account {
		return nil, invalid("A layer can only be published in its own account.")
	}
	if err := checkArchive(in.Content.ZipFile); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.content.put(in.Content.ZipFile)
	if err != nil {
		return nil, err
	}
	l := s.layers[arn]
	if l == nil {
		l = &layer{ARN: arn}
		s.layers[arn] = l
	}
	l.Last++
	v := &version{
		Number: l.Last, Created: r.Now, Description: in.Description, License: in.LicenseInfo, Runtimes: in.CompatibleRuntimes,
		Architectures: in.CompatibleArchitectures, Digest: d, Size: int64(len(in.Content.ZipFile)),
	}
	l.Versions = append(l.Versions, v)
	return s.describe(r, l, v), nil
}

// check checks the members of the request.
func (in *publishInput) check() error {
	switch {
	case len(in.Description) > 256:
		return validation(in.Description, "description", "have length less than or equal to 256")
	case len(in.LicenseInfo) > 512:
		return validation(in.LicenseInfo, "licenseInfo", "have length less than or equal to 512")
	case len(in.CompatibleRuntimes) > maxRuntimes:
		return validation(list(in.CompatibleRuntimes), "compatibleRuntimes", "have length less than or equal to "+strconv.Itoa(maxRuntimes))
	case len(in.CompatibleArchitectures) > 2:
		return validation(list(in.CompatibleArchitectures), "compatibleArchitectures", "have length less than or equal to 2")
	case in.Content == nil:
		return call.NewError("ValidationException", "1 validation error detected: Value null at 'content' failed to satisfy constraint: Member must not be null")
	case in.Content.S3Bucket != "" || in.Content.S3Key != "":
		return invalid("The embedded AWS has no S3: upload the archive as ZipFile.")
	}
	for _, runtime := range in.CompatibleRuntimes {
		if !knownRuntime(runtime) {
			return validation(list(in.CompatibleRuntimes), "compatibleRuntimes", "satisfy constraint: [Member must satisfy enum value set]")
		}
	}
	for _, architecture := range in.CompatibleArchitectures {
		if architecture != "x86_64" && architecture != "arm64" {
			return validation(list(in.CompatibleArchitectures), "compatibleArchitectures", "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]")
		}
	}
	return nil
}

func list(values []string) string { return "[" + strings.Join(values, ", ") + "]" }

// runtimePattern matches all identifiers, current and future
// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html). The list itself changes too often.
var runtimePattern = lazyregexp.New(`^(nodejs|python|java|dotnet|dotnetcore|ruby|go|provided)[0-9]*(\.[0-9x]+)?(\.al2|\.al2023)?(-edge)?$`)

func knownRuntime(name string) bool { return runtimePattern.MatchString(name) }

// checkArchive refuses an archive that Lambda would not unpack.
func checkArchive(archive []byte) error {
	if len(archive) > maxArchive {
		return TooLarge()
	}
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	var unzipped uint64
	for _, f := range z.File {
		if unzipped += f.UncompressedSize64; f.UncompressedSize64 > maxUnzipped || unzipped > maxUnzipped {
			return invalid("Unzipped size must be smaller than %d bytes", maxUnzipped)
		}
	}
	return nil
}
