"""Installs a release with mise's backend for GitHub, from a server that answers as GitHub's API does, with the files of a folder.

    python3 .github/release/try-mise.py FOLDER v1.2.3

It needs mise on PATH, and no configuration: mise must find the right file of each system by itself.
"""

import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

folder, tag = pathlib.Path(sys.argv[1]), sys.argv[2]
version = tag.removeprefix("v")
repository = "whispering/bundle"


class GitHub(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        at = f"http://127.0.0.1:{self.server.server_port}"
        path = self.path.split("?")[0]
        assets = [
            {
                "name": f.name,
                "url": f"{at}/download/{f.name}",
                "browser_download_url": f"{at}/download/{f.name}",
                "digest": "sha256:" + hashlib.sha256(f.read_bytes()).hexdigest(),
                "size": f.stat().st_size,
            }
            for f in sorted(folder.iterdir())
            if f.is_file()
        ]
        release = {"tag_name": tag, "name": tag, "draft": False, "prerelease": "-" in tag, "created_at": "2026-11-28T10:00:00Z", "assets": assets}
        if path == f"/repos/{repository}/releases":
            body = json.dumps([release])
        elif path in (f"/repos/{repository}/releases/tags/{tag}", f"/repos/{repository}/releases/latest"):
            body = json.dumps(release)
        elif path.startswith("/download/") and (folder / path[10:]).is_file():
            body = (folder / path[10:]).read_bytes()
        else:
            self.send_error(404)
            return
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def mise(home, *args):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "MISE_YES": "1",
        "MISE_EXPERIMENTAL": "1",
        "MISE_GITHUB_ATTESTATIONS": "0",  # there are none on this server
    }
    return subprocess.run(["mise", *args], cwd=home, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
threading.Thread(target=server.serve_forever, daemon=True).start()
api = f"http://127.0.0.1:{server.server_port}"
with tempfile.TemporaryDirectory() as home:
    pathlib.Path(home, "mise.toml").write_text(f'[settings]\nlockfile = true\n\n[tools]\n"github:{repository}" = {{ version = "{version}", api_url = "{api}" }}\n')
    pathlib.Path(home, "mise.lock").touch()
    mise(home, "trust")
    mise(home, "install")
    for program in ("bundle", "bundle-secrets"):
        said = mise(home, "exec", "--", program, "version")
        if not said.startswith(f"bundle {tag} ("):
            sys.exit(f"try-mise: {program} says {said}")
    systems = {f"{a}-{b}": f"bundle_{version}_{c}_{d}" for a, c in (("linux", "linux"), ("macos", "darwin"), ("windows", "windows")) for b, d in (("x64", "amd64"), ("arm64", "arm64"))}
    mise(home, "lock", "--platform", ",".join(systems))
    lock = pathlib.Path(home, "mise.lock").read_text()
    for system, archive in systems.items():
        archive += ".zip" if "windows" in archive else ".tar.gz"
        section = lock.partition(f"platforms.{system}")[2].split("\n[")[0]
        if f"/{archive}" not in section:
            sys.exit(f"try-mise: for {system}, mise does not choose {archive}:\n{lock}")
    print(f"mise installs {tag} and chooses the archive of each of {len(systems)} systems")
