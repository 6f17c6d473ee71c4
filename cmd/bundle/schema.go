package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline/manifest"
)

// What bundle schema describes.
const (
	manifestSchema = "manifest"
	guardSchema    = "guard"
)

func schemas() []string { return []string{manifestSchema, guardSchema} }

func (a *app) schemaCommand() *cli.Command {
	return &cli.Command{
		Name:      "schema",
		Category:  console.OnlyLooks,
		Usage:     "print the JSON schema of a manifest or guard file in JSON, for editors",
		UsageText: "bundle schema [manifest|guard]",
		ArgsUsage: strings.Join(schemas(), "|"),
		Description: "bundle schema >secrets.schema.json\n" +
			"bundle schema guard >guard.schema.json",
		Action: a.schema,
	}
}

func (a *app) schema(c *cli.Context) error {
	of := manifestSchema
	if c.Args().Present() {
		what, err := console.OneArgument(c, "one of "+strings.Join(schemas(), ", "))
		if err != nil {
			return err
		}
		of = what
	}
	if !slices.Contains(schemas(), of) {
		return console.Usagef("there is no schema of %q. Write one of %s.", of, strings.Join(schemas(), ", "))
	}
	return a.PrintVerbatim("the schema", manifest.JSONSchema(of == guardSchema))
}
