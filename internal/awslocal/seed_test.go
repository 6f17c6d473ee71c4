package awslocal

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzParseSeed(f *testing.F) {
	f.Add([]byte(`{"region":"eu-west-1","keys":[{"alias":"alias/a"}],"parameters":[{"name":"/a","type":"String","values":["c4n4ry"],"labels":{"x":1}}],"roles":[{"name":"r"}]}`))
	f.Add([]byte(`{"parameters":[{"value":7}]}`))
	f.Add([]byte(`{"keys":{`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := parseSeed(b)
		if err == nil && in.Region == "" {
			t.Error("no region")
		}
		if err != nil && strings.Contains(err.Error(), "c4n4ry") && !strings.Contains(err.Error(), "unknown field") {
			t.Errorf("%v quotes the seed", err)
		}
	})
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
