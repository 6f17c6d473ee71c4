package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/audit"
)

// defaultSince is the default of --since.
const defaultSince = "7d"

func (a *app) auditCommand() *cli.Command {
	return &cli.Command{
		Name:     "audit",
		Category: console.OnlyLooks,
		Usage:    "find out from CloudTrail who has opened which documents",
		UsageText: "bundle audit [--manifest FILE] --env NAME... [--since TIME] [--layer FILE...] [options]\n" +
			"bundle audit [--manifest FILE] --env NAME --events FILE|DIR... [--layer FILE...] [options]\n" +
			"bundle audit [--manifest FILE] --env NAME --athena TABLE [--since TIME]",
		Description: "bundle audit --manifest secrets.hcl --env prod\n" +
			"bundle audit --env prod --since 30d --layer new.zip --layer old.zip\n" +
			"bundle audit --env prod --events trail --exit-code\n" +
			"bundle audit --env prod --athena cloudtrail_logs --since 90d > query.sql",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("since", "TIME", "how far to look back: a number of days such as 7d, a duration such as 36h, or a date and time such as 2026-11-01T00:00:00Z; with --events, default: the first record", defaultSince),
			&cli.StringSliceFlag{Name: "layer", Usage: "a layer, to tell which documents are in it, besides the published layers of the manifest; can be repeated, the newest first (`FILE`)"},
			&cli.StringSliceFlag{Name: "events", Usage: "read these files of a trail, or all in this folder, instead of calling AWS: JSON, or compressed with gzip; can be repeated (`FILE|DIR`)"},
			console.TextFlag("athena", "TABLE", "do not look, but print the query for this Athena table of a trail", ""),
			console.KeyAccountFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.MarkdownFlag(),
			console.ReportFlag(),
			console.ExitCodeFlag(),
			console.DebugFlag(),
		}),
		Action: a.audit,
	}
}

func (a *app) audit(c *cli.Context) error {
	if err := cmp.Or(console.NoArguments(c), a.OneForm(c)); err != nil {
		return err
	}
	table, events := console.Text(c, "athena"), c.StringSlice("events")
	offline := table != "" || len(events) > 0
	switch {
	case table != "" && (len(events) > 0 || c.IsSet("layer") || c.Bool("exit-code")):
		return console.Usagef("--athena only prints a query: remove --events, --layer and --exit-code")
	case table != "" && !audit.IsTable(table):
		return console.Usagef("--athena %q is not the name of a table: write it as TABLE or DATABASE.TABLE", table)
	case offline && console.Given(c, "endpoint-url"):
		return console.Usagef("--events and --athena make no calls: remove --endpoint-url")
	}
	now := time.Now().UTC()
	since, err := sinceOf(console.Text(c, "since"), now)
	if err != nil {
		return err
	}
	if len(events) > 0 && !console.Given(c, "since") {
		since = time.Time{}
	}
	files, err := eventFiles(events)
	if err != nil {
		return err
	}
	kept, err := auditedLayers(c.StringSlice("layer"))
	if err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest", Offline: offline})
	if err != nil {
		return err
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  !offline,
		Rights: awsenv.LookingRights,
		Gather: func(r *view.Several, results []any, _ bool) { r.Audits = results },
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			if table != "" {
				return func(context.Context, *console.Console, *batch.Work) (view.Result, error) {
					return view.NewQuery(t.Environment, t.Region, queryOf(t, table, since, now)), nil
				}, nil
			}
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				run := &pipeline.Audit{Scope: scope(c, t, w), Since: since, Until: now, Files: files, Kept: kept}
				if offline {
					run.Account, run.Until = accountOf(t), time.Time{}
				} else {
					s := w.Session
					run.Keys, run.History, run.Policies, run.Versions = s.Keys, s.Events, s.Doctor, s.Layers.At(s.Pace)
				}
				found, problems := run.Run(ctx)
				w.Observer.Finish()
				if len(problems) > 0 {
					return nil, console.Failed(problems)
				}
				report := view.NewAudit(t.Environment, t.Region, found)
				report.AWSCalls, report.DurationMS = w.Spent()
				return report, nil
			}, nil
		},
	})
}

// sinceOf reads --since.
func sinceOf(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		if at.After(now) {
			return at, console.Usagef("--since %s is in the future", text)
		}
		return at.UTC(), nil
	}
	d, err := time.ParseDuration(text)
	if days, is := strings.CutSuffix(text, "d"); is {
		var n int
		if n, err = strconv.Atoi(days); n > 36_500 {
			err = errors.New("too long")
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return now, console.Usagef("--since %q is not a time: write a number of days such as 7d, a duration such as 36h, or a date and time such as 2026-11-01T00:00:00Z", text)
	}
	return now.Add(-d), nil
}

// eventFiles lists the files of --events.
func eventFiles(paths []string) (all []string, err error) {
	for _, path := range paths {
		files, err := audit.Files(path)
		var missing *fs.PathError
		switch {
		case errors.As(err, &missing):
			return nil, console.Usagef("--events %s cannot be read: %v", path, missing.Err)
		case err != nil:
			return nil, console.Usagef("--events %s cannot be read: %v", path, err)
		case len(files) == 0:
			return nil, console.Usagef("--events %s is a folder without files whose names end in .json or .json.gz", path)
		}
		all = append(all, files...)
	}
	return all, nil
}

// auditedLayers reads the layers of --layer.
func auditedLayers(paths []string) (all []pipeline.KeptLayer, err error) {
	for _, path := range paths {
		layer, _, err := target.ReadLayer(path)
		if err != nil {
			return nil, err
		}
		all = append(all, pipeline.KeptLayer{Path: path, Documents: layer.Documents})
	}
	return all, nil
}

// accountOf is the account of the keys of a target.
func accountOf(t *target.Target) string {
	if t.Manifest.Environment.Embedded.Value != "" {
		return awsenv.EmbeddedAccount
	}
	return t.Manifest.Environment.AccountID.Value
}

func queryOf(t *target.Target, table string, since, until time.Time) string {
	q := audit.Query{
		Table: table, Bundle: t.Manifest.Bundle.Name.Value, Environment: t.Environment, Account: accountOf(t), Region: t.Region, Since: since, Until: until,
	}
	for _, fn := range t.Manifest.Functions {
		q.Functions = append(q.Functions, fn.Name.Value)
	}
	return q.SQL()
}
