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
	"net/url"
	"syscall"
)

// Network says why a call got no whole answer. It uses the words of the network
// and ours, as net/http quotes what it cannot read of a reply, and a proxy's
// words.
func Network(err error) string {
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
	var alert tls.AlertError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("no such host: %q", Printable(dns.Name))
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %q could not be looked up", Printable(dns.Name))
	case timedOut(err):
		return "time-out"
	case errors.As(err, &errno):
		return where(err) + errno.Error()
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &host):
		return "the server's certificate is not one that this machine trusts (AWS_CA_BUNDLE names the certificates to trust instead)"
	case errors.As(err, &record):
		return "the server does not speak TLS"
	case errors.As(err, &alert):
		return "the server ended the TLS handshake"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before the reply had come"
	}
	return "the reply, or a proxy's, is not HTTP as it should be, or the connection failed"
}

// where names the address that a failed connection was meant for.
func where(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return fmt.Sprintf("%s %s: ", op.Op, op.Addr)
	}
	return ""
}

func timedOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// ofNetwork reports whether an error is one of the network. One of a file holds
// a syscall.Errno too, which has the methods of a net.Error.
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
