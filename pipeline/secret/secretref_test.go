package secret

import (
	"errors"
	"strings"
	"testing"
)

func TestParseSecretRefKeepsNamesAsTheyAre(t *testing.T) {
	long, uuid := strings.Repeat("x", MaxSecretName), "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1"
	for _, tt := range []struct {
		name, stage, id string
		want            Ref
	}{
		{"prod/db", "", "", Ref{SecretsManager, "prod/db", "AWSCURRENT", ""}},
		{"/prod/db", "", "", Ref{SecretsManager, "/prod/db", "AWSCURRENT", ""}},
		{"/x", "", "", Ref{SecretsManager, "/x", "AWSCURRENT", ""}},
		{"prod//db/", "", "", Ref{SecretsManager, "prod//db/", "AWSCURRENT", ""}},
		{"rds!cluster-1a2b3c4d", "AWSPREVIOUS", "", Ref{SecretsManager, "rds!cluster-1a2b3c4d", "AWSPREVIOUS", ""}},
		{"a_b+c=d.e@f-g!", "my stage", "", Ref{SecretsManager, "a_b+c=d.e@f-g!", "my stage", ""}},
		{"db", "", uuid, Ref{SecretsManager, "db", "", uuid}},
		{"db", "AWSCURRENT", uuid, Ref{SecretsManager, "db", "AWSCURRENT", uuid}},
		{"db", "", "terraform-20250627043834191900000095", Ref{SecretsManager, "db", "", "terraform-20250627043834191900000095"}},
		{"db", uuid, "", Ref{SecretsManager, "db", uuid, ""}},
		{"db", strings.Repeat("é", MaxStage), strings.Repeat("._-z", 16), Ref{SecretsManager, "db", strings.Repeat("é", MaxStage), strings.Repeat("._-z", 16)}},
		{"aws/db", "", "", Ref{SecretsManager, "aws/db", "AWSCURRENT", ""}},
		{"ssm", "", "", Ref{SecretsManager, "ssm", "AWSCURRENT", ""}},
		{"arn", "", "", Ref{SecretsManager, "arn", "AWSCURRENT", ""}},
		{"prod/db-AbCdEf", "", "", Ref{SecretsManager, "prod/db-AbCdEf", "AWSCURRENT", ""}},
		{long, "", "", Ref{SecretsManager, long, "AWSCURRENT", ""}},
	} {
		got, err := ParseSecretRef(tt.name, tt.stage, tt.id)
		if err != nil || got != tt.want || got.Bare() != (Ref{Store: SecretsManager, Name: tt.name}) {
			t.Errorf("ParseSecretRef(%q, %q, %q) = %+v, %v, want %+v", tt.name, tt.stage, tt.id, got, err, tt.want)
		}
	}
}

func TestSecretNamesAreRefusedWithReasonAndRemedy(t *testing.T) {
	const aARN = "arn:aws:secretsmanager:us-west-2:222222222222:secret:"
	const id = "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1"
	for _, tt := range []struct{ in, reason, remedy string }{
		{"", "has no name", "write the secret's name"},
		{aARN + "prod/db-AbC123", "is an ARN", `write secretsmanager = "prod/db"; secrets are read from the environment's own account and region`},
		{aARN + "/prod/db-AbC123", "is an ARN", `write secretsmanager = "/prod/db";`},
		{aARN + "prod/db", "is an ARN", `write secretsmanager = "prod/db";`},
		{aARN + "prod/db-secret", "is an ARN", `write secretsmanager = "prod/db", or "prod/db-secret" if the ARN lacks`},
		{aARN + "rds!cluster-1-AbC123", "is an ARN", `write secretsmanager = "rds!cluster-1";`},
		{aARN + "prod/db-AbC123:password::", "is an ARN", `write secretsmanager = "prod/db" and field = "password", each on a line of its own;`},
		{aARN + "prod/db-AbC123:db.password::", "is an ARN", `"prod/db" and field = ["db.password"], each`},
		{aARN + "prod/db-AbC123:password:AWSPREVIOUS:", "is an ARN", `"prod/db", field = "password" and version_stage = "AWSPREVIOUS", each`},
		{aARN + "prod/db-AbC123:::" + id, "is an ARN", `"prod/db" and version_id = "` + id + `", each`},
		{aARN + "prod/db-AbC123:a b:AWSPENDING:7", "is an ARN", `"prod/db", field = "…" and version_id = "…"`},
		{"arn:aws:ssm:us-west-2:222222222222:parameter/prod/db", "is an ARN", "write the secret's name"},
		{"ARN:AWS:secretsmanager:x", "is an ARN", "own account and region"},
		{"arn:aws:secretsmanager:us-west-2:222222222222:secret:", "is an ARN", "write the name alone"},
		{"prod/db:AWSPREVIOUS", "contains a colon", `write secretsmanager = "prod/db" and version_stage = "AWSPREVIOUS"`},
		{"prod/db:AWSCURRENT", "contains a colon", `write secretsmanager = "prod/db"`},
		{"prod/db:" + id, "contains a colon", `and version_id = "` + id + `"`},
		{"prod/db:password", "contains a colon", `write secretsmanager = "prod/db", and field = "password" or version_stage = "password", whichever is meant`},
		{"prod/db:password:AWSPREVIOUS:" + id, "contains a colon", `field = "password" and version_id = "` + id + `"`},
		{"prod/db:SecretString:password", "contains a colon", `"prod/db" and field = "password"`},
		{"prod/db:", "contains a colon", `write secretsmanager = "prod/db"`},
		{":x", "contains a colon", "write the name alone"},
		{"{{resolve:secretsmanager:prod/db}}", "is a dynamic reference of CloudFormation", `write secretsmanager = "prod/db"`},
		{"{{resolve:secretsmanager:prod/db:SecretString:password:AWSPREVIOUS}}", "is a dynamic reference", `"prod/db", field = "password" and version_stage = "AWSPREVIOUS"`},
		{"{{resolve:secretsmanager:" + aARN + "prod/db-AbC123:SecretString:password::" + id + "}}", "is a dynamic reference", `"prod/db", field = "password" and version_id`},
		{"{{resolve:ssm:/prod/db:1}}", "refers to Parameter Store", "write parameter ="},
		{"{{resolve:ssm-secure:/prod/db}}", "refers to Parameter Store", "write parameter ="},
		{"{{name}}", "contains an unfilled placeholder", "${…}"},
		{"prod/${x}", "contains '$'", "letters, digits"},
		{"/aws/reference/secretsmanager/prod/db", "is a reference of Parameter Store", `write secretsmanager = "prod/db"`},
		{"/AWS/reference/SecretsManager/prod/db:" + id, "is a reference of Parameter Store", `version_id = "` + id + `"`},
		{"prod db", "contains white space", "remove it"},
		{" db", "contains white space", "remove it"},
		{"db\n", "contains white space", "remove it"},
		{"db#1", "contains '#'", "letters, digits"},
		{"dé", "contains 'é'", "letters, digits"},
		{"d\x00", `contains '\x00'`, "letters, digits"},
		{"d\xff", "contains '�'", "letters, digits"},
		{strings.Repeat("x", MaxSecretName+1), "is 513 characters long", "at most 512"},
	} {
		refused(t, tt.in, CheckSecretName(tt.in), "secret", tt.reason, tt.remedy)
	}
}

func TestStagesAndVersionIDsAreRefused(t *testing.T) {
	for _, tt := range []struct{ in, reason, remedy string }{
		{"", "has no name", "AWSCURRENT"},
		{"AWSPENDING", "is that of a version that a rotation is making: it may have no value", `write version_stage = "AWSCURRENT"`},
		{" AWSCURRENT", "begins or ends with white space", "remove it"},
		{"{{stage}}", "contains an unfilled placeholder", "${…}"},
		{strings.Repeat("s", MaxStage+1), "is 257 characters long", "at most 256"},
	} {
		refused(t, tt.in, CheckStage(tt.in), "stage", tt.reason, tt.remedy)
	}
	for _, tt := range []struct{ in, reason, remedy string }{
		{"", "is 0 characters long", "32 to 64"},
		{"7", "is a number", "does not number versions"},
		{"AWSPREVIOUS", "is 11 characters long", "for a stage, write version_stage"},
		{strings.Repeat("x", 31), "is 31 characters long", "32 to 64"},
		{strings.Repeat("x", 65), "is 65 characters long", "32 to 64"},
		{strings.Repeat("x", 32) + ":", "contains ':'", "version_stage"},
		{strings.Repeat("x", 32) + " ", "contains ' '", "letters, digits"},
	} {
		refused(t, tt.in, CheckVersionID(tt.in), "version ID", tt.reason, tt.remedy)
	}
	_, err := ParseSecretRef("a b", "AWSPENDING", "7")
	for _, want := range []string{"white space", "a rotation is making", "is a number"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: not all is reported", err)
		}
	}
}

func refused(t *testing.T, in string, err error, what, reason, remedy string) {
	t.Helper()
	var e *RefError
	if !errors.As(err, &e) {
		t.Errorf("%q: %v, want a *RefError", in, err)
		return
	}
	if e.What != what || !strings.Contains(e.Reason, reason) || !strings.Contains(e.Remedy, remedy) {
		t.Errorf("%s %q: reason %q, remedy %q, want %q, %q", e.What, in, e.Reason, e.Remedy, reason, remedy)
	}
	if len(e.Error()) > 600 || strings.ContainsAny(e.Error(), "\n\x00\x1b") {
		t.Errorf("%q: unprintable message %q", in, e.Error())
	}
}

// What could be a password is not in a message, not even a part of it.
func TestWhatCouldBeAValueIsNotShown(t *testing.T) {
	for _, in := range []string{"hunter2canary x", "hunter2canary%", "user:hunter2canary$", "a@b:hunter2canary", "hunter2canary!:x", "P@hunter2canary:x:y"} {
		var e *RefError
		if err := CheckSecretName(in); !errors.As(err, &e) || strings.Contains(e.Error()+e.Remedy, "hunter2canary") {
			t.Errorf("%q: %v; %s", in, err, e.Remedy)
		}
	}
}

func TestNamesThatEndLikeAnARN(t *testing.T) {
	for name, want := range map[string]string{
		"prod/db-AbCdEf": "prod/db", "prod/db-a1b2c3": "prod/db", "db-xYzxyz": "db", "a-b-1x2y3z": "a-b", "db-ABC12a": "db",
		"prod/db-secret": "", "prod/db-Master": "", "prod/db-SECRET": "", "db-123456": "", "db-prod01": "", "db-AbCdE": "", "db-AbCdEfG": "", "-AbCdEf": "", "AbCdEf": "",
		"db-AbC/Ef": "", "db-AbC.Ef": "", "prod/db": "", "": "",
	} {
		without, copied := CopiedSuffix(name)
		if copied != (want != "") || copied && without != want {
			t.Errorf("%q: %q, %t", name, without, copied)
		}
	}
}

func TestDoubtfulStages(t *testing.T) {
	for stage, want := range map[string]string{
		"AWSCURRENT": "", "AWSPREVIOUS": "", "stable": "", "": "", strings.Repeat("stage", 7): "",
		"awscurrent": `"AWSCURRENT"`, "AwsPrevious": `"AWSPREVIOUS"`, "awspending": `"AWSPENDING"`, "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1": "version_id",
	} {
		if got := DoubtStage(stage); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q", stage, got)
		}
	}
}

func FuzzParseSecretRef(f *testing.F) {
	for _, s := range []string{"", "/", "prod/db", "/prod/db", "rds!cluster-1", "a:b:c:d", "arn:aws:secretsmanager:r:1:secret:x-AbCdEf:k:s:i", "{{resolve:secretsmanager:a:SecretString:k}}", "/aws/reference/secretsmanager/x:y", "x-AbCdEf", "\xff"} {
		f.Add(s, "AWSCURRENT", "")
		f.Add("db", s, s)
	}
	f.Fuzz(func(t *testing.T, name, stage, id string) {
		ref, err := ParseSecretRef(name, stage, id)
		if err != nil {
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				var e *RefError
				if !errors.As(err, &e) || e.What == "" || e.Reason == "" || e.Remedy == "" {
					t.Fatalf("%q, %q, %q: %v has no reason or remedy", name, stage, id, err)
				}
			}
			return
		}
		if ref.Name != name || ref.ID != id || ref.Store != SecretsManager || ref.Selector == "" && id == "" {
			t.Fatalf("%q, %q, %q: %+v", name, stage, id, ref)
		}
		if strings.ContainsAny(name+id, ": \n") || len(name) > MaxSecretName {
			t.Fatalf("%q and %q are accepted", name, id)
		}
	})
}
