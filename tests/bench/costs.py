# SPDX-License-Identifier: Apache-2.0
"""Which primitives one tip cannot do without, stage by stage: what the measured CPU time is held against.

A frame is verified twice, by the gateway before it promises anything and by classify, which trusts nobody who can write
to the broker. Work that is our own in any case, such as finding links or deciding by the policy, is in no primitive: a
ratio of 1 is out of reach.
"""


def needs(teams):
    """stage → primitive → how often for one tip. `teams`: to how many teams a tip goes, on average."""
    return {
        "adapter": {"json-parse": 1, "json-dump": 1, "seal-share": 2, "seal-recipient": 4, "seal-body": 2, "sign": 1,
                    "spool-row-1": 1, "transport": 1},
        "gateway": {"transport": 1, "verify": 1, "produce-frame": 1},
        "classify": {"consume-frame": 1, "verify": 1, "open": 1, "json-parse": 1, "scan": 1, "tokens": 1,
                     "bus-classified": 1, "produce-record": 1},
        "dedupe": {"consume-record": 1, "bus-classified": 1, "index-row-500": 1, "bus-linked": 1, "bus-index": 1,
                   "produce-record": 2},
        "route": {"consume-record": 1, "bus-linked": 1, "seal-share": 1, "seal-recipient": teams, "seal-case": 1,
                  "bus-routed": 1, "produce-record": 1 + teams},
        "sink": {"consume-record": 1, "bus-routed": 1, "store-row-500": 1},
    }


def sums(primitives, teams):
    """stage → microseconds of CPU that nothing can save."""
    return {stage: sum(primitives[name] * times for name, times in wants.items())
            for stage, wants in needs(teams).items()}
