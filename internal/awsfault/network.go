package awsfault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A Loss is why a call got no reply.
type Loss int

// Why calls get no reply.
const (
	NotLost     Loss = iota // there is a reply, or the reason is unknown
	NoHost                  // there is no host with that name
	TooSlow                 // no reply in time
	Untrusted               // the server's certificate is not trusted
	NoProxy                 // the proxy cannot be reached, or refuses
	Unreachable             // the connection failed
)

// loss returns why a call got no reply.
func loss(err error) Loss {
	var send *smithyhttp.RequestSendError
	if !errors.As(err, &send) {
		if errors.Is(err, context.DeadlineExceeded) {
			return TooSlow
		}
		return NotLost
	}
	what, _ := network(send.Err)
	return what
}

// Network returns why a call got no complete answer. It uses only the words of the
// network and its own, because net/http quotes what it cannot read of a reply, and
// a proxy's words.
func Network(err error) string {
	_, words := network(err)
	return words
}

func network(err error) (Loss, string) {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	var dns *net.DNSError
	var errno syscall.Errno
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	what, proxy := Unreachable, ""
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		what, proxy = NoProxy, "the proxy cannot be reached: "
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound && what == NoProxy:
		return what, proxy + fmt.Sprintf("no such host: %q", Printable(dns.Name))
	case errors.As(err, &dns) && dns.IsNotFound:
		return NoHost, fmt.Sprintf("no such host: %q", Printable(dns.Name))
	case errors.As(err, &dns):
		return what, proxy + fmt.Sprintf("DNS lookup of %q failed", Printable(dns.Name))
	case timedOut(err):
		if what == NoProxy {
			return what, proxy + "timeout"
		}
		return TooSlow, "timeout"
	case errors.As(err, &errno):
		return what, proxy + where(err) + errno.Error()
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &host):
		return Untrusted, proxy + "this machine does not trust the server's certificate (AWS_CA_BUNDLE names the certificates to trust instead)"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return what, proxy + "the server does not speak TLS"
	case op != nil && op.Op == "remote error":
		return what, proxy + "the server ended the TLS handshake"
	case strings.HasPrefix(err.Error(), "tls: "):
		return what, proxy + "the TLS handshake failed (the server must support TLS 1.2 or later)"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return what, proxy + "the connection was closed before the reply arrived"
	}
	return what, proxy + "the connection failed, or the reply is not valid HTTP (it may come from a proxy)"
}

// where returns the operation and the address of a failed connection.
func where(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		return where(op.Err)
	}
	if errors.As(err, &op) && op.Addr != nil {
		return fmt.Sprintf("%s %s: ", op.Op, op.Addr)
	}
	return ""
}

func timedOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// ofNetwork reports whether an error comes from the network. An error of a file
// also holds a syscall.Errno, which has the methods of a net.Error.
func ofNetwork(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var at *url.Error
	var network net.Error
	var file *fs.PathError
	switch {
	case errors.As(err, &op), errors.As(err, &dns), errors.As(err, &at):
		return true
	case errors.As(err, &file):
		return false
	}
	return errors.As(err, &network) && network.Timeout()
}
