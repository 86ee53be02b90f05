# SPDX-License-Identifier: Apache-2.0
"""clang-tidy and cppcheck, and what they said before of files that have not changed since.

What a tool says depends on the file, on what it includes of ours, and on the rules: a hash of all that names its
answer under build/analysis. Only clean files are remembered.
"""
import hashlib
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

KEPT = "build/analysis"
RULES = [".clang-tidy", "tests/lint/analyser.h"]
MACROS = "tests/lint/analyser.h"
# These define what the macros of analyser.h are named like.
DEFINERS = {"ops/runtime/err.c", "ops/runtime/yaml.c"}
# A third of the analyser's own limit of states a function: nothing less was found, in half the time.
STATES = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=75000"]
CPPCHECK = ["cppcheck", "-q", "--std=c11", "--enable=warning,performance,portability", "--inline-suppr",
            "-D_GNU_SOURCE", "-I.", "--template={file}:{line}: {message} [{id}]", "--error-exitcode=1",
            "--suppress=missingIncludeSystem",   # libraries are not ours to check
            "--suppress=varFuncNullUB",          # POSIX has NULL be a pointer
            "--suppress=autoVariables"]          # clang-tidy sees whether the address is left behind


class Sources:
    """Files with the hash of all that they are made of."""

    def __init__(self):
        self.digests, self.includes = {}, {}

    def digest(self, path):
        if path not in self.digests:
            with open(path, "rb") as f:
                content = f.read()
            self.digests[path] = hashlib.sha256(content).digest()
            names = re.findall(rb'^\s*#\s*include\s*"([^"]+)"', content, re.M)
            self.includes[path] = [n.decode() for n in names if os.path.isfile(n)]
        return self.digests[path]

    def closure(self, path):
        seen, todo = set(), [path]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                self.digest(one)
                todo += self.includes[one]
        return sorted(seen)

    def key(self, path, tool):
        whole = hashlib.sha256(f"{tool} {path} {STATES} {CPPCHECK}".encode())
        for one in RULES + self.closure(path):
            whole.update(self.digest(one))
        return whole.hexdigest()


def unless_known(sources, path, command):
    """What the command says of the file, as lines."""
    mark = f"{KEPT}/{sources.key(path, command[0])}"
    if os.path.exists(mark):
        return []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0 and not done.stdout.strip():
        with open(mark, "w", encoding="utf-8"):
            return []
    return [line for line in (done.stdout + done.stderr).splitlines()
            if re.search(r"(warning|error): .*\[|\[\w+\]$", line)] or [f"{path}: {command[0]} fails"]


def run(files, command_of):
    os.makedirs(KEPT, exist_ok=True)
    sources = Sources()
    top = os.getcwd() + "/"
    jobs = [(path, command_of(path)) for path in files]
    for path, command in jobs:  # read what they share once, before the threads do
        sources.key(path, command[0])
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for lines in pool.map(lambda job: unless_known(sources, *job), jobs):
            yield from (line.replace(top, "") for line in lines)


def clang_tidy(files, flags):
    def command(path):
        macros = [] if path in DEFINERS else ["-include", MACROS]
        return ["clang-tidy", "--quiet", "--warnings-as-errors=*", path, "--", "-std=c11", "-D_GNU_SOURCE", "-I.",
                *flags, *STATES, "-include", "ops/runtime/banned.h", *macros]
    return run(files, command)


def cppcheck(files, flags):
    return run(files, lambda path: [*CPPCHECK, *flags, path])
