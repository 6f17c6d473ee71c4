package half

import "testing"

func TestHalf(t *testing.T) {
	if !Adult(30) || Adult(3) || Sum(3) != 6 {
		t.Fail()
	}
}
