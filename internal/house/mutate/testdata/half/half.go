// Package half has tests that find one of its faults, and one more because it
// never ends.
package half

// Adult is tested on one side of its limit only.
func Adult(age int) bool { return age >= 18 }

// Sum is the sum of the numbers from n down to 1.
func Sum(n int) int {
	sum := 0
	for ; n != 0; n-- {
		sum += n
	}
	return sum
}
