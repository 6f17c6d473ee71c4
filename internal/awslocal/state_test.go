package awslocal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/goroutines"
)

const seed = `{
  "keys": [{"alias": "alias/app", "description": "sample"}, {"alias": "alias/off", "enabled": false}],
  "parameters": [
    {"name": "/app/db", "type": "SecureString", "key_id": "alias/app", "value": "sample-1"},
    {"name": "/app/url", "type": "String", "values": ["sample-a", "sample-b", "sample-c"], "labels": {"stable": 2}}
  ],
  "roles": [{"name": "build", "access_key_id": "AKIABUILDBUILDBUILD0", "secret_access_key": "sample-secret-of-the-build-role",
    "policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]
}`

func value(t *testing.T, w world, name string) string {
	t.Helper()
	out, err := w.ssm().GetParameter(context.Background(), &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return code(err)
	}
	return aws.ToString(out.Parameter.Value)
}

func set(t *testing.T, w world, name, value string) {
	t.Helper()
	put(t, w.ssm(), &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeString, Value: &value, Overwrite: aws.Bool(true)})
}

// reopen runs do with a server on the directory, and closes it.
func reopen(t *testing.T, dir string, do func(w world), o ...awslocal.Option) {
	t.Helper()
	s, err := awslocal.New(append([]awslocal.Option{awslocal.WithDir(dir)}, o...)...)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	do(world{s, url})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSeedFillsEveryKindOfEntry(t *testing.T) {
	w := start(t, awslocal.WithSeed([]byte(seed)))
	for name, want := range map[string]string{"/app/db": "sample-1", "/app/url": "sample-c", "/app/url:stable": "sample-b", "/app/url:1": "sample-a"} {
		if got := value(t, w, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	_, err := w.kms().Encrypt(context.Background(), &kms.EncryptInput{KeyId: aws.String("alias/off"), Plaintext: []byte("x")})
	refused(t, err, "DisabledException", "")
	if arn := whoami(t, w.as(buildID, buildKey, "")); !strings.HasSuffix(arn, ":role/build") {
		t.Errorf("role is %s", arn)
	}
	refused(t, read(w.as("AKIANOBODY0000000000", "any", ""), "/app/db"), "UnrecognizedClientException", "")
}

func TestSeedErrorsNameTheEntryAndNoValue(t *testing.T) {
	const canary = "c4n4ry"
	for text, want := range map[string]string{
		`{"params": []}`:     `line 1: unknown field "params"`,
		`[]`:                 `line 1: the file must be an object`,
		`null`:               `line 1: the file must be an object`,
		`{`:                  `line 1: this is not valid JSON`,
		``:                   `line 1: this is not valid JSON`,
		`{"keys": nonsense}`: `line 1: this is not valid JSON`,
		"{\n\"region\": \"us-east-1\",\n\"parameters\": [\"c4n4ry]}": `line 3: this is not valid JSON`,
		"{}\n{}":                                `line 2: this is not valid JSON`,
		"{\"region\": \"\xff\"}":                `line 1: this is not UTF-8`,
		`{"region": 7}`:                         `line 1: member "region" must be a string`,
		"{\"keys\": [],\n\"parameters\": null}": `line 2: member "parameters" must be a list`,
		"{\"keys\": [],\n\"keys\": []}":         `line 2: member "keys" is there twice`,
		"{\"keys\":\n [{}]}":                    `line 2: key "": ValidationException`,
		"{\"keys\": [{\"alias\": \"alias/a\"},\n\n {\"alias\": \"alias/a\"}]}": `line 3: key "alias/a": it is declared twice`,
		`{"parameters": [
{"name": "/a", "type": "String", "value": 12345}]}`: `line 2: member "value" of parameter "/a" must be a string`,
		`{"parameters": [
{"name": "/a", "type": "String", "value": "c4n4ry"},
{"name": "/b",
 "type": "String",
 "value": ["c4n4ry"]}]}`: `line 5: member "value" of parameter "/b" must be a string`,
		`{"parameters": [
{"name": "/a", "type": "String", "value": "c4n4ry", "secret": "c4n4ry"}]}`: `line 2: unknown field "secret"`,
		`{"parameters": [{"name": "/a", "type": "Text", "value": "c4n4ry"}]}`:                                                       `line 1: parameter "/a": ValidationException`,
		`{"parameters": [{"name": "/a", "type": "String"}]}`:                                                                        `line 1: parameter "/a": Parameter Store has no empty values`,
		`{"parameters": [{"name": "/a", "type": "String", "value": "c4n4ry", "values": ["c4n4ry"]}]}`:                               `line 1: parameter "/a": it has both value and values`,
		`{"parameters": [{"name": "/a", "type": "String", "value": "c4n4ry", "labels": {"7": 1}}]}`:                                 `line 1: parameter "/a": label "7" is not valid`,
		`{"parameters": [{"name": "/a", "type": "String", "value": "c4n4ry", "labels": {"x": 2}}]}`:                                 `line 1: parameter "/a": label "x" is on version 2, but there are 1`,
		`{"parameters": [{"name": "/a", "type": "String", "value": "c4n4ry", "labels": {"x": 0}}]}`:                                 `line 1: parameter "/a": label "x" is on version 0, but there are 1`,
		`{"parameters": [{"name": "/a", "type": "SecureString", "key_id": "alias/b", "value": "c4n4ry"}]}`:                          `line 1: parameter "/a": there is no key alias/b`,
		`{"parameters": [{"name": "/a", "type": "String", "value": "c4n4ry"}, {"name": "a", "type": "String", "value": "c4n4ry"}]}`: `line 1: parameter "a": it is declared twice`,
		`{"parameters": [{"name": "/a", "type": "String", "data_type": "json",
 "value": "c4n4ry", "data_type": "text"}]}`: `line 2: member "data_type" of parameter "/a" is there twice`,
		`{"parameters": [{"name": "/a", "type": "String", "value": "",
 "value": "c4n4ry"}]}`: `line 2: member "value" of parameter "/a" is there twice`,
		`{"parameters": [{"name": "/a", "type": "String", "value": "c4n4ry",
 "Value": "c4n4ry"}]}`: `line 2: member "Value" of parameter "/a" is there twice`,
		`{"parameters": [{"name": "/a", "type": "String", "value": "c4n4ry", "labels": {"x": 1,
 "y": 1, "x": 1}}]}`: `line 2: member "x" of parameter "/a" is there twice`,
		`{"keys": [{"alias": "alias/a", "enabled": true,

 "enabled": false}]}`: `line 3: member "enabled" of key "alias/a" is there twice`,
		`{"roles": [{"name": "a", "policy": {"Statement": [{"Effect": "Deny",
 "Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}`: `line 2: member "Effect" of role "a" is there twice`,
		`{"roles": [{"name": "a b"}]}`:                                        `line 1: role "a b": `,
		`{"roles": [{"name": "a", "account": "1"}]}`:                          `line 1: role "a": account "1"`,
		`{"roles": [{"name": "a", "policy": {"Statement": []}}]}`:             `line 1: role "a": policy: `,
		`{"roles": [{"name": "a", "trust": ["nobody"]}]}`:                     `line 1: role "a": trust: `,
		`{"roles": [{"name": "a", "access_key_id": "AKIABUILDBUILDBUILD0"}]}`: `line 1: role "a": access_key_id and secret_access_key must be used together`,
		`{"roles": [{"name": "a"}, {"name": "a"}]}`:                           `line 1: role "a": it is declared twice`,
	} {
		dir := filepath.Join(t.TempDir(), "state")
		_, err := awslocal.New(awslocal.WithDir(dir), awslocal.WithSeed([]byte(text)))
		if !errors.Is(err, awslocal.ErrSample) || !strings.HasPrefix(err.Error(), "the sample file, "+want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a state was made: %v", text, err)
		}
		reopen(t, dir, func(w world) { // the failure left nothing behind
			if got := value(t, w, "/app/db"); got != "sample-1" {
				t.Errorf("%s: afterwards %s", text, got)
			}
		}, awslocal.WithSeed([]byte(seed)))
	}
}

func TestStateOutlivesTheServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	var id, key, session string
	reopen(t, dir, func(w world) {
		id, key = w.Credentials()
		set(t, w, "/app/x", "sample-x")
		config, _, err := assume(w, w.config(), "arn:aws:iam::000000000000:role/build")
		if err != nil {
			t.Fatal(err)
		}
		session = whoami(t, config)
		w.Inject(awslocal.Fault{Kind: awslocal.Fail, Operation: "kms:*"}) // is not part of the state
	}, awslocal.WithSeed([]byte(seed)))
	reopen(t, dir, func(w world) {
		if again, same := w.Credentials(); again != id || same != key {
			t.Error("the static credentials changed")
		}
		for name, want := range map[string]string{"/app/x": "sample-x", "/app/db": "sample-1", "/app/url:stable": "sample-b"} {
			if got := value(t, w, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if session == "" || whoami(t, w.as(buildID, buildKey, "")) != "arn:aws:iam::000000000000:role/build" {
			t.Error("the role is gone")
		}
	})
	for name, mode := range map[string]fs.FileMode{"": 0o700 | fs.ModeDir, "state.json": 0o600, "lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "server.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("server.json: %v", err)
	}
}

func TestSeedIsPutOnceAndAgainAfterReset(t *testing.T) {
	dir := t.TempDir()
	seeded := awslocal.WithSeed([]byte(seed))
	reopen(t, dir, func(w world) {
		if _, err := w.ssm().DeleteParameter(context.Background(), &ssm.DeleteParameterInput{Name: aws.String("/app/db")}); err != nil {
			t.Fatal(err)
		}
		set(t, w, "/app/x", "sample-x")
	}, seeded)
	reopen(t, dir, func(w world) {
		if got := value(t, w, "/app/db"); got != "ParameterNotFound" {
			t.Errorf("what was deleted came back: %s", got)
		}
		if err := w.Reset(nil); err != nil {
			t.Fatal(err)
		}
		if a, b := value(t, w, "/app/db"), value(t, w, "/app/x"); a != "sample-1" || b != "ParameterNotFound" {
			t.Errorf("after reset %s, %s", a, b)
		}
	}, seeded)
	reopen(t, dir, func(w world) {
		if err := w.Reset(nil); err != nil {
			t.Fatal(err)
		}
		if got := value(t, w, "/app/db"); got != "sample-1" { // which the state remembers
			t.Errorf("after a reset without seed %s", got)
		}
	})
	reopen(t, dir, func(w world) {
		if got := value(t, w, "/app/db"); got != "sample-1" {
			t.Errorf("after the next start %s", got)
		}
	}, seeded)
	other := t.TempDir()
	reopen(t, other, func(w world) { set(t, w, "/app/x", "sample-x") })
	reopen(t, other, func(w world) {
		if a, b := value(t, w, "/app/db"), value(t, w, "/app/x"); a != "sample-1" || b != "sample-x" {
			t.Errorf("a state in use: %s, %s", a, b)
		}
	}, seeded)
}

func TestStateDirectoryIsForOne(t *testing.T) {
	dir := t.TempDir()
	reopen(t, dir, func(w world) {
		_, err := awslocal.New(awslocal.WithDir(dir))
		if !errors.Is(err, awslocal.ErrLocked) || !strings.Contains(err.Error(), w.url) {
			t.Errorf("second opener: %v", err)
		}
	})
	reopen(t, dir, func(world) {})
}

func TestDamagedStateIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"format": 1, "services": {`: "is damaged",
		`{"format": 2}`:               "has format 2, but this version of bundle reads format 1",
		`{"format": 1, "services": {"sts": {"token_key": "AA=="}}}`: "the state of sts",
		`{"format": 1, "services": {"ssm": []}}`:                    "the state of ssm",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := awslocal.New(awslocal.WithDir(dir)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestConcurrentPutsAreAllKept(t *testing.T) {
	dir := t.TempDir()
	const n = 40
	reopen(t, dir, func(w world) {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { set(t, w, "/app/"+strconv.Itoa(i), "sample") })
		}
		wg.Wait()
	})
	reopen(t, dir, func(w world) {
		for i := range n {
			if got := value(t, w, "/app/"+strconv.Itoa(i)); got != "sample" {
				t.Errorf("%d: %s", i, got)
			}
		}
	})
}

// childDir makes the test binary a process that puts numbered parameters into a state directory until it is killed.
const childDir = "AWSLOCAL_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := putForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(goroutines.Main(m, os.Stderr))
}

func putForever(dir string) error {
	ctx := context.Background()
	c, err := awslocal.Attach(ctx, dir)
	if err != nil {
		return err
	}
	for i := 1; ; i++ {
		in := map[string]any{"Name": "/n", "Type": "String", "Value": strconv.Itoa(i), "Overwrite": true}
		if err := c.Call(ctx, "ssm", "PutParameter", in, nil); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

func TestKilledServerKeepsWhatItConfirmed(t *testing.T) {
	dir := t.TempDir()
	for round := range 8 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		last := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if last, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if last == 3+round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // it was killed
		if last < 3+round {
			t.Fatalf("round %d: the child ended after %d puts", round, last)
		}
		reopen(t, dir, func(w world) {
			got, err := strconv.Atoi(value(t, w, "/n"))
			if err != nil || got != last && got != last+1 {
				t.Errorf("round %d: %d was confirmed, the state has %d (%v)", round, last, got, err)
			}
		})
	}
}

func TestAttachUsesTheRunningServer(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	w := start(t, awslocal.WithDir(dir), awslocal.WithSeed([]byte(seed)))
	other, err := awslocal.Attach(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	if !other.Serving() || other.URL() != w.url {
		t.Error("the client does not use the running server")
	}
	var got struct{ Parameter struct{ Value string } }
	in := map[string]any{"Name": "/app/db", "WithDecryption": true}
	if err := other.Call(ctx, "ssm", "GetParameter", in, &got); err != nil || got.Parameter.Value != "sample-1" {
		t.Errorf("through the other: %v", err)
	}
	var failed *call.Error
	if err := other.Call(ctx, "ssm", "GetParameter", map[string]any{"Name": "absent"}, nil); !errors.As(err, &failed) || failed.Code != "ParameterNotFound" || failed.Status != 400 {
		t.Errorf("absent: %v", err)
	}
	other.SetRegion("eu-west-1")
	if err := other.Call(ctx, "ssm", "GetParameter", in, nil); !errors.As(err, &failed) || failed.Code != "ParameterNotFound" {
		t.Errorf("another region: %v", err)
	}
	if err := other.Call(ctx, "s3", "GetObject", nil, nil); err == nil {
		t.Error("speaks to s3")
	}
	var roles struct{ Roles []struct{ Name string } }
	if err := other.Call(ctx, "local", "ListRoles", nil, &roles); err != nil || len(roles.Roles) != 1 || roles.Roles[0].Name != "build" {
		t.Errorf("roles: %v %v", roles, err)
	}
	if err := other.Call(ctx, "local", "Reset", nil, nil); err != nil {
		t.Errorf("reset: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if got := value(t, w, "/app/db"); got != "sample-1" {
		t.Errorf("after the client left: %s", got)
	}
}

func TestAttachWaitsForItsTurn(t *testing.T) {
	dir := t.TempDir()
	const n = 6
	var wg sync.WaitGroup
	for i := range n { // as many builds at once: each has the state to itself, one after another
		wg.Go(func() {
			c, err := awslocal.Attach(context.Background(), dir)
			if err != nil {
				t.Error(err)
				return
			}
			in := map[string]any{"Name": fmt.Sprint("/n/", i), "Type": "String", "Value": "sample"}
			err = c.Call(context.Background(), "ssm", "PutParameter", in, nil)
			if err := errors.Join(err, c.Close()); err != nil || c.Serving() {
				t.Errorf("%v, serving %v", err, c.Serving())
			}
		})
	}
	wg.Wait()
	reopen(t, dir, func(w world) {
		for i := range n {
			if got := value(t, w, fmt.Sprint("/n/", i)); got != "sample" {
				t.Errorf("%d: %s", i, got)
			}
		}
	})
}

func TestAttachToALockedButUnservedDirectoryFails(t *testing.T) {
	dir := t.TempDir()
	s, err := awslocal.New(awslocal.WithDir(dir)) // not started
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := awslocal.Attach(ctx, dir); !errors.Is(err, context.Canceled) && !errors.Is(err, awslocal.ErrLocked) {
		t.Errorf("%v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
