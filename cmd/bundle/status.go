package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/publish"
)

func (a *app) statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "tell whether a layer is stale: whether its parameters have changed since it was made",
		UsageText: "bundle status layer.zip\nbundle status arn:aws:lambda:REGION:ACCOUNT:layer:NAME[:VERSION]\n" +
			"bundle status --manifest secrets.hcl --env prod [LAYER]   (without LAYER: what is published)",
		Flags: []cli.Flag{
			manifestFlag(),
			envFlag(),
			varFlag(),
			tpsFlag(),
			timeoutFlag(),
			endpointFlag(),
			jsonFlag(),
			exitCodeFlag(),
			debugFlag(),
		},
		Action: a.status,
	}
}

func (a *app) status(c *cli.Context) error {
	started := time.Now()
	s := &pipeline.Status{}
	module, m, err := a.statusOf(c, s)
	if err != nil {
		return err
	}
	ctx, session, end, err := a.begin(c, module, m)
	if err != nil {
		return err
	}
	defer end()
	bar := a.newProgress()
	s.Caller, s.Parameters, s.Layers, s.Observer = session.caller, session.parameters, session.layers, bar
	result, problems := s.Run(ctx)
	bar.finish()
	if len(problems) > 0 {
		return &failure{problems: problems}
	}
	report := newStatusReport(result)
	report.AWSCalls, report.DurationMS = session.calls.Snapshot(), time.Since(started).Milliseconds()
	if s.Manifest == nil && report.Stale {
		a.hint("without the manifest, a secret that is pinned to an older version counts as stale; name it with --manifest")
	}
	if err := a.renderStatus(report, c.Bool("json")); err != nil {
		return err
	}
	if report.Stale && c.Bool("exit-code") {
		return errDifferences
	}
	return nil
}

// statusOf says which layer it is about, and returns the manifest: where none
// is named, one that says no more than where the layer is from.
func (a *app) statusOf(c *cli.Context, s *pipeline.Status) (*manifest.Module, *manifest.Manifest, error) {
	layer := ""
	if c.Args().Present() {
		var err error
		if layer, err = oneArgument(c, "a layer"); err != nil {
			return nil, nil, err
		}
	}
	if strings.HasPrefix(layer, "arn:") {
		ref, err := publish.ParseARN(layer)
		if err != nil {
			return nil, nil, usagef("%v", err)
		}
		s.Published = &ref
	} else if layer != "" {
		content, err := pipeline.ReadLimited(layer)
		if err != nil {
			return nil, nil, usagef("the layer cannot be read: %v", err)
		}
		s.Name, s.Content = layer, content
	}
	if layer != "" && !given(c, "manifest") {
		m, err := standIn(s)
		if err == nil {
			err = a.refuseUntrusted(m)
		}
		return nil, m, err
	}
	module, m, err := a.open(c)
	if err == nil {
		err = a.refuseUntrusted(m)
	}
	if err != nil {
		return nil, nil, err
	}
	if layer == "" {
		if m.Bundle.Layer.Value == "" {
			return nil, nil, usagef("name a layer: the manifest has no one name that it is published under: %s", strings.ReplaceAll(c.Command.UsageText, "\n", ", "))
		}
		s.Published = &publish.Ref{Layer: m.Bundle.Layer.Value}
	}
	s.Manifest = m
	return module, m, nil
}

// standIn is a manifest that says where a layer's parameters are, and nothing
// else.
func standIn(s *pipeline.Status) (*manifest.Manifest, error) {
	region, account := "", ""
	if s.Published != nil {
		region, account = s.Published.Region, strings.Split(s.Published.Layer, ":")[4]
	} else {
		layer, err := layerbuild.Read(s.Content)
		switch {
		case err != nil:
			return nil, failed(pipeline.Problems{{Kind: pipeline.Integrity, Diagnostic: hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Layer refused", Detail: fmt.Sprintf("%s: %v.", s.Name, err),
			}}})
		case len(layer.Documents) == 0:
			return nil, usagef("%s holds no function's secrets", s.Name)
		}
		region, account = layer.Documents[0].Region(), layer.Documents[0].Account()
	}
	if account == sealed.EmbeddedAccount {
		return nil, usagef("the embedded AWS sealed this layer: name the manifest beside its state with --manifest, and --env")
	}
	m := &manifest.Manifest{}
	m.Environment.AccountID.Value = account
	m.Environment.Regions = []manifest.Text{{Value: region}}
	return m, nil
}

// A statusReport is the result of bundle status as --json prints it.
type statusReport struct {
	FormatVersion int              `json:"format_version"`
	Stale         bool             `json:"stale"`
	Layer         layerReport      `json:"layer"` // path is the ARN of a published one
	Bundle        string           `json:"bundle"`
	Environment   string           `json:"environment"`
	Region        string           `json:"region"`
	Functions     []statusFunction `json:"functions"`
	AWSCalls      map[string]int   `json:"aws_calls"`
	DurationMS    int64            `json:"duration_ms"`
}

type statusFunction struct {
	Function string         `json:"function"`
	Name     string         `json:"name"`
	Stale    bool           `json:"stale"`
	Since    *time.Time     `json:"since"` // the earliest date of what changed; null where nothing has one
	Reasons  []statusReason `json:"reasons"`
}

type statusReason struct {
	planReason
	Modified *time.Time `json:"modified"` // of the version that there is now; null where there is none
}

func newStatusReport(result *pipeline.StatusResult) *statusReport {
	r := &statusReport{
		FormatVersion: 1,
		Layer:         layerReport{result.Name, pipeline.Digest(result.Content), len(result.Content)},
		Bundle:        result.Header.Bundle, Environment: result.Header.Environment, Region: result.Region,
	}
	for _, change := range result.Changes {
		f := statusFunction{
			Function: change.Previous.Header.Function, Name: change.Name, Stale: change.Action != plan.Carry, Reasons: []statusReason{},
		}
		for _, reason := range change.Reasons {
			s := statusReason{planReason: planReason{reason.Secret, reason.What, reason.From, reason.To}}
			if now, ok := change.Want.Header.Source(reason.Secret); ok {
				s.Modified = &now.Modified
				if f.Since == nil || now.Modified.Before(*f.Since) {
					f.Since = &now.Modified
				}
			}
			f.Reasons = append(f.Reasons, s)
		}
		r.Stale = r.Stale || f.Stale
		r.Functions = append(r.Functions, f)
	}
	return r
}

func (a *app) renderStatus(r *statusReport, asJSON bool) error {
	rows := r.rows()
	if err := a.handOverStatus(r, rows); err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(r)
	}
	if err := a.table(append([][]string{{"FUNCTION", "STATE", "SINCE", "BECAUSE"}}, rows...)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "\n%s\nstale=%t\n", r.Layer.Path, r.Stale)
	return err
}

// rows are what there is to say of each function.
func (r *statusReport) rows() [][]string {
	var rows [][]string
	for _, f := range r.Functions {
		state, since := "current", ""
		if f.Stale {
			state = "stale"
		}
		if f.Since != nil {
			since = f.Since.Format(time.RFC3339)
		}
		var because []string
		for _, reason := range f.Reasons {
			because = append(because, plan.Reason{Secret: reason.Secret, What: reason.What, From: shortARN(reason.From), To: shortARN(reason.To)}.String())
		}
		rows = append(rows, []string{f.Function, state, since, strings.Join(because, "; ")})
	}
	return rows
}
