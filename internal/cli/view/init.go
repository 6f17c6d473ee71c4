package view

// An Init is the result of bundle init, as --json prints it.
type Init struct {
	Manifest  string     `json:"manifest"`
	Sample    string     `json:"sample"` // the sample file
	Functions int        `json:"functions"`
	Secrets   int        `json:"secrets"` // counting those of a group for each function
	NotTaken  []InitNote `json:"not_taken"`

	Incomplete []InitIncomplete `json:"incomplete"` // environments that are only comments
}

// An InitIncomplete is an environment that its owner has to complete.
type InitIncomplete struct {
	Environment string   `json:"environment"`
	Missing     []string `json:"missing"` // account_id, regions, values.NAME
}

// An InitNote names something in the source that is not in the manifest.
type InitNote struct {
	File string `json:"file"`
	Line int    `json:"line"` // 0 if there is none
	Text string `json:"text"`
}
