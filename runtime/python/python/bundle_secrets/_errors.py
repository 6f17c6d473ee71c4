"""Every failure: one class per code of docs/runtime.md, section 3. No message holds a value."""


class SecretsError(Exception):
    """Every failure but a name that is no str, which is a TypeError."""

    code = ""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError would quote it


class BadSetting(SecretsError):
    """An unknown, empty or illegal BUNDLE_SECRETS_ variable."""

    code = "bad_setting"


class BundleNotFound(SecretsError):
    """There is no document for this function."""

    code = "bundle_not_found"


class SecretNotFound(SecretsError, KeyError):
    """The document has no secret of that name."""

    code = "secret_not_found"


class UnknownFormat(SecretsError):
    """The document is of a format that this helper does not know."""

    code = "unknown_format"


class BadDocument(SecretsError):
    """The document breaks a rule of docs/format.md."""

    code = "bad_document"


class WrongFunction(SecretsError):
    """The document says that it is another function's."""

    code = "wrong_function"


class WrongEnvironment(SecretsError):
    """The document is not of the environment that BUNDLE_SECRETS_ENVIRONMENT demands."""

    code = "wrong_environment"


class WrongKey(SecretsError):
    """Not the key that BUNDLE_SECRETS_KEY demands, or KMS used another than the document says."""

    code = "wrong_key"


class WrongDigest(SecretsError):
    """Not the bytes that BUNDLE_SECRETS_SHA256 demands."""

    code = "wrong_digest"


class Tampered(SecretsError):
    """A box does not open as what the header says."""

    code = "tampered"


class AccessDenied(SecretsError):
    """The function's role may not kms:Decrypt."""

    code = "access_denied"


class KeyUnusable(SecretsError):
    """The key is disabled, being deleted or not there."""

    code = "key_unusable"


class Credentials(SecretsError):
    """There are no credentials, or KMS does not take them."""

    code = "credentials"


class BadEndpoint(SecretsError):
    """The endpoint variables break the rules of docs/runtime.md, section 2."""

    code = "bad_endpoint"


class Unavailable(SecretsError):
    """KMS was throttling, failing or out of reach until time was up."""

    code = "unavailable"


class BadReply(SecretsError):
    """KMS, or something in between, answered what it never should."""

    code = "bad_reply"


class ReservedVariable(SecretsError):
    """A secret bears a name that must not become an environment variable."""

    code = "reserved_variable"


class BadValue(SecretsError):
    """A NUL in a value for the environment, or no base64 where bytes were asked for."""

    code = "bad_value"


class Trouble(Exception):
    """A failure of one request, before it is known whether another one follows: then is "again", "sign" or ""."""

    def __init__(self, kind: type, reason: str, then: str = "") -> None:
        self.kind, self.reason, self.then = kind, reason, then
