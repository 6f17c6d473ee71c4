package view

import (
	"fmt"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/pipeline"
)

// A Standing is what deployments find in the parameter with the ARN of a layer, as --json prints it.
type Standing struct {
	Name         string         `json:"name"`
	State        pipeline.Stand `json:"state"`
	LayerVersion int64          `json:"layer_version"` // 0 if that is not known
	Newest       int64          `json:"newest"`        // 0 if none is published or that is not known
}

func newStanding(s *pipeline.Standing) *Standing {
	if s == nil {
		return nil
	}
	return &Standing{s.Name, s.Stand, s.Layer, s.Newest}
}

// what says it in words.
func (s *Standing) what() string {
	lead := "parameter " + s.Name + " "
	switch s.State {
	case pipeline.StandsNewest:
		return lead + fmt.Sprintf("has the newest layer version, %d", s.LayerVersion)
	case pipeline.StandsOlder:
		return lead + fmt.Sprintf("has layer version %d, and the newest is %d: publish the layer, or the next deployment takes version %[1]d", s.LayerVersion, s.Newest)
	case pipeline.StandsNewer:
		return lead + fmt.Sprintf("has layer version %d, which does not exist: publish the layer with --allow-rollback", s.LayerVersion)
	case pipeline.StandsMissing:
		return lead + "does not exist yet: bundle publish creates it"
	case pipeline.StandsForeign:
		return lead + "does not have the ARN of a version of this layer: bundle publish will refuse to overwrite it"
	}
	return lead + "is not compared: these credentials cannot read it, or the versions of the layer"
}

// notes is what() of a Standing that there is.
func (s *Standing) notes() []string {
	if s == nil {
		return nil
	}
	return []string{s.what()}
}

// markdown is a paragraph, or "".
func (s *Standing) markdown() string {
	if s == nil {
		return ""
	}
	return "\n" + actions.Cell(s.what()) + "\n"
}
