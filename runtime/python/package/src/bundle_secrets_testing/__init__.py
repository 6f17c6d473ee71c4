"""A test double: after set_secrets, the functions of bundle_secrets return what it was given, and call nothing.

It is a package of its own, because the copy of bundle_secrets in a layer, which has no double, can come first on sys.path.
The functions look up _reader.open at each call, so it also reaches modules that did "from bundle_secrets import get_secret".
"""

import base64
import os
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from bundle_secrets import SecretNotFound, _reader

__all__ = ["set_secrets", "reset"]

_real = _reader.open

# The names that no secret can have, not even with allow_reserved: docs/names.md.
_NEVER = frozenset(
    """
    AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME
    AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
    AWS_LAMBDA_MAX_CONCURRENCY AWS_LAMBDA_METADATA_API AWS_LAMBDA_METADATA_TOKEN AWS_LAMBDA_RUNTIME_API AWS_REGION
    AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT
    """.split()
)


def set_secrets(secrets: Mapping[str, str | bytes]) -> None:
    """Replace all secrets, until reset. Later changes of the mapping have an effect.

    A value of bytes stands for a secret with encoding = "base64". A name or value that no secret can have is a TypeError. In a
    Lambda function, it is a RuntimeError.
    """
    _as_document(secrets)
    _reader.open = double(secrets)


def reset() -> None:
    """Remove the secrets of set_secrets. Afterwards, the functions open the layer again."""
    _reader.open = _real


def double(secrets: Mapping[str, str | bytes]) -> Callable[[str | None], Any]:
    """Return what takes the place of _reader.open."""
    if os.environ.get("AWS_LAMBDA_RUNTIME_API") or os.environ.get("AWS_LAMBDA_HTTP_ENDPOINT"):
        raise RuntimeError("bundle_secrets_testing is for tests only: it does not replace the secrets of a Lambda function")

    def open(name: str | None) -> Any:
        document, values = _as_document(secrets)
        if name is not None and name not in values:
            known = ", ".join(sorted(values)) or "none"
            raise SecretNotFound(f"the test has not set the secret {name[:128]!r}; it has set: {known}")
        return document, values

    return open


def _as_document(secrets: Mapping[str, str | bytes]) -> tuple[Any, dict[str, str]]:
    """Return the secrets in the form that _reader.open has: (document, values)."""
    if not isinstance(secrets, Mapping):
        raise TypeError('the secrets must be a mapping, such as {"DB_PASSWORD": "sample"}')
    sources, values = {}, {}
    for name, value in secrets.items():
        if not (isinstance(name, str) and re.fullmatch("[A-Za-z][A-Za-z0-9_]{1,127}", name)):
            raise TypeError(f"{name!r} is not a valid name of a secret")
        if name.upper() in _NEVER or name.upper().startswith("BUNDLE_SECRETS_"):
            raise TypeError(f"no secret can have the name {name}: it is reserved for Lambda and the helpers")
        if not isinstance(value, str | bytes):
            raise TypeError(f"the secret {name} must be a str or bytes")
        if not value:
            raise TypeError(f"the secret {name} is empty, but Parameter Store has no empty values")
        encoded = isinstance(value, bytes)
        values[name] = base64.b64encode(value).decode() if isinstance(value, bytes) else value
        sources[name] = SimpleNamespace(encoding="base64" if encoded else "text")
    return SimpleNamespace(sources=sources), values
