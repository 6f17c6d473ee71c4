"""AWS Signature Version 4 for a request whose path and query are already canonical, like those of KMS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac


def signed_headers(headers):
    """Return the names and the canonical text of a list of (name, value). Names can be repeated."""
    values = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    names = sorted(values)
    return ";".join(names), "".join(f"{n}:{','.join(values[n])}\n" for n in names)


def canonical_request(method, path, query, headers, body):
    """Return the canonical text of a request."""
    names, text = signed_headers(headers)
    return "\n".join((method, path, query, text, names, hashlib.sha256(body).hexdigest()))


def string_to_sign(canonical, date, region, service):
    """Return the string to sign. date is the value of x-amz-date: 20150830T123600Z."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join(("AWS4-HMAC-SHA256", date, _scope(date, region, service), digest))


def authorization(request, key_id, key, date, region, service):
    """Return the value of the Authorization header for a request (method, path, query, headers, body)."""
    scope = _scope(date, region, service)
    signing_key = b"AWS4" + key.encode()
    for part in scope.split("/"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    text = string_to_sign(canonical_request(*request), date, region, service)
    signature = hmac.digest(signing_key, text.encode(), "sha256").hex()
    return f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={signed_headers(request[3])[0]}, Signature={signature}"


def _scope(date, region, service):
    return f"{date[:8]}/{region}/{service}/aws4_request"
