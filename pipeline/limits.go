package pipeline

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// CheckLimits reports each function whose secrets cannot fit into a document, as
// far as that is known from the manifest alone: it counts what the names take in
// one region, without what AWS would add. It makes no call to AWS.
func (r *Reading) CheckLimits() problem.Problems {
	var problems problem.Problems
	for _, run := range r.functions {
		fn := &run.fn
		certain := 0 // optional ones may be missing
		for _, bind := range run.bindings {
			if !bind.optional {
				certain++
			}
		}
		if certain > sealed.MaxSources {
			problems = append(problems, tooManySecrets(fn, certain))
			continue
		}
		if run.mostSize() <= sealed.MaxDocument {
			continue // which most are, and counting takes a while
		}
		if size := run.leastSize(r.Manifest); size > sealed.MaxDocument {
			problems = append(problems, problem.New(problem.Manifest, &fn.Range, "Document too large", fmt.Sprintf(
				"The names of the secrets of %q, and of what they are made from, alone make a document of %d bytes, and the limit is %d. Use shorter names or fewer secrets.",
				fn.Name.Value, size, sealed.MaxDocument)))
		}
	}
	return problems.Sort()
}

// CheckEntries reports a manifest whose functions do not fit into one layer.
func CheckEntries(m *manifest.Manifest) problem.Problems {
	if n := len(m.Functions); n > layerbuild.MaxEntries {
		return problem.Problems{problem.New(problem.Manifest, &m.Functions[layerbuild.MaxEntries].Range, "Too many functions", fmt.Sprintf(
			"A layer can have at most %d files, and this one would have a document for each of %d functions. Write one layer per function: put {function} in --out.",
			layerbuild.MaxEntries, n))}
	}
	return nil
}

func tooManySecrets(fn *manifest.Function, n int) problem.Problem {
	return problem.New(problem.Manifest, &fn.Range, "Too many secrets", fmt.Sprintf(
		"%q has %d secrets, and a function can have at most %d. Split the function, or remove some.", fn.Name.Value, n, sealed.MaxSources))
}

// mostSize is at least as much as leastSize, and takes no document.
func (run *functionRun) mostSize() int {
	const most = 1024 // the words of a line, an ARN without the parameter's name, and the header
	size := most
	for _, bind := range run.bindings {
		size += most + 2*len(bind.name) + len(bind.ref.Name) + len(bind.ref.Selector) + len(bind.field)
	}
	return size
}

// leastSize returns the smallest size, in bytes, that a function's document can have.
func (run *functionRun) leastSize(m *manifest.Manifest) int {
	least := &functionRun{fn: run.fn}
	size := 0
	account := cmp.Or(m.Environment.AccountID.Value, sealed.EmbeddedAccount)
	for _, bind := range run.bindings {
		if bind.optional || bind.unsound {
			continue
		}
		known := *bind
		bind = &known
		bind.version = leastVersion(bind.ref, m.Environment.Region(), account)
		least.bindings = append(least.bindings, bind)
		size += len(bind.name) + len(" ") // in a box line
		if run.blind() {
			size += len("box\n") + len("AAAA\n") // each secret has its own box and ciphertext
		}
	}
	return size + len(least.header(m).Identity())
}

// leastVersion returns the version with the shortest text that a reference can have.
func leastVersion(ref secret.Ref, region, account string) secret.Version {
	if ref.Store == secret.SecretsManager {
		const suffix = "-000000"
		return secret.Version{
			ARN: arn.ARN{Partition: "aws", Service: ref.Store.String(), Region: region, Account: account, Resource: "secret:" + ref.Name + suffix}.String(),
			ID:  cmp.Or(ref.ID, strings.Repeat("0", secret.MinVersionID)),
		}
	}
	version := secret.Version{ARN: arn.Parameter("aws", region, account, ref.Name).String(), Number: 1}
	if n, err := strconv.ParseInt(ref.Selector, 10, 64); err == nil {
		version.Number = n
	}
	return version
}
