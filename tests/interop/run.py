#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tipctl age` in pipes, and with other programs that read and write age files; what the web form's page makes as well.

Each test is a function `test_…(site)`; its docstring is the guarantee it shows. `--only NAME` runs those whose name
contains NAME.
"""
import argparse
import os
import shutil
import sys
import traceback

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import cases_form     # noqa: E402
import cases_peers    # noqa: E402
import cases_pipes    # noqa: E402
import cases_recipients  # noqa: E402
import cases_refusal  # noqa: E402
from site_of_keys import Site  # noqa: E402


def tests():
    for suite in (cases_refusal, cases_pipes, cases_peers, cases_recipients, cases_form):
        for name, function in list(vars(suite).items()):
            if name.startswith("test_"):
                yield name[5:], function


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    folder = os.path.join(TOP, "build", "interop")
    shutil.rmtree(folder, ignore_errors=True)
    site = Site(folder, os.path.abspath(os.path.join(args.bin, "tipctl")), TOP, HERE)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, function in tests():
        if args.only not in name:
            continue
        try:
            skip = function(site)
            result, kind = (f"skipped: {skip}", "skipped") if skip else ("ok", "passed")
        except Exception as error:  # a test fails in any way it likes; the next one still runs
            result = f"FAILED: {error}" if isinstance(error, AssertionError) else traceback.format_exc()
            kind = "failed"
        counts[kind] += 1
        print(f"  {result:6} {name}: {(function.__doc__ or '').strip()}", flush=True)
    site.close()
    print("interop: {passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
