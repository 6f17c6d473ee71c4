package dotenv

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// lines returns a file as one line for each variable and each note.
func lines(f *File) []string {
	var all []string
	for _, v := range f.Variables {
		all = append(all, v.Name+"="+string(v.Value.Reveal()))
	}
	for _, n := range f.Notes {
		all = append(all, n.String())
	}
	return all
}

func TestParse(t *testing.T) {
	const noQuotes = "its PEM block has no quotes around it, and is not read. Put the PEM block in double quotes"
	const notShown = "It is not shown, as it could be part of a value"
	for _, tt := range []struct {
		name, src string
		want      []string
	}{
		{"names and lines", "A=1\n\nexport B = '2' # b\nKEY=\"one\ntwo\"\nC=3", []string{"A=1", "B=2", "KEY=one\ntwo", "C=3"}},
		{"a line longer than 64 KiB", "A=" + strings.Repeat("x", 1<<17) + "\nB=2", []string{"A=" + strings.Repeat("x", 1<<17), "B=2"}},
		{"the last value counts", "A=1\nB=2\nA=3\nA=\n", []string{"A=", "B=2",
			"line 1, A: line 3 has another value of this name, which counts", "line 3, A: line 4 has another value of this name, which counts"}},
		{"no assignment", "x y\nA=1\nz\n\n\nz\nz\n", []string{"A=1", "line 1 is not NAME=VALUE. " + notShown, "line 3 is not NAME=VALUE. " + notShown,
			"line 6 and those after it, to line 7, are not NAME=VALUE. They are not shown, as they could be parts of a value"}},
		{"the lines of a key", "A=1\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\nbm90LWEtcmVhbC1rZXk=\nB=2\n",
			[]string{"A=1", "B=2", "line 2 and those after it, to line 3, are not NAME=VALUE. They are not shown, as they could be parts of a value"}},
		{"an empty value behind text", "Some heading\nHOST=\nDATABASE-SETTINGS\nDB_HOST=\n", []string{"HOST=", "DB_HOST=", "line 1 is not NAME=VALUE. " + notShown, "line 3 is not NAME=VALUE. " + notShown}},
		{"a token over two lines", "A=1\nsk_live_not-a-real\nsk_live=\n", []string{"A=1",
			"line 2 and those after it, to line 3, are not NAME=VALUE. They are not shown, as they could be parts of a value"}},
		{"the last line of a key alone", "A=1\nbm90LWEtcmVhbC1rZXk=\nOTHER=\n", []string{"A=1", "OTHER=", "line 2 is not NAME=VALUE. " + notShown}},
		{"a PEM block without quotes", "A=-----BEGIN FAKE-----\nDEK=x\n\nbm90LWEtcmVhbC1rZXkt\nbm90=\n-----END FAKE-----\nC=3\n", []string{"C=3", "line 1, A: " + noQuotes}},
		{"two PEM blocks without quotes", "A=-----BEGIN FAKE-----\nab=\n-----END FAKE-----\n-----BEGIN FAKE-----\ncd=\n-----END FAKE-----\nC=3\n", []string{"C=3", "line 1, A: " + noQuotes,
			"line 4 and those after it, to line 6, are not NAME=VALUE. They are not shown, as they could be parts of a value"}},
		{"a PEM block behind an empty value", "A=\n-----BEGIN FAKE-----\nab=\n-----END FAKE-----\nC=3\n", []string{"A=", "C=3",
			"line 2 and those after it, to line 4, are not NAME=VALUE. They are not shown, as they could be parts of a value"}},
		{"a PEM block that does not end", "A=-----BEGIN FAKE-----\nbm90\nab=\nB=2\n", []string{"B=2", "line 1, A: " + noQuotes}},
		{"a PEM block that does not end before another", "A=-----BEGIN FAKE-----\nbm90\nB='-----BEGIN FAKE-----\nbm90\n-----END FAKE-----'\n",
			[]string{"B=-----BEGIN FAKE-----\nbm90\n-----END FAKE-----", "line 1, A: " + noQuotes}},
		{"a PEM block with a quote that does not end", "A=\"-----BEGIN FAKE-----\nab=\n-----END FAKE-----\nC=3\n", []string{"C=3",
			"line 1, A: its value begins with a quote that does not end. npm's dotenv and Node.js read the quote as part of the value, and so does bundle; python-dotenv and godotenv refuse it",
			"line 1, A: " + noQuotes}},
		{"a PEM block on one line", "A=-----BEGIN FAKE-----\\nbm90\\n-----END FAKE-----\nC=3\n", []string{`A=-----BEGIN FAKE-----\nbm90\n-----END FAKE-----`, "C=3"}},
		{"text behind a quote", "A=\"x\" y\nB=2\n", []string{"B=2",
			"line 1, A: there is text behind the quote that ends its value, and readers disagree about that. Remove the text, or put all of it in the quotes"}},
		{"escapes of JSON", `A="{\"key\": \"a\\nb\", \"t\": \"\t\"}"`, []string{`A={"key": "a\nb", "t": "` + "\t" + `"}`,
			`line 1, A: readers disagree about the backslashes in its value: those before n and r are always escapes, the others only where there is also a \"`}},
		{"a colon in lower case", "note: x\nA=1", []string{"A=1", "line 1 is not NAME=VALUE. " + notShown}},
		{"other names", "CAF\u00c9=1\n/db/password=2\na+b=4", []string{"/db/password=2",
			"line 1, CAF\u00c9: its name has other characters than the letters A to Z and a to z, digits and _ . - /",
			"line 2, /db/password: its name has a slash. npm's dotenv does not read the line, and godotenv refuses the file", "line 3 is not NAME=VALUE. " + notShown}},
		{"a carriage return", "A=1\nB='2'\rC=3\n\r", []string{"A=1", "B=2", "C=3",
			"line 2 has a carriage return that no newline follows. bundle reads it as the end of a line, as npm's dotenv and python-dotenv do"}},
		{"a short end of a key", "A=1\nbm90LWEtcmV1=\nbm90LWEtcmV=\nABCDEFG2==\nABCDEF2==\n", []string{"A=1", "bm90LWEtcmV=", "ABCDEF2==",
			"line 2 is not NAME=VALUE. " + notShown, "line 4 is not NAME=VALUE. " + notShown}},
		{"the end of a key with slashes", "a/b\nbm90LWEt/mVhbC1rZXk1=\n", nil},
		{"a byte order mark", "\ufeffA=1\r\nB=2\r\n", []string{"A=1", "B=2",
			"line 1 begins with a byte order mark, which bundle and npm's dotenv skip. For the other readers, it is a part of the first name"}},
	} {
		f, err := Parse([]byte(tt.src))
		if tt.want == nil && errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if got := lines(f); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%q, want\n%q", tt.name, got, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for src, want := range map[string]string{
		"": "no line NAME=VALUE", "# A=1\n": "no line NAME=VALUE", "some text\n": "no line NAME=VALUE: line 1 is not", "A=\"x\" y": "no line NAME=VALUE: line 1, A: there is text",
		"A=1\nB=\xff\n": "line 2 is not UTF-8", "A=1\nB='\n\n\xff'\n": "line 4 is not UTF-8", "\xff\xfeA\x00=\x00": "UTF-16", "\xfe\xff\x00A\x00=": "UTF-16",
	} {
		if f, err := Parse([]byte(src)); err == nil || f != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", src, err, want)
		}
	}
}

func TestParseRefusesWhatIsEncrypted(t *testing.T) {
	for _, tt := range []struct{ src, remedy string }{
		{"A=1\nB=ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n", "sops decrypt --input-type dotenv --output-type json my.env | put -"},
		{"A_unencrypted=1\nsops_mac=x\n", "sops decrypt --input-type dotenv --output-type json my.env | put -"},
		{"A=1\nB=\"encrypted:BG8M6U\"\n", "dotenvx decrypt --stdout -f my.env | put -"},
		{"B=encrypted:BG8M6U\nB=1\n", "dotenvx decrypt --stdout -f my.env | put -"},
		{"DOTENV_VAULT_CI=\"kuedeYr43LpS\"\n", `npx dotenv-vault local decrypt "$DOTENV_KEY" | put -`},
		{"DOTENV_VAULT=vlt_1\n", `npx dotenv-vault local decrypt "$DOTENV_KEY" | put -`},
		{"$ANSIBLE_VAULT;1.1;AES256\n3132\n", "ansible-vault view my.env | put -"},
		{"\x00GITCRYPT\x00\xff\xfe", "git-crypt unlock"},
		{"age-encryption.org/v1\n", "age --decrypt --identity KEY_FILE my.env | put -"},
		{"-----BEGIN AGE ENCRYPTED FILE-----\n", "age --decrypt --identity KEY_FILE my.env | put -"},
		{"db: ENC[AES256_GCM,data:x]\nsops:\n    version: 3.9.0\n", "sops decrypt --input-type yaml --output-type json my.env | put -"},
		{"-----BEGIN PGP MESSAGE-----\n", "gpg --decrypt my.env | put -"},
		{`{"A": "ENC[AES256_GCM,data:x]"}`, "sops decrypt --input-type json --output-type json my.env | put -"},
		{`{"A": "x", "sops": {"mac": "x"}}`, "sops decrypt --input-type json --output-type json my.env | put -"},
	} {
		parse := Parse
		if IsJSON([]byte(tt.src)) {
			parse = ParseJSON
		}
		f, err := parse([]byte(tt.src))
		var encrypted *EncryptedError
		if !errors.As(err, &encrypted) || f != nil {
			t.Errorf("%q: %v", tt.src, err)
		} else if got := encrypted.Remedy("my.env", "put -"); got != tt.remedy {
			t.Errorf("%q: %q, want %q", tt.src, got, tt.remedy)
		}
	}
	for _, src := range []string{"sops_url=x\n", "A=ENC[x]\n", "DOTENV_PUBLIC_KEY=03ea\nA=1\n", "DOTENV_VAULTS=1\n", "A=x encrypted:y\n"} {
		if _, err := Parse([]byte(src)); err != nil {
			t.Errorf("%q: %v", src, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		file string
		err  error
		want string
	}{
		{"my.env", ErrNone, "it has no line NAME=VALUE"},
		{"my.env", &EncryptedError{Program: dotenvx}, "its values are encrypted with dotenvx. Decrypt it into a pipe, so that no file has the values: dotenvx decrypt --stdout -f my.env | put -"},
		{"my.env", &EncryptedError{Program: gitCrypt}, "its values are encrypted with git-crypt. Decrypt the whole working copy first: git-crypt unlock"},
		{"it's my.env", &EncryptedError{Program: "age"}, `its values are encrypted with age. Decrypt it into a pipe, so that no file has the values: age --decrypt --identity KEY_FILE 'it'\''s my.env' | put -`},
	} {
		if got := Describe(tt.file, "put -", tt.err); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

func TestParseJSON(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		want      []string
	}{
		{"strings", `{"A": "x", "db/password": "y\n"}`, []string{"A=x", "db/password=y\n"}},
		{"numbers and booleans", `{"A": 5432, "B": 1.50, "C": true, "D": 12345678901234567890}`, []string{"A=5432", "B=1.50", "C=true", "D=12345678901234567890"}},
		{"a byte order mark", "\ufeff {\"A\": \"x\"}", []string{"A=x"}},
		{"empty values", `{"A": "", "B": null, "C": "x"}`, []string{"A=", "B=", "C=x"}},
		{"the last value counts", "{\"A\": \"1\",\n\n \"B\": \"2\"\n,\n\"A\": 3}", []string{"A=3", "B=2", "line 1, A: line 5 has another value of this name, which counts"}},
		{"other values", "{\"A\": \"x\",\n\"B\": {\"C\": 1},\n\"D\": [1]}", []string{"A=x",
			"line 2, B: its value is an object or a list. Write a string, a number or a boolean", "line 3, D: its value is an object or a list. Write a string, a number or a boolean"}},
		{"surrogates", "{\"A\": \"\\ud83d\\ude00\",\n\"B\": \"x\\ud83d\", \"C\": \"\\ude00\"}", []string{"A=😀",
			`line 2, B: its value has a \u escape for half of a surrogate pair, and is not read. Write the whole character`,
			`line 2, C: its value has a \u escape for half of a surrogate pair, and is not read. Write the whole character`}},
		{"no name", "{\n\"\": \"x\", \"A\": \"y\"}", []string{"A=y", "line 2 has a value without a name"}},
	} {
		f, err := ParseJSON([]byte(tt.src))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if got := lines(f); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%q, want\n%q", tt.name, got, tt.want)
		}
	}
	for src, want := range map[string]string{
		`{"A": "x"`: "not valid JSON: see line 1", `{"A": "x"} {}`: "not valid JSON: see line 1", `["A"]`: "not a JSON object", `{"A": x}`: "not valid JSON: see line 1",
		"{\"A_B\": \"x\"\n \"y\"}": "not valid JSON: see line 2", "{\"A\": 1,\n\"B\": 2,\n}": "not valid JSON: see line 3", "{\n\"A\": \"x\ny\"}": "not valid JSON: see line 2", "{\n": "not valid JSON: see line", `{}`: "empty JSON object", "{\"A\": \"\xff\"}": "not UTF-8",
	} {
		if f, err := ParseJSON([]byte(src)); err == nil || f != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", src, err, want)
		}
	}
}

// FuzzParse reads any file: each variable has a name and is text, and neither an error nor a note shows anything of a value.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"A": "cAnArY", "B": "x"}`, `{"A": {"cAnArY": 1}}`, `{"A": null, "A": "\ud800"}`, "A=cAnArY\n# x\nexport B=\"cAnArY\\n\"\nC='x'\n",
		"A=\"cAnArY", "A='cAnArY' cAnArY", "A=`cAnArY\ncAnArY`", "A=\xff", "\ufeffA=x", "A=x\r\nB=y\r\n", "A: cAnArY", "A=-----BEGIN x\ncAnArY=\n-----END x\n", "A='x\\'\nB='y'", "A=$X #a #b",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		parse := Parse
		if IsJSON(b) {
			parse = ParseJSON
		}
		file, err := parse(b)
		if (err == nil) != (file != nil) {
			t.Fatalf("%v and %v", file, err)
		}
		if err != nil {
			if strings.Contains(err.Error(), "cAnArY") {
				t.Fatal(err)
			}
			return
		}
		seen := map[string]bool{}
		for _, v := range file.Variables {
			if strings.TrimSpace(v.Name) == "" || seen[v.Name] || v.Line < 1 || !utf8.ValidString(v.Name) || !utf8.Valid(v.Value.Reveal()) {
				t.Fatalf("%q in line %d has a value that is not text, or no name, or a name twice", v.Name, v.Line)
			}
			seen[v.Name] = true
		}
		for _, n := range file.Notes {
			if n.Line < 1 || strings.Contains(n.Text, "cAnArY") {
				t.Fatal(n)
			}
		}
	})
}
