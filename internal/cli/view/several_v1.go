package view

// Several is the result of a command about several targets as --json=1
// prints it: in the list of the command, in the order of the targets, an object
// for each, which is that of the command about one target, or a TargetFailure.
type Several struct {
	FormatVersion int   `json:"format_version"`
	Changed       *bool `json:"changed,omitempty"` // any of build, plan and publish
	Stale         *bool `json:"stale,omitempty"`   // any of status
	Failed        bool  `json:"failed"`            // any
	Builds        []any `json:"builds,omitempty"`
	Plans         []any `json:"plans,omitempty"`
	Publications  []any `json:"publications,omitempty"`
	Statuses      []any `json:"statuses,omitempty"`
	Verifications []any `json:"verifications,omitempty"`
	Diagnoses     []any `json:"diagnoses,omitempty"`
}

// A TargetFailure says why nothing came of a target.
type TargetFailure struct {
	Environment string    `json:"environment"`
	Region      string    `json:"region"`             // "" where the manifest is too wrong to say
	Function    string    `json:"function,omitempty"` // of a layer of one function
	Path        string    `json:"path"`               // of the layer
	Problems    []Problem `json:"problems"`
}
