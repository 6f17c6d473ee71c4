package policy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"pgregory.net/rapid"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/policy"
)

// An asker knows what is asked of the policies of one role, which may do everything.
type asker struct {
	lock  sync.Mutex
	asked map[string]iam.Access
}

const everyone = "everyone"

func (q *asker) ask(a iam.Access) {
	q.lock.Lock()
	defer q.lock.Unlock()
	if a.Principal == arn(everyone) {
		for key, values := range a.Keys { // those of an encryption context are in any order
			a.Keys[key] = slices.Sorted(slices.Values(values))
		}
		q.asked[fmt.Sprint(a.Action, a.Resource, a.Keys)] = a
	}
}

// rights are those of the role. Accesses have their condition keys only if a policy has
// conditions.
func rights() policy.Document {
	d := everything()
	d.Statement = append(d.Statement, policy.Statement{
		Effect: "Deny", Action: policy.List{"*"}, Resource: policy.List{"*"},
		Condition: policy.Condition{"StringEquals": {"aws:PrincipalTag/no": {"one"}}},
	})
	return d
}

// ofBuilds is what is asked while the role builds, plans, runs the doctor, opens
// documents, and tries every attack.
func (q *asker) ofBuilds(t *testing.T, m modes, byTags bool) *stage {
	t.Helper()
	s := newStage(t, m, awslocal.WithAccesses(q.ask))
	if byTags {
		s.byTags()
	}
	as := s.role(everyone, rights())
	_, err := s.run(as)
	if err == nil {
		err = s.plan(as)
	}
	for _, d := range s.documents {
		if err == nil {
			err = s.open(as, d)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	s.examine(as, true)
	for _, try := range union(buildAttacks(m), honestCalls()) {
		_ = try(s, as) // what is asked for matters, not what comes of it
	}
	return s
}

// ofPuts is what is asked while the role puts, and tries what it must not.
func (q *asker) ofPuts(t *testing.T) *world {
	t.Helper()
	w := newWorldOf(t, putSeed, fmt.Sprintf(putManifest, withField, false), awslocal.WithAccesses(q.ask))
	as := w.role(everyone, rights())
	if err := w.puts(as, "DB", "BIG", "PART"); err != nil {
		t.Fatal(err)
	}
	for _, try := range putAttacks() {
		_ = try(w, as)
	}
	return w
}

// honestCalls are those that another mode, function or role makes.
func honestCalls() map[string]call {
	theirs := func(s *stage) map[string]string { return s.documents["worker"].Context(0) }
	return map[string]call{
		"seal":                       encrypt(own, honest),
		"seal for the other":         encrypt(worker, theirs),
		"move":                       move(worker, theirs),
		"seal for the wrong one":     encrypt(worker, honest),
		"move to the wrong one":      move(worker, honest),
		"open as the other function": decrypt(worker, func(s *stage) []byte { return s.documents["worker"].Ciphertexts[0] }, theirs),
		"read":                       read("/local/shop/token", true),
		"read stored":                read("/local/shop/db", false),
	}
}

// roles returns the identity policies of eight roles, by name.
func (w *world) roles() map[string]policy.Document {
	w.Helper()
	all := map[string]policy.Document{
		"ci": w.setting.Build(), "plan": w.setting.Plan(), "put": w.setting.Put(), "doctor": w.setting.Doctor(),
		"glass": {}, "administrator": everything(),
	}
	for _, name := range w.setting.Functions() {
		document, err := w.setting.Function(name)
		if err != nil {
			w.Fatal(err)
		}
		all[name] = document
	}
	return all
}

// attached returns the policies of a role: one document and, if it is large, its parts.
func (w *world) attached(d policy.Document) (all [][]json.RawMessage) {
	w.Helper()
	if len(d.Statement) == 0 {
		return [][]json.RawMessage{nil}
	}
	parts, err := d.Split(1000)
	if err != nil {
		w.Fatal(err)
	}
	all = [][]json.RawMessage{{w.json(d)}}
	if len(parts) > 1 {
		all = append(all, nil)
		for _, part := range parts {
			all[1] = append(all[1], w.json(part))
		}
	}
	return all
}

// keyPolicies returns the policies of keys, by ARN: those that bundle policy writes, and
// for other keys those that they have.
func (w *world) keyPolicies() map[string]json.RawMessage {
	w.Helper()
	all := map[string]json.RawMessage{}
	out, err := kms.NewFromConfig(w.admin).ListKeys(w.Context(), &kms.ListKeysInput{})
	if err != nil {
		w.Fatal(err)
	}
	for _, key := range out.Keys {
		p, err := kms.NewFromConfig(w.admin).GetKeyPolicy(w.Context(), &kms.GetKeyPolicyInput{KeyId: key.KeyId, PolicyName: aws.String("default")})
		if err != nil {
			w.Fatal(err)
		}
		all[*key.KeyArn] = json.RawMessage(*p.Policy)
	}
	for name, key := range w.setting.Keys {
		document, err := w.setting.Key(name)
		if err != nil {
			w.Fatal(err)
		}
		all[key] = w.json(document)
	}
	return all
}

// decide adds what was asked, as asked by each of the eight roles, or by some of them. It
// returns how much is allowed.
func (q *asker) decide(all *simulation, w *world, only ...string) (allowed int) {
	w.Helper()
	w.setting.BuildRole = arn("ci")
	keys, from := w.keyPolicies(), len(all.ours)
	for name, document := range w.roles() {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		for _, identity := range w.attached(document) {
			for _, access := range q.asked {
				access.Principal = arn(name)
				all.add(w, access, identity, keys[access.Resource])
			}
		}
	}
	for _, verdict := range all.ours[from:] {
		if verdict == "Allowed" {
			allowed++
		}
	}
	return allowed
}

// decideInFolders adds what was asked, as asked by roles whose policies name folders
// of that many levels.
func (q *asker) decideInFolders(all *simulation, w *world, levels int, roles ...string) {
	w.Helper()
	var known simulation // all has these
	exact := q.decide(&known, w, roles...)
	w.setting.Levels = levels
	if q.decide(all, w, roles...) <= exact {
		w.Errorf("folders allow %v nothing more", roles)
	}
	w.setting.Levels = 0
}

// decideRevoked adds what was asked, as asked by the roles that open, with key
// policies that revoke the documents of one function.
func (q *asker) decideRevoked(all *simulation, w *world, documents map[string]*sealed.Document) {
	w.Helper()
	var known simulation // all has these
	before := q.decide(&known, w, "hello", "worker", "glass")
	w.keep(documents["hello"], documents["worker"])
	w.setting.Kept["worker"] = []string{strings.Repeat("0", 64)}
	if q.decide(all, w, "hello", "worker", "glass") >= before {
		w.Error("nothing is revoked")
	}
	w.setting.Kept = nil
}

// explained says why the simulator decides a case differently than the embedded AWS; ""
// if it must not. It has a pattern for the resource of each action:
//
//   - lambda:ListLayerVersions: only *. docs/policy.md has the source for the layer's ARN.
//   - ssm:GetParametersByPath: a parameter with a name, which the path / has not. So the
//     simulator gives no verdict.
func explained(a simulated, ours, theirs string) string {
	switch {
	case a.Action == "lambda:ListLayerVersions" && ours == "Allowed" && theirs == "ImplicitlyDenied":
		return a.Action
	case a.Action == "ssm:GetParametersByPath" && strings.HasSuffix(a.ARN, ":parameter/") && theirs == `error: {"message":"no.resource.types"}`:
		return a.Action
	}
	return ""
}

// An evaluator that is not ours decides what our roles ask for as the embedded AWS does.
func TestAnotherEvaluatorDecidesTheSame(t *testing.T) {
	needs.PolicyTools(t)
	t.Parallel()
	var all simulation
	for name, m := range allModes() {
		q := &asker{asked: map[string]iam.Access{}}
		s := q.ofBuilds(t, m, false)
		q.decide(&all, s.world)
		if name == "mixed" { // has the statements of packed and of blind functions
			q.decideInFolders(&all, s.world, 2, "ci", "plan", "doctor")
			q.decideRevoked(&all, s.world, s.documents)
			q := &asker{asked: map[string]iam.Access{}}
			q.decide(&all, q.ofBuilds(t, m, true).world)
		}
	}
	q := &asker{asked: map[string]iam.Access{}}
	w := q.ofPuts(t)
	q.decide(&all, w)
	q.decideInFolders(&all, w, 2, "put")
	seen, known := all.agrees(t)
	if len(known) != 2 || seen["Allowed"] < 300 || seen["ExplicitlyDenied"] < 300 || seen["ImplicitlyDenied"] < 300 {
		t.Error("too few cases")
	}
}

// agrees has the simulator decide as the embedded AWS does. It counts the verdicts, and the
// cases that are explained by action.
func (s *simulation) agrees(t *testing.T) (seen, known map[string]int) {
	t.Helper()
	seen, known = map[string]int{}, map[string]int{}
	for i, theirs := range s.run(t) {
		one := s.Cases[i]
		switch {
		case theirs == s.ours[i]:
			seen[theirs]++
		case explained(one, s.ours[i], theirs) != "":
			known[one.Action]++
		default:
			t.Errorf("%s, not %s: %s %s as %s %v", theirs, s.ours[i], one.Action, one.ARN, one.Principal, one.Keys)
		}
	}
	t.Logf("%d cases: agreed are %v, explained are %v", len(s.Cases), seen, known)
	return seen, known
}

// The evaluator that is not ours decides random documents as the embedded AWS does, and
// random parts of them as the whole.
func TestAnotherEvaluatorDecidesPartsAsTheWhole(t *testing.T) {
	needs.PolicyTools(t)
	t.Parallel()
	const requests = 6
	type drawn struct {
		whole    policy.Document
		parts    []policy.Document
		requests []request
	}
	draw := rapid.Custom(func(t *rapid.T) drawn {
		var d drawn
		d.whole = someDocument(t)
		parts, err := d.whole.Split(rapid.IntRange(500, 2500).Draw(t, "limit"))
		if err != nil || len(parts) == 1 {
			return d
		}
		d.parts = parts
		for len(d.requests) < requests {
			// The simulator wants to know what kind of resource it is, and of a pattern it decides all that matches.
			if r := someRequest(t, d.whole); len(r.resource) > len(someARN) && !strings.ContainsAny(r.resource, "*?") {
				d.requests = append(d.requests, r)
			}
		}
		return d
	})
	var all simulation
	for seed := 0; len(all.Cases) < 2*requests*130; seed++ {
		d := draw.Example(seed)
		for _, r := range d.requests {
			access := iam.Access{Principal: "arn:aws:iam::222222222222:role/r", Account: "222222222222", Action: r.action, Resource: r.resource, Keys: r.keys}
			all.add(t, access, raw(t, d.whole), nil)
			all.add(t, access, raw(t, d.parts...), nil)
		}
	}
	all.compare(t, 120)
}

// compare compares verdicts on pairs of cases: a document, and its parts. Of each verdict,
// there must be enough.
func (s *simulation) compare(t *testing.T, enough int) {
	t.Helper()
	seen := map[string]int{}
	theirs := s.run(t)
	for i := 0; i < len(theirs); i += 2 {
		if explained(s.Cases[i], s.ours[i], theirs[i]) != "" {
			continue
		}
		seen[theirs[i]]++
		if theirs[i] != s.ours[i] || theirs[i] != theirs[i+1] || theirs[i] != s.ours[i+1] {
			t.Errorf("the whole %s, the parts %s; of the embedded AWS %s and %s: %+v\n%s", theirs[i], theirs[i+1], s.ours[i], s.ours[i+1],
				s.Cases[i], s.Identity[s.Cases[i].Identity[0]])
		}
	}
	t.Logf("%d cases: %v", len(theirs), seen)
	if min(seen["Allowed"], seen["ExplicitlyDenied"], seen["ImplicitlyDenied"]) < enough {
		t.Errorf("fewer than %d of each", enough)
	}
}

func raw(t *testing.T, documents ...policy.Document) (all []json.RawMessage) {
	t.Helper()
	for _, d := range documents {
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}
