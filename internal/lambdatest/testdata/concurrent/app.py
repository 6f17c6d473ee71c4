"""The function of an environment with many workers: which worker answers, and digests of the secrets as the helper gives them to it and
as they stand in its own environment."""

import hashlib
import os


def digest(value):
    return "absent" if value is None else hashlib.sha256(value.encode()).hexdigest()


def handler(event, context):
    result = {"worker": os.getpid(), "running": 1, "helper": {}}
    if event["load"]:
        from bundle_secrets import load_env

        load_env()
    if event["helper"]:
        from bundle_secrets import get_secret

        result["helper"] = {name: digest(get_secret(name)) for name in event["names"]}
    result["environment"] = {name: digest(os.environ.get(name)) for name in event["names"]}
    return result
