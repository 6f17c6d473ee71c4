"""Credentials from the container endpoint, which ECS and CodeBuild have, and Lambda under SnapStart.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import threading
import time

from . import _loading
from ._errors import Credentials, Trouble

ECS = "http://169.254.170.2"  # what AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is relative to
CONTAINERS = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")  # of ECS and EKS
BEFORE_EXPIRY = 60  # seconds


class Container:
    """Fetches credentials (id, key, token), and caches them until a minute before they expire."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lease = None
        self._expires = 0.0

    def get(self, environ, seconds):
        """Return the credentials, within the given seconds. Threads at the same time share one request."""
        with self._lock:
            if self._lease is None or time.time() > self._expires - BEFORE_EXPIRY:
                self._lease, self._expires = _ask(environ, seconds)
            return self._lease

    def forget(self, used) -> None:
        """Make the next get fetch credentials again, unless the cached ones are already newer than the given ones."""
        with self._lock:
            if self._lease is used:
                self._lease = None


def _ask(environ, seconds):
    from ._http import Pool

    place, path = _locate(environ)
    headers = [("Host", place.authority), ("Accept", "application/json"), ("Connection", "close")]
    token = _token(environ)
    if token:
        headers.append(("Authorization", token))
    pool = Pool(place, environ)
    try:
        status, _, body = pool.exchange("GET", path, headers, b"", seconds)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Trouble(Credentials, f"no answer from the container's credentials endpoint: {reason}", "again") from None
    if status != 200:
        then = "again" if status == 429 or status >= 500 else ""
        raise Trouble(Credentials, f"the container's credentials endpoint returned status {status}", then)
    found = _read(body)
    if found is None:
        raise Trouble(Credentials, "the container's credentials endpoint returned no credentials")
    return found


def _read(body):
    with _loading:
        import json
        from datetime import datetime

    try:
        reply = json.loads(body)
        key_id, key, token = reply["AccessKeyId"], reply["SecretAccessKey"], reply.get("Token")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    try:
        expires = datetime.fromisoformat(reply["Expiration"]).timestamp()
    except (ValueError, TypeError, KeyError):
        expires = 0.0
    return ((key_id, key, token), expires) if key_id and key else None


def _locate(environ):
    """Return the Place and path of the endpoint. Plain HTTP is allowed only to this machine and the addresses of ECS and EKS."""
    from ._endpoint import Place, inside_lambda

    relative = "" if inside_lambda(environ) else environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    full = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if relative and not relative.startswith("/"):
        raise Trouble(Credentials, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash")
    if not relative and not full:
        variables = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI"
        raise Trouble(Credentials, f"neither AWS_ACCESS_KEY_ID nor {variables} is set")
    uri = ECS + relative if relative else full  # the relative one goes first, as in the SDKs
    with _loading:
        from urllib.parse import urlsplit

    try:
        url = urlsplit(uri)
        secure = url.scheme == "https"
        place = Place(secure, url.hostname or "", url.port or (443 if secure else 80))
    except ValueError:
        place = None
    if place and place.host and (secure or (url.scheme == "http" and (place.loopback or place.host in CONTAINERS))):
        path = (url.path or "/") + ("?" + url.query if url.query else "")
        if path.isascii() and path.isprintable() and " " not in path:
            return place, path
    raise Trouble(Credentials, "AWS_CONTAINER_CREDENTIALS_FULL_URI must use https, unless it is a loopback address or the address of ECS or EKS")


def _token(environ):
    token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    file = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if file:
        try:
            with open(file, encoding="utf-8") as f:
                token = f.read().strip()
        except (OSError, ValueError):
            raise Trouble(Credentials, "the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names cannot be read") from None
    if not (token.isascii() and token.isprintable()):
        raise Trouble(Credentials, "the container's authorization token contains a character that is not allowed in a header")
    return token
