package awslocal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
)

// A change is what happens to a state between two commands.
type change func(t *testing.T, w world)

func putting(name, value string) change {
	return func(t *testing.T, w world) {
		put(t, w.ssm(), &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeSecureString, Value: &value, Overwrite: aws.Bool(true)})
	}
}

func removing(name string) change {
	return func(t *testing.T, w world) {
		if _, err := w.ssm().DeleteParameter(context.Background(), &ssm.DeleteParameterInput{Name: &name}); err != nil {
			t.Fatal(err)
		}
	}
}

func taking(name string) change {
	return func(t *testing.T, w world) {
		if _, err := w.FromSample(name); err != nil {
			t.Fatal(err)
		}
	}
}

// secure is a sample file with one SecureString, and more members of it.
func secure(more string) string {
	return `{"keys": [{"alias": "alias/one"}, {"alias": "alias/two"}], "parameters": [{"name": "/app/a", "type": "SecureString", ` + more + `}]}`
}

func one(value string) string { return secure(`"value": "` + value + `"`) }

func list(values string, labels string) string {
	return secure(`"values": ["` + strings.ReplaceAll(values, " ", `", "`) + `"], "labels": {` + labels + `}`)
}

// history shows the versions of a parameter as "1=a{label} 2=b".
func history(t *testing.T, w world, name string) string {
	t.Helper()
	out, err := w.ssm().GetParameterHistory(context.Background(), &ssm.GetParameterHistoryInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return code(err)
	}
	var all []string
	for _, p := range out.Parameters {
		text := fmt.Sprintf("%d=%s", p.Version, aws.ToString(p.Value))
		if len(p.Labels) > 0 {
			text += fmt.Sprint(p.Labels)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestTheSampleFileIsBroughtInAgain(t *testing.T) {
	type step struct {
		file string
		do   change // before the file is brought in
		want string
		kept bool
	}
	for name, steps := range map[string][]step{
		"unchanged":         {{file: one("a"), want: "1=a"}, {file: one("a"), want: "1=a"}, {file: "\n" + one("a"), want: "1=a"}},
		"edited":            {{file: one("a"), want: "1=a"}, {file: one("b"), want: "1=a 2=b"}, {file: one("c"), want: "1=a 2=b 3=c"}, {file: one("a"), want: "1=a 2=b 3=c 4=a"}},
		"edited to a list":  {{file: one("a"), want: "1=a"}, {file: list("a b", ""), want: "1=a 2=b"}},
		"appended":          {{file: list("a b", ""), want: "1=a 2=b"}, {file: list("a b c d", ""), want: "1=a 2=b 3=c 4=d"}},
		"last edited":       {{file: list("a b", ""), want: "1=a 2=b"}, {file: list("a c", ""), want: "1=a 2=b 3=c"}, {file: list("a c d", ""), want: "1=a 2=b 3=c 4=d"}},
		"first edited":      {{file: list("a b", ""), want: "1=a 2=b"}, {file: list("x b", ""), want: "1=a 2=b 3=x 4=b"}},
		"shortened":         {{file: list("a b c", ""), want: "1=a 2=b 3=c"}, {file: list("a b", ""), want: "1=a 2=b 3=c 4=b"}, {file: list("a b", ""), want: "1=a 2=b 3=c 4=b"}},
		"labeled":           {{file: list("a b", `"x": 2`), want: "1=a 2=b[x]"}, {file: list("a b", `"x": 1, "y": 2`), want: "1=a[x] 2=b[y]"}, {file: list("a b", `"y": 2`), want: "1=a 2=b[y]"}},
		"label moves along": {{file: list("a b", `"x": 2`), want: "1=a 2=b[x]"}, {file: list("a c", `"x": 2`), want: "1=a 2=b 3=c[x]"}},
		"label by hand stays": {{file: list("a b", `"x": 2`), want: "1=a 2=b[x]"}, {file: list("a b c", `"x": 2`), want: "1=a[mine] 2=b[x] 3=c", do: func(t *testing.T, w world) {
			_, err := w.ssm().LabelParameterVersion(context.Background(), &ssm.LabelParameterVersionInput{Name: aws.String("/app/a"), ParameterVersion: aws.Int64(1), Labels: []string{"mine"}})
			if err != nil {
				t.Fatal(err)
			}
		}}},
		"state changed":             {{file: one("a"), want: "1=a"}, {do: putting("/app/a", "p"), file: one("a"), want: "1=a 2=p"}, {file: one("a") + "\n", want: "1=a 2=p"}},
		"both changed":              {{file: one("a"), want: "1=a"}, {do: putting("/app/a", "p"), file: one("b"), want: "1=a 2=p", kept: true}, {file: one("b"), want: "1=a 2=p", kept: true}},
		"both, then another":        {{file: one("a"), want: "1=a"}, {do: putting("/app/a", "p"), file: one("b"), want: "1=a 2=p", kept: true}, {file: one("b") + "\n", want: "1=a 2=p", kept: true}},
		"both, then put again":      {{file: one("a"), want: "1=a"}, {do: putting("/app/a", "p"), file: one("b"), want: "1=a 2=p", kept: true}, {do: putting("/app/a", "q"), file: one("b"), want: "1=a 2=p 3=q"}},
		"both, then the file back":  {{file: one("a"), want: "1=a"}, {do: putting("/app/a", "p"), file: one("b"), want: "1=a 2=p", kept: true}, {file: one("a"), want: "1=a 2=p"}},
		"both, the same":            {{file: one("a"), want: "1=a"}, {do: putting("/app/a", "b"), file: one("b"), want: "1=a 2=b"}, {file: one("c"), want: "1=a 2=b 3=c"}},
		"both, then the file's":     {{file: one("a"), want: "1=a"}, {do: putting("/app/a", "p"), file: one("b"), want: "1=a 2=p", kept: true}, {do: taking("/app/a"), file: one("b"), want: "1=a 2=p 3=b"}, {file: one("c"), want: "1=a 2=p 3=b 4=c"}},
		"the file's, unchanged":     {{file: one("a"), want: "1=a"}, {do: taking("/app/a"), file: one("a"), want: "1=a"}, {do: putting("/app/a", "p"), file: one("a"), want: "1=a 2=p"}, {do: taking("app/a"), file: one("a"), want: "1=a 2=p 3=a"}},
		"removed":                   {{file: one("a"), want: "1=a"}, {do: removing("/app/a"), file: one("a"), want: "ParameterNotFound"}, {file: one("b"), want: "ParameterNotFound"}, {do: taking("/app/a"), file: one("b"), want: "1=b"}, {file: one("c"), want: "1=b 2=c"}},
		"removed and put":           {{file: one("a"), want: "1=a"}, {do: func(t *testing.T, w world) { removing("/app/a")(t, w); putting("/app/a", "p")(t, w) }, file: one("b"), want: "1=p", kept: true}},
		"out of the file":           {{file: one("a"), want: "1=a"}, {file: `{}`, want: "1=a"}, {file: one("b"), want: "1=a 2=b"}},
		"put before it was there":   {{file: `{}`, want: "ParameterNotFound"}, {do: putting("/app/a", "p"), file: one("b"), want: "1=p", kept: true}},
		"put before, the same":      {{file: `{}`, want: "ParameterNotFound"}, {do: putting("/app/a", "b"), file: one("b"), want: "1=b"}, {file: one("c"), want: "1=b 2=c"}},
		"another key":               {{file: secure(`"value": "a", "key_id": "alias/one"`), want: "1=a"}, {file: secure(`"value": "a", "key_id": "alias/two"`), want: "1=a 2=a"}},
		"the advanced tier":         {{file: one("a"), want: "1=a"}, {file: secure(`"value": "a", "tier": "Advanced"`), want: "1=a 2=a"}, {file: secure(`"value": "a", "tier": "Standard"`), want: "1=a"}},
		"another data type":         {{file: one("5"), want: "1=5"}, {file: secure(`"value": "5", "data_type": "integer"`), want: "1=5 2=5"}, {file: secure(`"value": "5.5", "data_type": "float"`), want: "1=5 2=5 3=5.5"}},
		"the same data type":        {{file: one("a"), want: "1=a"}, {file: secure(`"value": "a", "data_type": "text"`), want: "1=a"}},
		"no advanced data type":     {{file: secure(`"value": "{}", "data_type": "json", "tier": "Intelligent-Tiering"`), want: "1={}"}, {file: secure(`"value": "[]", "data_type": "jsonc", "tier": "Intelligent-Tiering"`), want: "1={} 2=[]"}, {file: secure(`"value": "[]", "tier": "Intelligent-Tiering"`), want: "1=[]"}},
		"still advanced":            {{file: secure(`"value": "{}", "data_type": "json", "tier": "Advanced"`), want: "1={}"}, {file: secure(`"value": "{}", "tier": "Advanced"`), want: "1={} 2={}"}},
		"an image":                  {{file: `{"parameters": [{"name": "/app/a", "type": "String", "value": "ami-12345abcdeEXAMPLE"}]}`, want: "1=ami-12345abcdeEXAMPLE"}, {file: `{"parameters": [{"name": "/app/a", "type": "String", "data_type": "aws:ec2:image", "value": "ami-12345abcdeEXAMPLE"}]}`, want: "1=ami-12345abcdeEXAMPLE"}},
		"another type":              {{file: one("a"), want: "1=a"}, {file: `{"parameters": [{"name": "/app/a", "type": "String", "values": ["a", "b"]}]}`, want: "1=a 2=b"}},
		"a byte order mark":         {{file: "\xef\xbb\xbf" + one("a"), want: "1=a"}},
		"two spellings of one name": {{file: `{"parameters": [{"name": "a", "type": "String", "value": "a"}]}`, want: "ParameterNotFound"}, {file: `{"parameters": [{"name": "/a", "type": "String", "value": "b"}]}`, want: "ParameterNotFound"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apart, served := t.TempDir(), t.TempDir()
			server, _, err := awslocal.Serve(t.Context(), served, "127.0.0.1:0", awslocal.WithSeed([]byte(steps[0].file)))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			for i, s := range steps {
				for kind, dir := range map[string]string{"by itself": apart, "with a server": served} {
					if s.do != nil {
						if dir == served {
							s.do(t, world{server, urlOf(t, dir)})
						} else {
							reopen(t, dir, func(w world) { s.do(t, w) }, awslocal.WithSeed([]byte(steps[i-1].file)))
						}
					}
					client, err := awslocal.Attach(t.Context(), dir, awslocal.WithSeed([]byte(s.file)))
					if err != nil {
						t.Fatalf("step %d %s: %v", i, kind, err)
					}
					if kept := len(client.Kept()) > 0; kept != s.kept || kept && !slices.Equal(client.Kept(), []string{"/app/a"}) {
						t.Errorf("step %d %s: kept %q", i, kind, client.Kept())
					}
					if err := client.Close(); err != nil {
						t.Fatal(err)
					}
					got := ""
					if dir == served {
						got = history(t, world{server, urlOf(t, dir)}, "/app/a")
					} else {
						reopen(t, dir, func(w world) { got = history(t, w, "/app/a") })
					}
					if got != s.want {
						t.Errorf("step %d %s: %s, want %s", i, kind, got, s.want)
					}
				}
			}
		})
	}
}

func urlOf(t *testing.T, dir string) string {
	t.Helper()
	client, err := awslocal.Attach(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return client.URL()
}

func TestKeysAndRolesOfTheSampleFileAreBroughtInAgain(t *testing.T) {
	dir := t.TempDir()
	policy := func(sid string) string {
		return `{"Version": "2012-10-17", "Statement": [{"Sid": "` + sid + `", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*", "Resource": "*"}]}`
	}
	role := func(name, action string) string {
		return `{"name": "` + name + `", "policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "` + action + `", "Resource": "*"}]}}`
	}
	files := []string{
		`{"keys": [{"alias": "alias/one", "policy": ` + policy("first") + `}, {"alias": "alias/gone"}], "roles": [` + role("a", "ssm:*") + `, ` + role("gone", "ssm:*") + `]}`,
		`{"keys": [{"alias": "alias/one", "policy": ` + policy("second") + `, "enabled": false, "description": "new"}, {"alias": "alias/gone", "description": "x"}, {"alias": "alias/hand", "description": "file"}],
		  "roles": [` + role("a", "kms:*") + `, ` + role("gone", "kms:*") + `, ` + role("new", "kms:*") + `]}`,
		`{"keys": [{"alias": "alias/one", "spec": "RSA_2048", "usage": "ENCRYPT_DECRYPT"}]}`,
	}
	describe := func(w world, alias string) string {
		out, err := w.kms().DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: &alias})
		if err != nil {
			return code(err)
		}
		p, err := w.kms().GetKeyPolicy(context.Background(), &kms.GetKeyPolicyInput{KeyId: out.KeyMetadata.KeyId})
		if err != nil {
			return code(err)
		}
		sid := "default"
		for _, known := range []string{"first", "second"} {
			if strings.Contains(aws.ToString(p.Policy), `"`+known+`"`) {
				sid = known
			}
		}
		return fmt.Sprintf("%s %s %s %q", out.KeyMetadata.KeySpec, out.KeyMetadata.KeyState, sid, aws.ToString(out.KeyMetadata.Description))
	}
	check := func(file string, want map[string]string, roles ...string) {
		t.Helper()
		reopen(t, dir, func(w world) {
			for alias, want := range want {
				if got := describe(w, alias); got != want {
					t.Errorf("%s is %s, want %s", alias, got, want)
				}
			}
			if got := rolesOf(t, dir); !slices.Equal(got, roles) {
				t.Errorf("the roles are %q, want %q", got, roles)
			}
		}, awslocal.WithSeed([]byte(file)))
	}
	check(files[0], map[string]string{"alias/one": `SYMMETRIC_DEFAULT Enabled first ""`}, "a ssm:*", "gone ssm:*")
	reopen(t, dir, func(w world) {
		ctx := context.Background()
		if _, err := w.kms().DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: aws.String("alias/gone")}); err != nil {
			t.Fatal(err)
		}
		made, err := w.kms().CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("hand")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.kms().CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/hand"), TargetKeyId: made.KeyMetadata.KeyId}); err != nil {
			t.Fatal(err)
		}
		if err := clientOf(t, dir).Call(ctx, "local", "DeleteRole", map[string]string{"name": "gone"}, nil); err != nil {
			t.Fatal(err)
		}
	})
	second := map[string]string{"alias/one": `SYMMETRIC_DEFAULT Disabled second "new"`, "alias/gone": "NotFoundException", "alias/hand": `SYMMETRIC_DEFAULT Enabled default "hand"`}
	check(files[1], second, "a kms:*", "new kms:*")
	check(files[1], second, "a kms:*", "new kms:*")
	check(files[2], map[string]string{"alias/one": `RSA_2048 Enabled default ""`}, "a kms:*", "new kms:*")
	check(`{"keys": [{"alias": "alias/one"}]}`, map[string]string{"alias/one": `SYMMETRIC_DEFAULT Enabled default ""`}, "a kms:*", "new kms:*")
}

// Resource Access Manager writes the second policy of a key, and the sample file stands for it.
func TestTheSampleFileSharesKeys(t *testing.T) {
	dir := t.TempDir()
	ram := func(action string) string {
		return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "` + action + `", "Resource": "*"}]}`
	}
	key := func(more string) string {
		return `{"keys": [{"alias": "alias/other"}, {"alias": "alias/one"` + more + `}]}`
	}
	for _, e := range []struct{ file, want string }{
		{key(`, "ram_policy": ` + ram("kms:Decrypt")), ram("kms:Decrypt")},
		{key(`, "ram_policy": ` + ram("kms:Encrypt")), ram("kms:Encrypt")},
		{key(`, "enabled": false, "ram_policy": ` + ram("kms:Encrypt")), ram("kms:Encrypt")},
		{key(``), "NotFoundException"},
		{key(`, "ram_policy": ` + ram("kms:Decrypt")), ram("kms:Decrypt")},
	} {
		read := func(w world) {
			out, err := w.kms().DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String("alias/one")})
			if err != nil {
				t.Fatal(err)
			}
			p, err := w.kms().GetKeyPolicy(context.Background(), &kms.GetKeyPolicyInput{KeyId: out.KeyMetadata.KeyId, PolicyName: aws.String("AWS_RAM")})
			got := code(err)
			if err == nil {
				got = *p.Policy
			}
			if got != e.want {
				t.Errorf("%s: %s", e.file, got)
			}
		}
		reopen(t, dir, read, awslocal.WithSeed([]byte(e.file)))
		reopen(t, dir, read)
	}
	for _, broken := range []string{`7`, `"x"`, `null`, `{}`, `{"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}`} {
		_, err := awslocal.New(awslocal.WithSeed([]byte(key(`, "ram_policy": ` + broken))))
		if !errors.Is(err, awslocal.ErrSample) || !strings.Contains(err.Error(), `line 1: key "alias/one": the policy of RAM is not valid`) {
			t.Errorf("%s: %v", broken, err)
		}
	}
}

func clientOf(t *testing.T, dir string) *awslocal.Client {
	t.Helper()
	client, err := awslocal.Attach(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func rolesOf(t *testing.T, dir string) []string {
	t.Helper()
	var out struct {
		Roles []struct {
			Name   string
			Policy struct{ Statement []struct{ Action string } }
		}
	}
	if err := clientOf(t, dir).Call(t.Context(), "local", "ListRoles", nil, &out); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range out.Roles {
		all = append(all, r.Name+" "+r.Policy.Statement[0].Action)
	}
	return all
}

func TestAWrongSampleFileChangesNothing(t *testing.T) {
	dir := t.TempDir()
	good := `{"keys": [{"alias": "alias/one"}], "parameters": [{"name": "/app/a", "type": "String", "value": "a"}]}`
	bad := `{"keys": [{"alias": "alias/two"}], "parameters": [{"name": "/app/a", "type": "String", "value": "b"},
{"name": "/app/c", "type": "String", "value": "c", "labels": {"7": 1}}]}`
	reopen(t, dir, func(world) {}, awslocal.WithSeed([]byte(good)))
	before, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := awslocal.New(awslocal.WithDir(dir), awslocal.WithSeed([]byte(bad))); !errors.Is(err, awslocal.ErrSample) {
		t.Errorf("by itself: %v", err)
	}
	reopen(t, dir, func(w world) {
		_, err := awslocal.Attach(t.Context(), dir, awslocal.WithSeed([]byte(bad)))
		if !errors.Is(err, awslocal.ErrSample) || !strings.HasPrefix(err.Error(), `the sample file, line 2: parameter "/app/c": label "7" is not valid`) {
			t.Errorf("with a server: %v", err)
		}
		if err := w.Reset([]byte(bad)); !errors.Is(err, awslocal.ErrSample) {
			t.Errorf("reset: %v", err)
		}
		if got := history(t, w, "/app/a"); got != "1=a" {
			t.Errorf("the parameter is %s", got)
		}
		if _, err := w.kms().DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String("alias/two")}); code(err) != "NotFoundException" {
			t.Errorf("the key: %v", err)
		}
	})
	if after, err := os.ReadFile(filepath.Join(dir, "state.json")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the state changed: %v", err)
	}
	mended := strings.Replace(bad, `"7"`, `"x"`, 1)
	reopen(t, dir, func(w world) {
		if a, c := history(t, w, "/app/a"), history(t, w, "/app/c"); a != "1=a 2=b" || c != "1=c[x]" {
			t.Errorf("with the mended file: %s, %s", a, c)
		}
	}, awslocal.WithSeed([]byte(mended)))
}

func TestTheStateRemembersTheSampleFileAsCiphertext(t *testing.T) {
	dir := t.TempDir()
	first, second := one("c4n4ry-1"), one("c4n4ry-2")
	for range 2 {
		for _, file := range []string{first, second, second} {
			reopen(t, dir, func(world) {}, awslocal.WithSeed([]byte(file)))
		}
	}
	names := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		names[d.Name()[:min(len(d.Name()), 7)]] = true
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("c4n4ry")) {
			t.Errorf("%s has a value in plaintext", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(names)); !slices.Equal(got, []string{"lock", "sample-", "state.j"}) {
		t.Errorf("the state has %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "sample-*")); len(left) != 1 {
		t.Errorf("it remembers %q", left)
	}
	sealed, _ := filepath.Glob(filepath.Join(dir, "sample-*"))
	if err := os.WriteFile(sealed[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := awslocal.New(awslocal.WithDir(dir), awslocal.WithSeed([]byte(first))); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestTwoCommandsBringAVersionInOnce(t *testing.T) {
	for _, serving := range []bool{false, true} {
		dir := t.TempDir()
		reopen(t, dir, func(world) {}, awslocal.WithSeed([]byte(one("a"))))
		var server *awslocal.Server
		if serving {
			var err error
			if server, _, err = awslocal.Serve(t.Context(), dir, "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				client, err := awslocal.Attach(t.Context(), dir, awslocal.WithSeed([]byte(one("b"))))
				if err != nil {
					t.Error(err)
					return
				}
				if err := client.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if serving {
			if err := server.Close(); err != nil {
				t.Fatal(err)
			}
		}
		reopen(t, dir, func(w world) {
			if got := history(t, w, "/app/a"); got != "1=a 2=b" {
				t.Errorf("serving %v: %s", serving, got)
			}
		})
	}
}

// older makes a state what a release wrote that did not remember the sample file.
func older(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "state.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(b, &state); err != nil {
		t.Fatal(err)
	}
	delete(state, "sample")
	services := state["services"].(map[string]any)
	for _, store := range services["ssm"].(map[string]any) {
		for _, p := range store.(map[string]any) {
			for _, v := range p.(map[string]any)["versions"].([]any) {
				delete(v.(map[string]any), "sample")
			}
		}
	}
	if b, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "sample-*"))
	for _, name := range left {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStateOfAnOlderReleaseIsAdopted(t *testing.T) {
	file := func(a, b, c string) []byte {
		return []byte(`{"parameters": [{"name": "/a", "type": "String", "value": "` + a + `"}, {"name": "/b", "type": "SecureString", "values": ["` + b + `"]}, {"name": "/c", "type": "String", "value": "` + c + `"}]}`)
	}
	dir := t.TempDir()
	var id string
	reopen(t, dir, func(w world) {
		id, _ = w.Credentials()
		putting("/b", "mine")(t, w)
		set(t, w, "/own", "own")
	}, awslocal.WithSeed(file("a", "b", "c")))
	older(t, dir)
	reopen(t, dir, func(w world) {
		if same, _ := w.Credentials(); same != id {
			t.Error("the credentials changed")
		}
		for name, want := range map[string]string{"/a": "1=a 2=x", "/b": "1=b 2=mine", "/c": "1=c", "/own": "1=own"} {
			if got := history(t, w, name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
	}, awslocal.WithSeed(file("x", "b", "c")))
	older(t, dir)
	client, err := awslocal.Attach(t.Context(), dir, awslocal.WithSeed(file("x", "y", "c")))
	if err != nil {
		t.Fatal(err)
	}
	if got := client.Kept(); !slices.Equal(got, []string{"/b"}) {
		t.Errorf("kept %q", got)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAReadOnlyStateIsUsedInMemory(t *testing.T) {
	dir := t.TempDir()
	reopen(t, dir, func(world) {}, awslocal.WithSeed([]byte(one("a"))))
	before, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := awslocal.New(awslocal.WithDir(dir), awslocal.WithReadOnly(), awslocal.WithSeed([]byte(one("b"))))
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := world{s, url}
	if got := history(t, w, "/app/a"); got != "1=a 2=b" {
		t.Errorf("in memory: %s", got)
	}
	_, err = w.ssm().PutParameter(context.Background(), &ssm.PutParameterInput{Name: aws.String("/x"), Type: types.ParameterTypeString, Value: aws.String("x")})
	refused(t, err, "ServiceUnavailableException", "read-only")
	if err := s.Reset(nil); err == nil {
		t.Error("it was reset")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "state.json")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the state changed: %v", err)
	}
}

func TestEnvironmentsHaveStatesOfTheirOwn(t *testing.T) {
	root := filepath.Join(t.TempDir(), "states")
	samples := []awslocal.Sample{{Environment: "one", Content: []byte(one("a"))}, {Environment: "two", Content: []byte(one("b"))}}
	at := func(name string) awslocal.Folder {
		return awslocal.Folder{Root: root, Environment: name, Samples: func() []awslocal.Sample { return samples }}
	}
	state := func(f awslocal.Folder) string {
		t.Helper()
		dir, options, err := f.State()
		if err != nil {
			t.Fatal(err)
		}
		content := samples[0].Content
		if f.Environment == "two" {
			content = samples[1].Content
		}
		got := ""
		reopen(t, dir, func(w world) { got = history(t, w, "/app/a") }, append(options, awslocal.WithSeed(content))...)
		return strings.TrimPrefix(dir, root) + " " + got
	}
	for _, want := range []string{"/one 1=a", "/two 1=b", "/one 1=a"} {
		if got := state(at(want[1:4])); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if b, err := os.ReadFile(filepath.Join(root, ".gitignore")); err != nil || string(b) != "*\n" {
		t.Errorf(".gitignore: %q, %v", b, err)
	}
	var several *awslocal.SeveralError
	if _, _, err := (awslocal.Folder{Root: root}).State(); !errors.As(err, &several) || !slices.Equal(several.Environments, []string{"one", "two"}) {
		t.Errorf("without an environment: %v", err)
	}
	for _, name := range []string{".", "..", "../one", "one/two", "/one"} {
		if dir, _, err := at(name).State(); err == nil {
			t.Errorf("environment %q has its state in %s", name, dir)
		}
	}
	if err := os.RemoveAll(filepath.Join(root, "one")); err != nil {
		t.Fatal(err)
	}
	if dir, _, err := (awslocal.Folder{Root: root}).State(); err != nil || dir != filepath.Join(root, "two") {
		t.Errorf("with one state: %s, %v", dir, err)
	}
	// A state of an older release belongs to the environment that it was made from, and to the first if it could be of each.
	for owner, content := range map[string]string{"one": one("a"), "two": one("b")} {
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		reopen(t, root, func(world) {}, awslocal.WithSeed([]byte(content)))
		older(t, root)
		for _, name := range []string{"one", "two"} {
			want := "/" + name
			if name == owner {
				want = ""
			}
			if got := state(at(name)); !strings.HasPrefix(got, want+" 1=") {
				t.Errorf("environment %s of a state of %s: %s", name, owner, got)
			}
		}
	}
}
