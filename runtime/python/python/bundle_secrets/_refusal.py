"""What the error replies of KMS mean. A cold start that goes well does not load this."""

import re

from . import _loading
from ._errors import AccessDenied, BadReply, Credentials, KeyUnusable, Tampered, Trouble, Unavailable, WrongKey

# For each error of KMS, our class, and whether to retry ("again") or to sign the request again ("sign").
ERRORS = {
    "AccessDeniedException": (AccessDenied, ""),
    "IncorrectKeyException": (WrongKey, ""),
    "InvalidCiphertextException": (Tampered, ""),
    **dict.fromkeys(
        ("DisabledException", "KMSInvalidStateException", "NotFoundException", "InvalidKeyUsageException"), (KeyUnusable, "")
    ),
    **dict.fromkeys(
        (
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
        ),
        (Credentials, ""),
    ),
    **dict.fromkeys(
        (
            "ExpiredTokenException",
            "ExpiredToken",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "RequestExpired",
            "RequestInTheFuture",
            "RequestTimeTooSkewed",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
        ),
        (Credentials, "sign"),
    ),
    **dict.fromkeys(
        (
            "ThrottlingException",
            "Throttling",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "KeyUnavailableException",
            "DependencyTimeoutException",
            "KMSInternalException",
            "RequestTimeout",
            "RequestTimeoutException",
        ),
        (Unavailable, "again"),
    ),
}


def trouble(status, headers, reply):
    """Return the Trouble for an error reply, whose body is a dict."""
    name = str(headers.get("x-amzn-errortype") or reply.get("__type") or "").partition(":")[0].rpartition("#")[2]
    kind, then = ERRORS.get(name) or ((Unavailable, "again") if status == 429 or status >= 500 else (BadReply, ""))
    reason = f"KMS returned status {status}"
    if re.fullmatch("[A-Z][A-Za-z]{2,63}", name):
        reason = f"KMS returned {name}"
        # Only the messages of these classes help. Others can quote the request: a signature error contains its session token.
        said = _quotable(reply.get("message") or reply.get("Message")) if kind in (AccessDenied, KeyUnusable) else ""
        if said:
            reason += f": {said}"
    return Trouble(kind, reason, then)


def date(headers):
    """Return the date of a reply in seconds since 1970, or None."""
    with _loading:
        from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(headers.get("date", ""))
    return mktime_tz(parsed) if parsed else None


def _quotable(message):
    """Return the beginning of a KMS message about a missing permission or the state of a key.

    It ends before the first word that is neither a plain word nor an ARN. For any other message, it returns "": the reply
    can come from a proxy or another server.
    """
    said = ""
    for word in message.split(" ") if isinstance(message, str) else ():
        form = "[A-Za-z0-9:/+=,.@_'-]{1,300}" if re.match("'*arn:", word) else "(?!.*::)[A-Za-z:'.,-]{1,60}"
        if not re.fullmatch(form, word) or len(said) + len(word) > 1000:
            break
        said += f" {word}" if said else word
    said = said.rstrip(".")
    known = "User: arn:.* is not authorized to perform: kms:|arn:.* is |Key 'arn:.* does not exist"
    return said if re.match(known, said) else ""
