#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays each stage over folders of files: tests/replay/STAGE/CASE/{in,want[,conf.yaml]}.

A case runs `tipline-STAGE --config STAGE.yaml --try` on `in` and compares its standard output with `want`, byte by
byte. It works on a copy, in which key files get the modes that a checkout cannot keep. `--write CASE…` writes `want`
anew: read it before you commit it.
"""
import argparse
import difflib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
STAGES = ["classify", "dedupe", "route", "sink"]


def run_case(binary, copy, stage, case):
    folder = os.path.join(copy, "tests", "replay", stage, case)
    conf = os.path.join(folder, "conf.yaml")
    if not os.path.exists(conf):
        conf = os.path.join(copy, "tests", "replay", stage, f"{stage}.yaml")
    with open(os.path.join(folder, "in"), "rb") as f:
        result = subprocess.run([binary, "--config", conf, "--try"], stdin=f, capture_output=True, timeout=60,
                                cwd=folder)
    if result.returncode != 0:
        return None, f"exit {result.returncode}: {result.stderr.decode(errors='replace').strip()[-400:]}"
    return result.stdout.decode(), None


def make_copy(folder):
    """The tests, and the files of the workers that configurations name by relative paths."""
    shutil.copytree(HERE, os.path.join(folder, "tests", "replay"))
    shutil.copytree(os.path.join(TOP, "workers"), os.path.join(folder, "workers"),
                    ignore=shutil.ignore_patterns("*.c", "*.h"))
    keys = os.path.join(folder, "tests", "replay", "keys")
    for name in os.listdir(keys) if os.path.isdir(keys) else []:
        os.chmod(os.path.join(keys, name), 0o600)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--write", nargs="*", help="STAGE/CASE whose `want` is written anew")
    args = parser.parse_args()
    passed = failed = 0
    for stage in STAGES:
        binary = os.path.abspath(os.path.join(args.bin, f"tipline-{stage}"))
        folder = os.path.join(HERE, stage)
        for case in sorted(c for c in os.listdir(folder) if os.path.exists(os.path.join(folder, c, "in"))):
            with tempfile.TemporaryDirectory() as copy:
                make_copy(copy)
                got, error = run_case(binary, copy, stage, case)
            want_path = os.path.join(folder, case, "want")
            if args.write is not None and f"{stage}/{case}" in args.write and got is not None:
                with open(want_path, "w", encoding="utf-8") as f:
                    f.write(got)
            want = open(want_path, encoding="utf-8").read() if os.path.exists(want_path) else ""
            if got == want and got:
                passed += 1
                continue
            failed += 1
            print(f"== {stage}/{case}: {error or 'not what was wanted'}")
            if got is not None:
                sys.stdout.writelines(list(difflib.unified_diff(want.splitlines(True), got.splitlines(True), "want",
                                                                "got"))[:40])
    print(f"replay: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
