package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) publishCommand() *cli.Command {
	return &cli.Command{
		Name:      "publish",
		Usage:     "publish a layer under the manifest's name for it, unless the newest version has the same content",
		UsageText: "bundle publish --manifest secrets.hcl --env prod --layer layer.zip",
		Flags: []cli.Flag{
			manifestFlag(),
			envFlag(),
			varFlag(),
			textFlag("layer", "FILE", "the layer", "layer.zip"),
			timeoutFlag(),
			endpointFlag(),
			jsonFlag(),
			debugFlag(),
		},
		Action: a.publish,
	}
}

// A publishReport is the result of bundle publish as --json prints it.
type publishReport struct {
	FormatVersion int            `json:"format_version"`
	Changed       bool           `json:"changed"` // a version was made
	Embedded      bool           `json:"embedded"`
	Environment   string         `json:"environment"`
	Region        string         `json:"region"`
	Layer         layerReport    `json:"layer"`
	Name          string         `json:"name"`
	Version       int64          `json:"version"`
	ARN           string         `json:"arn"` // of the version
	AWSCalls      map[string]int `json:"aws_calls"`
	DurationMS    int64          `json:"duration_ms"`
}

func (a *app) publish(c *cli.Context) error {
	started := time.Now()
	if err := noArguments(c); err != nil {
		return err
	}
	module, m, err := a.openTrusted(c)
	if err != nil {
		return err
	}
	path := text(c, "layer")
	layer, content, err := readLayer(path)
	if err != nil {
		return err
	}
	ctx, s, end, err := a.begin(c, module, m)
	if err != nil {
		return err
	}
	defer end()
	bar := a.newProgress()
	p := &pipeline.Publication{
		Manifest: m, Account: s.account, Caller: s.caller, Layers: s.layers, Observer: bar,
		From: path, Layer: layer, Content: content,
	}
	published, problems := p.Run(ctx)
	bar.finish()
	if len(problems) > 0 {
		return &failure{problems: problems} // that nothing was done cannot always be said
	}
	return a.renderPublish(&publishReport{
		FormatVersion: 1, Changed: published.Changed, Embedded: m.Environment.Embedded.Value != "",
		Environment: m.Environment.Name.Value, Region: m.Environment.Regions[0].Value,
		Layer: layerReport{path, pipeline.Digest(content), len(content)},
		Name:  published.Name, Version: published.Version.Number, ARN: published.Version.ARN,
		AWSCalls: s.calls.Snapshot(), DurationMS: time.Since(started).Milliseconds(),
	}, c.Bool("json"))
}

func (a *app) renderPublish(r *publishReport, asJSON bool) error {
	what := "is published already: the newest version has the same content"
	if r.Changed {
		what = "was published"
	}
	if err := a.handOverARN(r, what); err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(r)
	}
	a.hint("%s %s", r.Layer.Path, what)
	_, err := fmt.Fprintln(a.stdout, r.ARN)
	return err
}

// handOverARN tells later steps of a workflow what to attach.
func (a *app) handOverARN(r *publishReport, what string) error {
	if !a.inActions() {
		return nil
	}
	a.summarise(fmt.Sprintf("### bundle publish: %s %s\n\n| version | bytes | sha256 |\n|---|---|---|\n| `%s` | %d | %s |\n\n",
		actions.Cell(r.Layer.Path), what, r.ARN, r.Layer.Bytes, r.Layer.SHA256))
	path := a.getenv("GITHUB_OUTPUT")
	if path == "" {
		return nil
	}
	return actions.WriteOutputs(path, []actions.Output{
		{Name: "changed", Value: fmt.Sprint(r.Changed)}, {Name: "arn", Value: r.ARN}, {Name: "version", Value: fmt.Sprint(r.Version)},
		{Name: "sha256", Value: r.Layer.SHA256}, {Name: "layer", Value: r.Layer.Path},
	})
}
