# SPDX-License-Identifier: Apache-2.0
"""What keeps keys and opened tips inside the process that needs them."""
import os
import resource
import shutil
import subprocess
import sys

from broker import wait_until
from expect import ADDRESS_SANITIZER, NOT_SANITIZED, equal, holds
from mistakes_keys import drop_ipc_lock
from mistakes_world import World
from pipeline import DAEMONS, WORKERS

PR_CAPBSET_DROP, CAP_SYS_PTRACE = 24, 19
READ_MEMORY = """
import sys
pid = sys.argv[1]
start = int(open(f"/proc/{pid}/maps").readline().split("-")[0], 16)
with open(f"/proc/{pid}/mem", "rb") as f:
    f.seek(start)
    print(len(f.read(4096)))
"""
# Every secret that a program of the pipeline reads.
SECRETS = [("gateway", "gateway.curve"), ("classify", "linkage.key"), ("classify", "triage"), ("classify", "bus"),
           ("dedupe", "bus"), ("route", "bus"), ("sink", "bus"), ("webform", "adapters/webform.sign"),
           ("webform", "adapters/webform.curve")]


def drop_ptrace():
    import ctypes
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0)


def status_of(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(line.split()[1] for line in f if line.startswith(field + ":"))


def comm_of(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as f:
        return f.read().strip()


def test_no_core_and_locked_keys(pipeline):
    """every daemon forbids core dumps, and those that hold keys hold them in locked memory"""
    for name in DAEMONS:
        pid = pipeline.daemons[name].process.pid
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            core = next(line for line in f if line.startswith("Max core file size")).split()
        equal(core[4:6], ["0", "0"], f"{name}: core limit")
        if name in WORKERS and not ADDRESS_SANITIZER:
            holds(int(status_of(pid, "VmLck")) >= 4, f"{name}: {status_of(pid, 'VmLck')} kB locked")


BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def secret_of(line):
    """The 32 bytes of a key file's line: hex, or an age identity (Bech32; the checksum is not looked at)."""
    if not line.startswith("AGE-SECRET-KEY-1"):
        return bytes.fromhex(line)
    bits = "".join(f"{BECH32.index(c):05b}" for c in line.lower().removeprefix("age-secret-key-1")[:-6])
    return bytes(int(bits[i:i + 8], 2) for i in range(0, 256, 8))


def secrets_held(pipeline, worker):
    """Every secret of a worker, as it is used and as it stands in its file."""
    paths = [os.path.join(pipeline.path("keys-of", worker), n) for n in os.listdir(pipeline.path("keys-of", worker))]
    if worker == "classify":
        paths += [pipeline.path("keys", "linkage.key"), pipeline.path("keys", "triage", "1.identity")]
    for path in paths:
        with open(path, encoding="ascii") as f:
            line = next(text.strip() for text in f if text.strip() and text[0] != "#")
        yield path, secret_of(line), line.encode()


def mappings(pid):
    """Each mapping's range, and whether it is locked in memory and kept out of dumps."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.split()[0].endswith(":"):
                if line.startswith("VmFlags:"):
                    yield span, {"lo", "dd"} <= set(line.split())
                continue
            span = tuple(int(n, 16) for n in line.split()[0].split("-"))


def places_in_memory(pid, needles):
    """Where each of the byte strings lies: needle, whether that mapping is locked."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for (start, end), locked in mappings(pid):
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, OverflowError, ValueError):
                continue  # a guard page, or the kernel's own
            yield from ((needle, locked) for needle in needles if needle in content)


def test_keys_lie_in_locked_memory_alone(pipeline):
    """each key of a worker is in its memory once it idles, but only where it is locked; its file's text is nowhere"""
    if ADDRESS_SANITIZER:
        return NOT_SANITIZED
    if os.geteuid() != 0:
        return "only root can look into a daemon's memory"
    pipeline.wait_drained()
    for worker in WORKERS:
        held = list(secrets_held(pipeline, worker))
        found = set(places_in_memory(pipeline.daemons[worker].process.pid, [n for _, *both in held for n in both]))
        for path, secret, text in held:
            holds((secret, True) in found, f"{worker}: the key of {path} is not where it must be: the test is blind")
            holds((secret, False) not in found, f"{worker}: the key of {path} lies in memory that is not locked")
            holds(not {(text, True), (text, False)} & found, f"{worker}: the text of {path} lies in memory")
    return None


def program_and_args(world, name, *replaced):
    if name in DAEMONS:
        return f"tipline-{name}", ["--config", world.conf(name, *replaced)]
    return "tip-submit", ["--config", world.conf(name, *replaced), "--resume"]


def started(argv, stdin=subprocess.DEVNULL):
    """Running, and over its first line; without the right to look into others, so that others are its equals."""
    process = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               preexec_fn=drop_ptrace)
    holds(process.stdout.readline(), f"{argv[0]} says nothing")
    return process


def read_memory(process):
    return subprocess.run([sys.executable, "-c", READ_MEMORY, str(process.pid)], capture_output=True, text=True,
                          preexec_fn=drop_ptrace)


def test_no_one_looks_into_a_daemon(pipeline):
    """a process of the same user and rights can read an ordinary process's memory, and no daemon's or adapter's"""
    if ADDRESS_SANITIZER:
        return "a build with the address sanitizer stays dumpable"
    if os.geteuid() != 0:
        return "needs root, to give a right up"
    world = World(pipeline)
    plain = started([sys.executable, "-c", "print('here', flush=True); input()"], subprocess.PIPE)
    equal(read_memory(plain).stdout, "4096\n", "an ordinary process can be read: the test sees")
    plain.communicate("\n")
    for name in [*DAEMONS, "tip-submit"]:
        world.fresh(f"look into {name}")
        program, args = program_and_args(world, name) if name in DAEMONS else (name, ["--dry-run", "-"])
        process = started([pipeline.program(program), *args] if name in DAEMONS else
                          ["/bin/sh", "-c", "echo here; exec \"$@\"", "-", pipeline.program(program), *args],
                          subprocess.PIPE)
        try:
            wait_until(lambda p=process, n=program: comm_of(p.pid) == n[:15], 10, f"{program} to run")
            wait_until(lambda p=process: read_memory(p).returncode != 0, 5, f"{program} to close itself")
            result = read_memory(process)
            holds("Permission" in result.stderr, f"{program}: {result.stdout}{result.stderr}")
        finally:
            process.terminate()
            process.communicate(timeout=20)
    return None


def test_no_start_without_locked_memory(pipeline):
    """where memory cannot be locked each program ends with 78 and says which limit to raise"""
    if ADDRESS_SANITIZER:
        return NOT_SANITIZED
    if os.geteuid() != 0:
        return "needs root, to give a right up"
    world = World(pipeline)

    def nothing_to_lock():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
        drop_ipc_lock()
    for name in [*DAEMONS, "webform"]:
        world.fresh(f"no lock {name}")
        program, args = program_and_args(world, name)
        result = pipeline.run(program, *args, check=False, timeout=30, preexec_fn=nothing_to_lock)
        equal(result.returncode, 78, f"{program}: {result.stderr}")
        for word in ("RLIMIT_MEMLOCK", "ulimit -l", "LimitMEMLOCK="):
            holds(word in result.stderr, f"{program}: {result.stderr}")
    return None


def open_to_group(world, source):
    """A copy that the group may read: the file, or every file of the folder."""
    copy = world.path("secret")
    if not os.path.isdir(source):
        world.copy(source, "secret", 0o640)
        return copy
    shutil.copytree(source, copy)
    os.chmod(copy, 0o700)
    for name in os.listdir(copy):
        os.chmod(os.path.join(copy, name), 0o640)
    return copy


def test_keys_open_to_others_are_refused(pipeline):
    """each program refuses, by name and with the remedy, each secret of its own that others can read"""
    world = World(pipeline)
    for name, key in SECRETS:
        world.fresh(f"open {name} {key}")
        source = pipeline.path("keys-of", name) if key == "bus" else pipeline.path("keys", *key.split("/"))
        copy = open_to_group(world, source)
        program, args = program_and_args(world, name, (source, copy))
        result = pipeline.run(program, *args, check=False, timeout=30)
        equal(result.returncode, 78, f"{program} with {key}: {result.stderr}")
        holds(copy in result.stderr and "chmod 600" in result.stderr and "640" in result.stderr,
              f"{program} with {key}: {result.stderr}")
