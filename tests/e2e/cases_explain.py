# SPDX-License-Identifier: Apache-2.0
"""tipctl explain, asked by each who may ask it, with each kind of key."""
import json
import os
import signal
import subprocess

from broker import wait_until
from cases_intake import parked, stored, submit_tips
from expect import equal, holds

MARK = "Quillfeather"  # a member of corruption, by tests/data/staff.yaml
TIP = {"narrative": f"DI {MARK} of the squad takes bribes: five hundred pounds in cash for each raid he tells of."}
STAGES = ["gateway", "classify", "dedupe", "route", "sink"]


def explain(pipeline, tip_id, *args, check=True):
    return pipeline.tipctl_json("explain", tip_id, *args, check=check)


def identity(pipeline, team):
    return pipeline.path("keys", "teams", f"{team}.identity")


def conflicted(pipeline):
    tip_id = submit_tips(pipeline, "partner", [TIP])[-1]["tip_id"]
    stored(pipeline, tip_id)
    return tip_id


def test_explain_without_a_key(pipeline):
    """explain without a key tells every stage's day, release and configuration, and nothing about a conflict"""
    tip_id = conflicted(pipeline)
    told = explain(pipeline, tip_id)
    equal(told["state"], "stored", "state")
    equal([s["stage"] for s in told["stages"]], STAGES, "stages")
    for stage in told["stages"]:
        holds(stage["day"], f"a day of {stage['stage']}")
        if stage["stage"] != "gateway":
            log = open(pipeline.path("log", f"{stage['stage']}.log"), encoding="utf-8").read()
            holds(f"config={stage['configuration']}" in log, f"{stage['stage']} logged {stage['configuration']}")
    holds(len(told["policy_hash"]) == 64 and told["rule"], "rule and policy")
    text = json.dumps(told) + pipeline.tipctl("explain", tip_id).stdout
    for word in ("oversight", "corruption", MARK, "bribe"):
        shown = text.replace(told["rule"], "")
        holds(word not in shown, f"{word!r} is shown to who holds no key")
    for member in ("teams", "conflict", "conflict_with", "reason"):
        holds(member not in told, f"{member} is shown to who holds no key")
    equal(len(told["not_shown"]), 3, "what is not shown is said")


def test_explain_with_the_bus_key(pipeline):
    """explain with the stages' bus key shows scores and the words matched; with the sink's, no word"""
    tip_id = conflicted(pipeline)
    told = explain(pipeline, tip_id, "--bus-key", pipeline.path("keys-of", "route"))
    holds("bribe" in " ".join(str(e["text"]) for e in told["evidence"]).lower(), "the words matched")
    equal((told["teams"], told["conflict"], told["not_shown"]), (["oversight"], True, []), "teams")
    holds(len(told["lexicon_hash"]) == 64, "lexicon")
    told = explain(pipeline, tip_id, "--bus-key", pipeline.path("keys-of", "sink"))
    equal((told["teams"], told["conflict"]), (["oversight"], True), "teams")
    holds(told["evidence"] and all(e["text"] is None for e in told["evidence"]), "the sink's key shows no word")


def test_explain_with_an_identity(pipeline):
    """explain with a team's identity tells what went to that team, and nothing of what did not"""
    tip_id = conflicted(pipeline)
    told = explain(pipeline, tip_id, "--identity", identity(pipeline, "oversight"))
    equal(told["conflict_with"], ["corruption"], "conflict with")
    holds(told["reason"] and any(e["text"] for e in told["evidence"]), "reason and words")
    told = explain(pipeline, tip_id, "--identity", identity(pipeline, "corruption"))
    holds(not {"teams", "conflict", "reason"} & set(told), "the team that was passed over learns nothing")
    equal(told["evidence"], [], "evidence")
    other = os.path.join(pipeline.state, "nostore.db")
    told = explain(pipeline, tip_id, "--store", other, "--identity", identity(pipeline, "oversight"),
                   "--team", "oversight")
    equal((told["teams"], told["conflict"]), (["oversight"], True), "from the team's own topic")


def test_explain_by_a_few_digits(pipeline):
    """explain takes the beginning of an id, and says where it looked for one that nothing has"""
    tip_id = conflicted(pipeline)
    equal(explain(pipeline, tip_id[:10])["tip_id"], tip_id, "completed")
    result = pipeline.tipctl("--json", "explain", "0" * 32, check=False)
    told = json.loads(result.stdout)
    equal((result.returncode, told["state"]), (1, "unknown"), "unknown tip")
    equal([p["where"] for p in told["looked_at"]][-1], "store", "the places looked at")
    holds(all(p["found"] == 0 for p in told["looked_at"]) and told["looked_at"][0]["read"] > 0, "how far")
    for text, status in (("ffff", 64), ("xyzxyz", 64), ("0123456789", 65)):
        equal(pipeline.tipctl("explain", text, check=False).returncode, status, f"explain {text}")


def test_explain_without_a_broker(pipeline):
    """explain without a broker tells what the store has, and that the bus was not looked at"""
    tip_id = conflicted(pipeline)
    conf = pipeline.path("conf", "nobroker.yaml")
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"kafka:\n  brokers: 127.0.0.1:1\ntimeout: 300ms\nstore: {pipeline.path('data', 'store.db')}\n")
    argv = [pipeline.program("tipctl"), "--config", conf, "--json", "explain", tip_id]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    told = json.loads(result.stdout)
    equal((result.returncode, told["state"]), (0, "stored"), result.stderr)
    equal([s["stage"] for s in told["stages"]], STAGES[1:], "stages by the store's own steps")
    holds("no broker" in told["looked_at"][0]["remark"], "says that it could not look")


def test_explain_a_parked_tip(pipeline):
    """explain says of a parked tip where, why and what to do, and after it was discarded that it was"""
    receipt = submit_tips(pipeline, "webform", [{**TIP, "channel": "phone"}])[-1]
    tip_id = receipt["tip_id"]
    parked(pipeline, tip_id)
    told = explain(pipeline, tip_id)
    equal((told["state"], [s["stage"] for s in told["stages"]]), ("parked", ["gateway"]), "state and stages")
    row = told["parked"][0]
    equal((row["reason"], row["stage"], row["state"]), ("channel-forbidden", "classify", "open"), "why")
    holds(row["means"] and row["todo"] and row["day"], f"what to do: {row}")
    holds(not {"teams", "conflict"} & set(told), "nothing is said of what nobody has decided")
    equal(told["not_shown"], [], "what nobody has decided is not hidden either")
    text = pipeline.tipctl("explain", tip_id).stdout
    holds("keys.adapters" in row["todo"] and "channels" in row["todo"], row["todo"])
    shown = pipeline.tipctl("cases", "show", tip_id, check=False)
    equal((shown.returncode, "tipctl explain" in shown.stderr), (65, True), shown.stderr)
    for word in ("channel-forbidden", row["todo"], "see the reason"):
        holds(word in text, f"{word!r} is in {text}")
    pipeline.tipctl("parked", "discard", tip_id, "--because", "a test", "--by", "e2e")
    told = explain(pipeline, tip_id)
    equal((told["state"], told["parked"][0]["state"]), ("discarded", "discarded"), "state")
    holds("--state discarded" in told["means"], told["means"])


def test_explain_two_tips_of_one_id(pipeline):
    """explain of an id under which a second tip came shows the stages of the first, and which one was parked"""
    tip_id = conflicted(pipeline)
    before = {s["stage"]: s["where"] for s in explain(pipeline, tip_id)["stages"]}
    submit_tips(pipeline, "webform", [{"narrative": "Something else under the id of another.", "tip_id": tip_id}])
    equal(parked(pipeline, tip_id)["reason"], "id-conflict", "the second is parked")
    told = explain(pipeline, tip_id)
    equal({s["stage"]: s["where"] for s in told["stages"]}, before, "the rows are those of the first")
    equal((told["state"], "another tip with this id" in told["means"]), ("stored", True), told["means"])
    row = told["parked"][0]
    holds(row["came_from"].startswith("tip.classified 0/") and row["came_from"] != before["classify"], f"{row}")
    pipeline.tipctl("parked", "discard", tip_id, "--because", "a test", "--by", "e2e")


def test_explain_a_tip_in_flight(pipeline):
    """explain says of a tip that waits for a stage which one, and what the stages before it decided"""
    route = pipeline.daemons["route"]
    ends = len(route.ends)
    route.free.clear()
    try:
        route.kill(signal.SIGTERM)
        wait_until(lambda: len(route.ends) > ends, 15, "route to end")
        tip_id = submit_tips(pipeline, "partner", [TIP])[-1]["tip_id"]
        wait_until(lambda: explain(pipeline, tip_id).get("waits_for") == "route", 20, "the tip to wait for route")
        told = explain(pipeline, tip_id, "--bus-key", pipeline.path("keys-of", "dedupe"))
        equal((told["state"], [s["stage"] for s in told["stages"]]), ("in-flight", STAGES[:3]), "state and stages")
        unseen = explain(pipeline, tip_id)["not_shown"]
        equal([h["needs"].split()[0] for h in unseen], ["--bus-key"] * 2, "no team has it yet, so none can look")
        holds(told["labels"] and told["case_id"] and "outcome" not in told, "classified and linked, not routed")
        text = pipeline.tipctl("explain", tip_id).stdout
        holds("waits_for" in text and "route" in text and "tipctl status" in text, text)
    finally:
        route.free.set()
    stored(pipeline, tip_id)
    equal(explain(pipeline, tip_id)["state"], "stored", "state at last")


def test_explain_reads_no_more_than_needed(pipeline):
    """explain reads the partition of a tip's id alone, from the day it came, and all of a topic for an unknown tip"""
    def read(*args):
        told = explain(pipeline, *args, check=False)
        return {p["where"]: p["read"] for p in told["looked_at"]}, told
    tip_id = conflicted(pipeline)
    pipeline.wait_drained()
    known, _ = read(tip_id)
    every, _ = read("0" * 32)
    holds(0 < known["tip.sealed"] < every["tip.sealed"], f"tip.sealed: {known} of {every}")
    equal((known["store"], every["store"]), (1, 0), "rows of the store")
    later, told = read(tip_id, "--since", "2199-01-01", "--store", pipeline.path("nostore.db"))
    equal((told["state"], sum(later.values())), ("unknown", 0), "nothing is younger")
    equal(pipeline.tipctl("explain", tip_id, "--since", "soon", check=False).returncode, 64, "--since soon")
