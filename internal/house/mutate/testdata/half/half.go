// Package half has tests that find all of its faults except one. Some faults make the
// tests hang. One does not compile.
package half

// Sum is the sum of the numbers from n down to 1.
func Sum(n int) int {
	sum := 0
	for ; n != 0; n-- {
		sum += n
	}
	return sum
}

// Adult is tested on one side of its limit only.
func Adult(age int) bool { return age >= 18 }

type text string

// Methods and functions whose receivers and parameters have no names, or any number.

func (text) Greeting(_ int, names ...string) string { return "hello, " + names[0] }

func (t *text) set(to string) {
	if to != "" {
		*t = text(to)
	}
}

func first(int, string) (ok bool) { return !false }

func init() {
	if first(1, "") {
		return
	}
}

const limit = 1 << 4
