package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Write writes every parameter that changes, one after the other. A failure does not
// keep it from the others: to go on, the same put is made again. After the end of the
// context, it writes nothing more. Outcomes has the state of each parameter.
func (p *Put) Write(ctx context.Context) (problems, warnings problem.Problems) {
	for _, d := range p.chosen {
		switch {
		case d.same:
			d.state = PutUnchanged
		case ctx.Err() != nil:
			d.state = PutNotTried
			problems = append(problems, stopped(ctx.Err()))
		default:
			problem, warning := d.write(ctx, p.Storage)
			problems, warnings = append(problems, problem...), append(warnings, warning...)
		}
		d.before, d.after = secret.Value{}, secret.Value{}
	}
	return problems.Sort(), warnings.Sort()
}

// Abandon makes the state of every parameter that Write did not reach PutNotTried.
func (p *Put) Abandon() {
	for _, d := range p.chosen {
		if d.state == "" {
			d.state = PutNotTried
		}
	}
}

// stopped reports that the context ended before everything was written.
func stopped(err error) problem.Problem {
	if errors.Is(err, context.DeadlineExceeded) {
		return problem.OutOfTime(nil, "", "")
	}
	return problem.New(problem.Interrupted, nil, "Interrupted", "The run was stopped before it had written everything.")
}

func (d *destination) write(ctx context.Context, to Storage) (problems, warnings problem.Problems) {
	put := param.Put{Value: d.after, Create: d.now == nil}
	before := int64(0)
	if d.now != nil {
		put.Description, before = *d.now, d.now.Version
	} else {
		put.Description = param.Description{Name: d.ref.Name, Type: param.SecureString, DataType: param.Text}
	}
	put.Key, put.Tier = d.key, d.tier
	written, err := to.Put(ctx, put)
	switch {
	case errors.Is(err, param.ErrUnclear):
		d.state = PutUnclear
		return problem.Problems{d.putProblem(err)}, nil
	case err != nil:
		d.state = PutFailed
		return problem.Problems{d.putProblem(err)}, nil
	}
	d.version, d.state = written.Version, PutUpdated
	if d.now == nil {
		d.state = PutCreated
	}
	problems, warnings = d.checkTier(written)
	raced, replaced := d.checkVersion(before)
	return append(problems, raced...), append(warnings, replaced...)
}

// checkTier reports that Parameter Store has given the parameter another tier than the put
// asked for, and notes that tier.
func (d *destination) checkTier(written param.Written) (problems, warnings problem.Problems) {
	if written.Tier == "" || written.Tier == d.tier {
		return nil, nil
	}
	asked := d.tier
	d.tier = written.Tier
	what := fmt.Sprintf("version %d is written, and Parameter Store says that the parameter is of the tier %s, but the put asked for %s.", written.Version, written.Tier, asked)
	if bind := d.blind(); bind != nil {
		return problem.Problems{d.refuse(problem.Integrity, "Parameter has another tier", fmt.Sprintf(
			"%s The blind function %q can use it only in the standard tier. Delete the parameter and put it again.", what, bind.run.fn.Name.Value))}, nil
	}
	return nil, problem.Problems{d.refuse(problem.Integrity, "Parameter has another tier", what+
		" AWS charges for the advanced tier. To change it back, delete the parameter and put it again.").Warning()}
}

// checkVersion reports that something else wrote the parameter during the run.
func (d *destination) checkVersion(before int64) (problems, warnings problem.Problems) {
	version := d.version
	if version == before+1 {
		return nil, nil
	}
	ask := fmt.Sprintf("aws ssm get-parameter-history --name %s shows who put each version (LastModifiedUser), and so do the PutParameter events in CloudTrail.", d.ref.Name)
	switch {
	case version <= before:
		return problem.Problems{d.refuse(problem.Integrity, "Parameter changed during the run", fmt.Sprintf(
			"it was written as version %d, but version %d existed before, so it has been deleted and put again in the meantime. %s", version, before, ask))}, nil
	case d.partly():
		return problem.Problems{d.refuse(problem.Integrity, "Parameter changed during the run", fmt.Sprintf(
			"it was read at version %d and written as version %d, so another change was made in the meantime, and that change may be lost. Ask who made it to make it again: %s", before, version, ask))}, nil
	}
	return nil, problem.Problems{d.refuse(problem.Integrity, "Parameter changed during the run", fmt.Sprintf(
		"it was version %d and was written as version %d, so another value was put in the meantime, and has been replaced. %s", before, version, ask)).Warning()}
}

// putProblem joins an error of PutParameter to its secret.
func (d *destination) putProblem(err error) problem.Problem {
	p := problem.FromAWS(err, problem.Resource{
		Name: quote(d.ref.Name), Lead: fmt.Sprintf("%s (%q)", d.names(), d.ref.Name), On: "it", Rights: []string{"ssm:PutParameter"},
	}, d.about().at)
	p.Cause = "" // each is reported with its parameter
	return p
}
