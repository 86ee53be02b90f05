# SPDX-License-Identifier: Apache-2.0
"""Bad inputs on the running pipeline: each has its stable code, the daemons go on as the processes they were, and a
good tip still gets through.

The tables are in bad_documents.py and bad_transport.py.
"""
import os
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bad_documents import DOCUMENTS, TWISTS, document_for
from bad_transport import DRIP, GREETINGS, LORIS, PATIENCE, PEERS, closed_by_gateway, curve_peer, silent_crowd, tool
from broker import wait_until
from cases_intake import stored, submit_tips, tips_in_store
from cases_keys import keys_of
from expect import equal, holds
from pipeline import REHEARSAL_ADAPTERS

SETTLE = 40
SILENT = 300  # connections; with the peers more than the 1,024 descriptors that a process may have by default
WORKER_TOPICS = ("tip.sealed", "tip.classified", "tip.linked", "case.routed")
GOOD = {"narrative": "DC Pettigrew of Tottenham takes two hundred pounds a week from the minicab office."}


def processes(pipeline):
    return {name: (daemon.starts, daemon.process.pid) for name, daemon in pipeline.daemons.items()}


def good_tip(pipeline, what):
    receipt = submit_tips(pipeline, "partner", [GOOD])[-1]
    equal(receipt["result"], "stored", f"a good tip {what}")
    return receipt["tip_id"]


@contextmanager
def unharmed(pipeline, what):
    """What is done inside ends no daemon, and keeps no good tip from its way."""
    before = processes(pipeline)
    yield
    stored(pipeline, good_tip(pipeline, f"after {what}"))
    equal(processes(pipeline), before, f"daemons after {what}")
    for name in pipeline.daemons:
        holds(pipeline.ready(name), f"{name} is not ready after {what}")


def seal_raw(pipeline, folder, letters, submit):
    """letters: name -> (twist, document). Returns name -> (path of the frame, tip id, word)."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    names, lines = {}, []
    for number, (name, (twist, document)) in enumerate(letters.items()):
        path = os.path.join(folder, str(number))
        names[path] = name
        with open(path, "wb") as f:
            f.write(document)
        lines.append(f"{twist} {path}\n")
    argv = [tool(pipeline, "seal_raw"), pipeline.path("keys", "adapters", "desk-c.sign"),
            pipeline.path("keys", "recipients.json"), str(dict(REHEARSAL_ADAPTERS)["desk-c"])]
    argv += [pipeline.conf_of("desk-c")] if submit else []
    done = subprocess.run(argv, input="".join(lines), capture_output=True, text=True, timeout=60)
    equal(done.returncode, 0, f"seal_raw: {done.stderr[-500:]}")
    words = [line.split() for line in done.stdout.splitlines()]
    return {names[path]: (path + ".frame", tip_id, word) for path, tip_id, word in words if path in names}


def kcat(pipeline, *args, **kwargs):
    return subprocess.run(["kcat", "-b", pipeline.broker.address, *args], check=True, capture_output=True, timeout=30,
                          **kwargs)


def parked_rows(pipeline):
    return pipeline.tipctl_json("parked", "list", "--state", "all")


def reasons_of(pipeline, tips):
    """tip id -> reason, once every one of these tips is parked."""
    def find():
        found = {p["tip_id"]: p["reason"] for p in parked_rows(pipeline) if p["tip_id"] in tips}
        return found if len(found) == len(tips) else None
    return wait_until(find, SETTLE, f"{len(tips)} parked tips")


def compare(got, want):
    wrong = [f"{name}: {got.get(name)!r}, wanted {want[name]!r}" for name in want if got.get(name) != want[name]]
    holds(not wrong, f"{len(wrong)} of {len(want)}: " + "; ".join(wrong))


def test_bad_documents(pipeline):
    """what an adapter seals unchecked is parked with its code when classify opens it; odd but honest tips are stored"""
    letters = {name: ("-", document) for name, (document, _) in DOCUMENTS.items()}
    with unharmed(pipeline, "bad documents"):
        sent = seal_raw(pipeline, pipeline.path("bad-documents"), letters, True)
        compare({name: word for name, (_, _, word) in sent.items()}, {name: "stored" for name in letters})
        ids = {name: tip_id for name, (_, tip_id, _) in sent.items()}
        bad = {name: reason for name, (_, reason) in DOCUMENTS.items() if reason}
        reasons = reasons_of(pipeline, {ids[name] for name in bad})
        compare({name: reasons[ids[name]] for name in bad}, bad)
        honest = {ids[name] for name in DOCUMENTS if name not in bad}
        wait_until(lambda: honest <= set(tips_in_store(pipeline)), SETTLE, f"{len(honest)} odd but honest tips")


def test_bad_frames(pipeline):
    """a frame that is wrong in any way is refused by the gateway or, straight from the bus, parked by classify"""
    letters = {twist: (twist, document_for(twist)) for twist in TWISTS}
    with unharmed(pipeline, "bad frames"):
        sent = seal_raw(pipeline, pipeline.path("bad-frames"), letters, True)
        compare({name: word for name, (_, _, word) in sent.items()}, {t: answer for t, (_, answer) in TWISTS.items()})
        refused = {name: item for name, item in sent.items() if item[2] != "stored"}
        for path, tip_id, _ in refused.values():
            kcat(pipeline, "-P", "-t", "tip.sealed", "-k", "x", "-H", f"tip-id={tip_id}", path)
        reasons = reasons_of(pipeline, {tip_id for _, tip_id, _ in sent.values()})
        compare({name: reasons[tip_id] for name, (_, tip_id, _) in sent.items()},
                {twist: reason for twist, (reason, _) in TWISTS.items()})


def wrong_topics_record(pipeline, topic, path):
    """A record of another topic as it stands there, under a key that its readers still have."""
    other = WORKER_TOPICS[WORKER_TOPICS.index(topic) - 1]
    under = b"" if other == "tip.sealed" else bytes([1, keys_of(pipeline, "classify")["seals"]])
    rest, record = kcat(pipeline, "-C", "-t", other, "-o", "-30", "-e", "-q", "-D", "", "-f", "%S %s").stdout, None
    while rest and not record:
        size, _, rest = rest.partition(b" ")
        size = max(int(size), 0)  # -1: no value
        value, rest = rest[:size], rest[size:]
        record = value if value.startswith(under) else None
    holds(record, f"{other} has no record to take")
    with open(path, "wb") as f:
        f.write(record)
    return path


def send_bad_records(pipeline, topic):
    """One record of each kind; returns the reasons they must be parked for."""
    fresh = ["-H", f"tip-id={os.urandom(16).hex()}"]
    path = wrong_topics_record(pipeline, topic, pipeline.path(f"bad-record.{topic}"))
    send = ["-P", "-t", topic, "-k", "x"]
    kcat(pipeline, "-P", "-t", topic, "-K", ":", "-Z", *fresh, input=b"x:\n")
    kcat(pipeline, *send, path)
    kcat(pipeline, *send, "-H", "tip-id=not one", path)
    kcat(pipeline, *send, *[a for i in range(300) for a in ("-H", f"h{i}=x")], *fresh, path)
    kcat(pipeline, *send, *[a for i in range(6) for a in ("-H", f"h{i}=" + "x" * 120000)], *fresh, path)
    damaged = "frame-magic" if topic == "tip.sealed" else "record-seal"
    return ["record-null", "record-headers", "record-headers", "record-headers", damaged]


def test_bad_records(pipeline):
    """on each worker's topic: no value, no headers, far too many, huge ones, another topic's record"""
    if pipeline.broker.name == "embedded":
        return "the embedded broker keeps no large headers"
    stored(pipeline, good_tip(pipeline, "before bad records"))  # so that every topic has a record to take
    with unharmed(pipeline, "bad records"):
        known = {p["offset"] for p in parked_rows(pipeline)}
        want = Counter((t, reason) for t in WORKER_TOPICS for reason in send_bad_records(pipeline, t))

        def found():
            rows = [p for p in parked_rows(pipeline) if p["offset"] not in known]
            return rows if len(rows) >= want.total() else None
        rows = wait_until(found, SETTLE, f"{want.total()} parked records")
        equal(Counter((p["origin_topic"], p["reason"]) for p in rows), want, "parked records")
    return None


def test_bad_greetings(pipeline):
    """a connection that is silent, slow, of another protocol, version or mechanism is closed, and holds up nobody"""
    port = pipeline.gateway_port
    with unharmed(pipeline, "bad greetings"), ThreadPoolExecutor(len(GREETINGS) + 1) as pool:
        jobs = {name: pool.submit(closed_by_gateway, port, said) for name, said in GREETINGS.items()}
        jobs["slow loris"] = pool.submit(closed_by_gateway, port, LORIS, DRIP)
        good_tip(pipeline, "during bad greetings")
        compare({name: job.result(PATIENCE * 2) for name, job in jobs.items()}, dict.fromkeys(jobs, True))


def test_bad_messages(pipeline):
    """a message over the limit, without a part or with a thousand, and a key that nobody knows, get their answer"""
    with unharmed(pipeline, "bad messages"):
        peers = {case: curve_peer(pipeline, case) for case in PEERS}
        compare({case: peer.communicate(timeout=60)[0].strip() for case, peer in peers.items()}, PEERS)


def test_a_thousand_peers(pipeline):
    """a thousand connections are welcomed, and an adapter among them and hundreds of silent ones submits as before"""
    with unharmed(pipeline, "a thousand peers"):
        crowd, silent = curve_peer(pipeline, "many-peers"), []
        try:
            equal(crowd.stdout.readline().strip(), "1000 welcome", "a thousand peers")
            silent = silent_crowd(pipeline.gateway_port, SILENT)
            good_tip(pipeline, "among a thousand peers")
        finally:
            crowd.communicate(input="\n", timeout=60)
            for connection in silent:
                connection.close()
