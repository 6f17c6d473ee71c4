package console

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/pipeline"
)

// A once is the value of a flag that can be set only once. urfave/cli would silently
// drop the first of two values.
type once struct {
	value string
	set   bool
}

func (o *once) Set(s string) error {
	switch {
	case o.set:
		return errors.New("is set twice")
	case s == "":
		return errors.New("has an empty value (is a variable unset?)")
	}
	o.value, o.set = s, true
	return nil
}

func (o *once) String() string { return o.value }

// Once returns the value of a flag that can be set only once, for flags that TextFlag does not make.
func Once() cli.Generic { return &once{} }

// TextFlag returns a flag with a string value.
func TextFlag(name, placeholder, usage, value string) cli.Flag {
	return &cli.GenericFlag{Name: name, Usage: usage + " (`" + placeholder + "`)", Value: &once{value: value}, DefaultText: value}
}

// Text returns the value of a flag of TextFlag; "" if the command does not have the
// flag.
func Text(c *cli.Context, name string) string {
	if flag, ok := c.Generic(name).(*once); ok {
		return flag.value
	}
	return ""
}

// HasText reports whether the command has a flag of TextFlag with that name.
func HasText(c *cli.Context, name string) bool {
	_, ok := c.Generic(name).(*once)
	return ok
}

// Given reports whether a flag of TextFlag was set on the command line.
func Given(c *cli.Context, name string) bool { return c.Generic(name).(*once).set }

// A many is the value of a flag that can be repeated, but not with the same value.
type many struct{ values []string }

func (m *many) Set(s string) error {
	switch {
	case s == "":
		return errors.New("has an empty value (is a variable unset?)")
	case slices.Contains(m.values, s):
		return fmt.Errorf("%q is set twice", s)
	}
	m.values = append(m.values, s)
	return nil
}

func (m *many) String() string { return strings.Join(m.values, ", ") }

// List returns the values of a flag that can be repeated; none if the command does
// not have the flag.
func List(c *cli.Context, name string) []string {
	if flag, ok := c.Generic(name).(*many); ok {
		return flag.values
	}
	return nil
}

// Timeout returns the value of --timeout.
func Timeout(c *cli.Context) (time.Duration, error) {
	d, err := time.ParseDuration(Text(c, "timeout"))
	if err != nil || d <= 0 {
		return 0, Usagef("--timeout %q is not a duration. Write one such as 90s or 10m", Text(c, "timeout"))
	}
	return d, nil
}

// Pace returns the value of --ssm-tps in calls per second; nil for the quota of AWS,
// also if the command does not have the flag.
func Pace(c *cli.Context) (*float64, error) {
	tps := Text(c, "ssm-tps")
	if tps == "" {
		return nil, nil
	}
	rate, err := strconv.ParseFloat(tps, 64)
	if err != nil || !(rate >= 0 && rate <= 1e6) {
		return nil, Usagef("--ssm-tps %q is not a number. Write the calls per second, such as 20", tps)
	}
	return &rate, nil
}

// Flags that several commands have.

// ManifestFlag returns --manifest, which names the manifest.
func ManifestFlag() cli.Flag {
	return TextFlag("manifest", "FILE", "the manifest file, or a folder of manifest files", DefaultManifest)
}

// DefaultManifest is the default of --manifest.
const DefaultManifest = "secrets.hcl"

// OutFlag is the name of the flag for the layer to write, as in messages.
const OutFlag = "--out"

// EnvironmentFlags choose environments.
func EnvironmentFlags() []cli.Flag {
	return environmentFlags("an environment; can be repeated; default: BUNDLE_ENV, else the manifest's default_environment")
}

// OnlyEnvironmentFlags choose environments for a command whose default is all of them.
func OnlyEnvironmentFlags() []cli.Flag {
	return environmentFlags("only this environment; can be repeated; default: every environment, regardless of BUNDLE_ENV")
}

func environmentFlags(usage string) []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "env", Value: &many{}, Usage: usage + " (`NAME`)"},
		&cli.BoolFlag{Name: "all", Usage: "all environments in real accounts"},
	}
}

// TargetFlags choose environments and their regions.
func TargetFlags() []cli.Flag {
	return append(EnvironmentFlags(),
		&cli.GenericFlag{Name: "region", Value: &many{}, Usage: "only this region; can be repeated (`NAME`)"})
}

// FunctionsFlag returns --function for commands that work on layers, which chooses those of functions.
func FunctionsFlag() cli.Flag {
	return &cli.GenericFlag{Name: "function", Value: &many{},
		Usage: "if each function has its own layer, only the layers of these functions, separated by commas; can be repeated (`NAMES`)"}
}

// Functions returns the names of FunctionsFlag; none if it is not set.
func Functions(c *cli.Context) ([]string, error) {
	var all []string
	for _, value := range List(c, "function") {
		for name := range strings.SplitSeq(value, ",") {
			switch {
			case name == "":
				return nil, Usagef("--function %q has an empty name: separate names by single commas", value)
			case slices.Contains(all, name):
				return nil, Usagef("--function names %q twice", name)
			}
			all = append(all, name)
		}
	}
	return all, nil
}

// Chooses reports whether a flag was set that needs a manifest.
func Chooses(c *cli.Context) bool {
	return len(List(c, "env")) > 0 || len(List(c, "region")) > 0 || len(List(c, "function")) > 0 || c.Bool("all") || len(c.StringSlice("var")) > 0
}

// LayerFlag returns the flag that names the layer to read.
func LayerFlag(usage string) cli.Flag { return TextFlag("layer", "FILE", usage, DefaultLayer) }

// DefaultLayer is the default of --layer.
const DefaultLayer = "layer.zip"

// VarFlag returns --var, which sets a variable of the manifest.
func VarFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "var", Usage: "the value of a variable; also BUNDLE_VAR_NAME (`NAME=VALUE`)"}
}

// PreviousFlag returns --previous, which names the layer to carry over from.
func PreviousFlag() cli.Flag {
	return TextFlag("previous", "LAYER", "the layer to carry unchanged documents over from: auto (the file at --out, else the published layer), "+
		"a file, the ARN of a published layer, or none", pipeline.PreviousAuto)
}

// PreviousDigestFlag returns --previous-sha256, which pins the previous layer.
func PreviousDigestFlag() cli.Flag {
	return DigestFlag("previous-sha256", "only carry over from the layer with this SHA-256")
}

// BlindFlag returns --blind, which requires that every function is blind.
func BlindFlag() cli.Flag {
	return &cli.BoolFlag{Name: "blind", Usage: "refuse the run unless every function is blind: no secret is ever decrypted"}
}

// TPSFlag returns --ssm-tps, the pace of calls to Parameter Store.
func TPSFlag() cli.Flag {
	return TextFlag("ssm-tps", "N", "maximum Parameter Store calls per second; default: the AWS quota; 0 for no limit", "")
}

// TimeoutFlag returns --timeout, the time that a run can take.
func TimeoutFlag() cli.Flag { return TextFlag("timeout", "DURATION", "give up after this long", "10m") }

// EndpointFlag returns --endpoint-url, which sends all calls to one address.
func EndpointFlag() cli.Flag {
	return TextFlag("endpoint-url", "URL", "send all calls to this endpoint instead of AWS", "")
}

// ExitCodeFlag returns --exit-code, which makes differences an exit code.
func ExitCodeFlag() cli.Flag {
	return &cli.BoolFlag{Name: "exit-code", Usage: "exit with code 3 if there are differences"}
}

// DebugFlag returns --debug, which prints a line for each call.
func DebugFlag() cli.Flag {
	return &cli.BoolFlag{Name: "debug", Usage: "print one line per AWS call: operation, outcome and duration, never content"}
}

// DigestFlag returns a flag for the SHA-256 of a layer, or of each of several.
func DigestFlag(name, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Value: &many{}, Usage: usage + "; for several layers, repeat it once per layer, in order (`HEX`)"}
}

// DataFlag returns --data, for commands that open the embedded AWS of an environment.
func DataFlag() cli.Flag {
	return TextFlag("data", "DIR", "the state folder of the embedded AWS; default: .bundle-local next to the manifest", "")
}

// KeyAccountFlag returns --allow-key-account, which accepts KMS keys of other accounts.
func KeyAccountFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "allow-key-account", Usage: "accept KMS keys from this account, too; can be repeated (`ID`)"}
}

// HTMLFlag returns --html, which prints a result as a page.
func HTMLFlag() cli.Flag {
	return &cli.BoolFlag{Name: "html", Usage: "print one self-contained HTML page"}
}

// OneForm returns an error if the result is wanted in two forms.
func (c *Console) OneForm(flags *cli.Context) error {
	forms := slices.DeleteFunc([]string{"json", "markdown", "html"}, func(form string) bool { return !(flags.Bool(form) || form == "json" && c.JSON()) })
	if len(forms) > 1 {
		return Usagef("--%s and --%s cannot be combined: choose one", forms[0], forms[1])
	}
	return nil
}

// MarkdownFlag returns --markdown, which prints a result for a comment on a pull request.
func MarkdownFlag() cli.Flag {
	return &cli.BoolFlag{Name: "markdown", Usage: "print Markdown for a comment on a pull request"}
}
