package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// input is a request, read and checked.
type input struct {
	source, caller     string
	actions, resources []string
	keys               map[string][]string
	most, from         int // of a page
}

const defaultItems, mostItems = 100, 1000

// read checks what the service model says of lengths and values.
func read(members map[string]string) (*input, error) {
	in := &input{source: members["PolicySourceArn"], keys: map[string][]string{}, most: defaultItems}
	in.caller = cmp.Or(members["CallerArn"], in.source)
	in.actions, in.resources = list(members, "ActionNames"), list(members, "ResourceArns")
	var err error
	check := func(member string, value string, least, most int) {
		if n := utf8.RuneCountInString(value); err == nil && (n < least || n > most) {
			err = unfit(member, value, least, most)
		}
	}
	check("policySourceArn", in.source, 20, 2048)
	for _, action := range in.actions {
		check("actionNames", action, 3, 128)
	}
	for _, resource := range in.resources {
		check("resourceArns", resource, 1, 2048)
	}
	for _, member := range []struct {
		name string
		most int
	}{{"CallerArn", 2048}, {"ResourceOwner", 2048}, {"ResourcePolicy", 131072}, {"ResourceHandlingOption", 64}, {"Marker", 320}} {
		if value, ok := members[member.name]; ok {
			check(strings.ToLower(member.name[:1])+member.name[1:], value, 1, member.most)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(in.actions) == 0 {
		return nil, validation("Value null at 'actionNames' failed to satisfy constraint: Member must not be null")
	}
	for _, each := range []func(map[string]string) error{in.readNames, in.readContext, in.readPage} {
		if err := each(members); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// readNames checks actions and resources. Without resources, it is about all.
func (in *input) readNames(members map[string]string) error {
	for _, action := range in.actions {
		if service, operation, ok := strings.Cut(action, ":"); !ok || service == "" || operation == "" {
			return invalid("Invalid action name: %s", action)
		}
	}
	for _, resource := range in.resources {
		if resource != "*" && (!strings.HasPrefix(resource, "arn:") || strings.Count(resource, ":") < 5) {
			return invalid("ResourceNames are not in a valid ARN format: %s.", resource)
		}
	}
	if len(in.resources) == 0 {
		in.resources = []string{"*"}
	}
	if in.caller != in.source {
		if kind, _ := entity(in.caller); kind == "" {
			return invalid("Invalid Entity Arn: %s does not clearly define entity type and name.", in.caller)
		}
	}
	if members["PolicyExclusionList.member.1.PolicyType"] != "" || members["PolicyExclusionList.member.1.PolicyArn"] != "" {
		return invalid("The embedded AWS does not offer PolicyExclusionList.")
	}
	return nil
}

// contextTypes are the values of ContextKeyType. A type that is no list has one value.
var contextTypes = []string{
	"string", "stringList", "numeric", "numericList", "boolean", "booleanList", "ip", "ipList", "binary", "binaryList", "date", "dateList",
}

func (in *input) readContext(members map[string]string) error {
	for i := 1; ; i++ {
		at := fmt.Sprintf("ContextEntries.member.%d.", i)
		name, kind := members[at+"ContextKeyName"], members[at+"ContextKeyType"]
		values := list(members, at+"ContextKeyValues")
		switch {
		case name == "" && kind == "" && len(values) == 0:
			return nil
		case utf8.RuneCountInString(name) < 5 || utf8.RuneCountInString(name) > 256:
			return unfit("contextEntries."+strconv.Itoa(i)+".member.contextKeyName", name, 5, 256)
		case !slices.Contains(contextTypes, kind):
			return validation(fmt.Sprintf("Value '%s' at 'contextEntries.%d.member.contextKeyType' failed to satisfy constraint: "+
				"Member must satisfy enum value set: [%s]", kind, i, strings.Join(contextTypes, ", ")))
		case len(values) == 0 || len(values) > 1 && !strings.HasSuffix(kind, "List"):
			return invalid("Context entry %s of type %s has %d values.", name, kind, len(values))
		}
		for other := range in.keys {
			if strings.EqualFold(other, name) {
				return invalid("Duplicate context entry: %s", name)
			}
		}
		in.keys[name] = values
	}
}

func (in *input) readPage(members map[string]string) (err error) {
	if text, ok := members["MaxItems"]; ok {
		if in.most, err = strconv.Atoi(text); err != nil {
			return call.NewError("MalformedInput", "MaxItems is not a number")
		}
		if in.most < 1 || in.most > mostItems {
			return validation(fmt.Sprintf("Value '%d' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and %d", in.most, mostItems))
		}
	}
	if marker, ok := members["Marker"]; ok {
		if in.from, err = strconv.Atoi(marker); err != nil || in.from < 0 {
			return invalid("Invalid Marker.")
		}
	}
	return nil
}

// additional returns the policies that a request adds to those of the role.
func additional(members map[string]string) (all []iam.Policy, err error) {
	for _, document := range list(members, "PolicyInputList") {
		policy, err := iam.ParseIdentity([]byte(document))
		if err != nil {
			return nil, invalid("%s", err.Error())
		}
		all = append(all, policy)
	}
	if len(list(members, "PermissionsBoundaryPolicyInputList")) > 0 {
		return nil, invalid("The embedded AWS does not offer permissions boundaries.")
	}
	return all, nil
}

// list returns the items of a list.
func list(members map[string]string, name string) (all []string) {
	for i := 1; ; i++ {
		value, ok := members[name+".member."+strconv.Itoa(i)]
		if !ok {
			return all
		}
		all = append(all, value)
	}
}

func unfit(member, value string, least, most int) error {
	limit := fmt.Sprintf("less than or equal to %d", most)
	if utf8.RuneCountInString(value) < least {
		limit = fmt.Sprintf("greater than or equal to %d", least)
	}
	return validation(fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must have length %s", member, limit))
}

func validation(broken string) error { return call.NewError("ValidationError", call.Detected(broken)) }
