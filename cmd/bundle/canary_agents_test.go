package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/cli/console"
)

// TestAgentsFindNoValues checks docs/agents.md: the commands that it calls safe reveal nothing
// in any attempt of TestNoCanaryLeaves, and neither does a command of its block for AGENTS.md,
// in any format.
func TestAgentsFindNoValues(t *testing.T) {
	page := agentsPage(t)
	_, table, found := strings.Cut(page, "<!-- safe -->")
	table, _, ends := strings.Cut(table, "<!-- end -->")
	if !found || !ends {
		t.Fatal("docs/agents.md has no table of safe commands")
	}
	_, unsafe, _ := strings.Cut(page, "\n## Commands that show values\n")
	unsafe, _, _ = strings.Cut(unsafe, "\n## ")
	commands, attempts := leafCommands("", newApp(&console.Console{}, nil).cli().Commands), canaryAttempts()
	var safe []string
	for _, m := range regexp.MustCompile("(?m)^\\| `bundle ([a-z ]+)").FindAllStringSubmatch(table, -1) {
		safe = append(safe, strings.TrimSpace(m[1]))
	}
	for name := range commands {
		reveals := slices.ContainsFunc(attempts[name], func(a attempt) bool { return len(a.reveals) > 0 })
		if reveals && (slices.Contains(safe, name) || !strings.Contains(unsafe, "`bundle "+name+" ")) {
			t.Errorf("bundle %s can show values, and docs/agents.md does not say so", name)
		}
	}
	for _, name := range safe {
		if len(attempts[name]) == 0 {
			t.Errorf("docs/agents.md calls bundle %s safe, and there is no such command", name)
		}
	}
	if len(safe) < 10 {
		t.Errorf("docs/agents.md has only the safe commands %q", safe)
	}

	s := newStage(t)
	s.run("build", "--env", "local", "--out", "layer.zip")
	walked := 0
	for _, line := range agentsBlock(t, page) {
		words := strings.Fields(line)
		if words[1] == "run" {
			if !slices.Contains(words, "local") {
				t.Errorf("%s: it gives real values to a command", line)
			}
			continue
		}
		if !slices.Contains(safe, words[1]) {
			t.Errorf("%s: it is not in the table of safe commands", line)
		}
		args := slices.DeleteFunc(words[2:], func(word string) bool { return word == "--json" })
		for _, mode := range modes(commands[words[1]]) {
			s.perform(words[1], mode, attempt{name: "of the block", args: args})
			walked++
		}
	}
	if walked < 15 {
		t.Errorf("only %d commands of the block were tried", walked)
	}
}

// TestThePlanRoleKeepsValuesFromAgents gives every command, and a program that is not bundle, the
// role of docs/agents.md: what the page says it can do works, and nothing decrypts.
func TestThePlanRoleKeepsValuesFromAgents(t *testing.T) {
	s := newStage(t)
	environ := append(os.Environ(), "AWS_ACCESS_KEY_ID="+s.id, "AWS_SECRET_ACCESS_KEY="+s.key)
	code, policy, stderr := s.start([]string{"bundle", "policy", "--env", "prod", "--kind", "plan", "--endpoint-url", s.url}, environ, attempt{})
	if code != 0 {
		t.Fatalf("%s", stderr)
	}
	real := func(args ...string) []string {
		return append([]string{"--env", "prod", "--endpoint-url", "$AWS"}, args...)
	}
	for _, a := range []struct {
		command string
		args    []string
		code    int
	}{
		{"plan", real("--out", "prod.zip"), 0},
		{"plan", real(), 0},
		{"status", real("--layer", "prod.zip"), 0},
		{"compare", []string{"--manifest", "several.hcl", "--env", "prod", "--env", "second", "--endpoint-url", "$AWS"}, 0},
		{"inspect", []string{"--layer", "prod.zip"}, 0},
		{"verify", real("--manifest", "secrets.hcl", "--layer", "prod.zip"), 0},
		{"verify", real("--manifest", "secrets.hcl", "--layer", "prod.zip", "--open"), 4},
		{"build", real("--out", "out.zip"), 4},
		{"run", real("--function", "hello", "--", "env"), 4},
		{"run", []string{"--layer", "prod.zip", "--function", "hello", "--endpoint-url", "$AWS", "--", "env"}, 4},
		{"publish", real("--layer", "prod.zip"), 4},
	} {
		s.perform(a.command, "", attempt{name: strings.Join(a.args, " "), args: a.args, code: a.code, policy: string(policy)})
	}

	id, key := s.role("agent", string(policy))
	client := ssm.NewFromConfig(aws.Config{Region: "us-west-2", BaseEndpoint: &s.url, Credentials: credentials.NewStaticCredentialsProvider(id, key, "")})
	for _, name := range []string{"/canary/secure", "/canary/versions:2"} {
		_, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{name}, WithDecryption: aws.Bool(true)})
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" {
			t.Errorf("%s: an agent's attempt to read it ends with %v", name, err)
		}
	}
	all, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/canary/string"}})
	if err != nil || len(all.Parameters) != 1 || *all.Parameters[0].Value != s.canaries["string"].value {
		t.Errorf("docs/agents.md says that the role can read a String, and it cannot: %v", err)
	}
}

func agentsPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(docsFolder(t), "agents.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// agentsBlock returns the commands of the block for AGENTS.md.
func agentsBlock(t *testing.T, page string) (lines []string) {
	t.Helper()
	_, block, found := strings.Cut(page, "\n```markdown\n")
	block, _, _ = strings.Cut(block, "\n```\n")
	for line := range strings.Lines(block) {
		if command := strings.TrimSpace(line); strings.HasPrefix(line, "    bundle ") {
			lines = append(lines, command)
		}
	}
	if !found || len(lines) == 0 {
		t.Fatal("docs/agents.md has no block for AGENTS.md")
	}
	return lines
}
