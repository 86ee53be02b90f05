# SPDX-License-Identifier: Apache-2.0
"""What the gateway reads again on SIGHUP, without a restart: its list of adapters and its recipients."""
import os
import re
import shutil
import signal

from broker import wait_until
from cases_intake import MONEY
from expect import equal, holds

OLD = "submit.recipients_old"


class Edited:
    """A file of the running pipeline that is other as long as this lasts; the gateway is told of both changes."""

    def __init__(self, pipeline, path, change):
        self.pipeline, self.path, self.change = pipeline, path, change

    def write(self, text, event):
        log = self.pipeline.path("log", "gateway.log")
        before = os.path.getsize(log)
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)
        self.pipeline.daemons["gateway"].kill(signal.SIGHUP)

        def said():
            with open(log, encoding="utf-8") as f:
                f.seek(before)
                return next((line for line in f if f"event={event} " in line), None)
        return wait_until(said, 15, f"the gateway to log {event}")

    def __enter__(self):
        with open(self.path, encoding="utf-8") as f:
            self.whole = f.read()
        text, event = self.change(self.whole)
        holds(text != self.whole, f"{self.path} was changed")
        return self.write(text, event)

    def __exit__(self, *_):
        self.write(self.whole, "gateway.reloaded")


def kept_conf(pipeline):
    """An adapter that has its own copy of the recipients, whatever becomes of the gateway's."""
    kept = pipeline.path("recipients-kept.yaml")
    shutil.copy2(pipeline.path("keys", "recipients.yaml"), kept)
    keys = {**pipeline.adapter_conf("webform")["keys"], "recipients": kept}
    pipeline._write_yaml("kept", pipeline.adapter_conf("webform", keys=keys))
    return pipeline.conf_of("kept")


def told(pipeline, conf):
    """What an adapter with this configuration says while it submits a tip."""
    result = pipeline.run("tip-submit", "--config", conf, "--narrative", MONEY, timeout=90)
    equal(result.returncode, 0, result.stderr)
    return result.stderr


def test_reload_of_recipients(pipeline):
    """after SIGHUP the gateway announces what its recipients file has now: an adapter with the old ones is told"""
    theirs, conf = pipeline.path("keys", "recipients.yaml"), kept_conf(pipeline)
    starts = pipeline.daemons["gateway"].starts
    holds(OLD not in told(pipeline, conf), "the gateway names the key of the adapter")

    def other_triage(text):
        team = open(pipeline.path("keys", "teams", "assessment.recipient"), encoding="utf-8").read().split()[-1]
        return re.sub(r"(?m)^(triage: *)\S+", rf"\g<1>{team}", text), "gateway.reloaded"
    with Edited(pipeline, theirs, other_triage):
        holds(OLD in told(pipeline, conf), "the adapter is told that its recipients are old")
    holds(OLD not in told(pipeline, conf), "and no more when they are back")
    equal(pipeline.daemons["gateway"].starts, starts, "starts of the gateway")


def test_reload_of_a_wrong_file(pipeline):
    """a list or recipients that cannot be read are named in the log, and leave those in force that were"""
    conf = kept_conf(pipeline)
    for name, old, new in (("adapters.yaml", "channels:", "chanels:"), ("recipients.yaml", "triage:", "triaeg:")):
        path = pipeline.path("keys", name)
        with Edited(pipeline, path, lambda t, o=old, n=new: (t.replace(o, n, 1), "gateway.reload_failed")) as said:
            holds(name in said and "did you mean" in said, said)
            told(pipeline, conf)
