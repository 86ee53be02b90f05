# SPDX-License-Identifier: Apache-2.0
"""The signed list of whom tips are sealed to: signed, renewed while tips flow, refused when it is not good.

Fails when broken: renewed_under_load when core_welcome (gateway/core.c) sends nothing; expired and of_a_foreign_gateway
when trust_offer (sdk/trust.c) passes every list; older when trust.c does not keep its state.
"""
import base64
import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import subprocess

from bad_transport import tool
from broker import wait_until
from cases_intake import MONEY, receipts_in, stored
from expect import equal, holds


def key(pipeline, *parts):
    return pipeline.path("keys", *parts)


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


def said_by(pipeline, *args, status=0):
    result = pipeline.run("tipctl", "--json", "recipients", *args, check=False)
    equal(result.returncode, status, f"recipients {args}: {result.stderr}")
    return json.loads(result.stdout) if result.stdout else result.stderr


def epoch_of(pipeline):
    return said_by(pipeline, "show", key(pipeline, "recipients.json"))["epoch"]


def reload_gateway(pipeline):
    log = pipeline.path("log", "gateway.log")
    before = os.path.getsize(log)
    pipeline.daemons["gateway"].kill(signal.SIGHUP)

    def reloaded():
        with open(log, encoding="utf-8") as f:
            f.seek(before)
            return "event=gateway.reloaded" in f.read()
    wait_until(reloaded, 15, "the gateway to read its files again")


def renew(pipeline, *args):
    """As an operator does it."""
    told = said_by(pipeline, "sign", key(pipeline, "recipients.json"), "--root", key(pipeline, "root.key"), *args)
    reload_gateway(pipeline)
    return told["epoch"]


def made(pipeline, root, epoch, first, last):
    """A list that tipctl would not sign."""
    argv = [tool(pipeline, "sign_list"), root, key(pipeline, "recipients.json"), str(epoch), day(first), day(last)]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=20).stdout


class Adapter:
    """tip-submit with a spool of its own, and what became of its tips."""

    def __init__(self, pipeline, name):
        self.pipeline, self.name = pipeline, name
        self.receipts = pipeline.path(f"{name}-by-hand.receipts")
        spool = {"path": pipeline.path("spool", f"{name}.spool")}
        pipeline._write_yaml(name, pipeline.adapter_conf("webform", spool=spool))

    def run(self, *args, status):
        result = self.pipeline.run("tip-submit", "--config", self.pipeline.conf_of(self.name), "--receipts",
                                   self.receipts, *args, check=False, timeout=90)
        equal(result.returncode, status, f"tip-submit {args}: {result.stderr}")
        return result.stdout + result.stderr

    def tell(self, status=0):
        return self.run("--narrative", MONEY, status=status)

    def arrived(self):
        tips = [r["tip_id"] for r in receipts_in(self.receipts)] if os.path.exists(self.receipts) else []
        for tip in tips:
            stored(self.pipeline, tip)
        return len(tips)


@contextlib.contextmanager
def gateway_with(pipeline, text, root=True):
    """A gateway that came up with another list, and by whoever has it, without a root key to check it with."""
    conf, daemon = pipeline.conf_of("gateway"), pipeline.daemons["gateway"]
    wrong = pipeline.path("handed-out.json")
    with open(wrong, "w", encoding="utf-8") as f:
        f.write(text)
    shutil.copy2(conf, conf + ".good")
    try:
        with open(conf + ".good", encoding="utf-8") as f:
            changed = f.read().replace(key(pipeline, "recipients.json"), wrong)
        with open(conf, "w", encoding="utf-8") as f:
            f.write(changed if root else re.sub(r"(?m)^ +root: .*\n", "", changed))
        restart(pipeline, daemon)
        yield
    finally:
        os.rename(conf + ".good", conf)
        restart(pipeline, daemon)


def restart(pipeline, daemon):
    starts = daemon.starts
    daemon.kill(signal.SIGKILL)
    wait_until(lambda: daemon.starts > starts and pipeline.ready("gateway"), 30, "the gateway to be back")


def test_recipients_commands(pipeline):
    """a list is signed, shown and checked by tipctl; what is about to end, has ended or is of another root is told"""
    folder = pipeline.path("lists")
    os.makedirs(folder, mode=0o700)
    mine, root, public = os.path.join(folder, "r.json"), key(pipeline, "root.key"), key(pipeline, "root.pub")
    keys = [w for n in ("triage", "recovery", "custodian") for w in
            (f"--{n}", key(pipeline, "teams", {"triage": "assessment", "recovery": "corruption",
                                               "custodian": "oversight"}[n] + ".recipient"))]
    told = said_by(pipeline, "sign", mine, "--root", root, *keys, "--epoch", "5")
    equal((told["epoch"], told["not_before"], told["not_after"]), (5, day(-1), day(90)), "a first list")
    equal([k["name"] for k in told["keys"]], ["triage", "recovery", "custodian"], "keys")
    equal(said_by(pipeline, "check", mine, "--root", public)["state"], "valid", "state")
    told_of = said_by(pipeline, "check", mine, "--root", public, "--within", "91", status=1)
    equal(told_of["state"], "expiring", "91 days")
    equal(said_by(pipeline, "show", mine)["signature"], "not checked: no --root", "without a root")
    # A renewal has the next epoch and the same keys; a request is signed as it stands.
    again = said_by(pipeline, "sign", mine, "--root", root, "--until", day(30))
    equal((again["epoch"], again["keys"], again["not_after"]), (6, told["keys"], day(30)), "renewed")
    equal(os.stat(mine).st_mode & 0o777, 0o644, "mode")
    inner = {"epoch": 9, "not_before": day(0), "not_after": day(20)}
    inner.update({k["name"]: k["recipient"] for k in told["keys"]})
    request = os.path.join(folder, "request.json")
    with open(request, "w", encoding="utf-8") as f:
        json.dump({"tipline": "recipients/v1", "signed": base64.b64encode(json.dumps(inner).encode()).decode()}, f)
    equal(said_by(pipeline, "check", request, "--root", public, status=1)["signature"], "missing", "a request")
    asked = said_by(pipeline, "sign", mine, "--root", root, "--request", request)
    equal((asked["epoch"], asked["not_after"]), (9, day(20)), "as asked")
    holds("not higher" in said_by(pipeline, "sign", mine, "--root", root, "--request", request, status=64), "again")
    for epoch, first, last, state in ((20, -9, -1, "expired"), (21, 1, 9, "early")):
        with open(mine, "w", encoding="utf-8") as f:
            f.write(made(pipeline, root, epoch, first, last))
        equal(said_by(pipeline, "check", mine, "--root", public, status=1)["state"], state, state)
    equal(len(said_by(pipeline, "root", folder)["fingerprint"]), 16, "fingerprint")
    holds("not overwritten" in said_by(pipeline, "root", folder, status=78), "a root key is never overwritten")
    equal(os.stat(os.path.join(folder, "root.key")).st_mode & 0o777, 0o600, "mode of root.key")
    other, own = os.path.join(folder, "root.pub"), os.path.join(folder, "own.json")
    said_by(pipeline, "sign", own, "--root", os.path.join(folder, "root.key"), *keys)
    equal(said_by(pipeline, "check", own, "--root", other)["signature"], "right", "signed by a root key of its own")
    equal(said_by(pipeline, "check", key(pipeline, "recipients.json"), "--root", other, status=1)["signature"], "wrong",
          "another root")


def test_recipients_renewed_under_load(pipeline):
    """lists are renewed three times while an adapter submits: it takes each at once, none is lost, nobody restarts"""
    starts = {name: daemon.starts for name, daemon in pipeline.daemons.items()}
    desk = pipeline.rehearse("desk-a", 600, 31, "--rate", "100")
    log = pipeline.path("log", "desk-a.log")
    try:
        for _ in range(3):
            epoch = renew(pipeline)
            taken = f"event=recipients.taken program=tip-rehearse epoch={epoch} "
            wait_until(lambda t=taken: t in open(log).read(), 15, f"the adapter to take the list of epoch {epoch}")
            holds(desk.poll() is None, "the adapter is still submitting")
        out, _ = desk.communicate(timeout=90)
    finally:
        desk.kill()
        desk.wait()
    counts = json.loads(out.splitlines()[-1])
    equal((desk.returncode, counts["stored"], counts["waiting"]), (0, 600, 0), f"{counts}")
    holds("event=submit.reconnect" not in open(log).read(), "without a new connection")
    wait_until(lambda: pipeline.drained(), 60, "the pipeline to drain")
    equal({name: daemon.starts for name, daemon in pipeline.daemons.items()}, starts, "starts")


def test_recipients_expired(pipeline):
    """an expired list is refused and said; tips stay in the spool; once the list is renewed they are delivered"""
    adapter, now = Adapter(pipeline, "expiry"), epoch_of(pipeline)
    adapter.tell()
    with gateway_with(pipeline, made(pipeline, key(pipeline, "root.key"), now + 1, -30, -1)):
        for told in range(1, 4):
            said = adapter.tell(status=69)
            holds("recipients-expired" in said and "tipctl recipients sign" in said, said)
            holds(f"{told} wait in the spool" in said, said)
        with open(pipeline.path("log", "gateway.log"), encoding="utf-8") as f:
            holds("event=gateway.recipients_invalid" in f.read(), "the gateway warns too")
        told = said_by(pipeline, "sign", key(pipeline, "recipients.json"), "--root", key(pipeline, "root.key"))
        equal(told["epoch"], now + 1, "the renewed list")
    adapter.run("--resume", status=0)
    equal(adapter.arrived(), 4, "delivered once the list is renewed")


def test_recipients_of_a_foreign_gateway(pipeline):
    """a gateway that names a key of its own is refused: no tip is sealed to it or given to it"""
    adapter = Adapter(pipeline, "own-key")
    pipeline.run("tipctl", "keys", "init", pipeline.path("foreign"))
    with open(pipeline.path("foreign", "recipients.json"), encoding="utf-8") as f:
        theirs = f.read()
    with gateway_with(pipeline, theirs, root=False):
        taken = pipeline.status("gateway")["in"]
        said = adapter.tell(status=69)
        holds("recipients-signature" in said and "not to be trusted" in said, said)
        equal(pipeline.status("gateway")["in"], taken, "tips that the gateway was given")
    adapter.run("--resume", status=0)
    equal(adapter.arrived(), 1, "delivered once the site's list is back")


def test_recipients_older(pipeline):
    """a list that was in force before is refused by an adapter that has seen a newer one, also after a restart"""
    adapter, before = Adapter(pipeline, "older"), open(key(pipeline, "recipients.json"), encoding="utf-8").read()
    renew(pipeline)
    adapter.tell()
    with gateway_with(pipeline, before):
        said = adapter.tell(status=69)
        holds("recipients-older" in said and "the newest list" in said, said)
    adapter.run("--resume", status=0)
    equal(adapter.arrived(), 2, "delivered once the newest list is back")
