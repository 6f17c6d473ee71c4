package view

// An Init is the result of bundle init as --json prints it.
type Init struct {
	Manifest  string     `json:"manifest"`
	Sample    string     `json:"sample"` // the file of sample values
	Functions int        `json:"functions"`
	Secrets   int        `json:"secrets"` // counting those of a group for each function
	NotTaken  []InitNote `json:"not_taken"`
}

// An InitNote says what of the source is not in the manifest.
type InitNote struct {
	File string `json:"file"`
	Line int    `json:"line"` // 0 where there are none
	Text string `json:"text"`
}
