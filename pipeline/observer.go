package pipeline

// A Step is a part of a run that makes calls to AWS.
type Step string

// The steps, in order. Reading and sealing overlap.
const (
	StepPreflight Step = "checking account and keys"
	StepPrevious  Step = "downloading the published layer"
	StepList      Step = "listing paths"
	StepVersion   Step = "reading versions"
	StepDates     Step = "reading dates of versions"
	StepFunctions Step = "listing functions"
	StepAliases   Step = "listing aliases"
	StepEvents    Step = "reading events"
	StepSharing   Step = "reading policies of versions"
	StepDelete    Step = "deleting versions"
	StepPolicies  Step = "reading key policies"
	StepRevoke    Step = "putting key policies"
	StepSimulate  Step = "simulating policies of roles"
	StepLook      Step = "looking at functions"
	StepRollout   Step = "rolling out"
	StepRead      Step = "reading parameters"
	StepReadAll   Step = "reading parameters and secrets" // in place of StepRead, if some are of Secrets Manager
	StepSeal      Step = "sealing functions"
	StepPublish   Step = "publishing the layer"
)

// Steps returns all steps in order. A run leaves out those that it has no use for.
func Steps() []Step {
	return []Step{
		StepPreflight, StepPrevious, StepList, StepVersion, StepDates, StepFunctions, StepAliases, StepEvents, StepSharing, StepDelete, StepPolicies, StepRevoke,
		StepSimulate, StepLook, StepRollout, StepRead, StepReadAll, StepSeal, StepPublish,
	}
}

// An Observer follows the progress of a run. Its method is called from several
// goroutines. Calls for one step never overlap, but calls for two steps can.
type Observer interface {
	// Progress reports that done of the step's total pieces are done.
	Progress(step Step, done, total int)
}
