package awsenv

import (
	"io"
	"os"
	"testing"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/manifest"
)

// TestSessionsBesideEachOtherShareTheirPace: Lambda's quota is that of an account and region, whatever the number of environments in it.
func TestSessionsBesideEachOtherShareTheirPace(t *testing.T) {
	for name, value := range map[string]string{"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		t.Setenv(name, value)
	}
	con := &console.Console{Environ: []string{}, Stdout: printable.New(io.Discard), Stderr: printable.New(io.Discard)}
	connect := func(beside *Clients) *Clients {
		m := &manifest.Manifest{Environment: manifest.Environment{
			AccountID: manifest.Text{Value: "222222222222"}, Regions: []manifest.Text{{Value: "us-west-2"}},
		}}
		s, err := Connect(con, t.Context(), nil, m, Options{Beside: beside})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	first := connect(nil)
	if connect(first).Pace != first.Pace {
		t.Error("a session beside another one has its own pace of Lambda")
	}
	if connect(nil).Pace == first.Pace {
		t.Error("a session of another account or region shares the pace")
	}
}
