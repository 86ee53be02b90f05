#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""End-to-end tests on Apache Kafka: real adapters, broker, daemons and store, as separate processes.

Each test is a function `test_…(pipeline)`; its docstring is the guarantee it shows. There are two lanes side by side,
since tests wait more than they work; the tests of a lane share one pipeline and run in order, the last ones with the
most damage. `--only NAME` runs those whose name contains NAME; `--seed N` repeats a run of kills; `--broker embedded`
runs what can be run without Java.
"""
import argparse
import os
import resource
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "ops", "deploy", "local"))
sys.path.insert(0, HERE)

import cases_bad_input  # noqa: E402
import cases_browser    # noqa: E402
import cases_bus        # noqa: E402
import cases_canary     # noqa: E402
import cases_commands   # noqa: E402
import cases_completion # noqa: E402
import cases_config     # noqa: E402
import cases_explain    # noqa: E402
import cases_guard      # noqa: E402
import cases_install    # noqa: E402
import cases_intake     # noqa: E402
import cases_keys       # noqa: E402
import cases_kills      # noqa: E402
import cases_mistakes   # noqa: E402
import cases_parked     # noqa: E402
import cases_reading    # noqa: E402
import cases_recipients # noqa: E402
import cases_reload     # noqa: E402
import cases_shred      # noqa: E402
import cases_top        # noqa: E402
import cases_webform    # noqa: E402
from broker import kafka_installed  # noqa: E402
from pipeline import Pipeline  # noqa: E402

# Of about the same length. The kills come last, and count what their whole lane has sent.
LANES = [[cases_commands, cases_completion, cases_install, cases_config, cases_mistakes, cases_intake, cases_reading,
          cases_guard, cases_canary, cases_reload, cases_explain, cases_top, cases_webform, cases_browser, cases_shred],
         [cases_recipients, cases_keys, cases_bus, cases_parked, cases_bad_input, cases_kills]]


def tests(lane, only):
    return [(name[5:], function) for suite in lane for name, function in vars(suite).items()
            if name.startswith("test_") and only in name[5:]]


def run_test(pipeline, name, function):
    """Returns what became of it: "passed", "failed" or "skipped"."""
    began = time.monotonic()
    try:
        skip = function(pipeline)
        result, end = (f"skipped: {skip}", "skipped") if skip else ("ok", "passed")
    except Exception as error:  # a test fails in any way it likes; the next one still runs
        result, end = f"FAILED: {error}" if isinstance(error, AssertionError) else traceback.format_exc(), "failed"
    doc = (function.__doc__ or "").strip().splitlines()[0]
    print(f"  {name:28} {time.monotonic() - began:6.1f} s  {result}\n  {'':28}          {doc}", flush=True)
    return end


def run_lane(number, args):
    """In a process of its own. Returns how each of its tests ended."""
    state, ends = os.path.join("build", "e2e", str(number + 1)), []
    pipeline = Pipeline(os.path.join(TOP, state), args.bin, args.broker)
    pipeline.seed, pipeline.kills_wanted = args.seed, args.kills
    try:
        pipeline.prepare()
        pipeline.start()
        print(f"e2e on {pipeline.broker.name}, state in {state}, seed {args.seed}", flush=True)
        for name, function in tests(LANES[number], args.only):
            ends.append(run_test(pipeline, name, function))
    except Exception:
        ends.append("failed")
        traceback.print_exc()
    finally:
        pipeline.close()
    return ends


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--broker", default="kafka", choices=["kafka", "embedded"])
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "0")) or int(time.time()) % 100000)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("KILLS", "30")))
    args = parser.parse_args()

    if args.broker == "kafka" and not kafka_installed():
        print("Apache Kafka is not set up (`make setup`); --broker embedded runs what can be run without\n"
              "0 passed, 1 failed")
        return 1
    # What systemd and shells give by default: the gateway must take a thousand peers with it.
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    chosen = [n for n, lane in enumerate(LANES) if tests(lane, args.only)]
    with ProcessPoolExecutor(len(LANES)) as pool:
        ends = [end for lane in pool.map(run_lane, chosen, [args] * len(chosen)) for end in lane]
    passed, failed, skipped = (ends.count(end) for end in ("passed", "failed", "skipped"))
    if failed:
        print(f"again with the same kills: SEED={args.seed} make e2e")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
