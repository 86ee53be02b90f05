# SPDX-License-Identifier: Apache-2.0
"""The harness's own count, tip by tip, beside that of tipctl reconcile: from what adapters kept and were told, the
spools' quarantines, the store and the parked records.
"""
import contextlib
import json
import sqlite3

from faults_spool import aside
from chaos_site import ADAPTERS

BAD_SIGNATURE = 100  # of TIP/1: how a damaged frame is refused


def lines(path):
    """What a killed process wrote last may lack its end."""
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.endswith("\n"):
                yield json.loads(line)


class Tally:
    def __init__(self, site):
        self.kinds, self.told, self.refused, self.aside = {}, set(), {}, {}
        for name in ADAPTERS:
            for tip in lines(site.path(f"{name}.kept")):
                if tip["kind"] != "retry":
                    self.kinds[tip["tip_id"]] = tip["kind"]
                else:
                    self.kinds.setdefault(tip["tip_id"], "plain")
            self.aside.update(aside(site.path("spool", f"{name}.spool")))
        for path in site.receipts():
            for r in lines(path):
                if r["result"] == "refused":
                    self.refused[r["tip_id"]] = (r["code"], r["reason"])
                else:
                    self.told.add(r["tip_id"])
        # Killed between putting it aside and telling: the quarantine says as much as the receipt would.
        self.refused.update({tip: why for tip, why in self.aside.items() if why[1] != "damaged"})
        self.parked = {}
        for p in site.tipctl_json("parked", "list"):
            self.parked.setdefault(p["tip_id"], []).append(p["reason"])
        with contextlib.closing(sqlite3.connect(f"file:{site.path('data', 'store.db')}?mode=ro", uri=True)) as db:
            rows = [tip.hex() for (tip,) in db.execute("SELECT tip_id FROM tips")]
        self.stored = set(rows)
        self.stored_twice = len(rows) - len(self.stored)
        self.spoiled = site.spoiled

    def verdicts(self):
        """tip id → what became of it, for every tip that was promised to anyone."""
        result = {}
        for tip in self.kinds.keys() | self.told | self.stored | self.parked.keys():
            if tip in self.stored:
                result[tip] = "stored"
            elif tip in self.parked:
                result[tip] = "parked"
            elif tip in self.told:
                result[tip] = "lost"
            elif tip in self.refused:
                result[tip] = "refused"
            else:
                result[tip] = "quarantined" if tip in self.spoiled and tip in self.aside else "lost"
        return result

    def without_reason(self):
        """Refusals and parked records that nothing in the plan explains."""
        for tip, reasons in self.parked.items():
            if set(reasons) != {"key-unknown"} or self.kinds.get(tip, "unknown-key") != "unknown-key":
                yield f"parked {tip} ({self.kinds.get(tip)}): {', '.join(reasons)}"
        for tip, (code, reason) in self.refused.items():
            if code != BAD_SIGNATURE or self.kinds.get(tip, "damaged") != "damaged":
                yield f"refused {tip} ({self.kinds.get(tip)}): {code} {reason}"
