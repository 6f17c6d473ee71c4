"""Opens the secrets that bundle sealed for this Lambda function.

docs/runtime.md of the project is the specification. This module loads only what every program needs. The rest is
loaded when a secret is first requested.
"""

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


def get_secret(name: str) -> str:
    """Return the value of one secret as a string."""
    return _open_one(name)[1][name]


def get_secrets() -> dict[str, str]:
    """Return all values by name, in a new dictionary."""
    return dict(_open(None)[1])


def get_secret_bytes(name: str) -> bytes:
    """Return the value of one secret as bytes, decoded if the manifest says encoding = "base64"."""
    document, values = _open_one(name)
    if document.sources[name].encoding != "base64":
        return values[name].encode()
    decoded = _decode(values[name])
    del values
    if decoded is None:
        raise BadValue(f'secret {name} is not valid base64, but the manifest says encoding = "base64"')
    return decoded


def load_env(override: bool = False) -> None:
    """Set every value as a variable of os.environ, or none if there is a failure.

    Existing variables are kept, unless override is true.
    """
    import os

    from ._names import is_reserved

    _, values = _open(None)
    reserved = next(filter(is_reserved, values), None)
    holed = next((name for name in values if "\0" in values[name]), None)
    if reserved is None and holed is None:
        os.environ.update({name: value for name, value in values.items() if override or name not in os.environ})
        return
    del values
    if reserved is not None:
        reason = "has a reserved name, so it cannot become an environment variable: rename it, or read it with get_secret"
        raise ReservedVariable(f"secret {reserved} {reason}")
    raise BadValue(f"secret {holed} contains a NUL byte, so it cannot become an environment variable")


def _open_one(name):
    if not isinstance(name, str):
        raise TypeError("the name of a secret must be a str")
    return _open(name)


def _open(name):
    from . import _reader

    try:
        return _reader.open(name)
    except SecretsError as error:
        failure = type(error)(*error.args)
    raise failure  # a new error, because the traceback of the old one leads to frames with credentials and values


def _decode(text):
    import binascii

    text = text.replace("\r", "").replace("\n", "")
    try:
        decoded = binascii.a2b_base64(text, strict_mode=True) if text else b""
    except ValueError:
        return None
    return decoded if binascii.b2a_base64(decoded, newline=False).decode() == text else None
