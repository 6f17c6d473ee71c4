package starter

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// source returns what is known of one source of values.
func (i *serverless) source(s string) value {
	m := split(s)
	if m == nil {
		return i.outside(s, "", "it comes from a variable source that bundle does not support")
	}
	name, address := m.source, m.address
	if at := ssmAddress.FindStringSubmatch(address); at != nil && (name == "aws" || i.resolver(name) != nil) {
		return i.resolved(name, at[2], at[1])
	}
	switch name {
	case "ssm":
		return i.parameter(address, m.region, m.parameters)
	case "sls", "opt", "param":
		at := i.string(address)
		path := at.plain()
		switch {
		case at.kind == unknown:
			return at
		case path == "stage" && name != "param":
			return i.environment()
		case path != "" && name == "param":
			return i.param(path)
		}
		v := i.outside(s, path, "it comes from ${"+name+":...}")
		v.option = name != "sls"
		return v
	case "self", "", "file":
		return i.refer(m.file(), address, s)
	case "AWS": // a pseudo parameter of CloudFormation
		return i.stack.reference(s)
	case "strToBool":
		v := i.string(m.parameters)
		if v.kind == fromStore {
			v.remarks = append(v.remarks, "the source turns its value into true or false, but a secret is a string; the program has to convert it")
		}
		return v
	case "env", "cf", "s3", "git", "aws", "vault", "terraform", "doppler", "output":
		return i.outside(s, "", "it comes from ${"+name+":...}")
	}
	return i.outside(s, "", "it comes from a variable source that bundle does not support")
}

// environment returns the name of the environment.
func (d *document) environment() value {
	if d.stage != "" {
		return text(literal(d.stage))
	}
	return text(environment())
}

// outside returns a string that comes from outside the source. In the name of a
// parameter, it becomes a value of the environment.
func (i *serverless) outside(s, name, why string) value {
	from := source(s)
	if at := strings.LastIndexAny(s, ":./"); name == "" && at >= 0 {
		name = s[at+1:]
	}
	v := text(Text{{open: i.draft.leave("variable "+s, name, from)}})
	v.outside = why
	return v
}

// param returns what is known of ${param:NAME}: of the parameters of stages, or of
// the ones that apply to all stages.
func (i *serverless) param(name string) value {
	of := func(stage string) *yaml.Node {
		if n := i.find("stages." + stage + ".params." + name); n != nil {
			return n
		}
		return i.find("params." + stage + "." + name)
	}
	if i.stage != "" {
		if n := of(i.stage); n != nil {
			return i.value(n)
		}
		if n := of("default"); n != nil {
			return i.value(n)
		}
		return i.passed(name)
	}
	var stages []string
	for _, at := range []string{"stages", "params"} {
		for _, e := range i.entries(i.mapping(at)) {
			if e.key != "default" && of(e.key) != nil && !slices.Contains(stages, e.key) {
				stages = append(stages, e.key)
			}
		}
	}
	standard := of("default")
	if len(stages) == 0 && standard == nil {
		return i.passed(name)
	}
	all := i.eachStage(stages, func() value { return i.value(of(i.stage)) })
	if standard != nil {
		all = append(all, staged{"", i.value(standard)})
	}
	return i.draft.unify("param "+name, name, "${param:"+name+"}", all)
}

func (i *serverless) passed(name string) value {
	v := i.outside("param:"+name, name, "it comes from ${param:...}")
	v.option = true
	return v
}
