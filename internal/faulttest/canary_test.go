//go:build unix

package faulttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// parameters and secrets are the numbers of parameters, and of secrets of Secrets Manager, of a world. Each has a canary: first the
// parameters, then the secrets.
const (
	parameters = 12
	secrets    = 2
)

// canary is the value of a parameter or a secret: 24 letters and digits that nothing else has.
func canary(i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "canary %d", i))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// written are the ways in which a canary may turn up: as it is, in hexadecimal, and in base64 after 0, 1 or 2 other bytes.
func written(value string) [][]byte {
	all := [][]byte{[]byte(value), []byte(hex.EncodeToString([]byte(value))), []byte(fmt.Sprintf("%X", value))}
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte("xx"[:before] + value + "xxx"))
		all = append(all, []byte(text[(8*before+5)/6:8*(before+len(value))/6]))
	}
	return all
}

// leaks returns the first place that has a canary: an output, or a file below the folder.
func leaks(folder string, outputs ...[]byte) (place string, err error) {
	search := func(name string, b []byte) {
		for i := range parameters + secrets {
			for _, text := range written(canary(i)) {
				if bytes.Contains(b, text) {
					place = fmt.Sprintf("canary %d in %s", i, name)
				}
			}
		}
	}
	for i, b := range outputs {
		search(fmt.Sprintf("output %d", i), b)
	}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		search(path, append(b, path...))
		return err
	})
	return place, err
}
