#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory: many tips through the real pipeline on Apache Kafka, then many adapters that connect and go.

Every sample is a JSON line; a table follows; the last line is one JSON object with the verdict. A daemon's growth is
its median RSS over the last tenth of what it took against that over the tenth after the warm-up (its first tenth), in
percent. In the warm-up everything that has a bound reaches it: dedupe's linking window, which here holds a tenth of
the tips (link.window_tips), the page caches of the store and the index, and the consumers' queues (kafka.prefetch).
Growth of the gateway over the reconnects is reckoned in the same way. The exit status is 0 only when nothing grew by
more than --bound percent, nothing restarted, every tip arrived, and dedupe's window was full.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "ops", "deploy", "local"))

from broker import kafka_installed, wait_until  # noqa: E402
from pipeline import DAEMONS, REHEARSAL_ADAPTERS, Pipeline  # noqa: E402

AT_ONCE = 4  # adapters that connect side by side
SAMPLES = 100  # of each phase, about
NARRATIVE = "A sergeant at the harbour station takes envelopes from the ferry office on Fridays."


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
    """RSS of each daemon by what it has taken, printed as it comes."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.taken = {}  # (phase, daemon) → [(taken, rss)]
        self.began = time.monotonic()

    def take(self, phase, done, states):
        """`done`: of the reconnects, or of the tips at the sink; of tips each daemon has its own count."""
        rss = {name: status["rss_bytes"] for name, status in states.items()}
        for name, status in states.items():
            at = status["in"] if phase == "tips" else done
            self.taken.setdefault((phase, name), []).append((at, rss[name]))
        print(json.dumps({"phase": phase, "seconds": round(time.monotonic() - self.began, 1), "done": done,
                          "rss_bytes": rss}), flush=True)

    def states(self):
        states = {name: self.pipeline.status(name) for name in DAEMONS}
        return {name: status for name, status in states.items() if status}

    def growth(self, phase, name):
        """(RSS after the warm-up, RSS at the end, growth in percent)."""
        points = self.taken[(phase, name)]
        last = points[-1][0]
        early = [rss for at, rss in points if last * 0.1 <= at <= last * 0.2]
        late = [rss for at, rss in points if at >= last * 0.9]
        if not early or not late or last == 0:
            raise RuntimeError(f"{phase}: too few samples of {name}")
        before, after = statistics.median(early), statistics.median(late)
        return before, after, 100.0 * (after - before) / before


def soak_tips(pipeline, samples, tips, seed):
    """All tips by three adapters as fast as they are taken; samples by the step of any daemon, until the sink is done.
    """
    adapters = [pipeline.rehearse(name, tips // 3 + (i < tips % 3), seed + i, "--retries", "0", "--drain", "600")
                for i, (name, _) in enumerate(REHEARSAL_ADAPTERS)]
    step, seen = max(tips // SAMPLES, 1), None

    def through():
        nonlocal seen
        states = samples.states()
        done = states["sink"]["in"] if "sink" in states else 0
        steps = [status["in"] // step for status in states.values()]
        if steps != seen:
            seen = steps
            samples.take("tips", done, states)
        return done >= tips or any(p.poll() not in (None, 0) for p in adapters)
    wait_until(through, 600 + tips / 50, "every tip at the sink")
    for adapter in adapters:
        adapter.communicate(timeout=600)
        if adapter.returncode != 0:
            raise RuntimeError(f"tip-rehearse ended with {adapter.returncode}")


def connect_once(pipeline, adapter):
    argv = [pipeline.program("tip-submit"), "--config", pipeline.conf_of(adapter), "--narrative", NARRATIVE]
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)


def soak_reconnects(pipeline, samples, reconnects):
    """Each reconnect is an adapter that starts, shakes hands, submits one tip and goes."""
    names = [name for name, _ in REHEARSAL_ADAPTERS] + ["partner"]
    step, started, ended, running = max(reconnects // SAMPLES, 1), 0, 0, {}
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


def table(rows):
    print(f"\n  {'phase':10}  {'daemon':8}  {'after warm-up MiB':>17}  {'at the end MiB':>14}  {'growth %':>8}")
    for phase, name, before, after, percent in rows:
        print(f"  {phase:10}  {name:8}  {before / 2**20:17.2f}  {after / 2**20:14.2f}  {percent:+8.2f}")
    print()


def measure(pipeline, args):
    samples, phases = Samples(pipeline), []
    if args.tips:
        soak_tips(pipeline, samples, args.tips, args.seed)
        phases += [("tips", name) for name in DAEMONS]
    if args.reconnects:
        soak_reconnects(pipeline, samples, args.reconnects)
        phases.append(("reconnects", "gateway"))
    rows = [(phase, name, *samples.growth(phase, name)) for phase, name in phases]
    table(rows)
    restarts = sum(pipeline.daemons[name].starts - 1 for name in DAEMONS)
    grew = [row for row in rows if row[4] > args.bound]
    full = not args.tips or pipeline.status("dedupe")["window_full"]
    verdict = {"tips": args.tips, "reconnects": args.reconnects, "seconds": round(time.monotonic() - samples.began, 1),
               "bound_percent": args.bound, "restarts": restarts,
               "window_tips": pipeline.window, "window_full": full,
               "growth_percent": {f"{p}.{n}": round(g, 2) for p, n, _, _, g in rows},
               "flat": full and not grew and not restarts}
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
