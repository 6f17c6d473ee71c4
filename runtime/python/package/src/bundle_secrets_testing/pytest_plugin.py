"""The fixture bundle_secrets."""

import pytest
from bundle_secrets import _reader

from . import double


@pytest.fixture
def bundle_secrets(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | bytes]:
    """The secrets of the test, none at first: bundle_secrets["DB_PASSWORD"] = "x" sets one."""
    secrets: dict[str, str | bytes] = {}
    monkeypatch.setattr(_reader, "open", double(secrets))
    return secrets
