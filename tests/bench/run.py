#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a tip costs and how long it takes, on Apache Kafka: figures, no pass or fail.

JSON lines go to standard output, a table of the same figures to standard error. README.md tells how to read them.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "ops", "deploy", "local"))
sys.path.insert(0, HERE)

import costs  # noqa: E402
import load  # noqa: E402
import proc  # noqa: E402
import show  # noqa: E402
from broker import kafka_installed  # noqa: E402
from pipeline import DAEMONS, REHEARSAL_ADAPTERS, TEAMS, WORKERS, Pipeline  # noqa: E402

RATE = 100  # tips a second where latency is measured
TOPIC_SIZES = {"frame": ["tip.sealed"], "classified": ["tip.classified"], "linked": ["tip.linked"],
               "index": ["link.index"], "routed": ["case.routed"]}


def topic_bytes(pipeline, topic):
    """What a topic takes on the broker's disk."""
    data = os.path.join(pipeline.broker.folder, "data")
    total = 0
    for folder in os.listdir(data):
        if folder.rpartition("-")[0] == topic:
            logs = [f for f in os.listdir(os.path.join(data, folder)) if f.endswith(".log")]
            total += sum(os.path.getsize(os.path.join(data, folder, f)) for f in logs)
    return total


def mean_sizes(pipeline, tips, teams):
    """name → bytes of one record, as the broker holds it."""
    sizes = {name: sum(topic_bytes(pipeline, t) for t in topics) / tips for name, topics in TOPIC_SIZES.items()}
    sizes["case"] = sum(topic_bytes(pipeline, f"team.{team}") for team in TEAMS) / (tips * teams)
    return {name: max(1, round(size)) for name, size in sizes.items()}


def run_primitives(args, pipeline, sizes, few):
    argv = [args.primitives, load.TIPS, os.path.join(TOP, "workers", "classify", "lexicon.yaml"),
            pipeline.broker.address, pipeline.path("data"), f"few={few}", *(f"{k}={v}" for k, v in sizes.items())]
    result = subprocess.run(argv, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, timeout=240, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def primitive_lines(before, after):
    """Medians of all runs, of which half were before the pipeline was measured and half after it."""
    return [{"figure": "primitive", "name": was["name"], "what": was["what"],
             "cpu_us": round(statistics.median(was["us"] + now["us"]), 2),
             "before_us": statistics.median(was["us"]), "after_us": statistics.median(now["us"])}
            for was, now in zip(before, after)]


def tips_per_batch(loaded, names):
    """The median over stages of how many tips shared a batch."""
    return max(1, round(statistics.median(loaded["tips"] / max(1, loaded["batches"][n]) for n in names)))


def percentiles(name, values):
    values = sorted(values)
    return {f"{name}_{p}_ms": round(values[min(len(values) - 1, int(len(values) * q))], 1)
            for p, q in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))}


def per_tip(rounds, name):
    """(user, system) microseconds of CPU for one tip, of the round whose sum is the median."""
    costs_of_rounds = [tuple(part / r["tips"] for part in r["cpu"][name]) for r in rounds]
    return sorted(costs_of_rounds, key=sum)[len(rounds) // 2]


def ratios(line, total, floors):
    """Adds the sums of primitives, with full batches and with such as were, and how many times over them it is."""
    for suffix, floor in zip(("", "_at_batch"), floors):
        if line["stage"] in floor:
            line[f"primitives{suffix}_us"] = round(floor[line["stage"]], 1)
            line[f"ratio{suffix}"] = round(total / floor[line["stage"]], 2)


def stage_line(name, kind, rounds, floors, rss):
    """One stage under one load. The adapter is tip-rehearse, which also makes its tips up."""
    user, system = per_tip(rounds, name)
    line = {"figure": "stage", "load": kind, "stage": name, "cpu_us": round(user + system, 1),
            "user_us": round(user, 1), "system_us": round(system, 1)}
    ratios(line, user + system, floors)
    batches = statistics.median(r["batches"].get(name, 0) for r in rounds)
    if batches:
        line["tips_per_batch"] = round(statistics.median(r["tips"] for r in rounds) / batches, 1)
    if name in rss:
        line["rss_bytes"] = rss[name]
    return line


def pipeline_line(kind, lines, floors):
    """The five daemons together, which is what the aim is about."""
    cpu = sum(line["cpu_us"] for line in lines if line["stage"] in DAEMONS)
    line = {"figure": "pipeline", "load": kind, "stage": "five daemons", "cpu_us": round(cpu, 1)}
    ratios(line, cpu, [{"five daemons": sum(floor[name] for name in DAEMONS)} for floor in floors])
    return line


class Figures:
    def __init__(self):
        self.lines = []

    def add(self, line):
        self.lines.append(line)
        print(json.dumps(line, separators=(",", ":")), flush=True)

    def add_load(self, kind, rounds, floors, rss, stages):
        lines = [stage_line(name, kind, rounds, floors, rss) for name in stages]
        for line in lines:
            self.add(line)
        self.add(pipeline_line(kind, lines, floors))


def settings(pipeline, args):
    """What the figures depend on."""
    conf = {name: pipeline.run(f"tipline-{name}", "--help").stdout for name in ("gateway", "sink")}
    batch = conf["sink"].partition("stage.batch:")[2].partition("default ")[2].split()[0]
    linger = conf["gateway"].partition("publish.linger:")[2].partition("default ")[2].split()[0]
    return {"figure": "settings", "broker": pipeline.broker.name, "brokers": 1, "adapters": len(REHEARSAL_ADAPTERS),
            "rounds": args.rounds, "tips_per_round": args.tips // args.rounds, "stage_batch": int(batch),
            "gateway_linger": linger, "rate": RATE}


def measure(args, pipeline, figures):
    figures.add(proc.environment(TOP))
    figures.add(settings(pipeline, args))
    store = load.Store(pipeline)
    show.say("warming up …")
    load.saturated_round(pipeline, store, args.tips // 10 + 1, 1)
    few = tips_per_batch(load.steady(pipeline, RATE, args.seconds / 4), WORKERS)
    teams = store.teams_per_tip()
    sizes = mean_sizes(pipeline, store.rows(), teams)
    show.say("primitives …")
    before = run_primitives(args, pipeline, sizes, few)
    rounds = []
    for i in range(args.rounds):
        show.say(f"as fast as it goes: round {i + 1} of {args.rounds}, {args.tips // args.rounds} tips …")
        rounds.append(load.saturated_round(pipeline, store, args.tips // args.rounds, 1000 * (i + 1)))
    show.say(f"{RATE} tips a second for {args.seconds} s …")
    steady = load.steady(pipeline, RATE, args.seconds)
    idle = load.idle(pipeline, args.idle)
    rss = {name: proc.rss_of(pid) for name, pid in load.pids_of(pipeline).items()}
    pipeline.stop()
    show.say("primitives again …")
    after = run_primitives(args, pipeline, sizes, few)
    report(args, figures, {"rounds": rounds, "steady": steady, "idle": idle, "rss": rss, "teams": teams, "few": few,
                           "sizes": sizes, "primitives": primitive_lines(before, after)})


def report(args, figures, found):
    by_name = {p["name"]: p["cpu_us"] for p in found["primitives"]}
    full, few = costs.sums(by_name, found["teams"]), costs.sums(by_name, found["teams"], found["few"])
    figures.add({"figure": "sizes", "teams_per_tip": round(found["teams"], 2), "few": found["few"], **found["sizes"]})
    for line in found["primitives"]:
        figures.add(line)
    speeds = [r["tips"] / r["seconds"] for r in found["rounds"]]
    figures.add({"figure": "throughput", "tips": sum(r["tips"] for r in found["rounds"]),
                 "tips_per_second": round(statistics.median(speeds), 1), "of_rounds": [round(s, 1) for s in speeds]})
    figures.add_load("saturated", found["rounds"], [full], found["rss"], ["adapter", *DAEMONS, "broker"])
    figures.add_load("steady", [found["steady"]], [full, few], {}, [*DAEMONS, "broker"])
    figures.add({"figure": "latency", "rate": RATE, "tips": found["steady"]["tips"],
                 **percentiles("receipt", found["steady"]["kept_ms"]),
                 **percentiles("store", found["steady"]["stored_ms"])})
    figures.add({"figure": "idle", "cpu_us_per_second": {name: round(sum(cpu) / args.idle) for name, cpu
                                                         in found["idle"].items()}})
    show.tables(figures.lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--primitives", required=True, help="the program that measures the libraries alone")
    parser.add_argument("--tips", type=int, default=21000, help="tips of all rounds together (21000)")
    parser.add_argument("--rounds", type=int, default=3, help="figures are medians of so many rounds (3)")
    parser.add_argument("--seconds", type=float, default=15, help="how long tips trickle for latency (15)")
    parser.add_argument("--idle", type=float, default=4, help="how long to watch idle daemons (4)")
    parser.add_argument("--quick", action="store_true", help="a few tips, to see that it works: the figures say little")
    parser.add_argument("--state", default=os.path.join(TOP, "build", "bench"), help="folder that is made anew")
    args = parser.parse_args()
    if args.quick:
        args.tips, args.rounds, args.seconds, args.idle = 300, 1, 1, 0.5
    if not kafka_installed():
        print("Apache Kafka is not set up: make setup", file=sys.stderr)
        return 69
    pipeline, figures = Pipeline(args.state, args.bin), Figures()
    try:
        show.say("starting the broker and the pipeline …")
        pipeline.prepare()
        pipeline.start()
        measure(args, pipeline, figures)
    finally:
        pipeline.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
