# SPDX-License-Identifier: Apache-2.0
"""Loads: as many tips as the pipeline takes, and a steady trickle whose way is timed.

The exact time of a tip is written nowhere: what is known of it stays in this process, and leaves it as percentiles.
"""
import ctypes
import itertools
import json
import os
import re
import sqlite3
import threading
import time

from broker import TOP, wait_until
from pipeline import DAEMONS, REHEARSAL_ADAPTERS
from proc import CpuMeter

TIPS = os.path.join(TOP, "tests", "data", "tips.jsonl")
POLL_S = 0.002
STUCK_S = 120


class Store:
    """How far the sink's file has come."""

    def __init__(self, pipeline):
        self.path = pipeline.path("data", "store.db")
        self.db = None

    def _connect(self):
        if self.db is None:
            self.db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, isolation_level=None)
        return self.db

    def rows(self):
        return self._connect().execute("SELECT coalesce(max(row), 0) FROM tips").fetchone()[0]

    def since(self, row):
        """(row, tip id) of what came after `row`."""
        return self._connect().execute("SELECT row, tip_id FROM tips WHERE row > ?", (row,)).fetchall()

    def teams_per_tip(self):
        return self._connect().execute(
            "SELECT 1.0 * (SELECT count(*) FROM tip_teams) / (SELECT count(*) FROM tips)").fetchone()[0]


def wait_for_rows(store, rows, what):
    """Waits until the store has that many rows; gives up when nothing moves."""
    last, moved = store.rows(), time.monotonic()
    while last < rows:
        time.sleep(POLL_S)
        now = store.rows()
        if now != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > STUCK_S:
            raise TimeoutError(f"{what}: {last} of {rows} rows in the store, and no more for {STUCK_S} s")
    return time.monotonic()


def pids_of(pipeline, names=DAEMONS):
    pids = {name: pipeline.daemons[name].process.pid for name in names}
    pids["broker"] = pipeline.broker.process.pid
    return pids


def batches_of(pipeline):
    """stage → batches finished so far."""
    counts = {}
    for name in DAEMONS:
        found = re.search(r"^tipline_stage_batch_seconds_count\{[^}]*\} (\d+)", pipeline.get(name, "/metrics") or "",
                          re.M)
        counts[name] = int(found.group(1)) if found else 0
    return counts


def _put_by(pipeline, adapter):
    try:
        with open(pipeline.path(f"{adapter}.progress"), encoding="utf-8") as f:
            return json.load(f)["put"]
    except (OSError, ValueError):
        return 0


def fill_spools(pipeline, tips, seed):
    """With the gateway away: adapters make up and seal all the tips, and keep them."""
    adapters = []
    for i, (name, _) in enumerate(REHEARSAL_ADAPTERS):
        progress = pipeline.path(f"{name}.progress")
        if os.path.exists(progress):
            os.unlink(progress)
        share = tips // len(REHEARSAL_ADAPTERS) + (i < tips % len(REHEARSAL_ADAPTERS))
        adapters.append(pipeline.rehearse(name, share, seed + i, "--rate", "1000000", "--drain", "600"))
    names = [name for name, _ in REHEARSAL_ADAPTERS]
    wait_until(lambda: sum(_put_by(pipeline, n) for n in names) >= tips, 300, "the adapters to fill their spools")
    return adapters


def saturated_round(pipeline, store, tips, seed):
    """All tips wait in the adapters' spools; then the gateway starts. From the first it takes to the last stored."""
    pipeline.daemons["gateway"].stop()
    pipeline.daemons["gateway"].join_or_kill(15)
    adapters = fill_spools(pipeline, tips, seed)
    before, batches = store.rows(), batches_of(pipeline)
    batches["gateway"] = 0
    pipeline.start(["gateway"])
    meter = CpuMeter(pids_of(pipeline))
    sealing = {a.pid: cpu for a, cpu in zip(adapters, CpuMeter({a.pid: a.pid for a in adapters}).begun.values())}
    wait_until(lambda: pipeline.status("gateway")["in"] > 0, 60, "the first tip at the gateway")
    begun = time.monotonic()
    ended = wait_for_rows(store, before + tips, "saturated")
    spent, after = meter.read(), batches_of(pipeline)
    for adapter in adapters:
        adapter.communicate(timeout=60)
    spent["adapter"] = tuple(sum(cpu[i] for cpu in sealing.values()) for i in (0, 1))
    return {"tips": tips, "seconds": ended - begun, "cpu": spent,
            "batches": {name: after[name] - batches[name] for name in DAEMONS}}


class Receipt(ctypes.Structure):
    _fields_ = [("tip_id", ctypes.c_uint8 * 16), ("result", ctypes.c_int), ("code", ctypes.c_int),
                ("reason", ctypes.c_char_p), ("opaque", ctypes.c_void_p)]


ON_RECEIPT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Receipt))


class Adapter:
    """libtipline as an adapter would use it, with the moments of each tip in memory."""

    def __init__(self, library, conf):
        self.lib = ctypes.CDLL(library)
        self.lib.tipline_error.restype = ctypes.c_char_p
        self.handle = ctypes.c_void_p()
        self.put_at, self.kept_at = {}, {}
        if self.lib.tipline_open(ctypes.byref(self.handle), conf.encode()) != 0:
            raise RuntimeError(self.lib.tipline_error().decode())
        self.callback = ON_RECEIPT(self._on_receipt)
        self.lib.tipline_on_receipt(self.handle, self.callback, None)

    def _on_receipt(self, _, receipt):
        self.kept_at[bytes(receipt.contents.tip_id)] = time.monotonic()

    def put(self, document):
        tip_id = (ctypes.c_uint8 * 16)()
        text = json.dumps(document).encode()
        begun = time.monotonic()
        if self.lib.tipline_put(self.handle, text, ctypes.c_size_t(len(text)), tip_id, None) != 0:
            raise RuntimeError(self.lib.tipline_error().decode())
        self.put_at[bytes(tip_id)] = begun

    def close(self):
        self.lib.tipline_close(self.handle, 10000)


class Watcher(threading.Thread):
    """Notes when each tip is first seen in the store."""

    def __init__(self, pipeline):
        super().__init__(daemon=True)
        self.pipeline, self.seen_at, self.stopping = pipeline, {}, threading.Event()
        self.from_row = Store(pipeline).rows()

    def run(self):
        store, row = Store(self.pipeline), self.from_row
        while not self.stopping.is_set():
            for row, tip_id in store.since(row):
                self.seen_at[tip_id] = time.monotonic()
            time.sleep(POLL_S)


def documents():
    with open(TIPS, encoding="utf-8") as f:
        tips = [json.loads(line)["tip"] for line in f]
    for number, tip in enumerate(itertools.cycle(tips)):
        yield {**tip, "channel": "batch", "narrative": f"{tip['narrative']} {number}"}


def steady(pipeline, rate, seconds):
    """Tips at a steady rate through libtipline. Returns CPU spent, and the milliseconds to receipt and to the store."""
    library = os.path.join(os.path.dirname(pipeline.bin), "lib", "libtipline.so.0")
    adapter = Adapter(library, pipeline.conf_of(REHEARSAL_ADAPTERS[0][0]))
    watcher = Watcher(pipeline)
    watcher.start()
    meter, batches, tips = CpuMeter(pids_of(pipeline)), batches_of(pipeline), documents()
    begun = time.monotonic()
    for i in range(int(rate * seconds)):
        due = begun + i / rate
        time.sleep(max(0.0, due - time.monotonic()))
        adapter.put(next(tips))
    wait_until(lambda: len(watcher.seen_at) >= len(adapter.put_at), STUCK_S, "the last tip in the store")
    spent, after = meter.read(), batches_of(pipeline)
    watcher.stopping.set()
    watcher.join()
    adapter.close()
    return {"tips": len(adapter.put_at), "cpu": spent, "batches": {n: after[n] - batches[n] for n in DAEMONS},
            "kept_ms": [1e3 * (adapter.kept_at[t] - at) for t, at in adapter.put_at.items()],
            "stored_ms": [1e3 * (watcher.seen_at[t] - at) for t, at in adapter.put_at.items()]}


def idle(pipeline, seconds):
    """CPU that daemons and broker use while nothing comes."""
    meter = CpuMeter(pids_of(pipeline))
    time.sleep(seconds)
    return meter.read()
