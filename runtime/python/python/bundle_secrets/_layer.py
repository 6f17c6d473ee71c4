"""Finds and reads the function's document: steps 1 to 5 of docs/runtime.md, section 1."""

import hashlib
import os

from ._document import MAX_DOCUMENT, Document, is_name
from ._errors import BadSetting, BundleNotFound, SecretsError, WrongDigest, WrongEnvironment, WrongFunction, WrongKey

PREFIX = "BUNDLE_SECRETS_"
SETTINGS = {
    "DIR": bool,
    "FUNCTION": is_name,
    "ENVIRONMENT": bool,
    "KEY": bool,
    "SHA256": lambda value: len(value) == 64 and not value.strip("0123456789abcdef"),
    "NEXT_WRAPPER": bool,
    "ALLOW_SNAPSTART": lambda value: value == "1",
}
EXTENSION = ".sealed"


def load(environ) -> Document:
    """Find, read and check the document of the function that the environment names."""
    settings = _read_settings(environ)
    file, name, data = _read_document(settings, environ)
    pin = settings.get("SHA256")
    if pin:
        digest = hashlib.sha256(data).hexdigest()
        if digest != pin:
            raise WrongDigest(f"{file}: its SHA-256 is {digest}, but BUNDLE_SECRETS_SHA256 is {pin}")
    try:
        document = Document(data, file)
    except SecretsError as error:
        raise type(error)(f"{file}: {error}") from None
    if document.name != name:
        raise WrongFunction(f"{file}: it contains the document of function {document.name}")
    if settings.get("ENVIRONMENT", document.environment) != document.environment:
        pin = settings["ENVIRONMENT"]
        raise WrongEnvironment(f"{file}: it belongs to environment {document.environment}, but BUNDLE_SECRETS_ENVIRONMENT is {pin!r}")
    if settings.get("KEY", document.key) != document.key:
        raise WrongKey(f"{file}: it is sealed under key {document.key}, but BUNDLE_SECRETS_KEY is {settings['KEY']!r}")
    return document


def _read_settings(environ):
    """Read the BUNDLE_SECRETS_ variables. A variable that is not in the list of section 1 is an error."""
    settings = {}
    for variable in environ:
        if not variable.startswith(PREFIX):
            continue
        name, value = variable[len(PREFIX) :], environ[variable]
        if name not in SETTINGS:
            raise BadSetting(f"{variable} is not a variable of bundle: correct its name or remove it")
        if not value:
            raise BadSetting(f"{variable} is empty: set a value or remove it")
        if not SETTINGS[name](value):
            raise BadSetting(f"{variable} does not have a valid value")
        settings[name] = value
    return settings


def _read_document(settings, environ):
    """Read the function's document, or the only one there is (F-29)."""
    folder = os.path.join(settings.get("DIR", "/opt"), "bundle", "functions")
    names = _documents(folder)
    wanted = settings.get("FUNCTION") or environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    fitting = [wanted] if wanted in names else _of_function(folder, names, wanted) if "FUNCTION" in settings else names
    if len(fitting) > 1 and "FUNCTION" in settings:
        remedy = "set BUNDLE_SECRETS_FUNCTION to one of them"
        raise BundleNotFound(f"{folder} has documents for {', '.join(fitting)}, which are all of function {wanted!r} in the manifest: {remedy}")
    if len(fitting) != 1:
        raise BundleNotFound(_not_found(folder, wanted, names, environ))
    name = fitting[0]
    file = os.path.join(folder, name + EXTENSION)
    try:
        with open(file, "rb") as f:
            return file, name, f.read(MAX_DOCUMENT + 1)
    except OSError as error:
        reason = error.strerror
    raise BundleNotFound(f"{file} cannot be read: {reason}")


def _not_found(folder, wanted, names, environ):
    """Say which documents there are, and what to do."""
    listed = ", ".join(names)
    remedy = "set BUNDLE_SECRETS_FUNCTION to one of them"
    if not names:
        outside = "" if environ.get("AWS_LAMBDA_FUNCTION_NAME") else " On a laptop, use bundle run, or a test double (docs/testing.md)"
        return f"{folder} contains no documents: is the layer attached?{outside}"
    if not wanted:
        return f"neither BUNDLE_SECRETS_FUNCTION nor AWS_LAMBDA_FUNCTION_NAME is set, and {folder} contains documents for {listed}: {remedy}"
    return f"{folder} has no document for function {wanted!r}; it contains documents for {listed}: {remedy}, or deployed_as in the manifest"


def _of_function(folder, names, wanted):
    """List the documents of a function in the manifest: their fourth line says so (F-5). The lines up to it have at most 300 bytes."""
    found = []
    for name in names:
        try:
            with open(os.path.join(folder, name + EXTENSION), "rb") as f:
                lines = f.read(512).split(b"\n", 4)
        except OSError:
            continue
        if len(lines) == 5 and lines[3] == b"function " + wanted.encode():
            found.append(name)
    return found


def _documents(folder):
    """List the names of the regular files that can be documents, sorted."""
    try:
        with os.scandir(folder) as entries:
            files = [e.name for e in entries if e.name.endswith(EXTENSION) and e.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(f[: -len(EXTENSION)] for f in files if is_name(f[: -len(EXTENSION)]))
