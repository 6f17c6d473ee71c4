package awslocal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// What parseSeed accepts, encoding/json alone understands in the same way.
func FuzzParseSeed(f *testing.F) {
	for _, seed := range []string{
		`{"region":"eu-west-1","keys":[{"alias":"alias/a"}],"parameters":[{"name":"/a","type":"String","values":["c4n4ry"],"labels":{"x":1}}],"roles":[{"name":"r"}],"identity_providers":[{"url":"https://i","audiences":["a"],"jwks":{}}]}`,
		` {"parameters" : [ {"name":"a","Name":"b","type":null,"value":"x\ny\u00e9\ud800"} , {"NAME":"é"},{"name":"q","name":"r","tier":"Standard","key_id":"alias/x"}]} `,
		`{"keys":[{"id":"i","material":"AAEC","spec":"s","usage":"u","description":"d","enabled":false,"policy":{"a":[1,{}]}},{}],"reg\u0069on":null}`,
		"\ufeff{\n\"parameters\":[\n{\"name\":\"a\"},\n\n{\"name\":\"/a\"}\n]\n}",
		`{"parameters":[{"name":"a"},]}`, `{"parameters":[{"name":"a",}]}`, `{"parameters":[{"name":"a"}]}}`, "{\"region\":\"a\tb\"}",
		`{"parameters":[{"name":"a\"}]}`, `{"parameters":[{"name":"\x"}]}`, `{"parameters":[{"name":"a" "type":"b"}]}`, `{"parameters":[{"value":7}]}`, `{"keys":{`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := parseSeed(b)
		if err != nil {
			if strings.Contains(err.Error(), "c4n4ry") && !strings.Contains(err.Error(), "unknown field") {
				t.Errorf("%v quotes the seed", err)
			}
			return
		}
		var want seedFile
		b = bytes.TrimPrefix(b, []byte("\ufeff"))
		if err := strict(b, &want); err != nil || !json.Valid(b) {
			t.Fatalf("encoding/json says %v", err)
		}
		want.Region = cmp.Or(want.Region, Region)
		if in.Region != want.Region || !alike(in.Keys, want.Keys) || !alike(in.Parameters, want.Parameters) || !alike(in.Roles, want.Roles) ||
			!alike(in.Providers, want.Providers) {
			t.Errorf("read %+v, want %+v", in, want)
		}
	})
}

// alike reports whether two lists have the same entries, except for their lines. The second has no defaults yet.
func alike[E any, P interface {
	*E
	seedEntry
}](read, want []E) bool {
	for i := range min(len(read), len(want)) {
		P(&read[i]).settle(0)
		P(&want[i]).settle(0)
	}
	return len(read) == len(want) && (len(read) == 0 || reflect.DeepEqual(read, want))
}

func FuzzFault(f *testing.F) {
	f.Add([]byte(`[{"operation":"ssm:*","nth":2,"kind":"slow","delay":"20ms"}]`))
	f.Add([]byte(`[{"kind":"flood"}]`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var all []Fault
		if strict(b, &all) != nil {
			return
		}
		var s Server
		s.Inject(all...)
		s.faults.next([]string{"ssm:GetParameters"})
		if _, err := json.Marshal(all); err != nil {
			t.Error(err)
		}
	})
}
