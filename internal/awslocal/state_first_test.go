package awslocal

import "testing"

// A state that another process made in the meantime takes the place of the one that this process made in memory.
func TestAStateThatAnotherProcessMadeFirstCounts(t *testing.T) {
	dir := t.TempDir()
	other, err := New(WithDir(dir), WithSeed([]byte(`{"keys": [{"alias": "alias/b"}], "parameters": [{"name": "/b", "type": "SecureString", "value": "b"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := New(WithSeed([]byte(`{"keys": [{"alias": "alias/a"}], "parameters": [{"name": "/a", "type": "SecureString", "value": "a"}], "roles": [{"name": "r"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	s.options.dir = dir
	if s.dir, err = openStateDir(dir, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if value, err := s.value(Region, "/b", 1); err != nil || value != "b" {
		t.Errorf("/b is %q, %v", value, err)
	}
	if value, err := s.value(Region, "/a", 1); err == nil {
		t.Errorf("/a is still %q", value)
	}
	if _, err := s.kms.Resolve(s.request(Region, "kms", ""), "alias/a"); err == nil {
		t.Error("alias/a is still there")
	}
	if known, err := s.knownSample(); err != nil || string(known) != string(other.sample.content) {
		t.Errorf("it remembers another sample file: %v", err)
	}
	if roles := s.sts.Roles(); len(roles) > 0 {
		t.Errorf("it still has the roles %v", roles)
	}
}
