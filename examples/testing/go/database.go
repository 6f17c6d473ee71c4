// Package database is an example of code that uses a secret.
package database

import (
	"context"
	"net/url"

	"github.com/whispering/bundle/runtime/secrets"
)

// URL returns the address of the database.
func URL(ctx context.Context) (string, error) {
	password, err := secrets.Get(ctx, "DB_PASSWORD")
	if err != nil {
		return "", err
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword("app", password), Host: "db.example.com", Path: "/app"}
	return u.String(), nil
}
