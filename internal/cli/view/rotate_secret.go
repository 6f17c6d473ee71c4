package view

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/plan"
)

// ofSecrets makes the step that puts a value one of Secrets Manager, if the secret is there. Its
// commands are those of the AWS CLI, which bundle does not call.
func (s *RotateStep) ofSecrets(all []RotationIn) {
	for _, in := range all {
		for _, p := range in.State.Parameters {
			if p.Command == "" {
				continue
			}
			if s.Args != nil {
				s.Title, s.Args, s.Commands = "Put the new value into Secrets Manager.", nil, nil
			}
			if p.RotatedBy() != "" {
				s.Title = "Let Secrets Manager rotate the secret."
			}
			if !slices.Contains(s.Commands, p.Command) {
				s.Commands = append(s.Commands, p.Command)
			}
		}
	}
}

// rotatedVersion returns the version of a source as people read it.
func rotatedVersion(s sealed.Source) string {
	if s.ID != "" {
		return plan.Short(s.ID)
	}
	return strconv.FormatInt(s.Version, 10)
}

// rotatedFacts says what Secrets Manager knows of a secret in a region, besides its version.
func rotatedFacts(region string, p pipeline.RotatedParameter) []string {
	if p.Secret == nil {
		return nil
	}
	var all []string
	note := func(holds bool, format string, args ...any) {
		if holds {
			all = append(all, p.Name()+" "+fmt.Sprintf(format, args...))
		}
	}
	d := p.Secret.Description
	previous := d.Stages["AWSPREVIOUS"]
	note(!d.Deleted.IsZero(), "will be deleted on %s", d.Deleted.Format(time.RFC3339))
	note(p.RotatedBy() != "", "is changed by %s: start a rotation, and do not put a value", p.RotatedBy())
	note(d.Pending() != "", "has version %s at AWSPENDING: a rotation is in progress, or has failed", plan.Short(d.Pending()))
	note(previous != "", "has version %s at AWSPREVIOUS", plan.Short(previous))
	note(d.Primary != "" && d.Primary != region, "is a replica, and read-only: its primary secret is in %s", d.Primary)
	note(d.AccountPrimary != "", "is a replica of %s, in another account", d.AccountPrimary)
	return all
}
