# SPDX-License-Identifier: Apache-2.0
"""What the public web form's page makes of a report (producers/webform/page/script): the bytes that it posts.

Fails when broken, each in seal.js: sealed_as_it_should when fill or a stanza is missing, padding is not zero, or both
parts go to the same keys; says_nothing when `shuffled` returns what it was given. In tip.js: what_was_typed when
`clean` leaves something in; says_what_is_wrong when `bytesIn` counts characters.
"""
import json

from site_of_keys import BUCKETS, equal, holds

ID, CONTACT, BODY_HEAD, CONTACT_HEAD = 16, 1420, 24, 8
STANZA, NONCE, TAG, CHUNK = b"-> X25519 ", 16, 16, 65536
PERSON = {"name": "", "rank": "", "number": "", "station": ""}
EMPTY = {"narrative": "", "where": "", "when": "", "relation": "", "people": [PERSON], "contact": "none",
         "contact_details": ""}


def age_size(stanzas, plain):
    return 70 + 98 * stanzas + NONCE + plain + TAG * max(1, -(-plain // CHUNK))


def posted(site, report):
    """What the page would post: tip id, contact, body."""
    text = site.read(site.path("site", "recipients.json")).decode()
    root = site.read(site.path("site", "root.pub")).decode().strip()
    equal(site.ask(do="form", list=text, root=root, report={**EMPTY, **report}, to=site.path("posted")), "ok", "sealed")
    sent = site.read(site.path("posted"))
    return sent[:ID], sent[ID:ID + CONTACT], sent[ID + CONTACT:]


def opened(site, file, holder):
    done = site.open(file, site.path("site", f"{holder}.identity"), False)
    return done.stdout if done.returncode == 0 else None


def number(plain, at, size):
    return int.from_bytes(plain[at:at + size], "big")


def body_of(plain, tip_id):
    """The document in a body, as schema/seal.h has it."""
    length = number(plain, 4, 4)
    equal((number(plain, 0, 2), number(plain, 2, 2), plain[8:BODY_HEAD]), (1, 0, tip_id), "version, web, tip id")
    holds(len(plain) in BUCKETS, f"a body of {len(plain)}")
    holds(not any(plain[BODY_HEAD + length:]), "padding")
    equal(len(plain), next(b for b in BUCKETS if b >= BODY_HEAD + length), "the smallest size that holds it")
    return plain[BODY_HEAD:BODY_HEAD + length]


def contact_of(plain):
    length = number(plain, 4, 4)
    equal((len(plain), number(plain, 0, 2)), (1024, 1), "size and version of contact details")
    holds(not any(plain[CONTACT_HEAD + length:]), "padding")
    return number(plain, 2, 2), plain[CONTACT_HEAD:CONTACT_HEAD + length].decode()


def test_a_form_is_sealed_as_it_should(site):
    """a report opens with triage and recovery, contact details with custodian and recovery, and with no other"""
    if site.no_form():
        return site.no_form()
    overhead = BODY_HEAD + len('{"narrative":"","channel":"web","contact":"none"}')
    edges = [b - overhead + d for b in BUCKETS[:3] for d in (0, 1)] + [1, 200000]
    ids = set()
    for size in edges:
        tip_id, contact, body = posted(site, {"narrative": "x" * size})
        ids.add(tip_id)
        equal(body.count(STANZA), 4, "stanzas of a body")
        equal(contact.count(STANZA), 3, "stanzas of contact details")
        plain = opened(site, body, "triage/1")
        equal(len(body), age_size(4, len(plain)), "size of a body")
        document = json.loads(body_of(plain, tip_id))
        equal(document, {"narrative": "x" * size, "channel": "web", "contact": "none"}, "the document")
        equal(opened(site, body, "recovery"), plain, "opened by recovery")
        equal(contact_of(opened(site, contact, "custodian")), (0, ""), "no contact details")
        holds(opened(site, contact, "recovery"), "contact details opened by recovery")
        equal((opened(site, body, "custodian"), opened(site, contact, "triage/1")), (None, None), "opened by the other")
    equal(len(ids), len(edges), "an id of its own each")


def test_a_form_at_its_fullest(site):
    """the longest report that the form takes, every character an escape, fits the largest size"""
    if site.no_form():
        return site.no_form()
    person = {"name": '"' * 200, "rank": '"' * 100, "number": '"' * 50, "station": '"' * 200}
    tip_id, _, body = posted(site, {"narrative": '"' * 200000, "where": "\n" * 999 + "x",
                                    "people": [person] * 8})
    document = json.loads(body_of(opened(site, body, "triage/1"), tip_id))
    equal((len(document["narrative"]), len(document["subjects"])), (200000, 8), "all of it")


def test_a_form_says_nothing_outside(site):
    """with and without contact details the same sizes; which stanza is whose cannot be told from its place"""
    if site.no_form():
        return site.no_form()
    details = {"narrative": "n", "contact": "details", "contact_details": "é" * 508}
    tip_id, contact, body = posted(site, details)
    equal(contact_of(opened(site, contact, "custodian")), (2, "é" * 508), "contact details")
    holds(b"contact_details" not in body_of(opened(site, body, "triage/1"), tip_id), "none of them in the body")
    _, other, other_body = posted(site, {"narrative": "n"})
    equal((len(contact), len(body)), (len(other), len(other_body)), "sizes")
    # Of 64 tips the triage key's stanza stands in each place some time: by chance it would not in one of 10^7 runs.
    places = {place_of(site, posted(site, {"narrative": "n"})[2]) for _ in range(64)}
    equal(places, {0, 1, 2, 3}, "places of the triage key's stanza")


def place_of(site, body):
    """Where the stanza stands that the triage identity opens: the one without which it opens nothing."""
    head, *stanzas = body.split(STANZA)
    for n in range(len(stanzas)):
        broken = list(stanzas)
        broken[n] = broken[n][:10] + (b"A" if broken[n][10:11] != b"A" else b"B") + broken[n][11:]
        done = site.open(STANZA.join([head, *broken]), site.path("site", "triage", "1.identity"), False)
        if b"key-unknown" in done.stderr:
            return n
    raise AssertionError("no stanza is the triage key's")


def test_a_form_of_what_was_typed(site):
    """line ends become one character, control characters and halves of one go, empty answers are left out"""
    if site.no_form():
        return site.no_form()
    report = {"narrative": " a\r\nb\rc\n\td\x00\x07\x1b[31m\x7f\x9fé\U0001f6a8\u2028 ", "where": " \r\n ",
              "when": "\x00", "relation": "neighbour",
              "people": [{**PERSON, "name": " "}, {**PERSON, "name": "Rudge", "rank": "PC"}],
              "contact_details": "typed, then chose to stay anonymous"}
    tip_id, contact, body = posted(site, report)
    document = json.loads(body_of(opened(site, body, "triage/1"), tip_id))
    equal(document, {"narrative": " a\nb\nc\n\td[31mé\U0001f6a8\u2028 ", "relation": "neighbour",
                     "subjects": [{"name": "Rudge", "rank": "PC"}], "channel": "web", "contact": "none"},
          "the document")
    equal(contact_of(opened(site, contact, "custodian")), (0, ""), "contact details")
    tip_id, _, body = posted(site, {"narrative": "half \ud83d of one"})
    document = json.loads(body_of(opened(site, body, "triage/1"), tip_id))
    equal(document["narrative"], "half \ufffd of one", "a half")


def test_a_form_says_what_is_wrong(site):
    """what the schema would refuse is told before anything is sealed, counted in bytes"""
    if site.no_form():
        return site.no_form()
    cases = [({"narrative": " \n"}, ["narrative"]), ({"narrative": "é" * 100000}, []),
             ({"narrative": "é" * 100001}, ["narrative"]),
             ({"where": "x" * 1001, "when": "é" * 501}, ["where", "when"]),
             ({"relation": "x" * 201}, ["relation"]), ({"contact": "details"}, ["contact_details"]),
             ({"contact": "details", "contact_details": "x" * 1016}, []),
             ({"contact": "details", "contact_details": "x" * 1017}, ["contact_details"]),
             ({"contact_details": "x" * 2000}, []),
             ({"people": [PERSON, {**PERSON, "number": "1" * 51, "rank": "x" * 101}]}, ["1 rank", "1 number"])]
    for report, want in cases:
        equal(site.ask(do="problems", report={**EMPTY, "narrative": "n", **report}), " ".join(["ok", *want]), f"{want}")
