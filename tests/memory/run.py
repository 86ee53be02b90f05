#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory that cannot be had: each program is run again and again, each time with another allocation failing.

First a run in which nothing fails tells from how many places memory is asked for (shim.c: a hash of the callers). Then
each place fails once, at its first call, alone or with all calls after it. Without --seconds every place is tried; with
it a sample, drawn from --seed, that fits.

What must hold of a run, whatever failed in it:
- Exit 0: the output is that of the run in which nothing failed.
- Else it says why and ends with a status after which it is started again (69 to 75), or aborts with the word that
  memory is out (ops/runtime/buf.h). What it had printed until then is right.
- A crash inside a library of EXCUSED, and nowhere else, is counted and passed over.
- Never another signal; never a status that means wrong input or configuration (64, 65, 78), for then a unit stays down
  or a tip is refused that is good.
- What it said to be kept is on disk, and the file is whole.
- Another's program that links libtipline goes on: a call fails with TIPLINE_ENOMEM, or another code that does not
  blame the tip, and the same call works when memory is there again.
"""
import argparse
import mmap
import os
import random
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "replay"))

from run import make_copy  # noqa: E402

HOLDERS = ("triage", "recovery", "custodian")
CALLS_MAX = 4 << 20
OUT = re.compile(rb"out of memory|OUT OF MEMORY|std::bad_alloc|[Cc]annot allocate memory")
HOPEFUL = (69, 70, 71, 75)
# Libraries that follow a NULL, or abort, which nobody but they can mend: all at the start, before anything was written.
EXCUSED = ("libfyaml", "libhs", "libpgm", "libzmq")
PASSED_OVER = re.compile(rb"/(libc\.so|shim\.so|libgcc)")
BLAME = re.compile(rb"^-[12]: ", re.M)  # TIPLINE_EINVAL, TIPLINE_ECONFIG


LEXICON = r"""lexicon: 1
report-above: 0.2
sections:
  corruption:
    bias: -0.1
    entries:
      - {name: bribe, sub: bribery, weight: 1.1, also: {out-of-scope: -0.3}, match: ["brib*", "(takes|took) cash"]}
      - {name: sum, weight: 0.4, match: ["/[0-9]+ pounds/"]}
      - {name: told, weight: 0.5, match: [told ... (raid|search)]}
  abuse-of-position: {bias: -2, entries: []}
  domestic-abuse: {bias: -2, entries: []}
  discrimination: {bias: -2, entries: []}
  risk: {bias: -2, entries: [{name: s, weight: 1, fact: short}]}
  out-of-scope: {bias: -2, damp: 2, entries: [{name: r, weight: 4, refer: complaints, match: [rude], in: narrative}]}
"""


class Case:
    """A program under test: how it is run, and what it must have left behind."""

    def __init__(self, name, argv, stdin=None, cwd=None, table=None, aborts=True):
        self.name, self.argv, self.stdin, self.cwd = name, argv, stdin, cwd
        self.table = table  # of the SQLite file it writes
        self.aborts = aborts  # whether it may
        self.excused = 0

    def run(self, scratch, shim, env):
        folder = os.path.join(scratch, "state")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, mode=0o700)
        argv = [a.replace("STATE", folder) for a in self.argv]
        with open(self.stdin or os.devnull, "rb") as stdin:
            result = subprocess.run(argv, stdin=stdin, capture_output=True, timeout=120, cwd=self.cwd or scratch,
                                    env={**os.environ, "LD_PRELOAD": shim, **env})
        result.files = dict(files_in(os.path.join(folder, "out")))
        return result, folder

    def places(self, scratch, shim):
        """The calls that are the first from their place, and the output when all goes well."""
        log = os.path.join(scratch, "calls")
        with open(log, "wb") as f:
            f.truncate(CALLS_MAX * 8)
        result, folder = self.run(scratch, shim, {"MEMORY_LOG": log})
        if result.returncode != 0 or not (result.stdout or result.files):
            raise RuntimeError(f"{self.name} does not run: {result.returncode} {result.stderr[-400:]}")
        first = {}
        with open(log, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as calls:
            for n, (caller,) in enumerate(struct.iter_unpack("<Q", calls), 1):
                if caller == 0:
                    break
                first.setdefault(caller, n)
        os.remove(log)
        return sorted(first.values()), result

    def wrong(self, result, folder, good):
        """What must not be, or None."""
        status, out, said = result.returncode, result.stdout, result.stderr
        if excused(status, said) and not result.files and b"kept " not in out and b"verdict" not in out:
            self.excused += 1
            return None
        if status == 0 and (not self.same(out, good.stdout) or result.files != good.files):
            return f"exit 0 with another output: {out[-300:]!r}"
        if not self.begins(out, good.stdout):
            return f"a wrong result before the end: {out[-300:]!r}"
        if any(good.files.get(name) != content for name, content in result.files.items()):
            return f"a file that is not whole: {list(result.files)}"
        if status == -6 and not (self.aborts and OUT.search(said)):
            return "aborts"
        if status not in (0, -6, 1 if not self.aborts else 0, *HOPEFUL):
            return f"ends with {status}"
        if status != 0 and not said.strip():
            return "ends without a word"
        if not self.aborts and BLAME.search(said):
            return "blames the tip or the configuration"
        return self.not_on_disk(folder, out) if self.table else None

    def same(self, out, good):
        return out == good if not self.table else out.count(b"kept ") == good.count(b"kept ")

    def begins(self, out, good):
        return good.startswith(out) or self.table is not None

    def not_on_disk(self, folder, out):
        path = os.path.join(folder, "file")
        if not os.path.exists(path):
            return "kept without a file" if out else None
        with sqlite3.connect(path) as db:
            (whole,) = db.execute("PRAGMA integrity_check").fetchone()
            there = db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (self.table,)).fetchone()
            ids = {row[0].hex() for row in db.execute(f"SELECT tip_id FROM {self.table}")} if there else set()
        db.close()
        lost = [line.split()[1] for line in out.decode().splitlines() if line.split()[1] not in ids]
        if whole != "ok":
            return f"the file is damaged: {whole}"
        return f"kept, and not on disk: {lost}" if lost else None


def cases(scratch, bin_dir, steps):
    replay = os.path.join(scratch, "tests", "replay")
    found = []
    for stage, case in (("classify", "corruption"), ("dedupe", "accounts-of-one-incident"),
                        ("route", "a-team-member-is-named"), ("sink", "routed-records")):
        folder = os.path.join(replay, stage, case)
        argv = [os.path.join(bin_dir, f"tipline-{stage}"), "--config", os.path.join(replay, stage, f"{stage}.yaml"),
                "--try"]
        found.append(Case(stage, argv, os.path.join(folder, "in"), folder))
    for name, table in (("spool", "tips"), ("store", "tips"), ("index", "tip")):
        found.append(Case(name, [steps, name, "STATE/file"], table=table))
    found.append(Case("register", [os.path.join(bin_dir, "tipctl"), "register", "build", "--staff",
                                   os.path.join(TOP, "tests", "data", "staff.yaml"), "--linkage",
                                   os.path.join(replay, "keys", "linkage.key"), "--out", "STATE/out"]))
    found.append(Case("adapter", [steps, "adapter", adapter_conf(scratch, bin_dir)], table="tips", aborts=False))
    sign = [os.path.join(bin_dir, "tipctl"), "recipients", "sign", "STATE/list.json", "--root",
            os.path.join(scratch, "keys", "root.key")]
    for holder in HOLDERS:
        sign += [f"--{holder}", os.path.join(scratch, "keys", "teams", f"{holder}.recipient")]
    found.append(Case("list", sign))
    return found


def excused(status, said):
    """Whether it crashed, or gave up, within a library that knows no better."""
    frames = [line for line in said.splitlines() if line.startswith(b"/") and not PASSED_OVER.search(line)]
    return status in (-6, -11) and frames and any(name.encode() in frames[0] for name in EXCUSED)


def files_in(folder):
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, name), "rb") as f:
            yield name, f.read()


def adapter_conf(scratch, bin_dir):
    keys = os.path.join(scratch, "keys")
    subprocess.run([os.path.join(bin_dir, "tipctl"), "keys", "init", "--teams", ",".join(HOLDERS), "--adapters",
                    "desk:1:batch", keys], check=True, capture_output=True)
    path = os.path.join(scratch, "adapter.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write("gateway: [\"127.0.0.1:9\"]\nadapter: {id: 1, channel: batch}\n"  # where nobody listens
                "keys: {sign: keys/adapters/desk.sign, curve: keys/adapters/desk.curve,"
                " gateway: keys/gateway.curve.pub, root: keys/root.pub, recipients: keys/recipients.json}\n"
                "spool: {path: state/file}\n")
    return path


def plan(case, scratch, shim, limit, dice):
    """[(call, forever)] of the places to try, and the good output. Both ways of failing in turn."""
    places, good = case.places(scratch, shim)
    # What libtipline puts aside helps when it can be had again: not where nothing can be had for ever.
    ways = (0, 1) if case.aborts else (0,)
    tries = [(n, forever) for n in places for forever in ways]
    if limit is not None:
        tries = [(n, dice.choice(ways)) for n in places]
    dice.shuffle(tries)
    return len(places), tries, good


def sweep(case, scratch, shim, seconds, dice):
    n_places, tries, good = plan(case, scratch, shim, seconds, dice)
    until = time.monotonic() + seconds if seconds is not None else None
    done, failures = 0, []
    for n, forever in tries:
        if until is not None and time.monotonic() > until:
            break
        env = {"MEMORY_FAIL": str(n), **({"MEMORY_FOREVER": "1"} if forever else {})}
        result, folder = case.run(scratch, shim, env)
        wrong = case.wrong(result, folder, good)
        done += 1
        if wrong:
            failures.append(f"{' '.join(f'{k}={v}' for k, v in env.items())}: {wrong}\n"
                            f"      {result.stderr.decode(errors='replace').strip()[-300:]}")
    print(f"  {case.name:10} {done:5} runs, {n_places} places"
          + (f", {case.excused} crashed within a library at the start" if case.excused else "")
          + (f", {len(failures)} FAILED" if failures else ""), flush=True)
    for failure in failures[:40]:
        print(f"    {failure}")
    return done, len(failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--steps", required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--seconds", type=float, help="for all programs together; without it every place is tried")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.randrange(1 << 31)
    dice = random.Random(seed)
    done = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        make_copy(scratch)
        # Hyperscan asks three million times for the real one.
        with open(os.path.join(scratch, "workers", "classify", "lexicon.yaml"), "w", encoding="utf-8") as f:
            f.write(LEXICON)
        every = cases(scratch, os.path.abspath(args.bin), os.path.abspath(args.steps))
        chosen = [c for c in every if args.only in c.name]
        for case in chosen:
            n, bad = sweep(case, scratch, os.path.abspath(args.shim),
                           args.seconds / len(chosen) if args.seconds else None, dice)
            done, failed = done + n, failed + bad
    if failed:
        print(f"again: tests/memory/run.py … --seed {seed}")
    print(f"memory: {done} runs, {failed} failed")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())
