# SPDX-License-Identifier: Apache-2.0
"""tipline-webform at work, for the tests of what it answers and of the page in a browser."""
import contextlib
import http.client
import json
import os
import shutil
import subprocess

from broker import free_port, wait_until
from pipeline import PAGES, Daemon, yaml_lines

CONTACT_BYTES = 1420
HEAD_BYTES = 36  # of a frame, before its body
SIGNATURE_BYTES = 64


class WebForm:
    """One tipline-webform under supervision, with a folder of its own for configuration and spool."""

    def __init__(self, pipeline, form=None, adapter=None):
        self.pipeline = pipeline
        self.folder = pipeline.path("webform-site")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, mode=0o700)
        listen = (form or {}).get("listen") or f"127.0.0.1:{free_port()}"
        self.address, self.operators = listen.replace("0.0.0.0", "127.0.0.1"), f"127.0.0.1:{free_port()}"
        self.log = os.path.join(self.folder, "webform.log")
        own = pipeline.adapter_conf("webform", spool={"path": self.path("webform.spool")})
        self.write("adapter", {**own, **(adapter or {})})
        self.conf = self.write("tipline-webform", {
            "form": {"listen": self.address, "pages": PAGES, "adapter": self.path("adapter.yaml"),
                     "organisation": "the Rehearsal Charity", "phone": "0800 000 0000", **(form or {})},
            "http": {"listen": self.operators}})
        self.daemon = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, conf):
        with open(self.path(f"{name}.yaml"), "w", encoding="utf-8") as f:
            f.write("\n".join(yaml_lines(conf)) + "\n")
        return self.path(f"{name}.yaml")

    def start(self, *args):
        argv = [self.pipeline.program("tipline-webform"), "--config", self.conf, *args]
        self.daemon = Daemon("webform", argv, self.log)
        self.daemon.start()
        wait_until(lambda: self.answers() or not self.daemon.is_alive(), 30, "the web form to answer")
        return self

    def answers(self):
        try:
            return self.request("GET", "/", timeout=2).status == 200
        except OSError:
            return False

    def stop(self):
        if self.daemon:
            self.daemon.stop()
            self.daemon.join_or_kill(15)

    def request(self, method, path, body=None, headers=None, address=None, timeout=20):
        """An answer with its text read: `.status`, `.headers`, `.text`."""
        connection = http.client.HTTPConnection(address or self.address, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.text = answer.read().decode()
            return answer
        finally:
            connection.close()

    def status(self):
        return json.loads(self.request("GET", "/status", address=self.operators).text)

    def seals(self, narratives):
        """Tips as a browser would seal them: tip id, and what it posts; sealed to the site's list."""
        pipeline, letters = self.pipeline, []
        for i, narrative in enumerate(narratives):
            letters.append(self.path(f"letter-{i}"))
            with open(letters[-1], "w", encoding="utf-8") as f:
                json.dump({"narrative": narrative, "contact": "none"}, f)
        argv = [os.path.join(os.path.dirname(pipeline.bin), "tests", "seal_raw"),
                pipeline.path("keys", "adapters", "webform.sign"), pipeline.path("keys", "recipients.json"), "1"]
        done = subprocess.run(argv, input="".join(f"web {path}\n" for path in letters), capture_output=True, text=True,
                              timeout=60, check=True)
        ids = [line.split()[1] for line in done.stdout.splitlines()]
        return [(tip_id, posted(path)) for tip_id, path in zip(ids, letters)]

    def post_sealed(self, body):
        answer = self.request("POST", "/report/sealed", body, {"Content-Type": "application/octet-stream"})
        return answer.status, json.loads(answer.text)


def posted(path):
    """What a browser posts, from the frame of the same tip: tip id, contact file, body file."""
    with open(f"{path}.frame", "rb") as f:
        frame = f.read()
    sealed = frame[HEAD_BYTES:-SIGNATURE_BYTES]
    return frame[8:24] + sealed[-CONTACT_BYTES:] + sealed[:-CONTACT_BYTES]


@contextlib.contextmanager
def webform(pipeline, *args, form=None, adapter=None):
    site = WebForm(pipeline, form, adapter)
    try:
        yield site.start(*args)
    finally:
        site.stop()
