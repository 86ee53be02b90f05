#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory: many tips through the real pipeline on Apache Kafka, then many adapters that connect and go.

Every sample is a JSON line; a table follows; the last line is one JSON object with the verdict. The tips come in rounds
of a tenth. After each, when all are in the store, a daemon's RSS is what it keeps; its growth is that after the last
round against that after the second, in percent. While a round runs a daemon also holds what it has fetched ahead,
between nothing and kafka.prefetch: this goes up and down with who is behind whom, so it is in the table (the median of
a round) and not in the verdict; what it leaves behind is. In the first two rounds everything that has a bound reaches
it: dedupe's linking window, which here holds a tenth of the tips (link.window_tips) and so turns over once, the page
caches of the store and the index, the gateway's list of recent tips. Growth of the gateway over the reconnects is that
of the last tenth against the second. The exit status is 0 only when nothing grew by more than --bound percent, nothing
restarted, every tip arrived, and dedupe's window was full.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import namedtuple

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "ops", "deploy", "local"))

from broker import kafka_installed, wait_until  # noqa: E402
from pipeline import DAEMONS, REHEARSAL_ADAPTERS, Pipeline  # noqa: E402

AT_ONCE = 4  # adapters that connect side by side
ROUNDS = 10
WARM_UP = 2  # of them
SAMPLES = 20  # of each round, about
NARRATIVE = "A sergeant at the harbour station takes envelopes from the ferry office on Fridays."


# Bytes. before, after: what the daemon keeps; working_*: with what it has fetched ahead.
Row = namedtuple("Row", "phase daemon before after working_before working_after")


class SoakPipeline(Pipeline):
    """Its dedupe's linking window is full when the warm-up ends."""

    def __init__(self, state, bin_dir, window):
        super().__init__(state, bin_dir)
        self.window = window

    def own_conf(self, name):
        conf = super().own_conf(name)
        if name == "dedupe":
            conf["link"] = {"window_tips": self.window}
        return conf


class Samples:
    """RSS of each daemon, printed as it comes."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.taken = {}  # phase → [(done, {daemon: rss})]
        self.began = time.monotonic()

    def take(self, phase, done, states):
        rss = {name: status["rss_bytes"] for name, status in states.items()}
        self.taken.setdefault(phase, []).append((done, rss))
        print(json.dumps({"phase": phase, "seconds": round(time.monotonic() - self.began, 1), "done": done,
                          "rss_bytes": rss}), flush=True)

    def states(self):
        states = {name: self.pipeline.status(name) for name in DAEMONS}
        return {name: status for name, status in states.items() if status}

    def median(self, phase, name, low, high):
        """Of the samples between two counts."""
        return statistics.median(rss[name] for done, rss in self.taken[phase] if low <= done <= high and name in rss)


def soak_round(pipeline, samples, tips, done, seed):
    """That many tips by three adapters as fast as they are taken, until the sink has stored all of them."""
    adapters = [pipeline.rehearse(name, tips // 3 + (i < tips % 3), seed + i, "--retries", "0", "--drain", "600")
                for i, (name, _) in enumerate(REHEARSAL_ADAPTERS)]
    step, seen = max(tips // SAMPLES, 1), None

    def through():
        nonlocal seen
        states = samples.states()
        sunk = states["sink"]["in"] if "sink" in states else 0
        if sunk // step != seen:
            seen = sunk // step
            samples.take("tips", sunk, states)
        return sunk >= done + tips or any(p.poll() not in (None, 0) for p in adapters)
    wait_until(through, 600 + tips / 50, "every tip at the sink")
    for adapter in adapters:
        adapter.communicate(timeout=600)
        if adapter.returncode != 0:
            raise RuntimeError(f"tip-rehearse ended with {adapter.returncode}")
    pipeline.wait_drained(600)
    samples.take("rest", done + tips, samples.states())


def soak_tips(pipeline, samples, tips, seed):
    """Rows of the table: what each daemon keeps after the warm-up and after the last round."""
    each = tips // ROUNDS
    for turn in range(ROUNDS):
        soak_round(pipeline, samples, each, turn * each, seed + 10 * turn)
    warm, last = WARM_UP * each, ROUNDS * each
    for name in DAEMONS:
        yield Row("tips", name, samples.median("rest", name, warm, warm), samples.median("rest", name, last, last),
                  samples.median("tips", name, warm - each, warm), samples.median("tips", name, last - each, last))


def connect_once(pipeline, adapter):
    argv = [pipeline.program("tip-submit"), "--config", pipeline.conf_of(adapter), "--narrative", NARRATIVE]
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)


def soak_reconnects(pipeline, samples, reconnects):
    """Each reconnect is an adapter that starts, shakes hands, submits one tip and goes. One row of the table."""
    names = [name for name, _ in REHEARSAL_ADAPTERS] + ["partner"]
    step, started, ended, running = max(reconnects // 100, 1), 0, 0, {}
    while ended < reconnects:
        for name in names[:AT_ONCE]:
            if name not in running and started < reconnects:
                running[name] = connect_once(pipeline, name)
                started += 1
        name = next(iter(running))
        process = running.pop(name)
        _, said = process.communicate(timeout=60)
        if process.returncode != 0:
            raise RuntimeError(f"tip-submit ended with {process.returncode}: {said.decode()}")
        ended += 1
        if ended % step == 0:
            samples.take("reconnects", ended, samples.states())
    before = samples.median("reconnects", "gateway", reconnects * 0.1, reconnects * 0.2)
    after = samples.median("reconnects", "gateway", reconnects * 0.9, reconnects)
    yield Row("reconnects", "gateway", before, after, before, after)


def growth(row):
    return 100.0 * (row.after - row.before) / row.before


def table(rows):
    print(f"\n  {'':21}  {'kept, MiB':^24}  {'at work, MiB':^15}")
    print(f"  {'phase':10}  {'daemon':9}  {'warm':>7}  {'last':>7}  {'growth %':>8}  {'warm':>7}  {'last':>7}")
    for row in rows:
        sizes = [f"{size / 2**20:7.2f}" for size in row[2:]]
        print(f"  {row.phase:10}  {row.daemon:9}  {sizes[0]}  {sizes[1]}  {growth(row):+8.2f}  {sizes[2]}  {sizes[3]}")
    print()


def measure(pipeline, args):
    samples, rows = Samples(pipeline), []
    if args.tips:
        rows += soak_tips(pipeline, samples, args.tips, args.seed)
    if args.reconnects:
        rows += soak_reconnects(pipeline, samples, args.reconnects)
    table(rows)
    restarts = sum(pipeline.daemons[name].starts - 1 for name in DAEMONS)
    full = not args.tips or pipeline.status("dedupe")["window_full"]
    verdict = {"tips": args.tips, "reconnects": args.reconnects, "seconds": round(time.monotonic() - samples.began, 1),
               "bound_percent": args.bound, "restarts": restarts,
               "window_tips": pipeline.window, "window_full": full,
               "growth_percent": {f"{row.phase}.{row.daemon}": round(growth(row), 2) for row in rows},
               "flat": full and not restarts and all(growth(row) <= args.bound for row in rows)}
    print(json.dumps(verdict), flush=True)
    return 0 if verdict["flat"] else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--tips", type=int, default=500000)
    parser.add_argument("--reconnects", type=int, default=10000)
    parser.add_argument("--bound", type=float, default=5.0, help="growth in percent that is still flat")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", default=os.path.join(TOP, "build", "soak"))
    args = parser.parse_args()

    if not kafka_installed():
        print("Apache Kafka is not set up (`make setup`)", file=sys.stderr)
        return 69
    pipeline = SoakPipeline(args.state, args.bin, max(args.tips // 10, 1))
    try:
        pipeline.prepare()
        pipeline.start()
        return measure(pipeline, args)
    finally:
        pipeline.close()


if __name__ == "__main__":
    sys.exit(main())
