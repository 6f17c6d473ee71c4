package child

import (
	"context"
	"os"
	"path/filepath"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/helpers"
)

// Unpack writes a document and the helpers for Node and Python into a new folder, laid
// out as /opt is in Lambda, which only this user can read. The helpers are those of
// this program, so code of a layer never runs here. The folder contains no plaintext,
// and remove removes it.
func Unpack(ctx context.Context, doc *sealed.Document) (dir string, remove func() error, err error) {
	files := []layerbuild.File{{Path: sealed.Path(doc.Header.Name), Data: doc.Bytes()}}
	for _, name := range []string{"node", "python"} {
		helper, err := helpers.Files(ctx, name)
		if err != nil {
			return "", nil, err
		}
		files = append(files, helper...)
	}
	temporary, err := filepath.Abs(os.TempDir())
	if err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp(temporary, "bundle-run-"); err != nil { // with mode 0700
		return "", nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	root, err := os.OpenRoot(dir)
	if err == nil {
		defer root.Close()
		err = layerbuild.Unpack(root, files, true)
	}
	if err != nil {
		_ = remove() // the first error counts
		return "", nil, err
	}
	return dir, remove, nil
}
