"""Makes calls to bundle_secrets for the Go tests.

Each line of standard input is a JSON object: "env" replaces the environment, "calls" is a list of calls, "keep" keeps what
previous lines opened, "parallel" makes the calls at the same time. Each line of standard output is the list of results.
"""

import base64
import json
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))


def encode(value):
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()


def call(module, kind, name=None, override=False):
    before = dict(os.environ)
    try:
        if kind == "get":
            return {"values": {name: encode(module.get_secret(name))}}
        if kind == "bytes":
            return {"values": {name: encode(module.get_secret_bytes(name))}}
        if kind == "all":
            return {"values": {n: encode(v) for n, v in module.get_secrets().items()}}
        module.load_env(override=override)
    except module.SecretsError as error:
        changed = dict(os.environ) != before
        return {"code": error.code, "message": str(error), "shown": repr(error), "type": type(error).__name__, "changed": changed}
    except Exception as error:
        return {"code": "not a SecretsError", "message": repr(error)}
    return {"values": {n: encode(v) for n, v in os.environ.items() if before.get(n) != v}}


def answer(request):
    os.environ.clear()
    os.environ.update(request["env"])
    if not request.get("keep"):
        for name in [n for n in sys.modules if n.split(".")[0] == "bundle_secrets"]:
            del sys.modules[name]
    import bundle_secrets

    results = [None] * len(request["calls"])

    def work(i):
        results[i] = call(bundle_secrets, *request["calls"][i])

    if request.get("parallel"):
        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(results))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        for i in range(len(results)):
            work(i)
    return results


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
