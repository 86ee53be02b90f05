#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Apache Kafka in KRaft mode on loopback, one broker or three, or librdkafka's embedded broker, for demo and tests.

A broker is started on ports of its own, answers when `start` returns, and is ended by its process id only. Its data
lies in the folder it was given, so that a killed broker comes back with what it had.
"""
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
KAFKA = os.path.join(TOP, "build", "kafka")
ARCHIVE = os.path.join(KAFKA, "kafka.jsa")

# A broker that was killed may register again once its old session is over: 1 s alone, 3 s among three that share a
# busy machine, instead of 9 s.
SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
default.replication.factor={replicas}
min.insync.replicas={insync}
unclean.leader.election.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor={replicas}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={insync}
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={insync}
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
message.max.bytes=3145728
replica.fetch.max.bytes=3145728
broker.session.timeout.ms={session}
broker.heartbeat.interval.ms=200
log.cleaner.dedupe.buffer.size=16777216
"""


def free_port():
    """A port that is free now; the system does not hand it out again soon."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def kafka_installed():
    return os.path.isdir(os.path.join(KAFKA, "lib")) and bool(os.listdir(os.path.join(KAFKA, "lib")))


def wait_until(condition, seconds, what):
    """Polls a condition; the time is only a bound on how long a failure takes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(f"{what}: not within {seconds} s")


def listening(port):
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", port)) == 0


class KafkaBroker:
    name = "apache-kafka 4.3.1"
    restartable = True

    def __init__(self, folder, node=1):
        self.folder = os.path.abspath(folder)
        self.node = node
        self.port = free_port()
        self.controller = free_port()
        self.voters = [self]  # all brokers of the cluster
        self.address = f"127.0.0.1:{self.port}"
        self.process = None
        self.properties = os.path.join(self.folder, "server.properties")

    def _java(self, heap, *args):
        classpath = os.path.join(KAFKA, "lib", "*") + ":" + KAFKA
        return ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *args[:-1], "-cp", classpath,
                *args[-1]]

    def format(self):
        data = os.path.join(self.folder, "data")
        os.makedirs(data, exist_ok=True)
        with open(self.properties, "w", encoding="ascii") as f:
            f.write(SERVER_PROPERTIES.format(
                node=self.node, port=self.port, controller=self.controller, data=data, replicas=len(self.voters),
                voters=",".join(f"{b.node}@127.0.0.1:{b.controller}" for b in self.voters),
                insync=len(self.voters) // 2 + 1, session=1000 if len(self.voters) == 1 else 3000))
        if not os.path.exists(os.path.join(data, "meta.properties")):
            tool = ["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", self.properties]
            subprocess.run(self._java("128m", tool), check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def start(self, record_archive=False):
        self.launch(record_archive)
        self.await_port()

    def launch(self, record_archive=False):
        self.format()
        jvm = []
        if record_archive:
            jvm = [f"-XX:ArchiveClassesAtExit={ARCHIVE}"]
        elif os.path.exists(ARCHIVE):
            jvm = [f"-XX:SharedArchiveFile={ARCHIVE}", "-Xshare:auto", "-Xlog:disable"]
        with open(os.path.join(self.folder, "broker.log"), "ab") as log:
            self.process = subprocess.Popen(self._java("256m", *jvm, ["kafka.Kafka", self.properties]), stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def await_port(self):
        wait_until(lambda: self._not_ended() and listening(self.port), 60, "the broker's port")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def _not_ended(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the broker ended with {self.process.returncode}: see {self.folder}/broker.log")
        return True

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None


class KafkaCluster:
    """Brokers that are controllers too: three copies of each record, two of which an acknowledgement needs."""
    name = KafkaBroker.name + " x 3"
    restartable = True

    def __init__(self, folder, n=3):
        self.brokers = [KafkaBroker(os.path.join(folder, str(i + 1)), i + 1) for i in range(n)]
        for broker in self.brokers:
            broker.voters = self.brokers
        self.address = ",".join(broker.address for broker in self.brokers)

    def start(self):
        """None answers before most are there, so all are launched before any is awaited."""
        stopped = [broker for broker in self.brokers if not broker.alive()]
        with ThreadPoolExecutor(len(self.brokers)) as pool:
            list(pool.map(KafkaBroker.launch, stopped))
        for broker in stopped:
            broker.await_port()

    def kill(self):
        for broker in self.brokers:
            broker.kill()

    def stop(self):
        with ThreadPoolExecutor(len(self.brokers)) as pool:
            list(pool.map(KafkaBroker.stop, self.brokers))


class EmbeddedBroker:
    name = "embedded"
    restartable = False

    def __init__(self, folder, binary, teams=()):
        self.folder = os.path.abspath(folder)
        self.binary = binary
        self.teams = list(teams)
        self.address = None
        self.process = None

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        file = os.path.join(self.folder, "address")
        if os.path.exists(file):
            os.unlink(file)
        with open(os.path.join(self.folder, "broker.log"), "ab") as log:
            self.process = subprocess.Popen([self.binary, "--address-file", file, *self.teams], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: os.path.exists(file), 10, "the embedded broker's address")
        with open(file, encoding="ascii") as f:
            self.address = f.read().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None


def main():
    if sys.argv[1:] != ["archive"]:
        print("usage: broker.py archive", file=sys.stderr)
        return 64
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        broker = KafkaBroker(folder)
        broker.start(record_archive=True)
        broker.stop()
    return 0 if os.path.exists(ARCHIVE) else 1


if __name__ == "__main__":
    sys.exit(main())
