# SPDX-License-Identifier: Apache-2.0
"""Likely mistakes of who sets up the public's web form."""
import os
import socket

from mistakes_world import CONF, Mistake as M
from pipeline import PAGES, yaml_lines


def form(w, adapter="webform", **changes):
    """A configuration of the form whose adapter is a copy of one of the pipeline's, with a spool of its own."""
    path = changes.pop("adapter_path", None) or w.conf(adapter)
    conf = {"form": {"listen": "127.0.0.1:0", "pages": PAGES, "adapter": path, "organisation": "the Charity",
                     "phone": "0800 000 0000", **changes}}
    return w.write("tipline-webform.yaml", "\n".join(yaml_lines(conf)) + "\n")


FORM = "form:\n  pages: {}\n  organisation: x\n  adapter: {}\n"


def checked(**changes):
    return lambda w: [CONF, form(w, **changes), "--check"]


def pages(w, name, change):
    """The pages with one changed, or, without a change, gone."""
    os.mkdir(w.path("pages"))
    for file in os.listdir(PAGES):
        if os.path.isfile(os.path.join(PAGES, file)):
            w.copy(os.path.join(PAGES, file), os.path.join("pages", file))
    if change is None:
        os.unlink(w.path("pages", name))
    else:
        with open(w.path("pages", name), encoding="utf-8") as f:
            text = f.read()
        w.write(os.path.join("pages", name), change(text))
    return [CONF, form(w, pages=w.path("pages")), "--check"]


def taken_port(w):
    holder = socket.create_server(("127.0.0.1", 0))
    return [CONF, form(w, listen=f"127.0.0.1:{holder.getsockname()[1]}")], {"cleanup": holder.close}


ROWS = [
    M("pages that are not there", "tipline-webform",
      checked(pages="/no/such/pages"),
      78, ("form.pages", "/no/such/pages", "No such file")),
    M("a page that is missing", "tipline-webform",
      lambda w: pages(w, "safety.html", None),
      78, ("pages/safety.html", "No such file")),
    M("a misspelt place in a page", "tipline-webform",
      lambda w: pages(w, "start.html", lambda text: "\n" + text.replace("{{phone}}", "{{telephone}}")),
      78, ("pages/start.html:", "must name one of: organisation phone")),
    M("a report page without the list", "tipline-webform",
      lambda w: pages(w, "report.html", lambda text: text.replace("{{recipients}}", "")),
      78, ("pages/report.html: lacks {{recipients}}",)),
    M("a script for an exit", "tipline-webform",
      checked(exit="javascript:alert(1)"),
      78, ("form.exit must begin with https:// or http://",)),
    M("more threads than connections", "tipline-webform",
      lambda w: [CONF, form(w, connections=8, threads=16), "--check"],
      78, ("form.threads is 16", "form.connections, 8")),
    M("more threads than connections, unchecked", "tipline-webform",
      lambda w: [CONF, form(w, connections=8, threads=16)],
      78, ("form.threads is 16", "form.connections, 8")),
    M("a script that was edited", "tipline-webform",
      lambda w: pages(w, "report.js", lambda text: text + " "),
      78, ("has not the hash of", "pages/report.js", "integrity=\"sha512-")),
    M("an empty phone number", "tipline-webform",
      checked(phone=" "),
      78, ("form.phone is empty",)),
    M("another channel", "tipline-webform",
      lambda w: [CONF, form(w, adapter="callhandler"), "--check"],
      78, ("callhandler.yaml:", "adapter.channel must be web")),
    M("a spool in no folder", "tipline-webform",
      lambda w: [CONF, form(w, adapter_path=w.conf("webform", (w.path("webform.spool"), w.path("no", "x.spool")))),
                 "--check"],
      78, ("webform.yaml:", "spool.path: the folder", "No such file")),
    M("no phone number", "tipline-webform",
      lambda w: [CONF, w.write("form.yaml", FORM.format(PAGES, w.conf("webform"))),
                 "--check"],
      78, ("form.phone",)),
    M("the form itself for its adapter", "tipline-webform",
      lambda w: [CONF, form(w, adapter_path=w.path("tipline-webform.yaml")), "--check"],
      78, ("tipline-webform.yaml", "form")),
    M("an adapter's key of another kind", "tipline-webform",
      lambda w: [CONF, form(w, adapter_path=w.with_file("webform", w.key("root.pub"), w.key("gateway.curve.pub"))),
                 "--check"],
      78, ("webform.yaml:", "keys.root: ")),
    M("a port for the form that is in use", "tipline-webform",
      taken_port,
      71, ("Address already in use", "choose another port")),
]
