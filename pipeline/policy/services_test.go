package policy_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/policy"
)

// A shop is the service with more functions. hello and worker are the first two; each of
// the others has five secrets, and some import a path or share a key.
type shop struct {
	functions int
	modes
}

func (c shop) name() string {
	for name, m := range allModes() {
		if m == c.modes {
			return fmt.Sprintf("%d functions, %s", c.functions, name)
		}
	}
	return ""
}

// blind reports whether a function is blind. Where both ways are used, they take turns.
func (c shop) blind(i int) bool {
	if i%2 == 1 {
		return c.workerBlind
	}
	return c.helloBlind
}

func called(i int) string { return fmt.Sprintf("orders-%03d", i) }

// sharesKey reports whether a function has the key of the one before it. A few do.
func (c shop) sharesKey(i int) bool { return i >= 2 && i%10 == 9 && i < min(c.functions, few) }

// few of the functions share a key, and have a parameter whose name has no slash. Neither
// can be shortened.
const few = 40

func (c shop) world(t *testing.T) *world {
	t.Helper()
	var keys, parameters, functions []string
	parameter := func(name, more string) {
		parameters = append(parameters, fmt.Sprintf(`{"name": %q, "type": "SecureString", "key_id": "alias/parameters", %s}`, name, more))
	}
	for i := 2; i < c.functions; i++ {
		name := called(i)
		key, shared := "alias/"+name, c.sharesKey(i) || c.sharesKey(i+1)
		if c.sharesKey(i) {
			key = "alias/" + called(i-1)
		} else {
			keys = append(keys, fmt.Sprintf(`{"alias": %q}`, key))
		}
		folder := "/local/shop/" + name
		parameter(folder+"/database-password", `"value": "not-a-real-value"`)
		parameter(folder+"/signing-key", `"values": ["not-a-real-value-1", "not-a-real-value-2"]`)
		flat := "shop-" + name
		if i >= few {
			flat = folder + "/flag"
		}
		parameter(flat, `"value": "not-a-real-value", "labels": {"stable": 1}`)
		parameter(folder+"/config", `"value": "{\"token\": \"not-a-real-value\"}"`)
		field := `field = "token"`
		if c.blind(i) {
			field = ""
		}
		path := ""
		if i%4 == 2 {
			parameter(folder+"/mail/user", `"value": "not-a-real-value"`)
			path = fmt.Sprintf(`parameters { path = "%s/mail" }`, folder)
		}
		functions = append(functions, fmt.Sprintf(`function %q {
  kms_key    = %q
  shared_key = %t
  blind      = %t
  secret "PASSWORD_%03d" { parameter = "%s/database-password" }
  secret "SIGNING_KEY" { parameter = "%[6]s/signing-key:1" }
  secret "FLAT" { parameter = "%s:stable" }
  secret "CONFIG_%03[5]d" {
    parameter = "%[6]s/config"
    %[8]s
  }
  secret "LICENSE" { parameter = "/local/shop/license" }
  %[9]s
}`, name, key, shared, c.blind(i), i, folder, flat, field, path))
	}
	for _, name := range []string{"/local/shop/unlisted", "/local/shop/orders-002/unlisted", "/local/shop/mailbox/user", "shop-orders-0021", "/local/shop/license",
		"/local/shop/orders-002x/database-password", "/local/shop/Orders-002/config", "/local/shop/orders-002"} {
		parameter(name, `"value": "not-a-real-value"`)
	}
	seed := seedJSON
	if len(keys) > 0 {
		seed = strings.Replace(seed, `"keys": [`, `"keys": [`+strings.Join(keys, ",\n")+",\n", 1)
	}
	seed = strings.Replace(seed, `"parameters": [`, `"parameters": [`+strings.Join(parameters, ",\n")+",\n", 1)
	source := fmt.Sprintf(manifestHCL, c.helloBlind, c.workerBlind)
	if c.functions == 1 {
		source, _, _ = strings.Cut(source, `function "worker"`)
	}
	w := newWorldOf(t, seed, source+strings.Join(functions, "\n"))
	if c.large() {
		w.byTags()
	}
	return w
}

// everyService returns services of every size. The largest, which are slow, are for make
// sizes.
func everyService() (all []shop) {
	for _, n := range []int{1, 3, 10, 40} {
		for _, m := range allModes() {
			if n > 1 || m.helloBlind == m.workerBlind {
				all = append(all, shop{n, m})
			}
		}
	}
	all = append(all, shop{200, modes{workerBlind: true}})
	if everySize() {
		all = append(all, shop{200, modes{}}, shop{200, modes{true, true}}, shop{1000, modes{}}, shop{1000, modes{true, true}}, shop{1000, modes{workerBlind: true}})
	}
	return all
}

func everySize() bool { return os.Getenv("BUNDLE_TEST_SIZES") != "" }

// large reports whether the policies fit only if they name keys by tags, and folders.
func (c shop) large() bool { return c.functions > 40 }

// managed returns a policy as managed policies that one role can have.
func (w *world) managed(document policy.Document) []policy.Document {
	w.Helper()
	all, err := document.Split(policy.MaxManaged)
	if err != nil {
		w.Fatal(err)
	}
	if len(all) > policy.MaxAttached {
		w.Fatalf("%d policies for %d characters", len(all), document.Size())
	}
	return all
}

// A kind of role, with its policy and what it does.
type kind struct {
	name     string
	document policy.Document
	does     func(aws.Config) error
}

// fitting returns the setting with which the policy of a kind fits: as --prefixes has it.
func (w *world) fitting(kind string) policy.Setting {
	w.Helper()
	fits, err := w.setting.InFolders(kind, policy.MaxAttached)
	if err != nil {
		w.Fatal(err)
	}
	return fits
}

func (w *world) kinds() []kind {
	w.Helper()
	var names []string // that are put
	for _, fn := range w.manifest.Functions {
		for _, secret := range fn.Secrets {
			if !strings.Contains(secret.Parameter.Value, ":") { // of no version and no label
				names = append(names, secret.Name.Value)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	all := []kind{
		{"build", w.fitting(policy.KindCI).Build(), func(as aws.Config) error { _, err := w.run(as); return err }},
		{"plan", w.fitting(policy.KindPlan).Plan(), w.plan},
		{"doctor", doctors(w.fitting(policy.KindDoctor)), func(as aws.Config) error {
			if wrong := w.examine(as, true); wrong != nil {
				return fmt.Errorf("%s", strings.Join(wrong, "\n"))
			}
			return nil
		}},
	}
	if len(names) > 0 {
		all = append(all, kind{"put", w.fitting(policy.KindPut).Put(), func(as aws.Config) error { return w.puts(as, names...) }})
	}
	return all
}

// sample returns some of the names of a map: all, or as many as asked for.
func sample[T any](all map[string]T, n int) []string {
	names := slices.Sorted(maps.Keys(all))
	rand.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
	return names[:min(n, len(names))]
}

// samples is how many permissions of a policy the tests take away, and how many functions
// they try: a few, or all with make sizes.
func (c shop) samples() int {
	switch {
	case everySize() && c.large():
		return 3
	case everySize():
		return 1 << 20
	case c.functions > 10:
		return 1
	}
	return 3
}

func TestServicesOfEverySizeWorkUnderTheirPolicies(t *testing.T) {
	for _, c := range everyService() {
		t.Run(c.name(), func(t *testing.T) {
			w := c.world(t)
			documents := w.documents() // publishes, so that there is a layer to find
			for _, k := range w.kinds() {
				managed := w.managed(k.document)
				if err := k.does(w.roleWith(k.name, managed, policy.Document{})); err != nil {
					t.Errorf("%s: %v", k.name, err)
				}
				w.needs(k, c.samples())
			}
			for _, function := range sample(documents, c.samples()) {
				w.opensAlone(function, documents, c.samples())
			}
			w.setting.BuildRole = arn("build")
			w.putKeyPolicies(same)
			if _, err := w.run(w.roleWith("build", w.managed(w.fitting(policy.KindCI).Build()), policy.Document{})); err != nil {
				t.Errorf("under the key policies: %v", err)
			}
			for _, function := range sample(documents, c.samples()) {
				if err := w.open(w.role(function, policy.Document{}), documents[function]); err != nil {
					t.Errorf("%s under the key policies: %v", function, err)
				}
			}
		})
	}
}

// needs checks that a role cannot do its work without each of some permissions.
func (w *world) needs(k kind, n int) {
	w.Helper()
	lacking := lessened(k.document)
	maps.DeleteFunc(lacking, func(what string, _ policy.Document) bool {
		return strings.HasPrefix(what, "ListPaths without ") // in one of two spellings, of which a build needs one
	})
	for _, what := range sample(lacking, n) {
		if k.does(w.roleWith(k.name, w.managed(lacking[what]), policy.Document{})) == nil {
			w.Errorf("%s: works without %s", k.name, what)
		}
	}
}

// opensAlone checks that a function's role opens its document, and no other.
func (w *world) opensAlone(function string, documents map[string]*sealed.Document, n int) {
	w.Helper()
	document, err := w.setting.Function(function)
	if err != nil {
		w.Fatal(err)
	}
	as := w.roleWith(function, w.managed(document), policy.Document{})
	if err := w.open(as, documents[function]); err != nil {
		w.Errorf("%s: %v", function, err)
	}
	for _, other := range sample(documents, n) {
		if other != function && w.open(as, documents[other]) == nil {
			w.Errorf("%s opens the document of %s", function, other)
		}
	}
	for what, less := range lessened(document) {
		if w.open(w.roleWith(function, w.managed(less), policy.Document{}), documents[function]) == nil {
			w.Errorf("%s opens without %s", function, what)
		}
	}
}

// All parts of a policy belong together. Without one of them, what it alone denied gets
// through, and nothing else.
func TestWithoutOnePartOnlyWhatItDeniedGetsThrough(t *testing.T) {
	for _, m := range allModes() {
		c := shop{40, m}
		t.Run(c.name(), func(t *testing.T) {
			s := c.world(t).stage()
			managed := s.managed(s.setting.Build())
			attacks := union(openingAttacks(), readingAttacks(), roundaboutAttacks(), readingWithin(), prefixed("encrypt ", sealingAttacks(encrypt)))
			maps.DeleteFunc(attacks, func(name string, _ call) bool { return keyAttacks()[name] != nil || strings.HasPrefix(name, "change ") })
			missed := 0
			for i := range managed {
				rest := slices.Delete(slices.Clone(managed), i, i+1)
				for _, inline := range []policy.Document{{}, everything()} {
					through := s.denied(s.roleWith("build", rest, inline), attacks)
					missed += len(through)
					only := map[string]call{}
					for _, name := range through {
						only[name] = attacks[name]
					}
					if more := s.denied(s.roleWith("build", managed[i:i+1], everything()), only); more != nil {
						t.Errorf("without part %d, and not for what it denies:\n%s", i+1, strings.Join(more, "\n"))
					}
				}
			}
			if missed == 0 {
				t.Error("no part denies anything")
			}
		})
	}
}

// grantedByFolders are no attacks on policies that name folders instead of parameters.
func grantedByFolders() map[string]call {
	return union(readingWithin(), map[string]call{
		"read a parameter whose name begins like its":                  nil,
		"read below its own parameter":                                 nil,
		"list the path /local/shop/":                                   nil,
		"list the path /local/shop/mailbox":                            nil,
		"decrypt a blind function's parameter through Parameter Store": nil,
	})
}

func TestServicesOfEverySizeDenyEveryAttack(t *testing.T) {
	for _, c := range everyService() {
		t.Run(c.name(), func(t *testing.T) {
			s := c.world(t).stage()
			build := buildAttacks(c.modes)
			for name := range puttingAttacks() { // only denied if there is a layer_parameter
				delete(build, name)
			}
			if c.functions == 1 { // whose token hello does not have
				delete(build, "re-encrypt a packed function's parameter")
			}
			if len(build) < 70 {
				t.Errorf("only %d attacks", len(build))
			}
			within := readingWithin()
			if c.large() {
				for name := range grantedByFolders() {
					delete(build, name)
					delete(within, name)
				}
			}
			for _, k := range s.kinds() {
				attacks := union(build, within)
				if k.name == "put" {
					continue // has attacks of its own
				}
				alone := union(attacks, map[string]call{
					"read another's text": read("/local/other/text", false), "encrypt to a function's key for another function": encrypt(worker, honest),
					"publish another layer": publishOther,
				})
				if k.name == "plan" {
					for name := range administrationAttacks() { // the Denies do not cover keys
						delete(attacks, name)
					}
					for name := range keyAttacks() {
						delete(attacks, name)
					}
					delete(attacks, "change the key policy")
				}
				managed := s.managed(k.document)
				if through := s.denied(s.roleWith(k.name, managed, policy.Document{}), alone); through != nil {
					t.Errorf("%s: not refused:\n%s", k.name, strings.Join(through, "\n"))
				}
				if through := s.denied(s.roleWith(k.name, managed, everything()), attacks); through != nil {
					t.Errorf("%s: not refused where the role may do everything besides:\n%s", k.name, strings.Join(through, "\n"))
				}
			}
		})
	}
}

// readingWithin reads what is in the same folders as the manifest's parameters.
func readingWithin() map[string]call {
	return map[string]call{
		"read another's secret in the same folder":    read("/local/shop/unlisted", true),
		"read another's secret in a function's":       read("/local/shop/orders-002/unlisted", true),
		"read a name that begins like a function's":   read("/local/shop/orders-002x/database-password", true),
		"read a flat name that begins like another":   read("shop-orders-0021", true),
		"read another's secret of an imported path":   read("/local/shop/mailbox/user", true),
		"read a secret in another letter case":        read("/local/shop/Orders-002/config", true),
		"read the folder of a function as if a value": read("/local/shop/orders-002", true),
	}
}

func publishOther(s *stage, as aws.Config) error {
	_, err := lambda.NewFromConfig(as).PublishLayerVersion(s.Context(), &lambda.PublishLayerVersionInput{
		LayerName: aws.String("other"), Content: &lambdatypes.LayerVersionContentInput{ZipFile: []byte("PK\x05\x06" + strings.Repeat("\x00", 18))}})
	return err
}
