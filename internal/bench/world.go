package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
)

// A world is a folder with a manifest, and an embedded AWS with what the manifest names.
type world struct {
	Secrets   int           // distinct parameters; each function has an equal share
	Managed   int           // distinct secrets of Secrets Manager, shared in the same way
	Functions int           // each has a key of its own
	Latency   time.Duration // of every call
	Rate      float64       // Parameter Store calls a second; 0 for no limit
	Burst     float64       // calls that are answered at once before Rate counts
	Paths     bool          // functions import a path each, instead of naming every parameter
}

// write writes the manifest and the seed of the embedded AWS.
func (w world) write(dir string) error {
	type key struct {
		Alias string `json:"alias"`
	}
	type parameter struct {
		Name  string `json:"name"`
		Type  string `json:"type"`
		KeyID string `json:"key_id"`
		Tier  string `json:"tier"`
		Value string `json:"value"`
	}
	type managed struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	var seed struct {
		Keys       []key       `json:"keys"`
		Parameters []parameter `json:"parameters"`
		Secrets    []managed   `json:"secrets,omitempty"` // a recorded commit can read no such member
	}
	var manifest strings.Builder
	manifest.WriteString("bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"seed.json\" }\n")
	seed.Keys = append(seed.Keys, key{"alias/parameters"})
	for f := range w.Functions {
		seed.Keys = append(seed.Keys, key{fmt.Sprintf("alias/f%d", f)})
		fmt.Fprintf(&manifest, "function \"f%d\" {\n  kms_key = \"alias/f%d\"\n", f, f)
		if w.Paths {
			fmt.Fprintf(&manifest, "  parameters { path = \"/shop/f%d\" }\n", f)
		}
		for i := range w.Secrets / w.Functions {
			name := fmt.Sprintf("/shop/f%d-p%d", f, i) // side by side, as the other tool reads them
			if w.Paths {
				name = fmt.Sprintf("/shop/f%d/p%d", f, i)
			}
			value := fmt.Sprintf("not-a-real-value-%d-%d", f, i)
			seed.Parameters = append(seed.Parameters, parameter{name, "SecureString", "alias/parameters", "Intelligent-Tiering", value})
			if !w.Paths {
				fmt.Fprintf(&manifest, "  secret \"P%d\" { parameter = %q }\n", i, name)
			}
		}
		for i := range w.Managed / w.Functions {
			name := fmt.Sprintf("shop/f%d-s%d", f, i)
			seed.Secrets = append(seed.Secrets, managed{name, fmt.Sprintf("not-a-real-value-%d-%d", f, i)})
			fmt.Fprintf(&manifest, "  secret \"S%d\" { secretsmanager = %q }\n", i, name)
		}
		manifest.WriteString("}\n")
	}
	b, err := json.Marshal(seed)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "secrets.hcl"), []byte(manifest.String()), 0o600), os.WriteFile(filepath.Join(dir, "seed.json"), b, 0o600))
}

// serve is what the process of the embedded AWS does: DIR WORLD, the latter in JSON. It writes the manifest, prints its
// address and credentials, and ends when its input does.
func serve(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("serve takes a folder and a world")
	}
	debug.SetGCPercent(400) // as bundle local serve does
	var w world
	if err := json.Unmarshal([]byte(args[1]), &w); err != nil {
		return err
	}
	if err := w.write(args[0]); err != nil {
		return err
	}
	seed, err := os.ReadFile(filepath.Join(args[0], "seed.json"))
	if err != nil {
		return err
	}
	// Where the recorded commit looks for the state of any environment, and this tree for one of before.
	options := []awslocal.Option{awslocal.WithDir(filepath.Join(args[0], ".bundle-local")), awslocal.WithSeed(seed), awslocal.WithLatency(w.Latency)}
	if w.Rate > 0 {
		options = append(options, awslocal.WithBucket("ssm", w.Rate, w.Burst))
	}
	server, err := awslocal.New(options...)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	id, secret := server.Credentials()
	fmt.Println(url, id, secret)
	go func() { <-ctx.Done(); os.Stdin.Close() }()
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

// A running world is one that is being served.
type running struct {
	dir  string
	url  string
	env  []string // for programs that find their endpoint there
	stop func()
}

// start serves a world from a new process.
func (w world) start(ctx context.Context, dir string) (*running, error) {
	described, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "serve", dir, string(described))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() { _, _ = stdin.Close(), cmd.Wait() }
	var url, id, secret string
	if _, err := fmt.Fscan(bufio.NewReader(stdout), &url, &id, &secret); err != nil {
		stop()
		return nil, fmt.Errorf("the embedded AWS did not start: %w", err)
	}
	env := []string{"CHAMBER_AWS_SSM_ENDPOINT=" + url, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_REGION=" + awslocal.Region}
	return &running{dir: dir, env: env, stop: stop}, nil
}
