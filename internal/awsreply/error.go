package awsreply

import "fmt"

// An Error describes a reply that AWS should never send. It repeats nothing of the
// reply.
type Error struct {
	Operation string // such as "ssm:GetParameters"
	Fault     string // such as "has no Parameters"
}

func (e *Error) Error() string {
	return fmt.Sprintf("the reply to %s %s", e.Operation, e.Fault)
}

// ReplyError marks the error as malformed for awsfault.
func (e *Error) ReplyError() bool { return true }
