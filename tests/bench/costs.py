# SPDX-License-Identifier: Apache-2.0
"""Which primitives one tip cannot do without, stage by stage: what the measured CPU time is held against.

A frame is verified twice, by the gateway before it promises anything and by classify, which trusts nobody who can write
to the broker. Work that is our own in any case, such as finding links or deciding by the policy, is in no primitive: a
ratio of 1 is out of reach.

There are two sums, since requests, synced transactions and commits to the group cost as much for one tip as for many:
with batches as full as they get, and with the few tips that share one at a steady rate.
"""
FULL = 500


def _transfer(few):
    """name of the work → name of the primitive, by how many tips share a batch."""
    if not few:
        return {"transport": "transport-64", "publish": "produce-frame", "take-frame": "consume-frame",
                "take": "consume-record", "take-in-order": "consume-record", "send": "produce-record",
                "send-in-order": "produce-record", "index": "index-row-500", "store": "store-row-500"}
    return {"transport": "transport-1", "publish": "produce-frame-1", "take-frame": "consume-frame-few",
            "take": "consume-record-few", "take-in-order": "consume-order-few", "send": "produce-record-few",
            "send-in-order": "produce-order-few", "index": "index-row-few", "store": "store-row-few"}


def needs(teams, few):
    """stage → primitive → how often for one tip. `teams`: to how many teams a tip goes, on average; `few`: how many
    tips share a batch, 0 for a full one."""
    p, batch = _transfer(few), {"commit": 1 / (few or FULL)}
    return {
        "adapter": {"json-parse": 1, "json-dump": 1, "seal-share": 2, "seal-recipient": 4, "seal-body": 2, "sign": 1,
                    "spool-row-1": 1, p["transport"]: 1},
        "gateway": {p["transport"]: 1, "verify": 1, p["publish"]: 1},
        "classify": {p["take-frame"]: 1, "verify": 1, "open": 1, "json-parse": 1, "scan": 1, "tokens": 1,
                     "bus-classified": 1, p["send-in-order"]: 1, **batch},
        "dedupe": {p["take-in-order"]: 1, "bus-classified": 1, p["index"]: 1, "bus-linked": 1, "bus-index": 1,
                   **_added((p["send"], 1), (p["send-in-order"], 1)), **batch},
        "route": {p["take"]: 1, "bus-linked": 1, "seal-share": 1, "seal-recipient": teams, "seal-case": 1,
                  "bus-routed": 1, p["send"]: 1 + teams, **batch},
        "sink": {p["take"]: 1, "bus-routed": 1, p["store"]: 1, **batch},
    }


def _added(*pairs):
    total = {}
    for name, times in pairs:
        total[name] = total.get(name, 0) + times
    return total


def sums(primitives, teams, few=0):
    """stage → microseconds of CPU that nothing can save."""
    return {stage: sum(primitives[name] * times for name, times in wants.items())
            for stage, wants in needs(teams, few).items()}
