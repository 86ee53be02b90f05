# SPDX-License-Identifier: Apache-2.0
"""Shredding: once an epoch's keys are destroyed, nothing of it opens, with all the keys that are left."""
import json
import os
import shutil
import sqlite3
import subprocess

from cases_intake import receipts_in, stored, submit
from cases_keys import sign_list, states
from expect import equal, holds
from pipeline import TEAMS

GONE, KEPT = "Zukimborevalatheg", "Wopfenturigasdelm"
STORY = "DC Pettigrew of Tottenham takes two hundred pounds a week from the minicab office in return for plate checks"
BUS_TOPICS = ("tip.classified", "tip.linked", "case.routed", "link.index")


def tell(pipeline, marker, count):
    for i in range(count):
        receipts = pipeline.path("shred.receipts")
        submit(pipeline, "webform", "--narrative", f"{STORY} and says {marker} number {i}.", "--receipts", receipts)
        stored(pipeline, receipts_in(receipts)[0]["tip_id"])
        os.unlink(receipts)


def piece(kind, topic, tip_id, data):
    return f"{kind} {topic or '-'} {tip_id or '-'} {len(data)}\n".encode() + data


def from_kafka(pipeline, topic):
    """Every record of a topic: its tip id and value."""
    out = subprocess.run(["kcat", "-b", pipeline.broker.address, "-C", "-t", topic, "-o", "beginning", "-e", "-q",
                          "-X", "fetch.wait.max.ms=10", "-f", "%S %h\n%s"],
                         capture_output=True, check=True, timeout=60).stdout
    at = 0  # never cut from the front: there are thousands of records
    while at < len(out):
        line = out.index(b"\n", at)
        size, _, headers = out[at:line].decode().partition(" ")
        ids = dict(h.split("=", 1) for h in headers.split(",") if "=" in h)
        at = line + 1 + max(int(size), 0)
        yield ids.get("tip-id", ""), out[line + 1:at]


def blobs(path):
    """Every value of every table of an SQLite file: an age file is one wherever it stands."""
    db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            for row in db.execute(f'SELECT * FROM "{table}"'):
                yield from (v for v in row if isinstance(v, bytes) and v.startswith(b"age-encryption.org/v1"))
    finally:
        db.close()


def pieces(pipeline, folders):
    """All that could hold a tip: files as they lie on disk, SQLite's values, records of the bus and of teams."""
    for folder in folders:
        for parent, _, files in os.walk(folder):
            for name in files:
                path = os.path.join(parent, name)
                if os.stat(path).st_blocks == 0:  # nothing but a hole: Kafka makes its index files large beforehand
                    continue
                with open(path, "rb") as f:
                    data = f.read().rstrip(b"\0")
                yield piece("raw", "", "", data)
                if data.startswith(b"SQLite format 3"):
                    for blob in blobs(path):
                        yield piece("age", "", "", blob)
    for topic in BUS_TOPICS:
        for tip_id, value in from_kafka(pipeline, topic):
            yield piece("bus", topic, tip_id, value)
    for team in TEAMS:
        for _, value in from_kafka(pipeline, f"team.{team}"):
            yield piece("age", "", "", value)


def held(pipeline, teams):
    """Every key file of the site that is left, in one folder: those of teams, or all but theirs and the custodian's."""
    folder = pipeline.path("held-teams" if teams else "held")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, mode=0o700)
    roots = [pipeline.path("keys", "teams")] if teams else [pipeline.path("keys"), pipeline.path("keys-of")]
    for root in roots:
        for parent, _, files in os.walk(root):
            for name in files:
                path = os.path.join(parent, name)
                if not teams and (os.sep + "teams" in path or name.startswith("custodian")):
                    continue
                if name.endswith((".identity", ".key")):
                    shutil.copy2(path, os.path.join(folder, os.path.relpath(path, pipeline.state).replace(os.sep, "-")))
    return folder


def opens(pipeline, marker, folders, teams=False):
    tool = os.path.join(os.path.dirname(pipeline.bin), "tests", "open_all")
    result = subprocess.run([tool, marker, held(pipeline, teams)], input=b"".join(pieces(pipeline, folders)),
                            capture_output=True, check=False, timeout=300)
    equal(result.returncode, 0, result.stderr.decode())
    return json.loads(result.stdout)


def confirm(pipeline, operator, epoch):
    path = pipeline.path(f"{operator}.confirmation")
    if os.path.exists(path):
        os.unlink(path)
    pipeline.tipctl("keys", "confirm", path, "--epoch", str(epoch), "--operator",
                    pipeline.path("keys", "operators", f"{operator}.sign"))
    return path


def active(pipeline, kind):
    return next(e for e, state in states(pipeline, kind).items() if state == "active")


def end_epoch(pipeline):
    """Rotates triage, then bus, and retires what was; returns the epochs that ended."""
    ended = {"triage": active(pipeline, "triage"), "bus": active(pipeline, "bus")}
    pipeline.tipctl("keys", "rotate", "triage")
    sign_list(pipeline)
    pipeline.tipctl("keys", "rotate", "triage")
    pipeline.tipctl("keys", "retire", "triage", "--epoch", str(ended["triage"]))
    pipeline.tipctl("keys", "rotate", "bus")
    pipeline.tipctl("keys", "retire", "bus", "--epoch", str(ended["bus"]))
    return sorted(set(ended.values()))


def refuse(pipeline, says, *args):
    result = pipeline.tipctl("keys", "destroy", *args, check=False)
    equal(result.returncode, 78, f"keys destroy {args}: {result.stderr}")
    holds(says in result.stderr, f"keys destroy {args} says {says}: {result.stderr}")


def parked_for_want_of_a_key(pipeline):
    return pipeline.tipctl_json("parked", "list", "--reason", "key-unknown")


def park_one(pipeline):
    """A tip sealed to a key that nobody has; what else is parked so has been discarded before."""
    if parked_for_want_of_a_key(pipeline):
        discard(pipeline)
    out, _ = pipeline.rehearse("desk-c", 10, 7, "--unknown-key", "1").communicate(timeout=60)
    pipeline.wait_drained()
    equal(len(parked_for_want_of_a_key(pipeline)), 1, f"tips parked for want of a key: {out}")


def discard(pipeline):
    pipeline.tipctl("parked", "discard", "--reason", "key-unknown", "--because", "nobody has that key", "--by",
                    "A. Operator")


def test_shredded_epoch(pipeline):
    """after keys destroy nothing of the epoch opens from Kafka's folders, spools, index, store or a backup of them, \
with every key that is left; team cases still open for teams"""
    tell(pipeline, GONE, 4)
    pipeline.wait_drained()
    places = [pipeline.path("broker"), pipeline.path("spool"), pipeline.path("data")]
    before = opens(pipeline, GONE, places)
    holds(before["marked"] >= 4 * 3, f"frames and records of the epoch open as long as its keys are there: {before}")
    epochs = end_epoch(pipeline)
    backup = pipeline.path("backup")
    shutil.rmtree(backup, ignore_errors=True)
    for place in places:
        shutil.copytree(place, os.path.join(backup, os.path.basename(place)))
    for name in ("op.one", "op.two"):
        pipeline.tipctl("keys", "operator", name)
    park_one(pipeline)
    one, two = confirm(pipeline, "op.one", epochs[0]), confirm(pipeline, "op.two", epochs[0])
    refuse(pipeline, "tips are parked for want of a key (1,", one, two, "--epoch", str(epochs[0]))
    discard(pipeline)
    for epoch in epochs:
        one, two = confirm(pipeline, "op.one", epoch), confirm(pipeline, "op.two", epoch)
        refuse(pipeline, "two people", one, one, "--epoch", str(epoch))
        refuse(pipeline, "something else" if epoch + 1 != active(pipeline, "bus") else "", one, two, "--epoch",
               str(epoch + 1))
        with open(two, encoding="utf-8") as f:
            text = f.read()
        forged = pipeline.path("forged.confirmation")
        with open(forged, "w", encoding="utf-8") as f:
            f.write(text.replace("op.two", "op.one", 1))
        refuse(pipeline, "signature", one, forged, "--epoch", str(epoch))
        pipeline.tipctl("keys", "destroy", one, two, "--epoch", str(epoch), "--by", "A. Operator")
    tell(pipeline, KEPT, 2)
    pipeline.wait_drained()
    for where in (places, [backup]):
        after = opens(pipeline, GONE, where)
        equal(after["marked"], 0, f"what of the epoch opens: {after}")
        holds(after["frames"] >= 4 and after["records"] >= 12, f"all of it was tried: {after}")
    holds(opens(pipeline, KEPT, places)["marked"] >= 2 * 3, "what came later opens")
    holds(opens(pipeline, GONE, places, teams=True)["marked"] >= 4, "teams still read their cases")
    for epoch in epochs:
        now = {states(pipeline, kind).get(epoch) for kind in ("triage", "bus")}
        holds("destroyed" in now, f"the inventory says of epoch {epoch}: {now}")
    log = open(pipeline.path("keys", "keys.log"), encoding="utf-8").read()
    holds("confirmed by op.one and op.two" in log, "the audit log names both")
