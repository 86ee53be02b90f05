#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make up` and `make down`: the pipeline of the demo, left running to play with, its state in build/up.

`start` forks one supervisor that holds the broker and the daemons and writes its process id to build/up/supervisor.pid;
`stop` ends that process, which stops everything in order. What was stored is still there at the next start.
"""
import argparse
import os
import signal
import sys
import threading
import time

from broker import TOP, wait_until
from pipeline import Pipeline, last_line

STATE = os.path.join(TOP, "build", "up")
PID = os.path.join(STATE, "supervisor.pid")
READY = os.path.join(STATE, "ready")


def running():
    """The supervisor's process id, or None."""
    try:
        with open(PID, encoding="ascii") as f:
            pid = int(f.read())
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return pid if b"up.py" in f.read() else None
    except (OSError, ValueError):
        return None


def supervise(args):
    stop = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stop.set())
    pipeline = Pipeline(STATE, args.bin, args.broker, wipe=False, webform=True)
    try:
        pipeline.prepare()
        pipeline.start()
        with open(READY + ".new", "w", encoding="ascii") as f:
            f.write(f"http://{pipeline.form}/\n" if pipeline.webform else "")
        os.replace(READY + ".new", READY)
        stop.wait()
    finally:
        pipeline.close()
        for path in (READY, PID):
            if os.path.exists(path):
                os.unlink(path)


def start(args):
    if running():
        print("already up: `make down` stops it", file=sys.stderr)
        return 0
    os.makedirs(STATE, mode=0o700, exist_ok=True)
    if os.path.exists(READY):
        os.unlink(READY)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        with open(os.path.join(STATE, "supervisor.log"), "ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        with open(PID, "w", encoding="ascii") as f:
            f.write(str(os.getpid()))
        supervise(args)
        os._exit(0)

    def up():
        if os.waitpid(pid, os.WNOHANG)[0]:
            log = os.path.join(os.path.relpath(STATE), "supervisor.log")
            raise RuntimeError(f"it did not come up: {last_line(log).removeprefix('RuntimeError: ')}\n"
                               f"More is in {log} and in {os.path.relpath(STATE)}/log/")
        return os.path.exists(READY)
    try:
        wait_until(up, 90, "the pipeline")
    except (RuntimeError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 69
    with open(READY, encoding="ascii") as f:
        form = f.read().strip() or "not served: its pages could not be built (they need Node)"
    conf, binary = os.path.relpath(os.path.join(STATE, "conf")), os.path.relpath(args.bin)
    print(f"""The pipeline is up. Its state is in {os.path.relpath(STATE)}; `make down` stops it.
  the public's web form: {form}
  {binary}/tip-submit --config {conf}/callhandler.yaml --narrative 'PC 2214SN takes money from the scrap yard.'
  {binary}/tipctl --config {conf}/tipctl.yaml status
  {binary}/tipctl --config {conf}/tipctl.yaml cases list""")
    return 0


def stop():
    pid = running()
    if not pid:
        print("nothing is up", file=sys.stderr)
        return 0
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: running() is None, 40, "the pipeline to stop")
    print(f"stopped; what was stored stays in {os.path.relpath(STATE)}")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("--bin", default="build/gcc/bin")
    parser.add_argument("--broker", default="kafka")
    args = parser.parse_args()
    return start(args) if args.action == "start" else stop()


if __name__ == "__main__":
    sys.exit(main())
