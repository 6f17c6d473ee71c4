package main

import (
	"net"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/whispering/bundle/internal/stall"
)

// hangs are the ways in which a server keeps its clients waiting, or tells them
// what they did not ask for.
var hangs = map[string]stall.Answer{
	"silent":  stall.Silent,
	"headers": stall.Trickle("HTTP/1.1 200 OK\r\n", "X-Y: z\r\n"),
	"body":    stall.Trickle("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", " "),
	"hints":   stall.Trickle("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
	"twice": func(c net.Conn, open <-chan struct{}) {
		reply := "HTTP/1.1 400 Bad Request\r\nContent-Type: text/xml\r\nContent-Length: 6\r\n\r\nc4nary"
		_, _ = c.Write([]byte(reply + reply))
		<-open
	},
}

// hang listens on a loopback address as one of hangs until the script ends, and
// sets a variable to its URL.
func hang(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || hangs[args[1]] == nil {
		ts.Fatalf("usage: hang VARIABLE silent|headers|body|hints|twice")
	}
	url, end, err := stall.Listen(hangs[args[1]])
	ts.Check(err)
	ts.Defer(end)
	ts.Setenv(args[0], url)
}

// soon is code, for a command that must end within some seconds: that many less
// than what would wait on.
func soon(ts *testscript.TestScript, neg bool, args []string) {
	began := time.Now()
	expectCode(ts, neg, args)
	const most = 3 * time.Second
	if took := time.Since(began); took > most {
		ts.Fatalf("%s took %s", strings.Join(args[1:], " "), took)
	}
}
