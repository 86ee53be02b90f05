# SPDX-License-Identifier: Apache-2.0
"""What bash completes, asked of bash itself with the script that each program prints."""
import subprocess

from cases_commands import PROGRAMS
from expect import equal, holds


def ask_bash(script, folder, *words):
    """What a bash in that folder, which has read the script, offers for the last of the words (COMP_WORDS)."""
    ask = ('source "$1" && shift && COMP_WORDS=("$@") && COMP_CWORD=$(($# - 1)) && '
           'read -r _ _ function _ < <(complete -p "$1") && "$function" && printf "%s\\n" "${COMPREPLY[@]}"')
    result = subprocess.run(["bash", "--norc", "-uc", ask, "bash", script, *words], capture_output=True, text=True,
                            cwd=folder, timeout=30)
    equal((result.returncode, result.stderr), (0, ""), f"bash completes {words}")
    return result.stdout.split()


def complete(pipeline, *words):
    script = pipeline.path(f"{words[0]}.completion")
    with open(script, "w", encoding="utf-8") as f:
        f.write(pipeline.run(words[0], "--completion").stdout)
    return ask_bash(script, pipeline.state, *words)


def test_completion(pipeline):
    """bash completes commands, options, and values of options such as reasons and stages"""
    for program in PROGRAMS:
        offered = complete(pipeline, program, "--")
        for option in ("--help", "--version", "--man", "--completion", "--log-level"):
            holds(option in offered, f"{program} -- offers {offered}")
        equal(complete(pipeline, program, "--log-level", "w"), ["warn"], program)
    cases = {("pa",): ["parked"], ("parked", "rep"): ["replay"],
             ("parked", ""): ["list", "show", "replay", "discard", "release"],
             ("--json", "--config", "x.yaml", "parked", "dis"): ["discard"],
             ("parked", "replay", "--reason", "key-"): ["key-unknown"],
             ("parked", "replay", "--reason", "=", "key-"): ["key-unknown"],
             ("parked", "list", "--stage", ""): ["classify", "dedupe", "route", "sink"],
             ("parked", "list", "--stage", "="): ["classify", "dedupe", "route", "sink"],
             ("parked", "list", "--state", "repl"): ["replaying", "replayed"],
             ("parked", "replay", "--dr"): ["--dry-run"], ("parked", "list", "--dr"): [],
             ("cases", "list", "--outcome", "inv"): ["investigate"],
             ("parked", "replay", "--limit", ""): [], ("status", ""): [], ("parked", "list", ""): [],
             ("-c", "con"): ["conf"], ("keys", "init", "con"): ["conf"]}
    for words, want in cases.items():
        equal(complete(pipeline, "tipctl", *words), want, f"tipctl {words}")
    holds("reconcile" in complete(pipeline, "tipctl", ""), "commands")
    equal(complete(pipeline, "tip-submit", "con"), ["conf"], "files")
