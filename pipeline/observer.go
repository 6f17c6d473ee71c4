package pipeline

// Step names a stretch of a run that takes calls to AWS.
type Step string

// The steps, in order; reading and sealing overlap.
const (
	StepPreflight Step = "checking account and keys"
	StepPrevious  Step = "downloading the published layer"
	StepList      Step = "listing paths"
	StepVersion   Step = "reading versions"
	StepRead      Step = "reading parameters"
	StepSeal      Step = "sealing functions"
	StepPublish   Step = "publishing the layer"
)

// An Observer is told how far a run is. It is called by several goroutines: by
// two at once where steps overlap, but for one step never.
type Observer interface {
	// Progress says that done of total pieces of step are done.
	Progress(step Step, done, total int)
}
