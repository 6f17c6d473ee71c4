package pipeline

import (
	"context"

	"github.com/whispering/bundle/pipeline/manifest"
)

// A Scope is the environment, region and account of a use case, and its caller.
type Scope struct {
	Manifest *manifest.Manifest // as it is in Region
	Region   string
	Account  string                                // the environment's account
	Caller   func(context.Context) (string, error) // returns the account of the credentials
	Observer Observer

	AllowKeyAccounts []string // accounts besides Account whose keys may be used
	Undeployed       bool     // the documents go nowhere, as those of bundle run

	// Beside are functions of the environment that other builds put into layers. Their
	// keys are only compared with the keys of this run. Functions that are also in
	// Manifest are ignored.
	Beside []manifest.Function
}
