"""HTTPS_PROXY and NO_PROXY: a tunnel to KMS through an HTTP proxy."""

from urllib.parse import unquote, urlsplit

from . import _loading
from ._errors import BadEndpoint


class Proxy:
    """An HTTP proxy that makes tunnels."""

    def __init__(self, host: str, port: int, login: str) -> None:
        self.host, self.port, self._login = host, port, login

    def request(self, authority):
        """Return the request that asks the proxy for a tunnel to HOST:PORT."""
        headers = f"Host: {authority}\r\n"
        if self._login:
            with _loading:
                import base64

            headers += f"Proxy-Authorization: Basic {base64.b64encode(self._login.encode()).decode()}\r\n"
        return f"CONNECT {authority} HTTP/1.1\r\n{headers}\r\n".encode()


def proxy_for(host, environ):
    """Return the Proxy for a host, or None."""
    text = environ.get("HTTPS_PROXY") or environ.get("https_proxy") or ""
    if not text or _exempt(host, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    try:
        url = urlsplit(text if "://" in text else "http://" + text)
        if url.scheme == "http" and url.hostname:
            login = f"{unquote(url.username)}:{unquote(url.password or '')}" if url.username else ""
            return Proxy(url.hostname, url.port or 80, login)
    except ValueError:
        pass  # the message below does not quote the URL, which can contain a password
    raise BadEndpoint("HTTPS_PROXY must have the form http://HOST:PORT")


def _exempt(host, entries):
    """Report whether NO_PROXY includes a host. The list is "*" or hosts; each host includes its subdomains."""
    for entry in entries.lower().split(","):
        entry = entry.strip()
        name, colon, port = entry.rpartition(":")
        entry = (name if colon and port.isdecimal() else entry).removeprefix("*.").removeprefix(".")
        if entry == "*" or (entry and (host == entry or host.endswith("." + entry))):
            return True
    return False
