# SPDX-License-Identifier: Apache-2.0
"""The pipeline as chaos runs it: three brokers, two classify, a dedupe and its standby, adapters under supervision, the
folders of spools and stores on disks that can be filled, and a shim in every daemon.

A fault borrows what it works on, so that two faults never pull at one process; kills take what is not borrowed.
"""
import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

from broker import TOP, KafkaCluster, free_port, wait_until
from mounts import SmallDisk
from pipeline import DAEMONS, REHEARSAL_ADAPTERS, Daemon, Pipeline, count_lines
from shims import Shim

HERE = os.path.abspath(os.path.dirname(__file__))
# name: which program and configuration it is. Guests come and go; the others are always there.
TWINS = {"classify-2": "classify", "dedupe-2": "dedupe"}
GUESTS = {"classify-guest": "classify", "route-guest": "route", "sink-guest": "sink"}
ADAPTERS = [name for name, _ in REHEARSAL_ADAPTERS]
STAYERS = DAEMONS + list(TWINS)
PARTITIONS = {"classify": 6, "dedupe": 1, "route": 6, "sink": 6}
READY_S = 90  # a bound for what takes a second on a machine that has nothing else to do


def program_of(name):
    return TWINS.get(name) or GUESTS.get(name) or name


class Rehearsing(Daemon):
    """An adapter whose every incarnation tells other tips. What the one before left is in its spool."""

    def __init__(self, name, argv, log, env, seed):
        super().__init__(name, argv, log, env)
        self.seed = seed

    def command(self):
        return [*self.argv, "--seed", str(self.seed + self.starts)]


class Site(Pipeline):
    def __init__(self, state, bin_dir, shim, seed, rate, mountable):
        super().__init__(state, bin_dir)
        self.broker = KafkaCluster(self.path("broker"))
        self.shim_library, self.rate = os.path.abspath(shim), rate
        self.seed, self.dice = seed, random.Random(seed + 2)
        self.shims, self.spoiled = {}, set()  # spoiled: tips whose spool record the harness damaged
        self.lock, self.borrowed = threading.Lock(), set()
        self.store, self.last_stored = self.path("data", "store.db"), 0
        self.began = time.monotonic()
        self.disks = {f: SmallDisk(self.path(f)) for f in ("data", "spool")} if mountable else {}
        os.makedirs(self.path("shim"))

    def say(self, kind, text):
        print(f"  {time.monotonic() - self.began:7.1f} s  {kind:10} {text}", file=sys.stderr, flush=True)

    def prepare(self):
        self.broker.start()
        wait_until(lambda: len(re.findall(r"^ +broker \d+ at", self.kcat(), re.M)) == len(self.broker.brokers), 120,
                   "all brokers to have met")
        super().prepare()

    def kcat(self):
        return subprocess.run(["kcat", "-L", "-b", self.broker.address, "-m", "5"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL).stdout

    # -- configuration -----------------------------------------------------------------------------------------

    def write_conf(self):
        super().write_conf()
        for name in [*TWINS, *GUESTS]:
            self.http[name] = f"127.0.0.1:{free_port()}"
            self._write(name, self.own_conf(name))

    def own_conf(self, name):
        conf = super().own_conf(program_of(name))
        # A state of its own: no two processes may have one file.
        for key, file in (("index", f"{name}.index"), ("store", f"{name}.db")):
            if key in conf and name != program_of(name):
                conf[key] = self.path("data", file)
        if name != program_of(name):
            conf["stage"] = {"suspects": self.path("data", f"{name}.suspects")}
        return conf

    def _write(self, name, conf):
        super()._write(name, conf)
        if name in GUESTS:  # a member that the group does not wait for: its coming and going moves partitions
            with open(self.conf_of(name), encoding="utf-8") as f:
                text = f.read()
            with open(self.conf_of(name), "w", encoding="utf-8") as f:
                f.write(re.sub(r"^  instance: .*\n", "", text, flags=re.M))

    def make_keys(self):
        """With a list of recipients that is valid whatever a wrong clock says: here that is about what clocks date."""
        super().make_keys()
        self.run("tipctl", "recipients", "sign", self.path("keys", "recipients.json"), "--root",
                 self.path("keys", "root.key"), "--from", "2000-01-01", "--until", "2099-12-31")

    def adapter_conf(self, name, **changes):
        quick = {"min": "100ms", "max": "2s", "stopped": "2s"}
        return super().adapter_conf(name, reconnect=quick, **changes)

    # -- processes ---------------------------------------------------------------------------------------------

    def _env(self, name):
        self.shims[name] = self.shims.get(name) or Shim(self.path("shim", name))
        return self.shims[name].env(self.shim_library, self.state)

    def start_daemon(self, name):
        argv = [self.program(f"tipline-{program_of(name)}"), "--config", self.conf_of(name)]
        self.daemons[name] = Daemon(name, argv, self.log_of(name), self._env(name))
        self.daemons[name].start()

    def start_adapter(self, name, seed):
        many = 1000000  # it goes on until it is stopped
        argv = [self.program("tip-rehearse"), "--config", self.conf_of(name),
                "--tips", os.path.join(TOP, "tests", "data", "tips.jsonl"), "--staff", self.staff(),
                "--count", str(many), "--rate", str(self.rate / len(ADAPTERS)), "--retries", "5", "--damaged", "1",
                "--unknown-key", str(many // 200), "--conflicted", str(many // 100), "--drain", "0",
                "--receipts", self.path(f"{name}.receipts"), "--kept", self.path(f"{name}.kept"),
                "--progress-file", self.path("spool", f"{name}.progress")]
        self.daemons[name] = Rehearsing(name, argv, self.log_of(name), self._env(name), seed)
        self.daemons[name].start()

    def start_all(self, seed):
        for name in STAYERS:
            self.start_daemon(name)
        for name in STAYERS:
            self.await_ready(name)
        for i, name in enumerate(ADAPTERS):
            self.start_adapter(name, seed * 1000000 + i * 100000)

    def log_of(self, name):
        return self.path("log", f"{name}.log")

    def await_ready(self, name, seconds=READY_S):
        def ready():
            daemon = self.daemons[name]
            if not daemon.is_alive():
                raise AssertionError(f"{name} ended for good with {daemon.ends[-1]}: see {self.log_of(name)}")
            return daemon.alive() and (name in ADAPTERS or self.ready(name))
        wait_until(ready, seconds, f"{name} ready (see {self.log_of(name)})")

    def kill(self, name, sig=signal.SIGKILL, seconds=READY_S):
        """Ends the running incarnation, waiting for one if need be."""
        daemon = self.daemons[name]
        n = len(daemon.ends)
        wait_until(lambda: daemon.kill(sig), seconds, f"{name} to be there for a signal")
        if sig in (signal.SIGKILL, signal.SIGTERM):
            wait_until(lambda: len(daemon.ends) > n, seconds, f"{name} to end")

    @contextlib.contextmanager
    def guest(self, name):
        """Another member of a group, for a while. It leaves in order or by SIGKILL, as the dice have it."""
        self.start_daemon(name)
        try:
            self.await_ready(name)
            yield self.daemons[name]
        finally:
            daemon = self.daemons.pop(name)
            daemon.stopping.set()
            daemon.kill(self.dice.choice((signal.SIGTERM, signal.SIGKILL)))
            daemon.join_or_kill(20)

    @contextlib.contextmanager
    def borrow(self, *names):
        """These are this fault's alone, until it is over."""
        wait_until(lambda: self.take(names), READY_S, f"{', '.join(names)} to be free of other faults")
        try:
            yield
        finally:
            with self.lock:
                self.borrowed.difference_update(names)

    def take(self, names):
        with self.lock:
            if self.borrowed & set(names):
                return False
            self.borrowed.update(names)
            return True

    # -- what can be seen --------------------------------------------------------------------------------------

    def partitions(self, name):
        status = self.status(name)
        return status["partitions"] if status else 0

    def told(self):
        """How many tips adapters were told the bus has. Repeats are not in it: the gateway knows them by itself."""
        return sum(count_in(path, b'"result":"stored"') for path in self.receipts())

    def kept(self, *names):
        return sum(count_lines(self.path(f"{name}.kept")) for name in names or ADAPTERS)

    def await_more(self, count, what, seconds=READY_S, more=5):
        """The count grows: that part of the pipeline works."""
        first = count()
        wait_until(lambda: count() >= first + more, seconds, what)

    def await_still(self, count, what, seconds=READY_S, still=2.0):
        """The count does not grow for `still` seconds."""
        seen = {"n": count(), "since": time.monotonic()}

        def unmoved():
            n = count()
            if n != seen["n"]:
                seen.update(n=n, since=time.monotonic())
            return time.monotonic() - seen["since"] >= still
        wait_until(unmoved, seconds, what)

    def stored(self):
        """How many tips the store has, or had when it could last be read."""
        with contextlib.suppress(sqlite3.Error):
            with contextlib.closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=1)) as db:
                self.last_stored = db.execute("SELECT count(*) FROM tips").fetchone()[0]
        return self.last_stored

    def log_mark(self, *names):
        """Where the logs end now, for logged_since."""
        return {name: os.path.getsize(self.log_of(name)) for name in names}

    def logged_since(self, mark, pattern):
        for name, start in mark.items():
            with open(self.log_of(name), "rb") as f:
                f.seek(start)
                if re.search(pattern.encode(), f.read()):
                    return True
        return False

    def isr_whole(self):
        """Every partition has all its copies in step."""
        isrs = re.findall(r"isrs: ([\d,]+)", self.kcat())
        return bool(isrs) and all(len(isr.split(",")) == len(self.broker.brokers) for isr in isrs)

    def keep_disks(self):
        for disk in self.disks.values():
            disk.keep()


def count_in(path, piece):
    with open(path, "rb") as f:
        return f.read().count(piece)


def pass_time(seconds):
    """How long a fault lasts is a matter of the plan, not of awaiting work."""
    threading.Event().wait(seconds)
