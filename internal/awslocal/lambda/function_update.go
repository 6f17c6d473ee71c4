package lambda

import (
	"github.com/whispering/bundle/internal/awslocal/call"
)

type updateInput struct {
	FunctionName string
	RevisionId   string
	settings
}

// updateConfiguration is https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html. An update that changes
// nothing is an update too.
func (s *Service) updateConfiguration(r *call.Request, in *updateInput) (any, error) {
	arn, err := unqualified(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := in.checkVariables(); err != nil {
		return nil, err
	}
	if err := refused(in.broken()); err != nil {
		return nil, err
	}
	if err := s.permit(r, "UpdateFunctionConfiguration", arn, nil, in.layerKeys()); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.changeable(r, arn, in.RevisionId)
	if err != nil {
		return nil, err
	}
	c := f.Latest.configuration
	if err := s.set(r, arn, &c, &in.settings); err != nil {
		return nil, err
	}
	if err := s.signed(f.Signing, f.Latest.lacks(in.Layers)...); err != nil {
		return nil, err
	}
	before := f.Latest.configuration
	f.Latest.configuration = c
	f.update(r.Now, s.options.Update, before)
	return f.describe(f.Latest, "", f.Latest.Change.Until.Add(-1)), nil
}

type updateCodeInput struct {
	FunctionName  string
	RevisionId    string
	Publish       bool
	DryRun        bool
	Architectures []string
	PublishTo     string
	codeInput
}

// updateCode is https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html. It keeps the size and the SHA-256 of the code.
func (s *Service) updateCode(r *call.Request, in *updateCodeInput) (any, error) {
	arn, err := unqualified(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := s.permit(r, "UpdateFunctionCode", arn, nil, nil); err != nil {
		return nil, err
	}
	if in.Architectures != nil || in.DryRun || in.PublishTo != "" {
		return nil, invalid("The embedded AWS does not have Architectures, DryRun and PublishTo of UpdateFunctionCode: leave them out.")
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.changeable(r, arn, in.RevisionId)
	if err != nil {
		return nil, err
	}
	if err := s.signed(f.Signing, "the code"); err != nil {
		return nil, err
	}
	before := f.Latest.configuration
	f.Latest.Digest, f.Latest.Size = digestOf(in.ZipFile), int64(len(in.ZipFile))
	f.update(r.Now, s.options.Update, before)
	if !in.Publish {
		return f.describe(f.Latest, "", f.Latest.Change.Until.Add(-1)), nil
	}
	known := f.Last
	v, err := f.publish(f.Latest.Description)
	if err != nil || f.Last == known {
		return f.describe(v, v.Version, r.Now), err
	}
	v.begin(r.Now, s.options.Update, true)
	return f.describe(v, v.Version, v.Change.Until.Add(-1)), nil
}

// changeable finds a function whose $LATEST can be changed now. The caller holds the lock.
func (s *Service) changeable(r *call.Request, arn, revision string) (*function, error) {
	f := s.functions[arn]
	if f == nil {
		return nil, notFound("Function not found: " + arn)
	}
	f.Latest.settle(r.Now)
	if err := fresh(revision, f.Latest.Revision); err != nil {
		return nil, err
	}
	return f, f.busy(r.Now)
}

// unqualified resolves the name of a function whose $LATEST is to be changed.
func unqualified(r *call.Request, name string) (string, error) {
	arn, qualifier, err := oldFunction(r, functionInput{FunctionName: name})
	if err == nil && qualifier != "" && qualifier != latest {
		err = invalid("Only $LATEST of a function can be changed: leave the qualifier %s out.", qualifier)
	}
	return arn, err
}

type publishVersionInput struct {
	FunctionName string
	CodeSha256   string
	Description  *string
	RevisionId   string
	PublishTo    string
}

// publishVersion is https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html. If code and configuration are those of the last
// version, that version is the answer, and nothing changes.
func (s *Service) publishVersion(r *call.Request, in *publishVersionInput) (any, error) {
	arn, err := unqualified(r, in.FunctionName)
	if err != nil {
		return nil, err
	}
	var wrong []string
	if in.Description != nil {
		wrong = (&settings{Description: in.Description}).broken()
	}
	if in.PublishTo != "" && in.PublishTo != "LATEST_PUBLISHED" {
		wrong = append(wrong, broken(in.PublishTo, "publishTo", "satisfy enum value set: [LATEST_PUBLISHED]"))
	}
	if err := refused(wrong); err != nil {
		return nil, err
	}
	if err := s.permit(r, "PublishVersion", arn, nil, nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.changeable(r, arn, in.RevisionId)
	if err != nil {
		return nil, err
	}
	if code := f.Latest.Digest.base64(); in.CodeSha256 != "" && in.CodeSha256 != code {
		return nil, invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.",
			in.CodeSha256, code)
	}
	description := f.Latest.Description
	replace(&description, in.Description)
	if in.PublishTo != "" {
		return s.publishLatest(r, f, description)
	}
	known := f.Last
	v, err := f.publish(description)
	if err != nil {
		return nil, err
	}
	if f.Last != known {
		f.Latest.Revision, v.Revision, v.Modified = newRevision(), newRevision(), r.Now
		if v.SnapStart {
			v.begin(r.Now, s.options.Snapshot, true)
		}
	}
	return f.describe(v, v.Version, r.Now), nil
}

// publish adds a version if $LATEST is not what the last version was published from, and otherwise returns that version.
func (f *function) publish(description string) (*release, error) {
	source, err := f.Latest.source()
	if err != nil {
		return nil, err
	}
	if n := len(f.Versions); n > 0 && f.Versions[n-1].Source == source && f.Versions[n-1].number() == f.Last {
		return f.Versions[n-1], nil
	}
	f.Last++
	v := &release{Version: versionName(f.Last), Source: source, configuration: f.Latest.configuration}
	v.Description = description
	f.Versions = append(f.Versions, v)
	return v, nil
}

// publishLatest makes $LATEST.PUBLISHED, which Lambda Managed Instances run instead of $LATEST
// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html). It starts environments before it is active.
func (s *Service) publishLatest(r *call.Request, f *function, description string) (any, error) {
	if f.Latest.Capacity == nil {
		return nil, invalid("The embedded AWS publishes to $LATEST.PUBLISHED for functions with a CapacityProviderConfig only.")
	}
	v := &release{Version: latestPublished, configuration: f.Latest.configuration}
	v.Description = description
	v.begin(r.Now, s.options.Snapshot, true)
	f.Latest.Revision, f.Published = newRevision(), v
	return f.describe(v, v.Version, r.Now), nil
}
