package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/secret"
)

// names are the parameters of the seed, and one beside those of the shop.
const foldersSeed = `{
  "keys": [{"alias": "alias/parameters"}, {"alias": "alias/hello"}, {"alias": "alias/worker"}],
  "parameters": [
    {"name": "/local/shop/db", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-1"},
    {"name": "/local/shop/token", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-2"},
    {"name": "/local/shop/mail/user", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-3"},
    {"name": "/local/shop/root", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-4"},
    {"name": "/local/shop2/db", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-5"},
    {"name": "/prod/shop/db", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-6"},
    {"name": "/local", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-7"}
  ]
}`

func seeded() []string {
	return []string{"/local", "/local/shop/db", "/local/shop/mail/user", "/local/shop/root", "/local/shop/token", "/local/shop2/db", "/prod/shop/db"}
}

// What a policy of folders grants beyond the manifest is what is listed, and no more.
func TestFoldersGrantWhatIsListed(t *testing.T) {
	for levels, want := range map[int][]string{
		1: {"/local/shop/root", "/local/shop2/db"},
		2: {"/local/shop/root"},
		3: nil, 4: nil,
	} {
		w := newWorldOf(t, foldersSeed, fmt.Sprintf(manifestHCL, false, false))
		exact := w.setting.Build()
		w.setting.Levels = levels
		var listed []string
		for _, b := range w.setting.BeyondOf(policy.KindCI, secret.ParameterStore, seeded()) {
			if b.Rights != "read and decrypt" {
				t.Errorf("%+v", b)
			}
			listed = append(listed, b.Name)
		}
		if !slices.Equal(listed, want) {
			t.Errorf("%d levels: %q, not %q", levels, listed, want)
		}
		if _, err := w.run(w.role("ci", w.setting.Build())); err != nil {
			t.Errorf("%d levels: %v", levels, err)
		}
		s := &stage{world: w}
		before, now := w.role("exact", exact), w.role("folders", broadened(w.setting.Build()))
		var granted []string
		for _, name := range seeded() {
			if read(name, true)(s, now) == nil && read(name, true)(s, before) != nil {
				granted = append(granted, name)
			}
		}
		if !slices.Equal(granted, want) {
			t.Errorf("%d levels: it grants %q, and %q is listed", levels, granted, want)
		}
	}
}

// A parameter of a blind function in a folder of a packed one can be decrypted. That is
// beyond the manifest.
func TestFoldersOfPackedAndBlindFunctionsAreApart(t *testing.T) {
	w := newWorldOf(t, foldersSeed, fmt.Sprintf(manifestHCL, false, true))
	w.setting.Levels = 2
	want := []policy.Beyond{
		{Name: "/local/shop/db", Rights: "read as stored and re-encrypt"}, {Name: "/local/shop/root", Rights: "read and decrypt; read as stored and re-encrypt"},
		{Name: "/local/shop/token", Rights: "read and decrypt"},
	}
	if got := w.setting.BeyondOf(policy.KindCI, secret.ParameterStore, seeded()); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := w.setting.BeyondOf(policy.KindPlan, secret.ParameterStore, seeded()); len(got) != 1 || got[0].Name != "/local/shop/root" || got[0].Rights != "read as stored" {
		t.Errorf("plan: %+v", got)
	}
	if got := w.setting.Folders(policy.KindCI, secret.ParameterStore); !slices.Equal(got, []string{"/local/shop"}) {
		t.Errorf("folders %q", got)
	}
	if _, err := w.run(w.role("ci", w.setting.Build())); err != nil {
		t.Error(err)
	}
	if err := w.plan(w.role("plan", w.setting.Plan())); err != nil {
		t.Error(err)
	}
}

// What a blind function reads is read as it is stored, and a String is stored as it is.
func TestFoldersOfBlindFunctionsGrantReading(t *testing.T) {
	text := strings.Replace(foldersSeed, `"/local/shop/root", "type": "SecureString", "key_id": "alias/parameters"`, `"/local/shop/root", "type": "String"`, 1)
	w := newWorldOf(t, text, fmt.Sprintf(manifestHCL, true, true))
	s, exact := &stage{world: w}, w.role("exact", w.setting.Build())
	w.setting.Levels = 2
	folders := w.role("folders", w.setting.Build())
	if read("/local/shop/root", false)(s, exact) == nil || read("/local/shop/root", false)(s, folders) != nil {
		t.Error("the folder does not grant reading, or the name does")
	}
	want := []policy.Beyond{{Name: "/local/shop/root", Rights: "read as stored and re-encrypt"}}
	if got := w.setting.BeyondOf(policy.KindCI, secret.ParameterStore, seeded()); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

// many is a service with five secrets in each function.
func many(n int, name func(function, secret int) string) policy.Setting {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("function-%d", i))
	}
	s := plain("aws", "us-west-2", names...)
	s.Parameters = s.Parameters[:1]
	for i := range s.Manifest.Functions {
		fn := &s.Manifest.Functions[i]
		fn.Imports, fn.Secrets, fn.Blind.Value = nil, nil, false
		for k := range 5 {
			fn.Secrets = append(fn.Secrets, manifest.Secret{Parameter: manifest.Text{Value: name(i, k)}})
		}
	}
	s.ParameterKeys = []string{"arn:aws:kms:us-west-2:222222222222:key/parameters"}
	return s
}

// ofSecrets makes all parameters of a setting secrets of Secrets Manager, with another first character.
func ofSecrets(s policy.Setting, first string) policy.Setting {
	for i := range s.Manifest.Functions {
		secrets := s.Manifest.Functions[i].Secrets
		for k := range secrets {
			secrets[k].SecretsManager.Value, secrets[k].Parameter.Value = first+strings.TrimPrefix(secrets[k].Parameter.Value, "/"), ""
		}
	}
	s.Parameters, s.ParameterKeys = nil, nil
	s.SecretKeys = []string{"arn:aws:kms:us-west-2:222222222222:key/ffffffff-1111-4111-8111-111111111111"}
	return s
}

// Names of secrets are cut like those of parameters, whether they begin with a slash or not.
func TestFoldersOfSecrets(t *testing.T) {
	for _, first := range []string{"", "/"} {
		for n, folder := range map[int]string{3: "", 200: "prod/payments/function-17", 1000: "prod/payments"} {
			for _, kind := range []string{policy.KindCI, policy.KindPlan, policy.KindDoctor, policy.KindDeployed} {
				s := ofSecrets(many(n, deep), first)
				s.ByTags = true
				short, err := s.InFolders(kind, policy.MaxAttached)
				if err != nil {
					t.Fatalf("%d functions, %s: %v", n, kind, err)
				}
				folder := folder
				if n == 200 && kind == policy.KindDoctor { // the largest policy
					folder = "prod/payments"
				}
				folders := short.Folders(kind, secret.SecretsManager)
				if (len(folders) > 0) != (folder != "") || folder != "" && !slices.Contains(folders, first+folder) || len(short.Folders(kind, secret.ParameterStore)) > 0 {
					t.Errorf("%d functions, %s: %q", n, kind, folders)
				}
				if folder == "" {
					continue
				}
				rights := "describe"
				if kind == policy.KindCI || kind == policy.KindDoctor {
					rights = "read and decrypt"
				}
				names := []string{first + "prod/payments/function-17/secret-1", first + "prod/payments/function-17/other", first + "prod/other/secret-1", "/" + first + "prod/payments/function-17/other"}
				want := []policy.Beyond{{Store: secret.SecretsManager, Name: names[1], Rights: rights}}
				if got := short.BeyondOf(kind, secret.SecretsManager, names); !slices.Equal(got, want) {
					t.Errorf("%d functions, %s: %+v", n, kind, got)
				}
			}
		}
	}
}

func deep(i, k int) string { return fmt.Sprintf("/prod/payments/function-%d/secret-%d", i, k) }

// With tags and folders, a policy fits for any number of functions.
func TestTagsAndFoldersFitForManyFunctions(t *testing.T) {
	for n, folders := range map[int]int{3: 0, 40: 0, 200: 200, 1000: 1} {
		for _, kind := range []string{policy.KindCI, policy.KindPlan, policy.KindPut, policy.KindDoctor} {
			s := many(n, deep)
			s.ByTags = true
			short, err := s.InFolders(kind, policy.MaxAttached)
			if err != nil {
				t.Errorf("%d functions, %s: %v", n, kind, err)
				continue
			}
			documents, _, err := short.Documents(kind, nil)
			if err != nil {
				t.Fatal(err)
			}
			parts, err := documents[0].Policy.Split(policy.MaxManaged)
			if err != nil || len(parts) > policy.MaxAttached {
				t.Errorf("%d functions, %s: %d parts, %v", n, kind, len(parts), err)
			}
			found := short.Folders(kind, secret.ParameterStore)
			if len(found) != folders {
				t.Errorf("%d functions, %s: %d folders, not %d", n, kind, len(found), folders)
			}
			if folders == 200 && !slices.Contains(found, "/prod/payments/function-17") || folders == 1 && found[0] != "/prod/payments" {
				t.Errorf("%d functions, %s: not the deepest folders: %q", n, kind, found)
			}
		}
	}
}

// Without folders below the root, nothing fits: all of Parameter Store is never named.
func TestFoldersAreNeverTheRoot(t *testing.T) {
	for what, name := range map[string]func(int, int) string{
		"no folders":        func(i, k int) string { return fmt.Sprintf("function-%d-secret-%d", i, k) },
		"a slash":           func(i, k int) string { return fmt.Sprintf("/function-%d-secret-%d", i, k) },
		"a folder for each": func(i, k int) string { return fmt.Sprintf("/function-%d-%d/secret", i, k) },
	} {
		s := many(1000, name)
		s.ByTags = true
		_, err := s.InFolders(policy.KindPlan, policy.MaxAttached)
		if !errors.Is(err, policy.ErrFolders) || !strings.Contains(err.Error(), "characters") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, slash := range []string{"", "/"} {
		s := ofSecrets(many(1000, func(i, k int) string { return fmt.Sprintf("/function-%d-secret-%d", i, k) }), slash)
		if _, err := s.InFolders(policy.KindPlan, policy.MaxAttached); !errors.Is(err, policy.ErrFolders) {
			t.Errorf("secrets with %q: %v", slash, err)
		}
	}
	s := many(3, deep)
	for s.Levels = 1; s.Levels < 6; s.Levels++ {
		for _, d := range []policy.Document{s.Build(), s.Plan(), s.Put(), s.Doctor()} {
			for _, statement := range d.Statement {
				for _, resource := range append(slices.Clone(statement.Resource), statement.NotResource...) {
					if strings.HasSuffix(resource, ":parameter/*") || strings.HasSuffix(resource, ":parameter*") {
						t.Errorf("%d levels: %s names all of Parameter Store", s.Levels, statement.Sid)
					}
				}
			}
		}
	}
}
