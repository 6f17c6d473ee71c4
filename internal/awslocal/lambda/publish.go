package lambda

import (
	"archive/zip"
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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

// Limits of https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html, in items and characters.
const (
	maxRuntimes      = 15
	maxArchitectures = 2
	maxDescription   = 256
	maxLicense       = 512
)

var (
	layerName  = lazyregexp.New(`^[a-zA-Z0-9_-]{1,140}$`)
	layerARN   = lazyregexp.New(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[a-zA-Z0-9_-]{1,140}$`)
	versionARN = lazyregexp.New(`^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[a-zA-Z0-9_-]{1,140}):([0-9]{1,18})$`)
	awsLayer   = lazyregexp.New(`^arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9_-]+$`)
)

// Patterns as AWS writes them.
const (
	layerPattern = `arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+`
	// versionPattern was recorded. AWS's own layers have no versions, account or Region.
	versionPattern = "(" + layerPattern + `:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)`
)

// resolve returns the ARN of the layer that a LayerName means: a name, or an ARN of this region.
func resolve(r *call.Request, name string) (string, error) {
	switch {
	case layerName.MatchString(name):
		return "arn:aws:lambda:" + r.Region + ":" + r.Account + ":layer:" + name, nil
	case !layerARN.MatchString(name):
		return "", validation(name, "layerName", "satisfy regular expression pattern: ("+layerPattern+")|[a-zA-Z0-9-_]+")
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

// check checks the members of the request. AWS names all that are wrong in one text.
func (in *publishInput) check() error {
	var wrong []string
	at := func(is bool, value, member, rule string) {
		if is {
			wrong = append(wrong, broken(value, member, rule))
		}
	}
	at(utf8.RuneCountInString(in.Description) > maxDescription, in.Description, "description", "have length less than or equal to "+strconv.Itoa(maxDescription))
	at(utf8.RuneCountInString(in.LicenseInfo) > maxLicense, in.LicenseInfo, "licenseInfo", "have length less than or equal to "+strconv.Itoa(maxLicense))
	unknown := func(names []string, known func(string) bool) bool {
		return slices.ContainsFunc(names, func(name string) bool { return !known(name) })
	}
	runtimes, architectures := list(in.CompatibleRuntimes), list(in.CompatibleArchitectures)
	at(len(in.CompatibleRuntimes) > maxRuntimes, runtimes, "compatibleRuntimes", "have length less than or equal to "+strconv.Itoa(maxRuntimes))
	at(unknown(in.CompatibleRuntimes, knownRuntime), runtimes, "compatibleRuntimes", "satisfy enum value set: "+list(advertised()))
	at(len(in.CompatibleArchitectures) > maxArchitectures, architectures, "compatibleArchitectures",
		"have length less than or equal to "+strconv.Itoa(maxArchitectures))
	at(unknown(in.CompatibleArchitectures, knownArchitecture), architectures, "compatibleArchitectures",
		"satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]")
	if in.Content == nil {
		wrong = append(wrong, "Value null at 'content' failed to satisfy constraint: Member must not be null")
	}
	if err := refused(wrong); err != nil {
		return err
	}
	if in.Content.S3Bucket != "" || in.Content.S3Key != "" {
		return invalid("The embedded AWS has no S3: upload the archive as ZipFile.")
	}
	return nil
}

func list(values []string) string { return "[" + strings.Join(values, ", ") + "]" }

// checkArchive refuses an archive that Lambda would not unpack.
func checkArchive(archive []byte) error {
	if len(archive) > maxArchive {
		return tooLarge("Zipped size must be smaller than %d bytes", maxArchive)
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
