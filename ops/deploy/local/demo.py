#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration: three adapters submit 5,000 tips at once while everything is killed once; then the count.

The last line on standard output is one JSON object; the exit status is 0 only if nothing was lost, stored twice or
left in flight, compared tip by tip. The state stays in build/demo to look at.
"""
import argparse
import json
import os
import shutil
import signal
import sys
import time

from broker import TOP, kafka_installed, wait_until
from pipeline import DAEMONS, REHEARSAL_ADAPTERS, Pipeline, count_lines

UNKNOWN_KEY = 20
CONFLICTED = 40
# What is killed when so much of the tips has been answered.
PLAN = [(0.12, "route"), (0.25, "gateway"), (0.38, "classify"), (0.50, "broker"), (0.65, "dedupe"), (0.80, "sink")]


class Screen:
    """One line redrawn on a terminal; else a plain line now and then."""

    def __init__(self):
        self.tty = sys.stderr.isatty()
        self.drawn = False
        self.last = 0.0
        self.width = min(shutil.get_terminal_size((100, 24)).columns, 118)

    def say(self, text=""):
        if self.drawn:
            sys.stderr.write("\r\033[K")
            self.drawn = False
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def progress(self, done, total, text):
        now = time.monotonic()
        if now - self.last < (0.1 if self.tty else 5):
            return
        self.last = now
        if not self.tty:
            self.say(f"  {done}/{total} {text}")
            return
        cells = 24
        full = int(cells * done / total) if total else 0
        line = f"  [{'#' * full}{'.' * (cells - full)}] {done}/{total} {text}"
        sys.stderr.write("\r\033[K" + line[:self.width - 1])
        sys.stderr.flush()
        self.drawn = True


class Sampler:
    """How many records each stage has taken, across its incarnations, and since when."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.base, self.now, self.first, self.last = {}, {}, {}, {}

    def sample(self):
        for name in DAEMONS:
            status = self.pipeline.status(name)
            if status is None:
                continue
            taken, seen = status["in"], self.now.get(name, 0)
            if taken < seen:  # started anew
                self.base[name] = self.base.get(name, 0) + seen
            if taken != seen:
                self.first.setdefault(name, time.monotonic())
                self.last[name] = time.monotonic()
            self.now[name] = taken

    def total(self, name):
        return self.base.get(name, 0) + self.now.get(name, 0)

    def seconds(self, name):
        """From the first record a stage was seen to take to the last."""
        return self.last.get(name, 0) - self.first.get(name, 0)


def strike(pipeline, screen, target):
    """Kills one daemon, or restarts the broker. Returns the number of kills."""
    if target == "broker":
        if not pipeline.broker.restartable:
            return 0  # it would forget everything
        screen.say("  restart the broker")
        pipeline.broker.stop()
        pipeline.broker.start()
        return 0
    wait_until(lambda: pipeline.daemons[target].kill(signal.SIGKILL), 10, f"{target} to be there to kill")
    screen.say(f"  SIGKILL {target}")
    return 1


def watch(pipeline, screen, adapters, expected):
    """Follows the adapters to their end and carries out the plan. Returns kills and the sampler."""
    sampler, plan, kills = Sampler(pipeline), list(PLAN), 0
    while any(p.poll() is None for p in adapters):
        done = sum(count_lines(r) for r in pipeline.receipts())
        while plan and done >= plan[0][0] * expected:
            kills += strike(pipeline, screen, plan.pop(0)[1])
        sampler.sample()
        up = sum(pipeline.daemons[n].alive() for n in DAEMONS)
        screen.progress(done, expected,
                        f"answered, {sampler.total('sink')} at the sink, {up}/{len(DAEMONS)} daemons up")
        time.sleep(0.1)
    while plan:  # a very fast machine: the rest of the plan still happens
        kills += strike(pipeline, screen, plan.pop(0)[1])
    return kills, sampler


def kinds_of(receipts):
    """tip id → (kind, result) of the last word on it, over all adapters."""
    tips = {}
    for path in receipts:
        with open(path, encoding="utf-8") as f:
            for line in f:
                r = json.loads(line)
                before = tips.get(r["tip_id"])
                kept = r["result"] in ("stored", "duplicate") or bool(before and before[1])
                kind = before[0] if before and r["kind"] == "retry" else r["kind"]
                tips[r["tip_id"]] = (kind, kept)
    return tips


def rows(table, header):
    widths = [max(len(str(r[i])) for r in [header] + table) for i in range(len(header))]
    right = [all(isinstance(r[i], (int, float)) or str(r[i]).replace(".", "").isdigit() or r[i] == "-" for r in table)
             for i in range(len(header))]

    def line(cells):
        return "  " + "  ".join(str(c).rjust(w) if r else str(c).ljust(w)
                                for c, w, r in zip(cells, widths, right)).rstrip()
    return [line(header), "  " + "  ".join("-" * w for w in widths)] + [line(r) for r in table]


def print_tables(pipeline, screen, sampler, summary, parked, through):
    outcomes = sorted({row["outcome"] for row in summary["teams"]})
    by_team = {}
    for row in summary["teams"]:
        by_team.setdefault(row["team"], {})[row["outcome"]] = row["tips"]
    table = [[team] + [by_team[team].get(o, "-") for o in outcomes] + [sum(by_team[team].values())]
             for team in sorted(by_team, key=lambda t: -sum(by_team[t].values()))]
    screen.say("\nTips by team and outcome (a tip may go to several teams)")
    for text in rows(table, ["team"] + outcomes + ["all"]):
        screen.say(text)

    screen.say(f"\nLinks: {summary['links']} between {summary['tips']} tips, which make {summary['cases']} cases")

    reasons = {}
    for p in parked:
        reasons[p["reason"]] = reasons.get(p["reason"], 0) + 1
    screen.say("\nParked, by reason")
    for text in rows([[k, v] for k, v in sorted(reasons.items())] or [["none", 0]], ["reason", "records"]):
        screen.say(text)

    table = []
    for name in DAEMONS:
        daemon, tips = pipeline.daemons[name], max(through[name], 1)
        table.append([name, through[name], f"{through[name] / max(sampler.seconds(name), 0.1):.0f}",
                      f"{1e6 * daemon.cpu_seconds / tips:.0f}", f"{daemon.rss_max / 2**20:.0f}", daemon.starts])
    screen.say("\nStages (the rate is what the adapters sent, not a limit; CPU is user and system time of all\n"
               "incarnations, with what a kill made them do twice)")
    for text in rows(table, ["stage", "tips", "per second", "CPU us per tip", "RSS MiB", "starts"]):
        screen.say(text)

    conf = os.path.relpath(pipeline.conf_of("tipctl"))
    tipctl = os.path.relpath(pipeline.program("tipctl"))
    screen.say(f"""
Look further (the store needs no broker; `make up` starts the pipeline again to play with)
  {tipctl} --config {conf} cases list
  {tipctl} --config {conf} cases list --team oversight
  {tipctl} --config {conf} cases show CASE
  {tipctl} --config {conf} cases show TIP --sealed | age -d -i {os.path.relpath(pipeline.keys)}/teams/TEAM.identity
  less {os.path.relpath(pipeline.path('log'))}/classify.log
""")


def check_conflicts(pipeline, screen, tips):
    """Every tip that named a member of its team must have gone to the oversight team, and there alone."""
    named = {tip_id for tip_id, (kind, kept) in tips.items() if kind == "conflicted" and kept}
    teams_of = {row["tip_id"]: row["teams"] for row in pipeline.tipctl_json("cases", "tips")}
    wrong = [t for t in named if teams_of.get(t) != ["oversight"]]
    screen.say(f"  {len(named)} tips named a member of the team they would go to: "
               f"{len(named) - len(wrong)} went to oversight alone, {len(wrong)} did not")
    return not wrong


def demo(args, screen):
    broker_is_kafka = args.broker != "embedded" and kafka_installed()
    pipeline = Pipeline(args.state, args.bin, args.broker)
    if not broker_is_kafka:
        screen.say("NOTE: this runs on librdkafka's embedded broker: nothing it holds survives its end, and it is no\n"
                   "      measure of a real one. Apache Kafka needs Java 17 and Maven.")
    try:
        return run(args, screen, pipeline)
    finally:
        pipeline.close()


def run(args, screen, pipeline):
    screen.say(f"Starting the broker ({pipeline.broker.name}), keys, topics, configuration …")
    pipeline.prepare()
    screen.say(f"Starting {', '.join(DAEMONS)}, each a process of its own under a supervisor …")
    pipeline.start()

    rate = args.rate or (75 if pipeline.broker.restartable else 45)
    share = [args.tips // 3 + (i < args.tips % 3) for i in range(3)]
    screen.say(f"\nThree adapters submit {args.tips} tips at once. Among them are, by chance of a seed:\n"
               f"  5 % retries of the same tip, 1 % damaged frames,\n"
               f"  {UNKNOWN_KEY} tips sealed to a key that nobody has,\n"
               f"  {CONFLICTED} tips that name a member of the team they would go to.\n"
               f"In the middle each daemon is killed once" +
               (" and the broker is restarted once:" if pipeline.broker.restartable else ":"))
    began = time.monotonic()
    adapters = []
    for i, (name, _) in enumerate(REHEARSAL_ADAPTERS):
        adapters.append(pipeline.rehearse(
            name, share[i], args.seed + i, "--rate", str(rate), "--retries", "5", "--damaged", "1",
            "--unknown-key", str(UNKNOWN_KEY // 3 + (i < UNKNOWN_KEY % 3)),
            "--conflicted", str(CONFLICTED // 3 + (i < CONFLICTED % 3)), "--drain", "60"))
    kills, sampler = watch(pipeline, screen, adapters, args.tips)
    reports = [json.loads(p.communicate()[0].strip().splitlines()[-1]) for p in adapters]

    screen.say("  adapters done; waiting until nothing is in flight …")
    pipeline.wait_drained(60)
    sampler.sample()
    seconds = time.monotonic() - began

    result = pipeline.tipctl_json("reconcile", *pipeline.receipts(), check=False)
    summary = pipeline.tipctl_json("cases", "summary")
    parked = pipeline.tipctl_json("parked", "list")
    tips = kinds_of(pipeline.receipts())
    # What went through a stage, by the count; what it took twice because of a kill is not in it.
    through = {"gateway": sum(r["put"] for r in reports), "classify": result["accepted"], "dedupe": result["stored"],
               "route": result["stored"], "sink": result["stored"]}
    pipeline.stop()
    print_tables(pipeline, screen, sampler, summary, parked, through)
    sent = {"submitted": sum(r["put"] for r in reports), "waiting": sum(r["waiting"] for r in reports)}
    screen.say("Counted tip by tip")
    conflicts_right = check_conflicts(pipeline, screen, tips)
    repeats = sent["submitted"] - result["accepted"] - result["refused"] - sent["waiting"]
    screen.say(f"  {sent['submitted']} submitted = {result['accepted']} tips accepted + {result['refused']} frames "
               f"refused + {repeats} repeats of accepted ones")
    for tip_id in result["missing"][:20]:
        screen.say(f"  missing: {tip_id}")

    line = {"broker": pipeline.broker.name, "submitted": sent["submitted"],
            "accepted": result["accepted"], "refused": result["refused"], "stored": result["stored"],
            "parked": result["parked"], "in_flight": result["in_flight"], "lost": result["lost"],
            "stored_twice": result["stored_twice"], "cases": summary["cases"], "links": summary["links"],
            "kills": kills, "seconds": round(seconds, 1)}
    print(json.dumps(line, separators=(",", ":")), flush=True)
    waiting = sent["waiting"]
    if waiting:
        screen.say(f"{waiting} tips are still in the adapters' spools")
    wrong = line["lost"] or line["stored_twice"] or line["in_flight"] or waiting or not conflicts_right
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--broker", default="kafka", choices=["kafka", "embedded"])
    parser.add_argument("--state", default=os.path.join(TOP, "build", "demo"), help="folder that is made anew")
    parser.add_argument("--tips", type=int, default=5000)
    # The embedded broker keeps but 5 MiB of a partition while its reader is away.
    parser.add_argument("--rate", type=float, help="tips a second of each adapter (75; 45 on the embedded broker)")
    parser.add_argument("--seed", type=int, default=2024)
    return demo(parser.parse_args(), Screen())


if __name__ == "__main__":
    sys.exit(main())
