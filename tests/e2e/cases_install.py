# SPDX-License-Identifier: Apache-2.0
"""`make install DESTDIR=…`: what it puts where, used from there."""
import glob
import os
import shutil
import subprocess
import tempfile

from broker import TOP
from cases_commands import PROGRAMS
from cases_completion import ask_bash
from expect import equal, holds

MAN = ["man", "--warnings", "-E", "UTF-8", "-P", "cat", "-l"]


def install(folder):
    """In the tree of this run, whose compiler and sanitizers are in the environment; not as a part of its make."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    result = subprocess.run(["make", "-s", "install", f"DESTDIR={folder}", "PREFIX=/opt/tipline"], cwd=TOP, env=env,
                            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    equal(result.returncode, 0, f"make install: {result.stderr[-600:]}")
    return os.path.join(folder, "opt", "tipline")


def check_completion(root):
    for program in PROGRAMS:
        script = os.path.join(root, "share", "bash-completion", "completions", program)
        holds("--version" in ask_bash(script, root, program, "--"), f"{program} -- completes from {script}")
    script = os.path.join(root, "share", "bash-completion", "completions", "tipctl")
    equal(ask_bash(script, root, "tipctl", "parked", "dis"), ["discard"], "tipctl parked dis")
    equal(ask_bash(script, root, "tipctl", "parked", "list", "--reason", "key-"), ["key-unknown"], "--reason key-")


def check_manual(root):
    pages = sorted(glob.glob(os.path.join(root, "share", "man", "man*", "*")))
    holds(len(pages) >= len(PROGRAMS) + 11, f"pages: {pages}")
    for page in pages:
        equal(os.path.dirname(page)[-1], page[-1], f"the folder of {page}")
        said = subprocess.run([*MAN, page], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
        equal((said.returncode, said.stderr), (0, ""), f"man -l --warnings {page}")
        wide = [line for line in said.stdout.splitlines() if len(line) > 80]
        holds(said.stdout.count("\n") > 10 and not wide, f"{page} fits 80 columns, but for {wide}")


def check_rest(root, folder):
    for program in PROGRAMS:
        version = subprocess.run([os.path.join(root, "bin", program), "--version"], capture_output=True, text=True)
        holds(version.stdout.startswith(f"{program} "), f"{program} --version: {version}")
    units = glob.glob(os.path.join(folder, "etc", "systemd", "system", "*.service"))
    holds(len(units) >= 5, f"units: {units}")
    for unit in units:
        with open(unit, encoding="utf-8") as f:
            holds("ExecStart=/opt/tipline/bin/" in f.read(), f"{unit} starts what was installed")
    users = os.path.join(folder, "etc", "sysusers.d", "tipline.conf")
    holds(os.path.exists(users), users)
    if shutil.which("systemd-sysusers"):
        said = subprocess.run(["systemd-sysusers", "--dry-run", users], capture_output=True, text=True, timeout=30)
        holds("not a valid" not in said.stderr and "tipline-route" in said.stderr + said.stdout, f"{users}: {said}")


def test_install(pipeline):
    """what is installed works from there: programs, completion in bash, manual pages without a warning, units"""
    with tempfile.TemporaryDirectory(dir=pipeline.state) as folder:
        root = install(folder)
        check_completion(root)
        check_manual(root)
        check_rest(root, folder)
