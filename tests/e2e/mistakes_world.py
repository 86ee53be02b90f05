# SPDX-License-Identifier: Apache-2.0
"""What a likely mistake is made of: a changed copy of a configuration, a key file, a broker that is none.

A `Mistake` is one row of the tables in mistakes_*.py: how the mistake is made, and what the person who made it must
read. `World.provoke` makes it in a fresh folder and returns what the program said.
"""
import os
import re
import shutil
import subprocess
import threading
import time
from collections import namedtuple

from broker import free_port

# name, program: as people say it. provoke: from World to the program's arguments (and, as a second member of a tuple,
# what subprocess shall do otherwise). status: the exit status; None: a daemon that goes on trying, and says so at once.
# words: each must be in what is printed, the remedy among them. never: none of these may be. seconds: when the person
# must know it. root: only the superuser can make it (another user, a small disk).
Mistake = namedtuple("Mistake", "name program provoke status words never seconds root",
                     defaults=((), 12, False))

CONF = "--config"


def given(conf, *args, change=(), append=""):
    """Arguments: --config with a copy of that configuration, in which each (old, new) was changed or lines added."""
    return lambda w: [CONF, w.conf(conf, *change, append=append), *args]


NOBODY = "127.0.0.1:9"  # nobody listens there


def fed_gateway(w, broker, env=None):
    """A gateway before that broker, to which an adapter submits a tip at once."""
    port = free_port()
    change = ('listen: "127.0.0.1:0"\nkeys', f'listen: "127.0.0.1:{port}"\nkeys')
    gateway = w.conf("gateway", change, (NOBODY, broker))
    adapter = w.conf("webform", (f"127.0.0.1:{w.pipeline.gateway_port}", f"127.0.0.1:{port}"))
    submit = subprocess.Popen([w.pipeline.program("tip-submit"), CONF, adapter, "--narrative", "x", "--wait", "60"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop():
        submit.terminate()
        submit.wait()
    return [CONF, gateway], {"cleanup": stop, **({"env": {**os.environ, **env}} if env else {})}


Outcome = namedtuple("Outcome", "status text seconds")


class World:
    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.folder = None

    def fresh(self, name):
        self.folder = self.pipeline.path("mistakes", name.replace(" ", "-").replace("/", "-"))
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, mode=0o700)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def key(self, *parts):
        return self.pipeline.path("keys", *parts)

    def write(self, name, content, mode=0o600):
        data = content if isinstance(content, bytes) else content.encode()
        with open(self.path(name), "wb") as f:
            f.write(data)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def copy(self, source, name, mode=0o600):
        with open(source, "rb") as f:
            return self.write(name, f.read(), mode)

    def conf_text(self, name):
        with open(self.pipeline.conf_of(name), encoding="utf-8") as f:
            text = f.read()
        # A copy of a daemon beside the real one must not take its port, its place in the group or its files.
        if name in self.pipeline.http:
            text = text.replace(self.pipeline.http[name], "127.0.0.1:0")
        text = text.replace(f'instance: "{name}"', f'instance: "mistaken-{name}"')
        gateway = f'127.0.0.1:{self.pipeline.gateway_port}"\nkeys:\n  curve'
        text = text.replace(gateway, '127.0.0.1:0"\nkeys:\n  curve')
        for file in ("store.db", "dedupe.index"):
            if name != "tipctl":
                text = text.replace(self.pipeline.path("data", file), self.path(file))
        # A daemon with a mistake must not join the groups of the real ones, nor note its suspects in their files.
        if name in self.pipeline.http:
            text = re.sub(r"^stage:\n(?:  .*\n)+", "", text, flags=re.M)
            text = text.replace(self.pipeline.broker.address, NOBODY)
        return text.replace(self.pipeline.path("spool") + "/", self.folder + "/")

    def conf(self, name, *changes, append=""):
        """A changed copy of a configuration. Each change is (old, new); old must stand in it."""
        text = self.conf_text(name)
        for old, new in changes:
            if old not in text:
                raise AssertionError(f"{name}.yaml has no {old!r} to change")
            text = text.replace(old, new)
        return self.write(f"{name}.yaml", text + append)

    def with_file(self, name, real, wrong, append=""):
        """A configuration that names `wrong` where it named the file `real`."""
        return self.conf(name, (f'"{real}"', f'"{wrong}"'), append=append)

    def with_brokers(self, name, address):
        here = NOBODY if name in self.pipeline.http else self.pipeline.broker.address
        return self.conf(name, (here, address))

    def provoke(self, mistake):
        self.fresh(mistake.name)
        made = mistake.provoke(self)
        args, options = made if isinstance(made, tuple) else (made, {})
        cleanup = options.pop("cleanup", None)
        try:
            return run(self.pipeline.program(mistake.program), args, mistake, options)
        finally:
            if cleanup:
                cleanup()


def run(program, args, mistake, options):
    """Runs until the program ends, or, when it is one that goes on, until it has said all that is wanted."""
    began = time.monotonic()
    said, known_at = [], []
    stdin = options.pop("input", None)
    process = subprocess.Popen([program, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, **options)
    if stdin:
        process.stdin.write(stdin)
        process.stdin.close()

    def listen():
        while True:
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                return
            said.append(piece)
            text = b"".join(said).decode(errors="replace")
            if not known_at and all(word in text for word in mistake.words):
                known_at.append(time.monotonic() - began)
                if mistake.status is None:
                    process.terminate()
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        status = process.wait(mistake.seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(12)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        status = "no end"
    listener.join(5)
    process.stdout.close()
    return Outcome(status, b"".join(said).decode(errors="replace"),
                   known_at[0] if known_at else time.monotonic() - began)
