package doctor

import (
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Status says how a check went.
type Status string

// How a check can go.
const (
	OK     Status = "ok"
	Note   Status = "note" // worth knowing, or not to be found out; no failure
	Failed Status = "failed"
)

// A Finding is the outcome of one check.
type Finding struct {
	Check    string // what was checked: stable, for machines
	Status   Status
	Function string // "" where it is about none in particular
	Action   string // the right in question, such as "kms:Encrypt"
	Resource string // ARN of what it is about
	Detail   string // what was found and, where something is wrong, what to do
	At       manifest.Text
	Problem  problem.Problem // what a build that failed so would say; of a failure
}

// The checks.
const (
	CheckClock     = "clock"
	CheckSealing   = "sealing"    // the function's key takes what a build seals
	CheckSource    = "source"     // a blind build may move the parameter
	CheckOpening   = "opening"    // who builds cannot open the function's document
	CheckReading   = "reading"    // who builds blindly cannot decrypt the parameter
	CheckKeyPolicy = "key policy" // who else can open the function's document
)
