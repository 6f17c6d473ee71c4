package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

const putManifest = `
bundle { name = "shop" }
environment "one" {
  account_id = "111111111111"
  regions    = ["us-west-2", "eu-west-1", "ap-south-1"]
  role       = "arn:aws:iam::111111111111:role/put"
}
environment "two" {
  account_id = "222222222222"
  regions    = ["us-west-2", "eu-west-1", "ap-south-1"]
  role       = "arn:aws:iam::222222222222:role/put"
}
function "hello" {
  kms_key = "alias/hello"
  secret "PLAIN" { parameter = "/shop/plain" }
  secret "KEY" {
    parameter = "/shop/json"
    field     = "live.key"
  }
}
`

// A putWorld is two accounts with the same parameters in three regions each.
type putWorld struct {
	*testing.T
	server  *awslocal.Server
	url     string
	environ []string
	places  map[string]*ssm.Client // by environment and region
	search  *searcher
}

func newPutWorld(t *testing.T) *putWorld {
	t.Helper()
	server, err := awslocal.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := &putWorld{T: t, server: server, places: map[string]*ssm.Client{}}
	if w.url, err = server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	everything := json.RawMessage(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)
	role := func(name, account string) (id, key string) {
		id, key = sts.NewAccessKey("AKIA")
		if err := server.PutRole(sts.Role{Name: name, Account: account, AccessKeyID: id, SecretAccessKey: key, Policy: everything,
			TrustPolicy: json.RawMessage(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}`),
		}); err != nil {
			t.Fatal(err)
		}
		return id, key
	}
	for environment, account := range map[string]string{"one": "111111111111", "two": "222222222222"} {
		id, key := role("put", account)
		for _, region := range []string{"us-west-2", "eu-west-1", "ap-south-1"} {
			w.places[environment+" "+region] = ssm.NewFromConfig(aws.Config{
				Region: region, BaseEndpoint: &w.url, Credentials: credentials.NewStaticCredentialsProvider(id, key, ""),
			})
		}
	}
	id, key := role("engineer", "111111111111")
	t.Chdir(t.TempDir())
	w.environ = []string{"HOME=" + t.TempDir(), "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key, "AWS_PROFILE": "", "AWS_SESSION_TOKEN": "", "CI": ""} {
		t.Setenv(name, value) // the SDK reads the process's own
	}
	if err := os.WriteFile("secrets.hcl", []byte(putManifest), 0o600); err != nil {
		t.Fatal(err)
	}
	value := newCanary("put").value
	w.search = newSearcher([]canary{newCanary("put")})
	escaped, err := json.Marshal(map[string]string{"PLAIN": value, "KEY": value})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("values.json", escaped, 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// reset gives every place its first values again, at some version.
func (w *putWorld) reset() {
	w.Helper()
	for _, client := range w.places {
		for name, value := range map[string]string{"/shop/plain": "old", "/shop/json": `{"n": 1.0, "live": {"key": "old"}}`} {
			_, err := client.PutParameter(w.Context(), &ssm.PutParameterInput{
				Name: &name, Value: &value, Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true),
			})
			if err != nil {
				w.Fatal(err)
			}
		}
	}
}

// versions returns the version of each parameter in each place.
func (w *putWorld) versions() map[string]int64 {
	w.Helper()
	all := map[string]int64{}
	for place, client := range w.places {
		out, err := client.GetParameters(w.Context(), &ssm.GetParametersInput{Names: []string{"/shop/plain", "/shop/json"}})
		if err != nil {
			w.Fatal(err)
		}
		for _, p := range out.Parameters {
			all[place+" "+*p.Name] = p.Version
		}
	}
	return all
}

// wrong returns the places that do not have the new values.
func (w *putWorld) wrong() (all []string) {
	w.Helper()
	want := newCanary("put").value
	for place, client := range w.places {
		out, err := client.GetParameters(w.Context(), &ssm.GetParametersInput{Names: []string{"/shop/plain", "/shop/json"}, WithDecryption: aws.Bool(true)})
		if err != nil {
			w.Fatal(err)
		}
		for _, p := range out.Parameters {
			got := *p.Value
			if *p.Name == "/shop/json" {
				var object struct {
					N    json.RawMessage
					Live struct{ Key string }
				}
				if json.Unmarshal([]byte(got), &object) != nil || string(object.N) != "1.0" {
					all = append(all, place+" "+*p.Name+" has lost a part")
				}
				got = object.Live.Key
			}
			if got != want {
				all = append(all, place+" "+*p.Name)
			}
		}
	}
	slices.Sort(all)
	return all
}

type putAnswer struct {
	OK      bool
	Targets []struct {
		Environment, Region string
		Result              *struct {
			Changed    bool
			Parameters []struct {
				Parameter, State string
				Version          int64
			}
		}
		Problems []struct{ Code string }
	}
}

// put runs the import in both accounts, and returns what it answers.
func (w *putWorld) put(ctx context.Context, what string) (code int, answer putAnswer) {
	w.Helper()
	var out, diagnostics bytes.Buffer
	a := newApp(&console.Console{
		Args:    []string{"bundle", "import", "--env", "one", "--env", "two", "--endpoint-url", w.url, "--timeout", "20s", "--json", "values.json"},
		Environ: w.environ, Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics),
	}, nil)
	code = a.run(ctx)
	if hits := append(w.search.search("standard output", out.Bytes()), w.search.search("standard error", diagnostics.Bytes())...); len(hits) > 0 {
		w.Errorf("%s: leaked %v", what, hits)
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		w.Fatalf("%s: %v\n%s", what, err, diagnostics.Bytes())
	}
	return code, answer
}

// check compares what a run says with what it did, by the versions before and after.
func (w *putWorld) check(what string, code int, answer putAnswer, before map[string]int64) {
	w.Helper()
	after := w.versions()
	said := map[string]string{}
	written, unsure, failed := 0, 0, 0
	for _, t := range answer.Targets {
		if t.Result == nil {
			continue
		}
		for _, p := range t.Result.Parameters {
			said[t.Environment+" "+t.Region+" "+p.Parameter] = p.State
			switch p.State {
			case "created", "updated":
				written++
			case "unclear":
				unsure++
			case "failed", "not tried":
				failed++
			}
		}
	}
	for name, version := range after {
		state, changed := said[name], version != before[name]
		switch {
		case changed && state != "updated" && state != "unclear":
			w.Errorf("%s: %s was written, and is said to be %q", what, name, state)
		case !changed && state == "updated":
			w.Errorf("%s: %s was not written, and is said to be", what, name)
		case version > before[name]+1:
			w.Errorf("%s: %s was written %d times", what, name, version-before[name])
		}
	}
	if (code == 0) != (written == len(after) && answer.OK) || written > 0 && unsure+failed > 0 && code != 9 {
		w.Errorf("%s: exit code %d, with %d written, %d unclear, %d failed", what, code, written, unsure, failed)
	}
}

// Between any two calls, anything can go wrong: what was written is reported, nothing is
// written twice, no value is shown, and the same command then ends the same.
func TestPutSurvivesFaultsBetweenAnyTwoCalls(t *testing.T) {
	w := newPutWorld(t)
	w.reset()
	w.server.ResetCalls()
	if code, answer := w.put(t.Context(), "clean"); code != 0 || !answer.OK || len(w.wrong()) > 0 {
		t.Fatalf("a clean run: %d, %v", code, w.wrong())
	}
	faults := map[string]awslocal.Fault{
		"throttled":     {Kind: awslocal.Fail, Status: 400, Code: "ThrottlingException"},
		"fails":         {Kind: awslocal.Fail},
		"denied":        {Kind: awslocal.Fail, Status: 400, Code: "AccessDeniedException", Message: newCanary("put").value},
		"invalid":       {Kind: awslocal.Fail, Status: 400, Code: "ValidationException", Message: newCanary("put").value},
		"reset before":  {Kind: awslocal.Reset},
		"cut after":     {Kind: awslocal.Cut},
		"half after":    {Kind: awslocal.Truncate},
		"empty":         {Kind: awslocal.Empty},
		"wrong version": {Kind: awslocal.Edit, Member: "Version", Value: json.RawMessage("99")},
		"no version":    {Kind: awslocal.Edit, Member: "Version"},
		"version 0":     {Kind: awslocal.Edit, Member: "Version", Value: json.RawMessage("0")},
	}
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		fault := faults[name]
		for _, nth := range []int{1, puts} {
			w.fault(fmt.Sprintf("put %d %s", nth, name), fault, "ssm:PutParameter", nth)
		}
	}
	for _, operation := range []string{"ssm:DescribeParameters", "ssm:GetParameters(decrypt)", "sts:GetCallerIdentity", "sts:AssumeRole"} {
		for _, name := range []string{"denied", "empty", "cut after"} {
			w.fault(operation+" "+name, faults[name], operation, 4)
		}
	}
}

// puts is how many parameters a run writes: two in six places.
const puts = 12

// fault makes one run with a fault, and another without.
func (w *putWorld) fault(what string, f awslocal.Fault, operation string, nth int) {
	w.Helper()
	w.reset()
	before := w.versions()
	f.Operation, f.Nth = operation, nth
	w.server.ResetCalls()
	w.server.Inject(f)
	code, answer := w.put(w.Context(), what)
	w.server.ClearFaults()
	sent := puts
	if f.Code == "ThrottlingException" {
		sent++ // which did nothing, and is repeated
	}
	if n := w.server.Calls()["ssm:PutParameter"]; operation == "ssm:PutParameter" && n != sent {
		w.Errorf("%s: %d puts, not %d", what, n, sent)
	}
	w.check(what, code, answer, before)
	if operation != "ssm:PutParameter" && code != 0 && !maps.Equal(w.versions(), before) {
		w.Errorf("%s: something was written", what)
	}
	if code, answer = w.put(w.Context(), what+", again"); code != 0 || !answer.OK {
		w.Errorf("%s: the second run ends with %d: %+v", what, code, answer)
	}
	if wrong := w.wrong(); len(wrong) > 0 {
		w.Errorf("%s: after the second run: %v", what, wrong)
	}
}

// A run that is stopped in the middle says what it has written, and what it has not.
func TestPutIsStoppedInTheMiddle(t *testing.T) {
	w := newPutWorld(t)
	w.reset()
	for _, at := range []struct {
		operation string
		nth       int
	}{{"ssm:PutParameter", 1}, {"ssm:PutParameter", 5}, {"sts:GetCallerIdentity", 2}} {
		operation, nth := at.operation, at.nth
		w.reset()
		before := w.versions()
		ctx, cancel := context.WithCancelCause(t.Context())
		w.server.Inject(awslocal.Fault{Operation: operation, Nth: nth, Kind: awslocal.Hang})
		w.server.ResetCalls()
		go func() {
			for w.server.Calls()[operation] < nth && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			cancel(console.Interruption{Signal: syscall.SIGINT})
		}()
		code, answer := w.put(ctx, "stopped")
		w.server.ClearFaults()
		if code != 130 {
			t.Errorf("exit code %d", code)
		}
		for _, target := range answer.Targets {
			for _, p := range target.Problems {
				if !slices.Contains([]string{"interrupted", "outcome-unknown", "partly-written"}, p.Code) {
					t.Errorf("%s %d: %s %s has the problem %s", operation, nth, target.Environment, target.Region, p.Code)
				}
			}
		}
		if nth == 5 {
			code = 9 // as without the signal
		}
		w.check("stopped", code, answer, before)
	}
}
