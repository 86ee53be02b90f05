# SPDX-License-Identifier: Apache-2.0
"""What an operator does about parked records: replay and discard, once each, also when tipctl is killed midway."""
import collections
import glob
import json
import os
import random
import signal
import subprocess
import time

from broker import wait_until
from cases_intake import receipts_in, tips_in_store
from expect import equal, holds

CUT_OFF = "desk-c"
KILLED_TIPS = 500
KILLS = 6
CHUNK = 90  # of a replay that is to be killed


def restart(pipeline, name):
    daemon = pipeline.daemons[name]
    ends = len(daemon.ends)
    daemon.kill(signal.SIGTERM)
    wait_until(lambda: len(daemon.ends) > ends, 15, f"{name} to end")
    wait_until(lambda: pipeline.ready(name), 30, f"{name} ready again")


class WithoutAdapter:
    """classify does not know the adapter as long as this lasts."""

    def __init__(self, pipeline):
        self.pipeline, self.conf = pipeline, pipeline.conf_of("classify")
        with open(self.conf, encoding="utf-8") as f:
            self.whole = f.read()

    def use(self, text):
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text)
        restart(self.pipeline, "classify")

    def __enter__(self):
        known = self.pipeline.path("keys", "adapters.yaml")
        with open(known, encoding="utf-8") as f:
            entries = ("\n" + f.read()).split("\n  - ")
        kept = [e for e in entries if f"name: {CUT_OFF}" not in e]
        equal(len(kept), len(entries) - 1, "adapters but one")
        fewer = self.pipeline.path("keys", "adapters-fewer.yaml")
        with open(fewer, "w", encoding="utf-8") as f:
            f.write("\n  - ".join(kept).lstrip("\n") + "\n")
        os.chmod(fewer, 0o600)
        self.use(self.whole.replace(known, fewer))

    def __exit__(self, *_):
        self.use(self.whole)


def park(pipeline, count, seed):
    """That many tips of an adapter that classify does not know for a while; their ids."""
    receipts = pipeline.path(f"parked-{seed}.receipts")
    with WithoutAdapter(pipeline):
        process = pipeline.rehearse(CUT_OFF, count, seed, "--rate", "0", "--drain", "60", "--receipts", receipts)
        out, _ = process.communicate(timeout=120)
        holds(process.returncode in (0, 65), f"tip-rehearse ended with {process.returncode}: {out}")
        ids = {r["tip_id"] for r in receipts_in(receipts) if r["result"] == "stored"}
        pipeline.wait_drained()
    parked = {p["tip_id"] for p in pipeline.tipctl_json("parked", "list", "--reason", "adapter-unknown")}
    equal(ids - parked, set(), "parked")
    return ids


def replayed_records(pipeline):
    """How often each offset of tip.parked was put back on tip.sealed, by the records themselves."""
    result = subprocess.run(["kcat", "-b", pipeline.broker.address, "-C", "-t", "tip.sealed", "-e", "-q", "-f", "%h\n"],
                            capture_output=True, check=True, timeout=120)
    headers = [dict(h.split("=", 1) for h in line.split(",") if "=" in h)
               for line in result.stdout.decode(errors="replace").splitlines()]
    return collections.Counter(h["parked-from"] for h in headers if "parked-from" in h)


def balance(pipeline):
    count = pipeline.tipctl_json("reconcile", *pipeline.receipts(), check=False)
    equal((count["lost"], count["stored_twice"]), (0, 0), f"lost, stored twice: {count}")
    places = ("stored", "parked", "discarded", "in_flight")
    equal(count["accepted"], sum(count[p] for p in places), f"the sum of {count}")
    return count


def test_replay_asks_which(pipeline):
    """replay and discard without a selection, with an impossible one or without a reason end with 64 and say why"""
    for args, word in (((), "which ones"), (("--all", "--reason", "poison"), "--all"),
                       (("--reason", "nonsense"), "nonsense"), (("--stage", "gateway"), "classify"),
                       (("--since", "yesterday"), "2026-11-24"),
                       (("--since", "2026-02-30"), "a day"),
                       (("--since", "2026-03-02", "--until", "2026-03-01"), "after"),
                       (("0123",), "no tip id")):
        result = pipeline.tipctl("parked", "replay", *args, check=False)
        equal(result.returncode, 64, f"replay {args}: {result.stderr}")
        holds(word in result.stderr, f"replay {args}: {result.stderr}")
    for args in (("--all",), ("--all", "--by", "a"), ("--all", "--because", " ", "--by", "b")):
        result = pipeline.tipctl("parked", "discard", *args, check=False)
        equal(result.returncode, 64, f"discard {args}: {result.stderr}")
        holds("--because" in result.stderr and "--by" in result.stderr, result.stderr)
    unknown = os.urandom(16).hex()
    nothing = pipeline.tipctl("parked", "replay", unknown, check=False)
    equal(nothing.returncode, 1, f"an unknown tip: {nothing.stdout}")
    holds("nothing parked matches" in nothing.stdout and unknown in nothing.stdout, nothing.stdout)


def test_parked_replay(pipeline):
    """what was parked for a reason that was mended is replayed, two at a time, and stored once"""
    if pipeline.broker.name == "embedded":
        return "the embedded broker is not asked to"
    before, replayed_before = balance(pipeline), replayed_records(pipeline)
    ids = park(pipeline, 60, 71)
    rows = {p["tip_id"]: p for p in pipeline.tipctl_json("parked", "list", "--stage", "classify")}
    first, second = sorted(ids)[:2]
    equal(balance(pipeline)["parked"], before["parked"] + len(ids), "parked")
    dry = pipeline.tipctl_json("parked", "replay", "--reason", "adapter-unknown", "--dry-run")
    equal((dry["selected"], dry["replayed"], replayed_records(pipeline)), (len(ids), 0, replayed_before), "a dry run")
    # By id; again it finds that nothing is left to do.
    unknown = os.urandom(16).hex()
    by_id = pipeline.tipctl_json("parked", "replay", first, second, unknown, check=False)
    equal((by_id["replayed"], by_id["not_found"]), (2, [unknown]), "by id")
    again = pipeline.tipctl("parked", "replay", first)
    holds("replayed or discarded before" in again.stdout, again.stdout)
    # Two operators at the same time.
    both = [subprocess.Popen([pipeline.program("tipctl"), "--config", pipeline.conf_of("tipctl"), "--json", "parked",
                              "replay", "--reason", "adapter-unknown", "--since", rows[first]["day"]],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [p.communicate(timeout=120) for p in both]
    equal([p.returncode for p in both], [0, 0], f"exit statuses: {said}")
    equal(sum(json.loads(out)["replayed"] for out, _ in said), len(ids) - 2, f"replayed by both: {said}")
    pipeline.wait_drained()
    equal(replayed_records(pipeline) - replayed_before, {str(rows[t]["offset"]): 1 for t in ids}, "records put back")
    equal(ids - set(tips_in_store(pipeline)), set(), "stored")
    count = balance(pipeline)
    equal((count["stored"], count["parked"]), (before["stored"] + len(ids), before["parked"]), "stored and parked")
    holds(not ids & {p["tip_id"] for p in pipeline.tipctl_json("parked", "list")}, "no longer listed")
    replayed = {p["tip_id"] for p in pipeline.tipctl_json("parked", "list", "--state", "replayed")}
    equal(ids - replayed, set(), "listed as replayed")
    return None


def test_parked_again(pipeline):
    """what is replayed before the reason is mended is parked again, open, and says that it was replayed"""
    unknown = [p for p in pipeline.tipctl_json("parked", "list", "--reason", "key-unknown")]
    if not unknown:
        return "nothing was sealed to an unknown key in this run"
    tip = unknown[0]["tip_id"]
    equal(pipeline.tipctl_json("parked", "replay", tip, "--by", "an operator")["replayed"], 1, "replayed")
    wait_until(lambda: len(pipeline.tipctl_json("parked", "list", tip)) == 1, 20, "it to be parked again")
    equal([(p["state"], p["replays"], p["resolved_by"]) for p in pipeline.tipctl_json("parked", "show", tip)["parked"]],
          [("replayed", 0, "an operator"), ("open", 1, None)], "both records of the tip")
    pipeline.wait_drained()
    balance(pipeline)
    return None


def test_parked_discard(pipeline):
    """what is discarded counts as discarded, with who and why, and is not replayed"""
    rows = pipeline.tipctl_json("parked", "list", "--limit", "3")
    holds(len(rows) == 3, f"only {len(rows)} parked records to discard")
    stored = set(tips_in_store(pipeline))
    gone = {r["tip_id"] for r in rows if r["tip_id"]}
    before = balance(pipeline)
    done = pipeline.tipctl_json("parked", "discard", "--limit", "3", "--since", "1970-01-01",
                                "--because", "a rehearsal", "--by", "the officer on duty")
    equal((done["selected"], done["discarded"]), (3, 3), f"{done}")
    count = balance(pipeline)
    whole = {r["tip_id"] for r in pipeline.tipctl_json("parked", "list")}
    equal(count["parked"] + count["discarded"], before["parked"] + before["discarded"], "parked and discarded")
    holds(count["discarded"] >= before["discarded"], f"{count}")
    for row in pipeline.tipctl_json("parked", "list", "--state", "discarded", *gone):
        equal((row["resolved_by"], row["resolved_because"]), ("the officer on duty", "a rehearsal"), "who and why")
    for command in (("list", "--state", "discarded", *gone), ("list", "--state", "all"), *(("show", t) for t in gone)):
        table = pipeline.tipctl("parked", *command).stdout
        holds("the officer on duty" in table and "a rehearsal" in table, f"{command} says who and why: {table}")
    again = pipeline.tipctl("parked", "replay", *(gone - whole - stored))
    holds("replayed or discarded before" in again.stdout or not gone - whole - stored, again.stdout)
    shown = {s["stage"]: s for s in pipeline.tipctl_json("status")}
    equal(shown["tip.parked"]["parked"], len(pipeline.tipctl_json("parked", "list")), "status counts what is open")


def bytes_of(pipeline, topic):
    """How much is on a topic, as the broker's disk tells at once."""
    return sum(os.path.getsize(f) for f in glob.glob(pipeline.path("broker", "data", f"{topic}-*", "*.log")))


def killed_replay(pipeline, topic, pause):
    """A replay that is killed that long after its first word on the topic. False when it was faster."""
    before = bytes_of(pipeline, topic)
    process = subprocess.Popen([pipeline.program("tipctl"), "--config", pipeline.conf_of("tipctl"), "--json", "parked",
                                "replay", "--reason", "adapter-unknown", "--limit", str(CHUNK)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60  # waits for the lock of the one that was killed before it
    begun = False
    while time.monotonic() < end and process.poll() is None:
        if not begun and bytes_of(pipeline, topic) > before:
            begun, end = True, time.monotonic() + pause
        time.sleep(0.001)
    process.kill()
    return process.wait(timeout=30) == -signal.SIGKILL


def test_parked_replay_killed(pipeline):
    """tipctl is killed at random moments of a replay and run again: one record each on the topic, one row each"""
    if pipeline.broker.name == "embedded":
        return "the embedded broker is not asked to"
    ids = park(pipeline, KILLED_TIPS, 72)
    before = balance(pipeline)
    rows = pipeline.tipctl_json("parked", "list", "--reason", "adapter-unknown")
    offsets = {p["tip_id"]: str(p["offset"]) for p in rows}
    dice, kills, between = random.Random(pipeline.seed), 0, 0
    for i in range(KILLS):  # after the first intent, or after the first record that is back
        kills += killed_replay(pipeline, ("tip.sealed", "parked.resolved")[i % 2], dice.uniform(0, 0.1))
        counts = {o: n for o, n in replayed_records(pipeline).items() if o in offsets.values()}
        equal([o for o, n in counts.items() if n > 1], [], f"seed {pipeline.seed}: put back twice after {kills} kills")
        unsaid = pipeline.tipctl_json("parked", "list", "--state", "replaying")
        between += sum(str(p["offset"]) in counts for p in unsaid)
    early = sum(counts.values())
    done = pipeline.tipctl_json("parked", "replay", "--reason", "adapter-unknown")
    print(f"    seed {pipeline.seed}: {kills} kills, after which {early} of {len(ids)} were back, {between} of "
          f"them killed before that was written down; the last run replayed {done['replayed']}", flush=True)
    holds(early, f"seed {pipeline.seed}: every kill came before the first record was back")
    pipeline.wait_drained()
    counts = replayed_records(pipeline)
    equal({t: counts[offsets[t]] for t in ids}, {t: 1 for t in ids}, f"seed {pipeline.seed}: records put back")
    equal(ids - set(tips_in_store(pipeline)), set(), "stored")
    count = balance(pipeline)
    equal(count["stored"], before["stored"] + len(ids), "stored")
    holds(kills >= KILLS // 2, f"only {kills} of {KILLS} kills came in time")
    return None
