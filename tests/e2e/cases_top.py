# SPDX-License-Identifier: Apache-2.0
"""tipctl top on a terminal of its own (a pty), and without one."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

from expect import equal, holds

SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ENTER, LEAVE, HOME = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l", "\x1b[H"


class Screen:
    """tipctl top on a pty of a given size; `pictures` are what it drew, without the sequences."""

    def __init__(self, pipeline, columns, rows, *args, conf=None):
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        argv = [pipeline.program("tipctl"), "--config", conf or pipeline.conf_of("tipctl"), "top", *args]
        self.process = subprocess.Popen(argv, stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE,
                                        start_new_session=True)

    def resize(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, condition, what, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            holds(left > 0, f"{what}: not within {seconds} s; so far {self.text[-600:]!r}")
            if select.select([self.master], [], [], left)[0]:
                self.text += os.read(self.master, 65536).decode()

    def pictures(self):
        return [SEQUENCE.sub("", p).replace("\r", "") for p in self.text.split(HOME)[1:]]

    def end(self, deed):
        deed()
        self.read_until(lambda: LEAVE in self.text, "the screen is put back")
        equal(self.process.wait(timeout=10), 0, "exit status")
        equal(termios.tcgetattr(self.slave)[:4], self.before[:4], "the terminal's settings")
        os.close(self.master)
        os.close(self.slave)


def test_top_on_terminals(pipeline):
    """top fits 60, 80 and 132 columns, draws in place, and puts the terminal back after q and after Ctrl-C"""
    for columns, has, lacks in ((60, "OLDEST", "CPU"), (80, "RSS", "REPEATS"), (132, "REFUSED", "\n\n")):
        screen = Screen(pipeline, columns, 24, "--interval", "200ms")
        screen.read_until(lambda s=screen: len(s.pictures()) > 3, "four pictures")
        picture = screen.pictures()[2]
        holds(all(len(line) <= columns for line in picture.split("\n")), f"a line is wider than {columns}: {picture}")
        holds(picture.count("\n") < 24 and not picture.endswith("\n"), "it would scroll")
        holds(has in picture and lacks not in picture, f"columns at {columns}: {picture}")
        holds("5 of 5 up, 5 ready" in picture and "sink     ready" in picture, picture)
        holds(screen.text.startswith(ENTER), "the alternate screen")
        if columns == 80:
            screen.end(lambda s=screen: s.process.send_signal(signal.SIGINT))
        else:
            screen.end(lambda s=screen: os.write(s.master, b"q"))


def test_top_follows_a_resize(pipeline):
    """top draws anew at once when the terminal's size changes, long before the interval is over"""
    screen = Screen(pipeline, 132, 24, "--interval", "10m")
    screen.read_until(lambda: "q quits" in screen.text, "a picture")
    screen.resize(60, 6)
    screen.process.send_signal(signal.SIGWINCH)
    screen.read_until(lambda: len(screen.pictures()) > 1 and "q quits" in screen.pictures()[-1], "another picture", 5)
    lines = screen.pictures()[-1].split("\n")
    holds(len(lines) <= 6 and all(len(line) <= 60 for line in lines), lines)
    screen.end(lambda: os.write(screen.master, b"q"))


def silent_listener():
    """A port that takes connections and never answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    return listener


def test_top_with_dead_daemons(pipeline):
    """a daemon that is gone and one that never answers show as DOWN, and hold up neither the others nor the keys"""
    with silent_listener() as silent:
        conf = pipeline.path("conf-top.yaml")
        daemons = dict(pipeline.http, gateway="127.0.0.1:1", route="127.0.0.1:%d" % silent.getsockname()[1])
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"kafka:\n  brokers: {pipeline.broker.address}\ndaemons:\n")
            f.writelines(f"  {name}: {address}\n" for name, address in daemons.items())
        screen = Screen(pipeline, 80, 24, "--interval", "200ms", conf=conf)
        began = time.monotonic()
        screen.read_until(lambda: "q quits" in screen.text, "the first picture")
        holds(time.monotonic() - began < 3, "the first picture comes at once")
        picture = screen.pictures()[0]
        for line in ("gateway  DOWN", "classify ready", "route    DOWN", "sink     ready"):
            holds(line in picture, f"{line!r} in {picture}")
        began = time.monotonic()
        screen.end(lambda: os.write(screen.master, b"q"))
        holds(time.monotonic() - began < 2, "q is heard while a daemon is silent")


def test_top_without_a_terminal(pipeline):
    """without a terminal top writes plain blocks, as many as asked for; JSON lines with --json"""
    result = pipeline.tipctl("top", "--interval", "200ms", "--count", "2")
    holds("\x1b" not in result.stdout, "no sequences")
    blocks = result.stdout.strip().split("\n\n")
    equal(len(blocks), 2, result.stdout)
    holds(all(len(block.split("\n")) == 7 for block in blocks), result.stdout)
    result = pipeline.tipctl("--json", "top", "--interval", "200ms", "--count", "2")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    equal([s["stage"] for s in rows[1]["stages"]], ["gateway", "classify", "dedupe", "route", "sink"], "stages")
    holds(all(s["up"] and s["in_per_second"] is not None for s in rows[1]["stages"]), rows)
    for args in (("--interval", "0"), ("--interval", "2x"), ("--interval", "nan"), ("--count", "0"), ("--count", "x")):
        equal(pipeline.tipctl("top", *args, check=False).returncode, 64, f"top {args}")
