package view

// Several is the result of a command for several targets, as --json=1 prints it. The
// list of the command has an object for each target, in their order: the result for
// that target, or a TargetFailure.
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
	Prunings      []any `json:"prunings,omitempty"`
	Audits        []any `json:"audits,omitempty"`
}

// A TargetFailure says why a target failed.
type TargetFailure struct {
	Environment string    `json:"environment"`
	Region      string    `json:"region"`             // "" if the manifest is too broken to say
	Function    string    `json:"function,omitempty"` // of a layer of one function
	Path        string    `json:"path"`               // of the layer
	Problems    []Problem `json:"problems"`
}
