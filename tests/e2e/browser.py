# SPDX-License-Identifier: Apache-2.0
"""Chromium, driven by browser.mjs: one thing to do at a time, each with a deadline."""
import base64
import contextlib
import json
import os
import shutil
import subprocess
import threading
import urllib.parse

from broker import TOP
from pipeline import pages_built
from webform_site import webform

PACKAGES = os.path.join(TOP, "build", "e2e-npm")
DEADLINE_S = 60


def no_browser():
    """Why the pages cannot be tried in a browser; None when they can."""
    if not pages_built():
        return "the web form's pages are not built: they need Node and npm's packages (make setup)"
    if not os.path.exists(os.path.join(PACKAGES, "done")):
        return "npm's playwright-core and axe-core are not set up (make setup)"
    return None if shutil.which("chromium") else "no Chromium here (Debian package chromium)"


class Browser:
    """`browser("click", at="#send")` is a job of browser.mjs; the answer is its value."""

    def __init__(self, origin):
        self.origin = origin
        argv = ["node", os.path.join(TOP, "tests", "e2e", "browser.mjs"), PACKAGES, shutil.which("chromium"), origin]
        self.process = subprocess.Popen(argv, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, job, **rest):
        watchdog = threading.Timer(DEADLINE_S, self.process.kill)
        watchdog.start()
        try:
            self.process.stdin.write(json.dumps({"do": job, **rest}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise AssertionError(f"the browser did not answer: {job} {rest}"[:300])
        answer = json.loads(line)
        if "failed" in answer:
            raise AssertionError(f"{job} {rest}: {answer['failed']}"[:600])
        return answer["is"]

    def begin(self, path="/report", **rest):
        """A person with a browser of his own opens a page."""
        self("begin", **rest)
        return self("go", path=path)

    def fill(self, **fields):
        for name, text in fields.items():
            self("fill", at=f"#{name.replace('__', '-')}", text=text)

    def posts(self):
        """What was sent, each as bytes."""
        return [base64.b64decode(r["body"]) for r in self("seen")["requests"] if r["method"] == "POST"]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def browsing(pipeline, **conf):
    """The web form at work, and a browser that looks at it."""
    with webform(pipeline, form=conf) as site:
        browser = Browser(f"http://{site.address}")
        try:
            yield site, browser
        finally:
            browser.close()


def spellings(text):
    """How a text could stand in what goes over a network: as it is, percent-encoded, in base64 from each offset."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        raw = text.encode(encoding)
        yield raw
        for shift in range(3):
            yield base64.b64encode(b"x" * shift + raw)[4 if shift else 0:-4]
    yield urllib.parse.quote(text).encode()
    yield urllib.parse.quote_plus(text).encode()


def told_in_clear(browser, *texts):
    """The texts that something holds that went out."""
    out = b"\0".join(base64.b64decode(r["body"]) + r["url"].encode() + json.dumps(r["headers"]).encode()
                     for r in browser("seen")["requests"])
    return [text for text in texts if any(s in out for s in spellings(text))]
