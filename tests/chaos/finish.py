# SPDX-License-Identifier: Apache-2.0
"""The end of a run: everything healed, spools emptied, the pipeline drained, and the count."""
import collections
import contextlib
import json
import signal
import sqlite3

from broker import wait_until
from chaos_site import ADAPTERS, STAYERS
from tally import Tally

SHOWN = 20


def heal(site):
    for shim in site.shims.values():
        shim.heal()
    for disk in site.disks.values():
        disk.free()
    for name in STAYERS + ADAPTERS:
        site.daemons[name].free.set()
        site.daemons[name].kill(signal.SIGCONT)
    site.broker.start()


def waiting(site, name):
    with contextlib.closing(sqlite3.connect(site.path("spool", f"{name}.spool"), timeout=10)) as db:
        return db.execute("SELECT count(*) FROM tips").fetchone()[0]


def empty_spools(site):
    """What adapters kept is submitted to the last tip."""
    for name in ADAPTERS:
        site.daemons[name].stop()
    for name in ADAPTERS:
        site.daemons[name].join_or_kill(20)

    def empty(name):
        site.run("tip-submit", "--config", site.conf_of(name), "--resume", "--wait", "30", "--receipts",
                 site.path(f"{name}-resumed.receipts"), check=False, timeout=120)
        return waiting(site, name) == 0
    for name in ADAPTERS:
        wait_until(lambda n=name: empty(n), 180, f"the spool of {name} to be empty")


def reconcile(site):
    """tipctl's count, or None while the bus does not answer."""
    out = site.tipctl("--json", "reconcile", *site.receipts(), check=False)
    with contextlib.suppress(ValueError):
        return json.loads(out.stdout)
    return None


def drain(site):
    """Returns the count when nothing is on its way any more, or the last one, and whether it drained."""
    last = {}

    def settled():
        states = [site.status(name) for name in STAYERS if name != "gateway"]
        if not all(s and s["ready"] and s["lag_records"] == 0 for s in states):
            return False
        last.update(reconcile(site) or {})
        # "lost" too: the sink may still read again what its guest took, which the group's offsets do not know.
        return last and last["in_flight"] == 0 and last["lost"] == 0
    try:
        wait_until(settled, 240, "the pipeline to drain")
        return last, True
    except TimeoutError:
        return last or reconcile(site) or {}, False


def compare(site, count, tally):
    """What the two counts and the plan do not agree on."""
    found = collections.Counter(tally.verdicts().values())
    for tip, verdict in tally.verdicts().items():
        if verdict == "lost":
            yield f"lost: {tip} ({tally.kinds.get(tip)}, {'told' if tip in tally.told else 'kept by its adapter'})"
    yield from tally.without_reason()
    if tally.stored_twice or count.get("stored_twice"):
        yield f"stored twice: {tally.stored_twice} by the harness, {count.get('stored_twice')} by tipctl"
    for key in ("stored", "parked", "lost"):
        if count.get(key) != found[key]:
            yield f"{key}: {count.get(key)} by tipctl, {found[key]} by the harness"
    if count.get("accepted") != found["stored"] + found["parked"]:
        yield f"accepted: {count.get('accepted')}, but {found['stored']} stored and {found['parked']} parked"


def finish(site):
    """Returns the members of the last line, and what is wrong."""
    heal(site)
    for name in STAYERS:
        site.await_ready(name)
    site.say("finish", "every daemon is ready; adapters stop, their spools are emptied")
    empty_spools(site)
    count, drained = drain(site)
    wrong = [] if drained else [f"it did not drain: {count}"]
    tally = Tally(site)
    complaints = list(compare(site, count, tally))
    wrong += complaints[:SHOWN] + ([f"… and {len(complaints) - SHOWN} more"] if len(complaints) > SHOWN else [])
    found = collections.Counter(tally.verdicts().values())
    reasons = collections.Counter(reason for reasons in tally.parked.values() for reason in set(reasons))
    codes = collections.Counter(f"{reason} ({code})" for code, reason in tally.refused.values())
    site.say("count", f"{found['stored']} stored; parked {dict(reasons)}; refused {dict(codes)}; quarantined in spools "
             f"{found['quarantined']} of {len(site.spoiled)} damaged there; {len(tally.told)} told")
    return {"accepted": count.get("accepted"), "stored": found["stored"], "parked": found["parked"],
            "refused": found["refused"], "quarantined": found["quarantined"], "in_flight": count.get("in_flight"),
            "lost": max(found["lost"], count.get("lost") or 0),
            "stored_twice": max(tally.stored_twice, count.get("stored_twice") or 0)}, wrong
