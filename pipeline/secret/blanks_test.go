package secret

import (
	"strings"
	"testing"
)

func TestBlanksThatAreProbablyAMistake(t *testing.T) {
	const pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----"
	for _, value := range []string{
		"secret\n", "secret\r\n", "secret\n\n", "secret\r", "secret ", " secret", "\tsecret", "secret\t", "\nsecret", " secret ", "\ufeffsecret", "secret\u00a0",
		"secret\v", "secret\u2028", " ", "\n", "\ufeff", "two words\n", "user:password\n", "postgres://u:p@host/db\n",
		"not-json}\n", "{not json\n", "[\n", "{} {}\n", "123\n", "\"quoted\"\n",
		" " + pem, "\n" + pem, pem + " ", pem + "\n ", pem + " \n", "\ufeff" + pem + "\n", "\ufeff{\"a\": 1}",
		"line\nline\t",
	} {
		if !New([]byte(value)).Blanks() {
			t.Errorf("%q: no blanks", value)
		}
	}
	for _, value := range []string{
		"", "secret", "two words", "two  words", "a\tb", "a\nb", "\u200bx", "x\x00", "\xff", "\xa0secret", "secret\x85",
		pem, pem + "\n", pem + "\r\n", pem + "\n\n", strings.ReplaceAll(pem, "\n", "\r\n") + "\r\n", "host a\nhost b\n",
		"{\"a\": 1}\n", " {\"a\": 1}", "[1]\n", "{\n  \"a\": 1\n}\n", "\t[]",
	} {
		if New([]byte(value)).Blanks() {
			t.Errorf("%q: blanks", value)
		}
	}
	if (Value{}).Blanks() {
		t.Error("blanks in no value")
	}
}
