# SPDX-License-Identifier: Apache-2.0
"""Likely mistakes with what a program needs around it: brokers, gateways, ports, disks, databases."""
import http.server
import os
import socket
import sqlite3
import subprocess
import sys
import threading

from broker import TOP, free_port, listening, wait_until
from mistakes_world import CONF, NOBODY, Mistake as M, fed_gateway, given

sys.path.insert(0, os.path.join(TOP, "tests", "chaos"))

from shims import Shim  # noqa: E402

TIP = ["--narrative", "PC Rudge sells stories to a reporter.", "--wait", "6"]


def web_server():
    """Something that listens and is no broker, gateway or daemon."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"127.0.0.1:{server.server_address[1]}"


def with_web_server(w, make):
    server, address = web_server()
    return make(address), {"cleanup": server.shutdown}


def brokerless(name, *args, address=NOBODY):
    return lambda w: [CONF, w.with_brokers(name, address), *args]


def web_broker(name, *args):
    return lambda w: with_web_server(w, lambda address: [CONF, w.with_brokers(name, address), *args])


def gateway_at(w, address):
    return [CONF, w.conf("webform", (f"127.0.0.1:{w.pipeline.gateway_port}", address)), *TIP]


def silent_listener(w):
    """Takes connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    return gateway_at(w, f"127.0.0.1:{listener.getsockname()[1]}"), {"cleanup": listener.close}


def taken_port(w, name, line):
    listener = socket.create_server(("127.0.0.1", 0))
    old = line % "127.0.0.1:0"
    return ([CONF, w.conf(name, (old, line % f"127.0.0.1:{listener.getsockname()[1]}"))], {"cleanup": listener.close})


def small_disk(w, make, fill=True, read_only=False):
    disk = w.path("disk")
    os.makedirs(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tipline-test", disk], check=True)
    if fill:
        space = os.statvfs(disk)
        with open(os.path.join(disk, "fill"), "wb") as f:
            f.write(b"\0" * (space.f_bavail * space.f_bsize))
    if read_only:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    return make(disk), {"cleanup": lambda: subprocess.run(["umount", "-l", disk], check=True)}


def store_of(w, make):
    path = w.path("store.db")
    make(path)
    os.chmod(path, 0o600)
    return [CONF, w.conf("sink")]


def with_version(version):
    def make(path):
        with sqlite3.connect(path) as db:
            db.execute(f"PRAGMA user_version = {version}")
            db.execute("CREATE TABLE other (x)")
    return make


def plain_file(path):
    with open(path, "w", encoding="ascii") as f:
        f.write("This is a letter, not a database. " * 100)


def spool_in_use(w):
    """Another adapter holds the spool: one that waits for a gateway that is not there."""
    conf = w.conf("webform", (f"127.0.0.1:{w.pipeline.gateway_port}", NOBODY))
    other = subprocess.Popen([w.pipeline.program("tip-submit"), CONF, conf, "--narrative", "x", "--wait", "60"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    wait_until(lambda: os.path.exists(w.path("webform.spool-wal")), 10, "the other adapter's spool")

    def stop():
        other.terminate()
        other.wait()
    return [CONF, conf, *TIP], {"cleanup": stop}


def stranger(w):
    """An adapter with keys of its own making, which no list knows."""
    w.pipeline.run("tipctl", "keys", "init", w.path("own"), "--adapters", "webform:1:web")
    own = {f'"{w.key("adapters", "webform.curve")}"': f'"{w.path("own", "adapters", "webform.curve")}"'}
    return [CONF, w.conf("webform", *own.items()), *TIP]


def wrong_sign(w):
    return [CONF, w.with_file("webform", w.key("adapters", "webform.sign"), w.key("adapters", "partner.sign")), *TIP]


def wrong_number(w):
    return [CONF, w.conf("webform", ("id: 1\n", "id: 3\n")), *TIP]


def wrong_gateway_key(w):
    w.pipeline.run("tipctl", "keys", "init", w.path("own"))
    return [CONF, w.with_file("webform", w.key("gateway.curve.pub"), w.path("own", "gateway.curve.pub")), *TIP]


def status_of_another(w):
    http_ = w.pipeline.http
    return [CONF, w.conf("tipctl", (f'route: "{http_["route"]}"', f'route: "{http_["sink"]}"')), "status"]


def refused_by_one(w):
    """Two gateways, of which the first has a list without this adapter: the second is tried at once."""
    w.pipeline.run("tipctl", "keys", "init", w.path("own"), "--adapters", "other:9:web")
    port, own = free_port(), w.path("own", "adapters.yaml")
    gateway = w.conf("gateway", ('listen: "127.0.0.1:0"\nkeys', f'listen: "127.0.0.1:{port}"\nkeys'),
                     (f'"{w.key("adapters.yaml")}"', f'"{own}"'))
    other = subprocess.Popen([w.pipeline.program("tipline-gateway"), CONF, gateway], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: listening(port), 10, "the other gateway")

    def stop():
        other.terminate()
        other.wait()
    conf = w.conf("webform", ('gateway:\n', f'gateway:\n  - "127.0.0.1:{port}"\n'))
    return [CONF, conf, *TIP], {"cleanup": stop}


def clock_off(w, days):
    """The gateway alone, by the library that chaos preloads."""
    shim = Shim(w.path("clock"))
    shim.move_clock(days * 86400)
    library = os.path.join(os.path.dirname(w.pipeline.bin), "chaos", "shim.so")
    return fed_gateway(w, w.pipeline.broker.address, shim.env(library, w.folder))


def clock_row(name, days):
    return M(name, "tipline-gateway",
             lambda w: clock_off(w, days),
             None, ("gateway.publish_refused", "INVALID_TIMESTAMP", "is the clock of this machine right?",
                    "Adapters keep their tips"), (), 30)


ROWS = [
    clock_row("a clock a year ahead", 365),
    clock_row("a clock ten years behind", -3652),
    M("one gateway of two refuses", "tip-submit",
      refused_by_one,
      0, ("refused here, another gateway is tried", "1 accepted")),
    M("no broker for classify", "tipline-classify",
      brokerless("classify"),
      None, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for dedupe", "tipline-dedupe",
      brokerless("dedupe"),
      None, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for route", "tipline-route",
      brokerless("route"),
      None, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for sink", "tipline-sink",
      brokerless("sink"),
      None, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for the gateway", "tipline-gateway",
      brokerless("gateway"),
      None, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for topics create", "tipctl",
      brokerless("tipctl", "topics", "create"),
      69, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for topics check", "tipctl",
      brokerless("tipctl", "topics", "check"),
      69, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for reconcile", "tipctl",
      brokerless("tipctl", "reconcile"),
      69, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for parked", "tipctl",
      brokerless("tipctl", "parked", "list"),
      69, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("no broker for status", "tipctl",
      brokerless("tipctl", "status"),
      69, ("no broker answers", "Connection refused", "kafka.brokers right?", "Lag and parked records are not known")),
    M("no broker for explain", "tipctl",
      brokerless("tipctl", "explain", "0" * 32),
      1, ("no broker answers", "Connection refused", "kafka.brokers right?")),
    M("a broker without an address", "tipctl",
      brokerless("tipctl", "topics", "check", address="kafka.invalid:9092"),
      69, ("kafka.invalid", "resolve", "kafka.brokers right?")),
    M("a web server for a broker", "tipline-sink",
      web_broker("sink"),
      None, ("no broker answers", "kafka.brokers right?")),
    M("a web server for tipctl's broker", "tipctl",
      web_broker("tipctl", "topics", "check"),
      69, ("no broker answers", "kafka.brokers right?")),
    M("a web server for the gateway's broker", "tipline-gateway",
      web_broker("gateway"),
      None, ("no broker answers", "kafka.brokers right?")),
    M("the gateway's port for a broker", "tipctl",
      lambda w: [CONF, w.with_brokers("tipctl", f"127.0.0.1:{w.pipeline.gateway_port}"), "topics", "check"],
      69, ("no broker answers", "kafka.brokers right?")),
    M("no gateway", "tip-submit",
      lambda w: gateway_at(w, NOBODY),
      75, ("is the gateway up", "tip-submit --resume")),
    M("no gateway for rehearse", "tip-rehearse",
      lambda w: [CONF, w.conf("desk-a", (f"127.0.0.1:{w.pipeline.gateway_port}", NOBODY)), "--tips", TIPS(),
          "--count", "2", "--drain", "6"],
      75, ("is the gateway up",)),
    M("a web server for a gateway", "tip-submit",
      lambda w: with_web_server(w, lambda a: gateway_at(w, a)),
      75, ("not as this gateway",)),
    M("a broker for a gateway", "tip-submit",
      lambda w: gateway_at(w, w.pipeline.broker.address),
      75, ("not as this gateway",)),
    M("a silent gateway", "tip-submit",
      silent_listener,
      75, ("not as this gateway",)),
    M("a gateway without an address", "tip-submit",
      lambda w: gateway_at(w, "gateway.invalid:7000"),
      75, ("address (gateway) right?",)),
    M("an adapter that is not on the list", "tip-submit",
      stranger,
      69, ("the gateway refuses this adapter",)),
    M("another adapter's signing key", "tip-submit",
      wrong_sign,
      65, ("bad-frame", "keys.sign and adapter.id")),
    M("another adapter's number", "tip-submit",
      wrong_number,
      65, ("bad-frame", "keys.sign and adapter.id")),
    M("a wrong key of the gateway", "tip-submit",
      wrong_gateway_key,
      75, ("not as this gateway", "keys.gateway")),
    M("a port for HTTP that is in use", "tipline-sink",
      lambda w: taken_port(w, "sink", 'http:\n  listen: "%s"'),
      71, ("Address already in use", "choose another port")),
    M("a port for adapters that is in use", "tipline-gateway",
      lambda w: taken_port(w, "gateway", 'listen: "%s"\nkeys'),
      69, ("Address already in use", "choose another port")),
    M("an address of another machine", "tipline-sink",
      given("sink", change=[("127.0.0.1:0", "192.0.2.1:0")]),
      71, ("192.0.2.1", "no such address")),
    M("a daemon's port that is another's", "tipctl",
      status_of_another,
      0, ("route: daemons.route: at 127.0.0.1:", "answers another daemon, tipline-sink")),
    M("a web server for a daemon", "tipctl",
      lambda w: with_web_server(w, lambda a: [CONF, w.conf("tipctl", (w.pipeline.http["route"], a)), "status"]),
      0, ("route: daemons.route: 127.0.0.1:", "what answers there is no daemon of tipline")),
    M("a daemon without an address", "tipctl",
      given("tipctl", "status", change=[("\n  route:", "\n  #route:")]),
      0, ("route: not asked", "daemons.route")),
    M("a daemon's port that is none", "tipctl",
      lambda w: [CONF, w.conf("tipctl", (f'route: "{w.pipeline.http["route"]}"', f'route: "{NOBODY}"')), "status"],
      0, ("route       no", "daemons.route: 127.0.0.1:9: Couldn't connect")),
    M("an older store", "tipline-sink",
      lambda w: store_of(w, with_version(1)),
      78, ("store.db", "not a store of tipline", "name another file")),
    M("another program's database for a store", "tipline-sink",
      lambda w: store_of(w, with_version(0)),
      78, ("store.db", "not a store of tipline", "name another file")),
    M("a newer store", "tipline-sink",
      lambda w: store_of(w, with_version(99)),
      78, ("store.db", "not a store of tipline")),
    M("a letter for a store", "tipline-sink",
      lambda w: store_of(w, plain_file),
      78, ("store.db", "not a database")),
    M("a folder for a store", "tipline-sink",
      lambda w: store_of(w, os.mkdir),
      71, ("store.db", "Is a directory")),
    M("a store in no folder", "tipline-sink",
      lambda w: [CONF, w.conf("sink", (w.path("store.db"), w.path("no", "store.db")))],
      71, ("store.db", "No such file")),
    M("tipctl without a store", "tipctl",
      lambda w: [CONF, w.conf("tipctl", (w.pipeline.path("data", "store.db"), w.path("store.db"))), "cases", "list"],
      69, ("store.db", "is the path right")),
    M("tipctl with a letter for a store", "tipctl",
      lambda w: (plain_file(w.path("store.db")), os.chmod(w.path("store.db"), 0o600), [CONF, w.conf("tipctl",
          (w.pipeline.path("data", "store.db"), w.path("store.db"))), "cases", "list"])[2],
      78, ("store.db", "not a database")),
    M("tipctl with the index for a store", "tipctl",
      lambda w: [CONF, w.conf("tipctl", (w.pipeline.path("data", "store.db"), w.pipeline.path("data",
          "dedupe.index"))), "cases", "list"],
      75, ("dedupe.index", "is it the store of the sink?")),
    M("two sinks on one store", "tipline-sink",
      lambda w: [CONF, w.conf("sink", (w.path("store.db"), w.pipeline.path("data", "store.db")))],
      75, ("store.db", "one sink a store")),
    M("two dedupes on one index", "tipline-dedupe",
      lambda w: [CONF, w.conf("dedupe", (w.path("dedupe.index"), w.pipeline.path("data", "dedupe.index")))],
      75, ("dedupe.index", "one dedupe at a time")),
    M("two adapters on one spool", "tip-submit",
      spool_in_use,
      78, ("one spool, one adapter",)),
    M("a letter for a spool", "tip-submit",
      lambda w: (plain_file(w.path("webform.spool")), os.chmod(w.path("webform.spool"), 0o600), [CONF,
          w.conf("webform"), *TIP])[2],
      78, ("spool.path",)),
    M("a letter for an index", "tipline-dedupe",
      lambda w: (plain_file(w.path("dedupe.index")), os.chmod(w.path("dedupe.index"), 0o600), [CONF,
          w.conf("dedupe")])[2],
      78, ("dedupe.index", "not a file of dedupe's")),
    M("a spool in no folder", "tip-submit",
      lambda w: [CONF, w.conf("webform", (w.path("webform.spool"), w.path("no", "webform.spool"))), *TIP],
      71, ("webform.spool", "No such file")),
    M("a full disk under a spool", "tip-submit",
      lambda w: small_disk(w, lambda d: [CONF, w.conf("webform", (w.path("webform.spool"), d + "/webform.spool")),
          *TIP]),
      71, ("webform.spool", "make room on that disk"), root=True),
    M("a full disk under a store", "tipline-sink",
      lambda w: small_disk(w, lambda d: [CONF, w.conf("sink", (w.path("store.db"), d + "/store.db"))]),
      75, ("store.db", "make room on that disk"), root=True),
    M("a full disk under an index", "tipline-dedupe",
      lambda w: small_disk(w, lambda d: [CONF, w.conf("dedupe", (w.path("dedupe.index"), d + "/dedupe.index"))]),
      71, ("dedupe.index", "make room on that disk"), root=True),
    M("a full disk under keys", "tipctl",
      lambda w: small_disk(w, lambda d: ["keys", "init", d + "/k"]),
      71, ("disk/k", "make room on that disk"), root=True),
    M("a read-only folder under a spool", "tip-submit",
      lambda w: small_disk(w, lambda d: [CONF, w.conf("webform", (w.path("webform.spool"), d + "/webform.spool")),
          *TIP], False, True),
      71, ("webform.spool", "Read-only file system", "where this program may write"), root=True),
    M("a read-only folder under a store", "tipline-sink",
      lambda w: small_disk(w, lambda d: [CONF, w.conf("sink", (w.path("store.db"), d + "/store.db"))], False, True),
      71, ("store.db", "Read-only file system", "where this program may write"), root=True),
    M("a read-only folder under an index", "tipline-dedupe",
      lambda w: small_disk(w, lambda d: [CONF, w.conf("dedupe", (w.path("dedupe.index"), d + "/dedupe.index"))],
          False, True),
      71, ("dedupe.index", "Read-only file system", "where this program may write"), root=True),
]


def TIPS():
    return os.path.join(TOP, "tests", "data", "tips.jsonl")
