# SPDX-License-Identifier: Apache-2.0
"""Kills at seeded random moments, with the broker restarted in between: nothing is lost, nothing stored twice."""
import json
import os
import random
import signal
import subprocess
import sys
import time

from broker import TOP, wait_until
from expect import equal, holds
from pipeline import DAEMONS, REHEARSAL_ADAPTERS

TIPS = 3000
RATE = 30  # of each of three adapters


def test_kills_lose_nothing(pipeline):
    """each process is killed at random moments (30 and more a run), the broker restarted: 0 lost, 0 stored twice"""
    dice = random.Random(pipeline.seed)
    adapters = [pipeline.rehearse(name, TIPS // 3, pipeline.seed + i, "--rate", str(RATE), "--retries", "5",
                                  "--damaged", "1", "--drain", "90")
                for i, (name, _) in enumerate(REHEARSAL_ADAPTERS)]
    kills, restarts, adapter_killed = {name: 0 for name in DAEMONS}, 0, False
    while any(p.poll() is None for p in adapters) and sum(kills.values()) < pipeline.kills_wanted * 2:
        target = DAEMONS[sum(kills.values()) % len(DAEMONS)]
        pause = dice.uniform(0.2, 1.2)
        end = time.monotonic() + pause
        wait_until(lambda end=end: time.monotonic() >= end, 5, "the next kill")
        if pipeline.daemons[target].kill(signal.SIGKILL):
            kills[target] += 1
        if sum(kills.values()) == 20 and not adapter_killed:
            adapters[2].kill()
            adapter_killed = True
        if pipeline.broker.restartable and sum(kills.values()) == 12 and not restarts:
            pipeline.broker.kill()
            pipeline.broker.start()
            restarts += 1
    for p in adapters:
        out, _ = p.communicate(timeout=180)
        holds(p.returncode in (0, 65) or p is adapters[2], f"tip-rehearse ended with {p.returncode}: {out}")
    # What the killed adapter had put is in its spool; the next run takes it along.
    killed = REHEARSAL_ADAPTERS[2][0]
    pipeline.run("tip-submit", "--config", pipeline.conf_of(killed), "--resume", "--receipts",
                 pipeline.path(f"{killed}-resumed.receipts"), check=False, timeout=120)
    pipeline.wait_drained(90)
    result = pipeline.tipctl_json("reconcile", *pipeline.receipts(), check=False)
    print(f"    seed {pipeline.seed}: kills {kills}, broker restarts {restarts}, "
          f"{ {k: v for k, v in result.items() if isinstance(v, int)} }", flush=True)
    for key in ("lost", "stored_twice", "in_flight"):
        equal(result[key], 0, f"seed {pipeline.seed}: {key} {result.get('missing')}")
    holds(sum(kills.values()) >= pipeline.kills_wanted and min(kills.values()) > 0, f"only {kills} kills")
    equal((adapter_killed, restarts), (True, int(pipeline.broker.restartable)), "adapter killed, broker restarted")
    holds(result["accepted"] > TIPS * 0.7, f"{result['accepted']} accepted")


def test_orderly_stop(pipeline):
    """SIGTERM ends every daemon within 10 s with status 0, and a restart goes on where it was"""
    for name in DAEMONS:
        daemon = pipeline.daemons[name]
        ends = len(daemon.ends)
        began = time.monotonic()
        daemon.kill(signal.SIGTERM)
        wait_until(lambda d=daemon, e=ends: len(d.ends) > e, 12, f"{name} to end")
        equal(daemon.ends[-1], 0, f"exit status of {name}")
        holds(time.monotonic() - began < 11, f"{name} took {time.monotonic() - began:.1f} s")
        wait_until(lambda n=name: pipeline.ready(n), 30, f"{name} ready again")
    pipeline.wait_drained()


def test_demo(pipeline):
    """the demo, made small, ends with status 0 and one JSON object of the members it promises"""
    argv = [sys.executable, os.path.join(TOP, "ops", "deploy", "local", "demo.py"), "--bin", pipeline.bin, "--broker",
            "embedded" if pipeline.broker.name == "embedded" else "kafka", "--tips", "900", "--state",
            pipeline.path("demo")]
    result = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=180)
    equal(result.returncode, 0, f"exit status; it said {result.stderr[-2000:]}{result.stdout[-500:]}")
    line = json.loads(result.stdout.splitlines()[-1])
    equal(list(line), ["broker", "submitted", "accepted", "refused", "stored", "parked", "in_flight", "lost",
                       "stored_twice", "cases", "links", "kills", "seconds"], "members")
    equal((line["submitted"], line["kills"], line["lost"], line["stored_twice"], line["in_flight"]), (900, 5, 0, 0, 0),
          "the count")
    equal(line["accepted"], line["stored"] + line["parked"], "accepted = stored + parked")
    equal(line["broker"], pipeline.broker.name, "broker")
