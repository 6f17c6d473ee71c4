package secretsmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/secret"
)

// canary is in every value, and in everything of a bad reply that could be one.
const canary = "cAnArY7f3a9e"

// A bad reply is one that AWS should never send. Its body is a reply with changes, or a text.
type bad struct {
	change map[string]any
	body   string
}

func with(name string, value any) bad { return bad{change: map[string]any{name: value}} }

// everywhere are the changes that no reply of any operation may have.
func everywhere() map[string]bad {
	long := strings.Repeat("a", 300)
	return map[string]bad{
		"no name": with("Name", nil), "an empty name": with("Name", ""), "a name of another type": with("Name", 7), "a list as a name": with("Name", []string{canary}),
		"another name": with("Name", canary), "a longer name": with("Name", "prod/db2"), "a name in another case": with("Name", "Prod/db"), "a slash before the name": with("Name", "/prod/db"),
		"a name and a suffix": with("Name", "prod/db-a1B2c3"), "a name with a control character": with("Name", "prod/db\x1b[2J"+canary), "a name with NUL": with("Name", "prod/db\x00"),
		"a value as a name": with("Name", "value "+canary), "a long name": with("Name", "prod/db"+long),
		"no ARN": with("ARN", nil), "an empty ARN": with("ARN", ""), "a number as ARN": with("ARN", 7), "a name as ARN": with("ARN", "prod/db"),
		"an ARN without a suffix": with("ARN", place+"prod/db"), "an ARN with a short suffix": with("ARN", place+"prod/db-a1B2c"),
		"an ARN with a long suffix": with("ARN", place+"prod/db-a1B2c3d"), "an ARN with another suffix": with("ARN", place+"prod/db-a1B2c_"),
		"an ARN of another name": with("ARN", place+canary+"-a1B2c3"), "an ARN of a name in another case": with("ARN", place+"prod/DB-a1B2c3"),
		"an ARN of another account": with("ARN", "arn:aws:secretsmanager:us-west-2:333333333333:secret:prod/db-a1B2c3"),
		"an ARN of no account":      with("ARN", "arn:aws:secretsmanager:us-west-2::secret:prod/db-a1B2c3"),
		"an ARN of another region":  with("ARN", "arn:aws:secretsmanager:eu-west-1:222222222222:secret:prod/db-a1B2c3"),
		"an ARN of China":           with("ARN", "arn:aws-cn:secretsmanager:us-west-2:222222222222:secret:prod/db-a1B2c3"),
		"an ARN of GovCloud":        with("ARN", "arn:aws-us-gov:secretsmanager:us-west-2:222222222222:secret:prod/db-a1B2c3"),
		"an ARN of another service": with("ARN", "arn:aws:ssm:us-west-2:222222222222:secret:prod/db-a1B2c3"),
		"an ARN of a parameter":     with("ARN", "arn:aws:secretsmanager:us-west-2:222222222222:parameter:prod/db-a1B2c3"),
		"an ARN with NUL":           with("ARN", place+"prod/db\x00-a1B2c3"), "an ARN with a line": with("ARN", place+"prod/db-a1B2c3\n"),
		"an ARN and a version": with("ARN", place+"prod/db-a1B2c3:"+second),
		"a value as ARN":       with("ARN", "value "+canary), "a value in the ARN": with("ARN", "arn:aws:secretsmanager:"+canary+":222222222222:secret:prod/db-a1B2c3"),
		"an empty body": {body: " "}, "null": {body: "null"}, "a list": {body: `["` + canary + `"]`}, "a text": {body: `"` + canary + `"`}, "a number": {body: "7"},
		"an empty object": {body: "{}"}, "two documents": {body: `{"Name":"prod/db"}{"Name":"` + canary + `"}`},
		"a name that comes twice":  {body: `{"Name":"prod/db","Name":"` + canary + `","ARN":"` + place + `prod/db-a1B2c3"}`},
		"an ARN that comes twice":  {body: `{"Name":"prod/db","ARN":"` + place + `prod/db-a1B2c3","ARN":"` + canary + `"}`},
		"not UTF-8":                {body: "{\"Name\":\"prod/db\",\"ARN\":\"\xff" + canary + "\"}"},
		"half of a surrogate pair": {body: `{"Name":"prod/db\ud800","ARN":"` + canary + `"}`},
		"more than a megabyte":     {body: `{"Name":"prod/db","x":"` + strings.Repeat(canary, 100000) + `"}`},
	}
}

func badDescriptions() map[string]bad {
	stages := func(s any) bad { return with("VersionIdsToStages", s) }
	all := everywhere()
	for name, b := range map[string]bad{
		"versions as a list": stages([]string{canary}), "versions as a text": stages(canary), "stages as a text": stages(map[string]any{second: canary}),
		"stages as numbers": stages(map[string]any{second: []int{7}}), "an empty stage": stages(map[string]any{second: []string{""}}),
		"a stage with a control character": stages(map[string]any{second: []string{"AWSCURRENT", "x\x1b" + canary}}), "a stage with a line": stages(map[string]any{second: []string{canary + "\n"}}),
		"a stage with NUL": stages(map[string]any{second: []string{"x\x00"}}), "a long stage": stages(map[string]any{second: []string{strings.Repeat(canary, 30)}}),
		"a stage at two versions": stages(map[string]any{first: []string{"AWSCURRENT"}, second: []string{"AWSCURRENT"}}), "a stage twice": stages(map[string]any{first: []string{"AWSCURRENT", "AWSCURRENT"}}),
		"a version twice":    {body: `{"Name":"prod/db","ARN":"` + place + `prod/db-a1B2c3","VersionIdsToStages":{"` + first + `":["AWSCURRENT"],"` + first + `":["` + canary + `"]}}`},
		"a key that is none": with("KmsKeyId", canary+" \n"), "a key of another type": with("KmsKeyId", map[string]any{}), "an owner that is none": with("OwningService", canary+"\x00"),
		"a date that is a text": with("LastChangedDate", canary), "a date before 1970": with("NextRotationDate", -1), "a date after 2261": with("LastRotatedDate", 1e15),
		"a deletion that is a text": with("DeletedDate", "2025-11-01T00:00:00Z"), "a deletion before 1970": with("DeletedDate", -5), "rotation as a text": with("RotationEnabled", "true"),
		"a region that is none": with("PrimaryRegion", canary+" "), "replicas as an object": with("ReplicationStatus", map[string]any{}), "a replica that is a text": with("ReplicationStatus", []string{canary}),
		"a replica without a region": with("ReplicationStatus", []any{map[string]any{"Status": "InSync"}}), "a replica in no state": with("ReplicationStatus", []any{map[string]any{"Region": "eu-west-1", "Status": canary}}),
		"a primary secret that is none": with("CrossAccountPrimary", map[string]any{"PrimarySecretARN": canary}), "a primary secret without ARN": with("CrossAccountPrimary", map[string]any{}),
		"a primary secret of a parameter": with("CrossAccountPrimary", map[string]any{"PrimarySecretARN": "arn:aws:ssm:us-west-2:222222222222:parameter/" + canary}),
	} {
		all[name] = b
	}
	return all
}

func badValues() map[string]bad {
	all := everywhere()
	for name, b := range map[string]bad{
		"no version": with("VersionId", nil), "an empty version": with("VersionId", ""), "a version of another type": with("VersionId", 7), "a short version": with("VersionId", canary),
		"a long version": with("VersionId", strings.Repeat("x", 65)), "a version with a blank": with("VersionId", canary+strings.Repeat(" x", 15)), "a version with a control character": with("VersionId", second+"\x1b"),
		"a version with NUL": with("VersionId", second+"\x00"), "a version with a slash": with("VersionId", second+"/"),
		"no stages": with("VersionStages", nil), "an empty list of stages": with("VersionStages", []string{}), "another stage": with("VersionStages", []string{canary}),
		"the stage in another case": with("VersionStages", []string{"awscurrent"}), "stages as a text": with("VersionStages", "AWSCURRENT"), "stages as numbers": with("VersionStages", []int{7}), "a stage that is null": with("VersionStages", []any{"AWSCURRENT", nil}),
		"no date": with("CreatedDate", nil), "a date that is a text": with("CreatedDate", canary), "a date before 1970": with("CreatedDate", -1), "a date after 2261": with("CreatedDate", 9.3e9), "a date that is true": with("CreatedDate", true),
		"no value": with("SecretString", nil), "an empty value": with("SecretString", ""), "a value of another type": with("SecretString", map[string]any{"x": canary}), "a value that is a number": with("SecretString", 7),
		"two values": with("SecretBinary", "Y0FuQXJZN2YzYTll"), "bytes that are not base64": {change: map[string]any{"SecretString": nil, "SecretBinary": canary + "!"}}, "bytes as a list": {change: map[string]any{"SecretString": nil, "SecretBinary": []int{1}}},
		"empty bytes": {change: map[string]any{"SecretString": nil, "SecretBinary": ""}}, "a value that is too long": with("SecretString", strings.Repeat("x", MaxValue-len(canary)+1)+canary),
		"bytes that are too long":    {change: map[string]any{"SecretString": nil, "SecretBinary": strings.Repeat("AAAA", MaxValue/3+1)}},
		"a value that comes twice":   {body: strings.Replace(text(value("prod/db")), `"SecretString"`, `"SecretString":"`+canary+`","SecretString"`, 1)},
		"a version that comes twice": {body: strings.Replace(text(value("prod/db")), `"VersionId"`, `"VersionId":"`+first+`","VersionId"`, 1)},
		"half a pair in the value":   {body: strings.Replace(text(value("prod/db")), `"value of `, `"\udc00`+canary, 1)},
	} {
		all[name] = b
	}
	return all
}

func text(reply map[string]any) string {
	b, _ := json.Marshal(reply)
	return string(b)
}

// reply returns the answer with a bad reply in place of a good one.
func (b bad) reply(good map[string]any) answer {
	if b.body != "" {
		return answer{200, b.body}
	}
	if _, ok := good["SecretString"]; ok {
		good["SecretString"] = "value of prod/db " + canary
	}
	return answer{200, changed(good, b.change)}
}

// held checks that a result has nothing of a bad reply.
func held(t *testing.T, what string, r Result, err error) {
	t.Helper()
	if r.Err == nil {
		r.Err = err
	}
	if r.Err == nil || r.Secret.Value.Len() != 0 || r.Secret.Version != (secret.Version{}) || r.Secret.Stages != nil || r.Secret.Key != "" {
		t.Errorf("%s is taken: %v", what, r.Err)
		return
	}
	if !errors.Is(r.Err, ErrReply) {
		t.Errorf("%s: %v", what, r.Err)
	}
	shown := fmt.Sprintf("%v %+v %#v %q", r.Err, r, r, r.Err)
	if strings.Contains(shown, canary) || strings.Contains(r.Err.Error(), "value of prod") || strings.ContainsAny(r.Err.Error(), "\x00\x1b\n") {
		t.Errorf("%s is shown: %v", what, r.Err)
	}
}

func TestBadDescriptionsAreRefused(t *testing.T) {
	for name, b := range badDescriptions() {
		f := newFake(t, func(request) answer { return b.reply(description("prod/db")) })
		results, err := f.versions(t, named("prod/db")...)
		held(t, name, results[named("prod/db")[0]], err)
	}
}

func TestBadValuesAreRefused(t *testing.T) {
	replies := badValues()
	if len(replies) < 60 {
		t.Errorf("only %d replies", len(replies))
	}
	for name, b := range replies {
		f := newFake(t, func(request) answer { return b.reply(value("prod/db")) })
		results, err := f.read(t, named("prod/db")...)
		held(t, name, results[named("prod/db")[0]], err)
	}
}

// A later read is held to the ARN and the version that the first one found.
func TestLaterReadsRepeatTheVersion(t *testing.T) {
	later, pin := at(place+"prod/db-a1B2c3", Current, second), at("prod/db", "", second)
	for name, b := range map[string]bad{
		"another suffix": with("ARN", place+"prod/db-zzzzzz"), "another version": with("VersionId", first), "another name": with("Name", "prod/db-a1B2c3"),
		"the version is nowhere": with("VersionStages", []string{"AWSPREVIOUS"}),
	} {
		f := newFake(t, func(request) answer { return b.reply(value("prod/db")) })
		results, err := f.read(t, later, pin)
		held(t, name, results[later], err)
		if name == "another version" {
			held(t, name+" than the pin", results[pin], err)
		}
	}
}

// What is not from AWS, or was cut short, ends the whole read.
func TestWhatEveryCallWouldMeetStopsTheRead(t *testing.T) {
	for name, tt := range map[string]struct {
		answer answer
		want   error
		text   string
	}{
		"throttled":     {refusal("ThrottlingException", "Rate exceeded"), ErrUnavailable, "ThrottlingException (request id " + requestID + ")"},
		"internal":      {answer{500, map[string]any{"__type": "InternalServiceError"}}, ErrUnavailable, "InternalServiceError"},
		"503 HTML":      {answer{503, "<html>" + canary}, ErrUnavailable, "HTTP status 503"},
		"200 HTML":      {answer{200, "<html>" + canary}, ErrUnavailable, "HTTP status 200"},
		"302":           {answer{302, ""}, ErrUnavailable, "HTTP status 302"},
		"truncated":     {answer{200, text(value("prod/db"))[:200] + canary}, ErrUnavailable, "cut short"},
		"not JSON":      {answer{200, `{"SecretString":` + canary + `}`}, ErrUnavailable, "not from AWS"},
		"empty":         {answer{500, ""}, ErrUnavailable, "HTTP status 500"},
		"expired":       {refusal("ExpiredTokenException", canary), ErrCredentials, "expired"},
		"unknown key":   {refusal("UnrecognizedClientException", canary), ErrCredentials, "does not recognize the access key id"},
		"bad signature": {refusal("InvalidSignatureException", canary), ErrCredentials, "InvalidSignatureException"},
	} {
		f := newFake(t, func(request) answer { return tt.answer })
		for what, read := range map[string]func(*testing.T, ...secret.Ref) (map[secret.Ref]Result, error){"Read": f.read, "Versions": f.versions} {
			results, err := read(t, numbered(50)...)
			if !errors.Is(err, tt.want) || len(results) != 0 || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), canary) {
				t.Errorf("%s: %s: %d results, %v, want %v: %q", name, what, len(results), err, tt.want, tt.text)
			}
		}
	}
}
