package main

import (
	"net"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hangs are the ways in which a server keeps its clients waiting, or tells them
// what they did not ask for, by what it does with a connection once something
// came. open is closed at the end of the script.
var hangs = map[string]func(c net.Conn, open <-chan struct{}){
	"silent":  func(_ net.Conn, open <-chan struct{}) { <-open },
	"headers": trickle("HTTP/1.1 200 OK\r\n", "X-Y: z\r\n"),
	"body":    trickle("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", " "),
	"hints":   trickle("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
	"twice": func(c net.Conn, open <-chan struct{}) {
		reply := "HTTP/1.1 400 Bad Request\r\nContent-Type: text/xml\r\nContent-Length: 6\r\n\r\nc4nary"
		_, _ = c.Write([]byte(reply + reply))
		<-open
	},
}

// trickle begins a reply and goes on with it, a bit at a time.
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

// hang listens on a loopback address as one of hangs, and sets a variable to its
// URL.
func hang(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || hangs[args[1]] == nil {
		ts.Fatalf("usage: hang VARIABLE silent|headers|body|hints|twice")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	open := make(chan struct{})
	ts.Defer(func() { close(open); _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := c.Read(make([]byte, 1<<16)); err == nil {
					hangs[args[1]](c, open)
				}
			}()
		}
	}()
	ts.Setenv(args[0], "http://"+l.Addr().String())
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
