package doctor

import (
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Status is the outcome of a check.
type Status string

// The outcomes.
const (
	OK     Status = "ok"
	Note   Status = "note" // worth knowing, or could not be checked; not a failure
	Failed Status = "failed"
)

// A Finding is the outcome of one check.
type Finding struct {
	Check    string // what was checked; stable
	Status   Status
	Function string // "" if it is not about one
	Action   string // the permission, such as "kms:Encrypt"
	Resource string // ARN of what it is about
	Detail   string // what was found and, if something is wrong, what to do
	At       manifest.Text
	Problem  problem.Problem // for Failed: the problem that a build would report
}

// The checks.
const (
	CheckClock     = "clock"
	CheckSealing   = "sealing"    // a build can seal under the function's key
	CheckSource    = "source"     // a blind build can move the parameter
	CheckOpening   = "opening"    // a build cannot open the function's document
	CheckReading   = "reading"    // a blind build cannot decrypt the parameter
	CheckKeyPolicy = "key policy" // who else can open the function's document
	CheckUsage     = "key usage"  // whether anything uses the function's key
	CheckRole      = "role"       // a role has the rights that it needs, and none that it must not have
)
