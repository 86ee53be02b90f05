# SPDX-License-Identifier: Apache-2.0
"""Files that the gateway reads again on SIGHUP and that are wrong; of good ones see cases_recipients."""
import os
import re
import shutil
import signal

from broker import wait_until
from cases_intake import MONEY, receipts_in, stored, submit
from cases_recipients import epoch_of, key, made, renew, said_by
from expect import equal, holds


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
        try:
            return self.write(text, event)
        except BaseException:
            self.__exit__()  # or every test after this one fails
            raise

    def __exit__(self, *_):
        self.write(self.whole, "gateway.reloaded")


def kept_conf(pipeline):
    """An adapter that has its own copy of the recipients, whatever becomes of the gateway's."""
    kept = pipeline.path("recipients-kept.json")
    shutil.copy2(pipeline.path("keys", "recipients.json"), kept)
    keys = {**pipeline.adapter_conf("webform")["keys"], "recipients": kept}
    pipeline._write_yaml("kept", pipeline.adapter_conf("webform", keys=keys))


def test_reload_of_a_wrong_file(pipeline):
    """a list or recipients that cannot be read are named in the log, and leave those in force that were"""
    kept_conf(pipeline)
    for name, old, new, words in (("adapters.yaml", "channels:", "chanels:", "did you mean channels?"),
                                  ("recipients.json", '"signed"', '"singed"', "a member that is not known"),
                                  ("recipients.json", '"signature"', '"x"', "tipctl recipients sign"),
                                  ("recipients.json", '"signed":"', '"signed":"A', "recipients.json")):
        path = pipeline.path("keys", name)
        with Edited(pipeline, path, lambda t, o=old, n=new: (t.replace(o, n, 1), "gateway.reload_failed")) as said:
            holds(name in said and words in said, said)
            submit(pipeline, "kept", "--narrative", MONEY)


def test_reload_of_an_older_list(pipeline):
    """a list from before the one in force, or another of its epoch, is not handed out: adapters would go away for it"""
    renew(pipeline)
    kept_conf(pipeline)
    now, path = epoch_of(pipeline), key(pipeline, "recipients.json")
    for epoch, words in ((now - 1, "give the gateways the newest list"), (now, "two lists of one epoch")):
        other = made(pipeline, key(pipeline, "root.key"), epoch, -1, 50)
        with Edited(pipeline, path, lambda _, o=other: (o, "gateway.reload_failed")) as said:
            holds(path in said and words in said, said)
            submit(pipeline, "kept", "--narrative", MONEY)


def test_reload_of_an_early_list(pipeline):
    """a list of a later first day waits: intake goes on with the one in force, which can be put back"""
    now, path = epoch_of(pipeline), key(pipeline, "recipients.json")
    early = made(pipeline, key(pipeline, "root.key"), now + 1, 3, 50)
    with Edited(pipeline, path, lambda _: (early, "gateway.recipients_kept")) as said:
        holds(path in said and "recipients-early" in said and "by itself" in said, said)
        submit(pipeline, "webform", "--narrative", MONEY)
        equal(pipeline.status("gateway")["keys"]["current"], False, "the file is not in force")
        holds("gateway: a file of keys or recipients as it is now is not in force" in pipeline.tipctl("status").stdout,
              "status says so")
    submit(pipeline, "webform", "--narrative", MONEY)
    wait_until(lambda: pipeline.status("gateway")["keys"]["current"], 15, "the gateway to have its list again")


def test_reload_beside_a_wrong_file(pipeline):
    """a slip in the list of adapters does not hold back a renewed list of recipients"""
    kept_conf(pipeline)
    with Edited(pipeline, key(pipeline, "adapters.yaml"),
                lambda t: (t.replace("channels:", "chanels:", 1), "gateway.reload_failed")):
        told = said_by(pipeline, "sign", key(pipeline, "recipients.json"), "--root", key(pipeline, "root.key"))
        taken = f"event=recipients.taken program=tip-submit epoch={told['epoch']} "
        wait_until(lambda: taken in submit(pipeline, "kept", "--log-level", "info", "--narrative", MONEY).stderr, 15,
                   "an adapter to be handed the renewed list")


def test_refused_and_mended(pipeline):
    """what the gateway refused because its own list was wrong waits, sealed, and goes out when that is mended"""
    def swapped(text):
        one, other = re.findall(r"sign: '([0-9a-f]{64})'", text)[:2]
        return re.sub(f"{one}|{other}", lambda m: other if m.group() == one else one, text), "gateway.reloaded"
    receipts = pipeline.path("mended.receipts")
    with Edited(pipeline, pipeline.path("keys", "adapters.yaml"), swapped):
        said = submit(pipeline, "webform", "--narrative", MONEY, check=False)
        equal(said.returncode, 65, said.stderr)
        holds("bad-frame" in said.stdout and "--resume --refused" in said.stderr, said.stdout + said.stderr)
    again = submit(pipeline, "webform", "--resume", "--refused", "--receipts", receipts)
    holds("1 accepted" in again.stderr, again.stderr)
    stored(pipeline, receipts_in(receipts)[-1]["tip_id"])
    nothing = submit(pipeline, "webform", "--resume", "--refused")
    holds("0 accepted" in nothing.stderr, nothing.stderr)
