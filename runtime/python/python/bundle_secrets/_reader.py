"""The document and values that this process has opened, and the openings under way."""

import os
import threading

from . import _loading
from ._errors import SecretNotFound, SecretsError, Unavailable
from ._layer import load


class _Opened:
    """A document, and its values that are already open."""

    def __init__(self, document) -> None:
        self.document = document
        self.values: dict[str, str] = {}
        self.flights: dict[str, _Flight] = {}  # by the name of each secret that is being opened
        self.client = None


class _Flight:
    """One opening, shared by all callers that wait for it."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.error = None


_lock = threading.Lock()
_current = None  # the _Opened that is open or being opened; None after a failure


def _forget():
    """Start again in a child process: the connections and the lock belong to its parent."""
    global _lock, _current
    _lock, _current = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def open(name):
    """Return (document, values) with at least the named value, or with all values."""
    global _current
    with _lock:
        opened = _current or _Opened(load(os.environ))
        document = opened.document
        if name is not None and name not in document.sources:
            with _loading:
                from ._names import nearest

            near = nearest(name, document.sources)
            raise SecretNotFound(f"{document.file} has no secret {name[:128]!r}; the most similar name is {near}")
        _current = opened
        names = [name] if name is not None and document.mode == "blind" else list(document.sources)
        closed = [n for n in names if n not in opened.values]
        waits = {opened.flights[n] for n in closed if n in opened.flights}
        missing = [n for n in closed if n not in opened.flights]
        flight = _Flight()
        opened.flights.update(dict.fromkeys(missing, flight))
    if missing:
        _fly(opened, missing, flight)
    for other in waits:
        other.done.wait()
        if other.error is not None:
            raise other.error
    return document, opened.values


def _fly(opened, names, flight):
    """Open the named secrets: all, or none (F-32). A failure is not cached."""
    global _current
    document = opened.document
    found = {}
    try:
        boxes = [box for box in document.boxes if box.names[0] in names]
        found = document.assemble(_decrypt(_client(opened), boxes))
    except BaseException as error:
        flight.error = error if isinstance(error, SecretsError) else Unavailable("the secrets were not opened, because the process was interrupted")
        raise
    finally:
        with _lock:
            opened.values.update(found)
            for n in names:
                del opened.flights[n]
            if not opened.flights and not opened.values and _current is opened:
                _current = None
            if opened.client and not opened.flights and (flight.error or len(opened.values) == len(document.sources)):
                opened.client.close()
                opened.client = None
        flight.done.set()


def _client(opened):
    with _loading:
        from ._kms import Client

    with _lock:
        if opened.client is None:
            opened.client = Client(opened.document)
        return opened.client


def _decrypt(client, boxes):
    """Return a list of (box, bytes)."""
    if len(boxes) > 1:
        with _loading:
            from ._several import decrypt

        return decrypt(client, boxes)
    return [(boxes[0], client.decrypt(boxes[0], threading.Event()))]
