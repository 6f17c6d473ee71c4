"""The endpoint of KMS: docs/runtime.md, section 2, "Region and key" and "Endpoint"."""

from ._document import is_region
from ._errors import BadEndpoint

# For each partition, the suffix of KMS's host, without and with dual stack: https://docs.aws.amazon.com/general/latest/gr/kms.html
SUFFIXES = {
    "aws": ("amazonaws.com", "api.aws"),
    "aws-us-gov": ("amazonaws.com", "api.aws"),
    "aws-cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "aws-eusc": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "aws-iso": ("c2s.ic.gov", "api.aws.ic.gov"),
    "aws-iso-b": ("sc2s.sgov.gov", "api.aws.scloud"),
    "aws-iso-e": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "aws-iso-f": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
EMBEDDED_ACCOUNT = "000000000000"
HOST = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"


class Place:
    """A host and port. secure is whether to use TLS; loopback is whether the host is this machine."""

    def __init__(self, secure: bool, host: str, port: int) -> None:
        self.secure, self.host, self.port = secure, host.lower(), port
        self.loopback = _is_loopback(self.host)

    @property
    def authority(self) -> str:
        """Return the value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def locate(document, environ):
    """Return the key to send, its region and the Place of KMS."""
    key, region = document.key, document.region
    if document.key_id.startswith("mrk-") and environ.get("AWS_REGION"):
        region = environ["AWS_REGION"]
        if not is_region(region):
            raise BadEndpoint("AWS_REGION is not a valid region")
        key = f"arn:{document.partition}:kms:{region}:{document.account}:key/{document.key_id}"
    return key, region, _place(document, region, environ)


def _place(document, region, environ):
    variable = "AWS_ENDPOINT_URL_KMS" if environ.get("AWS_ENDPOINT_URL_KMS") else "AWS_ENDPOINT_URL"
    override = environ.get(variable)
    if document.account == EMBEDDED_ACCOUNT:
        if not override:
            raise BadEndpoint("the document was sealed by the embedded AWS: start it and set AWS_ENDPOINT_URL_KMS to its URL")
        place = _parse(override, variable)
        if not place.loopback:
            raise BadEndpoint(f"the document was sealed by the embedded AWS, but {variable} is not a loopback URL")
        return place
    if not override or inside_lambda(environ):
        return Place(True, _host(document.partition, region, environ), 443)
    place = _parse(override, variable)
    if not place.secure and not place.loopback:
        raise BadEndpoint(f"{variable} must use https, because it is not a loopback URL")
    return place


def inside_lambda(environ):
    """Return whether the process runs in a Lambda function: one of the runtime API, or a Web Function."""
    return bool(environ.get("AWS_LAMBDA_RUNTIME_API") or environ.get("AWS_LAMBDA_HTTP_ENDPOINT"))


def _parse(text, variable):
    scheme, separator, rest = text.partition("://")
    rest = rest.removesuffix("/")
    host, bracket, port = rest[1:].partition("]") if rest.startswith("[") else rest.partition(":")
    if bracket == "]":
        legal, port = bool(host) and not host.strip("0123456789abcdefABCDEF:."), port.removeprefix(":") if port else None
    else:
        legal, port = bool(host) and not host.strip(HOST), port if bracket else None
    legal = legal and (port is None or (1 <= len(port) <= 5 and not port.strip("0123456789") and int(port) <= 65535))
    if not separator or scheme not in ("http", "https") or not legal:
        raise BadEndpoint(f"{variable} must have the form http://HOST:PORT or https://HOST:PORT")
    secure = scheme == "https"
    return Place(secure, host, int(port) if port else 443 if secure else 80)


def _is_loopback(host):
    parts = host.split(".")
    address = len(parts) == 4 and all(p and len(p) <= 3 and not p.strip("0123456789") and int(p) <= 255 for p in parts)
    return host in ("localhost", "::1") or (address and parts[0] == "127")


def _host(partition, region, environ):
    if partition not in SUFFIXES:
        raise BadEndpoint(f"the partition {partition!r} is not known")
    service = "kms-fips" if environ.get("AWS_USE_FIPS_ENDPOINT", "").lower() == "true" else "kms"
    dual = environ.get("AWS_USE_DUALSTACK_ENDPOINT", "").lower() == "true"
    return f"{service}.{region}.{SUFFIXES[partition][dual]}"
