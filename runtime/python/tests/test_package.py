"""The package as a program uses it. The tests need no network: a server in the test opens the document's box."""

import base64
import http.server
import importlib
import inspect
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent / "python"
sys.path.insert(0, str(PACKAGE))

import bundle_secrets  # noqa: E402
from bundle_secrets import _reader  # noqa: E402

KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-4111-8111-111111111111"
BOX = {"DB_PASSWORD": "sample-password", "TLS_KEY": "AAH/"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    calls = 0
    plaintext = json.dumps(BOX)
    chunked = False

    def do_POST(self):
        Handler.calls += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"KeyId": KEY, "Plaintext": base64.b64encode(self.plaintext.encode()).decode()}).encode()
        self.send_response(200)
        if self.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(0, len(body), 7):
                self.wfile.write(b"%x;x=1\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]))
            self.wfile.write(b"0\r\nTrailer: x\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args):
        pass


def write_document(folder):
    def source(name):
        encoding = "base64" if name == "TLS_KEY" else "text"
        arn = f"arn:aws:ssm:us-east-1:000000000000:parameter/p/{name}"
        return f"source {name} {encoding} ssm {arn} 1 2026-11-01T10:00:00.123Z -\n"

    head = "bundle/1\nbundle payments\nenvironment prod\nfunction hello\nname hello\nmode pack\n"
    text = f"{head}{''.join(map(source, sorted(BOX)))}box {' '.join(sorted(BOX))}\n\nkey {KEY}\nAQICAHg=\n"
    path = pathlib.Path(folder, "bundle", "functions")
    path.mkdir(parents=True)
    (path / "hello.sealed").write_text(text)


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        write_document(cls.folder.name)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        os.environ.update(
            BUNDLE_SECRETS_DIR=cls.folder.name,
            AWS_LAMBDA_FUNCTION_NAME="hello",
            AWS_ENDPOINT_URL_KMS=f"http://127.0.0.1:{cls.server.server_port}",
            AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
            AWS_SECRET_ACCESS_KEY="secret-access-key-of-a-test",
        )

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        cls.folder.cleanup()

    def setUp(self):
        _reader._forget()
        Handler.calls = 0
        Handler.plaintext, Handler.chunked = json.dumps(BOX), False

    def test_a_name_that_is_not_a_str_is_a_type_error(self):
        for name in (None, 7, b"TLS_KEY", ["TLS_KEY"]):
            self.assertRaises(TypeError, bundle_secrets.get_secret, name)
            self.assertRaises(TypeError, bundle_secrets.get_secret_bytes, name)
        self.assertEqual(Handler.calls, 0)

    def test_values_are_the_callers_own(self):
        first = bundle_secrets.get_secrets()
        self.assertEqual(first, BOX)
        first.clear()
        self.assertEqual(bundle_secrets.get_secrets(), BOX)
        self.assertEqual(bundle_secrets.get_secret_bytes("TLS_KEY"), b"\x00\x01\xff")
        self.assertEqual(Handler.calls, 1)

    def test_a_chunked_reply_is_read(self):
        Handler.chunked = True
        self.assertEqual(bundle_secrets.get_secret("DB_PASSWORD"), "sample-password")

    def test_there_is_a_class_for_every_code(self):
        classes = [c for c in vars(bundle_secrets).values() if inspect.isclass(c) and issubclass(c, bundle_secrets.SecretsError)]
        for c in classes:
            if c is not bundle_secrets.SecretsError:
                self.assertEqual(c.__name__, "".join(word.capitalize() for word in c.code.split("_")))
                self.assertIn(c.__name__, bundle_secrets.__all__)
        self.assertEqual(len(classes), 19)

    def test_an_unknown_name_is_a_key_error_too(self):
        with self.assertRaises(KeyError) as caught:
            bundle_secrets.get_secret("DB_PASSWROD")
        self.assertIsInstance(caught.exception, bundle_secrets.SecretNotFound)
        self.assertEqual(caught.exception.code, "secret_not_found")
        self.assertTrue(str(caught.exception).endswith("the most similar name is DB_PASSWORD"), str(caught.exception))

    def test_an_error_leads_to_no_value(self):
        """Checks what error reporters collect: the locals of every frame, and the attributes of the error."""
        Handler.plaintext = json.dumps({**BOX, "MORE": "sample-more"})
        for call in (bundle_secrets.get_secrets, bundle_secrets.load_env, lambda: bundle_secrets.get_secret_bytes("TLS_KEY")):
            self.check_silent(bundle_secrets.Tampered, call)
        Handler.plaintext = json.dumps({**BOX, "TLS_KEY": "sample no base64"})
        self.check_silent(bundle_secrets.BadValue, lambda: bundle_secrets.get_secret_bytes("TLS_KEY"))
        _reader._forget()
        Handler.plaintext = json.dumps({**BOX, "TLS_KEY": "sample\0"})
        self.check_silent(bundle_secrets.BadValue, bundle_secrets.load_env)

    def check_silent(self, kind, call):
        try:
            call()
        except kind as error:
            collected = traceback.TracebackException.from_exception(error, capture_locals=True)
            shown = repr(error) + str(error) + repr(vars(error))
            self.assertIsNone(error.__cause__)
            self.assertIsNone(error.__context__)
        frames = [frame for frame in collected.stack if "bundle_secrets" in frame.filename]
        self.assertTrue(frames)
        for frame in frames:
            shown += "".join((frame.locals or {}).values())
        for secret in ("sample", "AAH/", "secret-access-key"):
            self.assertNotIn(secret, shown)

    def test_threads_share_one_opening(self):
        values = []
        threads = [threading.Thread(target=lambda: values.append(bundle_secrets.get_secret("DB_PASSWORD"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((values, Handler.calls), (["sample-password"] * 8, 1))

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_child_opens_the_document_for_itself(self):
        code = (
            "import os, bundle_secrets as b; b.get_secret('DB_PASSWORD'); pid = os.fork()\n"
            "from bundle_secrets import _reader; fresh = _reader._current is None\n"
            "ok = b.get_secret('DB_PASSWORD') == 'sample-password' and fresh == (pid == 0)\n"
            "os._exit(not ok) if pid == 0 else exit(not ok or os.waitpid(pid, 0)[1])"
        )
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(PACKAGE)})
        self.assertEqual(Handler.calls, 2)

    def test_nothing_is_loaded_before_a_secret_is_requested(self):
        code = "import bundle_secrets, sys; print(sorted(m for m in sys.modules if m.startswith('bundle_secrets')))"
        out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONPATH": str(PACKAGE)}).stdout
        self.assertEqual(out.decode().strip(), "['bundle_secrets', 'bundle_secrets._errors']")

    def test_every_module_can_be_loaded_alone(self):
        for file in (PACKAGE / "bundle_secrets").glob("*.py"):
            importlib.import_module("bundle_secrets" if file.stem == "__init__" else f"bundle_secrets.{file.stem}")


if __name__ == "__main__":
    unittest.main()
