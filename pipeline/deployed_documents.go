package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// opened returns the document that a function opens, or nil, as step 2 of "What a helper does" in docs/runtime.md.
func opened(documents []*sealed.Document, name string, settings publish.Settings) *sealed.Document {
	var of []*sealed.Document
	for _, d := range documents {
		switch {
		case settings.Document == "" && d.Header.Name == name, settings.Document != "" && d.Header.Name == settings.Document:
			return d
		case settings.Document != "" && d.Header.Function == settings.Document:
			of = append(of, d)
		}
	}
	if settings.Document == "" && !settings.Unread {
		of = documents // which is used if it is the only one
	}
	if len(of) != 1 {
		return nil
	}
	return of[0]
}

// compare finds the stale secrets of the rows that can be called without naming a number, and what their pins mean.
func (d *Deployed) compare(ctx context.Context, result *DeployedResult, newest *layerbuild.Layer) problem.Problems {
	layers := map[int64]*layerbuild.Layer{result.Newest: newest}
	for _, one := range result.Functions {
		if _, seen := layers[one.Attached]; seen || one.Attached == 0 || one.Qualifier == "" || one.Deleted {
			continue
		}
		older, problems := d.older(ctx, result.Layer, one.Attached)
		if len(problems) > 0 {
			return problems
		}
		layers[one.Attached] = older
	}
	documents, problems := d.state(ctx, result, layers)
	if len(problems) > 0 {
		return problems
	}
	for i := range result.Functions {
		one := &result.Functions[i]
		if one.Attached == 0 || one.Qualifier == "" {
			continue
		}
		layer := layers[one.Attached]
		if layer == nil {
			one.Unread = true
			continue
		}
		document := opened(layer.Documents, one.Name, one.Settings)
		if document == nil {
			one.Unread = true
			continue
		}
		change, compared := documents[document]
		if one.Unread = !compared; compared && change.Action != plan.Carry {
			one.Stale = change.Reasons
		}
		one.Pin = pinOf(one.Settings.SHA256, document, opened(newest.Documents, one.Name, one.Settings))
	}
	return nil
}

func pinOf(digest string, attached, newest *sealed.Document) Pin {
	switch {
	case digest == "":
		return ""
	case digest != attached.SHA256():
		return PinBreaks
	case newest != nil && digest == newest.SHA256():
		return PinFits
	}
	return PinHolds
}

// older fetches a version of the layer. There is none if it is not a layer of this bundle and environment, or cannot be read.
func (d *Deployed) older(ctx context.Context, layer string, number int64) (*layerbuild.Layer, problem.Problems) {
	ref := publish.Ref{Layer: d.Published.Layer, Version: number}
	v, err := d.Versions.Find(ctx, ref)
	var content []byte
	if err == nil {
		content, err = d.Versions.Download(ctx, v)
	}
	switch {
	case errors.Is(err, publish.ErrNoLayer), errors.Is(err, publish.ErrDamaged):
		return nil, nil
	case err != nil:
		return nil, problem.Problems{layerProblem(nil, publish.Ref{Layer: layer, Version: number}.String(), err, "")}
	}
	older := d.Status
	older.Published, older.Name, older.Content = nil, v.ARN, content
	read, problems := older.open(ctx)
	if len(problems) == 0 {
		problems = older.checkAccount(ctx, read)
	}
	if len(problems) > 0 {
		return nil, nil //nolint:nilerr // it is of another bundle, environment or account, which is what the row says
	}
	return read, nil
}

// state compares the documents of the newest version, and those of older ones that a row has, with the parameters, which it reads
// once for all.
func (d *Deployed) state(ctx context.Context, result *DeployedResult, layers map[int64]*layerbuild.Layer) (map[*sealed.Document]plan.Change, problem.Problems) {
	newest := layers[result.Newest]
	documents := slices.Clone(newest.Documents)
	for _, number := range slices.Sorted(maps.Keys(layers)) {
		if layers[number] == nil || number == result.Newest {
			continue
		}
		for _, one := range result.Functions {
			if one.Attached != number || one.Qualifier == "" {
				continue
			}
			if doc := opened(layers[number].Documents, one.Name, one.Settings); doc != nil && !slices.Contains(documents, doc) {
				documents = append(documents, doc)
			}
		}
	}
	found, problems := d.find(ctx, documents, len(newest.Documents))
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	result.StatusResult = d.result(newest.Documents, found)
	states := map[*sealed.Document]plan.Change{}
	for i, document := range documents {
		if found.unread[i] {
			continue
		}
		for _, change := range found.changes(documents[i:i+1], i) {
			states[document] = change
		}
	}
	return states, nil
}
