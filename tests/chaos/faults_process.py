# SPDX-License-Identifier: Apache-2.0
"""Processes that are killed, stopped and continued, and members that come and go."""
import contextlib
import signal

from broker import wait_until
from chaos_site import ADAPTERS, PARTITIONS, pass_time, program_of

PARTNERS = {"classify": "classify-2", "classify-2": "classify", "dedupe": "dedupe-2", "dedupe-2": "dedupe"}


def active_dedupe(site):
    return wait_until(lambda: next((n for n in ("dedupe", "dedupe-2") if site.partitions(n)), None), 60,
                      "a dedupe to have the partition")


@contextlib.contextmanager
def partner(site, name):
    """Another member of the group that can take over: the twin that is there anyway, or a guest."""
    if name in PARTNERS:
        site.await_ready(PARTNERS[name])
        yield PARTNERS[name]
    else:
        with site.guest(f"{name}-guest"):
            yield f"{name}-guest"


def stop_worker(site, name):
    """Shows: another takes all partitions over; the zombie wakes, is told, and works on; no doubles in the count."""
    with partner(site, name) as other, site.borrow(*{name, other} - {f"{name}-guest"}):
        site.await_ready(name)
        site.kill(name, signal.SIGSTOP)
        pid = site.daemons[name].process.pid
        try:
            wait_until(lambda: site.partitions(other) == PARTITIONS[program_of(name)], 60,
                       f"{other} to take over from the stopped {name}")
            pass_time(site.dice.uniform(0.5, 2))
        finally:
            site.kill(name, signal.SIGCONT)
        site.await_ready(name)
        return f"{name} (pid {pid}) for longer than its session; {other} took over"


def stop_edge(site, name):
    """Gateway or adapter. Shows: nothing is told meanwhile that is not so, and it goes on afterwards."""
    with site.borrow(name):
        site.await_ready(name)
        site.kill(name, signal.SIGSTOP)
        pass_time(site.dice.uniform(4, 9))
        site.kill(name, signal.SIGCONT)
        site.await_ready(name)
        site.await_more(site.told, f"answers after {name} was continued")
        return f"{name}"


def stop(site, target):
    if target == "dedupe":
        return stop_worker(site, active_dedupe(site))
    if target == "adapter":
        return stop_edge(site, site.dice.choice(ADAPTERS))
    return (stop_edge if target == "gateway" else stop_worker)(site, target)


def rebalance(site, program):
    """Shows: a new member gets partitions while batches are under way, and gives them back."""
    guest = f"{program}-guest"
    with site.guest(guest):
        wait_until(lambda: site.partitions(guest) > 0, 60, f"{guest} to be given partitions")
        wait_until(lambda: (site.status(guest) or {"in": 0})["in"] > 0, 60, f"{guest} to finish a batch")
    members = [program] + [n for n in (f"{program}-2",) if n in site.daemons]
    wait_until(lambda: sum(site.partitions(n) for n in members) == PARTITIONS[program], 60,
               f"{program} to have all partitions again")
    return f"{guest} joined and left"
