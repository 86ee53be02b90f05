# SPDX-License-Identifier: Apache-2.0
"""The table of faults, and the plan that a seed draws from it."""
import random

import faults_broker
import faults_clock
import faults_disk
import faults_process
import faults_spool
from chaos_site import ADAPTERS, STAYERS

# kind: what carries it out, how many to 1,000 kills, how long one takes about, in seconds, and what it is done to
FAULTS = {
    "stop": (faults_process.stop, 40, 13, ["classify", "dedupe", "route", "sink", "gateway", "adapter"]),
    "rebalance": (faults_process.rebalance, 40, 6, ["classify", "route", "sink"]),
    "broker": (faults_broker.broker, 30, 20, ["one", "two", "all"]),
    "disk": (faults_disk.disk, 30, 9, ["spool", "data"]),
    "io": (faults_disk.io, 40, 7, ["sink", "dedupe", "adapter"]),
    "lock": (faults_disk.lock, 10, 15, ["store"]),
    "clock": (faults_clock.clock, 25, 8, ["adapter", "gateway", "classify", "dedupe", "route", "sink"]),
    "spool": (faults_spool.spool, 25, 6, ["torn", "flipped"]),
}
# Each of these at least so often, however few kills: every variant that differs in what it shows.
AT_LEAST = {"broker": 3, "disk": 2, "io": 3, "clock": 4, "spool": 2, "stop": 4, "rebalance": 2, "lock": 1}
KILLED = STAYERS + ADAPTERS


class Plan:
    """kills: names in order. strikes: (kind, target) in order. The same seed draws the same."""

    def __init__(self, seed, kills, kinds):
        dice = random.Random(seed)
        self.kills = []
        while len(self.kills) < kills:
            self.kills += dice.sample(KILLED, len(KILLED))
        del self.kills[kills if "kill" in kinds else 0:]
        self.strikes = []
        for kind, (_, weight, _, targets) in FAULTS.items():
            if kind not in kinds:
                continue
            n = max(AT_LEAST[kind], round(kills * weight / 1000))
            order = []
            while len(order) < n:
                order += dice.sample(targets, len(targets))
            self.strikes += [(kind, target) for target in order[:n]]
        dice.shuffle(self.strikes)
        # One of each kind first, so that a run that is short of time leaves out the second of a kind, not the first.
        seen = set()
        firsts = [s for s in self.strikes if s[0] not in seen and not seen.add(s[0])]
        for strike in firsts:
            self.strikes.remove(strike)
        self.strikes = firsts + self.strikes

    def seconds(self):
        return sum(FAULTS[kind][2] for kind, _ in self.strikes)
