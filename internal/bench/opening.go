package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/awslocal"
)

// opening is a program of Python that gets all its secrets once, from a layer or from the extension, and prints how
// many seconds that took inside it.
//
//go:embed opening.py
var opening string

// The ways to get the secrets of a function that starts, in the order of the table.
const (
	byHelper  = "helper"     // of a layer
	oneByOne  = "one by one" // from the extension
	threeAway = "three"      // from the extension, at a time: as many as it sends by default
	fromCache = "cache"      // of the extension, which has asked before
)

var ways = []string{byHelper, oneByOne, threeAway, fromCache}

// measureOpening measures how long a function takes to get n secrets of Secrets Manager in each way, in turns, and
// returns a table.
func measureOpening(ctx context.Context, numbers []int, runs int) (string, error) {
	dir, err := os.MkdirTemp("", "bundle-bench-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "bundle")
	if err := command(ctx, ".", "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/bundle"); err != nil {
		return "", err
	}
	if err := writeOpening(dir, numbers); err != nil {
		return "", err
	}
	if err := command(ctx, dir, program, "--env", "local", "--out", "layer.zip"); err != nil {
		return "", err
	}
	server, err := awslocal.New(awslocal.WithDir(filepath.Join(dir, ".bundle-local", "local")), awslocal.WithLatency(latency))
	if err != nil {
		return "", err
	}
	defer func() { _ = server.Close() }()
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		return "", err
	}
	id, key := server.Credentials()
	table := "\n| secrets | the helper | one by one | three at a time | from its cache |\n|---|---|---|---|---|\n"
	for _, n := range numbers {
		function := fmt.Sprint("f", n)
		if err := command(ctx, dir, program, "unpack", "layer.zip", function, "--function", function, "--helpers", "python"); err != nil {
			return "", err
		}
		o := opener{n: n, dir: filepath.Join(dir, function), environ: append(os.Environ(),
			"AWS_ENDPOINT_URL_KMS="+url, "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+key, "AWS_SESSION_TOKEN=", "AWS_REGION="+awslocal.Region,
			"BUNDLE_SECRETS_DIR="+filepath.Join(dir, function), "BUNDLE_SECRETS_FUNCTION="+function,
			"PYTHONPATH="+filepath.Join(dir, function, "python"), "PYTHONDONTWRITEBYTECODE=")}
		config := aws.Config{Region: awslocal.Region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, key, "")}
		row, err := o.row(ctx, config, runs)
		if err != nil {
			return "", err
		}
		table += row
	}
	return table, nil
}

// writeOpening writes a manifest with a function for each number of secrets, and the sample file.
func writeOpening(dir string, numbers []int) error {
	var manifest strings.Builder
	manifest.WriteString("bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"seed.json\" }\n")
	keys, secrets := []map[string]string{{"alias": "alias/secrets"}}, []map[string]string{}
	for _, n := range numbers {
		keys = append(keys, map[string]string{"alias": fmt.Sprint("alias/f", n)})
		fmt.Fprintf(&manifest, "function \"f%d\" {\n  kms_key = \"alias/f%[1]d\"\n", n)
		for i := range n {
			fmt.Fprintf(&manifest, "  secret \"S%d\" { secretsmanager = \"shop/s%[1]d\" }\n", i)
		}
		manifest.WriteString("}\n")
	}
	for i := range slices.Max(numbers) {
		secrets = append(secrets, map[string]string{"name": fmt.Sprint("shop/s", i), "key_id": "alias/secrets", "value": fmt.Sprint("not-a-real-value-", i)})
	}
	seed, err := json.Marshal(map[string]any{"keys": keys, "secrets": secrets})
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "secrets.hcl"), []byte(manifest.String()), 0o600), os.WriteFile(filepath.Join(dir, "seed.json"), seed, 0o600))
}

// An opener is a function with n secrets, and its unpacked layer.
type opener struct {
	n       int
	dir     string
	environ []string
}

// row measures the ways in turns, and returns a row of the table: medians, and ratios to the helper.
func (o opener) row(ctx context.Context, config aws.Config, runs int) (string, error) {
	took := make(map[string][]float64)
	for i := range runs + 1 {
		for _, way := range ways {
			seconds, err := o.measure(ctx, config, way)
			if err != nil {
				return "", fmt.Errorf("%d secrets, %s: %w", o.n, way, err)
			}
			if i > 0 { // the first warms the caches of the machine
				took[way] = append(took[way], seconds)
			}
		}
	}
	row := fmt.Sprintf("| %d |", o.n)
	helper := middle(took[byHelper])
	for _, way := range ways {
		row += fmt.Sprintf(" %.0f ms", middle(took[way])*1000)
		if way == oneByOne || way == threeAway {
			row += fmt.Sprintf(", × %.1f", middle(took[way])/helper)
		}
		row += " |"
	}
	fmt.Fprintln(os.Stderr, row, took)
	return row + "\n", nil
}

func middle(all []float64) float64 { return slices.Sorted(slices.Values(all))[len(all)/2] }

// measure runs the program once, with an extension that has asked for nothing before.
func (o opener) measure(ctx context.Context, config aws.Config, way string) (float64, error) {
	extension := &extension{aws: secretsmanager.NewFromConfig(config)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := &http.Server{Handler: extension}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	cmd := exec.CommandContext(ctx, "python3", "-c", opening, way, strconv.Itoa(o.n), listener.Addr().String())
	cmd.Env, cmd.Stderr = o.environ, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(string(bytes.TrimSpace(out)), 64)
}

// An extension answers as the AWS Parameters and Secrets Lambda extension is documented to: the first request for a
// secret is a GetSecretValue, and later ones come from its cache.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
type extension struct {
	aws   *secretsmanager.Client
	cache sync.Map // of replies, by the secret's name
}

func (e *extension) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("secretId")
	reply, ok := e.cache.Load(name)
	if !ok {
		out, err := e.aws.GetSecretValue(r.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply = map[string]any{
			"ARN": out.ARN, "Name": out.Name, "VersionId": out.VersionId, "SecretString": out.SecretString, "VersionStages": out.VersionStages,
			"CreatedDate": out.CreatedDate.Format(time.RFC3339),
		}
		e.cache.Store(name, reply)
	}
	_ = json.NewEncoder(w).Encode(reply) // the program ends if it is cut off
}
