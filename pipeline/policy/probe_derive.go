package policy

import (
	"maps"
	"slices"
	"strings"
)

// derived adds the probes of a document. A new kind of policy needs no others, unless
// nothing denies an attack.
//
// For each Allow, they are requests for each action on each resource, with condition keys
// that meet its condition. For each Deny, they are attacks with each action. If it is about
// everything except a list, they are on what no manifest has, because documents with folders
// allow more than the list. If it is about everything, they are on what the document allows
// something on, and on the functions' keys.
//
// usual has the condition keys that requests for an action always have.
func (p *probes) derived(d Document, usual map[string]map[string][]string) {
	add := func(allowed bool, s Statement, action string, resources List) {
		keys := map[string][]string{}
		maps.Copy(keys, usual[action])
		for operator, pairs := range s.Condition {
			for key, values := range pairs {
				meet(keys, operator, key, values)
			}
		}
		p.add(allowed, special(keys, s.Condition), keys, resources, action)
	}
	for _, s := range d.Statement {
		for _, action := range expanded(s.Action) {
			if s.Effect == allow {
				add(true, s, action, concrete(s.Resource))
				continue
			}
			add(false, s, action, p.targets(d, s, action))
		}
	}
}

// targets returns the resources of attacks that a Deny prevents.
func (p *probes) targets(d Document, s Statement, action string) List {
	service, _, _ := strings.Cut(action, ":")
	foreign := List{p.parameterARN("/" + stranger + "/another")}
	if service == "kms" {
		foreign = List{p.foreignKey(p.Account)}
	}
	switch {
	case action == "kms:CreateKey":
		return List{"*"}
	case len(s.NotResource) > 0:
		return foreign
	case !slices.Equal(s.Resource, List{"*"}):
		return concrete(s.Resource)
	}
	var own List
	for _, other := range d.Statement {
		if other.Effect == allow && strings.HasPrefix(other.Action[0], service+":") && other.Resource[0] != "*" {
			own = append(own, concrete(other.Resource)...)
		}
	}
	if service == "kms" {
		return distinct(append(own, p.keys()...))
	}
	return append(distinct(own)[:min(len(own), 1)], foreign...) // all are alike, and they can be many
}

// expanded replaces patterns of actions by actions that they match.
func expanded(actions List) List {
	var all List
	for _, action := range actions {
		switch action {
		case "kms:ReEncrypt*":
			all = append(all, "kms:ReEncryptFrom", "kms:ReEncryptTo")
		default:
			all = append(all, strings.TrimSuffix(action, "*"))
		}
	}
	return all
}

// meet changes the condition keys of a request so that they meet a condition.
func meet(keys map[string][]string, operator, key string, values List) {
	switch {
	case !strings.Contains(operator, "Not"):
		keys[key] = concrete(values)
		if !strings.HasPrefix(operator, "ForAllValues:") {
			keys[key] = keys[key][:1]
		}
	case strings.HasPrefix(operator, "ForAnyValue:"):
		keys[key] = append(slices.Clone(keys[key]), stranger)
	default:
		delete(keys, key) // what a request lacks is not equal to anything
	}
}

// special says what is special about a request.
func special(keys map[string][]string, c Condition) string {
	var all []string
	if of := keys[ofParameter]; len(of) > 0 {
		all = append(all, "of "+nameOf(of[0]))
	}
	switch {
	case len(keys[viaService]) > 0:
		all = append(all, "through Parameter Store")
	case c["StringNotEquals"][viaService] != nil:
		all = append(all, "not through Parameter Store")
	}
	return strings.Join(all, ", ")
}
