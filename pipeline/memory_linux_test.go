package pipeline_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// A memoryJob is the task of a child process: build, and look for canaries in its
// own memory. It gets them with every bit inverted, so that its memory does not
// contain what it looks for.
type memoryJob struct {
	URL, ID, Key, Manifest string
	Inverted               map[string][]byte // what to look for, by name
	Planted                []byte            // inverted; the child inverts it back, so it must find it
}

// A sighting is how often the child found each canary, by name.
type sighting struct {
	Sealing map[string]int // before the first ciphertext was made
	End     map[string]int // after the layer was written
	Error   string
	Bytes   int // scanned at the end
}

const memoryJobVariable = "BUNDLE_TEST_MEMORY_JOB"

// TestMemoryOfABlindBuild checks the promise of blind builds in the memory of the
// process itself: none of the values is in it at any time, while a planted value
// is, and while a packed build of the same manifest has them all.
func TestMemoryOfABlindBuild(t *testing.T) {
	for _, mode := range []string{"blind", "pack"} {
		t.Run(mode, func(t *testing.T) {
			s := newSample()
			s.key("alias/f")
			s.writef("function \"f\" {\n  kms_key = \"alias/f\"\n  blind = %t\n", mode == "blind")
			job := memoryJob{Inverted: map[string][]byte{}}
			planted := newCanary()
			job.Planted = invert([]byte(planted))
			job.lookFor("planted", planted)
			for i := range 5 {
				canary := newCanary()
				s.put(fmt.Sprintf("/shop/p%d", i), canary)
				s.writef("  secret \"P%d\" { parameter = \"/shop/p%d\" }\n", i, i)
				job.lookFor(fmt.Sprintf("p%d", i), canary)
			}
			s.writef("}\n")
			w := newWorld(t, s)
			job.URL, job.Manifest = w.url, w.manifest
			job.ID, job.Key = w.server.Credentials()
			if mode == "blind" {
				job.ID, job.Key = blindRole(t, w)
				failPlaintext(w)
			}
			seen := job.inChild(t)
			for when, found := range map[string]map[string]int{"while sealing": seen.Sealing, "at the end": seen.End} {
				if found["planted"] == 0 {
					t.Errorf("%s: the planted canary is not found: the scan is blind", when)
				}
				for i := range 5 {
					name := fmt.Sprintf("p%d", i)
					n := found[name] + found[name+" in base64"]
					if mode == "blind" && n > 0 {
						t.Errorf("%s: %s is in memory %d times", when, name, n)
					}
					if mode == "pack" && when == "while sealing" && n == 0 {
						t.Errorf("%s: %s is not in memory: the scan is blind", when, name)
					}
				}
			}
			t.Logf("%d bytes scanned; while sealing %v, at the end %v", seen.Bytes, seen.Sealing, seen.End)
		})
	}
}

// newCanary returns a value that occurs nowhere else.
func newCanary() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails: https://pkg.go.dev/crypto/rand#Read
	return hex.EncodeToString(b)
}

func invert(b []byte) []byte {
	inverted := make([]byte, len(b))
	for i := range b {
		inverted[i] = ^b[i]
	}
	return inverted
}

// lookFor makes the child look for a canary as it is and in base64.
func (j *memoryJob) lookFor(name, canary string) {
	j.Inverted[name] = invert([]byte(canary))
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + canary))
		start, end := (8*before+5)/6, 8*(before+len(canary))/6
		j.Inverted[name+" in base64"+strings.Repeat("'", before)] = invert([]byte(text[start:end]))
	}
}

// inChild runs the job in a separate process, because this one has the embedded AWS.
func (j *memoryJob) inChild(t *testing.T) sighting {
	t.Helper()
	in, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemoryChild$")
	child.Env = append(os.Environ(), memoryJobVariable+"=1")
	child.Stdin = bytes.NewReader(in)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	var seen sighting
	if err := json.Unmarshal([]byte(line), &seen); err != nil || seen.Error != "" {
		t.Fatalf("%v %s\n%s", err, seen.Error, out)
	}
	return seen
}

// TestMemoryChild is not a test. It is the child process of TestMemoryOfABlindBuild.
func TestMemoryChild(t *testing.T) {
	if os.Getenv(memoryJobVariable) == "" {
		return
	}
	var job memoryJob
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		t.Fatal(err)
	}
	planted := invert(job.Planted)
	seen := sighting{}
	if err := job.do(t.Context(), &seen); err != nil {
		seen.Error = err.Error()
	}
	runtime.KeepAlive(planted)
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		t.Fatal(err)
	}
}

func (j *memoryJob) do(ctx context.Context, seen *sighting) error {
	unlimited := 0.0
	p, _, err := build{url: j.URL, id: j.ID, key: j.Key, path: j.Manifest, tps: &unlimited}.pipeline(ctx, nil)
	if err != nil {
		return err
	}
	var failed error
	scan := sync.OnceFunc(func() { seen.Sealing, _, failed = j.scan() })
	p.Blind.Keys = scanningBlind{p.Blind.Keys, scan}
	p.Keys = scanning{p.Keys, scan}
	result, problems := p.Run(ctx)
	if len(problems) > 0 {
		return problemsError(problems)
	}
	if failed != nil {
		return failed
	}
	seen.End, seen.Bytes, err = j.scan()
	runtime.KeepAlive(result)
	return err
}

type scanningBlind struct {
	pipeline.BlindKeys
	scan func()
}

func (s scanningBlind) ReEncrypt(ctx context.Context, m seal.Move) ([]byte, error) {
	s.scan()
	return s.BlindKeys.ReEncrypt(ctx, m)
}

type scanning struct {
	pipeline.Keys
	scan func()
}

func (s scanning) Encrypt(ctx context.Context, key string, box secret.Value, context map[string]string) ([]byte, error) {
	s.scan()
	return s.Keys.Encrypt(ctx, key, box, context)
}

// scan searches all readable memory of this process.
func (j *memoryJob) scan() (found map[string]int, scanned int, err error) {
	starts := make(map[[2]byte][]string)
	for name, inverted := range j.Inverted {
		start := [2]byte(inverted)
		starts[start] = append(starts[start], name)
	}
	var begins [1 << 16]bool // by the first two bytes, as they are in memory
	for start := range starts {
		begins[int(^start[0])<<8|int(^start[1])] = true
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return nil, 0, err
	}
	defer memory.Close()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil, 0, err
	}
	found = make(map[string]int)
	const piece, overlap = 1 << 20, 128
	buffer := make([]byte, piece)
	for lines := bufio.NewScanner(bytes.NewReader(maps)); lines.Scan(); {
		from, to, ok := readable(lines.Text())
		for at := from; ok && at < to; at += piece - overlap {
			n, err := memory.ReadAt(buffer[:min(piece, int(to-at))], at)
			if n == 0 && err != nil && err != io.EOF {
				break // such as the kernel's own pages
			}
			scanned += n
			for i := 0; i+1 < n; i++ {
				if !begins[int(buffer[i])<<8|int(buffer[i+1])] {
					continue
				}
				for _, name := range starts[[2]byte{^buffer[i], ^buffer[i+1]}] {
					if isInverse(buffer[i:n], j.Inverted[name]) {
						found[strings.TrimRight(name, "'")]++
					}
				}
			}
			if n < piece {
				break
			}
		}
	}
	return found, scanned, nil
}

func isInverse(b, inverted []byte) bool {
	if len(b) < len(inverted) {
		return false
	}
	for i := range inverted {
		if b[i] != ^inverted[i] {
			return false
		}
	}
	return true
}

// readable parses a line of /proc/self/maps.
func readable(line string) (from, to int64, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 2 || !strings.HasPrefix(fields[1], "r") {
		return 0, 0, false
	}
	start, end, _ := strings.Cut(fields[0], "-")
	from, err1 := strconv.ParseInt(start, 16, 64)
	to, err2 := strconv.ParseInt(end, 16, 64)
	return from, to, err1 == nil && err2 == nil
}
