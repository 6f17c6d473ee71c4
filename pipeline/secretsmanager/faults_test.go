package secretsmanager

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
)

const gets, describes = "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"

// What the embedded AWS can do wrong: nothing of it is accepted, or shown.
func TestFaultsOfTheEmbeddedAWS(t *testing.T) {
	edit := func(member, value string) awslocal.Fault {
		f := awslocal.Fault{Kind: awslocal.Edit, Member: member}
		if value != "" {
			f.Value = json.RawMessage(value)
		}
		return f
	}
	server, as := embedded(t)
	prepare(t, server, as("admin"))
	for name, tt := range map[string]struct {
		fault awslocal.Fault
		want  error
	}{
		"{}":                     {awslocal.Fault{Kind: awslocal.Empty}, ErrReply},
		"an empty body":          {awslocal.Fault{Kind: awslocal.NoBody}, ErrReply},
		"a GiB":                  {awslocal.Fault{Kind: awslocal.Flood}, ErrReply},
		"a reply twice":          {awslocal.Fault{Kind: awslocal.Double}, ErrReply},
		"another name":           {edit("Name", `"prod/other"`), ErrReply},
		"another account":        {edit("ARN", `"arn:aws:secretsmanager:us-west-2:333333333333:secret:prod/db-a1B2c3"`), ErrReply},
		"half of a character":    {edit("Name", `"\udcff"`), ErrReply},
		"no ARN":                 {edit("ARN", ""), ErrReply},
		"a page of a proxy":      {awslocal.Fault{Kind: awslocal.HTML}, ErrUnavailable},
		"a redirect":             {awslocal.Fault{Kind: awslocal.Redirect, Location: "http://127.0.0.1:1/"}, ErrUnavailable},
		"a reset connection":     {awslocal.Fault{Kind: awslocal.Reset}, ErrUnavailable},
		"a reply that is cut":    {awslocal.Fault{Kind: awslocal.Cut}, ErrUnavailable},
		"half of a reply":        {awslocal.Fault{Kind: awslocal.Truncate}, ErrUnavailable},
		"no answer":              {awslocal.Fault{Kind: awslocal.Hang}, ErrUnavailable},
		"throttling":             {awslocal.Fault{Kind: awslocal.Fail, Code: "ThrottlingException"}, ErrUnavailable},
		"an internal error":      {awslocal.Fault{Kind: awslocal.Fail, Status: 500, Code: "InternalServiceError"}, ErrUnavailable},
		"expired credentials":    {awslocal.Fault{Kind: awslocal.Fail, Code: "ExpiredTokenException"}, ErrCredentials},
		"a command to the CI":    {awslocal.Fault{Kind: awslocal.Fail, Code: "::error::x", Message: "\n::set-output name=x::y"}, ErrUnavailable},
		"a repeated value":       {awslocal.Fault{Kind: awslocal.Fail, Code: "ValidationException", Message: "fake two"}, ErrReply},
		"a date that is none":    {edit("CreatedDate", `1795853654914`), ErrReply},
		"a date of a version":    {edit("LastChangedDate", `"fake two"`), ErrReply},
		"stages that are a text": {edit("VersionStages", `"fake two"`), ErrReply},
		"stages in a list":       {edit("VersionIdsToStages", `["fake two"]`), ErrReply},
	} {
		for operation, only := range map[string]string{gets: "LastChangedDate VersionIdsToStages", describes: "CreatedDate VersionStages"} {
			if tt.fault.Member != "" && strings.Contains(only, tt.fault.Member) {
				continue
			}
			fault := tt.fault
			fault.Operation = operation
			server.ClearFaults()
			server.Inject(fault)
			s := New(as("reader"), Options{Account: awslocal.Account})
			s.pacer.Patience = 0
			read := s.Read
			if operation == describes {
				read = s.Versions
			}
			ctx, cancel := context.WithCancel(t.Context())
			if fault.Kind == awslocal.Hang {
				ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
			}
			results, err := collect(t, func(got func(Result)) error { return read(ctx, named("prod/db"), got) })
			cancel()
			r := results[at("prod/db", Current, "")]
			if err == nil {
				err = r.Err
			}
			if !errors.Is(err, tt.want) || r.Secret.Value.Len() > 0 || strings.Contains(err.Error(), "fake") || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "::") {
				t.Errorf("%s to %s: %v, want %v", name, operation, err, tt.want)
			}
		}
	}
}

// The stage moves between the description and the read.
func TestAStageThatMovesIsNotRead(t *testing.T) {
	server, as := embedded(t)
	s := New(as("admin"), Options{Account: awslocal.Account})
	found, err := collect(t, func(got func(Result)) error { return s.Versions(t.Context(), named("prod/db"), got) })
	v := found[at("prod/db", Current, "")].Secret.Version
	if err != nil || v.ID == "" {
		t.Fatal(err)
	}
	server.Inject(awslocal.Fault{Operation: gets, Kind: awslocal.MoveStage, Key: "prod/db", Nth: 1})
	later := at(v.ARN, Current, v.ID)
	results, err := collect(t, func(got func(Result)) error { return s.Read(t.Context(), named(), got) })
	if err != nil || len(results) != 0 {
		t.Errorf("nothing was asked for: %d results, %v", len(results), err)
	}
	results, err = collect(t, func(got func(Result)) error { return s.Read(t.Context(), append(named(), later), got) })
	if r := results[later]; err != nil || !errors.Is(r.Err, ErrChanged) || r.Secret.Value.Len() > 0 {
		t.Errorf("%v, %v", r.Err, err)
	}
}
