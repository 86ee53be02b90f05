# SPDX-License-Identifier: Apache-2.0
"""Assertions with a message; failures never depend on `python -O`."""
import os

# The address sanitizer makes locking memory do nothing, keeps a process dumpable for its own report of leaks, and maps
# terabytes of shadow, so that no search of a process's memory comes to an end.
ADDRESS_SANITIZER = "address" in os.environ.get("SAN", "")
NOT_SANITIZED = "a build with the address sanitizer locks no memory, and its own cannot be searched"


def holds(condition, message):
    if not condition:
        raise AssertionError(message)


def equal(got, want, message):
    if got != want:
        raise AssertionError(f"{message}: got {got!r}, wanted {want!r}")
