"""The function: digests of the secrets as the helper gives them, and as they stand in the environment."""

import hashlib
import os


def digest(value):
    return "absent" if value is None else hashlib.sha256(value.encode()).hexdigest()


def handler(event, context):
    result = {"helper": {}, "environment": {name: digest(os.environ.get(name)) for name in event["names"]}, "writable": True}
    if event["helper"]:
        from bundle_secrets import get_secret

        result["helper"] = {name: digest(get_secret(name)) for name in event["names"]}
    try:
        open("/opt/probe", "w").close()
    except OSError:
        result["writable"] = False
    return result
