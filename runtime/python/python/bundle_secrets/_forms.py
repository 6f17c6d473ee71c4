"""Values as bytes and as environment variables. get_secret does not load this."""

import binascii
import os

from ._errors import BadValue, ReservedVariable
from ._names import is_reserved


def as_bytes(name, document, values):
    """Return the bytes of a secret, decoded if the manifest says so."""
    value = values[name]
    del values
    if document.sources[name].encoding != "base64":
        return value.encode()
    text = value.replace("\r", "").replace("\n", "")
    try:
        data = binascii.a2b_base64(text, strict_mode=True) if text else b""
    except ValueError:
        data = None
    if data is not None and binascii.b2a_base64(data, newline=False).decode() == text:
        return data
    del value, text, data  # a traceback shows what a frame has
    raise BadValue(f'secret {name} is not valid base64, but the manifest says encoding = "base64"')


def set_variables(values, override):
    """Set every value as a variable of os.environ, or none if there is a failure."""
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
