"""Opens the secrets that bundle sealed for this Lambda function.

docs/runtime.md of the project is the specification. This module loads only what every program needs. The rest is
loaded when a secret is first requested.
"""

import os
import threading

from ._errors import (
    AccessDenied,
    BadDocument,
    BadEndpoint,
    BadReply,
    BadSetting,
    BadValue,
    BundleNotFound,
    Credentials,
    KeyUnusable,
    ReservedVariable,
    SecretNotFound,
    SecretsError,
    Tampered,
    Unavailable,
    UnknownFormat,
    WrongDigest,
    WrongEnvironment,
    WrongFunction,
    WrongKey,
)

__all__ = [
    "get_secret",
    "get_secrets",
    "get_secret_bytes",
    "load_env",
    "SecretsError",
    "AccessDenied",
    "BadDocument",
    "BadEndpoint",
    "BadReply",
    "BadSetting",
    "BadValue",
    "BundleNotFound",
    "Credentials",
    "KeyUnusable",
    "ReservedVariable",
    "SecretNotFound",
    "Tampered",
    "Unavailable",
    "UnknownFormat",
    "WrongDigest",
    "WrongEnvironment",
    "WrongFunction",
    "WrongKey",
]

_loading = threading.RLock()  # held while a module is loaded, which is late, for the sake of cold starts

if hasattr(os, "register_at_fork"):
    # A child process has only the thread that forked. If another one was loading a module, it would wait for that forever.
    os.register_at_fork(before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release)


def get_secret(name: str) -> str:
    """Return the value of one secret as a string."""
    return _open_one(name)[1][name]


def get_secrets() -> dict[str, str]:
    """Return all values by name, in a new dictionary."""
    return dict(_open(None)[1])


def get_secret_bytes(name: str) -> bytes:
    """Return the value of one secret as bytes, decoded if the manifest says encoding = "base64"."""
    with _loading:
        from ._forms import as_bytes

    return as_bytes(name, *_open_one(name))


def load_env(override: bool = False) -> None:
    """Set every value as a variable of os.environ, or none if there is a failure.

    Existing variables are kept, unless override is true.
    """
    with _loading:
        from ._forms import set_variables

    set_variables(_open(None)[1], override)


def _open_one(name):
    if not isinstance(name, str):
        raise TypeError("the name of a secret must be a str")
    return _open(name)


def _open(name):
    with _loading:
        from . import _reader

    try:
        return _reader.open(name)
    except SecretsError as error:
        failure = type(error)(*error.args)
    raise failure  # a new error, because the traceback of the old one leads to frames with credentials and values
