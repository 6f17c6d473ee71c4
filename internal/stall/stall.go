// Package stall has servers for tests that keep their clients waiting.
package stall

import (
	"net"
	"time"
)

// An Answer is what a server does with a connection once something came. open is closed when the server ends.
type Answer func(c net.Conn, open <-chan struct{})

// Silent never answers.
func Silent(_ net.Conn, open <-chan struct{}) { <-open }

// Trickle begins a reply and continues it without end, a bit at a time.
func Trickle(first, next string) Answer {
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

// Listen listens on a loopback address, and returns its URL and what ends the server.
func Listen(answer Answer) (url string, end func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	open := make(chan struct{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				if _, err := c.Read(make([]byte, 1<<16)); err == nil {
					answer(c, open)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String(), func() { close(open); _ = l.Close() }, nil
}
