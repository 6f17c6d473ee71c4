package lambda_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/awslocal/lambda"
)

const account = "111111111111"

type object = map[string]any

var start = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

// caller is how a test calls the service.
type caller struct {
	t       *testing.T
	s       *lambda.Service
	request call.Request
}

func newService(t *testing.T, dir string) (*lambda.Service, caller) {
	s := lambda.New(dir, func() time.Time { return start }, lambda.Options{})
	return s, rootOf(t, s, account)
}

func rootOf(t *testing.T, s *lambda.Service, account string) caller {
	return caller{t: t, s: s, request: call.Request{
		Service: "lambda", Region: "us-east-1", Account: account, Now: start, Endpoint: "http://127.0.0.1:1",
		Caller: call.Principal{ARN: "arn:aws:iam::" + account + ":root", Account: account, Root: true},
	}}
}

// as is the same service called as a role with one identity policy.
func (c caller) as(policy string) caller {
	p, err := iam.ParseIdentity([]byte(policy))
	if err != nil {
		c.t.Fatal(err)
	}
	account := c.request.Account
	c.request.Caller = call.Principal{ARN: "arn:aws:iam::" + account + ":role/ci", Account: account, Policies: []iam.Policy{p}}
	return c
}

func (c caller) in(region string) caller {
	c.request.Region = region
	return c
}

func (c caller) try(operation string, in object) (object, error) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	r := c.request
	r.Operation, r.Body = operation, body
	out, err := c.s.Operations()[operation](&r)
	if err != nil {
		return nil, err
	}
	wire, err := json.Marshal(out)
	if err != nil {
		c.t.Fatal(err)
	}
	reply := object{}
	if err := json.Unmarshal(wire, &reply); err != nil {
		c.t.Fatal(err)
	}
	return reply, nil
}

func (c caller) do(operation string, in object) object {
	c.t.Helper()
	reply, err := c.try(operation, in)
	if err != nil {
		c.t.Fatalf("%s: %v", operation, err)
	}
	return reply
}

func (c caller) fails(operation string, in object, status int, code, message string) {
	c.t.Helper()
	_, err := c.try(operation, in)
	var e *call.Error
	if !errors.As(err, &e) {
		c.t.Fatalf("%s: error %v, want %s", operation, err, code)
	}
	if e.Status != status || e.Code != code || message != "*" && e.Message != message {
		c.t.Errorf("%s:\n got %d %s: %s\nwant %d %s: %s", operation, e.Status, e.Code, e.Message, status, code, message)
	}
}

// archive makes a zip with one file.
func archive(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "file.txt", Method: zip.Store})
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (c caller) publish(name, text string) object {
	c.t.Helper()
	return c.do("PublishLayerVersion", object{"LayerName": name, "Content": object{"ZipFile": archive(c.t, text)}})
}

// fetch asks the service for a link.
func fetch(s *lambda.Service, method, link string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, link, nil))
	return w
}

func TestPublishedVersionIsHandedOut(t *testing.T) {
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "layers")} {
		s, c := newService(t, dir)
		content := archive(t, "one")
		sum := sha256.Sum256(content)
		out := c.do("PublishLayerVersion", object{
			"LayerName": "my_layer-1", "Description": "d", "LicenseInfo": "MIT", "CompatibleRuntimes": []string{"nodejs24.x", "python3.14"},
			"CompatibleArchitectures": []string{"arm64"}, "Content": object{"ZipFile": content},
		})
		want := object{
			"LayerArn": "arn:aws:lambda:us-east-1:111111111111:layer:my_layer-1", "LayerVersionArn": "arn:aws:lambda:us-east-1:111111111111:layer:my_layer-1:1",
			"Version": 1.0, "Description": "d", "LicenseInfo": "MIT", "CreatedDate": "2026-11-01T10:00:00.000+0000",
		}
		for name, value := range want {
			if out[name] != value {
				t.Errorf("%s is %v, want %v", name, out[name], value)
			}
		}
		got := c.do("GetLayerVersion", object{"LayerName": "my_layer-1", "VersionNumber": 1})
		byARN := c.do("GetLayerVersionByArn", object{"Arn": want["LayerVersionArn"]})
		if fmt.Sprint(got) != fmt.Sprint(out) || fmt.Sprint(byARN) != fmt.Sprint(out) {
			t.Errorf("published %v, got %v and %v", out, got, byARN)
		}
		described := got["Content"].(object)
		if described["CodeSha256"] != base64.StdEncoding.EncodeToString(sum[:]) || described["CodeSize"] != float64(len(content)) {
			t.Errorf("content %v", described)
		}
		w := fetch(s, http.MethodGet, described["Location"].(string))
		if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), content) {
			t.Errorf("the link gave %d and %d bytes", w.Code, w.Body.Len())
		}
	}
}

func TestLinksAreForTheirHoldersAndForATime(t *testing.T) {
	now := start
	s := lambda.New("", func() time.Time { return now }, lambda.Options{})
	c := rootOf(t, s, account)
	link := c.publish("l", "x")["Content"].(object)["Location"].(string)
	other := c.publish("m", "y")["Content"].(object)["Location"].(string)
	if !strings.HasPrefix(link, "http://127.0.0.1:1"+lambda.DownloadPath) {
		t.Errorf("link %s", link)
	}
	path, query, _ := strings.Cut(link, "?")
	otherPath, _, _ := strings.Cut(other, "?")
	for name, forged := range map[string]string{
		"no signature": path, "another archive": otherPath + "?" + query, "another time": strings.Replace(link, "Expires=1", "Expires=9", 1),
		"another signature": link[:len(link)-1] + "g", "no archive": "http://127.0.0.1:1" + lambda.DownloadPath + "?" + query,
	} {
		if w := fetch(s, http.MethodGet, forged); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	if w := fetch(s, http.MethodPost, link); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", w.Code)
	}
	now = start.Add(10 * time.Minute)
	if w := fetch(s, http.MethodGet, link); w.Code != http.StatusOK {
		t.Errorf("at its end the link gave %d", w.Code)
	}
	now = now.Add(time.Second)
	if w := fetch(s, http.MethodGet, link); w.Code != http.StatusForbidden {
		t.Errorf("after its end the link gave %d", w.Code)
	}
	now = start
	if w := fetch(lambda.New("", func() time.Time { return now }, lambda.Options{}), http.MethodGet, link); w.Code != http.StatusForbidden {
		t.Errorf("another server took the link: %d", w.Code)
	}
	c.do("DeleteLayerVersion", object{"LayerName": "l", "VersionNumber": 1})
	if w := fetch(s, http.MethodGet, link); w.Code != http.StatusNotFound {
		t.Errorf("after deletion the link gave %d", w.Code)
	}
}

func TestNumbersAreNeverUsedAgain(t *testing.T) {
	_, c := newService(t, "")
	for want := 1.0; want <= 3; want++ {
		if got := c.publish("l", "same")["Version"]; got != want {
			t.Errorf("version %v, want %v: equal content makes a new version", got, want)
		}
	}
	for number := 1; number <= 3; number++ {
		c.do("DeleteLayerVersion", object{"LayerName": "l", "VersionNumber": number})
		c.do("DeleteLayerVersion", object{"LayerName": "l", "VersionNumber": number})
		c.fails("GetLayerVersion", object{"LayerName": "l", "VersionNumber": number}, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	}
	if list := c.do("ListLayers", nil)["Layers"].([]any); len(list) != 0 {
		t.Errorf("a layer without versions is listed: %v", list)
	}
	if got := c.publish("l", "same")["Version"]; got != 4.0 {
		t.Errorf("version %v after all were deleted, want 4", got)
	}
}

func TestPublishRefuses(t *testing.T) {
	_, c := newService(t, "")
	good := func() object {
		return object{"LayerName": "l", "Content": object{"ZipFile": archive(t, "x")}}
	}
	runtimes := strings.Split(strings.Repeat("nodejs24.x ", 16), " ")[:16]
	for name, e := range map[string]struct {
		member string
		value  any
		code   string
	}{
		"empty name":           {"LayerName", "", "ValidationException"},
		"space in the name":    {"LayerName", "a b", "ValidationException"},
		"dot in the name":      {"LayerName", "a.b", "ValidationException"},
		"long name":            {"LayerName", strings.Repeat("x", 141), "ValidationException"},
		"version ARN as name":  {"LayerName", "arn:aws:lambda:us-east-1:111111111111:layer:l:1", "ValidationException"},
		"other account":        {"LayerName", "arn:aws:lambda:us-east-1:222222222222:layer:l", "AccessDeniedException"},
		"other region":         {"LayerName", "arn:aws:lambda:eu-west-1:111111111111:layer:l", "ResourceNotFoundException"},
		"long description":     {"Description", strings.Repeat("x", 257), "ValidationException"},
		"long license":         {"LicenseInfo", strings.Repeat("x", 513), "ValidationException"},
		"16 runtimes":          {"CompatibleRuntimes", runtimes, "ValidationException"},
		"unknown runtime":      {"CompatibleRuntimes", []string{"cobol85"}, "ValidationException"},
		"unknown architecture": {"CompatibleArchitectures", []string{"riscv"}, "ValidationException"},
		"3 architectures":      {"CompatibleArchitectures", []string{"arm64", "arm64", "arm64"}, "ValidationException"},
		"no content":           {"Content", nil, "ValidationException"},
		"content elsewhere":    {"Content", object{"S3Bucket": "b", "S3Key": "k"}, "InvalidParameterValueException"},
		"empty content":        {"Content", object{}, "InvalidParameterValueException"},
		"no zip":               {"Content", object{"ZipFile": []byte("text")}, "InvalidParameterValueException"},
		"no base64":            {"Content", object{"ZipFile": "%"}, "SerializationException"},
	} {
		in := good()
		in[e.member] = e.value
		_, err := c.try("PublishLayerVersion", in)
		var refused *call.Error
		if !errors.As(err, &refused) || refused.Code != e.code {
			t.Errorf("%s: %v, want %s", name, err, e.code)
		}
	}
	c.fails("PublishLayerVersion", object{"LayerName": "l", "Content": object{"ZipFile": make([]byte, 50<<20+1)}}, 413, "RequestEntityTooLargeException",
		"Zipped size must be smaller than 52428800 bytes")
	if list := c.do("ListLayers", nil)["Layers"].([]any); len(list) != 0 {
		t.Errorf("a refused layer was published: %v", list)
	}
	in := good()
	in["CompatibleRuntimes"] = []string{"nodejs22.x", "python3.14", "java8.al2", "java17.al2023", "dotnet10", "dotnetcore3.1", "ruby4.0", "provided.al2023", "provided", "go1.x", "nodejs26.x", "python3.15"}
	c.do("PublishLayerVersion", in)
}

func TestUnzippedSizeIsLimited(t *testing.T) {
	_, c := newService(t, "")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 2 { // what the directory says is enough, none of it needs to be there
		if _, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(i), UncompressedSize64: 126 << 20}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	c.fails("PublishLayerVersion", object{"LayerName": "l", "Content": object{"ZipFile": b.Bytes()}}, 400, "InvalidParameterValueException",
		"Unzipped size must be smaller than 262144000 bytes")
}

func TestListsAreFilteredAndPaged(t *testing.T) {
	_, c := newService(t, "")
	for i := range 12 {
		runtime, architecture := []string{"nodejs24.x", "python3.14"}[i%2], []string{"arm64", "x86_64", "arm64"}[i%3]
		c.do("PublishLayerVersion", object{"LayerName": "l", "CompatibleRuntimes": []string{runtime}, "CompatibleArchitectures": []string{architecture},
			"Content": object{"ZipFile": archive(t, fmt.Sprint(i))}})
	}
	c.publish("a", "x")
	c.in("eu-west-1").publish("elsewhere", "x")

	versions := func(in object) (all []float64, pages int) {
		in["LayerName"] = "l"
		for {
			out := c.do("ListLayerVersions", in)
			pages++
			for _, entry := range out["LayerVersions"].([]any) {
				if entry.(object)["Content"] != nil || entry.(object)["CodeSha256"] != nil {
					t.Errorf("an item of the list has a digest: %v", entry)
				}
				all = append(all, entry.(object)["Version"].(float64))
			}
			if out["NextMarker"] == nil {
				return all, pages
			}
			in["Marker"] = out["NextMarker"]
		}
	}
	for _, e := range []struct {
		in    object
		want  string
		pages int
	}{
		{object{}, "[12 11 10 9 8 7 6 5 4 3 2 1]", 1},
		{object{"MaxItems": 5}, "[12 11 10 9 8 7 6 5 4 3 2 1]", 3},
		{object{"MaxItems": 1, "CompatibleRuntime": "python3.14"}, "[12 10 8 6 4 2]", 6},
		{object{"CompatibleArchitecture": "x86_64"}, "[11 8 5 2]", 1},
		{object{"CompatibleArchitecture": "x86_64", "CompatibleRuntime": "python3.14"}, "[8 2]", 1},
		{object{"CompatibleRuntime": "ruby4.0"}, "[]", 1},
	} {
		if got, pages := versions(e.in); fmt.Sprint(got) != e.want || pages != e.pages {
			t.Errorf("%v gave %v in %d pages, want %s in %d", e.in, got, pages, e.want, e.pages)
		}
	}
	out := c.do("ListLayers", object{"MaxItems": 1})
	first := out["Layers"].([]any)[0].(object)
	if first["LayerName"] != "a" || first["LayerArn"] != "arn:aws:lambda:us-east-1:111111111111:layer:a" || out["NextMarker"] == nil {
		t.Errorf("ListLayers gave %v", out)
	}
	out = c.do("ListLayers", object{"Marker": out["NextMarker"], "CompatibleRuntime": "nodejs24.x"})
	if second := out["Layers"].([]any)[0].(object); second["LayerName"] != "l" || second["LatestMatchingVersion"].(object)["Version"] != 11.0 || out["NextMarker"] != nil {
		t.Errorf("ListLayers gave %v", out)
	}
	if none := c.do("ListLayerVersions", object{"LayerName": "none"})["LayerVersions"].([]any); len(none) != 0 {
		t.Errorf("a layer that is not there has %v", none)
	}
	for _, wrong := range []object{{"MaxItems": 0}, {"MaxItems": 51}} {
		wrong["LayerName"] = "l"
		c.fails("ListLayerVersions", wrong, 400, "ValidationException", "*")
		c.fails("ListLayers", wrong, 400, "ValidationException", "*")
	}
	c.fails("ListLayers", object{"Marker": "%"}, 400, "InvalidParameterValueException", "*")
}

func TestWhatIsNotThere(t *testing.T) {
	_, c := newService(t, "")
	c.publish("l", "x")
	const gone = "The resource you requested does not exist."
	c.fails("GetLayerVersion", object{"LayerName": "l", "VersionNumber": 2}, 404, "ResourceNotFoundException", gone)
	c.fails("GetLayerVersion", object{"LayerName": "m", "VersionNumber": 1}, 404, "ResourceNotFoundException", gone)
	c.in("eu-west-1").fails("GetLayerVersion", object{"LayerName": "l", "VersionNumber": 1}, 404, "ResourceNotFoundException", gone)
	c.fails("GetLayerVersion", object{"LayerName": "l", "VersionNumber": 0}, 400, "InvalidParameterValueException", "Layer Version Cannot be less than 1")
	c.fails("DeleteLayerVersion", object{"LayerName": "l", "VersionNumber": -1}, 400, "InvalidParameterValueException", "Layer Version Cannot be less than 1")
	c.fails("GetLayerVersionByArn", object{"Arn": "arn:aws:lambda:us-east-1:111111111111:layer:l:2"}, 404, "ResourceNotFoundException", gone)
	for _, arn := range []string{"", "l:1", "arn:aws:lambda:us-east-1:111111111111:layer:l", "arn:aws:lambda:us-east-1:111111111111:layer:l:x"} {
		c.fails("GetLayerVersionByArn", object{"Arn": arn}, 400, "ValidationException", "*")
	}
}

func TestSharingALayer(t *testing.T) {
	s, c := newService(t, "")
	c.publish("l", "x")
	const arn = "arn:aws:lambda:us-east-1:111111111111:layer:l:1"
	mayAll := `{"Statement":{"Effect":"Allow","Action":"lambda:*","Resource":"*"}}`
	mayGet := `{"Statement":{"Effect":"Allow","Action":"lambda:GetLayerVersion","Resource":"arn:aws:lambda:*:111111111111:layer:l:*"}}`
	foreign := rootOf(t, s, "222222222222")
	get := object{"Arn": arn}
	c.as(mayGet).do("GetLayerVersionByArn", get)
	c.as(mayGet).fails("PublishLayerVersion", object{"LayerName": "l", "Content": object{"ZipFile": archive(t, "x")}}, 403, "AccessDeniedException",
		"User: arn:aws:iam::111111111111:role/ci is not authorized to perform: lambda:PublishLayerVersion on resource: arn:aws:lambda:us-east-1:111111111111:layer:l"+
			" because no identity-based policy allows the lambda:PublishLayerVersion action")
	foreign.fails("GetLayerVersionByArn", get, 403, "AccessDeniedException", "*")

	add := object{"LayerName": "l", "VersionNumber": 1, "StatementId": "share", "Action": "lambda:GetLayerVersion", "Principal": "222222222222"}
	for member, value := range map[string]string{
		"StatementId": "a b", "Action": "lambda:*", "Principal": "someone", "OrganizationId": "x",
	} {
		in := object{}
		for k, v := range add {
			in[k] = v
		}
		in[member] = value
		c.fails("AddLayerVersionPermission", in, 400, "ValidationException", "*")
	}
	c.fails("GetLayerVersionPolicy", object{"LayerName": "l", "VersionNumber": 1}, 404, "ResourceNotFoundException", "No policy is associated with the given resource.")
	out := c.do("AddLayerVersionPermission", add)
	want := `{"Sid":"share","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"lambda:GetLayerVersion","Resource":"` + arn + `"}`
	if out["Statement"] != want || out["RevisionId"] == "" {
		t.Errorf("AddLayerVersionPermission gave %v", out)
	}
	foreign.do("GetLayerVersionByArn", get)
	foreign.as(mayAll).do("GetLayerVersion", object{"LayerName": "arn:aws:lambda:us-east-1:111111111111:layer:l", "VersionNumber": 1})
	foreign.as(`{"Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"*"}}`).fails("GetLayerVersionByArn", get, 403, "AccessDeniedException", "*")
	foreign.fails("DeleteLayerVersion", object{"LayerName": "arn:aws:lambda:us-east-1:111111111111:layer:l", "VersionNumber": 1}, 403, "AccessDeniedException", "*")
	rootOf(t, s, "333333333333").fails("GetLayerVersionByArn", get, 403, "AccessDeniedException", "*")

	c.fails("AddLayerVersionPermission", add, 409, "ResourceConflictException", "The statement id (share) provided already exists. Please provide a new statement id, or remove the existing statement.")
	add["StatementId"], add["RevisionId"] = "again", "another"
	c.fails("AddLayerVersionPermission", add, 412, "PreconditionFailedException", "*")
	c.fails("AddLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 9}, 404, "ResourceNotFoundException", "Layer version arn:aws:lambda:us-east-1:111111111111:layer:l:9 does not exist.")
	if policy := c.do("GetLayerVersionPolicy", object{"LayerName": "l", "VersionNumber": 1}); !strings.Contains(policy["Policy"].(string), want) || policy["RevisionId"] != out["RevisionId"] {
		t.Errorf("GetLayerVersionPolicy gave %v", policy)
	}
	c.fails("RemoveLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 1, "StatementId": "other"}, 404, "ResourceNotFoundException", "*")
	c.do("RemoveLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 1, "StatementId": "share"})
	foreign.fails("GetLayerVersionByArn", get, 403, "AccessDeniedException", "*")
	for _, principal := range []string{"*", "arn:aws:iam::222222222222:root"} {
		c.do("AddLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 1, "StatementId": "again", "Action": "lambda:GetLayerVersion", "Principal": principal})
		foreign.do("GetLayerVersionByArn", get)
		c.do("RemoveLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 1, "StatementId": "again"})
	}
	c.do("AddLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 1, "StatementId": "org", "Action": "lambda:GetLayerVersion", "Principal": "*", "OrganizationId": "o-0123456789"})
	foreign.fails("GetLayerVersionByArn", get, 403, "AccessDeniedException", "*")
	c.fails("AddLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 1, "StatementId": "org2", "Action": "lambda:GetLayerVersion", "Principal": account, "OrganizationId": "o-0123456789"},
		400, "InvalidParameterValueException", "*")
}

// A layer version that is shared with more and more accounts comes to a limit, and still works then.
func TestPolicyOfALayerIsLimited(t *testing.T) {
	_, c := newService(t, t.TempDir())
	c.do("PublishLayerVersion", object{"LayerName": "l", "Content": object{"ZipFile": archive(t, "a")}})
	id := object{"LayerName": "l", "VersionNumber": 1}
	add := object{"LayerName": "l", "VersionNumber": 1, "Action": "lambda:GetLayerVersion", "Principal": "222222222222"}
	const most = 20 << 10 // bytes
	for i := range most {
		add["StatementId"] = fmt.Sprintf("%0100d", i)
		_, err := c.try("AddLayerVersionPermission", add)
		if err == nil {
			continue
		}
		c.fails("AddLayerVersionPermission", add, 400, "PolicyLengthExceededException", "*")
		break
	}
	policy := c.do("GetLayerVersionPolicy", id)["Policy"].(string)
	if len(policy) > most || len(policy) < most-500 {
		t.Errorf("the policy has %d bytes", len(policy))
	}
	c.do("RemoveLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 1, "StatementId": fmt.Sprintf("%0100d", 0)})
	c.do("AddLayerVersionPermission", add)
	c.do("DeleteLayerVersion", id)
}

func TestStateSurvivesASnapshot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layers")
	s, c := newService(t, dir)
	c.publish("l", "one")
	c.publish("l", "two")
	c.publish("m", "two")
	c.do("AddLayerVersionPermission", object{"LayerName": "l", "VersionNumber": 2, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"})
	c.do("DeleteLayerVersion", object{"LayerName": "l", "VersionNumber": 1})
	if err := os.WriteFile(filepath.Join(dir, strings.Repeat("0", 64)+".zip.new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s: %v, %v", file.Name(), info.Mode(), err)
		}
	}
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(snapshot, []byte(base64.StdEncoding.EncodeToString(archive(t, "two"))[:40])) {
		t.Error("the snapshot has an archive in it")
	}

	other, d := newService(t, dir)
	if err := other.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if files, err = os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d archives are kept, want 1 (%v)", len(files), err)
	}
	out := d.do("GetLayerVersion", object{"LayerName": "l", "VersionNumber": 2})
	if w := fetch(other, http.MethodGet, out["Content"].(object)["Location"].(string)); !bytes.Equal(w.Body.Bytes(), archive(t, "two")) {
		t.Errorf("after Restore the link gave %d", w.Code)
	}
	d.do("GetLayerVersionPolicy", object{"LayerName": "l", "VersionNumber": 2})
	if got := d.publish("l", "three")["Version"]; got != 3.0 {
		t.Errorf("after Restore the next version is %v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, files[0].Name()), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := fetch(other, http.MethodGet, out["Content"].(object)["Location"].(string)); w.Code != http.StatusNotFound {
		t.Errorf("a damaged archive was handed out: %d", w.Code)
	}
	for _, damaged := range []string{``, `{"layers":[null]}`, `{"layers":[{"arn":"x"}]}`, `{"layers":[{"arn":"arn:aws:lambda:us-east-1:111111111111:layer:l","last":1,"versions":[{"number":2,"digest":"x"}]}]}`} {
		if err := other.Restore(json.RawMessage(damaged)); err == nil {
			t.Errorf("Restore accepted %s", damaged)
		}
	}
	if err := other.Restore(json.RawMessage(`{"layers":[]}`)); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("after a reset %d archives are left (%v)", len(files), err)
	}
}
