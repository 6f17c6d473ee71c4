package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSessionOfARole(t *testing.T) {
	const head = `
bundle { name = "payments" }
variable "team" { default = "Zahlungsverkehr für alle" }
function "hello" {
  kms_key = "alias/hello"
  secret "DB" { parameter = "/payments/db" }
}
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/build"
`
	for name, tt := range map[string]struct {
		attributes string
		want       Session
	}{
		"nothing": {"", Session{}},
		"null":    {"session_name = null\nexternal_id = null\nsource_identity = null\ntags = null", Session{}},
		"no tags": {"tags = {}", Session{}},
		"all": {`
session_name    = "bundle-${environment.name}"
external_id     = "a+=,.@:/-_1"
source_identity = "release"
tags            = { team = var.team, "cost center" = "", (upper("x")) = "1" }`, Session{
			Name: text("bundle-prod"), ExternalID: text("a+=,.@:/-_1"), SourceIdentity: text("release"),
			Tags: []Tag{{"X", text("1")}, {"cost center", text("")}, {"team", text("Zahlungsverkehr für alle")}},
		}},
		"as short as may be": {`
session_name    = "nn"
external_id     = "ee"
source_identity = "ss"`, Session{Name: text("nn"), ExternalID: text("ee"), SourceIdentity: text("ss")}},
		"at the limits": {`
session_name    = "` + strings.Repeat("n", 64) + `"
external_id     = "` + strings.Repeat("e", 1224) + `"
source_identity = "` + strings.Repeat("s", 256) + `"
tags            = { "` + strings.Repeat("ü", 128) + `" = "` + strings.Repeat("ü", 256) + `" }`, Session{
			Name: text(strings.Repeat("n", 64)), ExternalID: text(strings.Repeat("e", 1224)), SourceIdentity: text(strings.Repeat("s", 256)),
			Tags: []Tag{{strings.Repeat("ü", 128), text(strings.Repeat("ü", 256))}},
		}},
	} {
		got := evaluate(t, head+tt.attributes+"\n}\n", "prod", Options{})
		if diff := cmp.Diff(tt.want, got.Environment.Session, withoutRanges); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}
