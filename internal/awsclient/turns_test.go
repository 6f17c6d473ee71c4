package awsclient

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/internal/awsfault"
)

// TestCallsTakeTurns: whatever the number of clients, a configuration has at most so
// many calls of a service in progress, and one service does not wait for another.
func TestCallsTakeTurns(t *testing.T) {
	const many = 100
	for name, test := range map[string]struct {
		most int
		call func(context.Context, aws.Config) error
	}{
		"KMS": {32, func(ctx context.Context, cfg aws.Config) error {
			_, err := kms.NewFromConfig(cfg).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("x")})
			return err
		}},
		"SSM": {32, func(ctx context.Context, cfg aws.Config) error {
			_, err := ssm.NewFromConfig(cfg).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/x"}})
			return err
		}},
		"Secrets Manager": {64, func(ctx context.Context, cfg aws.Config) error {
			_, err := secretsmanager.NewFromConfig(cfg).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("x")})
			return err
		}},
		"Lambda": {4, func(ctx context.Context, cfg aws.Config) error {
			_, err := lambda.NewFromConfig(WithTimeout(cfg, time.Minute)).ListLayerVersions(ctx, &lambda.ListLayerVersionsInput{LayerName: aws.String("x")})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			busy, most := 0, 0
			released := make(chan struct{})
			release := sync.OnceFunc(func() { close(released) })
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				busy++
				most = max(most, busy)
				full := busy == test.most
				mu.Unlock()
				if full {
					time.AfterFunc(50*time.Millisecond, release) // for one more to arrive
				}
				<-released
				mu.Lock()
				busy--
				mu.Unlock()
				http.Error(w, "", http.StatusForbidden)
			}))
			cfg := local(t, s.URL, func(*Options) {})
			var group sync.WaitGroup
			for range many {
				group.Go(func() { _ = test.call(t.Context(), cfg) }) // it is refused
			}
			select {
			case <-released:
			case <-time.After(20 * time.Second):
				t.Error("too few calls are made at a time")
				release()
			}
			group.Wait()
			s.Close()
			if most != test.most {
				t.Errorf("%d calls were in progress", most)
			}
		})
	}
}

// TestACallWaitsForItsTurnNoLongerThanItsContext: it is not made, and its error says
// what it was waiting for.
func TestACallWaitsForItsTurnNoLongerThanItsContext(t *testing.T) {
	hang := make(chan struct{})
	var arrived sync.WaitGroup
	arrived.Add(4)
	s := newServer(t, func(_ int, _ http.ResponseWriter, _ *http.Request) { arrived.Done(); <-hang })
	cfg := local(t, s.URL, func(*Options) {})
	list := func(ctx context.Context) error {
		_, err := lambda.NewFromConfig(cfg).ListLayerVersions(ctx, &lambda.ListLayerVersionsInput{LayerName: aws.String("x")})
		return err
	}
	others, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { _ = list(others) }) // it is stopped
	}
	arrived.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := list(ctx)
	var asked *awsfault.Asked
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &asked) || asked.Until != "its turn" || asked.Attempts != 0 {
		t.Errorf("%v, %+v", err, asked)
	}
	stop()
	close(hang)
	group.Wait()
}
