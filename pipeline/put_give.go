package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Give sets the values of the secrets that were chosen, and checks everything that can
// be checked before a call: what every function needs that uses the parameter, and the
// limits of Parameter Store. It reads the values that the parameters have, where it may.
func (p *Put) Give(ctx context.Context, values []Named) problem.Problems {
	byName := make(map[string]secret.Value, len(values))
	for _, v := range values {
		byName[v.Name] = v.Value
	}
	for _, d := range p.chosen {
		for i := range d.parts {
			d.parts[i].value = byName[d.parts[i].name]
		}
	}
	problems := p.readBefore(ctx)
	if len(problems) > 0 {
		return problems.Sort()
	}
	for _, d := range p.chosen {
		problems = append(problems, d.compose()...)
	}
	return problems.Sort()
}

// compose makes the whole value of a parameter, and checks it.
func (d *destination) compose() problem.Problems {
	d.after = d.before
	for i, part := range d.parts {
		for _, other := range d.parts[:i] {
			if other.field() == part.field() && !other.value.Equal(part.value) {
				return problem.Problems{d.refuse(problem.Manifest, "Two values for one parameter", fmt.Sprintf(
					"%s and %s are one parameter, and have two values. Give them the same value, or put only one of them.", other.name, part.name))}
			}
		}
		value, err := d.after.WithField(part.field(), syntax(d.dataType()), part.value)
		switch {
		case part.value.Len() == 0:
			return problem.Problems{d.refuse(problem.Missing, "Empty value", "the value is empty, and Parameter Store takes no empty one.")}
		case !part.value.IsUTF8():
			return problem.Problems{d.refuse(problem.Missing, "Value is not UTF-8",
				"Parameter Store takes only text in UTF-8. Put the value in base64, and write encoding = \"base64\".")}
		case errors.Is(err, secret.ErrNotJSON):
			return problem.Problems{d.refuse(problem.Missing, "Not a JSON value", fmt.Sprintf("%v, so its field %q cannot be replaced. Put the whole value first.", err, part.field()))}
		case errors.Is(err, secret.ErrFieldBlanks):
			return problem.Problems{d.refuse(problem.Missing, "Field has another type", fmt.Sprintf(
				"%v. Put it without them. --strip-newline removes a newline at its end.", err))}
		case errors.Is(err, secret.ErrFieldKind):
			return problem.Problems{d.refuse(problem.Missing, "Field has another type", fmt.Sprintf("%v. Put one of that type.", err))}
		case err != nil:
			return problem.Problems{d.refuse(problem.Missing, "Field not found",
				fmt.Sprintf("%v. Correct field = %q, or put the whole value first.", err, part.field()))}
		}
		d.after = value
		if d.read {
			_, wrong := part.binds[0].checked(d.before, d.dataType())
			d.parts[i].lost = len(wrong) > 0
		}
	}
	if problems := d.checkValue(); len(problems) > 0 {
		return problems
	}
	d.same = d.read && d.after.Equal(d.before) && d.key == d.now.Key && d.tier == d.now.Tier
	return nil
}

// checkValue checks the whole value that Write writes.
func (d *destination) checkValue() problem.Problems {
	most := param.MaxStandard
	if d.tier == param.Advanced {
		most = param.MaxAdvanced
	}
	switch n := d.after.Len(); {
	case n > most && most == param.MaxStandard && d.blind() == nil && n <= param.MaxAdvanced:
		return problem.Problems{d.refuse(problem.Missing, "Value too long", fmt.Sprintf(
			"the value has %d bytes, and a parameter of the standard tier can have %d. An advanced one can have %d, and AWS charges for it: to use that tier, add --tier Advanced.",
			n, most, param.MaxAdvanced))}
	case n > most:
		return problem.Problems{d.refuse(problem.Missing, "Value too long", fmt.Sprintf("the value has %d bytes, and the parameter can have %d.", n, most))}
	case d.after.HasReference():
		return problem.Problems{d.refuse(problem.Missing, "Value with a reference",
			"the value contains {{…}}, which Parameter Store refuses because it looks like a reference to another parameter. Put the value in base64, and write encoding = \"base64\".")}
	}
	var problems problem.Problems
	for _, bind := range d.users {
		if d.touches(bind.field) {
			_, wrong := bind.checked(d.after, d.dataType())
			problems = append(problems, wrong...)
		}
	}
	return problems
}

// dataType is the parameter's data type, which a put does not change.
func (d *destination) dataType() string {
	if d.now == nil {
		return param.Text
	}
	return d.now.DataType
}

// touches reports whether the put changes a field, or may.
func (d *destination) touches(f secret.Field) bool {
	for _, part := range d.parts {
		if g := part.field(); g == f || g.Above(f) || f.Above(g) {
			return true
		}
	}
	return false
}

// Warnings returns what does not stop the put, but is probably not meant.
func (p *Put) Warnings() problem.Problems {
	var all problem.Problems
	for _, d := range p.chosen {
		if d.now != nil && d.now.Type != param.SecureString {
			all = append(all, d.refuse(problem.Manifest, "Parameter is not encrypted",
				"it is a "+d.now.Type+", so anyone who can read the parameter can read the value. To encrypt it, delete the parameter and put it again.").Warning())
		}
		for _, bind := range d.fixed {
			all = append(all, problem.New(problem.Manifest, bind.at, "Pinned parameter", fmt.Sprintf(
				"%s of function %q keeps reading %q.", bind.name, bind.run.fn.Name.Value, bind.ref)).Warning())
		}
		for _, part := range d.parts {
			if bind := part.binds[0]; !bind.checks.Matches() && part.value.Blanks() {
				all = append(all, d.refuse(problem.Manifest, "Blanks around a value",
					"the value begins or ends with a space, a tab or a line break. If that is a mistake, put it again without.").Warning())
			}
		}
	}
	return all.Sort()
}
