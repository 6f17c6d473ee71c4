"""kms:Decrypt. docs/runtime.md, section 2, is the specification.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
"""

import binascii
import json
import os
import threading
import time

from . import _endpoint, _http, _sigv4
from . import _loading
from ._errors import BadReply, Credentials, Trouble, Unavailable, WrongKey

ATTEMPT_TIME = 2.0
TOTAL_TIME = 6.0
ATTEMPTS = 5


class Client:
    """Opens boxes of one document. Many threads can use it."""

    def __init__(self, document) -> None:
        self._document = document
        self._key, self._region, self._place = _endpoint.locate(document, os.environ)
        self._pool = _http.Pool(self._place, os.environ)
        self._container = None  # created if there are no credentials in the environment
        self._lock = threading.Lock()
        self._skew = 0.0  # AWS's clock minus ours, in seconds; 0 until AWS refuses a signature

    def decrypt(self, box, stop: threading.Event) -> bytes:
        """Open one box. It retries temporary failures, for at most 6 seconds, until stop is set."""
        request = {"KeyId": self._key, "CiphertextBlob": box.ciphertext, "EncryptionContext": self._document.context(box)}
        body = json.dumps(request).encode()
        left, signed_anew, n = TOTAL_TIME, False, 1
        while True:
            limit, began = min(ATTEMPT_TIME, left), time.monotonic()
            try:
                return self._attempt(body, limit)
            except Trouble as error:
                trouble = error
            # Lambda can freeze the function here for hours, so an attempt counts for at most its own time limit.
            left -= min(time.monotonic() - began, limit)
            pause = os.urandom(1)[0] / 256 * min(0.05 * 2 ** (n - 1), 0.4)
            if trouble.then == "sign" and not signed_anew and left > 0:
                signed_anew = True
            elif trouble.then == "again" and n < ATTEMPTS and left > pause and not stop.wait(pause):
                left -= pause
                n += 1
            else:
                raise self._failure(trouble, box, n)

    def _failure(self, trouble, box, n):
        document = self._document
        times = f"; attempts: {n}" if trouble.then == "again" else ""
        return trouble.kind(
            f"{document.file}, box {box.number}/{len(document.boxes)} of function {document.bundle}/{document.function}"
            f" under key {self._key}: {trouble.reason}{times}"
        )

    def _attempt(self, body, seconds):
        """Sign and send a request once."""
        deadline = time.monotonic() + seconds
        credentials = self._credentials(seconds)
        key_id, key, token = credentials
        if not all("!" <= c <= "~" for c in key_id + (token or "")):
            raise Trouble(Credentials, "the credentials contain a character that is not allowed in a header")
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + self._skew))
        headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Host", self._place.authority),
            ("X-Amz-Date", date),
            ("X-Amz-Target", "TrentService.Decrypt"),
        ]
        if token:
            headers.append(("X-Amz-Security-Token", token))
        request = ("POST", "/", "", headers, body)
        signature = _sigv4.authorization(request, key_id, key, date, self._region, "kms")
        headers = [*headers, ("Authorization", signature), ("Content-Length", str(len(body))), ("User-Agent", "bundle-secrets-python")]
        try:
            reply = self._pool.exchange("POST", "/", headers, body, deadline - time.monotonic())
        except OSError as error:
            raise Trouble(Unavailable, f"no answer from {self._place.authority}: {error.strerror or error}", "again") from None
        status, headers, body = reply
        if body is None:
            raise Trouble(BadReply, f"the reply from {self._place.authority} is too long")
        if status != 200:
            raise self._refusal(status, headers, body, credentials)
        return self._read(body)

    def _credentials(self, seconds):
        """Return (id, key, token), from the environment or from the container endpoint."""
        key_id, key = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        if key_id and key:
            return key_id, key, os.environ.get("AWS_SESSION_TOKEN")
        if key_id or key:
            raise Trouble(Credentials, "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set")
        with _loading:
            from ._container import Container

        with self._lock:
            if self._container is None:
                self._container = Container()
        return self._container.get(os.environ, seconds)

    def _read(self, body):
        """Return the plaintext in a reply. Its errors quote nothing of the reply, which contains the secret."""
        reply = _parse(body)
        if reply is None:
            raise Trouble(BadReply, "the reply is not the JSON that Decrypt returns")
        if reply.get("KeyId") != self._key:
            raise Trouble(WrongKey, "the reply is not for the key that was sent")
        try:
            plaintext = binascii.a2b_base64(reply.get("Plaintext"), strict_mode=True)
        except (ValueError, TypeError):
            plaintext = b""
        if not plaintext:
            raise Trouble(BadReply, "the reply contains no plaintext")
        return plaintext

    def _refusal(self, status, headers, body, credentials):
        """Return the Trouble for an error reply. If the request is to be signed again, correct credentials and clock first."""
        with _loading:
            from . import _refusal

        trouble = _refusal.trouble(status, headers, _parse(body) or {})
        if trouble.then == "sign":
            if self._container is not None:
                self._container.forget(credentials)
            date = _refusal.date(headers)
            if date is not None:
                self._skew = date - time.time()
        return trouble

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def _parse(body):
    """Return a JSON object, or None. It raises no error of the decoder, which would quote the text."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return reply if isinstance(reply, dict) else None
