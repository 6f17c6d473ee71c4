"""The signer against AWS's published test cases (aws-sig-v4-test-suite), which are beside the repository, not in it."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))

from bundle_secrets import _sigv4  # noqa: E402

SUITE = HERE.parents[3] / "shared" / "data" / "sigv4"
KEY_ID, KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
DATE = "20150830T123600Z"


def read_case(file):
    """Read a case, with the canonical path and query: those of KMS are canonical, so the signer does not convert them."""

    def read(extension):
        return file.with_suffix(extension).read_text("utf-8").replace("\r\n", "\n")

    head, _, body = read(".req").partition("\n\n")
    first, *lines = head.replace("\n ", "\r ").replace("\n\t", "\r\t").split("\n")
    headers = [tuple(line.split(":", 1)) for line in lines if line]
    canonical = read(".creq")
    _, path, query, *rest = canonical.split("\n")
    token = next((line.partition(":")[2] for line in rest if line.startswith("x-amz-security-token:")), None)
    if token and not any(name.lower() == "x-amz-security-token" for name, _ in headers):
        headers.append(("X-Amz-Security-Token", token))
    return (first.split(" ")[0], path, query, headers, body.encode()), canonical, read(".sts"), read(".authz")


class SignatureTest(unittest.TestCase):
    @unittest.skipUnless(SUITE.exists(), f"there is no {SUITE}: put aws-sig-v4-test-suite there")
    def test_published_cases(self):
        files = sorted(SUITE.rglob("*.req"))
        self.assertGreaterEqual(len(files), 30)
        for file in files:
            with self.subTest(file.stem):
                request, canonical, text, header = read_case(file)
                self.assertEqual(_sigv4.canonical_request(*request), canonical)
                self.assertEqual(_sigv4.string_to_sign(canonical, DATE, "us-east-1", "service"), text)
                self.assertEqual(_sigv4.authorization(request, KEY_ID, KEY, DATE, "us-east-1", "service"), header)


if __name__ == "__main__":
    unittest.main()
