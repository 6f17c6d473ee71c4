"""A process can fork while another of its threads opens secrets."""

import os
import pathlib
import subprocess
import sys
import unittest

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "python"

# The module in argv takes long to load, for the thread that opens first. There is no document, so that opening fails.
FORK = """
import importlib.machinery, os, signal, sys, threading, time, warnings
import bundle_secrets
warnings.simplefilter("ignore", DeprecationWarning)  # of forks in programs with threads
loading = threading.Event()

class Slow:
    def find_spec(name, path, target=None):
        if name == sys.argv[1] and not loading.is_set():
            loading.set()
            time.sleep(0.5)
        return None

def use():
    try:
        if sys.argv[1].endswith("_reader"):
            bundle_secrets.get_secret("A")
        else:
            bundle_secrets.get_secret_bytes("A")
    except bundle_secrets.BundleNotFound:
        pass

sys.meta_path.insert(0, Slow)
thread = threading.Thread(target=use)
thread.start()
loading.wait()
child = os.fork()
if child == 0:
    signal.alarm(10)
    use()
    os._exit(0)
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@unittest.skipUnless(hasattr(os, "fork"), "this system has no fork")
class Fork(unittest.TestCase):
    def test_a_fork_waits_until_a_module_is_loaded(self):
        for module in ("_reader", "_forms"):
            with self.subTest(module):
                code = f"import sys; sys.path.insert(0, {str(PACKAGE)!r})\n{FORK}"
                done = subprocess.run([sys.executable, "-BSc", code, f"bundle_secrets.{module}"],
                                      capture_output=True, text=True, timeout=40, env={"BUNDLE_SECRETS_DIR": "/nowhere"})
                self.assertEqual(done.stdout, "0\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
