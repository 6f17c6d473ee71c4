// The program that bundle-exec becomes. It prints its architecture, arguments and
// environment, with values as digests.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"runtime"
	"strings"
)

func main() {
	environment := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		sum := sha256.Sum256([]byte(value))
		environment[name] = hex.EncodeToString(sum[:])
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"architecture": runtime.GOARCH, "pid": os.Getpid(), "arguments": os.Args[1:], "environment": environment,
	})
}
