package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
)

// An account is what bundle status --deployed is measured in.
type account struct {
	Functions int // in Lambda, half of them with the newest version of the layer
	Versions  int // published, of each, besides $LATEST
	Manifest  int // functions of the manifest: the first ones
}

// name is how the table names it.
func (a account) name() string {
	return fmt.Sprintf("%d × %d, %d in the manifest", a.Functions, a.Versions, a.Manifest)
}

const (
	pace  = 5  // calls per second, and how many can begin at once
	page  = 50 // functions in a page of ListFunctions
	batch = 10 // parameters in a call of GetParameters
)

// floor returns how many calls to Lambda's control plane are needed, and how many to everything else.
func (a account) floor() (control, others int) {
	const layer = 1 + 2 // a list, and two versions
	return (a.Functions*(a.Versions+1)+page-1)/page + a.Manifest + layer, (a.Manifest+batch-1)/batch + 1
}

// seconds returns how long calls to the control plane take at the pace.
func seconds(calls int) float64 { return float64(max(calls-pace, 0)) / pace }

const layerName = "shop"

// world returns the world of an account.
func (a account) world() world { return world{Secrets: a.Manifest, Functions: a.Manifest} }

// measureDeployed runs bundle status --deployed in accounts at Lambda's quotas, and returns a table.
func measureDeployed(ctx context.Context, accounts []account) (string, error) {
	dir, err := os.MkdirTemp("", "bundle-bench-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "bundle")
	if err := command(ctx, ".", "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/bundle"); err != nil {
		return "", err
	}
	var table strings.Builder
	table.WriteString("\n| functions × versions | calls | floor | seconds | at the pace | throttled | peak memory |\n|---|---|---|---|---|---|---|\n")
	for i, a := range accounts {
		row, err := a.measure(ctx, program, filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return "", fmt.Errorf("%s: %w", a.name(), err)
		}
		fmt.Fprintln(os.Stderr, row)
		table.WriteString(row + "\n")
	}
	return table.String(), nil
}

func (a account) measure(ctx context.Context, program, dir string) (string, error) {
	w := a.world()
	s, err := w.start(ctx, dir)
	if err != nil {
		return "", err
	}
	aside := func(args ...string) (figure, error) {
		return timed(ctx, s, program, append(args, "--manifest", "deployed.hcl", "--env", "local", "--timeout", "30m")...)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "bundle {\n  name  = \"shop\"\n  layer = %q\n}\nenvironment \"local\" { embedded = \"seed.json\" }\n", layerName)
	for f := range a.Manifest {
		fmt.Fprintf(&text, "function \"f%d\" {\n  kms_key = \"alias/f%d\"\n  secret \"PASSWORD\" { parameter = \"/shop/f%d-p0\" }\n}\n", f, f, f)
	}
	err = os.WriteFile(filepath.Join(dir, "deployed.hcl"), []byte(text.String()), 0o600)
	for range 2 {
		if err == nil {
			_, err = aside("build", "--reseal", "--out", "layer.zip")
		}
		if err == nil {
			_, err = aside("publish", "--layer", "layer.zip")
		}
	}
	s.stop()
	if err != nil {
		return "", err
	}
	w.Account = &a
	if s, err = w.start(ctx, dir); err != nil {
		return "", err
	}
	defer s.stop()
	got, err := aside("status", "--deployed", "--json")
	if err != nil {
		return "", err
	}
	var report struct {
		Targets []struct {
			Result struct {
				Calls map[string]int `json:"aws_calls"`
			} `json:"result"`
		} `json:"targets"`
	}
	if err := json.Unmarshal(got.stdout, &report); err != nil {
		return "", err
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		return "", err
	}
	calls := 0
	for _, t := range report.Targets {
		for _, n := range t.Result.Calls {
			calls += n
		}
	}
	control, others := a.floor()
	return fmt.Sprintf("| %s | %d | %d | %.1f | %.1f | %d | %.0f MB |", a.name(), calls, control+others, got.wall, seconds(control), bytes.Count(log, []byte(" 429 ")), got.peak), nil
}

// deploy makes the functions of an account, in a server without quotas.
func (a account) deploy(ctx context.Context, url, id, key string) error {
	c := lambda.New(lambda.Options{Region: awslocal.Region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, key, "")})
	errs := make([]error, 4)
	var all sync.WaitGroup
	for k := range errs {
		all.Go(func() {
			for i := k; i < a.Functions && errs[k] == nil; i += len(errs) {
				errs[k] = a.deployOne(ctx, c, i)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (a account) deployOne(ctx context.Context, c *lambda.Client, i int) error {
	name, variables := fmt.Sprintf("f%d", i), map[string]string{"TOKEN": strings.Repeat("not-a-real-value", 64)}
	layer := func(number int) []string {
		return []string{fmt.Sprintf("arn:aws:lambda:%s:%s:layer:%s:%d", awslocal.Region, awslocal.Account, layerName, number)}
	}
	_, err := c.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::" + awslocal.Account + ":role/function"), Handler: aws.String("index.handler"), Runtime: types.RuntimeNodejs22x,
		Code: &types.FunctionCode{ZipFile: codeOf(0)}, Layers: layer(1), Environment: &types.Environment{Variables: variables},
	})
	for v := range a.Versions {
		if err == nil && v == a.Versions/2 && i%2 == 0 {
			_, err = c.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Layers: layer(2)})
		}
		if err == nil {
			_, err = c.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: codeOf(v + 1), Publish: true})
		}
	}
	if err == nil {
		_, err = c.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	}
	return err
}

// codeOf returns code that differs for each number.
func codeOf(number int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if w, err := z.Create("index.js"); err == nil {
		_, _ = fmt.Fprint(w, number)
	}
	_ = z.Close()
	return b.Bytes()
}
