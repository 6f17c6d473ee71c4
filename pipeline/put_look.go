package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// Look finds out how the parameters are stored, and checks the account, the keys, and
// what blind functions need. It reads no value.
func (p *Put) Look(ctx context.Context) problem.Problems {
	if problems := p.checkAccount(ctx); len(problems) > 0 {
		return problems
	}
	var names []string
	for _, d := range p.chosen {
		names = append(names, d.ref.Name)
	}
	found, err := p.Storage.Describe(ctx, names, nil)
	if err != nil {
		return problem.Problems{describeProblem(err, "so that a put can keep each parameter's key and tier (bundle policy --kind put writes the policy).")}
	}
	var problems problem.Problems
	for _, d := range p.chosen {
		if i := slices.IndexFunc(found, func(f param.Description) bool { return f.Name == d.ref.Name }); i >= 0 {
			d.now = &found[i]
		}
		problems = append(problems, d.settle(p)...)
	}
	return append(problems, p.checkKeys(ctx)...).Sort()
}

// settle decides the tier and the key that a parameter is stored with.
func (d *destination) settle(p *Put) problem.Problems {
	d.tier = param.Standard
	if d.now != nil && d.now.Tier == param.Advanced {
		d.tier = param.Advanced
	}
	if p.Tier == param.Standard && d.tier == param.Advanced {
		return problem.Problems{d.refuse(problem.Manifest, "Tier cannot be lowered",
			"the parameter is of the advanced tier, and Parameter Store never changes that. Delete it and put it again, or remove --tier.")}
	}
	if p.Tier != "" {
		d.tier = p.Tier
	}
	var problems problem.Problems
	switch {
	case d.now != nil && d.now.Type != param.SecureString && p.Key != "":
		problems = append(problems, d.refuse(problem.Manifest, "Parameter is not encrypted",
			"it is a "+d.now.Type+", which has no key, and Parameter Store never changes the type. Delete it and put it again, or remove --key."))
	case d.now != nil && d.now.Type != param.SecureString:
	case p.Key != "":
		d.key = p.Key
	case d.now != nil:
		d.key = d.now.Key
	default:
		problems = append(problems, d.firstKey(p)...)
	}
	if bind := d.blind(); bind != nil {
		problems = append(problems, d.checkStored(bind)...)
	}
	return problems
}

// firstKey decides the key of a parameter that does not exist yet.
func (d *destination) firstKey(p *Put) problem.Problems {
	keys := p.Manifest.Environment.ParameterKeys
	switch {
	case len(keys) == 1:
		d.key = keys[0].Value
	case len(keys) > 1:
		return problem.Problems{d.refuse(problem.Manifest, "No key for a new parameter", "the parameter does not exist yet, and the environment has several parameter_keys. Choose one with --key.")}
	case d.blind() != nil:
		return problem.Problems{d.refuse(problem.Manifest, "No key for a new parameter",
			"the parameter does not exist yet, and a blind function needs it under a customer managed key. Name the key with --key, or write parameter_keys.")}
	default:
		d.key = param.DefaultKey
	}
	return nil
}

// checkStored reports what keeps a blind function from using the parameter after the put.
func (d *destination) checkStored(bind *binding) problem.Problems {
	var problems problem.Problems
	cannot := func(why string) {
		problems = append(problems, bind.run.cannot(problem.Missing, bind, bind.at, why))
	}
	if d.now != nil && d.now.Type != param.SecureString {
		cannot("is a " + d.now.Type + ", and a put cannot change that. Delete the parameter and put it again.")
	}
	if name := d.dataType(); name != param.Text {
		cannot(fmt.Sprintf("has the data type %q, which may need the advanced tier. Delete the parameter and put it again, so that its data type is text.", name))
	}
	if d.tier == param.Advanced {
		cannot("would be of the advanced tier, and KMS cannot re-encrypt its values. Delete the parameter and put it again, without --tier.")
	}
	return problems
}

// checkKeys checks each key that a parameter is to be stored under.
func (p *Put) checkKeys(ctx context.Context) problem.Problems {
	var problems problem.Problems
	sources := make(map[string]seal.Key)
	for _, d := range p.chosen {
		bind := d.blind()
		switch _, known := sources[d.key]; {
		case d.key == "" || known:
		case d.key == param.DefaultKey && bind == nil:
			continue // AWS makes it when it is first used
		default:
			key, err := p.Keys.Describe(ctx, d.key)
			if err != nil {
				problems = append(problems, d.keyProblem(err))
			} else {
				problems = append(problems, p.checkPutKey(d, key)...)
			}
			sources[d.key] = key
		}
		if bind != nil && sources[d.key].ARN != "" {
			problems = append(problems, p.checkBlindKey(ctx, bind, d, sources[d.key])...)
		}
	}
	return problems
}

func (d *destination) keyProblem(err error) problem.Problem {
	about := problem.Resource{
		Name: fmt.Sprintf("key %q", d.key), Lead: fmt.Sprintf("Key %q of parameter %q", d.key, d.ref.Name),
		Rights: []string{"kms:DescribeKey"}, On: "the key", Absent: "Name a key that exists with --key",
	}
	return problem.FromAWS(err, about, d.about().at)
}

// checkPutKey checks that Parameter Store can use a key. AWS managed keys are good.
func (p *Put) checkPutKey(d *destination, key seal.Key) problem.Problems {
	managed := key
	managed.CustomerManaged = true
	return p.checkKey(d.key, keyUse{at: d.about().at, of: fmt.Sprintf("parameter %q", d.ref.Name)}, managed, nil)
}

// checkBlindKey checks that a blind build can move a value from a key.
func (p *Put) checkBlindKey(ctx context.Context, bind *binding, d *destination, key seal.Key) problem.Problems {
	refuse := func(why string) problem.Problems {
		return problem.Problems{bind.run.cannot(problem.Missing, bind, bind.at, why)}
	}
	if !key.CustomerManaged {
		return refuse(fmt.Sprintf("would be encrypted with %s, an AWS managed key, which only Parameter Store can use. Name a customer managed key with --key.", d.key))
	}
	allowed := p.Manifest.Environment.ParameterKeys
	if len(allowed) == 0 {
		return nil
	}
	for _, text := range allowed {
		other, err := p.Keys.Describe(ctx, text.Value)
		if err != nil {
			return problem.Problems{keyProblem(&text.Range, text.Value, "parameter_keys", "kms:ReEncryptFrom", err)}
		}
		if other.ARN == key.ARN {
			return nil
		}
	}
	return refuse(fmt.Sprintf("would be encrypted with %s, which is not one of the environment's parameter_keys. Name one of them with --key, or add it to that list.", d.key))
}

// readBefore reads the values that the parameters have, to replace fields in them and to
// find out what is unchanged. It reads nothing that a blind function uses. A whole value
// that cannot be read counts as changed.
func (p *Put) readBefore(ctx context.Context) problem.Problems {
	by := make(map[secret.Ref]*destination)
	var refs []secret.Ref
	for _, d := range p.chosen {
		if d.now != nil && d.blind() == nil {
			by[d.ref], refs = d, append(refs, d.ref)
		}
	}
	var problems problem.Problems
	err := p.Storage.Read(ctx, refs, func(res param.Result) {
		d := by[res.Ref]
		unreadable := errors.Is(res.Err, param.ErrDenied) || errors.Is(res.Err, param.ErrUndecryptable)
		switch {
		case unreadable && !d.partly():
		case errors.Is(res.Err, param.ErrMissing):
			problems = append(problems, d.refuse(problem.Integrity, "Parameter changed during the run", "it existed when the run started, and does not anymore. Run the command again."))
		case res.Err != nil:
			one := readProblem(d.about().at, res.Err)
			one.About = quote(d.ref.Name)
			problems = append(problems, one)
		default:
			d.before, d.read, d.now.Version = res.Parameter.Value, true, res.Parameter.Version.Number
		}
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	return problems
}

// Earlier reads the value that a secret had in an older version of its parameter. It
// reads nothing that a blind function uses.
func (p *Put) Earlier(ctx context.Context, version int64) (secret.Value, problem.Problems) {
	d := p.chosen[0]
	if bind := d.blind(); bind != nil {
		return secret.Value{}, problem.Problems{bind.run.cannot(problem.Manifest, bind, bind.at,
			"would have to be decrypted for --from-version. Get the value where it may be decrypted, and put it through standard input.")}
	}
	ref := d.ref
	ref.Selector = strconv.FormatInt(version, 10)
	var value secret.Value
	var problems problem.Problems
	err := p.Storage.Read(ctx, []secret.Ref{ref}, func(res param.Result) {
		if res.Err != nil {
			problems = problem.Problems{readProblem(d.about().at, res.Err)}
			return
		}
		value, problems = d.about().checked(res.Parameter.Value, res.Parameter.DataType)
	})
	if err != nil {
		problems = problem.Problems{readProblem(nil, err)}
	}
	return value, problems
}
