"""As much of HTTP/1.1 as KMS needs, over sockets.

Loading http.client would take a third of a cold start, because it loads the email package. Also, its timeouts are per
read; here, a request has a deadline.
"""

import socket
import sys
import time

from . import _loading
from ._errors import BadEndpoint

CONNECT_TIME = 1.0
MOST = 65536  # the maximum of bytes to read of a reply's head, and of its body


class Pool:
    """Connections to one Place, kept for later requests. Many threads can use it."""

    def __init__(self, place, environ) -> None:
        self._place = place
        self._idle: list[socket.socket] = []  # append and pop are atomic
        self._context = self._proxy = None
        if place.secure:
            self._context = _trust(environ.get("AWS_CA_BUNDLE"))
            if not place.loopback:
                with _loading:
                    from ._proxy import proxy_for

                self._proxy = proxy_for(place.host, environ)

    def exchange(self, method, path, headers, body, seconds):
        """Send a request and return the reply: (status, headers, body). The body is None if it is too long.

        It raises the network's OSError, for example a TimeoutError after the given seconds.
        """
        deadline = time.monotonic() + seconds
        try:
            sock = self._idle.pop()
        except IndexError:
            sock = self._connect(deadline)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        try:
            sock.settimeout(_left(deadline))
            sock.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
            reply = _Reply(sock, deadline)
        except BaseException:
            sock.close()
            self.close()  # if the function was frozen, the other connections are dead too
            raise
        if reply.keep:
            self._idle.append(sock)
        else:
            sock.close()
        return reply.status, reply.headers, reply.body

    def _connect(self, deadline):
        place = self._place
        at = self._proxy or place
        sock = _dial(at.host, at.port, min(deadline, time.monotonic() + CONNECT_TIME))
        try:
            if self._proxy:
                sock.settimeout(_left(deadline))
                sock.sendall(self._proxy.request(f"{place.host}:{place.port}"))
                status = _Reply(sock, deadline, connect=True).status
                if status != 200:
                    raise OSError(f"the proxy returned status {status}")
            if self._context:
                sock.settimeout(_left(deadline))
                sock = self._context.wrap_socket(sock, server_hostname=_encoded(place.host))
            return sock
        except BaseException:
            sock.close()
            raise

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:
                return


def _trust(file):
    """Return a context that always checks the certificate and its name.

    ssl.create_default_context would write the keys of connections to the file that SSLKEYLOGFILE names.
    """
    with _loading:
        import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = True, ssl.CERT_REQUIRED
    # Some builds of Python, as Debian's, leave it to the configuration of OpenSSL.
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    if sys.version_info >= (3, 13):  # as create_default_context does
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    if not file:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(file)
        return context
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        pass
    raise BadEndpoint("the file that AWS_CA_BUNDLE names cannot be read, or contains no certificate")


def _dial(host, port, deadline):
    """Connect to the first address of a host that accepts a connection."""
    failure = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(_encoded(host), port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_left(deadline))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _encoded(host):
    """Return a host as bytes. For a str, Python loads the codec for names in other alphabets, which AWS's hosts never need."""
    return host.encode() if host.isascii() else host


def _left(deadline):
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _Reply:
    """One reply, read from a socket. A reply to CONNECT has no body: the data that follows belongs to the tunnel."""

    def __init__(self, sock, deadline, connect=False) -> None:
        self._sock, self._deadline, self._data = sock, deadline, b""
        self.status = 100
        while self.status < 200:
            self._read_head()
        chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        length = self.headers.get("content-length")
        self.keep = (chunked or length is not None) and "close" not in self.headers.get("connection", "").lower()
        if connect or self.status in (204, 304):
            self.body = b""
        elif chunked:
            self.body = self._read_chunks()
        elif length is not None:
            self.body = self._take(_number(length, 10))
        else:
            self.body = self._read_to_end()
        if self.body is None or self._data:
            self.keep = False

    def _read_head(self):
        head = self._take_until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.split("\r\n")
        version, _, rest = first.partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not rest[:3].isdecimal():
            raise OSError("the reply is not HTTP")
        self.status = int(rest[:3])
        self.headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        if version == "HTTP/1.0":
            self.headers.setdefault("connection", "close")

    def _receive(self):
        """Read more data. Return False at the end of the connection."""
        self._sock.settimeout(_left(self._deadline))
        data = self._sock.recv(16384)
        self._data += data
        return bool(data)

    def _demand(self):
        if not self._receive():
            raise OSError("the connection was closed")

    def _take_until(self, end):
        while end not in self._data:
            if len(self._data) > MOST:
                raise OSError("the reply's headers are too long")
            self._demand()
        line, _, self._data = self._data.partition(end)
        return line

    def _take(self, length):
        if length > MOST:
            return None
        while len(self._data) < length:
            self._demand()
        taken, self._data = self._data[:length], self._data[length:]
        return taken

    def _read_chunks(self):
        body = b""
        while True:
            length = _number(self._take_until(b"\r\n").partition(b";")[0].decode("latin-1").strip(), 16)
            if len(body) + length > MOST:
                return None
            if length == 0:
                while self._take_until(b"\r\n"):
                    pass  # trailers
                return body
            body += self._take(length)
            self._take_until(b"\r\n")

    def _read_to_end(self):
        while self._receive():
            if len(self._data) > MOST:
                return None
        body, self._data = self._data, b""
        return body


def _number(text, base):
    if not text or len(text) > 10 or text.lower().strip("0123456789abcdef"[:base]):
        raise OSError("the reply has an invalid length")
    return int(text, base)
