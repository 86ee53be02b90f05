# SPDX-License-Identifier: Apache-2.0
"""Likely mistakes, and what the person who makes one reads: what was being done, with what, why it failed, what to do.

The tables are in mistakes_*.py. A row fails when the exit status is another, a word (the remedy among them) is
missing, a word that must not be there is, or the person has to wait too long for it.
"""
import os
from concurrent.futures import ThreadPoolExecutor

import mistakes_broker
import mistakes_conf
import mistakes_keys
import mistakes_service
import mistakes_webform
from broker import KafkaBroker
from cases_intake import MONEY, stored, submit_tips
from expect import holds
from mistakes_world import World
from pipeline import pages_built


def wrong_with(mistake, outcome):
    if mistake.status is not None and outcome.status != mistake.status:
        yield f"status {outcome.status}, not {mistake.status}"
    for word in mistake.words:
        if word not in outcome.text:
            yield f"does not say {word!r}"
    # What nobody may read, whatever went wrong: escapes that a terminal obeys, and secrets.
    for word in (*mistake.never, "\x1b", "\u202e", "AGE-SECRET-KEY-1Q"):
        if word in outcome.text:
            yield f"says {word!r}"
    if outcome.seconds > mistake.seconds:
        yield f"takes {outcome.seconds:.1f} s to say so"


AT_ONCE = 8  # of those that mostly wait for a time-out, not for the processor


def try_one(pipeline, mistake):
    """What is wrong with a row, as a text; each has a folder of its own."""
    outcome = World(pipeline).provoke(mistake)
    wrong = list(wrong_with(mistake, outcome))
    return f"{mistake.name} ({mistake.program}): {'; '.join(wrong)}: {outcome.text[-600:]}" if wrong else None


def try_all(pipeline, rows, at_once=1):
    rows = [r for r in rows if not r.root or os.geteuid() == 0]
    with ThreadPoolExecutor(at_once) as pool:
        failures = list(filter(None, pool.map(lambda row: try_one(pipeline, row), rows)))
    holds(not failures, f"{len(failures)} of {len(rows)}:\n" + "\n".join(failures))


def test_mistakes_in_configuration(pipeline):
    """what is wrong on a command line or in a file is named, with its place, and what was most likely meant"""
    try_all(pipeline, mistakes_conf.ROWS)


def test_mistakes_with_the_form(pipeline):
    """what is wrong with the web form's configuration or pages is named, with its place"""
    if not pages_built():
        return "the web form's pages are not built: they need Node and npm's packages"
    try_all(pipeline, mistakes_webform.ROWS)
    return None


def test_mistakes_with_keys(pipeline):
    """a wrong key, register or list is named, with what is wanted instead, and never shown"""
    try_all(pipeline, mistakes_keys.ROWS)


def test_mistakes_with_services(pipeline):
    """a broker, gateway, port, disk or database that is not as needed is named within seconds, and what to do"""
    try_all(pipeline, mistakes_service.ROWS, AT_ONCE)


def test_mistakes_with_topics(pipeline):
    """topics that are missing or made by hand, and the store or index of another pipeline, are named with the remedy"""
    if pipeline.broker.name == "embedded":
        return "the embedded broker has no topic settings"
    stored(pipeline, submit_tips(pipeline, "partner", [{"narrative": MONEY}])[-1]["tip_id"])
    pipeline.wait_drained()
    pipeline.other = KafkaBroker(pipeline.path("other-broker"))
    try:
        pipeline.other.start()
        try_all(pipeline, mistakes_broker.NO_TOPICS, AT_ONCE)
        mistakes_broker.make_by_hand(pipeline)
        try_all(pipeline, mistakes_broker.TOPICS_BY_HAND)
        try_all(pipeline, mistakes_broker.ANOTHER_PIPELINE, AT_ONCE)
    finally:
        pipeline.other.stop()
    return None
