package awsclient

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awsfault"
)

// If the time is up while waiting for credentials, the error says where they come
// from. If it is up while waiting for a reply, it says what was sent where, and how often.
func TestTheEndOfTheTimeSaysWhatWasWaitedFor(t *testing.T) {
	hang := func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	}
	for name, test := range map[string]struct {
		environ map[string]string
		want    string
	}{
		"a reply":                  {map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}, "sts:GetCallerIdentity was sent to 127.0.0.1"},
		"the container's endpoint": {map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "URL/x"}, "sts:GetCallerIdentity was not sent: it was waiting for credentials from the container's credentials endpoint"},
		"the metadata service": {
			map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "URL"},
			"it was waiting for credentials from the EC2 instance metadata service",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, hang)
			t.Setenv("AWS_CONFIG_FILE", "none")
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
			for name, value := range test.environ {
				t.Setenv(name, strings.Replace(value, "URL", s.URL, 1))
			}
			cfg, err := New(t.Context(), Options{Region: "us-west-2", EndpointURL: s.URL})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			begun := time.Now()
			_, err = Caller(ctx, cfg)
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("it took %s", took)
			}
			if got := awsfault.Explain(err).Asked(); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(got, test.want) {
				t.Errorf("%v: got %q, want %q", err, got, test.want)
			}
			s.CloseClientConnections()
		})
	}
}
