package awslocal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	awslambda "github.com/whispering/bundle/internal/awslocal/lambda"
	awsroles "github.com/whispering/bundle/internal/awslocal/sts"
)

// run is one row on its way: testdata/conformance/README.md describes its language.
type run struct {
	t     *testing.T
	row   row
	cfg   aws.Config
	root  aws.CredentialsProvider
	roles map[string]aws.CredentialsProvider
	texts bool   // compare the texts of errors
	world *world // nil elsewhere
	clock *turnable

	vars   map[string]string
	out    any   // of the last call, as JSON
	failed error // of the last call, until a line "error" expects it
	undo   []func()
}

func newRun(t *testing.T, r row, cfg aws.Config, texts bool) *run {
	var unique [4]byte
	_, _ = rand.Read(unique[:])
	return &run{t: t, row: r, cfg: cfg, root: cfg.Credentials, texts: texts, roles: map[string]aws.CredentialsProvider{},
		vars: map[string]string{"R": "c" + hex.EncodeToString(unique[:]), "REGION": cfg.Region, "LATEST": "$LATEST"}}
}

func (e *run) run() {
	if err := e.call("sts", "GetCallerIdentity", "{}"); err != nil {
		e.t.Fatal(err)
	}
	e.vars["ACCOUNT"] = fmt.Sprint(lookUp(e.out, "Account"))
	e.undo = nil
	defer func() {
		e.cfg.Credentials = e.root
		for _, undo := range slices.Backward(e.undo) {
			undo()
		}
	}()
	for _, l := range e.row.lines {
		if err := e.line(l); err != nil {
			e.t.Fatalf("line %d: %s %s: %v", l.number, l.verb, l.rest, err)
		}
	}
	if e.failed != nil {
		e.t.Fatal(e.failed)
	}
}

func (e *run) line(l line) error {
	args := strings.Fields(e.expand(l.rest))
	if e.failed != nil && l.verb != "error" {
		return fmt.Errorf("not reached, for the call before failed: %w", e.failed)
	}
	switch l.verb {
	case "call":
		in := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(l.rest, args[0])), args[1]))
		e.failed = e.call(args[0], args[1], in)
	case "post":
		e.failed = e.post(args[0], args[1], strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(l.rest, args[0])), args[1])))
	case "want":
		return e.want(l.rest)
	case "error":
		code, text, _ := strings.Cut(e.expand(l.rest), " ")
		return e.wantError(code, text)
	case "save":
		value := lookUp(e.out, args[1])
		if value == nil {
			return fmt.Errorf("the reply has no %s", args[1])
		}
		e.vars[args[0]] = fmt.Sprint(value)
	case "differ":
		if args[0] == args[1] {
			return errors.New("they are the same")
		}
	case "in":
		e.cfg.Region = args[0]
	case "as":
		return e.as(args)
	case "role":
		return e.role(args)
	case "fails":
		return e.world.FailFunctionUpdate(args[0], awslambda.Failure{Reason: strings.Join(args[2:], " "), Code: args[1]})
	case "shows":
		return e.world.SetFunctionState(args[0], "", awslambda.FunctionState{State: args[1], StateReasonCode: args[2]})
	case "ram":
		return e.world.Share(args[0], e.expand(e.row.files[args[1]]))
	case "wait":
		e.wait()
	case "download":
		return e.download(fmt.Sprint(lookUp(e.out, args[0])))
	default:
		return errors.New("no such word")
	}
	return nil
}

// turnable is a clock that stands until it is turned.
type turnable struct {
	mu sync.Mutex
	at time.Time
}

func (c *turnable) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// wait lets functions become ready: a minute of the embedded AWS, half of one elsewhere, and no time in moto, which changes them at once.
func (e *run) wait() {
	switch {
	case e.clock != nil:
		e.clock.mu.Lock()
		defer e.clock.mu.Unlock()
		e.clock.at = e.clock.at.Add(time.Minute)
	case e.texts:
		time.Sleep(30 * time.Second)
	}
}

// call makes the call through the SDK: the JSON is decoded into the operation's input, its output is encoded as JSON.
func (e *run) call(service, operation, in string) error {
	clients := map[string]any{"ssm": ssm.NewFromConfig(e.cfg), "kms": kms.NewFromConfig(e.cfg), "sts": sts.NewFromConfig(e.cfg), "lambda": lambda.NewFromConfig(e.cfg),
		"cloudtrail": cloudtrail.NewFromConfig(e.cfg), "secretsmanager": secretsmanager.NewFromConfig(e.cfg)}
	method := reflect.ValueOf(clients[service]).MethodByName(operation)
	if !method.IsValid() {
		e.t.Fatalf("the SDK has no %s %s", service, operation)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(e.expand(in)), &members); err != nil {
		e.t.Fatalf("%s: %v", in, err)
	}
	encoded, err := json.Marshal(e.values(members))
	if err != nil {
		e.t.Fatal(err)
	}
	input := reflect.New(method.Type().In(1).Elem())
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(input.Interface()); err != nil {
		e.t.Fatalf("%s %s: %v", service, operation, err)
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), input})
	if failure, ok := results[1].Interface().(error); ok {
		e.out = nil
		return failure
	}
	if encoded, err = json.Marshal(results[0].Interface()); err != nil {
		e.t.Fatal(err)
	}
	e.out = nil
	if err := json.Unmarshal(encoded, &e.out); err != nil {
		e.t.Fatal(err)
	}
	e.clean(operation, members)
	return nil
}

// clean remembers how to undo a call, so that a list that ran against an account leaves nothing there but keys that wait for their end.
func (e *run) clean(operation string, in map[string]any) {
	undo := func(service, operation string, in map[string]any) {
		region := e.cfg.Region
		body, err := json.Marshal(in)
		if err != nil {
			e.t.Fatal(err)
		}
		e.undo = append(e.undo, func() {
			e.cfg.Region = region
			_ = e.call(service, operation, string(body)) // it may be gone already
		})
	}
	switch {
	case !e.texts || e.world != nil: // a server of the test's own ends with it
	case operation == "PutParameter":
		undo("ssm", "DeleteParameter", map[string]any{"Name": strings.TrimSpace(fmt.Sprint(in["Name"]))})
	case operation == "CreateKey":
		undo("kms", "ScheduleKeyDeletion", map[string]any{"KeyId": lookUp(e.out, "KeyMetadata.KeyId"), "PendingWindowInDays": 7})
	case operation == "CreateAlias":
		undo("kms", "DeleteAlias", map[string]any{"AliasName": in["AliasName"]})
	case operation == "CreateSecret":
		undo("secretsmanager", "DeleteSecret", map[string]any{"SecretId": lookUp(e.out, "ARN"), "ForceDeleteWithoutRecovery": true})
	case operation == "CreateFunction":
		undo("lambda", "DeleteFunction", map[string]any{"FunctionName": in["FunctionName"]})
	case operation == "PublishLayerVersion":
		undo("lambda", "DeleteLayerVersion", map[string]any{"LayerName": in["LayerName"], "VersionNumber": lookUp(e.out, "Version")})
	}
}

func (e *run) wantError(code, text string) error {
	failed := e.failed
	e.failed = nil
	var api smithy.APIError
	switch {
	case failed == nil:
		return errors.New("the call succeeded")
	case !errors.As(failed, &api):
		return failed
	case api.ErrorCode() != code:
		return fmt.Errorf("got %s: %s", api.ErrorCode(), api.ErrorMessage())
	case e.texts && text == `""` && api.ErrorMessage() != "",
		e.texts && text != `""` && !strings.Contains(api.ErrorMessage(), text):
		return fmt.Errorf("got the text %q", api.ErrorMessage())
	}
	return nil
}

// as changes who calls: root, a declared role, or temporary credentials.
func (e *run) as(args []string) error {
	switch {
	case len(args) == 3:
		e.cfg.Credentials = credentials.NewStaticCredentialsProvider(args[0], args[1], args[2])
	case args[0] == "root":
		e.cfg.Credentials = e.root
	case e.roles[args[0]] == nil:
		return errors.New("there is no such role")
	default:
		e.cfg.Credentials = e.roles[args[0]]
	}
	return nil
}

// role declares a role: its name, the file of its policy and, where it is another, its account.
func (e *run) role(args []string) error {
	id, key := awsroles.NewAccessKey("AKIA")
	r := awsroles.Role{Name: args[0], Account: e.vars["ACCOUNT"], AccessKeyID: id, SecretAccessKey: key, Trust: []string{"*"},
		Policy: json.RawMessage(e.expand(e.row.files[args[1]]))}
	if trust := e.row.files[args[0]+"-trust.json"]; trust != "" {
		r.Trust, r.TrustPolicy = nil, json.RawMessage(e.expand(trust))
	}
	if len(args) > 2 {
		r.Account = args[2]
	}
	e.roles[args[0]] = credentials.NewStaticCredentialsProvider(id, key, "")
	return e.world.PutRole(r)
}

func (e *run) download(url string) error {
	reply, err := http.Get(url)
	if err != nil {
		return err
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(reply.Body)
	sum := sha256.Sum256(body)
	e.out = map[string]any{"Status": float64(reply.StatusCode), "Size": float64(len(body)), "Sha256": base64.StdEncoding.EncodeToString(sum[:])}
	return err
}
