# SPDX-License-Identifier: Apache-2.0
"""A folder with eight age identities and files, and the programs that work on them."""
import json
import os
import re
import shutil
import subprocess

KEYS = 8
BUCKETS = [4096, 16384, 65536, 262144, 1048576]
SIZES = sorted({0, 1, 65535, 65536, 65537, *(b + d for b in BUCKETS for d in (-1, 0, 1))})


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(got, want, what):
    holds(got == want, f"{what}: got {got!r}, want {want!r}")


class Site:
    def __init__(self, folder, tipctl, top, here):
        self.folder, self.tipctl, self.top, self.here = folder, tipctl, top, here
        self.npm = os.path.join(top, "build", "npm")
        self._peer = None
        self.identities, self.recipients = [], []  # paths, text
        os.makedirs(folder)
        self.run([tipctl, "keys", "init", self.path("site"), "--teams",
                  ",".join(f"k{n}" for n in range(KEYS))])
        for n in range(KEYS):
            self.identities.append(self.path("site", "teams", f"k{n}.identity"))
            with open(self.path("site", "teams", f"k{n}.recipient"), encoding="utf-8") as f:
                self.recipients.append(re.search(r"^age1\w+$", f.read(), re.M).group())

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, content, mode=0o600):
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(content)
        os.chmod(path, mode)
        return path

    @staticmethod
    def read(path):
        with open(path, "rb") as f:
            return f.read()

    @staticmethod
    def run(argv, given=b"", check=True, **more):
        done = subprocess.run(argv, input=given, capture_output=True, timeout=120, **more)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(argv)[:200]}: {done.returncode}: {done.stderr[:300]!r}")
        return done

    def seal(self, plain, n=1):
        to = [word for r in self.recipients[:n] for word in ("-r", r)]
        return self.run([self.tipctl, "age", "seal", *to], plain).stdout

    def open(self, file, identity, check=True):
        return self.run([self.tipctl, "age", "open", "-i", identity], file, check)

    def no_age(self):
        return None if shutil.which("age") and shutil.which("age-keygen") else "no age here (Debian package age)"

    def no_peer(self):
        """Why npm's age-encryption cannot be asked; None when it can."""
        if not os.path.isdir(os.path.join(self.npm, "node_modules", "age-encryption")) or not shutil.which("node"):
            return "npm's age-encryption is not set up (make setup)"
        version = self.run(["node", "--version"]).stdout.decode()
        if tuple(map(int, re.findall(r"\d+", version)[:2])) < (20, 19):
            return f"age-encryption needs Node 20.19 or later, and here is {version.strip()}"
        return None

    def no_form(self):
        """Why the web form's script cannot be asked; None when it can."""
        if not os.path.exists(os.path.join(self.top, "build", "webform-npm", "done")):
            return "the web form's packages are not set up (make setup)"
        return self.no_peer()

    def form_code(self):
        """The script's modules as one that Node takes, by the bundler that makes the page's."""
        code = self.path("form.mjs")
        if not os.path.exists(code):
            packages = os.path.join(self.top, "build", "webform-npm", "node_modules")
            script = os.path.join(self.top, "producers", "webform", "page", "script")
            modules = "".join(f"export * from {json.dumps(os.path.join(script, name))};\n"
                              for name in ("list.js", "seal.js", "tip.js"))
            self.run([os.path.join(packages, ".bin", "esbuild"), "--bundle", "--format=esm", "--platform=node",
                      "--log-level=warning", f"--outfile={code}"], modules.encode(),
                     env={**os.environ, "NODE_PATH": packages})
        return code

    def peer(self, **job):
        equal(self.ask(**job), "ok", f"age-encryption: {job['do']}")

    def ask(self, **job):
        """One job for peer.mjs; one process does them all."""
        if job["do"] in ("list", "form", "problems"):
            job["code"] = self.form_code()
        if self._peer is None:
            script = self.read(os.path.join(self.here, "peer.mjs")).decode()
            self._peer = subprocess.Popen(["node", "--input-type=module", "-e", script], cwd=self.npm, text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._peer.stdin.write(json.dumps(job) + "\n")
        self._peer.stdin.flush()
        return self._peer.stdout.readline().strip()

    def close(self):
        if self._peer:
            self._peer.stdin.close()
            self._peer.stdout.close()
            self._peer.wait(20)
