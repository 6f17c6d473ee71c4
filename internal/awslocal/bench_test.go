package awslocal_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
)

// The calls of a build, through the real SDK on loopback. "p50-µs" is the median of one call after another.
func BenchmarkCalls(b *testing.B) {
	ctx := context.Background()
	w := start(b)
	s, k := w.ssm(), w.kms()
	key, err := k.CreateKey(ctx, &kms.CreateKeyInput{})
	if err != nil {
		b.Fatal(err)
	}
	names := make([]string, 10)
	for i := range names {
		names[i] = "/bench/" + strconv.Itoa(i)
		if _, err := s.PutParameter(ctx, &ssm.PutParameterInput{Name: &names[i], Type: types.ParameterTypeSecureString,
			KeyId: key.KeyMetadata.Arn, Value: aws.String("sample")}); err != nil {
			b.Fatal(err)
		}
	}
	sealed, err := k.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyMetadata.Arn, Plaintext: []byte("sample")})
	if err != nil {
		b.Fatal(err)
	}
	calls := map[string]func() error{
		"GetParameters10": func() error {
			_, err := s.GetParameters(ctx, &ssm.GetParametersInput{Names: names})
			return err
		},
		"GetParameters10Decrypted": func() error {
			_, err := s.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(true)})
			return err
		},
		"Encrypt": func() error {
			_, err := k.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyMetadata.Arn, Plaintext: []byte("sample")})
			return err
		},
		"Decrypt": func() error {
			_, err := k.Decrypt(ctx, &kms.DecryptInput{KeyId: key.KeyMetadata.Arn, CiphertextBlob: sealed.CiphertextBlob})
			return err
		},
	}
	for _, name := range []string{"GetParameters10", "GetParameters10Decrypted", "Encrypt", "Decrypt"} {
		b.Run(name+"/serial", func(b *testing.B) { serial(b, calls[name]) })
		b.Run(name+"/16", func(b *testing.B) { concurrent(b, calls[name]) })
	}
}

func serial(b *testing.B, do func() error) {
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
}

func concurrent(b *testing.B, do func() error) {
	var wg sync.WaitGroup
	jobs := make(chan struct{}, b.N)
	for range b.N {
		jobs <- struct{}{}
	}
	close(jobs)
	for range 16 {
		wg.Go(func() {
			for range jobs {
				if err := do(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// A put into a state directory writes the whole state and syncs it; a put in memory writes nothing.
func BenchmarkPut(b *testing.B) {
	for name, o := range map[string][]awslocal.Option{"memory": nil, "dir": {awslocal.WithDir(b.TempDir())}} {
		b.Run(name, func(b *testing.B) {
			c := start(b, o...).ssm()
			serial(b, func() error {
				_, err := c.PutParameter(context.Background(), &ssm.PutParameterInput{Name: aws.String("/bench"), Type: types.ParameterTypeString,
					Value: aws.String("sample"), Overwrite: aws.Bool(true)})
				return err
			})
		})
	}
}
