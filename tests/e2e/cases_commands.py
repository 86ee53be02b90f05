# SPDX-License-Identifier: Apache-2.0
"""What every program does alike: help, version, manual page, check, exit statuses."""
import copy
import json
import os
import pty
import re
import subprocess

from broker import TOP
from expect import equal, holds
from pipeline import DAEMONS, REHEARSAL_ADAPTERS, pages_built
from webform_site import WebForm

PROGRAMS = [f"tipline-{d}" for d in DAEMONS] + ["tipline-webform", "tip-submit", "tip-rehearse", "tipctl",
                                                 "tipline-embedded-broker"]


def with_pages(programs):
    """Those whose configuration can be good here: the web form's names pages that need Node to be built."""
    return [program for program in programs if program != "tipline-webform" or pages_built()]


def conf_for(pipeline, program):
    if program == "tipline-webform":
        return WebForm(pipeline).conf
    if program.startswith("tipline-"):
        return pipeline.conf_of(program[len("tipline-"):])
    return pipeline.conf_of("tipctl" if program == "tipctl" else REHEARSAL_ADAPTERS[0][0])


def test_help_and_version(pipeline):
    """--help and --version answer on standard output with 0, a wrong option with 64"""
    for program in PROGRAMS:
        help_ = pipeline.run(program, "--help")
        holds("--config" in help_.stdout or program == "tipline-embedded-broker", f"{program} --help: {help_.stdout}")
        holds(re.fullmatch(rf"{program} \d+\.\d+\.\d+\n", pipeline.run(program, "--version").stdout),
              f"{program} --version")
        wrong = pipeline.run(program, "--no-such-option", check=False)
        equal(wrong.returncode, 64, f"{program} --no-such-option")
        holds("no-such-option" in wrong.stderr, f"{program} does not name the wrong option: {wrong.stderr}")


def test_example_of_a_configuration(pipeline):
    """--example prints a file with every key that --help lists; only what must be filled in keeps it from being good"""
    for program in with_pages(PROGRAMS[:-1]):
        text = pipeline.run(program, "--example").stdout
        holds(max(map(len, text.splitlines())) <= 110, f"{program} --example: {text}")
        listed = re.findall(r"^  ([a-z_.*]+): ", pipeline.run(program, "--help").stdout, re.M)
        for key in listed:
            last = key.split(".")[-1].replace("*", "N")
            holds(re.search(rf"^ *#?{last}:", text, re.M), f"{program} --example has no {key}")
        path = pipeline.path("example.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        said = pipeline.run(program, "--config", path, "--check", check=False)
        filled = pipeline.run(program, "--config", conf_for(pipeline, program), "--check", check=False)
        holds(filled.returncode == 0, f"{program}: {filled.stderr}")
        open_ = [line for line in text.splitlines() if "FILL-IN" in line]
        equal(said.returncode, 78 if open_ else 0, f"{program}: {said.stderr}")
        holds(not open_ or "example.yaml" in said.stderr, f"{program}: {said.stderr}")
        with open(path, "w", encoding="utf-8") as f:  # taking the # away is all it takes
            f.write(re.sub(r"^( *)#(?=[a-zA-Z_]+:)", r"\1", text, flags=re.M))
        said = pipeline.run(program, "--config", path, "--check", check=False)
        holds("did you mean" not in said.stderr and "unknown key" not in said.stderr, f"{program}: {said.stderr}")


def own_options(pipeline, *command):
    """The options that a command's own help lists, and those it says all commands take."""
    text = pipeline.run("tipctl", *command, "--help").stdout
    holds(max(map(len, text.splitlines())) <= 80, f"{command} --help fits 80 columns: {text}")
    own, _, common = text.partition("Every command also takes")
    return set(re.findall(r"^ +--([a-z-]+)", own, re.M)), set(re.findall(r"--([a-z-]+)", common)), text


def test_help_of_each_command(pipeline):
    """each command of tipctl has a help of its own: how it is called, what it does, its options and no other's"""
    listed = pipeline.run("tipctl", check=False).stderr
    holds(max(map(len, listed.splitlines())) <= 80, f"the list fits 80 columns: {listed}")
    commands = [line[2:].split("  ")[0].split(" [")[0] for line in listed.splitlines()[1:] if line[2] != " "]
    words = [[w for w in c.split() if w.islower() and "|" not in w] for c in commands]
    holds(["parked", "discard"] in words and len(words) >= 17, f"commands: {words}")
    for command in words:
        own, common, text = own_options(pipeline, *command)
        name = " ".join(command)
        holds(f" {name}" in text.split("usage:")[1].splitlines()[0], f"{name}: {text}")
        holds(not own & common and {"json", "config", "help"} <= common, f"{name}: {text}")
        holds(re.search(rf"^(?=\S).*{name}", text.split("usage:")[1], re.M), f"{name} says what it does: {text}")
    equal(own_options(pipeline, "parked", "list")[0], {"reason", "stage", "since", "until", "state", "limit"}, "list")
    equal(own_options(pipeline, "status")[0], set(), "status")


def test_help_fits_a_terminal(pipeline):
    """no line of any program's help is wider than 80 columns, and a wrong option is answered in few lines"""
    for program in PROGRAMS:
        wide = [line for line in pipeline.run(program, "--help").stdout.splitlines() if len(line) > 80]
        equal(wide, [], f"{program} --help")
        said = pipeline.run(program, "--no-such-option", check=False).stderr
        holds(said.count("\n") <= 12, f"{program} --no-such-option says too much: {said}")


def test_manual_pages(pipeline):
    """every program has a manual page that mandoc finds nothing wrong with"""
    for program in PROGRAMS:
        page = pipeline.run(program, "--man").stdout
        lint = subprocess.run(["mandoc", "-Tlint", "-Werror"], input=page, capture_output=True, text=True)
        equal(lint.returncode, 0, f"{program}: {lint.stdout}")


# Of the source alone: names of constants (those of TIP/1 are codes) and what refers to the place where it stands.
SOURCE_ONLY = re.compile(r"\b(?!HELLO_FIRST|OVER_CREDIT)[A-Z]+_[A-Z_]+\b|\b(?:this file|change here|does below)\b|"
                         r"In the code|borrow|locked memory|\b[a-z]+_[a-z]+\(\)|struct ")


def check_for_readers(name, page):
    """A page whose name line is a summary that is not said again, in the words of who does not read the source."""
    plain = page.replace("\\-", "-")
    summary = re.search(r"^\.SH NAME\n\S+ - (.+)$", plain, re.M).group(1)
    holds(not re.match(r"[A-Z][a-z ]", summary) and not summary.endswith((".", ":")), f"{name}: {summary}")
    holds(summary not in plain.split(".SH DESCRIPTION")[1], f"{name} says its summary twice")
    found = SOURCE_ONLY.findall(plain)
    holds(not found, f"{name} speaks of its source: {found}")


def test_manual_pages_of_formats(pipeline):
    """every file format has a manual page that mandoc finds nothing wrong with"""
    with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as f:
        heads = re.findall(r"([a-z0-9]+\.[57]):(\S+\.(?:h|yaml))", f.read())
    pages = {page: subprocess.run(["ops/deploy/format-page", page, head], cwd=TOP, capture_output=True, text=True,
                                  check=True).stdout for page, head in heads}
    pages.update({word: pipeline.run("tipctl", "formats", word).stdout for word in ("reasons", "tip", "topics")})
    holds(len(pages) >= 11, f"pages of formats: {sorted(pages)}")
    for name, page in pages.items():
        lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning"], input=page, capture_output=True, text=True)
        equal(lint.returncode, 0, f"{name}: {lint.stdout}")
        holds(page.count("\n") > 10, f"{name} says next to nothing: {page}")
        check_for_readers(name, page)
    equal(pipeline.run("tipctl", "formats", "no-such", check=False).returncode, 64, "formats no-such")


def test_check_says_where(pipeline):
    """--check passes what is right and names file and line of what is wrong, with 78"""
    for program in with_pages([f"tipline-{d}" for d in DAEMONS] + ["tipline-webform", "tip-submit", "tipctl"]):
        conf = conf_for(pipeline, program)
        pipeline.run(program, "--config", conf, "--check")
        bad = conf + ".bad"
        with open(conf, encoding="utf-8") as f:
            text = f.read()
        with open(bad, "w", encoding="utf-8") as f:
            f.write(text + "no_such_key: 1\n")
        result = pipeline.run(program, "--config", bad, "--check", check=False)
        equal(result.returncode, 78, f"{program} --check: {result.stderr}")
        line = text.count("\n") + 1
        holds(f"{os.path.basename(bad)}:{line}" in result.stderr and "no_such_key" in result.stderr,
              f"{program}: {result.stderr}")


def test_readable_key_refused(pipeline):
    """a key file that others can read is refused by name"""
    key = pipeline.path("keys", "linkage.key")
    os.chmod(key, 0o644)
    try:
        result = pipeline.run("tipline-classify", "--config", pipeline.conf_of("classify"), "--check", check=False)
    finally:
        os.chmod(key, 0o600)
    equal(result.returncode, 78, result.stderr)
    holds("linkage.key" in result.stderr, result.stderr)


def test_topics_check(pipeline):
    """topics are as the table says, and tipctl sees it when they are not there"""
    if pipeline.broker.name == "embedded":
        return "the embedded broker has no topic settings"
    pipeline.tipctl("topics", "check")
    listed = pipeline.tipctl_json("topics", "check")
    holds(all(t["ok"] for t in listed), f"{listed}")
    return None


def test_no_broker_is_69(pipeline):
    """a tool that cannot reach the broker says so and ends with 69"""
    conf = pipeline.conf_of("tipctl") + ".nobroker"
    with open(pipeline.conf_of("tipctl"), encoding="utf-8") as f:
        text = f.read()
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text.replace(pipeline.broker.address, "127.0.0.1:9"))
    result = pipeline.run("tipctl", "--config", conf, "reconcile", check=False, timeout=60)
    equal(result.returncode, 69, result.stderr)


def test_try_without_a_broker(pipeline):
    """--try runs the stages one behind the other over files, without broker, network or keys of the bus"""
    with open(os.path.join(TOP, "tests", "data", "tips.jsonl"), encoding="utf-8") as f:
        tips = [json.loads(line)["tip"] for line in f]
    for tip in tips:  # as it is sealed: contact details are in the custodian's seal
        tip.pop("contact_details", None)
    text = "".join(json.dumps(tip) + "\n" for tip in tips)
    for name in ("classify", "dedupe", "route"):
        options = ["--try"] if name == "route" else ["--try", "--records"]
        result = subprocess.run([pipeline.program(f"tipline-{name}"), "--config", pipeline.conf_of(name), *options],
                                input=text, capture_output=True, text=True, timeout=120)
        equal(result.returncode, 0, f"{name}: {result.stderr[-500:]}")
        text = result.stdout
    results = [json.loads(line) for line in text.splitlines()]
    equal(len(results), 360, "results")
    equal({r["verdict"] for r in results}, {"done"}, "verdicts")


def test_a_start_that_fails_says_why(pipeline):
    """a pipeline that does not come up names the daemon that ended, and why it did"""
    other = copy.copy(pipeline)
    other.conf, other.http, other.daemons = pipeline.path("wrong-conf"), {"sink": "127.0.0.1:9"}, {}
    os.makedirs(other.conf, exist_ok=True)
    with open(os.path.join(other.conf, "sink.yaml"), "w", encoding="ascii") as f:
        f.write("stor: x\n")
    try:
        other.start(["sink"])
        said = "it started"
    except RuntimeError as error:
        said = str(error)
    holds("sink ended with 78" in said and "sink.yaml:1: there is no key stor; did you mean store?" in said, said)


def on_terminal(argv):
    """Exit status and standard error of a program that has a terminal there."""
    master, slave = pty.openpty()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    said = b""
    try:
        while piece := os.read(master, 4096):
            said += piece
    except OSError:  # the other side is gone
        pass
    os.close(master)
    return process.wait(timeout=20), said.decode().replace("\r\n", "\n")


def test_words_on_a_terminal(pipeline):
    """a daemon that cannot start says so in plain words on a terminal, and as a line of its log elsewhere"""
    conf = pipeline.path("conf", "not-there.yaml")
    for name in DAEMONS:
        argv = [pipeline.program(f"tipline-{name}"), "--config", conf]
        status, said = on_terminal(argv)
        equal(status, 78, said)
        equal(said, f"tipline-{name}: cannot read the configuration (--config): {conf}: No such file or directory\n",
              "on a terminal")
        logged = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        equal(logged.returncode, 78, logged.stderr)
        holds(logged.stderr.startswith(f"level=error event=program.failed program=tipline-{name} "), logged.stderr)
        holds("No such file" in logged.stderr and logged.stderr.count("\n") == 1, logged.stderr)
