//go:build unix

package faulttest

import (
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// raw listens, and does something with every connection once something came. open is closed at the end of the test.
func raw(answer func(c net.Conn, open <-chan struct{})) func(*stage) string {
	return func(s *stage) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.Fatal(err)
		}
		open := make(chan struct{})
		s.Cleanup(func() { close(open); _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					if _, err := c.Read(make([]byte, 1<<16)); err == nil {
						answer(c, open)
					}
				}()
			}
		}()
		return "http://" + l.Addr().String()
	}
}

// quiet never answers.
func quiet(_ net.Conn, open <-chan struct{}) { <-open }

// trickle begins an answer and goes on with it, a bit at a time.
func trickle(first, next string) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, open <-chan struct{}) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for _, err := c.Write([]byte(first)); err == nil; _, err = c.Write([]byte(next)) {
			select {
			case <-tick.C:
			case <-open:
				return
			}
		}
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
