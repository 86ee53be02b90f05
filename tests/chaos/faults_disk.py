# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, calls that fail, a store that is locked."""
import contextlib
import errno
import sqlite3
import time

from broker import wait_until
from chaos_site import ADAPTERS, pass_time
from faults_process import active_dedupe

# What a program says when it cannot write, in its log or by its end.
LOUD = r"full|space|No space|disk I/O|Input/output|store-|spool|index:"


def disk(site, folder):
    """Shows: who writes there says so and ends or refuses; freed, it goes on; what was kept before is there."""
    names = ADAPTERS if folder == "spool" else ["sink"]
    small, mark = site.disks[folder], site.log_mark(*names)
    with site.borrow(*names):
        for name in names:
            site.await_ready(name)
        small.fill()
        try:
            for name in names:  # started anew, none has room left over in its log
                site.kill(name)
            wait_until(lambda: small.fill() or site.logged_since(mark, LOUD), 60, f"a word about the full {folder}")
            if folder == "spool":
                site.await_still(lambda: small.fill() or site.kept(), "adapters to refuse tips", still=1.5)
            end = time.monotonic() + site.dice.uniform(1, 3)
            wait_until(lambda: small.fill() or time.monotonic() > end, 10, "the fault to last")
        finally:
            small.free()
        for name in names:
            site.await_ready(name)
    site.await_more(site.kept, "adapters to take tips again")
    site.await_more(site.stored, "tips in the store again")
    return f"the folder of the {folder} was full"


DEDUPES = ("dedupe", "dedupe-2")
FAILING = {
    "sink": ("fsync", "write"),
    "dedupe": ("fsync", "write"),
    "adapter": ("fsync", "write", "rename"),
}


def io(site, program):
    """Shows: it ends rather than promise what it could not write, starts again, and goes on when it can."""
    call = site.dice.choice(FAILING[program])
    error = errno.EIO if call == "fsync" else site.dice.choice((errno.EIO, errno.ENOSPC))
    name = site.dice.choice(ADAPTERS) if program == "adapter" else program
    with site.borrow(*DEDUPES if program == "dedupe" else (name,)):
        if program == "dedupe":
            name = active_dedupe(site)
        shim, daemon = site.shims[name], site.daemons[name]
        site.await_ready(name)
        ends, hits = len(daemon.ends), shim.hits()
        shim.fail(call, error)
        try:
            wait_until(lambda: shim.hits() > hits, 60, f"{name} to call {call}")
            if call != "rename":  # that one only shows progress: it must go on without
                wait_until(lambda: len(daemon.ends) > ends, 60, f"{name} to end when {call} fails")
            pass_time(site.dice.uniform(1, 3))
        finally:
            shim.heal()
        site.await_ready(name)
        if call == "rename" and len(daemon.ends) > ends:
            raise AssertionError(f"{name} ended because {call} failed")
    site.await_more(lambda: site.kept(name) if program == "adapter" else site.stored(), f"{name} to go on")
    return f"{call} in {name}: {errno.errorcode[error]}"


def lock(site, _):
    """Shows: the sink waits and tries again; nothing is lost, and it goes on at once when the lock is gone."""
    mark = site.log_mark("sink")
    site.await_ready("sink")
    with contextlib.closing(sqlite3.connect(site.path("data", "store.db"), isolation_level=None, timeout=30)) as db:
        db.execute("BEGIN EXCLUSIVE")
        wait_until(lambda: site.logged_since(mark, "store-locked"), 60, "the sink to say that the store is locked")
        pass_time(site.dice.uniform(0.5, 3))
        db.execute("ROLLBACK")
    site.await_more(site.stored, "tips in the store after the lock")
    return "the store, by an exclusive transaction"
