# SPDX-License-Identifier: Apache-2.0
"""`tipctl age` as one part of a pipe: a large file in constant memory, readers that go away, disks that are full."""
import fcntl
import os
import re
import subprocess
import threading
import time

from site_of_keys import equal, holds

MIB = 1 << 20
LARGE = 1024  # MiB
RSS_MAX_KIB = 32768  # tipctl with its libraries, and a few pieces of 256 KiB; 11 MiB without sanitizers
SECONDS_MAX = 90     # on a busy machine; some three seconds on one that is not


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmHWM:\s+(\d+) kB", f.read()).group(1))


def start(site, *argv, **more):
    return subprocess.Popen([site.tipctl, "age", *argv], stderr=subprocess.PIPE, **more)


def stream(site, mebibytes):
    """So much through `age seal | age open`: whether it came out as it went in, and the peak of each in KiB."""
    seal = start(site, "seal", "-r", site.recipients[0], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    opened = start(site, "open", "-i", site.identities[0], stdin=seal.stdout, stdout=subprocess.PIPE)
    seal.stdout.close()
    block = os.urandom(MIB)
    peaks = {}

    def feed():
        for _ in range(mebibytes - 1):
            seal.stdin.write(block)
        while not peaks:  # both still run, and have seen all but the last block
            time.sleep(0.005)
        seal.stdin.write(block)
        seal.stdin.close()
    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    right = sum(opened.stdout.read(MIB) == block for _ in range(mebibytes - 2))
    peaks.update(seal=peak_kib(seal.pid), open=peak_kib(opened.pid))
    rest = opened.stdout.read()
    opened.stdout.close()
    feeder.join(20)
    equal((seal.wait(20), opened.wait(20)), (0, 0), "exit statuses")
    return right == mebibytes - 2 and rest == 2 * block, peaks


def test_large_file_in_constant_memory(site):
    """1 GiB through `age seal | age open` comes out as it went in, and takes no more memory than 16 MiB do"""
    began = time.monotonic()
    small_right, small = stream(site, 16)
    right, large = stream(site, LARGE)
    seconds = time.monotonic() - began
    holds(small_right and right, "not what went in")
    for name, peak in large.items():
        holds(peak <= RSS_MAX_KIB, f"age {name} took {peak} KiB")
        holds(peak <= small[name] + 512, f"age {name} took {small[name]} KiB for 16 MiB, {peak} KiB for {LARGE}")
    holds(seconds < SECONDS_MAX, f"{seconds:.0f} s")
    print(f"         1 GiB sealed and opened in {seconds:.1f} s; peak KiB: {large}")


def test_reader_goes_away(site):
    """when the reader of its output goes away, each ends with 71 and says so"""
    sealed = site.seal(bytes(4 * MIB))
    for argv, given in ((["seal", "-r", site.recipients[0]], bytes(4 * MIB)),
                        (["open", "-i", site.identities[0]], sealed)):
        source = site.write("given", given)
        with open(source, "rb") as file:
            program = start(site, *argv, stdin=file, stdout=subprocess.PIPE)
            program.stdout.read(10)
            program.stdout.close()
            said = program.stderr.read().decode()
            program.stderr.close()
        equal(program.wait(20), 71, f"age {argv[0]}: {said}")
        holds("standard output: Broken pipe" in said, said)


def test_full_disk(site):
    """a full disk behind standard output ends with 71 and names the reason, also when only the last bytes do not fit"""
    for size in (0, 100, 3 * MIB):
        plain = bytes(size)
        for argv, given in ((["seal", "-r", site.recipients[0]], plain),
                            (["open", "-i", site.identities[0]], site.seal(plain))):
            if argv[0] == "open" and not size:
                continue
            with open("/dev/full", "wb") as full:
                program = start(site, *argv, stdin=subprocess.PIPE, stdout=full)
                said = program.communicate(given, 20)[1].decode()
            equal(program.returncode, 71, f"age {argv[0]} of {size} bytes: {said}")
            holds("No space left" in said, said)


def test_slow_pipes_that_do_not_block(site):
    """descriptors that do not block, small pipes and input in single bytes change nothing"""
    plain = os.urandom(300000)
    for argv, given, want in ((["seal", "-r", site.recipients[0]], plain, None),
                              (["open", "-i", site.identities[0]], site.seal(plain), plain)):
        out, their_out = os.pipe()
        their_in, into = os.pipe()
        for end in (their_out, their_in):
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
            os.set_blocking(end, False)
        program = start(site, *argv, stdin=their_in, stdout=their_out)
        os.close(their_out)
        os.close(their_in)
        feeder = threading.Thread(target=feed_slowly, args=(into, given), daemon=True)
        feeder.start()
        got = b"".join(iter(lambda end=out: os.read(end, 777), b""))
        os.close(out)
        feeder.join(20)
        said = program.stderr.read().decode()
        program.stderr.close()
        equal(program.wait(20), 0, f"age {argv[0]}: {said}")
        got = got if want else site.open(got, site.identities[0]).stdout
        holds(got == plain, f"age {argv[0]}: not what went in")


def feed_slowly(into, given):
    for at in range(300):
        os.write(into, given[at:at + 1])
    at = 300
    while at < len(given):
        at += os.write(into, given[at:at + 999])
    os.close(into)
