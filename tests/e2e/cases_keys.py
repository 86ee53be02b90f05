# SPDX-License-Identifier: Apache-2.0
"""Keys while everything runs: taken up without a restart."""
import json
import os
import re
import secrets
import shutil
import subprocess

from broker import wait_until
from cases_intake import MONEY, receipts_in, stored, submit, tips_in_store
from expect import equal, holds
from pipeline import WORKERS, yaml_lines


def put(path, text):
    """As an operator should: under another name first, then renamed."""
    with open(path + ".new", "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(text)
    os.rename(path + ".new", path)


def keys_of(pipeline, stage):
    return (pipeline.status(stage) or {}).get("keys", {})


def a_tip_arrives(pipeline):
    receipts = pipeline.path("keys.receipts")
    if os.path.exists(receipts):
        os.unlink(receipts)
    submit(pipeline, "webform", "--narrative", MONEY, "--receipts", receipts)
    stored(pipeline, receipts_in(receipts)[0]["tip_id"])
    os.unlink(receipts)


def test_keys_brought_by_hand(pipeline):
    """a key file that is put into a stage's folder is in force within seconds, without a restart; a bad one changes \
nothing and is said"""
    starts = {name: daemon.starts for name, daemon in pipeline.daemons.items()}
    folder = pipeline.path("keys-of", "dedupe")
    put(os.path.join(folder, "active"), "1\n")
    put(os.path.join(folder, "9.key"), secrets.token_hex(32) + "\n")
    wait_until(lambda: any(n.startswith("bus:9:") for n in keys_of(pipeline, "dedupe").get("names", [])), 15,
               "dedupe to take up a bus key")
    equal(keys_of(pipeline, "dedupe")["seals"], 1, "the epoch dedupe seals with")
    put(os.path.join(folder, "9.key"), "this is no key\n")
    wait_until(lambda: keys_of(pipeline, "dedupe").get("current") is False, 15, "dedupe to say that a key is bad")
    behind = {row["stage"]: row.get("keys_current") for row in pipeline.tipctl_json("status")}
    equal((behind["dedupe"], behind["route"]), (False, True), "what status says of their keys")
    with open(pipeline.path("log", "dedupe.log"), encoding="utf-8") as f:
        said = [line for line in f if "event=stage.keys_not_reloaded" in line]
    holds(len(said) == 1 and "9.key" in said[0], f"the log names the file, once: {said}")
    a_tip_arrives(pipeline)
    os.unlink(os.path.join(folder, "9.key"))
    os.unlink(os.path.join(folder, "active"))
    wait_until(lambda: keys_of(pipeline, "dedupe").get("current"), 15, "dedupe to have its keys in order again")
    for stage in WORKERS:
        holds(keys_of(pipeline, stage)["current"], f"keys of {stage}")
    a_tip_arrives(pipeline)
    equal({name: daemon.starts for name, daemon in pipeline.daemons.items()}, starts, "starts")


def findings(pipeline):
    result = pipeline.tipctl("--json", "keys", "check", check=False)
    holds(result.returncode in (0, 1), result.stderr)
    return [f for f in json.loads(result.stdout) if "lies on this machine" not in f["what"]]


def test_keys_check(pipeline):
    """keys check finds nothing on a good site, and names what is taken away, exchanged, open to others or cut out"""
    equal(findings(pipeline), [], "findings")
    theirs = pipeline.path("keys-of", "route", "1.key")
    os.rename(theirs, theirs + ".away")
    holds(any("route lacks" in f["what"] for f in findings(pipeline)), "a stage that lacks a key is named")
    os.rename(theirs + ".away", theirs)
    own = pipeline.path("keys", "bus", "1.key")
    os.chmod(own, 0o644)
    holds(any("chmod 600" in f["what"] for f in findings(pipeline)), "an open key file is named")
    os.chmod(own, 0o600)
    linkage = pipeline.path("keys", "linkage.key")
    with open(linkage, encoding="utf-8") as f:
        whole = f.read()
    put(linkage + ".other", secrets.token_hex(32) + "\n")
    keyring = pipeline.path("keys", "keyring.yaml")
    with open(keyring, encoding="utf-8") as f:
        text = f.read()
    put(keyring, text.replace('"linkage.key"', '"linkage.key.other"'))
    holds(any("holds another key" in f["what"] for f in findings(pipeline)), "an exchanged key is named")
    put(keyring, re.sub(r"until: \S+", "until: 2001-01-01", text))
    holds(any("was to be rotated" in f["what"] for f in findings(pipeline)), "a key past its days is named")
    put(keyring, text)
    os.unlink(linkage + ".other")
    equal(findings(pipeline), [], "findings when all is as it was")
    rows = pipeline.tipctl_json("keys", "list")
    equal({r["key"] for r in rows},
          {"root", "triage", "recovery", "custodian", "bus", "linkage", "team", "adapter", "gateway"}, "kinds")
    shown = pipeline.tipctl("keys", "list").stdout + pipeline.tipctl("keys", "export", "--public").stdout
    holds(whole.strip() not in shown and "AGE-SECRET" not in shown, "no secret is shown")


def test_adapter_is_added(pipeline):
    """keys add adapter: with the files that it names, and the line of the configuration, another adapter submits to \
the running pipeline; nothing is restarted, and name and number are not given again"""
    starts = {name: daemon.starts for name, daemon in pipeline.daemons.items()}
    said = pipeline.tipctl_json("keys", "add", "adapter", "front-desk:phone+letter", "--by", "A. Operator")
    brought = pipeline.path("brought")
    os.makedirs(brought, mode=0o700)
    for i, path in enumerate(said["files"]):
        (shutil.move if i < 2 else shutil.copy2)(path, brought)  # as the note says
    conf = pipeline.adapter_conf("desk-c", spool={"path": pipeline.path("spool", "front-desk.spool")}, keys={
        key: os.path.join(brought, os.path.basename(path))
        for key, path in zip(("sign", "curve", "gateway", "root"), said["files"], strict=True)})
    del conf["adapter"]
    put(pipeline.conf_of("front-desk"), "\n".join(yaml_lines(conf) + [said["configuration"], ""]))
    receipts = pipeline.path("front-desk.receipts")
    submit(pipeline, "front-desk", "--narrative", MONEY, "--receipts", receipts)
    receipt = receipts_in(receipts)[0]
    equal(receipt["result"], "stored", "receipt")
    stored(pipeline, receipt["tip_id"])
    equal({name: daemon.starts for name, daemon in pipeline.daemons.items()}, starts, "starts")
    equal(states(pipeline, "adapter", "front-desk"), {1: "active"}, "its keys")
    equal(findings(pipeline), [], "findings of keys check")
    for spec in ("front-desk:web", f"back-desk:{said['number']}:web"):
        again = pipeline.tipctl("keys", "add", "adapter", spec, check=False)
        equal(again.returncode, 78, f"{spec}: {again.stderr}")
    log = open(pipeline.path("keys", "keys.log"), encoding="utf-8").read()
    holds(f'"detail":"number {said["number"]}, phone+letter"' in log, "the audit log says as whom it was added")


RATE = 200
SECONDS = 25


def sign_list(pipeline):
    """What the holder of the root key does, offline."""
    keys = pipeline.path("keys")
    pipeline.run("tipctl", "recipients", "sign", os.path.join(keys, "recipients.json"), "--root",
                 os.path.join(keys, "root.key"), "--request", os.path.join(keys, "recipients.request.json"))


def states(pipeline, kind, name=""):
    return {r["epoch"]: r["state"] for r in pipeline.tipctl_json("keys", "list")
            if r["key"] == kind and r["name"] == name}


def open_parked(pipeline):
    return {(p["tip_id"], p["offset"]) for p in pipeline.tipctl_json("parked", "list")}


def test_keys_rotate_under_load(pipeline):
    """with 200 tips a second on their way, triage, bus, an adapter's and a team's keys are rotated and the old ones \
retired: none lost, none parked, nothing restarted"""
    starts = {name: daemon.starts for name, daemon in pipeline.daemons.items()}
    parked, before = open_parked(pipeline), len(tips_in_store(pipeline))
    loads = [pipeline.rehearse(name, RATE * SECONDS // 2, 70 + i, "--rate", str(RATE // 2), "--drain", "60")
             for i, name in enumerate(("desk-a", "desk-b"))]
    wait_until(lambda: len(tips_in_store(pipeline)) > before + 100, 30, "tips to flow")
    pipeline.tipctl("keys", "rotate", "bus", "--by", "A. Operator")
    pipeline.tipctl("keys", "rotate", "team", "corruption")
    pipeline.tipctl("keys", "rotate", "adapter", "desk-a")
    pipeline.tipctl("keys", "rotate", "triage")
    equal(states(pipeline, "triage"), {1: "active", 2: "coming"}, "triage keys before the list is signed")
    sign_list(pipeline)
    pipeline.tipctl("keys", "rotate", "triage")
    holds(all(load.poll() is None for load in loads), "tips were still flowing after the last rotation")
    for load in loads:
        out, _ = load.communicate(timeout=120)
        equal(load.returncode, 0, f"tip-rehearse: {out}")
    again = pipeline.rehearse("desk-a", 100, 79, "--rate", "0", "--drain", "60")  # with its new keys
    out, _ = again.communicate(timeout=120)
    equal(again.returncode, 0, f"tip-rehearse with new keys: {out}")
    pipeline.wait_drained()
    for words in (("adapter", "desk-a"), ("bus", "--epoch", "1"), ("triage", "--epoch", "1")):
        pipeline.tipctl("keys", "retire", *words)
    a_tip_arrives(pipeline)
    equal(open_parked(pipeline) - parked, set(), "parked since")
    count = pipeline.tipctl_json("reconcile", *pipeline.receipts())
    equal((count["lost"], count["in_flight"]), (0, 0), "lost, in flight")
    equal({name: daemon.starts for name, daemon in pipeline.daemons.items()}, starts, "starts")
    for kind, name in (("bus", ""), ("triage", ""), ("recovery", ""), ("team", "corruption"), ("adapter", "desk-a")):
        equal(states(pipeline, kind, name), {1: "retired", 2: "active"}, f"{kind} {name}")
    equal(findings(pipeline), [], "findings of keys check")
    log = open(pipeline.path("keys", "keys.log"), encoding="utf-8").read()
    holds('"by":"A. Operator","did":"activate","key":"bus 2"' in log, "the audit log says who")


class Release:
    """`tipctl parked release` beside the pipeline as long as this lasts."""

    def __init__(self, pipeline):
        self.log = open(pipeline.path("log", "release.log"), "ab")
        self.process = subprocess.Popen([pipeline.program("tipctl"), "--config", pipeline.conf_of("tipctl"), "parked",
                                         "release"], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.status = self.process.wait(timeout=30)
        self.log.close()


def test_late_key_releases(pipeline):
    """tips sealed to a key that comes late are parked, and released by themselves when it is there: those alone, once \
each"""
    others = open_parked(pipeline)
    folder, epoch = pipeline.path("keys", "triage"), max(states(pipeline, "triage"))
    names = [n for n in os.listdir(folder) if n.startswith(f"{epoch}.")]
    away = pipeline.path("away.identity")
    spare = pipeline.path("spare.identity")  # classify does not give up its last key
    pipeline.run("tipctl", "keys", "init", pipeline.path("other-site"))
    shutil.copy2(pipeline.path("other-site", "triage", "1.identity"), spare)
    with Release(pipeline) as release:
        os.rename(spare, os.path.join(folder, "99.identity"))
        os.rename(os.path.join(folder, names[0]), away)
        print_ = next(r["fingerprint"] for r in pipeline.tipctl_json("keys", "list")
                      if r["key"] == "triage" and r["epoch"] == epoch)
        wait_until(lambda: f"triage:{print_}" not in keys_of(pipeline, "classify")["names"], 15, "classify without it")
        ids = []
        for _ in range(5):
            receipts = pipeline.path("late.receipts")
            submit(pipeline, "webform", "--narrative", MONEY, "--receipts", receipts)
            ids.append(receipts_in(receipts)[0]["tip_id"])
            os.unlink(receipts)
        wait_until(lambda: {t for t, _ in open_parked(pipeline)} >= set(ids), 30, "the tips to be parked")
        why = {p["reason"] for p in pipeline.tipctl_json("parked", "list") if p["tip_id"] in ids}
        equal(why, {"key-unknown"}, "why they are parked")
        os.rename(away, os.path.join(folder, names[0]))
        for tip_id in ids:
            stored(pipeline, tip_id)
        os.unlink(os.path.join(folder, "99.identity"))
        # What waits for a key that nobody has was tried and is parked again; all else is as it was.
        wait_until(lambda: {t for t, _ in open_parked(pipeline)} == {t for t, _ in others}, 30,
                   "the others to be as they were")
        done = [p for p in pipeline.tipctl_json("parked", "list", "--state", "all") if p["tip_id"] in ids]
        equal(sorted((p["tip_id"], p["state"], p["resolved_by"]) for p in done),
              sorted((t, "replayed", "tipctl parked release") for t in ids), "what became of them, once each")
    equal(release.status, 0, "exit of parked release")
    equal(len([t for t in tips_in_store(pipeline) if t in ids]), len(ids), "in the store")


NAMES_STAFF = ("DI Marcus Quillfeather of Tottenham takes two hundred pounds a week from the minicab office in return "
               "for plate checks.")


def told_about(pipeline, narrative):
    receipts = pipeline.path("linkage.receipts")
    submit(pipeline, "webform", "--narrative", narrative, "--receipts", receipts)
    tip = stored(pipeline, receipts_in(receipts)[0]["tip_id"])
    os.unlink(receipts)
    return tip


def test_linkage_rotates(pipeline):
    """rotating the linkage key loses no link and no conflict of interest: tips before and after it meet, and a \
tip that names a member of its team still goes to oversight"""
    starts = {name: daemon.starts for name, daemon in pipeline.daemons.items()}
    parked = open_parked(pipeline)
    story = ("Sergeant Ulvenhame of Greywater station sold the keys of the evidence store in Mossgather Lane to the "
             "Brackenthorpe brothers on 14 March for nine hundred pounds, as Ottoline Vask saw from the bakery window.")
    first = told_about(pipeline, story)
    for _ in range(2):  # a second time too: from an outer key to another
        pipeline.tipctl("keys", "rotate", "linkage")
        again = told_about(pipeline, story.replace("for nine hundred pounds", "for money"))
        equal(again["case_id"], first["case_id"], "the case of a tip about what was told before the rotation")
    named = told_about(pipeline, NAMES_STAFF)
    equal(named["teams"], ["oversight"], "teams of a tip that names a member of the team it would go to")
    pipeline.wait_drained()
    equal(open_parked(pipeline) - parked, set(), "parked since")
    equal({name: daemon.starts for name, daemon in pipeline.daemons.items()}, starts, "starts")
    equal(states(pipeline, "linkage")[max(states(pipeline, "linkage"))], "active", "the newest linkage key")
    equal(findings(pipeline), [], "findings of keys check")
    checked = pipeline.run("tipctl", "config", "check", pipeline.conf, check=False).stdout
    holds("another linkage key" not in checked, f"config check: {checked}")
