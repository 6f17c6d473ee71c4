package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// An account is what bundle status --deployed is measured in.
type account struct {
	Functions int // in Lambda, half of them with the newest version of the layer
	Versions  int // published, of each, besides $LATEST
	Manifest  int // functions of the manifest: the first ones
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

// paced returns how many seconds calls to the control plane take at the pace.
func paced(calls int) float64 { return float64(max(calls-pace, 0)) / pace }

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
	table := "\n| functions × versions | of the manifest | calls | floor | seconds | at the pace | refused (429) | peak memory |\n|---|---|---|---|---|---|---|---|\n"
	for i, a := range accounts {
		row, err := a.measure(ctx, program, filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return "", fmt.Errorf("%+v: %w", a, err)
		}
		fmt.Fprint(os.Stderr, row)
		table += row
	}
	return table, nil
}

func (a account) measure(ctx context.Context, program, dir string) (string, error) {
	s, proceed, err := a.start(ctx, dir)
	if err != nil {
		return "", err
	}
	defer s.stop()
	bundle := func(args ...string) (figure, error) {
		return timed(ctx, s, program, append(args, "--env", "prod", "--timeout", "30m", "--endpoint-url", s.url)...)
	}
	for range 2 {
		if _, err := bundle("build", "--reseal", "--out", "layer.zip"); err != nil {
			return "", err
		}
		if _, err := bundle("publish", "--layer", "layer.zip"); err != nil {
			return "", err
		}
	}
	if err := proceed(); err != nil {
		return "", err
	}
	got, err := bundle("status", "--deployed", "--json")
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
	return fmt.Sprintf("| %d × %d | %d | %d | %d | %.0f | %.0f | %d | %.0f MB |\n", a.Functions, a.Versions, a.Manifest, calls, control+others, got.wall,
		paced(control), bytes.Count(log, []byte(" 429 ")), got.peak), nil
}

// start serves an account from a new process. proceed deploys its functions, after which Lambda's quotas hold.
func (a account) start(ctx context.Context, dir string) (s *running, proceed func() error, err error) {
	described, err := json.Marshal(a)
	if err != nil {
		return nil, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, self, "account", dir, string(described))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() { _, _ = stdin.Close(), cmd.Wait() }
	var url, id, secret string
	if _, err := fmt.Fscanln(stdout, &url, &id, &secret); err != nil {
		stop()
		return nil, nil, fmt.Errorf("the embedded AWS did not start: %w", err)
	}
	proceed = func() error {
		if _, err := fmt.Fprintln(stdin, "deploy"); err != nil {
			return err
		}
		var done string
		_, err := fmt.Fscanln(stdout, &done)
		return err
	}
	return &running{dir: dir, url: url, env: []string{"CI=", "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret}, stop: stop}, proceed, nil
}

// manifest is that of an account.
func (a account) manifest() string {
	var text strings.Builder
	fmt.Fprintf(&text, "bundle {\n  name  = \"shop\"\n  layer = %q\n}\nenvironment \"prod\" {\n  account_id = %q\n  regions    = [%q]\n}\n", layerName, accountID, region)
	for f := range a.Manifest {
		fmt.Fprintf(&text, "function \"f%d\" {\n  kms_key = \"alias/f%d\"\n  secret \"PASSWORD\" { parameter = \"/shop/f%d\" }\n}\n", f, f, f)
	}
	return text.String()
}
