package pipeline_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
)

// even returns a manifest of functions with a key each and the same number of
// secrets each.
func even(secrets, functions int) *sample {
	s := newSample()
	each := secrets / functions
	for f := range functions {
		s.key(fmt.Sprintf("alias/f%d", f))
		s.writef("function \"f%d\" {\n  kms_key = \"alias/f%d\"\n", f, f)
		for i := range each {
			s.put(fmt.Sprintf("/shop/f%d/p%d", f, i), fmt.Sprintf("not-a-real-value-%d-%d", f, i))
			s.writef("  secret \"P%d\" { parameter = \"/shop/f%d/p%d\" }\n", i, f, i)
		}
		s.writef("}\n")
	}
	return s
}

// A first has the figures of a first build.
type first struct {
	took         time.Duration
	reads, boxes int
}

// whole does everything that a first build does between reading the manifest and
// replacing the layer.
func (b build) whole(ctx context.Context, path string) (first, error) {
	began := time.Now()
	out, problems := pipeline.OpenOutput(path, nil)
	if len(problems) > 0 {
		return first{}, problemsError(problems)
	}
	content, calls, err := b.run(ctx, nil)
	if err != nil {
		return first{}, err
	}
	if problems := out.Replace(content); len(problems) > 0 {
		return first{}, problemsError(problems)
	}
	result := first{took: time.Since(began), reads: calls["ssm:GetParameters"]}
	layer, err := layerbuild.Read(content)
	if err != nil {
		return first{}, err
	}
	for _, d := range layer.Documents {
		result.boxes += len(d.Header.Boxes)
	}
	return result, nil
}

// median reports the median of some figures, and returns the least.
func median(b *testing.B, figures []float64, unit string) (least float64) {
	slices.Sort(figures)
	b.ReportMetric(figures[len(figures)/2], unit)
	return figures[0]
}

// A first build where every call takes 20 ms and nothing is throttled. The floor
// is what sixteen calls at a time need for reading and then for sealing:
// (ceil(reads/16) + ceil(boxes/16)) × 20 ms. The guards add to it. Sealing begins
// while parameters are still being read, which saves some of it.
func BenchmarkFirstBuild(b *testing.B) {
	const latency, atOnce = 20 * time.Millisecond, 16
	for _, size := range []struct{ secrets, functions int }{{200, 20}, {1000, 100}} {
		b.Run(fmt.Sprintf("%dx%d", size.secrets, size.functions), func(b *testing.B) {
			w := newWorld(b, even(size.secrets, size.functions), awslocal.WithLatency(latency))
			var ratios, took []float64
			for i := 0; b.Loop(); i++ {
				f, err := w.build().whole(b.Context(), filepath.Join(b.TempDir(), "layer.zip"))
				if err != nil {
					b.Fatal(err)
				}
				floor := time.Duration((f.reads+atOnce-1)/atOnce+(f.boxes+atOnce-1)/atOnce) * latency
				ratios, took = append(ratios, f.took.Seconds()/floor.Seconds()), append(took, f.took.Seconds()*1000)
			}
			// Other programs on the machine disturb the least figure the least.
			b.ReportMetric(median(b, ratios, "×floor"), "×floor-at-best")
			median(b, took, "ms/build")
		})
	}
}

// A first build of 1,000 parameters at the default pace against the default
// quota: 40 calls per second after a burst of 40, at 20 ms a call. The floor is
// (calls - 40)/40 s. Nothing may fail.
func BenchmarkFirstBuildAtTheQuota(b *testing.B) {
	const perSecond, burst = 40, 40
	sample := even(1000, 100)
	var ratios, repeated []float64
	for b.Loop() {
		w := newWorld(b, sample, awslocal.WithLatency(20*time.Millisecond), awslocal.WithBucket("ssm", perSecond, burst))
		run := w.build()
		run.tps = nil
		f, err := run.whole(b.Context(), filepath.Join(b.TempDir(), "layer.zip"))
		if err != nil {
			b.Fatal(err)
		}
		const needed = 100
		ratios = append(ratios, f.took.Seconds()/(float64(needed-burst)/perSecond))
		repeated = append(repeated, float64(f.reads-needed))
	}
	b.ReportMetric(median(b, ratios, "×floor"), "×floor-at-best")
	median(b, repeated, "repeated-calls")
}
