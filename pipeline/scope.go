package pipeline

import (
	"context"

	"github.com/whispering/bundle/pipeline/manifest"
)

// A Scope is what a use case is about, and as whom it asks.
type Scope struct {
	Manifest *manifest.Manifest // as it is in the region
	Region   string
	Account  string                                // the one the environment is for
	Caller   func(context.Context) (string, error) // the account that AWS takes us for
	Observer Observer

	AllowKeyAccounts []string // accounts besides Account whose keys may be used

	// Beside are functions of the environment whose layers others build. Their keys
	// are held against those of this run, and not to anything else. Functions of
	// the manifest may be among them, and do not count.
	Beside []manifest.Function
}
