// Command scale writes what builds cost from 1 to 10,000 functions, by a model of their calls that the tests compare
// with builds against the embedded AWS.
//
//	go run ./internal/scale [-write FILE]
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/docpage"
)

func main() {
	write := flag.String("write", "", "the page to put the tables into")
	flag.Parse()
	page := tables()
	if *write == "" {
		fmt.Print(page)
		return
	}
	if err := docpage.Put(*write, "scale", page); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

const secrets = 10 // of each function

func sizes() []int { return []int{1, 40, 1000, 10000} }

// tables returns all tables of the page.
func tables() string {
	var t strings.Builder
	t.WriteString("\n### Calls and time of one build\n\n| functions | mode | first | unchanged | rotation |\n|---|---|---|---|---|\n")
	for _, n := range sizes() {
		for _, blind := range []bool{false, true} {
			s := shape{Functions: n, Secrets: secrets, Blind: blind}
			fmt.Fprintf(&t, "| %s | %s | %s | %s | %s |\n", number(n), mode(blind), cost(s.build(first)), cost(s.build(unchanged)), cost(s.build(rotation)))
		}
	}
	t.WriteString("\n### Publishing\n\n| functions | layers | first | unchanged | rotation | layer | storage of 100 rotations |\n|---|---|---|---|---|---|---|\n")
	for _, n := range sizes() {
		for _, each := range []bool{false, true} {
			s := shape{Functions: n, Secrets: secrets, Each: each}
			fmt.Fprintf(&t, "| %s | %s | %s | %s | %s | %s | %s |\n", number(n), layers(each), cost(s.publish(first)), cost(s.publish(unchanged)), cost(s.publish(rotation)),
				size(s.layer()), size(s.layer()*(s.layers()+100)))
		}
	}
	t.WriteString("\n### Limits\n\n| functions | secrets | exceeds |\n|---|---|---|\n")
	for _, n := range []int{1, 40, 1000, 2000, 10000} {
		s := shape{Functions: n, Secrets: secrets}
		exceeded := strings.Join(s.bites(), ", ")
		if exceeded == "" {
			exceeded = "none"
		}
		fmt.Fprintf(&t, "| %s | %s | %s |\n", number(n), number(n*secrets), exceeded)
	}
	t.WriteString("\n### Money\n\nA month with 20 unchanged builds a day and one rotation of each function's parameters, in US dollars.\n\n" +
		"| functions | mode | KMS keys | KMS requests | parameters |\n|---|---|---|---|---|\n")
	for _, n := range sizes() {
		for _, blind := range []bool{false, true} {
			s := shape{Functions: n, Secrets: secrets, Blind: blind}
			keys, requests, parameters := s.month(20)
			fmt.Fprintf(&t, "| %s | %s | %s | %.2f | %s |\n", number(n), mode(blind), number(int(keys)), requests, number(int(parameters)))
		}
	}
	t.WriteString("\n### One account for many repositories\n\nThe time until all have built, if all begin at once: their reads share 40 calls a second.\n\n" +
		"| repositories of 40 functions | first builds | unchanged builds |\n|---|---|---|\n")
	for _, n := range []int{1, 10, 50, 300} {
		s := shape{Functions: 40, Secrets: secrets}
		fmt.Fprintf(&t, "| %d | %s | %s |\n", n, seconds(together(n, s.build(first))), seconds(together(n, s.build(unchanged))))
	}
	t.WriteString("\n### Environments in accounts of their own\n\nThe time until all environments have built in one run (`--all`) of 40 functions: four at a time, each with the quotas of its own account.\n\n" +
		"| accounts | first builds | unchanged builds |\n|---|---|---|\n")
	for _, n := range []int{1, 5, 20, 50} {
		s := shape{Functions: 40, Secrets: secrets}
		turns := time.Duration(ceil(n, accountsAtOnce))
		fmt.Fprintf(&t, "| %d | %s | %s |\n", n, seconds(turns*s.build(first).time()), seconds(turns*s.build(unchanged).time()))
	}
	return t.String()
}

// accountsAtOnce is how many environments one run works on at a time.
const accountsAtOnce = 4

// together returns how long so many builds take that share the quota of Parameter Store.
func together(builds int, c calls) time.Duration {
	one := c.time()
	return max(one, time.Duration(max(builds*c["ssm:GetParameters"]-ssmBurst, 0))*time.Second/ssmPerSecond)
}

func mode(blind bool) string {
	if blind {
		return "blind"
	}
	return "packed"
}

func layers(each bool) string {
	if each {
		return "one each"
	}
	return "one"
}

func cost(c calls) string { return number(c.total()) + " calls, " + seconds(c.time()) }

func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// number writes a number with commas.
func number(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return number(n/1000) + fmt.Sprintf(",%03d", n%1000)
}

func size(n int) string {
	switch {
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", ceil(n, 1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
