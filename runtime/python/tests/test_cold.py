"""What a cold start does not load, because loading it takes milliseconds."""

import pathlib
import subprocess
import sys
import unittest

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "python"
DIAL = """
import socket, sys, time
from bundle_secrets import _http, _kms
server = socket.create_server(("127.0.0.1", 0))
_http._dial("localhost", server.getsockname()[1], time.monotonic() + 5).close()
print(sorted({"__future__", "encodings.idna", "stringprep", "email", "http.client", "urllib.parse"} & set(sys.modules) - before))
"""


MODULES = """
import bundle_secrets
from bundle_secrets import _kms, _reader
print(sorted(name for name in sys.modules if name.startswith("bundle_secrets._")))
"""
NEEDED = ["_document", "_endpoint", "_errors", "_http", "_kms", "_layer", "_reader", "_sigv4"]


class ColdStart(unittest.TestCase):
    def test_one_secret_of_one_box_loads_only_these_modules(self):
        code = f"import sys; sys.path.insert(0, {str(PACKAGE)!r})\n{MODULES}"
        done = subprocess.run([sys.executable, "-BSc", code], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.stdout, f"{[f'bundle_secrets.{name}' for name in NEEDED]}\n", done.stderr)

    def test_a_connection_loads_no_more_than_it_needs(self):
        code = f"import sys; before = set(sys.modules); sys.path.insert(0, {str(PACKAGE)!r})\n{DIAL}"
        done = subprocess.run([sys.executable, "-BSc", code], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.stdout, "[]\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
