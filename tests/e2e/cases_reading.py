# SPDX-License-Identifier: Apache-2.0
"""Who can read what, and who cannot.

Guarantee 4, nothing readable outside, is test_no_marker_anywhere of cases_canary.py; what breaks it stands there.

Guarantee 5, every outcome explains itself, is explains_itself in test_age_opens_a_case, and a_case_explains_itself of
route_test without a broker. Broken by hand, each failed there: fill_routing of workers/route/route.c without the
policy's hash (the decisive line); lexicon_score without the lexicon's; set_step of workers/stage/stage_batch.c without
a step.
"""
import hashlib
import json
import os
import pty
import select
import subprocess

from broker import TOP
from cases_intake import stored, submit_tips
from expect import equal, holds
from pipeline import TEAMS

MARK = "Zephyrwhistle"
TIP = {"narrative": f"PC {MARK} of Barking sells addresses to a man he calls his cousin, for cash, on 3 January.",
       "subjects": [{"name": MARK, "rank": "PC"}], "contact": "details",
       "contact_details": f"{MARK}, 07700 900123, after six"}


def age_open(identity, sealed):
    return subprocess.run(["age", "-d", "-i", identity], input=sealed, capture_output=True)


def sealed_case(pipeline, tip_id):
    return age_file(pipeline, tip_id, "--sealed")


def age_file(pipeline, tip_id, which):
    argv = [pipeline.program("tipctl"), "--config", pipeline.conf_of("tipctl"), "cases", "show", tip_id, which]
    result = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    equal(result.returncode, 0, f"cases show {which}: {result.stderr.decode()}")
    return result.stdout


def identity_of(pipeline, team):
    return pipeline.path("keys", "teams", f"{team}.identity")


def explains_itself(pipeline, case):
    """A human finds in the case why it is here: rule, reason, scores, places in the text, and the very files."""
    for member in ("rule", "reason", "scores", "evidence"):
        holds(case.get(member), f"a case explains itself: {member} is missing")
    for member, stage in (("policy", "route"), ("lexicon", "classify")):
        with open(os.path.join(TOP, "workers", stage, f"{member}.yaml"), "rb") as f:
            equal(case[member], hashlib.blake2b(f.read(), digest_size=32).hexdigest(), f"the hash of the {member}")
    steps = case.get("steps", [])
    equal([s["stage"] for s in steps], ["classify", "dedupe", "route"], "the stages it passed")
    for step in steps:
        with open(pipeline.path("log", f"{step['stage']}.log"), encoding="utf-8") as log:
            holds(f"config={step['configuration']}" in log.read(), f"{step['stage']} ran as {step['configuration']}")


def test_age_opens_a_case(pipeline):
    """Debian's age opens a case with its team's identity, and with no other's"""
    tip_id = submit_tips(pipeline, "partner", [TIP])[-1]["tip_id"]
    row = stored(pipeline, tip_id)
    sealed = sealed_case(pipeline, tip_id)
    for team in TEAMS:
        result = age_open(identity_of(pipeline, team), sealed)
        equal(result.returncode == 0, team in row["teams"], f"age -d by {team} of a case for {row['teams']}")
        if result.returncode == 0:
            case = json.loads(result.stdout)
            equal(case["tip_id"], tip_id, "tip id inside")
            holds(MARK in case["tip"]["narrative"], "the narrative inside")
            holds("contact_details" not in json.dumps(case), "no contact details in a case")
            explains_itself(pipeline, case)


def test_contact_is_the_custodians(pipeline):
    """contact details open with the custodian's identity alone"""
    tip_id = submit_tips(pipeline, "partner", [TIP])[-1]["tip_id"]
    stored(pipeline, tip_id)
    sealed = age_file(pipeline, tip_id, "--contact")
    opened = age_open(pipeline.path("keys", "custodian.identity"), sealed)
    equal(opened.returncode, 0, opened.stderr.decode())
    holds(TIP["contact_details"].encode() in opened.stdout, "the details inside")
    others = [identity_of(pipeline, t) for t in TEAMS] + [pipeline.path("keys", "triage", "1.identity")]
    for identity in others:
        holds(age_open(identity, sealed).returncode != 0, f"{identity} opens contact details")


def test_a_sealed_file_is_not_for_a_terminal(pipeline):
    """cases show --sealed and --contact refuse to write an age file to a terminal, and write nothing there"""
    tip_id = submit_tips(pipeline, "partner", [TIP])[-1]["tip_id"]
    stored(pipeline, tip_id)
    for which in ("--sealed", "--contact"):
        argv = [pipeline.program("tipctl"), "--config", pipeline.conf_of("tipctl"), "cases", "show", tip_id, which]
        master, slave = pty.openpty()
        result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE, timeout=60)
        written = bool(select.select([master], [], [], 0)[0])
        os.close(slave)
        os.close(master)
        equal((result.returncode, written), (64, False), f"cases show {which} on a terminal")
        holds(b"no text for a terminal" in result.stderr, result.stderr)


def test_conflict_goes_to_oversight(pipeline):
    """a tip that names a member of the team it would go to is sealed to oversight alone"""
    tip = {"narrative": "DI Quillfeather tells the drug dealers in Peckham about raids for five hundred pounds."}
    tip_id = submit_tips(pipeline, "partner", [tip])[-1]["tip_id"]
    row = stored(pipeline, tip_id)
    equal((row["teams"], row["conflict"]), (["oversight"], True), "teams")
    sealed = sealed_case(pipeline, tip_id)
    equal(age_open(identity_of(pipeline, "oversight"), sealed).returncode, 0, "oversight opens it")
    holds(age_open(identity_of(pipeline, "corruption"), sealed).returncode != 0, "corruption opens a conflicted case")


def test_nothing_readable_over_http(pipeline):
    """metrics and status hold no word of a tip and no tip id"""
    tip_id = submit_tips(pipeline, "partner", [TIP])[-1]["tip_id"]
    stored(pipeline, tip_id)
    for daemon in pipeline.daemons:
        for path in ("/metrics", "/status"):
            body = pipeline.get(daemon, path)
            holds(body, f"{daemon}{path} answers")
            holds(MARK not in body and tip_id not in body, f"{daemon}{path} tells of a tip")
