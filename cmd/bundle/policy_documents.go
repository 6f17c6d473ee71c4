package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
)

func documentsFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "documents", Usage: "for kind key: only the functions' documents in these layers open from then on, separated by commas; can be repeated. Roles of --break-glass open all (`FILE`)"}
}

// keptLayers reads the layers of --documents. It returns nil without the flag.
func keptLayers(c *cli.Context, kind string) ([]pipeline.KeptLayer, error) {
	if !c.IsSet("documents") {
		return nil, nil
	}
	if kind != policy.KindKey {
		return nil, console.Usagef("--documents is for --kind key: only the policy of a key revokes documents")
	}
	var layers []pipeline.KeptLayer
	for _, paths := range c.StringSlice("documents") {
		for path := range strings.SplitSeq(paths, ",") {
			if path == "" {
				return nil, console.Usagef("--documents %q has an empty name: write FILE or FILE,FILE", paths)
			}
			layer, _, err := target.ReadLayer(path)
			if err != nil {
				return nil, err
			}
			layers = append(layers, pipeline.KeptLayer{Path: path, Documents: layer.Documents})
		}
	}
	return layers, nil
}

// hintReplicas says where else old documents open, if a key is a multi-Region key.
func (a *app) hintReplicas(documents []policy.Written) {
	hinted := map[string]bool{}
	for _, d := range documents {
		if !arn.MultiRegion(d.Key) || hinted[d.Key] {
			continue
		}
		hinted[d.Key] = true
		a.Hint("key %s is a multi-Region key. Each of its replicas opens the same documents and has a policy of its own: "+
			"put such a policy on the key in each of its Regions, or old layers open there", d.Key)
	}
}
