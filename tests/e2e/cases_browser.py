# SPDX-License-Identifier: Apache-2.0
"""The public's web form in Chromium, against the daemon and the whole pipeline.

Fails when broken, each in producers/webform/page/script: report when form.js posts what was typed, or keeps something
(sessionStorage); fails_closed when list.js lets a list pass, or report.html has its form shown and with names; retries
when deliver (form.js) seals anew each time, or send.js takes any answer for a good one; leaves_quickly when form.js
does not listen to pagehide; without_javascript when the plain form loses a name; accessible when a label goes.
"""
import datetime
import html
import json
import os

from browser import browsing, no_browser, told_in_clear
from cases_intake import stored, tips_in_store
from cases_webform import case_text, newest
from cases_canary import open_as
from expect import equal, holds
from pipeline import PAGES

SMALL_PHONE = {"width": 320, "height": 640}


def marker(name):
    return f"{name}{os.urandom(6).hex()}"


def tip_of(pipeline, row):
    return json.loads(case_text(pipeline, row))["tip"]


def contact_of(pipeline, tip_id):
    return open_as(pipeline, pipeline.path("keys", "custodian.identity"), tip_id, "--contact")


def said_nothing(browser):
    seen = browser("seen")
    equal((seen["violations"], seen["console"]), ([], []), "violations of the policy, words in the console")


def left_nothing(browser):
    equal(browser("left"), {"stored": [0, 0, 0, 0], "cookies": 0}, "what stays on the device")


def test_browser_report(pipeline):
    """a report is sealed in the browser: nothing typed goes out in the clear, its team and the custodian read it"""
    if no_browser():
        return no_browser()
    name, place, number = marker("Quillfeather"), marker("Sallowmere"), marker("0770")
    narrative = f" PC {name} sells addresses – for cash, £50 each.\n\n“Every Friday” 🚓\tat {place}. "
    with browsing(pipeline) as (_, browser):
        browser.begin()
        browser("see", at="#report")
        browser("click", at="#add-person")
        browser("check", at="#contact-details")
        browser.fill(narrative=narrative, person__1__name=name, person__1__rank="PC", person__2__station=place,
                     where=place, when="every Friday", relation="colleague", contact_details=f"Ring {number}")
        left_nothing(browser)
        browser("evaluate", script='for (let n = 0; n < 2; n++) document.getElementById("send").click()')  # sent once
        browser("arrive", path="/received")
        left_nothing(browser)
        said_nothing(browser)
        equal(told_in_clear(browser, name, place, number, "addresses", "colleague"), [], "what went out in the clear")
        outside = [r["url"] for r in browser("seen")["requests"] if not r["url"].startswith(browser.origin)]
        equal(outside, [], "requests to others")
        [sent] = browser.posts()
        holds(b"age-encryption.org/v1" in sent, "what was sent is sealed")
        row = stored(pipeline, sent[:16].hex())
    equal(row["channel"], "web", "channel")
    tip = tip_of(pipeline, row)
    want = {"narrative": narrative, "where": place, "when": "every Friday", "relation": "colleague",
            "subjects": [{"name": name, "rank": "PC"}, {"station": place}]}
    equal({member: tip.get(member) for member in want}, want, "what the team reads")
    holds(number not in json.dumps(tip), "the team does not read the contact details")
    holds(f"Ring {number}" in contact_of(pipeline, row["tip_id"]), "the custodian reads the contact details")
    return None


def altered(browser, path, old, new, **rest):
    """A person whose answer of that path has another text in it."""
    browser("begin", **rest)
    browser("alter", path=path, **{"from": old, "to": new})
    browser("go", path="/report")


def list_on_page(pipeline):
    with open(pipeline.path("keys", "recipients.json"), encoding="utf-8") as f:
        return json.load(f)


def typed_by_force(browser, text):
    """Someone, or something in his browser, gets the form to be shown, fills it and sends it."""
    browser("evaluate", script="""(() => {
        const form = document.getElementById("report");
        for (let at = form; at; at = at.parentElement) at.hidden = false;
        document.getElementById("send").disabled = false; })()""")
    browser.fill(narrative=text, relation=text)
    browser("evaluate", script='document.getElementById("relation").focus()')
    browser("press", key="Enter")
    browser("click", at="#send")
    browser("evaluate", script='document.getElementById("report").submit()')
    browser("see", at="h1")


def test_browser_fails_closed(pipeline):
    """with a list that is not right today, or a script that is not the page's, nothing can be sent, and it is said"""
    if no_browser():
        return no_browser()
    days, text = datetime.timedelta, marker("Untold")
    signature, root = list_on_page(pipeline)["signature"], open(pipeline.path("keys", "root.pub"), encoding="ascii")
    with root:
        root = root.read().strip()
    now = datetime.datetime.now(datetime.timezone.utc)
    with browsing(pipeline) as (site, browser):
        for old, new, code in ((signature[:20], signature[1:20] + "A", "recipients-signature"),
                               (f'data-root="{root}"', f'data-root="{root[::-1]}"', "recipients-signature"),
                               ("recipients/v1", "recipients/v2", "recipients-format")):
            altered(browser, "/report", old, new)
            browser("see", at="#cannot")
            equal((browser("text", at="#cannot-reason"), browser("visible", at="#report")), (code, False), new)
            holds("0800 000 0000" in browser("text", at="#cannot"), "the page says to phone")
            typed_by_force(browser, text)
            equal((browser.posts(), told_in_clear(browser, text)), ([], []), f"sent with {code}")
        for day, code in ((now + days(200), "recipients-expired"), (now - days(200), "recipients-early")):
            browser("begin")
            browser("clock", time=day.isoformat())
            browser("go", path="/report")
            equal(browser("text", at="#cannot-reason"), code, f"on {day}")
        browser("begin")
        browser("visit", url=f"http://plain.test:{site.address.split(':')[1]}/report")
        equal((browser("text", at="#cannot-reason"), browser("visible", at="#report")), ("no-secure-context", False),
              "neither TLS nor loopback")
        # The page was good when it was opened, and stayed open.
        browser.begin()
        browser.fill(narrative=text)
        browser("clock", time=(now + days(200)).isoformat())
        browser("click", at="#send")
        holds("recipients-expired" in browser("text", at="#problems"), "a list that ended meanwhile")
        equal((browser.posts(), browser("value", at="#narrative")), ([], text), "sent, and what is left on the page")
        altered(browser, "/assets/report.js", "SPDX", "spdx")
        equal((browser("visible", at="#report"), browser("visible", at="#starting")), (False, True), "another script")
        typed_by_force(browser, text)
        equal((browser.posts(), told_in_clear(browser, text)), ([], []), "sent with another script")
        equal(site.status()["in"], 0, "reports kept")
    return None


def test_browser_retries(pipeline):
    """while the form's daemon is away the text stays; another try sends the same bytes, and one tip is stored"""
    if no_browser():
        return no_browser()
    text = marker("Retold")
    with browsing(pipeline) as (site, browser):
        browser.begin()
        browser.fill(narrative=text)
        site.stop()
        browser("click", at="#send")
        browser("see", at="#problems p")
        holds("not been sent" in browser("text", at="#problems"), browser("text", at="#problems"))
        equal((browser("value", at="#narrative"), browser("title")[:7]), (text, "Error: "), "what is left on the page")
        site.start()
        # The daemon keeps it, and its answer goes lost.
        browser("lose", path="/report/sealed")
        browser("click", at="#send")
        browser("see", at="#problems p")
        equal(browser("value", at="#narrative"), text, "what is left on the page")
        browser("click", at="#send")
        browser("arrive", path="/received")
        first, second, third = browser.posts()
        equal(first == second == third, True, "the same bytes each time")
        stored(pipeline, first[:16].hex())
        pipeline.wait_drained()
        result = pipeline.tipctl_json("reconcile")
        equal((result["stored_twice"], result["lost"]), (0, 0), "reconcile")
        equal(told_in_clear(browser, text), [], "what went out in the clear")
        # What was changed between two tries is another tip.
        browser.begin()
        browser.fill(narrative=text)
        browser("lose", path="/report/sealed")
        browser("click", at="#send")
        browser("see", at="#problems p")
        browser.fill(narrative=text + ", and more")
        browser("click", at="#send")
        browser("arrive", path="/received")
        one, other = browser.posts()
        holds(one[:16] != other[:16], "an id of its own")
    return None


def test_browser_problems(pipeline):
    """what is missing or too long is said on top, with the focus, in the title and at its field, and nothing is sent"""
    if no_browser():
        return no_browser()
    with browsing(pipeline) as (_, browser):
        browser.begin()
        for _ in range(2):
            browser("click", at="#add-person")
        browser("check", at="#contact-details")
        browser.fill(where="é" * 501, person__3__number="1" * 51)
        browser("click", at="#send")
        equal(browser("text", at="#problems ul").splitlines(),
              ["Enter what happened", "Number must be 50 characters or fewer",
               "Where it happened must be 1,000 characters or fewer",
               "Enter your contact details, or choose to stay anonymous"], "what is wrong")
        equal((browser("evaluate", script="document.activeElement.id"), browser("title")[:7]), ("problems", "Error: "),
              "the focus and the title")
        browser("click", at="#problems li:nth-child(2) a")
        equal(browser("evaluate", script="document.activeElement.id"), "person-3-number", "where a link leads")
        holds("You have 2 characters too many" in browser("text", at="main"), "the count")
        browser("click", at=".app-person:nth-child(2) button")
        equal((browser("count", at=".app-person"), browser("value", at="#person-2-number")), (2, "1" * 51), "people")
        browser.fill(narrative="x", where="Ealing", person__2__number="1", contact_details=" \t")
        browser("press", key="Enter")
        browser("click", at="#send")
        equal(browser("text", at="#problems ul"), "Enter your contact details, or choose to stay anonymous", "the rest")
        equal(browser("count", at=".govuk-error-message"), 1, "messages at fields")
        for _ in range(6):
            browser("click", at="#add-person")
        equal((browser("count", at=".app-person"), browser("visible", at="#add-person")), (8, False), "eight people")
        equal(browser.posts(), [], "sent")
        said_nothing(browser)
    return None


def test_browser_leaves_quickly(pipeline):
    """the button and three presses of Shift lead elsewhere at once; who goes back finds nothing that was typed"""
    if no_browser():
        return no_browser()
    text = marker("Unseen")
    elsewhere = f"http://{pipeline.http['gateway']}/-/healthy"
    with browsing(pipeline, exit=elsewhere) as (_, browser):
        for leave in (lambda: browser("click", at=".govuk-exit-this-page__button"),
                      lambda: [browser("press", key="Shift") for _ in range(3)]):
            browser.begin()
            browser("check", at="#contact-details")
            browser.fill(narrative=text, person__1__name=text, contact_details=text)
            leave()
            browser("at", url=elsewhere)
            browser("back")
            browser("see", at="#report")
            equal([browser("value", at=f"#{field}") for field in ("narrative", "person-1-name", "contact_details")],
                  ["", "", ""], "what Back finds")
            left_nothing(browser)
            equal(told_in_clear(browser, text), [], "what went out in the clear")
    return None


def test_browser_without_javascript(pipeline):
    """with JavaScript off the plain form says what it does not do, is taken, and keeps the text when it is not"""
    if no_browser():
        return no_browser()
    name, number, before = marker("Plainly"), marker("0770"), set(tips_in_store(pipeline))
    with browsing(pipeline) as (_, browser):
        browser.begin(js=False)
        equal((browser("visible", at="#report"), browser("visible", at="#starting")), (False, False), "the other form")
        holds("cannot seal your report on your device" in browser("text", at="main"), "it says so")
        browser.fill(plain__narrative="\n ", plain__name=name, plain__where='"Here" & <there>')
        browser("check", at="#plain-contact-details")
        browser.fill(plain__details=f"Ring {number}")
        browser("click", at="noscript [type=submit]")
        browser("see", at=".govuk-error-summary:visible")
        equal(browser("title")[:7], "Error: ", "the title")
        browser("click", at=".govuk-error-summary:visible a")
        equal(browser("evaluate", script="document.activeElement.id"), "plain-narrative", "where the link leads")
        equal([browser("value", at=f"#plain-{field}") for field in ("name", "where", "details")],
              [name, '"Here" & <there>', f"Ring {number}"], "what is left on the page")
        browser.fill(plain__narrative=f"{name} takes money.\nEvery week.")
        browser("click", at="noscript [type=submit]")
        browser("arrive", path="/received")
        row = newest(pipeline, before, name)
    tip = tip_of(pipeline, row)
    equal((tip["narrative"], tip["where"], tip["subjects"]),
          (f"{name} takes money.\nEvery week.", '"Here" & <there>', [{"name": name}]), "what the team reads")
    holds(f"Ring {number}" in contact_of(pipeline, row["tip_id"]), "the custodian reads the contact details")
    return None


def built(name):
    """A page as the daemon would show it, of those that it shows seldom."""
    with open(os.path.join(PAGES, f"{name}.html"), encoding="utf-8") as f:
        page = f.read()
    for place, text in (("organisation", "the Charity"), ("phone", "0800 000 0000"), ("exit", "https://example.org/")):
        page = page.replace("{{%s}}" % place, html.escape(text))
    return page


def states(browser, size):
    """Every page in each of its states, by name."""
    for path in ("/", "/safety", "/received", "/no-such-page"):
        browser.begin(path, **size)
        yield path
    browser("begin", **size)
    browser("replace", path="/safety", body=built("unavailable"))
    browser("go", path="/safety")
    yield "unavailable"
    browser.begin(**size)
    browser("see", at="#report")
    yield "the form"
    for _ in range(2):
        browser("click", at="#add-person")
    browser("check", at="#contact-details")
    browser.fill(person__3__number="1" * 51, where="x" * 900, when="w" * 1001)
    yield "people and counts"
    browser("click", at="#send")
    yield "problems"
    browser.fill(narrative="x" * 300, person__3__number="1", when="", contact_details="x")
    browser("refuse", path="/report/sealed", status=503)
    browser("click", at="#send")
    browser("see", at="#problems p")
    yield "not sent"
    browser("refuse", path="/report/sealed", status=400)
    browser("click", at="#send")
    browser("see", at="#problems p")
    yield "not taken"
    altered(browser, "/report", "recipients/v1", "recipients/v2", **size)
    browser("see", at="#cannot")
    yield "no list"
    altered(browser, "/assets/report.js", "SPDX", "spdx", **size)
    yield "no script"
    # With JavaScript off nothing looks at a page from inside: so its plain form, shown with it on.
    altered(browser, "/report", "noscript>", "div>", **size)
    browser("evaluate", script="""document.querySelectorAll(".govuk-error-summary").forEach((summary) => {
        summary.hidden = false;
        for (const link of summary.querySelectorAll("a")) link.textContent = "Tell us what happened"; })""")
    yield "the plain form"


def test_browser_accessible(pipeline):
    """axe finds nothing on any page in any state, and none is wider than a small phone or breaks its policy"""
    if no_browser():
        return no_browser()
    shots = pipeline.path("webform-shots")  # for who wants to look
    os.makedirs(shots, exist_ok=True)
    with browsing(pipeline) as (_, browser):
        for n, state in enumerate(states(browser, SMALL_PHONE)):
            browser("shot", to=os.path.join(shots, f"{n:02}.png"))
            equal(browser("axe"), [], f"axe on {state}")
            equal(browser("evaluate", script="document.documentElement.scrollWidth"), SMALL_PHONE["width"],
                  f"width of {state}")
            equal(browser("count", at="h1"), 1, f"headings of {state}")
            equal(browser("seen")["violations"], [], f"violations of the policy on {state}")
    return None
