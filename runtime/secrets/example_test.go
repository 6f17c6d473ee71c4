package secrets_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/whispering/bundle/runtime/secrets"
)

func ExampleGet() {
	password, err := secrets.Get(context.Background(), "DB_PASSWORD")
	if err != nil {
		fmt.Println("no password:", secrets.CodeOf(err))
		return
	}
	fmt.Println("a password of", len(password), "bytes")
}

func ExampleCodeOf() {
	c := secrets.New(secrets.Options{Dir: "/no/such/folder", Environ: func() []string { return nil }})
	_, err := c.All(context.Background())
	fmt.Println(secrets.CodeOf(err), errors.Is(err, secrets.ErrBundleNotFound))
	// Output: bundle_not_found true
}
