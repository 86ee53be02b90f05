# SPDX-License-Identifier: Apache-2.0
"""Brokers that go away: one, two, all."""
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

from broker import KafkaBroker, wait_until
from chaos_site import pass_time


def take_down(site, brokers, sig):
    def one(broker):
        broker.process.send_signal(sig)
        try:
            broker.process.wait(15)  # one that cannot reach a controller takes its time to leave in order
        except subprocess.TimeoutExpired:
            broker.process.kill()
            broker.process.wait()
    with ThreadPoolExecutor(len(brokers)) as pool:
        list(pool.map(one, brokers))


def broker(site, how_many):
    """Shows: with one down tips are answered on; with two or three intake holds and the spools grow; all comes back."""
    wait_until(site.isr_whole, 120, "all copies in step before the fault")
    site.await_more(site.told, "answers before the fault")
    brokers = site.dice.sample(site.broker.brokers, {"one": 1, "two": 2, "all": 3}[how_many])
    sig = site.dice.choice((signal.SIGKILL, signal.SIGTERM))
    with site.borrow("gateway"):
        take_down(site, brokers, sig)
        if how_many == "one":
            site.await_more(site.told, "answers with one broker down", more=30)
        else:
            site.await_still(site.told, f"intake to hold with {how_many} brokers down")
            kept, told = site.kept(), site.told()
            site.await_more(site.kept, "adapters to go on keeping tips", more=20)
            pass_time(site.dice.uniform(1, 6))
            if site.told() > told:
                raise AssertionError(f"{site.told() - told} answers with {how_many} brokers down")
        with ThreadPoolExecutor(len(brokers)) as pool:
            list(pool.map(KafkaBroker.start, brokers))
    site.await_more(site.told, "answers after the brokers came back", more=20)
    return f"{how_many} down by {sig.name}: {', '.join(str(b.node) for b in sorted(brokers, key=lambda b: b.node))}"
