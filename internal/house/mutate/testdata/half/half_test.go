package half

import "testing"

func TestHalf(t *testing.T) {
	var x text
	x.set("x")
	if !Adult(30) || Adult(3) || Sum(3) != 6 || x.Greeting(1, "you", "all") != "hello, you" || x != "x" || !first(1, "") || limit != 16 {
		t.Fail()
	}
}
