# SPDX-License-Identifier: Apache-2.0
"""The signed list of recipients, as the public web form's page takes it (producers/webform/page/script/list.js).

Fails when broken: takes_the_list when the context of verify (list.js) is another; refuses_others when a check of
list.js is left out, or comes in another order.
"""
import base64
import datetime
import json

from site_of_keys import equal, holds

FORMAT, KEY, UNSIGNED, SIGNATURE = ("recipients-format", "recipients-key", "recipients-unsigned",
                                    "recipients-signature")
KEYS = ("triage", "recovery", "custodian")
LOW_ORDER = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"


def days(text):
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


def wrapped(inner, **changes):
    """The document of these signed bytes, without a signature that would be right."""
    signed = base64.b64encode(inner if isinstance(inner, bytes) else inner.encode()).decode()
    return json.dumps({"tipline": "recipients/v1", "signed": signed, "signature": "A" * 86 + "==", **changes})


def inner_lists(inner):
    """(what is another in it, the signed bytes, the code)"""
    members, plain = json.loads(inner), inner.decode()
    for name in members:
        without = {n: v for n, v in members.items() if n != name}
        yield f"no {name}", json.dumps(without), FORMAT
        yield f"{name} is null", json.dumps({**members, name: None}), KEY if name in KEYS else FORMAT
    for name in KEYS:
        key = members[name]
        for what, value in (("upper-case", key.upper()), ("of another sum", key[:-1] + "pq"[key[-1] != "q"]),
                            ("a number", 7), ("of low order", LOW_ORDER), ("with a space", key + " "),
                            ("an identity", "AGE-SECRET-KEY-1" + key[4:].upper()), ("empty", "")):
            yield f"{name} is {what}", json.dumps({**members, name: value}), KEY
    yield "one key in two places", json.dumps({**members, "triage": members["custodian"]}), KEY
    for what, value in (("0", 0), ("too large", 2 ** 32), ("negative", -1), ("text", "1"), ("a fraction", 1.5),
                        ("a list", [1]), ("true", True)):
        yield f"epoch is {what}", json.dumps({**members, "epoch": value}), FORMAT
    yield "epoch is 1.0", plain.replace('"epoch":1', '"epoch":1.0'), FORMAT
    yield "epoch is 1e0", plain.replace('"epoch":1', '"epoch":1e0'), FORMAT
    for what, value in (("no day", "2026-02-30"), ("in another form", "28 Nov 2026"), ("before 1970", "1969-12-31"),
                        ("with a time", "2026-11-28T00:00:00Z"), ("of five digits", "12026-11-28")):
        yield f"not_before is {what}", json.dumps({**members, "not_before": value}), FORMAT
    yield "the days swapped", json.dumps({**members, "not_before": members["not_after"],
                                          "not_after": members["not_before"]}), FORMAT
    yield "a member more", json.dumps({**members, "note": "x"}), FORMAT
    yield "a member called as an object's own", json.dumps({**members, "constructor": "x"}), FORMAT
    yield "epoch twice", plain.replace('{"epoch":1', '{"epoch":1,"epoch":1'), FORMAT
    yield "epoch twice, one spelled with an escape", plain.replace('{"epoch":1', '{"epoch":1,"\\u0065poch":1'), FORMAT
    yield "a byte order mark", "\ufeff" + plain, FORMAT
    yield "bytes that are not UTF-8", inner.replace(b'"triage"', b'"tri\xffge"'), FORMAT
    yield "half a character", plain.replace(members["triage"], "\\ud800"), FORMAT
    yield "text behind it", plain + "{}", FORMAT
    yield "nothing", "", FORMAT
    yield "more than 1024 bytes", plain + " " * 1024, FORMAT


def documents(text):
    """(what is another in it, the document, the code)"""
    document = json.loads(text)
    inner = base64.b64decode(document["signed"])
    for what, signed, code in inner_lists(inner):
        yield what, wrapped(signed), code
    later = inner.replace(b'"not_after":"20', b'"not_after":"21')
    yield "another last day", wrapped(later, signature=document["signature"]), SIGNATURE
    signature = bytearray(base64.b64decode(document["signature"]))
    signature[5] ^= 4
    yield "a bit of the signature", wrapped(inner, signature=base64.b64encode(signature).decode()), SIGNATURE
    yield "not signed", json.dumps({n: v for n, v in document.items() if n != "signature"}), UNSIGNED
    for name, value in (("tipline", "recipients/v2"), ("signature", None), ("signature", "AAAA"), ("signature", ""),
                        ("signed", 1), ("signed", document["signed"] + "="), ("signed", " " + document["signed"]),
                        ("signed", document["signed"].rstrip("=")), ("more", "x")):
        yield f"{name} is {str(value)[:14]}", json.dumps({**document, name: value}), FORMAT
    yield "left-over bits", wrapped(inner, signature=document["signature"][:85] + "h=="), FORMAT
    yield "not an object", "[1]", FORMAT
    yield "a word", "null", FORMAT
    yield "the version twice", text.replace("{", '{"tipline":"recipients/v1",', 1), FORMAT
    yield "more than 4096 bytes", text + " " * 4096, FORMAT


def said_by_tipctl(site, document, root):
    """The code by what tipctl says of it."""
    path = site.write("judged.json", document.encode(errors="surrogatepass"), 0o644)
    done = site.run([site.tipctl, "--json", "recipients", "check", path, "--root", root], check=False)
    if done.returncode == 78:
        return KEY if b"sign a list with other keys" in done.stderr else FORMAT
    return {"wrong": SIGNATURE, "missing": UNSIGNED, "right": None}[json.loads(done.stdout)["signature"]]


def list_of(site):
    text = site.read(site.path("site", "recipients.json")).decode()
    return text, site.read(site.path("site", "root.pub")).decode().strip()


def test_a_page_takes_the_list(site):
    """the page's script finds the site's list right on its days and a day around them, and nobody else's"""
    if site.no_form():
        return site.no_form()
    text, root = list_of(site)
    members = json.loads(base64.b64decode(json.loads(text)["signed"]))
    first, last = days(members["not_before"]), days(members["not_after"])
    for today, want in ((first, "ok"), (last, "ok"), (first - 1, "ok"), (last + 1, "ok"),
                        (first - 2, "refused: recipients-early"), (last + 2, "refused: recipients-expired")):
        equal(site.ask(do="list", list=text, root=root, today=today, to=site.path("taken")), want, f"on day {today}")
    taken = json.loads(site.read(site.path("taken")))
    equal({n: taken[n] for n in ("epoch", "triage", "recovery", "custodian")},
          {n: members[n] for n in ("epoch", "triage", "recovery", "custodian")}, "what it took")
    site.run([site.tipctl, "recipients", "root", site.folder])
    other = site.read(site.path("root.pub")).decode().strip()
    for what, wrong in (("another", other), ("half a", root[:32]), ("no", ""), ("a zero", "0" * 64)):
        equal(site.ask(do="list", list=text, root=wrong, today=last + 9, to=site.path("taken")),
              f"refused: {SIGNATURE}", f"{what} root key, on a wrong day")


def test_a_page_refuses_other_lists(site):
    """every other list is refused with the code that schema/recipients.h gives, as tipctl refuses it"""
    if site.no_form():
        return site.no_form()
    text, root = list_of(site)
    today = days(json.loads(base64.b64decode(json.loads(text)["signed"]))["not_before"])
    judged = 0
    for what, document, code in documents(text):
        holds(document != text, f"{what}: nothing is another")
        equal(said_by_tipctl(site, document, site.path("site", "root.pub")), code, f"{what}: tipctl")
        said = site.ask(do="list", list=document, root=root, today=today, to=site.path("taken"))
        equal(said, f"refused: {code}", what)
        judged += 1
    equal(said_by_tipctl(site, text, site.path("site", "root.pub")), None, "tipctl of the site's list")
    holds(judged > 60, f"{judged} lists")
