package manifest

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// seedFile is the part of examples/local/parameters.json that these tests use.
type seedFile struct {
	Keys       []struct{ Alias string }
	Parameters []struct {
		Name, Type, Value, Tier string
		KeyID                   string `json:"key_id"`
		Values                  []string
	}
	Secrets []struct {
		Name   string
		KeyID  string `json:"key_id"`
		Values []string
	}
}

func shipped(t *testing.T) (*Manifest, seedFile) {
	t.Helper()
	m, diags := everything("../../secrets.hcl", Options{})
	if len(diags) > 0 {
		t.Fatal(render(t, m, diags))
	}
	manifest, _ := m.Evaluate(m.Default())
	if manifest.Environment.Embedded.Value == "" {
		t.Fatal("the default environment is not embedded")
	}
	src, err := os.ReadFile("../../" + manifest.Environment.Embedded.Value)
	if err != nil {
		t.Fatal(err)
	}
	var seed seedFile
	if err := json.Unmarshal(src, &seed); err != nil {
		t.Fatal(err)
	}
	return manifest, seed
}

func TestShippedManifestShowsEveryKindOfSecret(t *testing.T) {
	manifest, seed := shipped(t)
	values := map[string][]string{}
	for _, p := range seed.Parameters {
		if p.Type != "SecureString" {
			t.Errorf("%s is a %s", p.Name, p.Type)
		}
		values[p.Name] = append(p.Values, p.Value)
	}
	secrets := map[string][]string{}
	for _, s := range seed.Secrets {
		secrets[s.Name] = s.Values
	}
	seen := map[string]bool{}
	for _, f := range manifest.Functions {
		for _, s := range f.Secrets {
			if name := s.SecretsManager.Value; name != "" {
				seen["secretsmanager"] = len(secrets[name]) > 0 && !s.Field.Whole() && json.Valid([]byte(secrets[name][0]))
				continue
			}
			name, selector, pinned := strings.Cut(s.Parameter.Value, ":")
			value := values[name]
			switch {
			case s.Optional:
				seen["optional"] = seen["optional"] || value == nil
				continue
			case value == nil:
				t.Errorf("%s has no parameter %s in the sample", s.Name.Value, name)
				continue
			case pinned:
				seen["pinned"] = selector == "1" && len(value) > 2
			case !s.Field.Whole():
				seen["field"] = json.Valid([]byte(value[0]))
			case s.Encoding.Value == "base64":
				_, err := base64.StdEncoding.DecodeString(value[0])
				seen["base64"] = err == nil
			case len(value[0]) > 4096:
				seen["long"] = len(value[0]) <= 8192
			}
			seen["group"] = seen["group"] || s.Name.Value == "LOG_TOKEN"
		}
		for _, i := range f.Imports {
			for name := range values {
				if secret, err := i.Name(name); err == nil {
					_, reserved := Lookup(secret)
					seen["import"] = !reserved
				}
			}
		}
	}
	for _, kind := range []string{"optional", "pinned", "field", "base64", "long", "group", "import", "secretsmanager"} {
		if !seen[kind] {
			t.Errorf("no good example of: %s", kind)
		}
	}
}

func TestSampleIsVisiblyFakeAndUsesAKeyOfItsOwn(t *testing.T) {
	manifest, seed := shipped(t)
	keys := map[string]bool{}
	for _, k := range seed.Keys {
		keys[k.Alias] = true
	}
	under := map[string]string{}
	values := map[string][]string{}
	for _, p := range seed.Parameters {
		under[p.Name], values[p.Name] = p.KeyID, append(p.Values, p.Value)
	}
	for _, s := range seed.Secrets {
		under[s.Name], values[s.Name] = s.KeyID, s.Values
	}
	for _, f := range manifest.Functions {
		if !keys[f.Key.Value] {
			t.Errorf("the sample has no key %s", f.Key.Value)
		}
		for name, key := range under {
			if key == f.Key.Value || !keys[key] {
				t.Errorf("%s is under key %s", name, key)
			}
		}
	}
	for name, all := range values {
		for _, value := range all {
			decoded, err := base64.StdEncoding.DecodeString(value)
			if value != "" && !strings.Contains(value, "not-a-real-") && (err != nil || !strings.Contains(string(decoded), "not-a-real-")) {
				t.Errorf("the value of %s does not say that it is fake", name)
			}
		}
	}
}
