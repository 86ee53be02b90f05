# SPDX-License-Identifier: Apache-2.0
"""Spool records that are torn or have a bit turned over while their adapter is down."""
import contextlib
import os
import sqlite3

from broker import wait_until
from chaos_site import ADAPTERS

RECORDS = 3


def settle(path):
    """The log goes into the file, so that what is damaged there is what will be read."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = db.execute("SELECT id, tip_id, frame FROM tips ORDER BY id").fetchall()
    return rows


def tear(path, row, dice):
    """What a record cut short looks like: fewer bytes than were written."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE tips SET frame = ? WHERE id = ?", (row[2][:dice.randrange(len(row[2]))], row[0]))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def flip(path, row, dice):
    """One bit of the frame, in the file itself; SQLite does not notice."""
    with open(path, "r+b") as f:
        content = f.read()
        piece = row[2][-64:]
        at = content.find(piece)
        if at < 0:  # it lies across two pages
            return tear(path, row, dice)
        at += dice.randrange(len(piece))
        f.seek(at)
        f.write(bytes([content[at] ^ 1 << dice.randrange(8)]))
        f.flush()
        os.fsync(f.fileno())
    return None


def aside(path):
    """tip id → reason of what an adapter keeps in quarantine."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
        return {tip.hex(): (code, reason) for tip, code, reason in
                db.execute("SELECT tip_id, code, reason FROM quarantine")}


def spool(site, how):
    """Shows: what does not hold is quarantined with an alarm, and what lies behind it goes on."""
    name = site.dice.choice(ADAPTERS)
    path, daemon, gateway = site.path("spool", f"{name}.spool"), site.daemons[name], site.daemons["gateway"]
    with site.borrow(name, "gateway"):
        gateway.free.clear()  # so that tips wait in the spool
        try:
            site.kill("gateway")
            site.await_more(lambda: site.kept(name), f"{name} to keep tips", more=RECORDS * 3)
            daemon.free.clear()
            site.kill(name)
            rows = settle(path)
            hurt = site.dice.sample(rows, min(RECORDS, len(rows)))
            for row in hurt:
                site.spoiled.add(row[1].hex())
                (tear if how == "torn" else flip)(path, row, site.dice)
        finally:
            mark = site.log_mark(name)
            daemon.free.set()
            gateway.free.set()
        site.await_ready("gateway")
        site.await_ready(name)
        wait_until(lambda: site.logged_since(mark, "spool.damaged"), 60, f"{name} to say that its spool is damaged")
    site.await_more(site.told, "answers behind the damaged records")
    return f"{len(hurt)} records of {name}, {how}"
