# SPDX-License-Identifier: Apache-2.0
"""Clocks that are wrong by a day or ten years, in one process at a time."""
import re

from broker import wait_until
from chaos_site import ADAPTERS, pass_time

DAY = 86400
SHIFTS = {"+10 years": 3652 * DAY, "-10 years": -3652 * DAY, "-1 day": -DAY}
# From the moment its clock is wrong. A gateway or worker dates its records with it; what Kafka would delete too early,
# or keep too long, it refuses (schema/topics.c): then the process must say so and keep what it has.
REFUSED = r"INVALID_TIMESTAMP"


def skewed(site):
    """How many tips the gateway flagged for their day."""
    body = site.get("gateway", "/metrics") or ""
    return sum(float(v) for v in re.findall(r'^\S*skewed\S*(?:\{[^}]*\})? ([\d.e+]+)$', body, re.M)) + \
        sum(float(v) for v in re.findall(r'^\S+\{[^}]*"skewed"[^}]*\} ([\d.e+]+)$', body, re.M))


def clock(site, program):
    """Shows: tips of an adapter whose clock is off are accepted and flagged; a worker loses nothing and goes on."""
    name = site.dice.choice(ADAPTERS) if program == "adapter" else program
    shift = site.dice.choice(list(SHIFTS))
    with site.borrow(*{name, "gateway"}):
        for each in {name, "gateway"}:
            site.await_ready(each)
        flagged, mark = skewed(site), site.log_mark(name)
        site.shims[name].move_clock(SHIFTS[shift])
        try:
            site.kill(name)
            if program == "adapter":
                site.await_more(lambda: site.kept(name), f"{name} to keep tips")
                site.await_more(site.told, f"answers while {name}'s clock is off")
                if "years" in shift:
                    wait_until(lambda: skewed(site) > flagged, 30, "the gateway to flag days that are off")
            elif "years" in shift and program != "sink":
                wait_until(lambda: site.logged_since(mark, REFUSED), 60, f"{name} to say that its records are refused")
            pass_time(site.dice.uniform(1, 3))
        finally:
            site.shims[name].move_clock(0)
        if site.dice.random() < 0.5:
            site.kill(name)
        site.await_ready(name)
    site.await_more(site.told, "answers after the clock is right")
    site.await_more(site.stored, "tips in the store after the clock is right")
    return f"{name} {shift}"
