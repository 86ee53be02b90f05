#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house's rules as checks: each yields one line for every place that breaks it.

A rule that cannot fail is no rule: tests/lint/broken/ holds, for each rule that reads C, a file that breaks it, and
`selftest` sees that the rule says so.
"""
import glob
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import analyse

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
os.chdir(TOP)

BROKEN = "tests/lint/broken/"
TOP_LEVEL = {"producers", "workers", "schema", "ops", "tests", "Makefile", "README.md"}

# A room may include itself and what is named here. Programs include no program.
BASE = ["ops/runtime"]
SCHEMA = BASE + ["schema"]
ROOMS = {
    "ops/runtime": [],
    "schema": BASE,
    "schema/keyring": SCHEMA,
    "schema/store": SCHEMA,
    "producers/sdk": SCHEMA,
    "workers/stage": SCHEMA,
    "producers/gateway": SCHEMA,
    "producers/batch": SCHEMA + ["producers/sdk"],
    "producers/webform": SCHEMA + ["producers/sdk"],
    "workers/classify": SCHEMA + ["workers/stage"],
    "workers/dedupe": SCHEMA + ["workers/stage"],
    "workers/route": SCHEMA + ["workers/stage"],
    "workers/sink": SCHEMA + ["workers/stage", "schema/store"],
    "ops/ctl": SCHEMA + ["schema/store", "schema/keyring"],
    "ops/deploy/embedded": SCHEMA,
}

# Where a library's header may be included.
VENDOR_HOMES = {
    r"librdkafka/": ["ops/runtime"],
    r"zmq\.h": ["producers/sdk", "producers/gateway"],
    r"sodium": ["schema"],
    r"sqlite3\.h": ["schema/store", "workers/dedupe", "producers/sdk"],
    r"libpq": ["schema/store"],
    r"libfyaml\.h": ["ops/runtime"],
    r"microhttpd\.h": ["ops/runtime"],
    r"systemd/": ["ops/runtime"],
    r"hs(/hs)?\.h": ["workers/classify"],
    r"cbor\.h": ["schema"],
    r"curl/": ["ops/ctl"],
    r"jansson\.h": ["schema", "producers/batch", "ops/ctl", "workers/route", "workers/classify"],
}

# Beyond what ops/runtime/banned.h turns into compile errors.
BANNED = {
    r"\bsleep\s*\(": "wait for a condition, not for time",
    r"\bsscanf\s*\(": "parse strictly",
    r"\balloca\s*\(": "use the arena",
    r"\bsetjmp\s*\(": "return errors",
    r"\btmpnam\s*\(": "use mkstemp",
    r"\bpopen\s*\(": "no shell",
}

# These stand in the manner of other tools and carry no licence line.
NO_SPDX = re.compile(r"\.(md|jsonl|json|map|in|key|receipts|xml|gitignore)$|/(in|want)$|^\.gitignore$|^README\.md$")
SOURCE = re.compile(r"\.(c|h|py|sh|sql|cddl|ya?ml|m?js|html|scss|go|rs|toml)$|^Makefile$|"
                    r"/(run|setup|install|format-page)$|^\.ci/run$")


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
    return sorted(f for f in out.stdout.splitlines() if os.path.isfile(f) and not f.startswith(BROKEN))


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def room_of(path):
    folder = os.path.dirname(path)
    while folder and folder not in ROOMS:
        folder = os.path.dirname(folder)
    return folder


def includes_of(text):
    return [(n, m.group(2), m.group(1) == '"') for n, line in enumerate(text.splitlines(), 1)
            if (m := re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line))]


def check_top_level(files):
    """the top level holds what the user asked for and dotfiles"""
    for name in sorted({f.split("/")[0] for f in files}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield f"{name}: not at the top level"
    for name in sorted(TOP_LEVEL):
        if not os.path.exists(name):
            yield f"{name}: missing"


def check_spdx(files):
    """every source file names its licence"""
    for f in files:
        if SOURCE.search(f) and not NO_SPDX.search(f):
            if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text_of(f).splitlines()[:3]):
                yield f"{f}:1: no SPDX line"


def check_dependencies(files):
    """rooms depend one way, and siblings not at all"""
    for f in c_files(files):
        room = room_of(f)
        if not room:
            if not f.startswith("tests/"):
                yield f"{f}: in no room: name it in tests/lint/lint.py"
            continue
        for line, name, quoted in includes_of(text_of(f)):
            if not quoted or name.endswith(".sql.h"):
                continue
            if "/" not in name and name != "tipline.h":
                yield f'{f}:{line}: include "{name}" does not name its room'
                continue
            other = room_of(name)
            if other != room and other not in ROOMS[room]:
                yield f'{f}:{line}: {room} may not include "{name}"'


def check_vendor_homes(files):
    """a library is used in its home only"""
    for f in c_files(files):
        for line, name, _ in includes_of(text_of(f)):
            for pattern, homes in VENDOR_HOMES.items():
                if re.match(pattern, name) and room_of(f) not in homes and not f.startswith("tests/"):
                    yield f"{f}:{line}: <{name}> is at home in {', '.join(homes)}"


def check_banned(files):
    """functions without a safe use here"""
    for f in c_files(files):
        for n, line in enumerate(strip_comments(text_of(f)).splitlines(), 1):
            for pattern, why in BANNED.items():
                if re.search(pattern, line):
                    yield f"{f}:{n}: {why}: {line.strip()[:60]}"
            if re.match(r"\s*#\s*undef\s+(strcpy|strcat|strncpy|strtok|sprintf|atoi|gmtime|system)\b", line) and \
                    not f.endswith("banned.h"):
                yield f"{f}:{n}: undoes ops/runtime/banned.h"


def check_typedefs(files):
    """no typedef hides a struct"""
    for f in c_files(files):
        for n, line in enumerate(text_of(f).splitlines(), 1):
            if re.match(r"\s*typedef\s+(struct|union|enum)\b", line):
                yield f"{f}:{n}: typedef of a struct"


def check_shape(files):
    """lines end cleanly, C files have one subject, headers say what they are"""
    for f in files:
        if not (SOURCE.search(f) or f.endswith(".md")):
            continue
        text = text_of(f)
        if text and not text.endswith("\n"):
            yield f"{f}: no newline at the end"
        for n, line in enumerate(text.splitlines(), 1):
            if line.rstrip() != line:
                yield f"{f}:{n}: space at the end of the line"
            if f.endswith((".c", ".h", ".py", ".js", ".mjs", ".scss")) and len(line.expandtabs(4)) > 120:
                yield f"{f}:{n}: longer than 120 columns"
        if f.endswith((".c", ".h")) and text.count("\n") > 600:
            yield f"{f}: over 600 lines"
        if f.endswith(".h") and not re.match(r"/\* SPDX[^\n]*\n/\*", text):
            yield f"{f}: no head comment that says what it is"


def check_drawers(files):
    """no drawer for odds and ends"""
    for f in files:
        if re.search(r"(^|/)(utils?|common|misc|helpers?)(\.[a-z]+)?(/|$)", f):
            yield f"{f}: what is it really?"


def check_headers_alone(files):
    """each header compiles alone, with both compilers"""
    flags = ["-std=c11", "-D_GNU_SOURCE", "-I.", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
             "-fsyntax-only", "-x", "c", "-include", "ops/runtime/banned.h"]
    jobs = [(cc, f) for cc in compilers() for f in files if f.endswith(".h") and room_of(f)]

    def compile_one(job):
        cc, f = job
        r = subprocess.run([cc, *flags, *pkg_flags(), f], capture_output=True, text=True)
        return f"{f}: {cc}: {r.stderr.strip().splitlines()[0]}" if r.returncode else None
    with ThreadPoolExecutor(2) as pool:
        yield from filter(None, pool.map(compile_one, jobs))


# Not tests/lint, whose files break rules.
TEST_CODE = tuple(f"tests/{d}/" for d in ("bench", "chaos", "e2e", "fuzz", "memory", "unit"))


def check_other_compiler(files):
    """every C file passes the compiler that the build does not use"""
    other = [cc for cc in compilers() if cc != os.environ.get("CC", "gcc")]
    make = text_of("Makefile")
    warn = re.search(r"^WARN := ((?:.*\\\n)*.*)", make, re.M).group(1).replace("\\\n", " ").split()
    flags = ["-std=c11", "-D_GNU_SOURCE", "-I.", *warn, "-O1", "-fsyntax-only", "-include", "ops/runtime/banned.h"]
    gen = [f"-I{d}" for d in glob.glob("build/*/gen")]

    def compile_one(job):
        cc, f = job
        r = subprocess.run([cc, *flags, *gen, *pkg_flags(), f], capture_output=True, text=True)
        return f"{cc}: {r.stderr.strip().splitlines()[0]}" if r.returncode else None
    with ThreadPoolExecutor(2) as pool:
        yield from filter(None, pool.map(compile_one, [(cc, f) for cc in other for f in files if f.endswith(".c")
                                                       and (room_of(f) or f.startswith(TEST_CODE))]))


def check_scripts(files):
    """shell and Python scripts are clean"""
    shell = [f for f in files if os.access(f, os.X_OK) and text_of(f).startswith("#!/usr/bin/env bash")]
    if which("shellcheck") and shell:
        r = subprocess.run(["shellcheck", "-f", "gcc", *shell], capture_output=True, text=True)
        yield from r.stdout.splitlines()
    for f in files:
        if f.endswith(".py"):
            try:
                compile(text_of(f), f, "exec")
            except SyntaxError as error:
                yield f"{f}:{error.lineno}: {error.msg}"


def on_map(stem, text):
    """Named whole, by a prefix (`token_*`), or by its ending (`_scan`) in the room's README.md."""
    words = set(re.findall(r"[`(/ ]([a-z0-9_*]+)(?:\.[a-z]+)?[`),; ]", text))
    return any(stem == w or (w.endswith("_*") and (stem + "_").startswith(w[:-1])) or
               (w.startswith("_") and stem.endswith(w)) for w in words)


def check_maps(files):
    """each folder says what lives there, and names every module it holds"""
    rooms = {os.path.dirname(f) for f in c_files(files) if not f.startswith("tests/")}
    tests = {"/".join(f.split("/")[:2]) for f in files if f.startswith("tests/") and f.count("/") > 1}
    for room in sorted(rooms):
        if not os.path.exists(room + "/README.md"):
            yield f"{room}: no README.md that says what lives there"
            continue
        text = text_of(room + "/README.md")
        for stem in sorted({os.path.splitext(os.path.basename(f))[0] for f in c_files(files)
                            if os.path.dirname(f) == room and not f.endswith("main.c")}):
            if not on_map(stem, text):
                yield f"{room}/README.md: does not name {stem}"
    for folder in sorted(tests):
        if f"`{os.path.basename(folder)}/`" not in text_of("tests/README.md"):
            yield f"tests/README.md: does not name {folder}/"


def check_clang_tidy(files):
    """clang-tidy finds nothing: bugs, and functions over the house's sizes (.clang-tidy)"""
    yield from analyse.clang_tidy([f for f in files if f.endswith(".c") and room_of(f)],
                                  [*made_includes(), *pkg_flags()])


def check_cppcheck(files):
    """cppcheck finds nothing"""
    yield from analyse.cppcheck([f for f in files if f.endswith(".c") and room_of(f)], made_includes())


def check_readme(files):
    """README.md names every library, with its licence"""
    text = text_of("README.md") if os.path.exists("README.md") else ""
    packages = re.search(r"^PACKAGES := (.*)", text_of("Makefile"), re.M).group(1).split()
    names = {"rdkafka": "librdkafka", "libzmq": "ZeroMQ", "libhs": "Hyperscan", "sqlite3": "SQLite",
             "jansson": "Jansson", "libsystemd": "libsystemd"}
    for p in packages:
        if names.get(p, p) not in text:
            yield f"README.md: does not name {names.get(p, p)}"


def made_includes():
    """Where the DDL stands as a C literal: the same in every tree."""
    return [f"-I{d}" for d in sorted(glob.glob("build/*/gen"))[:1]]


BAD_INPUTS = "tests/e2e/bad_inputs.tsv"
PLAIN_ANSWERS = {"taken", "dropped", "closed", "refused", "78"}


def wrong_with_row(code, file, test, shown, codes):
    """What a row of bad_inputs.tsv says that is not so."""
    where, _, mark = shown.partition(": ") if shown.startswith("tests/") else (file, "", shown)
    if code not in codes | PLAIN_ANSWERS:
        yield f"no code {code}"
    defined = rf"^def {test}\(" if file.endswith(".py") else rf"\b(cmocka_unit_test|CASE)\w*\({test}\b"
    if not os.path.exists(file) or not re.search(defined, text_of(file), re.M):
        yield f"no test {test} in {file}"
    if not os.path.exists(where) or mark not in text_of(where):
        yield f"{where} has no {mark}"


def check_bad_inputs(files):
    """every bad input of the list has a test, which stands where the list says"""
    if BAD_INPUTS not in files:
        return
    codes = set(re.findall(r'X\(\w+, "([a-z0-9-]+)"', text_of("schema/reason.h")))
    codes |= set(re.findall(r'X\(\w+, "([a-z-]+)"', text_of("schema/recipients.h")))
    codes |= set(re.findall(r'TIP1_\w+, "([a-z-]+)",', text_of("schema/tip1.c")))
    for n, line in enumerate(text_of(BAD_INPUTS).splitlines(), 1):
        row = line.split("\t")
        if line.startswith("#") or row[0] == "part":
            continue
        if len(row) != 6:
            yield f"{BAD_INPUTS}:{n}: {len(row)} columns, not 6"
            continue
        yield from (f"{BAD_INPUTS}:{n}: {wrong}" for wrong in wrong_with_row(*row[2:], codes))


def c_files(files):
    return [f for f in files if f.endswith((".c", ".h"))]


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)


def which(name):
    return any(os.access(os.path.join(d, name), os.X_OK) for d in os.environ["PATH"].split(os.pathsep))


def compilers():
    return [cc for cc in ("gcc", "clang") if which(cc)]


_pkg = None


def pkg_flags():
    global _pkg
    if _pkg is None:
        packages = re.search(r"^PACKAGES := (.*)", text_of("Makefile"), re.M).group(1).split()
        _pkg = subprocess.run(["pkg-config", "--cflags", *packages], capture_output=True, text=True).stdout.split()
    return _pkg


CHECKS = [check_top_level, check_spdx, check_dependencies, check_vendor_homes, check_banned, check_typedefs,
          check_shape, check_drawers, check_headers_alone, check_other_compiler, check_scripts, check_clang_tidy,
          check_cppcheck, check_maps, check_readme, check_bad_inputs]


def selftest(_):
    """each rule on C sees the file that breaks it"""
    for name in sorted(os.listdir(BROKEN)):
        rule, _, rest = name.partition("--")
        place, text = rest.replace("+", "/"), text_of(BROKEN + name)
        real = globals()["text_of"]
        globals()["text_of"] = lambda p, place=place, text=text, real=real: text if p == place else real(p)
        try:
            if not list(globals()[f"check_{rule}"]([place])):
                yield f"{BROKEN}{name}: the rule does not see it"
        finally:
            globals()["text_of"] = real


def main():
    files = tracked()
    passed = failed = 0
    for check in CHECKS + [selftest]:
        found = list(check(files))
        if check.__name__ == "check_top_level":
            found = [f for f in found if not f.startswith("build")]
        for line in found[:20]:
            print(f"  {line}")
        if len(found) > 20:
            print(f"  … and {len(found) - 20} more")
        print(f"  {'FAILED' if found else 'ok':6} {check.__doc__}")
        failed += bool(found)
        passed += not found
    print(f"lint: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
