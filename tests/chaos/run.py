#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Chaos: tips at a steady rate through the whole pipeline on three brokers, while a plan drawn from a seed kills,
stops, fills, breaks and moves whatever there is; then every tip is counted. README.md beside this file has the table of
faults.

One line for each fault on standard error; the last line on standard output is one JSON object. The exit status is 0
only if every fault showed what it must and no tip was lost, stored twice, or refused or parked without a reason.
"""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import sys
import threading
import time
import traceback

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "ops", "deploy", "local"))

from broker import kafka_installed, wait_until                         # noqa: E402
from chaos_site import ADAPTERS, STAYERS, Site, pass_time              # noqa: E402
from faults import FAULTS, Plan                                        # noqa: E402
from finish import finish                                              # noqa: E402
from mounts import own_namespace                                       # noqa: E402

KILL_GAP_S = 0.4   # at least so long between two kills
FINISH_S = 45      # of a run bounded by --minutes, for what comes after the last fault
# A process that ends so has a bug, or cannot be started again.
BAD_ENDS = {70: "a bug", 64: "usage", 78: "configuration", -signal.SIGSEGV: "SIGSEGV", -signal.SIGABRT: "SIGABRT",
            -signal.SIGBUS: "SIGBUS", -signal.SIGFPE: "SIGFPE", -signal.SIGILL: "SIGILL"}


KINDS = ["kill", *FAULTS]


class Progress:
    """How much of the strikes is done, for the kills to keep step with; and what went wrong first."""

    def __init__(self, plan):
        self.total, self.done, self.current, self.began = max(plan.seconds(), 1), 0, 0, time.monotonic()
        self.over, self.failed = threading.Event(), None

    def begin(self, seconds):
        self.current, self.began = seconds, time.monotonic()

    def end(self):
        self.done, self.current = self.done + self.current, 0

    def part(self):
        if self.over.is_set():
            return 1.0
        return (self.done + min(self.current, time.monotonic() - self.began)) / self.total


def kill_next(site, queue):
    """Kills the first in the queue that no other fault works on. False when there is none."""
    for i, name in enumerate(queue):
        if not site.daemons[name].alive() or not site.take([name]):
            continue
        try:
            site.kill(name)
        finally:
            with site.lock:
                site.borrowed.discard(name)
        site.say("kill", name)
        del queue[i]
        return True
    return False


def kill_all(site, plan, progress, counts):
    """The kills of the plan, spread over the time that the other faults take."""
    queue, dice, n = list(plan.kills), random.Random(site.seed + 1), len(plan.kills)
    while queue and progress.failed is None:
        due = (n - len(queue) + 1) / n
        if progress.part() >= due and kill_next(site, queue):
            counts["kill"] += 1
            pass_time(dice.uniform(KILL_GAP_S, 2 * KILL_GAP_S))
        else:
            pass_time(0.05)


def strike_all(site, plan, progress, counts, until):
    """The other faults of the plan, one after the other. What there is no time for is left out, and said."""
    for i, (kind, target) in enumerate(plan.strikes):
        function, _, seconds, _ = FAULTS[kind]
        if time.monotonic() + seconds > until and counts[kind]:
            site.say("no time", f"{kind} {target}")
            continue
        progress.begin(seconds)
        began = time.monotonic()
        try:
            text = function(site, target)
        except Exception:
            site.say("FAILED", f"fault {i + 1}: {kind} {target}")
            raise
        progress.end()
        counts[kind] += 1
        site.say(kind, f"{text} ({time.monotonic() - began:.1f} s)")


def run_plan(site, plan, counts, until):
    """Returns what went wrong, or None."""
    progress = Progress(plan)

    def kills():
        try:
            kill_all(site, plan, progress, counts)
        except Exception as error:
            progress.failed = progress.failed or f"kill: {error}"
    thread = threading.Thread(target=kills, daemon=True)
    thread.start()
    try:
        strike_all(site, plan, progress, counts, until)
    except (AssertionError, TimeoutError) as error:
        progress.failed = progress.failed or str(error)
    except Exception:
        progress.failed = progress.failed or traceback.format_exc()
    progress.over.set()
    thread.join(60 + 2 * KILL_GAP_S * len(plan.kills))
    return progress.failed or ("the kills did not come to their end" if thread.is_alive() else None)


def ends_of(site):
    """Yields what no daemon may end with; says how often each ended, and how."""
    for name in STAYERS + ADAPTERS:
        ends = collections.Counter(site.daemons[name].ends)
        site.say("ends", f"{name}: " + ", ".join(f"{n} x {status}" for status, n in sorted(ends.items())))
        for status, why in BAD_ENDS.items():
            if ends[status]:
                yield f"{name} ended {ends[status]} times with {status} ({why}): see {site.log_of(name)}"


def chaos(args, site, plan, counts):
    """Returns the result line and what was wrong."""
    site.say("start", f"{site.broker.name}, keys, topics, configuration")
    site.prepare()
    site.start_all(args.seed)
    wait_until(lambda: site.stored() > 20, 120, "the first tips in the store")
    site.say("start", f"{args.rate} tips a second; {len(plan.kills)} kills, {len(plan.strikes)} other faults, about "
             f"{plan.seconds()} s")
    until = site.began + args.minutes * 60 - FINISH_S if args.minutes else float("inf")
    wrong = []
    failed = run_plan(site, plan, counts, until)
    if failed:
        wrong.append(failed)
    result, more = finish(site)
    wrong += more + list(ends_of(site))
    for kind in KINDS:
        if not counts[kind] and kind not in site.skipped and (not args.only or kind in args.only):
            wrong.append(f"no fault of kind {kind} was carried out")
    return result, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--shim", required=True, help="the library that makes calls fail")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--minutes", type=float, help="leave out what there is no time for; each kind still comes once")
    parser.add_argument("--rate", type=float, default=30, help="tips a second, of all adapters together")
    parser.add_argument("--only", nargs="*", help="kinds of faults, for a closer look")
    parser.add_argument("--state", default=os.path.join(TOP, "build", "chaos"), help="folder that is made anew")
    args = parser.parse_args()

    again = f"make chaos KILLS={args.kills} SEED={args.seed}" + (f" MINUTES={args.minutes:g}" if args.minutes else "")
    if not kafka_installed():
        print("Apache Kafka is not set up (`make setup`)", file=sys.stderr)
        return 69
    print(f"chaos: seed {args.seed}, {args.kills} kills; again: {again}", file=sys.stderr, flush=True)
    unmountable = own_namespace()
    skipped = {"disk": unmountable} if unmountable else {}
    site = Site(args.state, args.bin, args.shim, args.seed, args.rate, not unmountable)
    site.skipped = skipped
    for kind, why in skipped.items():
        print(f"  SKIPPED: every fault of kind {kind}: {why}", file=sys.stderr, flush=True)
    counts = collections.Counter()
    plan = Plan(args.seed, args.kills, [k for k in KINDS if k not in skipped and (not args.only or k in args.only)])
    result, wrong = {}, []
    try:
        result, wrong = chaos(args, site, plan, counts)
    except (AssertionError, TimeoutError, RuntimeError) as error:
        wrong = [str(error)]
    except Exception:
        wrong = [traceback.format_exc()]
    finally:
        site.close()
    seconds = round(time.monotonic() - site.began, 1)
    line = {"seed": args.seed, "seconds": seconds, **result,
            "faults": {k: counts[k] for k in KINDS}}
    if skipped:
        line["skipped"] = skipped
    if wrong:
        site.keep_disks()
        print(f"FAILED, seed {args.seed}:", file=sys.stderr)
        for text in wrong:
            print(f"  {text}", file=sys.stderr)
        print(f"again: {again}\nlogs, spools, store and brokers are kept in {os.path.relpath(args.state)}",
              file=sys.stderr)
    else:
        shutil.rmtree(site.path("broker"), ignore_errors=True)
    print(json.dumps(line, separators=(",", ":")), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
