package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// TestBetweenAnyTwoCalls lets another tool change the function before each call of a rollout, in every way that it can, and then runs the
// rollout again. The layer must not be lost, and the alias must serve only code that was released.
func TestBetweenAnyTwoCalls(t *testing.T) {
	changes := map[string]struct {
		do       func(w *world)
		lost     bool // it takes the layer away
		releases bool // it releases new code
	}{
		"memory":       {do: memory},
		"variables":    {do: variables},
		"code":         {do: newCode},
		"old layers":   {do: otherLayers(foreign, at(1), awsLayer)},
		"newer layers": {do: otherLayers(foreign, at(3), awsLayer)},
		"fewer layers": {do: otherLayers(at(1))},
		"no layer":     {do: otherLayers(foreign), lost: true},
		"version":      {do: func(w *world) { w.settle(); w.version("hello") }},
		"release":      {do: released, releases: true},
		"alias":        {do: func(w *world) { w.release("hello", "live", "1") }},
		"canary": {do: func(w *world) {
			newCode(w)
			w.settle()
			w.release("hello", "live", "1", w.version("hello"), 0.5)
		}, releases: true},
		"rollout": {do: another(3)},
		"back": {do: func(w *world) {
			w.before, w.after = nil, nil
			job := w.job()
			job.Back = true
			_, _ = run(w.t.Context(), job, 2, "hello")
		}},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				reached := false
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.live("hello", foreign, at(1), awsLayer)
					old := w.codeOf("hello", "live")
					calls := 0
					w.before = func(string, int) error {
						if calls++; calls == n {
							reached = true
							change.do(w)
						}
						return nil
					}
					_, first := run(t.Context(), w.job(), 2, "hello")
					w.before = nil
					w.settle()
					_, second := run(t.Context(), w.job(), 2, "hello")
					w.settle()
					third, _ := run(t.Context(), w.job(), 2, "hello")
					said := fmt.Sprintf("before call %d: %s\n%q\n%q\n%s", n, w.state(), first, second, short(third))
					latest, served := strings.Join(w.layersOf("hello", "$LATEST"), " "), strings.Join(w.layersOf("hello", "live"), " ")
					if !change.lost && !strings.Contains(latest, layer+":") || !strings.Contains(served, layer+":") {
						t.Errorf("the layer is lost: %s", said)
					}
					if !change.releases && w.codeOf("hello", "live") != old {
						t.Errorf("the alias serves code that was not released: %s", said)
					}
					memory := *must(w.client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("hello"), Qualifier: aws.String("live")}))(w).MemorySize
					if memory != 128 {
						t.Errorf("the alias serves a configuration that was not released: %s", said)
					}
				})
				if !reached {
					break
				}
			}
		})
	}
}

// Two rollouts at once, with every order of their calls that a few thousand turns of a coin give, end as one of them alone.
func TestTwoAtOnce(t *testing.T) {
	for seed := range 20 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.live("hello", foreign, at(1), awsLayer)
			turns := uint64(seed)*0x9e3779b97f4a7c15 + 1
			w.before = func(string, int) error {
				w.mu.Lock()
				turns = turns*6364136223846793005 + 1442695040888963407
				d := turns >> 58
				w.mu.Unlock()
				sleep(int(d) * 50)
				return nil
			}
			ended := make(chan []string)
			for range 2 {
				go func() {
					_, problems := run(t.Context(), w.job(), 2, "hello")
					ended <- problems
				}()
			}
			said := slices.Concat(<-ended, <-ended)
			w.before = nil
			w.settle()
			if got := w.state(); got != done {
				t.Errorf("seed %d: %s %q", seed, got, said)
			}
		})
	}
}
