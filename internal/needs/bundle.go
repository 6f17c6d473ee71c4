package needs

import (
	"fmt"
	"os/exec"
)

// Bundle writes the program bundle of this checkout to a path. Unlike go build, go run
// keeps what it links in the build cache, so only the first test that needs the
// program waits for the linker.
func Bundle(path string) error {
	const source = "github.com/whispering/bundle/cmd/bundle"
	cmd := exec.Command("go", "run", "-exec", "cp", source, path) // which runs cp PROGRAM path
	if _, err := exec.LookPath("cp"); err != nil {
		cmd = exec.Command("go", "build", "-o", path, source) // on Windows
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}
