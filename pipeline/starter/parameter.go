package starter

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/pipeline/secret"
)

// resolver returns a resolver of version 4 of the framework, or nil.
func (i *serverless) resolver(name string) *yaml.Node {
	for _, e := range i.entries(i.get(i.root, "stages")) {
		if n := i.get(e.value, "resolvers", name); n != nil {
			return n
		}
	}
	return nil
}

// resolved returns what is known of ${aws:ssm:…}, or of a resolver with another name.
func (i *serverless) resolved(name, address, options string) value {
	region := i.value(i.get(i.resolver(name), "region"))
	v := i.parameter(address, region.plain(), options)
	if name != "aws" && v.kind == fromStore {
		v.remarks = append(v.remarks, "the source reads it through the resolver "+shown(name)+"; the environment must be in the same account")
	}
	return v
}

// parameter returns what is known of ${ssm:…}.
func (i *serverless) parameter(address, region, options string) value {
	v := i.string(strings.TrimSpace(address))
	switch {
	case v.kind == unknown && v.why == absent:
		return not("the name of its parameter: " + v.reason())
	case len(v.pieces) > 0:
		return nameIn(secret.ParameterStore, v.pieces)
	case v.kind == unknown:
		return v
	case v.kind == fromStore:
		return nameIn(secret.ParameterStore, []string{v.called()})
	case v.kind != known || len(v.text) == 0:
		return not("the name of its parameter is not in the source")
	case v.number != "":
		return not(v.number)
	}
	result := fromParameters(withoutInstruction(v.text), region)
	if result.kind != fromStore {
		return result
	}
	for option := range strings.SplitSeq(region+","+options, ",") {
		switch option = strings.TrimSpace(option); {
		case option == "", option == "raw", option == "json", option == region && !strings.Contains(region, "${"):
		case option == "noDecrypt":
			return not("it is read without decryption (noDecrypt)")
		case strings.Contains(option, "${"):
			of := i.string(option)
			result.region = of.plain()
			if of.kind != known || result.region == "" && of.text.hcl() != i.region.hcl() {
				result.remarks = append(result.remarks, "the source names its region with a variable; it must be in the environment's region")
			}
		case result.region != "":
			return not("it names more than one region")
		default:
			result.region = option
		}
	}
	return result
}

// withoutInstruction removes ~true, ~false and ~split after a parameter's name, which
// were once part of the syntax.
func withoutInstruction(t Text) Text {
	if len(t) == 0 || t[len(t)-1].environment || t[len(t)-1].open != nil {
		return t
	}
	last := t[len(t)-1].literal
	at := strings.LastIndexByte(last, '~')
	if at < 0 || !slices.Contains([]string{"~true", "~false", "~split"}, last[at:]) {
		return t
	}
	t = append(Text(nil), t...)
	if t[len(t)-1].literal = last[:at]; at == 0 {
		t = t[:len(t)-1]
	}
	return t
}
