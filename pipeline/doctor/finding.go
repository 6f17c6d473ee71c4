package doctor

import "github.com/whispering/bundle/pipeline/manifest"

// A Status says how a check went.
type Status string

// How a check can go.
const (
	OK     Status = "ok"
	Note   Status = "note" // worth knowing, or not to be found out; no failure
	Failed Status = "failed"
)

// A Kind says what a failure is about.
type Kind string

// What failures can be about.
const (
	Access      Kind = "access"      // a right that is missing, or one too many
	Unusable    Kind = "unusable"    // a key or a parameter that cannot be used so
	Credentials Kind = "credentials" // AWS does not accept who asks
	Unavailable Kind = "unavailable" // AWS did not answer
	Other       Kind = "other"       // an answer that is none to the question
)

// A Finding is the outcome of one check.
type Finding struct {
	Check    string // what was checked: stable, for machines
	Status   Status
	Kind     Kind   // of a failure
	Function string // "" where it is about none in particular
	Action   string // the right in question, such as "kms:Encrypt"
	Resource string // ARN of what it is about
	Cause    string // the same for failures that one change mends; "" for one of its own
	On       string // what has to be allowed or denied on, as a policy can tell it
	Detail   string // what was found and, where something is wrong, what to do
	At       manifest.Text
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
