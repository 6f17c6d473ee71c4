package pipeline

import (
	"testing"
	"time"

	"github.com/whispering/bundle/pipeline/audit"
)

func TestWhatAnAuditReports(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	fine := DocumentUse{Row: audit.Row{Document: "a", Opened: 2, LastOpened: day(3)}}
	change := func(f func(*DocumentUse)) DocumentUse {
		one := fine
		f(&one)
		return one
	}
	all := []AuditedFunction{{Name: "hello", Opened: true}}
	for name, c := range map[string]struct {
		result AuditResult
		want   bool
	}{
		"as expected":           {AuditResult{Functions: all, Openings: []DocumentUse{fine}}, false},
		"nobody opened":         {AuditResult{Functions: []AuditedFunction{{Name: "hello"}}}, true},
		"unsure":                {AuditResult{Functions: all, Openings: []DocumentUse{fine}, Unsure: []string{"x"}}, true},
		"not compared":          {AuditResult{Functions: all, Openings: []DocumentUse{fine}, Unknown: []string{"x"}}, false},
		"old":                   {AuditResult{Functions: all, Openings: []DocumentUse{change(func(o *DocumentUse) { o.Old = true })}}, true},
		"old, and revoked":      {AuditResult{Functions: all, Openings: []DocumentUse{change(func(o *DocumentUse) { o.Old, o.Revoked = true, true })}}, false},
		"denied":                {AuditResult{Functions: all, Openings: []DocumentUse{change(func(o *DocumentUse) { o.Denied = 1 })}}, true},
		"by someone not named":  {AuditResult{Functions: all, Openings: []DocumentUse{change(func(o *DocumentUse) { o.Foreign = true })}}, true},
		"failed, which is fine": {AuditResult{Functions: all, Openings: []DocumentUse{change(func(o *DocumentUse) { o.Failed = 1 })}}, false},
	} {
		if got := c.result.Notable(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestKeysInARegion(t *testing.T) {
	for key, want := range map[string]string{
		"arn:aws:kms:us-east-1:222222222222:key/mrk-0123456789abcdef0123456789abcdef": "arn:aws:kms:eu-west-1:222222222222:key/mrk-0123456789abcdef0123456789abcdef",
		"arn:aws:kms:us-east-1:222222222222:key/00000000-0000-4000-8000-000000000000": "arn:aws:kms:us-east-1:222222222222:key/00000000-0000-4000-8000-000000000000",
	} {
		if got := inRegion(key, "eu-west-1"); got != want {
			t.Errorf("%s is %s", key, got)
		}
	}
}
