# SPDX-License-Identifier: Apache-2.0
"""The other side of shim.h: the page by which a running daemon's calls are made to fail and its clock is moved."""
import mmap
import struct

CALLS = ("fsync", "write", "rename")
HITS_AT, CLOCK_AT, SIZE = 12, 16, 24


class Shim:
    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.write(bytes(SIZE))
        with open(path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), SIZE)

    def env(self, library, folder):
        # A sanitizer's library wants to be first; that it is second does not matter to it here.
        return {"LD_PRELOAD": library, "CHAOS_CONTROL": self.path, "CHAOS_UNDER": folder,
                "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def fail(self, call, error):
        struct.pack_into("i", self.page, 4 * CALLS.index(call), error)

    def hits(self):
        return struct.unpack_from("i", self.page, HITS_AT)[0]

    def move_clock(self, seconds):
        struct.pack_into("q", self.page, CLOCK_AT, seconds)

    def heal(self):
        for call in CALLS:
            self.fail(call, 0)
        self.move_clock(0)
