# SPDX-License-Identifier: Apache-2.0
"""Assertions with a message; failures never depend on `python -O`."""


def holds(condition, message):
    if not condition:
        raise AssertionError(message)


def equal(got, want, message):
    if got != want:
        raise AssertionError(f"{message}: got {got!r}, wanted {want!r}")
