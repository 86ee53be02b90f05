#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole pipeline on one machine: keys, configuration, topics, daemons, and the supervisor that starts again what
died. The demo, `make up`, the end-to-end tests and the benchmarks all run this one.
"""
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.request

from broker import TOP, EmbeddedBroker, KafkaBroker, free_port, kafka_installed, wait_until

TEAMS = ["assessment", "corruption", "abuse-of-position", "domestic-abuse", "discrimination", "safeguarding",
         "oversight"]
WORKERS = ["classify", "dedupe", "route", "sink"]
DAEMONS = ["gateway"] + WORKERS
ADAPTERS = [("webform", 1, "web"), ("callhandler", 2, "phone+letter"), ("partner", 3, "partner+batch")]
REHEARSAL_ADAPTERS = [("desk-a", 11), ("desk-b", 12), ("desk-c", 13)]
ALL_CHANNELS = "web+phone+partner+batch+letter"
PAGES = os.path.join(TOP, "build", "webform")
# A wrong command line or configuration does not get better by trying again.
HOPELESS = (64, 78)


class Daemon(threading.Thread):
    """One daemon under supervision: a thread that starts it, waits for its end, and starts it again."""

    def __init__(self, name, argv, log, env=None):
        super().__init__(name=f"supervise-{name}", daemon=True)
        self.daemon_name, self.argv, self.log = name, argv, log
        self.env = {**os.environ, **env} if env else None
        self.free = threading.Event()  # cleared: the next incarnation is not started yet
        self.free.set()
        self.process = None
        self.reaping = threading.Lock()  # a process id may be another's once its process is reaped
        self.starts = 0
        self.ends = []          # exit statuses, negative for a signal
        self.cpu_seconds = 0.0  # of all incarnations that ended
        self.rss_max = 0
        self.stopping = threading.Event()

    def run(self):
        pause = 0.05
        while not self.stopping.is_set():
            if not self.free.wait(0.1):
                continue
            began = time.monotonic()
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                                env=self.env, start_new_session=True)
            self.starts += 1
            if self.stopping.is_set():
                self.kill(15)
            usage = self.reap(self.process)
            self.ends.append(self.process.returncode)
            self.cpu_seconds += usage.ru_utime + usage.ru_stime
            self.rss_max = max(self.rss_max, usage.ru_maxrss * 1024)
            if self.process.returncode in HOPELESS:
                return
            # Short for what was killed after it had worked, doubling for what fails at once.
            pause = 0.05 if time.monotonic() - began > 2 else min(pause * 2, 2.0)
            self.stopping.wait(pause)

    def reap(self, process):
        """Waits for the end. `kill` takes no Popen.send_signal, which may reap and leave nothing here to wait for."""
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with self.reaping:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return usage

    def command(self):
        """What the next incarnation is started with."""
        return self.argv

    def alive(self):
        return self.process is not None and self.process.returncode is None

    def kill(self, sig=9):
        """Sends a signal to the running incarnation. False when there was none."""
        with self.reaping:
            if not self.alive():
                return False
            os.kill(self.process.pid, sig)
            return True

    def stop(self):
        self.stopping.set()
        self.kill(15)

    def join_or_kill(self, seconds):
        self.join(seconds)
        if self.is_alive():
            self.kill(9)
            self.join(5)


class Pipeline:
    def __init__(self, state, bin_dir, broker="kafka", wipe=True, webform=False):
        self.state = os.path.abspath(state)
        self.bin = os.path.abspath(bin_dir)
        if wipe:
            shutil.rmtree(self.state, ignore_errors=True)
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        self.conf = self.path("conf")
        self.keys = self.path("keys")
        for folder in ("conf", "log", "data", "spool"):
            os.makedirs(self.path(folder), mode=0o700, exist_ok=True)
        if broker == "embedded" or not kafka_installed():
            self.broker = EmbeddedBroker(self.path("broker"), self.program("tipline-embedded-broker"), TEAMS)
        else:
            self.broker = KafkaBroker(self.path("broker"))
        self.http = {}
        self.gateway_port = free_port()
        self.form = f"127.0.0.1:{free_port()}"
        self.webform = webform and pages_built()
        self.daemons = {}

    def path(self, *parts):
        return os.path.join(self.state, *parts)

    def program(self, name):
        return os.path.join(self.bin, name)

    # -- set-up ------------------------------------------------------------------------------------------------

    def prepare(self):
        """Broker up, topics, keys, registers and configuration there; no daemon running yet."""
        self.broker.start()
        self.make_keys()
        self.run("tipctl", "register", "build", "--staff", self.staff(), "--linkage", self.path("keys", "linkage.key"),
                 "--out", self.path("registers"))
        self.write_conf()
        self.tipctl("topics", "create")

    def staff(self):
        return os.path.join(TOP, "tests", "data", "staff.yaml")

    def make_keys(self):
        if os.path.exists(self.keys):
            return
        adapters = [f"{name}:{number}:{channels}" for name, number, channels in ADAPTERS]
        adapters += [f"{name}:{number}:{ALL_CHANNELS}" for name, number in REHEARSAL_ADAPTERS]
        self.run("tipctl", "keys", "init", "--teams", ",".join(TEAMS), "--adapters", ",".join(adapters), self.keys)
        # What each daemon may read lies in a folder of its own, as it would on machines of their own.
        for epoch_file in os.listdir(self.path("keys", "bus")):
            held = ["sink"] if "case.routed" in epoch_file else ["classify", "dedupe", "route"]
            for worker in held:
                folder = self.path("keys-of", worker)
                os.makedirs(folder, mode=0o700, exist_ok=True)
                shutil.copy2(self.path("keys", "bus", epoch_file), folder)

    def own_conf(self, name):
        """What a daemon has in its configuration that others have not."""
        shared = os.path.join(TOP, "workers")
        return {
            "gateway": {"listen": f"127.0.0.1:{self.gateway_port}", "keys": {
                "curve": self.path("keys", "gateway.curve"), "adapters": self.path("keys", "adapters.yaml"),
                "recipients": self.path("keys", "recipients.json"), "root": self.path("keys", "root.pub")}},
            "classify": {"lexicon": os.path.join(shared, "classify", "lexicon.yaml"), "keys": {
                "bus": self.path("keys-of", "classify"), "triage": self.path("keys", "triage"),
                "linkage": self.path("keys", "linkage.key"), "adapters": self.path("keys", "adapters.yaml")}},
            "dedupe": {"index": self.path("data", "dedupe.index"), "keys": {
                "bus": self.path("keys-of", "dedupe"), "relink": self.path("data", "dedupe.relink")}},
            "route": {"policy": os.path.join(shared, "route", "policy.yaml"),
                      "keys": {"bus": self.path("keys-of", "route")},
                      "teams": {team: self._team(team) for team in TEAMS}},
            "sink": {"store": self.path("data", "store.db"), "keys": {"bus": self.path("keys-of", "sink")}},
        }[name]

    def write_conf(self):
        for name in DAEMONS:
            self.http[name] = f"127.0.0.1:{free_port()}"
            self._write(name, self.own_conf(name))
        for name, _, _ in ADAPTERS:
            self._write_adapter(name)
        for name, _ in REHEARSAL_ADAPTERS:
            self._write_adapter(name)
        if self.webform:
            self._write_webform()
        asked = DAEMONS + (["webform"] if self.webform else [])
        self._write_yaml("tipctl", {"kafka": {"brokers": self.broker.address.split(",")},
                                    "store": self.path("data", "store.db"), "keys": self.keys,
                                    "daemons": {name: self.http[name] for name in asked}})

    def _team(self, team):
        conf = {"recipient": self.path("keys", "teams", f"{team}.recipient")}
        register = self.path("registers", f"{team}.register")
        conf["register"] = register if os.path.exists(register) else "none"
        return conf

    def _write(self, name, conf):
        kafka = {"brokers": self.broker.address.split(",")}
        if self.broker.restartable:
            kafka["instance"] = name
        if name in WORKERS:
            stage = {"suspects": self.path("data", f"{name}.suspects")}
            if not self.broker.restartable:  # it knows no static members, and keeps little for who is away long
                stage["session_timeout"] = "3s"
            conf = {"stage": stage, **conf}
        conf = {"kafka": kafka, "http": {"listen": self.http[name]}, **conf}
        self._write_yaml(name, conf)

    def _write_webform(self):
        """The adapter's file is webform.yaml, so this one has the program's whole name."""
        self.http["webform"] = f"127.0.0.1:{free_port()}"
        form = {"listen": self.form, "pages": PAGES, "adapter": self.conf_of("webform"),
                "organisation": "the Rehearsal Charity", "phone": "0800 000 0000"}
        self._write_yaml("tipline-webform", {"form": form, "http": {"listen": self.http["webform"]}})

    def _write_adapter(self, name):
        self._write_yaml(name, self.adapter_conf(name))

    def adapter_conf(self, name, **changes):
        number = dict([(n, i) for n, i, _ in ADAPTERS] + REHEARSAL_ADAPTERS)[name]
        channel = {"webform": "web", "callhandler": "phone", "partner": "partner"}.get(name, "batch")
        conf = {"gateway": [f"127.0.0.1:{self.gateway_port}"],
                "adapter": {"id": number, "channel": channel},
                "keys": {"sign": self.path("keys", "adapters", f"{name}.sign"),
                         "curve": self.path("keys", "adapters", f"{name}.curve"),
                         "gateway": self.path("keys", "gateway.curve.pub"),
                         "root": self.path("keys", "root.pub"),
                         "recipients": self.path("keys", "recipients.json")},
                "spool": {"path": self.path("spool", f"{name}.spool")}}
        conf.update(changes)
        return conf

    def _write_yaml(self, name, conf):
        with open(os.path.join(self.conf, f"{name}.yaml"), "w", encoding="utf-8") as f:
            f.write("\n".join(yaml_lines(conf)) + "\n")

    def conf_of(self, name):
        return os.path.join(self.conf, f"{name}.yaml")

    # -- running -----------------------------------------------------------------------------------------------

    def run(self, program, *args, check=True, **kwargs):
        result = subprocess.run([self.program(program), *args], capture_output=True, text=True,
                                stdin=kwargs.pop("stdin", subprocess.DEVNULL), timeout=kwargs.pop("timeout", 120),
                                **kwargs)
        if check and result.returncode != 0:
            raise RuntimeError(f"{program} {' '.join(args)}: exit {result.returncode}\n{result.stderr.strip()}")
        return result

    def tipctl(self, *args, **kwargs):
        return self.run("tipctl", "--config", self.conf_of("tipctl"), *args, **kwargs)

    def tipctl_json(self, *args, **kwargs):
        return json.loads(self.tipctl("--json", *args, **kwargs).stdout)

    def start(self, names=None):
        names = names or DAEMONS + (["webform"] if self.webform else [])
        for name in names:
            argv = [self.program(f"tipline-{name}"), "--config",
                    self.conf_of("tipline-webform" if name == "webform" else name)]
            self.daemons[name] = Daemon(name, argv, self.path("log", f"{name}.log"))
            self.daemons[name].start()
        for name in names:
            log = self.path("log", f"{name}.log")
            wait_until(lambda n=name: self.ready(n) or not self.daemons[n].is_alive(), 30, f"{name} ready (see {log})")
            if not self.daemons[name].is_alive():
                raise RuntimeError(f"{name} ended with {self.daemons[name].ends[-1]}: {last_line(log)} (see {log})")

    def stop(self, seconds=12):
        for daemon in self.daemons.values():
            daemon.stop()
        for daemon in self.daemons.values():
            daemon.join_or_kill(seconds)

    def close(self):
        self.stop()
        self.broker.stop()

    def get(self, name, path, timeout=2):
        """The body of a daemon's HTTP answer, or None when it does not answer 200."""
        try:
            with urllib.request.urlopen(f"http://{self.http[name]}{path}", timeout=timeout) as answer:
                return answer.read().decode()
        except (OSError, ValueError):
            return None

    def ready(self, name):
        return self.get(name, "/-/ready") is not None

    def status(self, name):
        body = self.get(name, "/status")
        return json.loads(body) if body else None

    def drained(self):
        """True when nothing is in flight, as the bus and the store tell it, tip by tip."""
        result = self.tipctl("--json", "reconcile", check=False)
        try:
            return json.loads(result.stdout)["in_flight"] == 0
        except (ValueError, KeyError):
            return False

    def wait_drained(self, seconds=60):
        """First by the cheap word of the daemons, then by the count that decides."""
        def idle():
            states = [self.status(name) for name in WORKERS]
            return all(s and s["ready"] and s["lag_records"] == 0 for s in states)
        wait_until(lambda: idle() and self.drained(), seconds, "the pipeline to drain")

    # -- adapters ----------------------------------------------------------------------------------------------

    def rehearse(self, adapter, count, seed, *args):
        """Starts one adapter of a rehearsal; its receipts and progress lie under the state folder."""
        argv = [self.program("tip-rehearse"), "--config", self.conf_of(adapter),
                "--tips", os.path.join(TOP, "tests", "data", "tips.jsonl"), "--staff", self.staff(),
                "--count", str(count), "--seed", str(seed), "--receipts", self.path(f"{adapter}.receipts"),
                "--progress-file", self.path(f"{adapter}.progress"), "--json", *args]
        with open(self.path("log", f"{adapter}.log"), "ab") as log:
            return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True,
                                    start_new_session=True)

    def receipts(self):
        return sorted(os.path.join(self.state, f) for f in os.listdir(self.state) if f.endswith(".receipts"))


def pages_built():
    """Whether `make page` could make them: it needs Node."""
    return os.path.exists(os.path.join(PAGES, "report.html"))


def yaml_lines(value, indent=0):
    """Just the YAML that our configurations need."""
    pad = "  " * indent
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += [f"{pad}{key}:"] + yaml_lines(item, indent + 1)
        elif isinstance(item, list):
            lines += [f"{pad}{key}:"] + [f"{pad}  - {json.dumps(i)}" for i in item]
        else:
            lines.append(f"{pad}{key}: {json.dumps(item)}")
    return lines


def last_line(path):
    """The last line that says something; a log of a program that could not start ends with why."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return next((line.strip() for line in reversed(f.readlines()) if line.strip()), "it said nothing")
    except OSError as error:
        return str(error)


def count_lines(path):
    try:
        with open(path, "rb") as f:
            return sum(1 for _ in f)
    except FileNotFoundError:
        return 0
