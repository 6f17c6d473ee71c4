package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/policy"
)

func otherLayerFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "other-layer", Usage: "for kind rollout: versions of another layer that functions have beside the bundle's; the version can be *; can be repeated (`ARN`)"}
}

// layerPattern is the ARN of a version of a layer, or a pattern for all of them; AWS's own layers have no version.
var layerPattern = lazyregexp.New(`^arn:aws[a-z-]*:lambda:([a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]{1,140}:([1-9][0-9]{0,18}|\*)|::awslayer:[A-Za-z0-9_-]{1,140})$`)

// otherLayers returns the layers of --other-layer.
func otherLayers(c *cli.Context, kind string) ([]string, error) {
	all := c.StringSlice("other-layer")
	if len(all) > 0 && kind != policy.KindRollout {
		return nil, console.Usagef("--other-layer is for --kind rollout: only that role attaches layers")
	}
	if i := slices.IndexFunc(all, func(s string) bool { return !layerPattern.MatchString(s) }); i >= 0 {
		return nil, console.Usagef("--other-layer %q is not the ARN of a layer version: write arn:aws:lambda:REGION:ACCOUNT:layer:NAME:*", all[i])
	}
	return all, nil
}
