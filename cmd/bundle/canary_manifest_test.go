package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
)

// Files that hold secrets and are named by mistake: no flag for a file that
// people write has a word of them printed, in any mode of output.
func TestNoWrongManifestIsPrinted(t *testing.T) {
	s := newStage(t)
	secret := s.canaries["file"].value
	files := map[string]string{
		"wrong.env":     "DB_PASSWORD=" + secret + "\n",
		"quoted.env":    "DB_PASSWORD = \"" + secret + "\"\n",
		"wrong.tfvars":  "db = {\n  password = \"" + secret + "\"\n}\n",
		"id_rsa":        "-----BEGIN OPENSSH PRIVATE KEY-----\n" + secret + "\n-----END OPENSSH PRIVATE KEY-----\n",
		"wrong.json":    `{"password": "` + secret + `"}`,
		"broken.json":   `{"password": ` + secret + `}`,
		"value.hcl":     strings.Replace(canaryManifest, `{ parameter = "/canary/string" }`, "{\n    value = \""+secret+"\" # "+secret+"\n  }", 1),
		"literal.hcl":   strings.Replace(canaryManifest, `"/canary/string"`, `"`+secret+`!"`, 1),
		"value_one.hcl": strings.Replace(canaryManifest, `{ parameter = "/canary/string" }`, `{ parameter = "/canary/string", value = "`+secret+`" }`, 1),
	}
	for name, content := range files {
		s.input(name, content)
	}
	commands := leafCommands("", newApp(&console.Console{}, nil).cli().Commands)
	tried := 0
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		for _, flag := range []string{"manifest", "against", "guard"} {
			if !hasFlag(commands[name], flag) {
				continue
			}
			for _, file := range slices.Sorted(maps.Keys(files)) {
				if name == "fmt" && file == "literal.hcl" || strings.HasPrefix(name, "local ") && file == "literal.hcl" {
					continue // which it takes: it is a manifest in form
				}
				for _, mode := range modes(commands[name]) {
					for _, environ := range []map[string]string{nil, inActions()} {
						tried++
						s.wrong(name, mode, "--"+flag, file, environ)
					}
				}
			}
		}
	}
	if tried < 200 {
		t.Errorf("only %d attempts", tried)
	}
}

func hasFlag(c *cli.Command, name string) bool {
	return slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}

// wrong runs a command that is to fail and to print nothing of a file.
func (s *stage) wrong(command, mode, flag, file string, environ map[string]string) {
	s.Helper()
	args := append([]string{"bundle"}, strings.Fields(command)...)
	if mode != "" {
		args = append(args, mode)
	}
	args = append(args, flag, file)
	switch {
	case command == "fmt":
		args = append(args, "--check")
	case command == "build" || command == "plan" || command == "doctor" || command == "policy" || command == "compare":
		args = append(args, "--env", "prod")
	}
	if command == "verify" {
		args = append(args, "--env", "prod", "--layer", "prod.zip")
	}
	env := []string{"HOME=" + s.home, "PATH=/none"}
	for name, value := range environ {
		env = append(env, name+"="+value)
	}
	code, stdout, stderr := s.start(args, env, attempt{})
	if code == console.ExitDone || code == console.ExitFault {
		s.Errorf("%q: exit code %d\n%s", args, code, stderr)
	}
	for name, b := range map[string][]byte{"standard output": stdout, "standard error": stderr} {
		for _, h := range s.search.search(name, b) {
			s.Errorf("%q: leaked %s\n%s", args, h, b)
		}
	}
}
