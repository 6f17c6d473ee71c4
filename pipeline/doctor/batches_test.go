package doctor

import (
	"fmt"
	"testing"
)

// Every action is simulated in the calls that have its resources.
func TestCallsAreFewForManyResources(t *testing.T) {
	var r Role
	for _, action := range []string{"kms:CreateGrant", "kms:PutKeyPolicy", "kms:TagResource"} {
		for i := range 45 {
			r.Requests = append(r.Requests, Request{Action: action, Resource: fmt.Sprintf("arn:aws:kms:us-west-2:222222222222:key/%d", i)})
		}
	}
	all := batches(r)
	decided := 0
	for _, b := range all {
		if len(b.Resources) > maxResources || len(b.Actions) != 3 {
			t.Errorf("a call has %d resources and %d actions", len(b.Resources), len(b.Actions))
		}
		decided += len(b.of)
	}
	if len(all) != 3 || decided != len(r.Requests) {
		t.Errorf("%d calls decide %d requests, want 3 and %d", len(all), decided, len(r.Requests))
	}
}
