package awslocal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
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
	"github.com/whispering/bundle/internal/awslocal/sigv4"
)

// benchmarked is a server with ten SecureStrings under one key, and a ciphertext of that key.
type benchmarked struct {
	world
	key    string
	names  []string
	sealed []byte
}

func benched(b *testing.B) benchmarked {
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
	return benchmarked{w, aws.ToString(key.KeyMetadata.Arn), names, sealed.CiphertextBlob}
}

// The calls of a build, through the real SDK on loopback. "p50-µs" is the median of one call after another. The SDK's client shares the
// cores with the server, and takes the larger part of them: BenchmarkServer has the server's own.
func BenchmarkCalls(b *testing.B) {
	ctx := context.Background()
	w := benched(b)
	s, k, names, key, sealed := w.ssm(), w.kms(), w.names, &w.key, w.sealed
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
			_, err := k.Encrypt(ctx, &kms.EncryptInput{KeyId: key, Plaintext: []byte("sample")})
			return err
		},
		"Decrypt": func() error {
			_, err := k.Decrypt(ctx, &kms.DecryptInput{KeyId: key, CiphertextBlob: sealed})
			return err
		},
	}
	for _, name := range []string{"GetParameters10", "GetParameters10Decrypted", "Encrypt", "Decrypt"} {
		b.Run(name+"/serial", func(b *testing.B) { serial(b, calls[name]) })
		b.Run(name+"/16", func(b *testing.B) { concurrent(b, calls[name]) })
	}
}

// The same calls over the same loopback by a client that does next to nothing: one signed request, sent again and again. What the
// server can do on these cores lies above these figures.
func BenchmarkServer(b *testing.B) {
	w := benched(b)
	for _, c := range []struct {
		name, service, target string
		in                    any
	}{
		{"GetParameters10", "ssm", "AmazonSSM.GetParameters", map[string]any{"Names": w.names}},
		{"GetParameters10Decrypted", "ssm", "AmazonSSM.GetParameters", map[string]any{"Names": w.names, "WithDecryption": true}},
		{"Encrypt", "kms", "TrentService.Encrypt", map[string]any{"KeyId": w.key, "Plaintext": []byte("sample")}},
		{"Decrypt", "kms", "TrentService.Decrypt", map[string]any{"KeyId": w.key, "CiphertextBlob": w.sealed}},
	} {
		do := lean(b, w.world, c.service, c.target, c.in)
		b.Run(c.name+"/serial", func(b *testing.B) { serial(b, do) })
		b.Run(c.name+"/16", func(b *testing.B) { concurrent(b, do) })
	}
}

// lean signs one request and gives a function that sends it and drops the answer.
func lean(b *testing.B, w world, service, target string, in any) func() error {
	body, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, w.url, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	id, key := w.Credentials()
	sigv4.Sign(r, body, sigv4.Credentials{ID: id, Key: key}, "us-east-1", service, time.Now())
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return func() error {
		again := r.Clone(context.Background())
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		reply, err := client.Do(again)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, reply.Body)
		if reply.StatusCode != http.StatusOK {
			return errors.New(reply.Status)
		}
		return errors.Join(err, reply.Body.Close())
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
