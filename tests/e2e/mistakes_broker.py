# SPDX-License-Identifier: Apache-2.0
"""Likely mistakes with the topics of a broker, and with files of another pipeline: on a second broker of their own.

The tables are tried one after another: with no topic at all, with topics that somebody made by hand, and with the
store and the index of the pipeline that has run so far.
"""
import os
import shutil
import sqlite3
import subprocess

from mistakes_world import CONF, Mistake as M, fed_gateway

MISSING = "`tipctl topics create` makes what is missing"
BY_HAND = [("tip.classified", "3"), ("tip.sealed", "6", "min.insync.replicas=2")]
ELSEWHERE = "is the store or index that of another pipeline, or was the topic made anew?"


def at_other(name, *args):
    return lambda w: [CONF, w.with_brokers(name, w.pipeline.other.address), *args]


def store_of_another(w):
    conf = w.with_brokers("sink", w.pipeline.other.address)
    with sqlite3.connect(w.pipeline.path("data", "store.db")) as real, sqlite3.connect(w.path("store.db")) as copy:
        real.backup(copy)
    os.chmod(w.path("store.db"), 0o600)
    return [CONF, conf]


def index_of_another(w):
    """dedupe keeps it locked; what lies on the disk is what a crash would leave."""
    conf = w.with_brokers("dedupe", w.pipeline.other.address)
    for end in ("", "-wal"):
        shutil.copy2(w.pipeline.path("data", "dedupe.index" + end), w.path("dedupe.index" + end))
    return [CONF, conf]


NO_TOPICS = [
    M("no topics for the sink", "tipline-sink",
      at_other("sink"),
      69, ("there is no topic case.routed", MISSING), (), 40),
    M("no topics for the gateway", "tipline-gateway",
      lambda w: fed_gateway(w, w.pipeline.other.address),
      None, ("gateway.publish_refused", "UNKNOWN_TOPIC", "run `tipctl topics check`", "Adapters keep their tips"),
      (), 60),
    M("no topics for parked list", "tipctl",
      at_other("tipctl", "parked", "list"),
      69, ("there is no topic tip.parked", MISSING)),
    M("no topics for parked replay", "tipctl",
      at_other("tipctl", "parked", "replay", "--all"),
      69, ("there is no topic parked.resolved", MISSING)),
    M("no topics for reconcile", "tipctl",
      at_other("tipctl", "reconcile"),
      69, ("there is no topic tip.sealed", MISSING)),
    M("no topics for explain", "tipctl",
      at_other("tipctl", "explain", "0" * 32),
      1, ("there is no topic tip.sealed", MISSING, "not everything could be")),
    M("no topics for status", "tipctl",
      at_other("tipctl", "status"),
      69, ("classify  yes", "tip.parked: there is no topic", MISSING)),
    M("no topics for topics check", "tipctl",
      at_other("tipctl", "topics", "check"),
      1, ("tip.sealed: missing: run `tipctl topics create`",), ("kafka-configs",)),
]

TOPICS_BY_HAND = [
    M("topics create over topics by hand", "tipctl",
      at_other("tipctl", "topics", "create"),
      0, ("What was there stays as it is", "`tipctl topics check`")),
    M("topics by hand", "tipctl",
      at_other("tipctl", "topics", "check"),
      1, ("tip.classified: 3 partitions, not 1", "tip.sealed: retention.ms is",
          "tip.sealed: min.insync.replicas is 2, but there is 1 replica", "kafka-configs.sh",
          "let\nthe topic run empty")),
]

ANOTHER_PIPELINE = [
    M("the store of another pipeline", "tipline-sink",
      store_of_another,
      65, ("offset-lost", "case.routed [", ELSEWHERE), (), 20),
    M("the index of another pipeline", "tipline-dedupe",
      index_of_another,
      65, ("offset-lost", "tip.classified [", ELSEWHERE), (), 20),
]


def make_by_hand(pipeline):
    tool = os.path.join(os.path.dirname(pipeline.bin), "tests", "make_topic")
    for topic in BY_HAND:
        subprocess.run([tool, pipeline.other.address, *topic], check=True, stdin=subprocess.DEVNULL, timeout=60)
