package rollout_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
	awslambda "github.com/whispering/bundle/internal/awslocal/lambda"
	"github.com/whispering/bundle/pipeline/rollout"
)

var update = flag.Bool("update", false, "rewrite the table in docs/rolling-out.md")

const function = "arn:aws:lambda:us-east-1:000000000000:function:hello"

// state is what the function hello has: "2 [2]" for $LATEST with version 2 of the layer and the alias live of version 2, which
// has version 2 of the layer.
func (w *world) state() string {
	w.t.Helper()
	of := func(qualifier string) string {
		text := "-"
		for _, l := range w.layersOf("hello", qualifier) {
			if version, ours := strings.CutPrefix(l, layer+":"); ours {
				text = version
			}
		}
		return text
	}
	serves := w.serves("hello", "live")
	return fmt.Sprintf("$LATEST %s, live %s (%s), versions %s", of("$LATEST"), serves, of("live"), strings.Join(w.versions("hello")[1:], " "))
}

// A fault is something that goes wrong during a rollout of version 2 of the layer to the function hello, whose alias live serves
// version 1 with version 1 of the layer.
type fault struct {
	name  string
	setup func(w *world)
	hook  func(w *world) // set before and after
	job   func(r *rollout.Rollout)
	says  string // how the summary of the first problem begins; "" for none
	after string // the state after the run
	again string // what the second run says, without the fault
	ends  string // the state after the second run; "" for the same
}

const (
	begun = "$LATEST 1, live 1 (1), versions 1"
	set   = "$LATEST 2, live 1 (1), versions 1"
	made  = "$LATEST 2, live 1 (1), versions 1 2"
	done  = "$LATEST 2, live 2 (2), versions 1 2"
)

// onCall does something once before or after a call.
func onCall(call string, n int, before bool, do func(w *world)) func(w *world) {
	return func(w *world) {
		hook := func(c string, i int) error {
			if c == call && i == n {
				do(w)
			}
			return nil
		}
		if w.before, w.after = hook, nil; !before {
			w.before, w.after = nil, hook
		}
	}
}

// lost loses the answers to a call.
func lost(call string, times int) func(w *world) {
	return func(w *world) {
		w.after = func(c string, i int) error {
			if c == call && i <= times {
				return errLost
			}
			return nil
		}
	}
}

func inject(f ...awslocal.Fault) func(w *world) { return func(w *world) { w.server.Inject(f...) } }

func throttled(call string, times int) func(w *world) {
	return inject(awslocal.Fault{Operation: "lambda:" + call, Kind: awslocal.Fail, Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Times: times})
}

func failing(call string) func(w *world) {
	return inject(awslocal.Fault{Operation: "lambda:" + call, Kind: awslocal.Fail, Status: http.StatusInternalServerError, Code: "ServiceException"})
}

func shows(qualifier string, s awslambda.FunctionState) func(w *world) {
	return func(w *world) { check(w, 0, w.server.SetFunctionState(function, qualifier, s)) }
}

func both(all ...func(w *world)) func(w *world) {
	return func(w *world) {
		for _, do := range all {
			do(w)
		}
	}
}

func memory(w *world) {
	w.set("hello", func(in *lambda.UpdateFunctionConfigurationInput) { in.MemorySize = aws.Int32(512) })
}

func variables(w *world) {
	w.set("hello", func(in *lambda.UpdateFunctionConfigurationInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"TOKEN": planted, "MODE": planted}}
	})
}

func newCode(w *world) { w.setCode("hello", "two") }

func otherLayers(layers ...string) func(w *world) {
	return func(w *world) { w.setLayers("hello", layers...) }
}

// released is another release: code, version, alias.
func released(w *world) {
	newCode(w)
	w.settle()
	w.release("hello", "live", w.version("hello"))
}

func snapStart(w *world) {
	w.set("hello", func(in *lambda.UpdateFunctionConfigurationInput) {
		in.SnapStart = &types.SnapStart{ApplyOn: types.SnapStartApplyOnPublishedVersions}
	})
	w.settle()
	w.release("hello", "live", w.version("hello"))
	w.settle()
}

func tagged(tags map[string]string) func(w *world) {
	return func(w *world) {
		must(w.client.DeleteFunction(w.t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("hello")}))(w)
		w.create("hello", func(in *lambda.CreateFunctionInput) { in.Tags = tags }, foreign, at(1), awsLayer)
		w.release("hello", "live", w.version("hello"))
	}
}

func unpublish(name string, version int64) func(w *world) {
	return func(w *world) {
		must(w.client.DeleteLayerVersion(w.t.Context(), &lambda.DeleteLayerVersionInput{LayerName: &name, VersionNumber: &version}))(w)
	}
}

func signed(policy types.CodeSigningPolicy) func(w *world) {
	return func(w *world) {
		made := must(w.client.CreateCodeSigningConfig(w.t.Context(), &lambda.CreateCodeSigningConfigInput{
			AllowedPublishers:   &types.AllowedPublishers{SigningProfileVersionArns: []string{"arn:aws:signer:us-east-1:000000000000:/signing-profiles/x/y"}},
			CodeSigningPolicies: &types.CodeSigningPolicies{UntrustedArtifactOnDeployment: policy},
		}))(w)
		must(w.client.PutFunctionCodeSigningConfig(w.t.Context(), &lambda.PutFunctionCodeSigningConfigInput{
			FunctionName: aws.String("hello"), CodeSigningConfigArn: made.CodeSigningConfig.CodeSigningConfigArn,
		}))(w)
	}
}

// another is another rollout at the same moment.
func another(version int64) func(w *world) {
	return func(w *world) {
		w.before, w.after = nil, nil
		_, _ = run(w.t.Context(), w.job(), version, "hello")
	}
}

// afterwards changes the function once the update of the layers has ended: before the second look after it.
func afterwards(do func(w *world)) func(w *world) {
	return onCall("PublishVersion", 1, true, do)
}

func faults() []fault {
	const inProgress, unknown = "InProgress", "Shimmering"
	always := awslambda.FunctionState{LastUpdateStatus: unknown}
	return []fault{
		{name: "nothing", after: done},

		// Another tool, between the first look and the update.
		{name: "memory is changed before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, memory), says: "Unreleased change", after: begun, again: "Unreleased change"},
		{name: "code is changed before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, newCode), says: "Unreleased change", after: begun, again: "Unreleased change"},
		{name: "variables are changed before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, variables), says: "Unreleased change", after: begun, again: "Unreleased change"},
		{name: "the layer is taken away before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, otherLayers(foreign)), says: "Changed by something else", after: "$LATEST -, live 1 (1), versions 1", again: ""},
		{name: "another layer is taken away before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, otherLayers(at(1))), says: "Unreleased change", after: begun, again: "Unreleased change"},
		{name: "the function is deleted before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, func(w *world) {
			must(w.client.DeleteFunction(w.t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("hello")}))(w)
		}), says: "Function not found"},
		{name: "a release before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, released), after: "$LATEST 2, live 3 (2), versions 1 2 3"},
		{name: "the layer version is deleted before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, unpublish("shop", 2)), says: "Layers refused", after: begun, again: "Layers refused"},
		{name: "another layer is deleted before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, unpublish("tracing", 1)), says: "Layers refused", after: begun, again: "Attached layer deleted"},

		// Another tool, during and after the update.
		{name: "code is changed after the update", hook: afterwards(newCode), says: "Unreleased change", after: set, again: "Unreleased change"},
		{name: "variables are changed after the update", hook: afterwards(variables), says: "Unreleased change", after: set, again: "Unreleased change"},
		{name: "the old layer is put back after the update", hook: afterwards(otherLayers(foreign, at(1), awsLayer)), says: "Changed by something else", after: begun, ends: done},
		{name: "a newer layer is set after the update", hook: afterwards(otherLayers(foreign, at(3), awsLayer)), says: "Changed by something else", after: "$LATEST 3, live 1 (1), versions 1", again: "Function has a newer layer"},
		{name: "the layer is taken away after the update", hook: afterwards(otherLayers(foreign, awsLayer)), says: "Changed by something else", after: "$LATEST -, live 1 (1), versions 1"},
		{name: "another layer is added after the update", hook: afterwards(otherLayers(at(2), foreign, awsLayer)), says: "Unreleased change", after: set, again: "Unreleased change"},
		{name: "a version is published after the update", hook: afterwards(func(w *world) { w.version("hello") }), after: done},
		{name: "a release between the update and the version", hook: afterwards(released), says: "", after: "$LATEST 2, live 2 (2), versions 1 2"},
		{name: "code is changed before the alias is moved", hook: onCall("UpdateAlias", 1, true, newCode), after: done},
		{name: "the alias is moved to another release before it is moved", hook: onCall("UpdateAlias", 1, true, func(w *world) {
			w.setLayers("hello", foreign, at(1), awsLayer)
			released(w)
		}), says: "Changed by something else", after: "$LATEST 1, live 3 (1), versions 1 2 3", ends: "$LATEST 2, live 4 (2), versions 1 2 3 4"},
		{name: "the alias is touched before it is moved", hook: onCall("UpdateAlias", 1, true, func(w *world) { w.release("hello", "live", "1") }), after: done},
		{name: "the alias is touched again and again", hook: func(w *world) {
			w.before = func(c string, _ int) error {
				if c == "UpdateAlias" {
					w.release("hello", "live", "1")
				}
				return nil
			}
		}, says: "Changed by something else", after: made, ends: done},
		{name: "$LATEST is touched again and again", hook: func(w *world) {
			w.before = func(c string, _ int) error {
				if c == "UpdateFunctionConfiguration" {
					w.set("hello", func(in *lambda.UpdateFunctionConfigurationInput) { in.Description = aws.String("touched") })
					w.settle()
				}
				return nil
			}
		}, says: "Changed by something else", after: begun, ends: done},
		{name: "the alias gets the weights of somebody else", hook: onCall("UpdateAlias", 1, true, func(w *world) {
			newCode(w)
			w.settle()
			w.release("hello", "live", "1", w.version("hello"), 0.5)
		}), says: "Alias splits its calls", after: "$LATEST 2, live 1 3:0.5 (1), versions 1 2 3", again: "Alias splits its calls"},
		{name: "the alias is deleted before it is moved", hook: onCall("UpdateAlias", 1, true, func(w *world) {
			must(w.client.DeleteAlias(w.t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("hello"), Name: aws.String("live")}))(w)
			w.release("hello", "next", "1")
		}), says: "Alias not found", again: ""},

		// Answers that are lost, late or wrong.
		{name: "the answer to the update is lost", hook: lost("UpdateFunctionConfiguration", 1), after: done},
		{name: "the answer to the version is lost", hook: lost("PublishVersion", 1), after: done},
		{name: "the answer to the alias is lost", hook: lost("UpdateAlias", 1), after: done},
		{name: "all answers to versions are lost", hook: lost("PublishVersion", 99), says: "Lambda unavailable", after: made, ends: done},
		{name: "all looks after the update are lost", hook: func(w *world) {
			w.after = func(c string, i int) error {
				if c == "GetFunctionConfiguration" && i > 2 {
					return errLost
				}
				return nil
			}
		}, says: "Lambda unavailable", after: set, ends: done},
		{name: "the version is answered with an error", hook: failing("PublishVersion"), says: "Lambda unavailable", after: set, ends: done},
		{name: "the alias is answered with an error", hook: failing("UpdateAlias"), says: "Lambda unavailable", after: made, ends: done},
		{name: "half an answer to the alias", hook: inject(awslocal.Fault{Operation: "lambda:UpdateAlias", Kind: awslocal.Truncate, Times: 1}), after: done},
		{name: "a page of a proxy instead of the update", hook: inject(awslocal.Fault{Operation: "lambda:UpdateFunctionConfiguration", Kind: awslocal.HTML, Times: 1}), after: done},
		{name: "the version of something else", hook: inject(awslocal.Fault{Operation: "lambda:PublishVersion", Kind: awslocal.Edit, Times: 1, Member: "CodeSha256", Value: []byte(`"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`)}), says: "Unexpected answer from Lambda", after: made, ends: done},
		{name: "a reason code that is not one", setup: func(w *world) {
			check(w, 0, w.server.FailFunctionUpdate(function, awslambda.Failure{Reason: planted, Code: "<" + planted + ">"}))
		}, says: "Update failed", after: begun, ends: done},

		// Throttling.
		{name: "every call is throttled twice", hook: both(throttled("GetFunctionConfiguration", 2), throttled("UpdateFunctionConfiguration", 2), throttled("PublishVersion", 2), throttled("UpdateAlias", 2), throttled("ListAliases", 2)), after: done},
		{name: "a storm of 429 while it waits", hook: onCall("UpdateFunctionConfiguration", 1, false, throttled("GetFunctionConfiguration", 20)), after: done},
		{name: "the update is throttled for ever", hook: throttled("UpdateFunctionConfiguration", 0), says: "Lambda throttles requests", after: begun, ends: done},
		{name: "the alias is throttled for ever", hook: throttled("UpdateAlias", 0), says: "Lambda throttles requests", after: made, ends: done},
		{name: "everything is throttled from the start", hook: throttled("*", 0), says: "Lambda throttles requests", after: begun, ends: done},

		// Updates and states.
		{name: "the update fails", setup: func(w *world) {
			check(w, 0, w.server.FailFunctionUpdate(function, awslambda.Failure{Reason: planted, Code: "InvalidSubnet"}))
		}, says: "Update failed", after: begun, ends: done},
		{name: "an update of another tool is in progress", setup: memoryAndBack, after: "$LATEST 2, live 2 (2), versions 1 2"},
		{name: "the update stays in progress for long", hook: onCall("UpdateFunctionConfiguration", 1, false, slowly(shows("", awslambda.FunctionState{LastUpdateStatus: inProgress}), 3*time.Minute)), after: done},
		{name: "the update stays in progress for ever", hook: onCall("UpdateFunctionConfiguration", 1, false, shows("", awslambda.FunctionState{LastUpdateStatus: inProgress})), says: "Function does not settle", after: set, ends: done},
		{name: "an update status that nobody knows, for a while", hook: onCall("UpdateFunctionConfiguration", 1, false, slowly(shows("", always), time.Minute)), after: done},
		{name: "an update status that nobody knows, for ever", hook: onCall("UpdateFunctionConfiguration", 1, false, shows("", always)), says: "Function does not settle", after: set, ends: done},
		{name: "a state that nobody knows, for ever", hook: onCall("UpdateFunctionConfiguration", 1, false, shows("", awslambda.FunctionState{State: "Hovering"})), says: "Function does not settle", after: set, ends: done},
		{name: "ActiveNonInvocable for a while", hook: onCall("UpdateFunctionConfiguration", 1, false, slowly(shows("", awslambda.FunctionState{State: "ActiveNonInvocable"}), time.Minute)), after: done},
		{name: "Inactive", setup: shows("", awslambda.FunctionState{State: "Inactive"}), after: done},
		{name: "Failed before", setup: shows("", awslambda.FunctionState{State: "Failed", StateReasonCode: "ImageDeleted"}), says: "Function failed", after: begun, again: "Function failed"},
		{name: "SnapStart takes its time", setup: snapStart, after: "$LATEST 2, live 3 (2), versions 1 2 3"},
		{name: "the SnapStart version fails", setup: snapStart, hook: onCall("PublishVersion", 1, false, func(w *world) {
			shows("3", awslambda.FunctionState{State: "Failed", StateReasonCode: "FunctionError"})(w)
		}), says: "Version failed", after: "$LATEST 2, live 2 (1), versions 1 2 3", again: "Version failed"},

		// Two at once.
		{name: "another rollout overtakes before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, another(2)), after: done},
		{name: "another rollout overtakes before the version", hook: onCall("PublishVersion", 1, true, another(2)), after: done},
		{name: "another rollout overtakes before the alias", hook: onCall("UpdateAlias", 1, true, another(2)), after: done},
		{name: "a rollout of another version before the update", hook: onCall("UpdateFunctionConfiguration", 1, true, another(3)), says: "Function has a newer layer", after: "$LATEST 3, live 2 (3), versions 1 2", again: "Function has a newer layer"},
		{name: "a rollout of another version before the version", hook: onCall("PublishVersion", 1, true, another(3)), says: "Changed by something else", after: "$LATEST 3, live 2 (3), versions 1 2", again: "Function has a newer layer"},
		{name: "a rollout of another version before the alias", hook: onCall("UpdateAlias", 1, true, another(3)), says: "Changed by something else", after: "$LATEST 3, live 3 (3), versions 1 2 3", again: "Function has a newer layer"},

		// What is refused at the first look.
		{name: "unreleased code", setup: newCode, says: "Unreleased change", after: begun, again: "Unreleased change"},
		{name: "unreleased variables", setup: variables, says: "Unreleased change", after: begun, again: "Unreleased change"},
		{name: "unreleased layers", setup: otherLayers(at(1), foreign, awsLayer), says: "Unreleased change", after: begun, again: "Unreleased change"},
		{name: "a canary of somebody else", setup: func(w *world) {
			newCode(w)
			w.settle()
			w.release("hello", "live", "1", w.version("hello"), 0.1)
		}, says: "Alias splits its calls", after: "$LATEST 1, live 1 2:0.1 (1), versions 1 2", again: "Alias splits its calls"},
		{name: "CloudFormation", setup: tagged(map[string]string{"aws:cloudformation:stack-name": "shop", "x": planted}), says: "Another tool owns the function", after: begun, again: "Another tool owns the function"},
		{name: "Terraform", setup: tagged(map[string]string{"managed_by": "terraform"}), says: "Another tool owns the function", after: begun, again: "Another tool owns the function"},
		{name: "Terraform, with --drift", setup: tagged(map[string]string{"managed_by": "terraform"}), job: func(r *rollout.Rollout) { r.Drift = true }, after: done},
		{name: "other tags", setup: tagged(map[string]string{"team": planted}), after: done},
		{name: "code signing enforces", setup: signed(types.CodeSigningPolicyEnforce), says: "Layer is not signed", after: begun, again: "Layer is not signed"},
		{name: "code signing warns", setup: signed(types.CodeSigningPolicyWarn), after: done},
		{name: "code signing is switched on meanwhile", hook: onCall("UpdateFunctionConfiguration", 1, true, signed(types.CodeSigningPolicyEnforce)), says: "Layer is not signed", after: begun, again: "Layer is not signed"},
		{name: "another layer is deleted", setup: unpublish("tracing", 1), says: "Attached layer deleted", after: begun, again: "Attached layer deleted"},
		{name: "the layer version is deleted", setup: unpublish("shop", 1), after: done},
		{name: "a newer layer", setup: otherLayers(foreign, at(3), awsLayer), says: "Function has a newer layer", after: "$LATEST 3, live 1 (1), versions 1", again: "Function has a newer layer"},
		{name: "two aliases", setup: func(w *world) { w.release("hello", "next", "1") }, says: "Which alias", after: begun, again: "Which alias"},
		{name: "two aliases, one named", setup: func(w *world) { w.release("hello", "next", "1") }, job: func(r *rollout.Rollout) { r.Alias = "live" }, after: done},
		{name: "another alias named", job: func(r *rollout.Rollout) { r.Alias = "blue" }, says: "No such alias", after: begun, again: "No such alias"},
	}
}

// memoryAndBack leaves an update in progress that changes nothing in the end.
func memoryAndBack(w *world) {
	w.set("hello", func(in *lambda.UpdateFunctionConfigurationInput) { in.Description = aws.String("busy") })
}

// slowly does something, and undoes it after a while.
func slowly(do func(w *world), while time.Duration) func(w *world) {
	return func(w *world) {
		do(w)
		go func() {
			time.Sleep(while)
			shows("", awslambda.FunctionState{})(w)
		}()
	}
}

func (f fault) run(w *world, job *rollout.Rollout) string {
	if f.job != nil {
		f.job(job)
	}
	_, problems := run(w.t.Context(), job, 2, "hello")
	for _, text := range problems {
		if strings.Contains(text, planted) {
			w.t.Errorf("a problem has what stands in the environment, in a tag or in a reply: %s", text)
		}
	}
	problems = slices.DeleteFunc(problems, func(text string) bool { return strings.HasPrefix(text, "Partly rolled out") })
	return strings.Join(problems, "\n")
}

func (w *world) exists() bool {
	for _, call := range []func() error{
		func() error {
			_, err := w.client.GetAlias(w.t.Context(), &lambda.GetAliasInput{FunctionName: aws.String("hello"), Name: aws.String("live")})
			return err
		},
	} {
		if call() != nil {
			return false
		}
	}
	return true
}

// TestFaults runs a rollout under every fault, and then once more without it. Nothing may lose its layer but by another tool, no alias
// may serve code that was not released, and the second run must end the same.
func TestFaults(t *testing.T) {
	var table strings.Builder
	table.WriteString("| fault | the run | after it | the second run | after it |\n|---|---|---|---|---|\n")
	for _, f := range faults() {
		ends := f.ends
		if ends == "" {
			ends = f.after
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", f.name, said(f.says), cell(f.after), said(f.again), cell(ends))
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.live("hello", foreign, at(1), awsLayer)
				if f.setup != nil {
					f.setup(w)
				}
				if f.hook != nil {
					f.hook(w)
				}
				compare := func(when, got, want string) {
					if want == "" && got != "" || !strings.HasPrefix(got, want) {
						t.Errorf("%s: %s\nwant %s", when, got, want)
					}
				}
				compare("the run says", f.run(w, w.job()), f.says)
				w.before, w.after = nil, nil
				w.server.ClearFaults()
				w.settle()
				if f.after != "" {
					compare("after the run", w.state(), f.after)
				}
				if w.exists() {
					check(w, 0, errors.Join(w.server.SetFunctionState(function, "", awslambda.FunctionState{})))
					if f.says == "Function failed" {
						f.setup(w)
					}
				}
				compare("the second run says", f.run(w, w.job()), f.again)
				w.settle()
				if ends != "" {
					compare("after the second run", w.state(), ends)
				}
				w.made()
				compare("the third run says", f.run(w, w.job()), f.again)
				for _, call := range w.made() {
					if slices.Contains([]string{"UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"}, call) && f.again == "" {
						t.Errorf("the third run changes something: %s", call)
					}
				}
				w.settle()
			})
		})
	}
	if t.Failed() {
		return
	}
	file := filepath.Join("..", "..", "docs", "rolling-out.md")
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- faults -->\n", "<!-- end of faults -->"
	head, rest, found := strings.Cut(string(page), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatal("the page has no place for the table")
	}
	want := head + begin + "\n" + table.String() + "\n" + end + tail
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("%s has another table: go test ./pipeline/rollout -run TestFaults -update", file)
	}
}

// said is what a run says, in the table.
func said(summary string) string {
	if summary == "" {
		return "ok"
	}
	return summary
}

func cell(state string) string {
	if state == "" {
		return "no function or alias"
	}
	return "`" + state + "`"
}

var errKilled = errors.New("killed")

// TestKilled ends a rollout before and after each of its calls, as kill -9 does. A second run ends as if nothing had happened: nothing is
// published twice.
func TestKilled(t *testing.T) {
	for _, share := range []float64{1, 0.1} {
		for n := 1; ; n++ {
			reached := false
			for _, before := range []bool{true, false} {
				name := fmt.Sprintf("share %v, call %d, before %t", share, n, before)
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t)
						w.live("hello", foreign, at(1), awsLayer)
						ctx, kill := context.WithCancel(t.Context())
						total := 0
						w.before = func(string, int) error {
							if total++; before && total >= n || total > n {
								reached = true
								kill()
								return errKilled
							}
							return nil
						}
						w.after = func(string, int) error {
							if !before && total >= n {
								kill()
								return errKilled
							}
							return nil
						}
						job := w.job()
						job.Share = share
						run(ctx, job, 2, "hello")
						w.before, w.after = nil, nil
						job = w.job()
						job.Share = share
						if _, problems := run(t.Context(), job, 2, "hello"); len(problems) > 0 {
							t.Error(problems)
						}
						w.settle()
						want := done
						if share < 1 {
							want = "$LATEST 2, live 1 2:0.1 (1), versions 1 2"
						}
						if got := w.state(); got != want {
							t.Errorf("%s\nwant %s", got, want)
						}
					})
				})
			}
			if !reached {
				if n < 10 {
					t.Errorf("only %d calls", n)
				}
				break
			}
		}
	}
}
