//go:build unix

package faulttest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
)

// killedAt runs a command that is killed at its nth call of an operation, which is never carried out.
func (s *stage) killedAt(call string, nth int, args ...string) {
	s.Helper()
	got := s.interrupted(func(p *os.Process) {
		for range 1000 {
			if s.server.Calls()[call] >= nth {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		_ = p.Signal(syscall.SIGKILL)
	}, args...)
	if !got.signaled {
		s.Fatalf("%s %d: exit code %d\n%s", call, nth, got.code, got.stderr)
	}
}

// A rollout that is killed at any step, and run again, ends like one that was not: the function keeps its other layers, the alias serves
// one new version with the code of the old one, and a further run changes nothing.
func TestKilledRolloutIsFinished(t *testing.T) {
	for _, kill := range []struct {
		call string
		nth  int
	}{
		{"lambda:UpdateFunctionConfiguration", 1}, {"lambda:GetFunctionConfiguration", 2}, {"lambda:PublishVersion", 1}, {"lambda:UpdateAlias", 1},
	} {
		t.Run(fmt.Sprint(kill.call, kill.nth), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, newTemplate(t), &row{
				manifest: standard(), limit: time.Minute, options: []awslocal.Option{awslocal.WithFunctionTimes(time.Millisecond, time.Millisecond)},
				faults: []awslocal.Fault{{Operation: kill.call, Kind: awslocal.Hang, Nth: kill.nth}},
			})
			client := lambda.NewFromConfig(s.config(s.admin))
			empty := append([]byte("PK\x05\x06"), make([]byte, 18)...)
			for _, layer := range []string{"other", "shop"} {
				if _, err := client.PublishLayerVersion(t.Context(), &lambda.PublishLayerVersionInput{LayerName: &layer, Content: &types.LayerVersionContentInput{ZipFile: empty}}); err != nil {
					t.Fatal(err)
				}
			}
			const other, shop = "arn:aws:lambda:us-west-2:222222222222:layer:other:1", "arn:aws:lambda:us-west-2:222222222222:layer:shop:"
			_, err := client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
				FunctionName: aws.String("f0"), Role: aws.String("arn:aws:iam::222222222222:role/admin"), Handler: aws.String("index.handler"), Runtime: types.RuntimeNodejs22x,
				Code: &types.FunctionCode{ZipFile: empty}, Layers: []string{other, shop + "1"}, Publish: true,
			})
			if err == nil {
				err = lambda.NewPublishedVersionActiveWaiter(client).Wait(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("f0"), Qualifier: aws.String("1")}, time.Minute)
			}
			if err == nil {
				_, err = client.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: aws.String("f0"), Name: aws.String("live"), FunctionVersion: aws.String("1")})
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := s.run(s.calling("publish", "--env", "prod", "--layer", layerFile, "--allow-rollback")...); got.code != 0 {
				t.Fatalf("exit code %d\n%s", got.code, got.stderr)
			}
			rollout := s.calling("rollout", "--env", "prod", "--function", "f0", "--yes")
			s.server.ResetCalls()
			s.killedAt(kill.call, kill.nth, rollout...)
			for again := range 2 {
				s.server.ResetCalls()
				if got := s.run(rollout...); got.code != 0 {
					t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				calls := s.server.Calls()
				if again > 0 && calls["lambda:UpdateFunctionConfiguration"]+calls["lambda:PublishVersion"]+calls["lambda:UpdateAlias"] > 0 {
					t.Errorf("a further run makes the calls %v", calls)
				}
			}
			all, err := client.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("f0")})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range all.Versions {
				text := *v.Version
				for _, l := range v.Layers {
					text += " " + strings.TrimPrefix(*l.Arn, "arn:aws:lambda:us-west-2:222222222222:layer:")
				}
				got = append(got, text)
			}
			if want := []string{"$LATEST other:1 shop:2", "1 other:1 shop:1", "2 other:1 shop:2"}; !slices.Equal(got, want) {
				t.Errorf("the versions are %q, not %q", got, want)
			}
			alias, err := client.GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: aws.String("f0"), Name: aws.String("live")})
			if err != nil || *alias.FunctionVersion != "2" || alias.RoutingConfig != nil {
				t.Errorf("the alias is %+v, %v", alias, err)
			}
		})
	}
}

// A revocation that is killed between two keys, and run again, changes the second one only.
func TestKilledRevocationIsFinished(t *testing.T) {
	s := newStage(t, newTemplate(t), &row{
		manifest: standard(), limit: time.Minute, faults: []awslocal.Fault{{Operation: "kms:PutKeyPolicy", Kind: awslocal.Hang, Nth: 2}},
	})
	if got := s.run(s.calling("publish", "--env", "prod", "--layer", layerFile)...); got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	client := kms.NewFromConfig(s.config(s.admin))
	revoked := func() (keys int) {
		t.Helper()
		for _, alias := range []string{"alias/f0", "alias/f1"} {
			key, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
			if err != nil {
				t.Fatal(err)
			}
			out, err := client.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: key.KeyMetadata.KeyId})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(*out.Policy, "DenyRevoked") {
				keys++
			}
		}
		return keys
	}
	revoke := s.calling("revoke", "--env", "prod", "--apply")
	s.killedAt("kms:PutKeyPolicy", 2, revoke...)
	if n := revoked(); n != 1 {
		t.Fatalf("%d keys are changed, not 1", n)
	}
	for _, puts := range []int{1, 0} {
		s.server.ResetCalls()
		if got := s.run(revoke...); got.code != 0 {
			t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		if n := s.server.Calls()["kms:PutKeyPolicy"]; n != puts || revoked() != 2 {
			t.Errorf("%d policies are put, not %d, and %d keys are changed", n, puts, revoked())
		}
	}
}
