package awslocal_test

import (
	"flag"
	"fmt"
	"net/http"
	neturl "net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/needs"
)

// Each file of testdata/conformance is one behavior of AWS, with the page that documents it (see the README there).
// It runs through the Go SDK's clients against the embedded AWS and, with -endpoint, against any other:
//
//	go test ./internal/awslocal -run Conformance -endpoint http://127.0.0.1:5000
//
// Credentials and region are then those of the environment; rows that need a switch or a role of the embedded AWS are left out.
var endpoint = flag.String("endpoint", "", "run the conformance list against this `URL` instead of the embedded AWS")

const (
	leastRows   = 960 // behaviors that the list must have
	leastAgreed = 300 // of them, rows that moto gets right
)

func TestConformance(t *testing.T) {
	all := rows(t)
	if len(all) < leastRows {
		t.Errorf("the list has %d behaviors, fewer than %d", len(all), leastRows)
	}
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if *endpoint != "" {
				runElsewhere(t, r, *endpoint, true)
				return
			}
			clock := &turnable{at: time.Now()}
			w := start(t, append(r.options, awslocal.WithClock(clock.now))...)
			e := newRun(t, r, w.config(), true)
			e.world, e.clock = &w, clock
			e.run()
		})
	}
}

// TestConformanceOfMoto runs the rows that moto gets right against moto: two programs that were written apart from each other agree
// on them. Texts are not compared.
func TestConformanceOfMoto(t *testing.T) {
	if testing.Short() || *endpoint != "" {
		t.Skip("needs a second to start moto_server")
	}
	url, run := needs.Moto(t), 0
	makeRole(t, url)
	for _, r := range rows(t) {
		if r.moto {
			t.Run(r.name, func(t *testing.T) { runElsewhere(t, r, url, false) }) // in turn: moto's threads trip over each other
			run++
		}
	}
	if run < leastAgreed {
		t.Errorf("moto runs %d rows, fewer than %d", run, leastAgreed)
	}
}

// makeRole makes the role that the functions of the list have, which moto looks for.
func makeRole(t *testing.T, url string) {
	t.Helper()
	const trust = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`
	form := neturl.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {"r"}, "AssumeRolePolicyDocument": {trust}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=testing/20261101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none")
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = reply.Body.Close(); reply.StatusCode != http.StatusOK {
		t.Fatalf("CreateRole: %s", reply.Status)
	}
}

func runElsewhere(t *testing.T, r row, url string, texts bool) {
	if r.ours {
		t.Skip("needs the embedded AWS")
	}
	id, key, region := "testing", "testing", "us-east-1"
	if v := os.Getenv("AWS_ACCESS_KEY_ID"); texts && v != "" {
		id, key = v, os.Getenv("AWS_SECRET_ACCESS_KEY")
	}
	cfg := world{url: url}.as(id, key, "")
	if v := os.Getenv("AWS_REGION"); texts && v != "" {
		region = v
	}
	cfg.Region, cfg.RetryMaxAttempts = region, 3
	newRun(t, r, cfg, texts).run()
}

// row is one behavior.
type row struct {
	name    string
	lines   []line
	files   map[string]string
	moto    bool // moto gets it right
	ours    bool // it needs a switch, a role or a shared key of the embedded AWS
	options []awslocal.Option
}

type line struct {
	number     int
	verb, rest string
}

// certainties says how certain a behavior is. Only "unknown" behavior has an option, because nobody can rely on it.
func certainties() map[string]string {
	return map[string]string{
		"documented": "AWS's documentation says so", "recorded": "recorded against AWS by a test suite", "measured": "measured against AWS",
		"reported": "reported by users", "inferred": "follows from what is documented", "unknown": "not known, or sources conflict",
	}
}

func switches() map[string]awslocal.Option {
	return map[string]awslocal.Option{
		"duplicates-refused": awslocal.WithDuplicatesRefused(), "partial-batches": awslocal.WithPartialBatches(), "empty-pages": awslocal.WithEmptyPages(),
		"managed-key-by-identity": awslocal.WithManagedKeyByIdentity(), "null-variables": awslocal.WithNullVariables(), "committed-messages": awslocal.WithCommittedMessages(),
		"ssm-rate-1": awslocal.WithBucket("ssm", 0.001, 1), "kms-rate-1": awslocal.WithBucket("kms", 0.001, 1), "lambda-rate-1": awslocal.WithBucket("lambda", 0.001, 1),
		"trail-quotas": awslocal.WithTrailQuotas(), "policy-delay": awslocal.WithPolicyDelay(30 * time.Second), "event-delay": awslocal.WithEventDelay(30 * time.Second),
		"list-delay": awslocal.WithListDelay(5 * time.Minute),
	}
}

func rows(t *testing.T) []row {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "conformance", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	all := make([]row, len(paths))
	for i, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if all[i], err = parseRow(strings.TrimSuffix(filepath.Base(path), ".txtar"), archive); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	return all
}

// parseRow reads the head of a row (what it says, what it rests on, what it needs) and splits the rest into lines.
func parseRow(name string, archive *txtar.Archive) (row, error) {
	r := row{name: name, files: map[string]string{}}
	for _, f := range archive.Files {
		r.files[f.Name] = string(f.Data)
	}
	bases, stepless, stepped := 0, false, false
	for i, text := range strings.Split(string(archive.Comment), "\n") {
		verb, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
		switch {
		case i == 0 && !strings.HasPrefix(text, "# "):
			return r, fmt.Errorf("the first line must say what AWS does")
		case verb == "" || strings.HasPrefix(verb, "#"):
		case strings.HasPrefix(text, " "):
			if len(r.lines) == 0 {
				return r, fmt.Errorf("line %d continues nothing", i+1)
			}
			r.lines[len(r.lines)-1].rest += " " + strings.TrimSpace(text)
		case verb == "basis":
			fields := strings.Fields(rest)
			if len(fields) != 3 || certainties()[fields[1]] == "" || !strings.HasPrefix(fields[2], "https://") {
				return r, fmt.Errorf("line %d is not: basis ROW CERTAINTY ADDRESS", i+1)
			}
			bases++
			stepless = stepless || fields[1] == "inferred" || fields[1] == "unknown"
		case verb == "step": // docs/e2e.md has it
			stepped = rest != ""
		case verb == "moto":
			r.moto = true
		case verb == "option":
			option, ok := switches()[rest]
			if !ok {
				return r, fmt.Errorf("line %d: no option %q", i+1, rest)
			}
			r.options, r.ours = append(r.options, option), true
		default:
			r.ours = r.ours || slices.Contains([]string{"role", "ram", "fails", "shows"}, verb)
			r.lines = append(r.lines, line{number: i + 1, verb: verb, rest: rest})
		}
	}
	if stepless && !stepped {
		return r, fmt.Errorf("nobody says so: add a line step NAME, for the step of make e2e-aws that asks AWS")
	}
	if bases == 0 {
		return r, fmt.Errorf("it rests on nothing: add a line basis ROW CERTAINTY ADDRESS")
	}
	return r, nil
}

func TestRowsThatRestOnNothingAreRefused(t *testing.T) {
	const basis = "basis kms-1 documented https://docs.aws.amazon.com/\n"
	for name, text := range map[string]string{
		"no title":          basis + "call kms ListKeys {}\n",
		"no basis":          "# Keys are listed.\ncall kms ListKeys {}\n",
		"no address":        "# Keys are listed.\nbasis kms-1 documented\n",
		"another certainty": "# Keys are listed.\nbasis kms-1 sure https://docs.aws.amazon.com/\n",
		"no such switch":    "# Keys are listed.\n" + basis + "option nothing\n",
		"a continuation":    "# Keys are listed.\n" + basis + " call\n",
	} {
		if _, err := parseRow(name, txtar.Parse([]byte(text))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := parseRow("right", txtar.Parse([]byte("# Keys are listed.\n"+basis+"call kms ListKeys\n  {}\n"))); err != nil {
		t.Error(err)
	}
}
