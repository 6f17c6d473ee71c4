package awslocal

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal/call"
)

const fuzzSeed = `{
  "keys": [{"alias": "alias/app"}, {"alias": "alias/off", "enabled": false}],
  "parameters": [
    {"name": "/app/db", "type": "SecureString", "key_id": "alias/app", "value": "cAnArY"},
    {"name": "/app/url", "type": "String", "values": ["cAnArY", "sample-b"], "labels": {"stable": 2}}
  ],
  "roles": [{"name": "build", "access_key_id": "AKIABUILDBUILDBUILD0", "secret_access_key": "cAnArY", "policy":
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]
}`

// FuzzState opens a directory with any state. It is refused without a word of its secrets, or every call on it has an answer, and
// what is saved again is the same state.
func FuzzState(f *testing.F) {
	whole := stateOf(f)
	f.Add(whole)
	for _, edit := range [][2]string{
		{`"versions":[`, `"versions":[null,`}, {`"versions":[`, `"Versions":null,"x":[`}, {`"number":1`, `"number":-1`}, {`"/app/db":{`, `"/app/no":null,"/app/db":{`},
		{`"material":"`, `"material":"AAAA`}, {`"policy":"{`, `"policy":"`}, {`"keys":[`, `"keys":[null,`}, {`"aliases":[`, `"aliases":[null,`}, {`"layers":[`, `"layers":[null,`},
		{`"created":"2`, `"created":"9`}, {`"account/region"`, ``}, {`"token_key":"`, `"token_key":"A`}, {`"roles":[`, `"roles":[{},`}, {`"modified":"2`, `"modified":"-`},
		{`"format":1`, `"format":2`}, {`"labels":["stable"]`, `"labels":["1","1"]`}, {`"spec":"SYMMETRIC_DEFAULT"`, `"spec":"RSA_2048"`}, {`"type":"SecureString"`, `"type":""`},
		{`"layers":[]`, `"layers":[{"arn":"arn:aws:lambda:us-east-1:000000000000:layer:l","last":2,"versions":[{"number":1,"digest":"` + strings.Repeat("0", 64) + `"}]}]`},
	} {
		f.Add([]byte(strings.Replace(string(whole), edit[0], edit[1], 1)))
	}
	f.Add([]byte("{}"))
	f.Add([]byte(""))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, state []byte) {
		if err := os.WriteFile(filepath.Join(dir, stateName), state, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := New(WithDir(dir))
		if err != nil {
			if strings.Contains(err.Error(), "cAnArY") {
				t.Fatalf("%v shows a secret", err)
			}
			return
		}
		defer s.Close()
		before := snapshots(t, s)
		for name, service := range s.services {
			if err := service.Restore(before[name]); err != nil {
				t.Fatalf("the state of %s cannot be read again: %v", name, err)
			}
		}
		for name, again := range snapshots(t, s) {
			if string(again) != string(before[name]) {
				t.Fatalf("%s: %s\nbecame %s", name, before[name], again)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.handlers)) {
			for _, operation := range slices.Sorted(maps.Keys(s.handlers[name])) {
				for _, in := range requests {
					var refused *call.Error
					if err := s.invoke(Region, name, operation, in, nil); err != nil && !errors.As(err, &refused) {
						t.Fatalf("%s:%s: %v", name, operation, err)
					}
				}
			}
		}
		snapshots(t, s)
	})
}

// requests are what FuzzState sends to every operation: each reads the members that it knows.
var requests = []map[string]any{
	{},
	{"Name": "/app/db", "Names": []string{"/app/db", "/app/url:stable", "/app/url:1"}, "Path": "/", "Recursive": true, "WithDecryption": true, "KeyId": "alias/app",
		"AliasName": "alias/app", "LayerName": "l", "VersionNumber": 1, "Plaintext": "AAAA", "CiphertextBlob": "AAAA", "RoleArn": "arn:aws:iam::000000000000:role/build",
		"RoleSessionName": "session", "ResourceId": "/app/db", "ResourceType": "Parameter", "Value": "sample", "Overwrite": true, "Type": "SecureString",
		"ParameterVersion": 1, "Labels": []string{"x"}, "NumberOfBytes": 32},
	{"Name": "/app/url", "Path": "/app", "KeyId": "alias/off", "LayerName": "l", "Value": "sample", "Overwrite": true, "Type": "String", "ResourceId": "/app/url",
		"ResourceType": "Parameter", "ParameterVersion": 2, "Labels": []string{"stable"}, "DestinationKeyId": "alias/app", "CiphertextBlob": "AAAA"},
}

func snapshots(t *testing.T, s *Server) map[string]json.RawMessage {
	t.Helper()
	all := make(map[string]json.RawMessage)
	for name, service := range s.services {
		state, err := service.Snapshot()
		if err != nil {
			t.Fatalf("the state of %s cannot be saved: %v", name, err)
		}
		all[name] = state
	}
	return all
}

// stateOf returns a state as a server leaves it.
func stateOf(f *testing.F) []byte {
	dir := f.TempDir()
	s, err := New(WithDir(dir), WithSeed([]byte(fuzzSeed)))
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join(dir, stateName))
	if err != nil {
		f.Fatal(err)
	}
	return state
}

// FuzzServerFile reads any file that says where a server is. A client gets credentials for nothing but a loopback address, and
// no error shows them.
func FuzzServerFile(f *testing.F) {
	for _, text := range []string{
		`{"url":"http://127.0.0.1:1","access_key_id":"AKIAEXAMPLEEXAMPLE00","secret_access_key":"cAnArY"}`, `{"url":"http://example.com","secret_access_key":"cAnArY"}`,
		`{"url":"http://127.0.0.1:1@example.com","secret_access_key":"cAnArY"}`, `{"url":"cAnArY"}`, `{"url":"http://[::1]:1/\u0000"}`, `{}`, ``, `null`, `{"url":7}`,
		`{"url":"http://127.0.0.1.example.com:1"}`, `{"url":"http://localhost:1/../x?y#z"}`, `{"url":"http://\n127.0.0.1:1"}`, `{"url":"unix:///x"}`, `{"url":"https://127.0.0.1:1"}`,
	} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, stateName), []byte("{}"), 0o600); err != nil {
		f.Fatal(err)
	}
	lock, err := lockFile(filepath.Join(dir, lockName))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = lock.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no request is sent
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, serverName), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if server, err := readServerFile(dir); err == nil {
			u, err := url.Parse(server.URL)
			if err != nil || u.Scheme != "http" || u.User != nil || u.Path+u.RawQuery+u.Fragment != "" || u.Port() == "" || !net.ParseIP(u.Hostname()).IsLoopback() {
				t.Fatalf("accepted %q", server.URL)
			}
		}
		if _, err := attach(ctx, dir, nil); !errors.Is(err, ErrLocked) {
			t.Fatalf("attached: %v", err)
		} else if strings.Contains(err.Error(), "cAnArY") {
			t.Fatalf("%q shows the file", err)
		}
	})
}
