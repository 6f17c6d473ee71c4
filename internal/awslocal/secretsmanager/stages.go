package secretsmanager

import (
	"slices"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// The labels that Secrets Manager moves itself.
const (
	current  = "AWSCURRENT"
	pending  = "AWSPENDING"
	previous = "AWSPREVIOUS"
)

// staged returns the version that has a label, or nil.
func (x *secret) staged(stage string) *version {
	i := slices.IndexFunc(x.Versions, func(v *version) bool { return slices.Contains(v.Stages, stage) })
	if i < 0 {
		return nil
	}
	return x.Versions[i]
}

// version returns the version of an ID, or nil.
func (x *secret) version(id string) *version {
	i := slices.IndexFunc(x.Versions, func(v *version) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	return x.Versions[i]
}

// attach moves a label to a version at a time. Where AWSCURRENT was, AWSPREVIOUS goes, and AWSPENDING is taken away
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html).
func (x *secret) attach(stage string, v *version, at time.Time) {
	from := x.staged(stage)
	if from == v {
		return
	}
	if from != nil {
		from.detach(stage)
	}
	i, _ := slices.BinarySearch(v.Stages, stage)
	v.Stages = slices.Insert(slices.Clone(v.Stages), i, stage)
	if stage == current && from != nil {
		x.rotates(v, at)
		from.detach(pending)
		x.attach(previous, from, at)
	}
}

func (v *version) detach(stage string) {
	v.Stages = slices.DeleteFunc(slices.Clone(v.Stages), func(s string) bool { return s == stage })
}

type stageInput struct {
	SecretId            *string
	VersionStage        *string
	RemoveFromVersionId *string
	MoveToVersionId     *string
}

// updateSecretVersionStage is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html.
func (s *Service) updateSecretVersionStage(req *call.Request, in *stageInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	c.required("versionStage", in.VersionStage, maxStage)
	c.versionID("removeFromVersionId", in.RemoveFromVersionId)
	c.versionID("moveToVersionId", in.MoveToVersionId)
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.usable(req, in.SecretId, condition("secretsmanager:VersionStage", in.VersionStage))
	if err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	if err := x.move(in, instant(req)); err != nil {
		return nil, err
	}
	s.changed(req, x)
	return map[string]any{"ARN": x.ARN, "Name": x.Name}, nil
}

// move does what a request says with a label.
func (x *secret) move(in *stageInput, at time.Time) error {
	stage, holder := *in.VersionStage, x.staged(*in.VersionStage)
	var from, to *version
	for id, v := range map[*string]**version{in.RemoveFromVersionId: &from, in.MoveToVersionId: &to} {
		if id == nil {
			continue
		}
		if *v = x.version(*id); *v == nil {
			return noVersion(*id)
		}
	}
	switch {
	case from == nil && to == nil:
		return invalidParameter("You must specify a version to move the staging label to, or a version to remove it from.")
	case to == nil && stage == current:
		return invalidParameter("You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
	case from != nil && from != holder:
		return invalidParameter("The staging label %s is not currently attached to version %s.", stage, from.ID)
	case from == nil && holder != nil && holder != to:
		return invalidParameter("The staging label %s is currently attached to version %s, so you must explicitly reference that version in "+
			"RemoveFromVersionId.", stage, holder.ID)
	case to == nil:
		from.detach(stage)
	case !slices.Contains(to.Stages, stage) && len(to.Stages) == maxStages:
		return tooManyStages()
	default:
		x.attach(stage, to, at)
	}
	return nil
}

func noVersion(id string) error {
	return modeled("ResourceNotFoundException", "Secrets Manager can't find the specified secret version: "+id)
}

func tooManyStages() error {
	return limitExceeded("A version can have at most %d staging labels.", maxStages)
}
