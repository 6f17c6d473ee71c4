//go:build unix

package faulttest

import (
	"io"
	"net/http"
	"strings"

	"github.com/whispering/bundle/internal/stall"
)

// raw serves with a listener of its own until the test ends.
func raw(answer stall.Answer) func(*stage) string {
	return func(s *stage) string {
		url, end, err := stall.Listen(answer)
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(end)
		return url
	}
}

// proxied serves the embedded AWS behind a handler that may answer in its place, or do something first. It reports
// whether it answered.
func proxied(meddle func(s *stage, w http.ResponseWriter, operation, body string) bool) func(*stage) string {
	return func(s *stage) string {
		return s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client has gone
			}
			_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
			if meddle(s, w, operation, string(b)) {
				return
			}
			r.Body = io.NopCloser(strings.NewReader(string(b)))
			s.server.ServeHTTP(w, r)
		}), startPlainly)
	}
}
