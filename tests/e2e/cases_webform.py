# SPDX-License-Identifier: Apache-2.0
"""The public's web form as a daemon: what it answers, keeps and refuses. The page in a browser: cases_browser.py."""
import html
import json
import os
import re
import signal
import urllib.parse

from broker import free_port, wait_until
from cases_canary import NOT_ROOT, canary, fresh_folder, open_as, write_markers
from cases_intake import MONEY, parked, stored, tips_in_store
from expect import ADDRESS_SANITIZER, NOT_SANITIZED, equal, holds
from pipeline import pages_built
from webform_site import CONTACT_BYTES, webform

NOT_BUILT = "the web form's pages are not built: they need Node and npm's packages"
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; connect-src 'self'; "
       "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
PAGES = ["/", "/safety", "/report", "/received"]


def post_plain(site, **fields):
    return site.request("POST", "/report", urllib.parse.urlencode(fields), FORM_TYPE)


def newest(pipeline, before, text):
    """The tip with this text that was not in the store before; those of other tests may still be coming."""
    def find():
        return next((row for tip_id, row in tips_in_store(pipeline).items()
                     if tip_id not in before and text in case_text(pipeline, row)), None)
    return wait_until(find, 30, "the report to be stored")


def case_text(pipeline, row):
    """What the team reads, with all its identities: its key may have been rotated."""
    folder, mine = pipeline.path("keys", "teams"), re.compile(rf"{row['teams'][0]}(\.\d+)?\.identity")
    merged = pipeline.path("team.identities")
    with open(merged, "w", encoding="utf-8") as f:
        for name in filter(mine.fullmatch, os.listdir(folder)):
            with open(os.path.join(folder, name), encoding="utf-8") as key:
                f.write(key.read())
    return open_as(pipeline, merged, row["tip_id"], "--sealed")


def test_webform_pages(pipeline):
    """each page is served with the headers that keep a browser from telling, loading or keeping anything"""
    if not pages_built():
        return NOT_BUILT
    with webform(pipeline) as site:
        for path in [*PAGES, "/assets/site.css", "/assets/report.js"]:
            answer = site.request("GET", path)
            equal(answer.status, 200, path)
            holds("{{" not in answer.text or path.startswith("/assets"), f"{path} has an unfilled place")
            want = {"Content-Security-Policy": CSP, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
                    "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
                    "Integrity-Policy": "blocked-destinations=(script)"}
            equal({name: answer.headers[name] for name in want}, want, f"headers of {path}")
            holds("Set-Cookie" not in answer.headers, f"{path} sets a cookie")
            holds(site.request("HEAD", path).status == 200, f"HEAD {path}")
        for method, path, status in (("GET", "/no-such", 404), ("POST", "/", 405), ("GET", "/report/sealed", 405),
                                     ("DELETE", "/report", 405), ("GET", "/../webform.yaml", 404)):
            equal(site.request(method, path).status, status, f"{method} {path}")
        equal(site.request("GET", "/metrics").status, 404, "the operators' window on the public's address")
    return None


def test_webform_exposed(pipeline):
    """a form that others than the proxy beside it could reach, without TLS, is served, with a warning"""
    if not pages_built():
        return NOT_BUILT
    for host, want in (("127.0.0.1", False), ("0.0.0.0", True)):
        with webform(pipeline, form={"listen": f"{host}:{free_port()}"}) as site:
            equal(site.request("GET", "/").status, 200, "the first page")
            with open(site.log, encoding="utf-8") as f:
                equal("webform.exposed" in f.read(), want, f"a warning for {host}")
    return None


def test_webform_carries_the_list(pipeline):
    """the report page carries the site's signed list, byte for byte, and the root key that it is checked with"""
    if not pages_built():
        return NOT_BUILT
    with webform(pipeline) as site:
        page = site.request("GET", "/report").text
        with open(pipeline.path("keys", "recipients.json"), encoding="utf-8") as f:
            want = f.read()
        got = html.unescape(re.search(r'data-recipients="([^"]*)"', page).group(1))
        equal(got, want, "the list on the page")
        with open(pipeline.path("keys", "root.pub"), encoding="ascii") as f:
            equal(re.search(r'data-root="([0-9a-f]{64})"', page).group(1), f.read().strip(), "the root key on the page")
    return None


def test_webform_sealed(pipeline):
    """a report that the browser sealed is kept, goes the way of all tips, and a repeat of it is stored once"""
    if not pages_built():
        return NOT_BUILT
    with webform(pipeline) as site:
        [(tip_id, body)] = site.seals([MONEY])
        for _ in range(3):
            equal(site.post_sealed(body), (200, {"kept": True}), "the answer")
        row = stored(pipeline, tip_id)
        equal((row["outcome"], row["channel"]), ("investigate", "web"), "outcome and channel")
        holds(MONEY in case_text(pipeline, row), "the team opens what was written")
        pipeline.wait_drained()
        result = pipeline.tipctl_json("reconcile")
        equal((result["stored_twice"], result["lost"]), (0, 0), "reconcile")
        equal(site.status()["refused"], 0, "refused")
    return None


def bad_bodies(body):
    """What no page of ours sends: what it is, the bytes, the reason."""
    tip_id, contact, sealed = body[:16], body[16:16 + CONTACT_BYTES], body[16 + CONTACT_BYTES:]
    stanza = sealed[22:22 + 98]
    yield "nothing", b""
    yield "only an id", tip_id
    yield "no body", tip_id + contact
    yield "no age file", tip_id + contact + os.urandom(len(sealed))
    yield "an id of zeros", bytes(16) + contact + sealed
    yield "a byte more", body + b"\0"
    yield "a byte less", body[:-1]
    yield "five stanzas", tip_id + contact + sealed[:22] + stanza + sealed[22:]
    yield "three stanzas", tip_id + contact + sealed[:22] + sealed[22 + 98:] + bytes(98)
    yield "no contact file", tip_id + os.urandom(CONTACT_BYTES) + sealed
    yield "text", json.dumps({"narrative": MONEY}).encode()


def test_webform_bad_bodies(pipeline):
    """what is not two age files of the right shape is refused with a reason, nothing of it is kept, and all goes on"""
    if not pages_built():
        return NOT_BUILT
    with webform(pipeline) as site:
        [(tip_id, body)] = site.seals(["PC Bad Body of Ealing sells uniforms."])
        before = site.status()["in"]
        reasons = set()
        for what, bytes_sent in bad_bodies(body):
            status, answer = site.post_sealed(bytes_sent)
            equal((status, answer["kept"]), (400, False), what)
            holds(re.fullmatch(r"[a-z-]+", answer["reason"]), f"{what}: {answer}")
            reasons.add(answer["reason"])
        answer = site.request("POST", "/report/sealed", b"", {"Content-Length": str(3 << 20)})
        equal(answer.status, 413, "three megabytes")
        equal(site.status()["in"], before, "reports kept")
        equal(site.post_sealed(body), (200, {"kept": True}), "the good one after them")
        stored(pipeline, tip_id)
    return None


def test_webform_foreign_pages(pipeline):
    """a page of another site cannot make its visitors send reports, neither with a form nor with a script"""
    if not pages_built():
        return NOT_BUILT
    with webform(pipeline) as site:
        [(_, body)] = site.seals(["PC Foreign Page of Ealing sells uniforms."])
        fields = urllib.parse.urlencode({"narrative": MONEY, "contact": "none"})
        for place in ("cross-site", "same-site"):
            headers = {**FORM_TYPE, "Sec-Fetch-Site": place}
            equal(site.request("POST", "/report", fields, headers).status, 403, f"a plain form, {place}")
            headers["Content-Type"] = "application/octet-stream"
            equal(site.request("POST", "/report/sealed", body, headers).status, 403, f"a sealed report, {place}")
            equal(site.request("GET", "/report", headers={"Sec-Fetch-Site": place}).status, 200, f"a link, {place}")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            equal(site.request("POST", "/report/sealed", body, {"Content-Type": kind}).status, 415, kind)
        equal(site.status()["in"], 0, "reports kept")
        answer = site.request("POST", "/report", fields, {**FORM_TYPE, "Sec-Fetch-Site": "same-origin"})
        equal(answer.status, 303, "the form's own page")
    return None


def test_webform_inner_id(pipeline):
    """a seal of another tip's id passes the form, which cannot see it, and is parked"""
    if not pages_built():
        return NOT_BUILT
    with webform(pipeline) as site:
        [(_, body)] = site.seals(["PC Inner Id of Ealing sells uniforms."])
        other = os.urandom(16)
        equal(site.post_sealed(other + body[16:]), (200, {"kept": True}), "the answer")
        equal(parked(pipeline, other.hex())["reason"], "id-mismatch", "reason")
    return None


def test_webform_plain(pipeline):
    """without JavaScript a report is sealed by the daemon, with contact details that the custodian alone opens"""
    if not pages_built():
        return NOT_BUILT
    before = set(tips_in_store(pipeline))
    details = "Ring 07700 900123 on Sundays"
    with webform(pipeline) as site:
        answer = post_plain(site, narrative=MONEY + "\r\nHe does it on Fridays.", where="Tottenham", subject_rank="DC",
                            subject_name="Pettigrew", contact="details", contact_details=details)
        equal((answer.status, answer.headers["Location"]), (303, "/received"), f"the answer: {answer.text[:200]}")
        row = newest(pipeline, before, "He does it on Fridays.")
    text = case_text(pipeline, row)
    holds(MONEY + "\\nHe does it on Fridays." in text and "Pettigrew" in text, "the case has what was written")
    holds(details not in text, "the case has the contact details")
    contact = open_as(pipeline, pipeline.path("keys", "custodian.identity"), row["tip_id"], "--contact")
    holds(details in contact, "the custodian opens the contact details")
    return None


def test_webform_plain_problems(pipeline):
    """a plain form that cannot be taken comes back with what was written and what to mend"""
    if not pages_built():
        return NOT_BUILT
    cases = [({"narrative": "", "where": "Croydon & \"Sutton\""}, "Tell us what happened"),
             ({"narrative": "x", "contact": "details", "contact_details": ""}, "tell us how"),
             ({"narrative": "x", "contact": "none", "contact_details": "me@home.example"}, "chose to stay anonymous"),
             ({"narrative": "x" * 201000}, "Tell us what happened"),
             ({"narrative": "x", "subject_name": "y" * 300}, "about the person"),
             ({"narrative": "x", "relation": "</textarea><script>" + "z" * 300}, "how you know")]
    with webform(pipeline) as site:
        for fields, sentence in cases:
            answer = post_plain(site, **fields)
            equal(answer.status, 400, f"{sentence}")
            holds(sentence in html.unescape(answer.text), f"{sentence}: is not on the page")
            for value in fields.values():
                holds(html.escape(value).replace("&#x27;", "&#39;") in answer.text, f"{sentence}: {value[:40]} is lost")
            holds("<script>z" not in answer.text, "what was written becomes a part of the page")
        equal(site.status()["in"], 0, "reports kept")
    return None


def test_webform_without_a_list(pipeline):
    """with nobody to seal to the form is not shown, people are told to phone, and it comes back by itself"""
    if not pages_built():
        return NOT_BUILT
    keys = {k: v for k, v in pipeline.adapter_conf("webform")["keys"].items() if k != "recipients"}
    gateway = pipeline.daemons["gateway"]
    gateway.kill(signal.SIGSTOP)
    try:
        with webform(pipeline, adapter={"keys": keys}) as site:
            for answer in (site.request("GET", "/report"), post_plain(site, narrative=MONEY)):
                equal(answer.status, 503, "the form")
                holds("0800 000 0000" in answer.text and "<textarea" not in answer.text, "people are told to phone")
            equal(site.request("GET", "/-/ready", address=site.operators).status, 503, "ready")
            gateway.kill(signal.SIGCONT)
            wait_until(lambda: site.request("GET", "/report").status == 200, 60, "the form to come back")
            equal(site.request("GET", "/-/ready", address=site.operators).status, 200, "ready")
    finally:
        gateway.kill(signal.SIGCONT)
    return None


def test_webform_full_spool(pipeline):
    """what there is no room for is refused at once, sealed or plain, and not said to be kept"""
    if not pages_built():
        return NOT_BUILT
    gateway = pipeline.daemons["gateway"]
    gateway.kill(signal.SIGSTOP)
    try:
        full = {"path": pipeline.path("webform-full.spool"), "max_tips": 1}
        with webform(pipeline, adapter={"spool": full}) as site:
            (first, one), (_, two) = site.seals(["PC Full of Ealing sells boots.", "PC Spool of Ealing too."])
            equal(site.post_sealed(one), (200, {"kept": True}), "the first")
            equal(site.post_sealed(two), (503, {"kept": False, "reason": "unavailable"}), "the second")
            answer = post_plain(site, narrative=MONEY)
            equal(answer.status, 503, "a plain one")
            holds(MONEY in html.unescape(answer.text) and "0800 000 0000" in answer.text, "the text is not lost")
            answer = site.request("GET", "/report")
            equal(answer.status, 503, "the form for who has not begun")
            holds("<textarea" not in answer.text and "0800 000 0000" in answer.text, "people are told to phone")
            answer = site.request("GET", "/-/ready", address=site.operators)
            holds(answer.status == 503 and "the spool is full" in answer.text, f"ready: {answer.text}")
            now = site.status()
            equal((now["room"], now["turned_away"], now["unavailable"]), (0, 1, 2), "room, turned away, unavailable")
            gateway.kill(signal.SIGCONT)
            stored(pipeline, first)
            wait_until(lambda: site.request("GET", "/report").status == 200, 30, "the form to come back")
            equal(site.post_sealed(two), (200, {"kept": True}), "the second again")
            with open(site.log, encoding="utf-8") as f:
                events = [line.split("event=")[1].split()[0] for line in f if "event=webform." in line]
            equal(events[-2:], ["webform.unavailable", "webform.available"], "what the log says")
    finally:
        gateway.kill(signal.SIGCONT)
    return None


def test_webform_kept_means_kept(pipeline):
    """what was said to be kept survives SIGKILL of the form while no gateway answers"""
    if not pages_built():
        return NOT_BUILT
    gateway = pipeline.daemons["gateway"]
    gateway.kill(signal.SIGSTOP)
    try:
        with webform(pipeline) as site:
            sealed = site.seals([f"PC Kept{i} of Acton takes money from a scrap yard." for i in range(3)])
            for _, body in sealed:
                equal(site.post_sealed(body), (200, {"kept": True}), "the answer")
            site.daemon.kill(signal.SIGKILL)
            wait_until(lambda: site.daemon.starts > 1 and site.answers(), 30, "the form to be started again")
            gateway.kill(signal.SIGCONT)
            for tip_id, _ in sealed:
                stored(pipeline, tip_id)
    finally:
        gateway.kill(signal.SIGCONT)
    return None


def test_webform_leaves_no_trace(pipeline):
    """of a plain report, which comes in the clear, nothing is left on disk, in a log or in the daemon's memory"""
    if not pages_built():
        return NOT_BUILT
    if ADDRESS_SANITIZER:
        return NOT_SANITIZED
    if os.geteuid() != 0:
        return NOT_ROOT
    folder, before = fresh_folder(pipeline, "webform-canary"), set(tips_in_store(pipeline))
    markers = {name: f"Vu{os.urandom(9).hex()}" for name in ("narrative", "where", "subject_name", "contact_details")}
    planted = write_markers(folder, markers)
    with webform(pipeline, "--log-level", "debug") as site:
        for size in (1, 40, 1500, 6000):
            fields = {name: f"{marker} " * (size if name == "narrative" else 1) for name, marker in markers.items()}
            equal(post_plain(site, contact="details", **fields).status, 303, f"{size} words")
        fields["subject_name"] *= 40
        equal(post_plain(site, **fields).status, 400, "one that comes back")
        newest(pipeline, before, markers["narrative"])
        pipeline.wait_drained()
        wait_until(lambda: site.status()["waiting"] == 0, 30, "the spool to drain")
        report = canary(pipeline, planted, "--pid", str(site.daemon.process.pid), site.folder,
                        pipeline.path("log"), conf=None)
        equal(sorted({(h["place"], h["encoding"], h["marker"]) for h in report["hits"]}), [], "traces")
        memory = [row["bytes"] for row in report["places"] if row["kind"] == "memory"]
        holds(memory and memory[0] > 1 << 20, f"{memory} bytes of memory were searched")
        with open(site.log, encoding="utf-8") as f:
            log = f.read()
        holds("webform.listen" in log and "127.0.0.1" not in log.replace(site.address, "").replace(site.operators, ""),
              "the log names no browser")
    return None
