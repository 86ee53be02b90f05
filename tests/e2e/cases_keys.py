# SPDX-License-Identifier: Apache-2.0
"""Keys while everything runs: taken up without a restart."""
import json
import os
import re
import secrets

from broker import wait_until
from cases_intake import MONEY, receipts_in, stored, submit
from expect import equal, holds
from pipeline import WORKERS


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
    put(keyring, text.replace("'linkage.key'", "'linkage.key.other'"))
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
