package policy_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/needs"
)

// ofSecrets is what is asked while the role builds, builds again and plans with secrets of
// Secrets Manager, and what it must not ask.
func (q *asker) ofSecrets(t *testing.T, blind bool) *world {
	t.Helper()
	w := newKeptWorld(t, blind, awslocal.WithAccesses(q.ask))
	as := w.role(everyone, rights())
	if err := w.builds(as); err != nil {
		t.Fatal(err)
	}
	if err := w.plan(as); err != nil {
		t.Fatal(err)
	}
	all := attacksOnSecrets()
	maps.Copy(all, changesOfSecrets())
	for _, action := range []string{"DescribeSecret", "GetSecretValue", "ListSecretVersionIds"} {
		for _, name := range []string{"local/db-AbCdEf", "local/api-AbCdEf", "local/none-AbCdEf", "local/none", "local/db", "local/db-other-AbCdEf"} {
			all[action+" "+name] = ask{"secretsmanager:" + action, arnOfSecret(name), nil}
		}
	}
	key := *w.key("alias/secrets")
	all["decrypt through Secrets Manager"] = ask{"kms:Decrypt", key, throughSecrets("secretsmanager", "local/db-AbCdEf")}
	for _, a := range all {
		if strings.HasPrefix(a.action, "kms:") {
			a.resource = key // whose policy lets the account decide
		}
		keys := maps.Clone(a.keys)
		if keys == nil {
			keys = map[string][]string{}
		}
		q.ask(iam.Access{Principal: arn(everyone), Account: awslocal.Account, Action: a.action, Resource: a.resource, Keys: keys})
	}
	return w
}

// An evaluator that is not ours decides what roles ask of Secrets Manager, and of KMS through it, as the embedded AWS does.
func TestAnotherEvaluatorDecidesOnSecretsTheSame(t *testing.T) {
	needs.PolicyTools(t)
	t.Parallel()
	var all simulation
	for _, blind := range []bool{false, true} {
		q := &asker{asked: map[string]iam.Access{}}
		w := q.ofSecrets(t, blind)
		q.decide(&all, w)
		if !blind {
			q.decideInFolders(&all, w, 1, "ci", "plan", "doctor")
		}
	}
	asked := map[string]bool{}
	for _, one := range all.Cases {
		asked[one.Action] = true
	}
	for _, action := range []string{"BatchGetSecretValue", "DescribeSecret", "GetSecretValue", "ListSecrets", "ListSecretVersionIds", "PutSecretValue"} {
		if !asked["secretsmanager:"+action] {
			t.Errorf("%s is not asked", action)
		}
	}
	if seen, _ := all.agrees(t); seen["Allowed"] < 100 || seen["ExplicitlyDenied"] < 100 || seen["ImplicitlyDenied"] < 100 {
		t.Error("too few cases")
	}
}
