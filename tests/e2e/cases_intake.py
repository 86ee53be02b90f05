# SPDX-License-Identifier: Apache-2.0
"""Intake: what an adapter gets told, and when."""
import json
import os
import signal

from broker import TOP, wait_until
from expect import equal, holds

MONEY = "DC Pettigrew of Tottenham takes two hundred pounds a week from the minicab office in return for plate checks."


def submit(pipeline, adapter, *args, check=True, **kwargs):
    return pipeline.run("tip-submit", "--config", pipeline.conf_of(adapter), *args, check=check, **kwargs)


def receipts_in(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def submit_tips(pipeline, adapter, tips, check=True):
    """Submits documents from a file; returns the receipts."""
    source, receipts = pipeline.path("tips.in"), pipeline.path(f"{adapter}-by-hand.receipts")
    if os.path.exists(receipts):
        os.rename(receipts, f"{receipts}.{os.urandom(4).hex()}.receipts")
    with open(source, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(t) + "\n" for t in tips)
    result = submit(pipeline, adapter, "--receipts", receipts, source, check=check)
    with open(pipeline.path("log", f"{adapter}-by-hand.log"), "a", encoding="utf-8") as log:
        log.write(result.stdout + result.stderr)  # searched with the others' by test_no_marker_anywhere
    return receipts_in(receipts)


def tips_in_store(pipeline):
    return {t["tip_id"]: t for t in pipeline.tipctl_json("cases", "tips")}


def stored(pipeline, tip_id):
    """Waits until a tip is in the store; returns its row."""
    return wait_until(lambda: tips_in_store(pipeline).get(tip_id), 30, f"tip {tip_id} to be stored")


def parked(pipeline, tip_id):
    def find():
        return next((p for p in pipeline.tipctl_json("parked", "list") if p["tip_id"] == tip_id), None)
    return wait_until(find, 30, f"tip {tip_id} to be parked")


def test_one_tip_from_flags(pipeline):
    """a tip given by flags is accepted and arrives"""
    receipts = pipeline.path("flags.receipts")
    result = submit(pipeline, "webform", "--narrative", MONEY, "--receipts", receipts)
    holds(MONEY not in result.stdout + result.stderr, "tip-submit prints the tip")
    receipt = receipts_in(receipts)[0]
    equal(receipt["result"], "stored", "receipt")
    equal(stored(pipeline, receipt["tip_id"])["outcome"], "investigate", "outcome")


def test_bad_lines_are_named(pipeline):
    """each bad line of a file is refused by number and reason, the others go through, and the status tells"""
    source = pipeline.path("mixed.jsonl")
    with open(source, "wb") as f:
        f.write(b'{"narrative":"PC Rudge sells stories to a reporter."}\n{"narrative":\n{"narrative":7}\n'
                b'{"narrative":"x","narrative":"y"}\n{"narrative":"\xff"}\n' + b"[" * 100000 + b"\n")
    result = submit(pipeline, "partner", source, check=False)
    equal(result.returncode, 65, result.stderr)
    for line, reason in ((2, "json-syntax"), (3, "tip-invalid"), (4, "json-duplicate-key"), (5, "json-utf8"),
                         (6, "json-depth")):
        holds(any(f"{line}" in t and reason in t for t in (result.stdout + result.stderr).splitlines()),
              f"line {line}, {reason}: {result.stderr}")


def test_dry_run_sends_nothing(pipeline):
    """--dry-run checks and sends nothing"""
    before = pipeline.status("gateway")["in"]
    submit(pipeline, "webform", "--dry-run", "--narrative", MONEY)
    equal(pipeline.status("gateway")["in"], before, "submits at the gateway")


def test_store_copy(pipeline):
    """a copy of the store, taken while the sink runs, holds every tip, and opens as one"""
    stored(pipeline, submit_tips(pipeline, "partner", [{"narrative": MONEY}])[-1]["tip_id"])
    pipeline.wait_drained()
    copy = pipeline.path("copy.db")
    said = pipeline.tipctl_json("store", "copy", copy)
    equal(said["tips"], len(tips_in_store(pipeline)), "tips in the copy")
    equal(len(pipeline.tipctl_json("cases", "tips", "--store", copy)), said["tips"], "tips that cases shows")
    again = pipeline.run("tipctl", "--config", pipeline.conf_of("tipctl"), "store", "copy", copy, check=False)
    holds(again.returncode == 65 and "stays as it is" in again.stderr, f"a copy over a copy: {again}")


def test_repeat_is_one_tip(pipeline):
    """the same tip again is acknowledged, counted, and stored once"""
    tip = {"narrative": "Sgt Albright at Hendon takes free meals and warns the owner of raids.",
           "tip_id": os.urandom(16).hex()}
    for _ in range(3):
        receipt = submit_tips(pipeline, "partner", [tip])[-1]
        holds(receipt["result"] in ("stored", "duplicate"), f"{receipt}")
    stored(pipeline, tip["tip_id"])
    pipeline.wait_drained()
    result = pipeline.tipctl_json("reconcile")
    equal((result["stored_twice"], result["lost"]), (0, 0), "reconcile")


def test_same_id_other_content(pipeline):
    """another tip under a used id is kept, parked as a conflict"""
    tip_id = os.urandom(16).hex()
    first = {"narrative": "A PC called Denholm shares photos of the dead.", "tip_id": tip_id}
    submit_tips(pipeline, "partner", [first])
    stored(pipeline, tip_id)
    submit_tips(pipeline, "partner", [{"narrative": "Something else altogether about a DS.", "tip_id": tip_id}])
    equal(parked(pipeline, tip_id)["reason"], "id-conflict", "reason")
    holds(tip_id in tips_in_store(pipeline), "the first tip is still stored")


def test_forbidden_channel(pipeline):
    """a tip on a channel that its adapter may not use is parked, not lost"""
    receipt = submit_tips(pipeline, "webform", [{"narrative": MONEY, "channel": "phone"}])[-1]
    equal(parked(pipeline, receipt["tip_id"])["reason"], "channel-forbidden", "reason")


def test_ack_waits_for_the_broker(pipeline):
    """no tip is acknowledged while the broker cannot have it; it is kept, and goes through afterwards"""
    if not pipeline.broker.restartable:
        return "the embedded broker cannot be restarted"
    receipts = pipeline.path("outage.receipts")
    pipeline.broker.process.send_signal(signal.SIGSTOP)
    try:
        result = submit(pipeline, "callhandler", "--narrative", MONEY, "--receipts", receipts, "--wait", "3",
                        check=False, timeout=60)
        equal(result.returncode, 75, f"tip-submit: {result.stderr}")
        holds(not os.path.exists(receipts) or not receipts_in(receipts), "acknowledged without a broker")
    finally:
        pipeline.broker.process.send_signal(signal.SIGCONT)
    # The spool holds it: a run that gives nothing new takes it along.
    submit(pipeline, "callhandler", "--resume", "--receipts", receipts, timeout=90)
    receipt = receipts_in(receipts)[-1]
    holds(receipt["result"] in ("stored", "duplicate"), f"{receipt}")
    stored(pipeline, receipt["tip_id"])
    return None


def full_spools_end(pipeline):
    """A revoked adapter whose spool is full ends too: there will be no room."""
    spool = {"path": pipeline.path("spool", "revoked.spool"), "max_tips": 5}
    pipeline._write_yaml("revoked", pipeline.adapter_conf("webform", spool=spool))
    source = pipeline.path("revoked.in")
    with open(source, "w", encoding="utf-8") as f:
        f.writelines(json.dumps({"narrative": f"{MONEY} {i}", "contact": "none"}) + "\n" for i in range(9))
    for name, *args in (("tip-submit", source), ("tip-rehearse", "--count", "9", "--tips",
                                                 os.path.join(TOP, "tests", "data", "tips.jsonl"))):
        result = pipeline.run(name, "--config", pipeline.conf_of("revoked"), *args, check=False, timeout=60)
        equal(result.returncode, 69, f"{name} with a full spool: {result.stderr}")
        holds("refuses this adapter" in result.stderr, f"{name} says why: {result.stderr}")


def test_revoked_adapter(pipeline):
    """an adapter taken off the list is refused at its next message, without a restart of the gateway"""
    listing = pipeline.path("keys", "adapters.yaml")
    with open(listing, encoding="utf-8") as f:
        before = f.read()
    line = next(text for text in before.splitlines() if text.strip() == "- name: webform")
    changed = before.replace(line, f"{line}\n    revoked: true", 1)
    try:
        with open(listing, "w", encoding="utf-8") as f:
            f.write(changed)
        pipeline.daemons["gateway"].kill(signal.SIGHUP)
        result = submit(pipeline, "webform", "--narrative", MONEY, "--wait", "50", check=False, timeout=60)
        # A new connection is refused in the handshake already; the tip stays in the spool.
        equal(result.returncode, 69, f"exit status of a revoked adapter: {result.stderr}")
        holds("refuses this adapter" in result.stderr, f"it says why: {result.stderr}")
        holds("1 wait in the spool" in result.stderr, f"it says that the tip waits: {result.stderr}")
        full_spools_end(pipeline)
        holds(pipeline.status("gateway")["revoked"] > 0, "the gateway counts it")
        with open(pipeline.path("log", "gateway.log"), encoding="utf-8") as f:
            holds("event=gateway.not_admitted " in f.read(), "and says it")
    finally:
        with open(listing, "w", encoding="utf-8") as f:
            f.write(before)
        pipeline.daemons["gateway"].kill(signal.SIGHUP)
    submit(pipeline, "webform", "--resume", timeout=90)
