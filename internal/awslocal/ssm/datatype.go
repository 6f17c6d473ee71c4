package ssm

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Data types that a parameter keeps: it cannot be changed to or from them
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-data-types.md).
const (
	text        = "text" // no check, and the default
	image       = "aws:ec2:image"
	integration = "aws:ssm:integration"
)

// A dataType is what AWS checks a value against when it is put.
type dataType struct {
	conforms func(value string) bool // nil for no check
	types    []string                // of parameters that can have it; nil for String and SecureString
}

// dataTypes has all data types (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html). AWS documents their
// names, and that most are for String and SecureString and some for StringList, item by item. It is inferred which those are, and what
// exactly each takes: what nobody would take for such a value is refused.
func dataTypes() map[string]dataType {
	const label = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	const host = label + `(?:\.` + label + `)*`
	all := []string{"String", "StringList", secureString}
	return map[string]dataType{
		text:             {types: all},
		image:            {types: []string{"String"}}, // checked after the call: see isImage
		integration:      {},
		"aws:region":     {conforms: matching(`[a-z]{2,}(?:-[a-z]+)+-[0-9]+`), types: all},
		"aws:account:id": {conforms: matching(`[0-9]{12}`), types: all},
		"boolean":        {conforms: matching(`true|false`), types: all},
		"integer":        {conforms: matching(`-?[0-9]+`), types: all},
		"float":          {conforms: matching(`-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?`), types: all},
		"binary": {conforms: func(value string) bool {
			_, err := base64.StdEncoding.Strict().DecodeString(value)
			return err == nil && !strings.ContainsAny(value, "\r\n")
		}},
		"hostname":     {conforms: func(value string) bool { return len(value) <= 253 && matching(host)(value) }, types: all},
		"email":        {conforms: matching(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~` + "`" + `-]+@` + host), types: all},
		"ipv4-address": {conforms: isAddress(netip.Addr.Is4), types: all},
		"ipv6-address": {conforms: isAddress(netip.Addr.Is6), types: all},
		"url": {conforms: func(value string) bool {
			u, err := url.Parse(value)
			return err == nil && u.Scheme != "" && u.Host != "" && !strings.ContainsAny(value, " \t\r\n")
		}},
		"json":  {conforms: func(value string) bool { return json.Valid([]byte(value)) }},
		"jsonc": {conforms: isJSONC},
	}
}

// DataTypes returns the names of all data types, sorted.
func DataTypes() []string {
	return slices.Sorted(maps.Keys(dataTypes()))
}

// NeedsAdvanced reports whether a parameter of a data type needs the advanced tier.
func NeedsAdvanced(dataType string) bool {
	return slices.Contains([]string{"url", "json", "jsonc"}, dataType)
}

// KeepsDataType reports whether AWS lets no parameter change to or from a data type.
func KeepsDataType(dataType string) bool { return dataType == image || dataType == integration }

// checkDataType checks a value, or each item of a list, against the data type of a request. Its errors do not quote the value.
func (in *Put) checkDataType(parameterType string) error {
	if in.DataType == "" || in.DataType == text {
		return nil
	}
	is, types := dataTypes()[in.DataType], []string{"String", secureString}
	if is.types != nil {
		types = is.types
	}
	if !slices.Contains(types, parameterType) {
		return call.NewError("ValidationException", "The data type "+in.DataType+" isn't supported for parameters of type "+parameterType+".")
	}
	items := []string{in.Value}
	if parameterType == "StringList" {
		items = strings.Split(in.Value, ",")
	}
	for _, item := range items {
		if is.conforms != nil && !is.conforms(item) {
			return call.NewError("ValidationException", "The parameter value doesn't conform to the data type "+in.DataType+".")
		}
	}
	return nil
}

// isImage reports whether a value looks like an AMI ID. AWS also looks whether the account can use that AMI; here, it can use all
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html).
func isImage(value string) bool { return matching(`ami-[0-9A-Za-z]{8,17}`)(value) }

func matching(expression string) func(string) bool {
	return func(value string) bool { return regexp.MustCompile(`^(?:` + expression + `)$`).MatchString(value) }
}

func isAddress(of func(netip.Addr) bool) func(string) bool {
	return func(value string) bool {
		a, err := netip.ParseAddr(value)
		return err == nil && of(a) && a.Zone() == ""
	}
}

// isJSONC reports whether a value is JSON with // and /* */ comments and trailing commas.
func isJSONC(value string) bool {
	const quoted = `"(?:[^"\\]|\\.)*"`
	comments := regexp.MustCompile(`(?s)` + quoted + `|//[^\n]*|/\*.*?\*/`)
	value = comments.ReplaceAllStringFunc(value, func(found string) string {
		if found[0] == '"' {
			return found
		}
		return " "
	})
	commas := regexp.MustCompile(`(?s)` + quoted + `|[{\[,:]\s*,|,\s*[}\]]`)
	value = commas.ReplaceAllStringFunc(value, func(found string) string {
		if found[0] == ',' && !strings.HasSuffix(found[1:], ",") {
			return found[1:]
		}
		return found
	})
	return json.Valid([]byte(value))
}
