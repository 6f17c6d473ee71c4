package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/audit"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
)

// audit makes an audit as a role, and returns what was not compared. It fails as the audit does.
func (w *world) audit(as aws.Config) (unknown []string, failed string) {
	w.Helper()
	b, now := w.build(as), time.Now()
	run := &pipeline.Audit{
		Scope: b.Scope, Since: now.Add(-time.Hour), Until: now, Keys: seal.New(as), History: audit.New(as, audit.NewPace()), Policies: doctor.New(as),
		Versions: publish.New(as, awslocal.Account),
	}
	found, problems := run.Run(w.Context())
	if len(problems) > 0 {
		return nil, problems[0].Summary + ": " + problems[0].Detail
	}
	for _, f := range found.Functions {
		if !f.Opened {
			w.Errorf("the opening of %s is not seen", f.Name)
		}
	}
	for _, o := range found.Openings {
		if o.Foreign {
			w.Errorf("%+v", o)
		}
	}
	return found.Unknown, ""
}

func TestAuditPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	w := newWorld(t, modes{})
	trails := cloudtrail.NewFromConfig(w.admin)
	if _, err := trails.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String("b")}); err != nil {
		t.Fatal(err)
	}
	w.putKeyPolicies(same)
	for _, d := range w.documents() { // publishes, so that there is a layer to find
		role, err := w.setting.Function(d.Header.Function)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.open(w.role(d.Header.Function, role), d); err != nil {
			t.Fatal(err)
		}
	}
	document := w.setting.Audit()
	if unknown, failed := w.audit(w.role("auditor", document)); failed != "" || len(unknown) > 0 {
		t.Fatalf("%s\n%s", failed, strings.Join(unknown, "\n"))
	}
	all := lessened(document)
	if len(all) < 8 {
		t.Errorf("only %d permissions", len(all))
	}
	for what, less := range all {
		if unknown, failed := w.audit(w.role("auditor", less)); failed == "" && len(unknown) == 0 {
			t.Errorf("nothing is lacking without %s", what)
		}
	}
}

// The policy lets nobody open, seal or change anything.
func TestAuditPolicyOnlyLooks(t *testing.T) {
	w := newWorld(t, modes{})
	for _, s := range w.setting.Audit().Statement {
		for _, action := range s.Action {
			_, verb, _ := strings.Cut(action, ":")
			if !strings.HasPrefix(verb, "Get") && !strings.HasPrefix(verb, "List") && !strings.HasPrefix(verb, "Describe") && verb != "LookupEvents" {
				t.Errorf("it allows %s", action)
			}
		}
	}
	if _, err := w.setting.InFolders(policy.KindAudit, 1); err != nil {
		t.Error(err)
	}
}
