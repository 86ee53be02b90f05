# SPDX-License-Identifier: Apache-2.0
"""The bus and the count: what is damaged, unknown or foreign is parked or refused; the count sees what is missing.

Guarantee 3, total accounting, is test_the_count_sees_a_loss. Broken by hand, each failed there: `sums->lost++` left out
of add_up in ops/ctl/reconcile.c (the decisive line); `out->status` always 0 there; HAVING count(*) > 2 for tips_twice
in schema/store/store_totals.c.
"""
import json
import os
import shutil
import sqlite3
import subprocess

from broker import wait_until
from cases_intake import receipts_in, tips_in_store
from cases_keys import a_tip_arrives, keys_of, put
from expect import equal, holds


def rehearse(pipeline, adapter, count, seed, *args):
    process = pipeline.rehearse(adapter, count, seed, "--rate", "0", "--drain", "60", *args)
    out, _ = process.communicate(timeout=120)
    holds(process.returncode in (0, 65), f"tip-rehearse ended with {process.returncode}: {out}")
    return receipts_in(pipeline.path(f"{adapter}.receipts"))


def test_damaged_frames_refused(pipeline):
    """every damaged frame is refused with a code; nothing else is"""
    receipts = rehearse(pipeline, "desk-a", 200, 1, "--damaged", "10")
    damaged = [r for r in receipts if r["kind"] == "damaged"]
    holds(len(damaged) >= 10, f"{len(damaged)} damaged")
    for r in receipts:
        equal(r["result"] == "refused", r["kind"] == "damaged", f"{r['kind']}")
        holds(r["result"] != "refused" or r["code"] == 100, f"{r}")


def test_unknown_key_parked(pipeline):
    """a tip sealed to a key that nobody has is parked as key-unknown"""
    receipts = rehearse(pipeline, "desk-b", 60, 2, "--unknown-key", "5")
    unknown = {r["tip_id"] for r in receipts if r["kind"] == "unknown-key"}
    equal(len(unknown), 5, "tips sealed to an unknown key")
    pipeline.wait_drained()
    parked = {p["tip_id"]: p["reason"] for p in pipeline.tipctl_json("parked", "list")}
    equal({parked.get(t) for t in unknown}, {"key-unknown"}, "reasons")
    shown = pipeline.tipctl("parked", "show", next(iter(unknown))).stdout
    for word in ("key-unknown", "classify", "tip.sealed"):
        holds(word in shown, f"parked show lacks {word}: {shown}")


def test_foreign_records_parked(pipeline):
    """records that are not ours, without a value, headers or sense, are parked and the stage goes on"""
    kcat = ["kcat", "-b", pipeline.broker.address, "-P"]
    before = len(pipeline.tipctl_json("parked", "list"))
    starts = {name: daemon.starts for name, daemon in pipeline.daemons.items()}
    epoch = keys_of(pipeline, "classify")["seals"]
    subprocess.run([*kcat, "-t", "tip.sealed", "-K", ":", "-H", f"tip-id={os.urandom(16).hex()}", "-Z"], input=b"x:\n",
                   check=True, timeout=30)
    subprocess.run([*kcat, "-t", "tip.sealed", "-k", "x"], input=b"no frame at all\n", check=True, timeout=30)
    for topic in ("tip.classified", "tip.linked", "case.routed"):
        subprocess.run([*kcat, "-t", topic, "-k", "x", "-H", f"tip-id={os.urandom(16).hex()}", "-H", "day=20000"],
                       input=bytes([1, epoch]) + b" not sealed by any key of ours, but as long as one\n" + b"." * 40,
                       check=True, timeout=30)
    wait_until(lambda: len(pipeline.tipctl_json("parked", "list")) >= before + 5, 30, "five parked records")
    reasons = {p["reason"] for p in pipeline.tipctl_json("parked", "list")[before:]}
    holds({"record-null", "record-headers", "record-seal"} <= reasons, f"{reasons}")
    for name in ("classify", "dedupe", "route", "sink"):
        holds(pipeline.ready(name), f"{name} is ready")
        equal(pipeline.daemons[name].starts, starts[name], f"starts of {name}")


def test_no_bus_key_before_all_can_open(pipeline):
    """a bus key is not used as long as one stage has not taken it up; the same command goes on once it has"""
    before = keys_of(pipeline, "classify")["seals"]
    bad = os.path.join(pipeline.path("keys-of", "dedupe"), "200.key")
    put(bad, "this is no key\n")
    result = pipeline.tipctl("keys", "rotate", "bus", "--wait", "3", check=False)
    equal(result.returncode, 75, f"rotate while dedupe cannot: {result.stderr}")
    holds("dedupe" in result.stderr and "goes on" in result.stderr, result.stderr)
    for stage in ("classify", "dedupe", "route"):
        equal(keys_of(pipeline, stage)["seals"], before, f"the epoch {stage} seals with")
    a_tip_arrives(pipeline)
    # One that cannot be asked is passed over when that is wanted, and it alone.
    with open(pipeline.conf_of("tipctl"), encoding="utf-8") as f:
        text = f.read().replace(pipeline.http["classify"], "127.0.0.1:9")
    deaf = os.path.join(pipeline.conf, "deaf.yaml")
    put(deaf, text)
    result = pipeline.run("tipctl", "--config", deaf, "keys", "rotate", "bus", "--wait", "3", "--unasked", check=False)
    os.unlink(deaf)
    equal(result.returncode, 75, f"rotate past a daemon that cannot be asked: {result.stderr}")
    holds("dedupe" in result.stderr, result.stderr)
    equal(keys_of(pipeline, "route")["seals"], before, "the epoch route seals with")
    os.unlink(bad)
    pipeline.tipctl("keys", "rotate", "bus")
    for stage in ("classify", "dedupe", "route"):
        equal(keys_of(pipeline, stage)["seals"], before + 1, f"the epoch {stage} seals with")
    a_tip_arrives(pipeline)


def test_the_count_sees_a_loss(pipeline):
    """reconcile names a tip that is missing from the store, and one that is there twice"""
    rehearse(pipeline, "desk-c", 12, 3)
    pipeline.wait_drained()
    real = pipeline.path("data", "store.db")
    copy = pipeline.path("store-copy.db")
    with sqlite3.connect(f"file:{real}?mode=ro", uri=True) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    os.chmod(copy, 0o600)
    conf = pipeline.conf_of("tipctl") + ".copy"
    with open(pipeline.conf_of("tipctl"), encoding="utf-8") as f:
        text = f.read()
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text.replace(real, copy))

    def reconcile():
        out = pipeline.run("tipctl", "--config", conf, "--json", "reconcile", *pipeline.receipts(), check=False)
        return out.returncode, json.loads(out.stdout)
    status, whole = reconcile()
    equal((status, whole["lost"], whole["stored_twice"]), (0, 0, 0), "the copy as it is")
    victim = next(iter(tips_in_store(pipeline)))
    with sqlite3.connect(copy) as db:
        db.execute("PRAGMA foreign_keys=off")
        db.execute("DELETE FROM tips WHERE tip_id = ?", (bytes.fromhex(victim),))
    status, result = reconcile()
    equal(result["lost"], 1, "lost after one was taken out")
    equal(result["missing"], [victim], "the one that is missing")
    holds(status != 0, "the exit status tells")
    with sqlite3.connect(copy) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='index' AND tbl_name='tips' "
                                  "AND sql IS NOT NULL").fetchall():
            db.execute(f'DROP INDEX "{name}"')
        columns = [c[1] for c in db.execute("PRAGMA table_info(tips)") if not c[5]]
        names = ", ".join(columns)
        twice = db.execute("SELECT tip_id FROM tips LIMIT 1").fetchone()[0]
        db.execute(f"INSERT INTO tips ({names}) SELECT {names} FROM tips WHERE tip_id = ?", (twice,))
    status, result = reconcile()
    equal(result["stored_twice"], 1, "stored twice")
    shutil.copy(copy, copy + ".seen")


def test_second_writer_refused(pipeline):
    """a second sink on the same store, and a second dedupe on the same index, are refused and say why"""
    for name, word in (("sink", "store"), ("dedupe", "index")):
        conf = pipeline.conf_of(name) + ".second"  # with suspects of its own, which one worker alone may have too
        with open(pipeline.conf_of(name), encoding="utf-8") as f, open(conf, "w", encoding="utf-8") as second:
            second.write(f.read().replace(f"{name}.suspects", f"{name}.second.suspects"))
        result = pipeline.run(f"tipline-{name}", "--config", conf, check=False, timeout=60)
        holds(result.returncode in (75, 78), f"{name}: exit {result.returncode}: {result.stderr[-300:]}")
        holds(word in result.stderr, f"{name}: {result.stderr[-300:]}")
