//go:build unix

package faulttest

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/internal/awslocal"
)

// A publication that is killed while it waits for either of its two calls is finished by the next one: one version of the layer, and its
// ARN in the parameter. At no time does the parameter have the ARN of a version that does not exist.
func TestKilledPublicationIsFinished(t *testing.T) {
	const parameter = "/shop/prod/layer-arn"
	for call, killed := range map[string]struct{ published, pointed int }{
		"lambda:PublishLayerVersion": {1, 0}, // asked for, but never carried out
		"ssm:PutParameter":           {1, 1},
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, newTemplate(t), &row{
				manifest: strings.Replace(standard(), `layer = "shop"`, `layer = "shop"`+"\n  layer_parameter = \""+parameter+`"`, 1),
				faults:   times(1, awslocal.Fault{Operation: call, Kind: awslocal.Hang}),
			})
			publish := s.calling("publish", "--env", "prod", "--layer", layerFile)
			got := s.interrupted(func(p *os.Process) {
				for range 1000 {
					if s.server.Calls()[call] > 0 {
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
				_ = p.Signal(syscall.SIGKILL)
			}, publish...)
			calls := s.server.Calls()
			if !got.signaled || calls["lambda:PublishLayerVersion"] != killed.published || calls["ssm:PutParameter"] != killed.pointed {
				t.Fatalf("exit code %d after %v\n%s", got.code, calls, got.stderr)
			}
			for range 2 { // the second of them changes nothing
				if got := s.run(publish...); got.code != 0 || string(got.stdout) != "arn:aws:lambda:us-west-2:222222222222:layer:shop:1\n" {
					t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
			}
			out, err := ssm.NewFromConfig(s.config(s.admin)).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(parameter)})
			if err != nil {
				t.Fatal(err)
			}
			if p := out.Parameter; *p.Value != "arn:aws:lambda:us-west-2:222222222222:layer:shop:1" || p.Version != 1 {
				t.Errorf("%s has %q as version %d", parameter, *p.Value, p.Version)
			}
		})
	}
}
