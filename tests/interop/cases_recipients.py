# SPDX-License-Identifier: Apache-2.0
"""The signed list of recipients, as the public web form's page takes it: with what a browser has.

Fails when the signature covers anything but what schema/recipients.h says (message_of in schema/recipients.c).
"""
import base64
import json

from site_of_keys import equal, holds


def altered(text):
    """The list with one thing in it another, each time."""
    document = json.loads(text)
    inner = base64.b64decode(document["signed"])
    later = inner.replace(b'"not_after":"20', b'"not_after":"21')
    yield "another last day", {**document, "signed": base64.b64encode(later).decode()}
    signature = bytearray(base64.b64decode(document["signature"]))
    signature[5] ^= 4
    yield "a bit of the signature", {**document, "signature": base64.b64encode(signature).decode()}
    yield "another version", {**document, "tipline": "recipients/v2"}


def test_a_page_takes_the_list(site):
    """WebCrypto finds the site's list right and each change of it wrong; what a page seals to it opens as it should"""
    if site.no_peer():
        return site.no_peer()
    root = site.read(site.path("site", "root.pub")).decode().strip()
    text = site.read(site.path("site", "recipients.json")).decode()
    ask = {"do": "list", "from": site.path("site", "recipients.json"), "root": root, "to": site.path("inner")}
    equal(site.ask(**ask), "ok", "the site's list")
    to = json.loads(site.read(site.path("inner")))
    for what, document in altered(text):
        site.write("altered.json", json.dumps(document).encode())
        holds(site.ask(**{**ask, "from": site.path("altered.json")}).startswith("failed"), f"{what} passes")
    site.run([site.tipctl, "recipients", "root", site.folder])
    other = site.read(site.path("root.pub")).decode().strip()
    holds(site.ask(**{**ask, "root": other}).startswith("failed"), "another root key passes")
    site.write("plain", b"a tip")
    for part, holders, nobody in ((("triage", "recovery"), ("triage/1", "recovery"), "custodian"),
                                  (("custodian", "recovery"), ("custodian", "recovery"), "triage/1")):
        site.peer(do="seal", recipients=[to[p] for p in part],
                  **{"from": site.path("plain"), "to": site.path("sealed")})
        sealed = site.read(site.path("sealed"))
        for holder in holders:
            equal(site.open(sealed, site.path("site", f"{holder}.identity")).stdout, b"a tip", f"opened by {holder}")
        equal(site.open(sealed, site.path("site", f"{nobody}.identity"), False).returncode, 65, f"opened by {nobody}")
    return None
