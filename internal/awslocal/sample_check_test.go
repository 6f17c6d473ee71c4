package awslocal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
)

// wholeSample has every member of a sample file.
const wholeSample = `{
  "region": "eu-west-1",
  "keys": [
    {"alias": "alias/app", "description": "of the app", "enabled": true, "multi_region": false,
     "policy": {"Version": "2012-10-17", "Statement": [
       {"Sid": "all", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*", "Resource": "*"},
       {"Effect": "Deny", "Principal": "*", "Action": ["kms:Encrypt", "kms:GenerateDataKey"], "Resource": "*",
        "Condition": {"StringLike": {"kms:EncryptionContext:PARAMETER_ARN": "*:parameter/denied/*"}}}]}},
    {"alias": "alias/off", "enabled": false},
    {"alias": "alias/sign", "spec": "ECC_NIST_P256", "usage": "SIGN_VERIFY"},
    {"alias": "alias/fixed", "id": "1234abcd-12ab-34cd-56ef-1234567890ab", "material": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
  ],
  "parameters": [
    {"name": "/app/plain", "type": "String", "value": "c4n4ry-1"},
    {"name": "/app/list", "type": "StringList", "value": "c4n4ry-2,c4n4ry-3"},
    {"name": "/app/default", "type": "SecureString", "value": "c4n4ry-4"},
    {"name": "/app/own", "type": "SecureString", "key_id": "alias/app", "tier": "Standard", "values": ["c4n4ry-5", "c4n4ry-6"], "labels": {"live": 2}},
    {"name": "/app/large", "type": "SecureString", "key_id": "alias/fixed", "tier": "Advanced", "data_type": "text", "value": "c4n4ry-7"},
    {"name": "/app/tier", "type": "String", "tier": "Intelligent-Tiering", "value": "c4n4ry-8"}
  ],
  "roles": [
    {"name": "build", "policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]}}
  ]
}`

// variants are a document with one scalar, list or object replaced or taken out, each in turn.
func variants(t *testing.T, document string, others []any) []string {
	t.Helper()
	var all []string
	keep := func(root any) {
		b, err := json.MarshalIndent(root, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	var root any
	if err := json.Unmarshal([]byte(document), &root); err != nil {
		t.Fatal(err)
	}
	var walk func(at any)
	walk = func(at any) {
		switch at := at.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(at)) {
				was := at[name]
				delete(at, name)
				keep(root)
				for _, other := range others {
					at[name] = other
					keep(root)
				}
				at[name] = was
				walk(was)
			}
		case []any:
			for i, was := range at {
				for _, other := range others {
					at[i] = other
					keep(root)
				}
				at[i] = at[0] // the first one again
				keep(root)
				at[i] = was
				walk(was)
			}
		}
	}
	walk(root)
	return all
}

// A check, which encrypts nothing, finds what bringing in finds, in the same words; and bringing in finds it before there is a directory.
func TestACheckFindsWhatBringingInFinds(t *testing.T) {
	t.Parallel()
	files := variants(t, wholeSample, []any{
		nil, "", 1.5, true, []any{}, map[string]any{}, strings.Repeat("word", 1500), "alias/app", "alias/off", "alias/sign",
		"alias/absent", "alias/aws/ssm", "alias/aws/lambda", "arn:aws:kms:eu-west-1:000000000000:alias/off", "arn:aws:kms:us-east-1:000000000000:alias/app",
		"1234abcd-12ab-34cd-56ef-1234567890ab", "Advanced", "Standard", "SecureString", "/denied/word", "{{word}}", "/aws/word", "SYMMETRIC_DEFAULT", "kms:x", "json", "integer", "aws:ec2:image",
	})
	for _, key := range []string{"alias/app", "alias/off", "alias/sign", "alias/fixed", "alias/absent", "alias/aws/ssm", "x"} {
		for _, tier := range []string{"", "Standard", "Advanced", "Intelligent-Tiering", "x"} {
			for _, size := range []int{0, 4096, 4097, 8192, 8193} {
				parameter := fmt.Sprintf(`{"name": "/app/x", "type": "SecureString", "key_id": %q, "tier": %q, "values": ["c4n4ry", %q]}, `, key, tier, strings.Repeat("c", size))
				files = append(files, strings.Replace(wholeSample, `"parameters": [`, `"parameters": [`+parameter, 1))
			}
		}
	}
	for _, more := range []string{"", `, "enabled": false`} { // making an RSA key takes long
		for _, tier := range []string{"Standard", "Advanced"} {
			files = append(files, fmt.Sprintf(`{"keys": [{"alias": "alias/rsa", "spec": "RSA_2048", "usage": "ENCRYPT_DECRYPT"%s}],
				"parameters": [{"name": "x", "type": "SecureString", "key_id": "alias/rsa", "tier": %q, "value": "c4n4ry"}]}`, more, tier))
		}
	}
	files = append(files, "", "null", "[]", "{}", wholeSample, wholeSample[:len(wholeSample)-1], wholeSample+"}", strings.ReplaceAll(wholeSample, "{", "["))
	id := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	said := func(err error) string {
		if err == nil {
			return ""
		}
		return id.ReplaceAllString(err.Error(), "ID")
	}
	wrong := 0
	for i, file := range files {
		checked := awslocal.CheckSample([]byte(file))
		if checked != nil {
			wrong++
		}
		s, brought := awslocal.New(awslocal.WithSeed([]byte(file)))
		if brought == nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if said(checked) != said(brought) || errors.Is(checked, awslocal.ErrSample) != (checked != nil) || strings.Contains(said(checked), "c4n4ry") {
			t.Errorf("a check says %q, bringing in says %q: %.3000s", said(checked), said(brought), file)
		}
		if checked == nil && i%50 != 0 || i%10 != 0 { // to save time: a directory is written to disk
			continue
		}
		dir := filepath.Join(t.TempDir(), "state")
		s, kept := awslocal.New(awslocal.WithDir(dir), awslocal.WithSeed([]byte(file)))
		if said(kept) != said(checked) {
			t.Errorf("a check says %q, a first state says %q: %.3000s", said(checked), said(kept), file)
		}
		if kept == nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		} else if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s made a directory: %v", said(kept), err)
		}
	}
	t.Logf("%d files, %d of them wrong", len(files), wrong)
	if wrong < len(files)/3 || wrong > len(files)*9/10 {
		t.Errorf("%d of %d files are wrong", wrong, len(files))
	}
}
