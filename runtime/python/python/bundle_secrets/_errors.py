"""One class for each code of docs/runtime.md, section 3. No message contains a value."""


class SecretsError(Exception):
    """Every failure, except for a name that is not a str, which is a TypeError."""

    code = ""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError would put it in quotes


class BadSetting(SecretsError):
    """A BUNDLE_SECRETS_ variable is unknown, empty or invalid."""

    code = "bad_setting"


class BundleNotFound(SecretsError):
    """There is no document for this function."""

    code = "bundle_not_found"


class SecretNotFound(SecretsError, KeyError):
    """The document has no secret with that name."""

    code = "secret_not_found"


class UnknownFormat(SecretsError):
    """The document has a format that this helper does not know."""

    code = "unknown_format"


class BadDocument(SecretsError):
    """The document breaks a rule of docs/format.md."""

    code = "bad_document"


class WrongFunction(SecretsError):
    """The document belongs to another function."""

    code = "wrong_function"


class WrongEnvironment(SecretsError):
    """The document belongs to another environment than BUNDLE_SECRETS_ENVIRONMENT."""

    code = "wrong_environment"


class WrongKey(SecretsError):
    """The key is not BUNDLE_SECRETS_KEY, or KMS used another key than the key line."""

    code = "wrong_key"


class WrongDigest(SecretsError):
    """The SHA-256 of the document is not BUNDLE_SECRETS_SHA256."""

    code = "wrong_digest"


class Tampered(SecretsError):
    """A box does not open as what the header says."""

    code = "tampered"


class AccessDenied(SecretsError):
    """The function's role has no kms:Decrypt."""

    code = "access_denied"


class KeyUnusable(SecretsError):
    """The key is disabled, pending deletion, or does not exist."""

    code = "key_unusable"


class Credentials(SecretsError):
    """There are no credentials, or KMS does not accept them."""

    code = "credentials"


class BadEndpoint(SecretsError):
    """The endpoint variables break the rules of docs/runtime.md, section 2."""

    code = "bad_endpoint"


class Unavailable(SecretsError):
    """KMS throttled, failed or could not be reached in time."""

    code = "unavailable"


class BadReply(SecretsError):
    """KMS, or something in between, returned an invalid reply."""

    code = "bad_reply"


class ReservedVariable(SecretsError):
    """A secret has a reserved name, so it cannot become an environment variable."""

    code = "reserved_variable"


class BadValue(SecretsError):
    """A value for an environment variable contains a NUL byte, or a value requested as bytes is not valid base64."""

    code = "bad_value"


class Trouble(Exception):
    """A failure of one request. then says what can follow: "again" to retry, "sign" to sign again, or ""."""

    def __init__(self, kind: type, reason: str, then: str = "") -> None:
        self.kind, self.reason, self.then = kind, reason, then
