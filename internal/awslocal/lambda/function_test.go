package lambda_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/lambda"
)

func TestEnvironmentIsChecked(t *testing.T) {
	_, c := newService(t, "")
	with := func(names ...string) object {
		variables := object{}
		for _, name := range names {
			variables[name] = "x"
		}
		in := function("f")
		in["Environment"] = object{"Variables": variables}
		return in
	}
	c.fails("CreateFunction", with("AWS_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"), 400, "InvalidParameterValueException",
		"Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are "+
			"currently not supported for modification. Reserved keys used in this request: AWS_ACCESS_KEY_ID, AWS_REGION")
	c.fails("CreateFunction", with("_HANDLER"), 400, "ValidationException", "*")
	c.fails("CreateFunction", object{"FunctionName": "f!"}, 400, "ValidationException", "*")
	c.fails("DeleteFunction", object{"FunctionName": "f"}, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:"+account+":function:f")
	c.as(`{"Statement":[{"Effect":"Allow","Action":"lambda:Publish*","Resource":"*"}]}`).fails("CreateFunction", with("AWS_REGION"), 403, "AccessDeniedException", "*")
}

// function is the input of a CreateFunction that succeeds.
func function(name string, layers ...string) object {
	in := object{"FunctionName": name, "Role": "arn:aws:iam::" + account + ":role/r", "Runtime": "python3.14", "Handler": "a.b",
		"Code": object{"ZipFile": emptyArchive}}
	if len(layers) > 0 {
		in["Layers"] = layers
	}
	return in
}

// emptyArchive is a zip without files.
var emptyArchive = append([]byte("PK\x05\x06"), make([]byte, 18)...)

// newFunctions is a service in which an update takes a minute, and a snapshot ten.
func newFunctions(t *testing.T) (*lambda.Service, caller) {
	s := lambda.New("", func() time.Time { return start }, lambda.Options{Update: time.Minute, Snapshot: 10 * time.Minute})
	return s, rootOf(t, s, account)
}

// later is the same caller after a time.
func (c caller) later(d time.Duration) caller {
	c.request.Now = c.request.Now.Add(d)
	return c
}

func (c caller) layer(name string) string {
	c.t.Helper()
	return c.publish(name, name)["LayerVersionArn"].(string)
}

const inProgress = "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:" + account + ":function:f"

func TestRevisionChangesAgainWhenAnUpdateEnds(t *testing.T) {
	_, c := newFunctions(t)
	f := object{"FunctionName": "f"}
	c.do("CreateFunction", function("f"))
	c.fails("UpdateFunctionConfiguration", f, 409, "ResourceConflictException",
		"The operation cannot be performed at this time. The function is currently in the following state: Pending")
	c = c.later(time.Minute)
	updated := c.do("UpdateFunctionConfiguration", object{"FunctionName": "f", "Description": "new"})
	if updated["LastUpdateStatus"] != "InProgress" || updated["State"] != "Active" {
		t.Errorf("after an update: %v", updated)
	}
	for _, operation := range []string{"UpdateFunctionConfiguration", "PublishVersion"} {
		c.fails(operation, f, 409, "ResourceConflictException", inProgress)
	}
	c.fails("UpdateFunctionCode", object{"FunctionName": "f", "ZipFile": emptyArchive}, 409, "ResourceConflictException", inProgress)
	c = c.later(time.Minute)
	c.fails("PublishVersion", object{"FunctionName": "f", "RevisionId": updated["RevisionId"]}, 412, "PreconditionFailedException", "*")
	now := c.do("GetFunctionConfiguration", f)
	if now["RevisionId"] == updated["RevisionId"] || now["LastUpdateStatus"] != "Successful" {
		t.Errorf("when the update has ended: %v", now)
	}
	v := c.do("PublishVersion", object{"FunctionName": "f", "RevisionId": now["RevisionId"]})
	if v["Version"] != "1" || v["State"] != "Active" {
		t.Errorf("published %v", v)
	}
	c.fails("UpdateFunctionConfiguration", object{"FunctionName": "f", "RevisionId": now["RevisionId"]}, 412, "PreconditionFailedException", "*")
	c.fails("UpdateFunctionConfiguration", object{"FunctionName": "f:1"}, 400, "InvalidParameterValueException", "*")
}

func TestLayersOfFunctions(t *testing.T) {
	s, c := newFunctions(t)
	a, b := c.layer("a"), c.layer("b")
	foreign := rootOf(t, s, "222222222222").layer("theirs")
	const aws = "arn:aws:lambda:::awslayer:AmazonLinux1803"
	c.do("CreateFunction", function("f", b, a, aws))
	c = c.later(time.Minute)
	update := func(layers ...string) object { return object{"FunctionName": "f", "Layers": layers} }
	c.fails("UpdateFunctionConfiguration", update(foreign), 403, "AccessDeniedException", "*")
	rootOf(t, s, "222222222222").do("AddLayerVersionPermission",
		object{"LayerName": "theirs", "VersionNumber": 1, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": account})
	c.do("DeleteLayerVersion", object{"LayerName": "b", "VersionNumber": 1})
	got := c.do("GetFunctionConfiguration", object{"FunctionName": "f"})["Layers"].([]any)
	if len(got) != 3 || got[0].(object)["Arn"] != b || got[1].(object)["Arn"] != a || got[2].(object)["Arn"] != aws {
		t.Errorf("layers %v", got)
	}
	c.fails("UpdateFunctionConfiguration", update(b, a), 400, "InvalidParameterValueException", "Layer version "+b+" does not exist.")
	c.fails("UpdateFunctionConfiguration", update(a, foreign, a), 400, "InvalidParameterValueException",
		"Two different versions of the same layer are not allowed to be referenced in the same function. "+a+" and "+a+" are versions of the same layer.")
	c.fails("UpdateFunctionConfiguration", update(a, a, a, a, a, a), 400, "InvalidParameterValueException", "Cannot reference more than 5 layers.")
	c.fails("UpdateFunctionConfiguration", update("a"), 400, "ValidationException", "*")
	c.do("UpdateFunctionConfiguration", update(a, foreign, aws))
	c = c.later(time.Minute)
	c.do("UpdateFunctionConfiguration", object{"FunctionName": "f", "Description": "x"})
	if got := c.do("GetFunctionConfiguration", object{"FunctionName": "f"})["Layers"].([]any); len(got) != 3 {
		t.Errorf("an update without layers leaves %v", got)
	}
	c = c.later(time.Minute)
	c.do("UpdateFunctionConfiguration", update())
	if got := c.do("GetFunctionConfiguration", object{"FunctionName": "f"})["Layers"]; got == nil {
		t.Error("a list without layers, which JSON has as null, removes them")
	}
	c = c.later(time.Minute)
	c.do("UpdateFunctionConfiguration", object{"FunctionName": "f", "Layers": []string{}})
	if got := c.do("GetFunctionConfiguration", object{"FunctionName": "f"})["Layers"]; got != nil {
		t.Errorf("an empty list leaves %v", got)
	}
}

func TestCallersNeedEveryLayer(t *testing.T) {
	_, c := newFunctions(t)
	a, b := c.layer("a"), c.layer("b")
	c.do("CreateFunction", function("f", b))
	c = c.later(time.Minute)
	in := object{"FunctionName": "f", "Layers": []string{a, b}}
	update := `{"Effect":"Allow","Action":"lambda:UpdateFunctionConfiguration","Resource":"*"%s}`
	get := func(arn string) string {
		return `,{"Effect":"Allow","Action":"lambda:GetLayerVersion","Resource":"` + arn + `"}`
	}
	only := func(condition string) string { return fmt.Sprintf(update, condition) }
	denied := func(policy, action string) {
		t.Helper()
		_, err := c.as(`{"Statement":[`+policy+`]}`).try("UpdateFunctionConfiguration", in)
		if err == nil || !strings.Contains(err.Error(), "is not authorized to perform: lambda:"+action) {
			t.Errorf("%s: %v, want %s denied", policy, err, action)
		}
	}
	denied(only("")+get(a), "GetLayerVersion on resource: "+b)
	denied(only("")+get(b), "GetLayerVersion on resource: "+a)
	denied(get("*")[1:], "UpdateFunctionConfiguration")
	const ours = `,"Condition":{"ForAllValues:StringLike":{"lambda:Layer":["arn:aws:lambda:*:*:layer:%s:*"]}}`
	denied(only(fmt.Sprintf(ours, "a"))+get("*"), "UpdateFunctionConfiguration")
	both := only(strings.Replace(fmt.Sprintf(ours, "a"), `"]`, `","`+b+`"]`, 1)) + get("*")
	c.as(`{"Statement":[`+both+`]}`).do("UpdateFunctionConfiguration", in)
}

func TestVersionsAndAliases(t *testing.T) {
	_, c := newFunctions(t)
	c.do("CreateFunction", function("f"))
	f := object{"FunctionName": "f"}
	c = c.later(time.Minute)
	c.do("PublishVersion", f)
	if again := c.do("PublishVersion", object{"FunctionName": "f", "Description": "other"}); again["Version"] != "1" {
		t.Errorf("published without a change: %v", again["Version"])
	}
	c.do("UpdateFunctionCode", object{"FunctionName": "f", "ZipFile": archive(t, "new")})
	c = c.later(time.Minute)
	c.fails("PublishVersion", object{"FunctionName": "f", "CodeSha256": "x"}, 400, "InvalidParameterValueException", "*")
	if v := c.do("PublishVersion", f); v["Version"] != "2" {
		t.Errorf("published %v", v["Version"])
	}
	live := object{"FunctionName": "f", "Name": "live", "FunctionVersion": "1", "RoutingConfig": object{"AdditionalVersionWeights": object{"2": 0.1}}}
	made := c.do("CreateAlias", live)
	c.fails("CreateAlias", live, 409, "ResourceConflictException", "*")
	c.fails("DeleteFunction", object{"FunctionName": "f", "Qualifier": "2"}, 409, "ResourceConflictException",
		"Unable to delete version because the following aliases reference it: [live]")
	c.fails("DeleteFunction", object{"FunctionName": "f", "Qualifier": "$LATEST"}, 400, "InvalidParameterValueException", "*")
	kept := c.do("UpdateAlias", object{"FunctionName": "f", "Name": "live"})
	if kept["RevisionId"] == made["RevisionId"] || kept["RoutingConfig"] == nil {
		t.Errorf("an empty update gives %v", kept)
	}
	c.fails("UpdateAlias", object{"FunctionName": "f", "Name": "live", "RevisionId": made["RevisionId"]}, 412, "PreconditionFailedException", "*")
	c.fails("UpdateAlias", object{"FunctionName": "f", "Name": "live", "FunctionVersion": "2"}, 400, "InvalidParameterValueException", "*")
	c.do("UpdateAlias", object{"FunctionName": "f", "Name": "live", "FunctionVersion": "2", "RoutingConfig": object{"AdditionalVersionWeights": object{}}})
	byAlias := c.do("GetFunctionConfiguration", object{"FunctionName": "f", "Qualifier": "live"})
	if byAlias["Version"] != "2" || !strings.HasSuffix(byAlias["FunctionArn"].(string), ":f:live") {
		t.Errorf("by alias: %v", byAlias)
	}
	c.do("DeleteFunction", object{"FunctionName": "f", "Qualifier": "1"})
	c.fails("GetFunction", object{"FunctionName": "f", "Qualifier": "1"}, 404, "ResourceNotFoundException", "*")
	c.do("DeleteFunction", f)
	c.fails("ListAliases", f, 404, "ResourceNotFoundException", "*")
}

func TestFunctionsAreListedByFifty(t *testing.T) {
	_, c := newService(t, "")
	for i := range 60 {
		in := function([]string{"f", "f-", "f-a", "f_"}[i%4] + strings.Repeat("x", i/4))
		in["Environment"], in["Publish"] = object{"Variables": object{"NAME": "x"}}, true
		c.do("CreateFunction", in)
	}
	seen := map[any]bool{}
	all, marker := 0, any("")
	for pages := 0; marker != nil; pages++ {
		out := c.do("ListFunctions", object{"FunctionVersion": "ALL", "Marker": marker, "MaxItems": 10_000})
		items := out["Functions"].([]any)
		if len(items) > 50 || pages > 2 {
			t.Fatalf("page %d has %d items", pages, len(items))
		}
		for _, item := range items {
			seen[item.(object)["FunctionArn"]] = true
			for _, left := range []string{"State", "LastUpdateStatus", "RuntimeVersionConfig"} {
				if _, ok := item.(object)[left]; ok {
					t.Errorf("an entry has %s", left)
				}
			}
		}
		all, marker = all+len(items), out["NextMarker"]
	}
	if all != 120 || len(seen) != 120 {
		t.Errorf("listed %d entries, %d different ones, of 120", all, len(seen))
	}
	for _, most := range []int{1, 7} { // pages end within a function
		all, marker = 0, any("")
		for marker != nil {
			out := c.do("ListFunctions", object{"FunctionVersion": "ALL", "Marker": marker, "MaxItems": most})
			all, marker = all+len(out["Functions"].([]any)), out["NextMarker"]
		}
		if all != 120 {
			t.Errorf("listed %d of 120 by %d", all, most)
		}
	}
	for _, wrong := range []int{0, 10_001} {
		c.fails("ListFunctions", object{"MaxItems": wrong}, 400, "ValidationException", "*")
	}
	c.fails("ListFunctions", object{"Marker": "!"}, 400, "InvalidParameterValueException", "*")
	c.as(`{"Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:us-east-1:111111111111:function:*"}]}`).fails("ListFunctions", object{}, 403, "AccessDeniedException", "*")
}

func TestStatesOnDemand(t *testing.T) {
	s, c := newFunctions(t)
	in := function("snap")
	in["SnapStart"] = object{"ApplyOn": "PublishedVersions"}
	c.do("CreateFunction", in)
	managed := function("managed")
	managed["CapacityProviderConfig"] = object{"LambdaManagedInstancesCapacityProviderConfig": object{"CapacityProviderArn": "arn"}}
	c.do("CreateFunction", managed)
	c = c.later(time.Minute)
	state := func(c caller, name, qualifier string) any {
		return c.do("GetFunctionConfiguration", object{"FunctionName": name, "Qualifier": qualifier})["State"]
	}
	c.do("PublishVersion", object{"FunctionName": "snap"})
	c.do("PublishVersion", object{"FunctionName": "managed", "PublishTo": "LATEST_PUBLISHED"})
	c.fails("PublishVersion", object{"FunctionName": "snap", "PublishTo": "LATEST_PUBLISHED"}, 400, "InvalidParameterValueException", "*")
	for name, qualifier := range map[string]string{"snap": "1", "managed": "$LATEST.PUBLISHED"} {
		if before, after := state(c, name, qualifier), state(c.later(10*time.Minute), name, qualifier); before != "Pending" || after != "Active" {
			t.Errorf("%s is %v, and then %v", name, before, after)
		}
	}
	arn := "arn:aws:lambda:us-east-1:" + account + ":function:snap"
	for _, want := range []string{"Inactive", "Deactivated", "ActiveNonInvocable", "Pending", "Failed", "NobodyKnows"} {
		if err := s.SetState(arn, "", lambda.FunctionState{State: want, LastUpdateStatus: want}); err != nil {
			t.Fatal(err)
		}
		if got := state(c, "snap", "$LATEST"); got != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	if err := s.SetState(arn, "", lambda.FunctionState{}); err != nil || state(c, "snap", "$LATEST") != "Active" {
		t.Errorf("the real state is not shown again: %v", err)
	}
	if s.SetState(arn, "7", lambda.FunctionState{}) == nil || s.SetState(arn+"x", "", lambda.FunctionState{}) == nil {
		t.Error("a state was set for nothing")
	}
}

func TestFunctionsSurvive(t *testing.T) {
	s, c := newFunctions(t)
	c.do("CreateFunction", function("f", c.layer("a")))
	c = c.later(time.Minute)
	c.do("PublishVersion", object{"FunctionName": "f"})
	c.do("CreateAlias", object{"FunctionName": "f", "Name": "live", "FunctionVersion": "1"})
	c.do("UpdateFunctionConfiguration", object{"FunctionName": "f", "Description": "under way"})
	before := fmt.Sprint(c.do("GetFunctionConfiguration", object{"FunctionName": "f"}), c.do("ListAliases", object{"FunctionName": "f"}))
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	other, there := newFunctions(t)
	if err := other.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	there.request.Now = c.request.Now
	if after := fmt.Sprint(there.do("GetFunctionConfiguration", object{"FunctionName": "f"}), there.do("ListAliases", object{"FunctionName": "f"})); after != before {
		t.Errorf("before %s\nafter %s", before, after)
	}
	there.fails("UpdateFunctionConfiguration", object{"FunctionName": "f"}, 409, "ResourceConflictException", inProgress)
	for name, edit := range map[string][2]string{
		"no $LATEST": {`"latest":{`, `"last_one":{`}, "no ARN": {":function:f", ":fun:f"}, "a version above the last": {`"last":1,"latest"`, `"last":0,"latest"`},
		"an empty alias": {`"aliases":[{`, `"aliases":[null,{`},
	} {
		damaged := strings.Replace(string(snapshot), edit[0], edit[1], 1)
		if damaged == string(snapshot) || other.Restore(json.RawMessage(damaged)) == nil {
			t.Errorf("%s: restored", name)
		}
	}
}

func TestWhatIsNotServedIsRefused(t *testing.T) {
	_, c := newFunctions(t)
	for member, value := range map[string]any{
		"VpcConfig": object{"SubnetIds": []string{"subnet-1"}}, "KMSKeyArn": "arn:aws:kms:us-east-1:111111111111:key/k",
		"TracingConfig": object{"Mode": "Active"}, "EphemeralStorage": object{"Size": 1024}, "PackageType": "Image", "Code": object{"ImageUri": "x"},
	} {
		in := function("f")
		in[member] = value
		c.fails("CreateFunction", in, 400, "InvalidParameterValueException", "*")
	}
	in := function("f")
	in["Code"] = object{"S3Bucket": "b", "S3Key": "k"}
	c.fails("CreateFunction", in, 400, "InvalidParameterValueException", "The embedded AWS has no S3: upload the archive as ZipFile.")
	delete(in, "Code")
	c.fails("CreateFunction", in, 400, "ValidationException", "*")
	in = function("f")
	delete(in, "Handler")
	c.fails("CreateFunction", in, 400, "InvalidParameterValueException", "Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	c.fails("GetFunction", object{"FunctionName": "f"}, 404, "ResourceNotFoundException", "*")
	c.do("CreateFunction", function("f"))
	c.fails("CreateFunction", function("f"), 409, "ResourceConflictException", "Function already exist: f")
	c.fails("UpdateFunctionCode", object{"FunctionName": "f", "ZipFile": emptyArchive, "DryRun": true}, 400, "InvalidParameterValueException", "*")
	c.fails("ListFunctions", object{"MasterRegion": "us-east-1"}, 400, "InvalidParameterValueException", "*")
}
