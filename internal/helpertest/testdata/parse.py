"""Parses documents with the parser in the folder argv[1], for mutations_test.go. Each line of standard input has a document in
base64 and, after a space, the plaintexts of its boxes, separated by commas. Each line of standard output is what the parser made of it."""

import base64
import json
import sys

sys.path.insert(0, sys.argv[1])

from bundle_secrets import SecretsError
from bundle_secrets._document import Document


def run(line):
    document, given, plaintexts = line.partition(" ")
    try:
        doc = Document(base64.b64decode(document), "file")
    except SecretsError as error:
        return {"rule": str(error).rpartition("(")[2].rstrip(")")}
    except Exception as error:
        return {"rule": repr(error)}
    result = {
        "key": doc.key,
        "secrets": {name: source.encoding for name, source in doc.sources.items()},
        "boxes": [
            {"names": b.names, "part": b.part, "parts": b.parts, "ciphertext": b.ciphertext, "context": doc.context(b)} for b in doc.boxes
        ],
    }
    if given:
        try:
            opened = [(b, base64.b64decode(p)) for b, p in zip(doc.boxes, plaintexts.split(","))]
            result["values"] = {n: base64.b64encode(v.encode()).decode() for n, v in doc.assemble(opened).items()}
        except SecretsError as error:
            result["tampered"] = error.code
        except Exception as error:
            result["tampered"] = repr(error)
    return result


for line in sys.stdin:
    print(json.dumps(run(line.rstrip("\n"))))
