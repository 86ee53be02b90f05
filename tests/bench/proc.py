# SPDX-License-Identifier: Apache-2.0
"""What Linux says of a process: CPU time, resident memory; and of the machine and what is installed on it."""
import os
import platform
import re
import subprocess

TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
LIBRARIES = ["rdkafka", "libzmq", "libsodium", "jansson", "libhs", "sqlite3", "libcbor"]


def cpu_of(pid):
    """(user, system) microseconds of all threads since the process began. Linux counts both together exactly, and
    divides them by samples."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]) * TICK_US, int(fields[12]) * TICK_US


def rss_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


class CpuMeter:
    """CPU time of some processes between two moments."""

    def __init__(self, pids):
        self.pids = pids
        self.begun = {name: cpu_of(pid) for name, pid in pids.items()}

    def read(self):
        """name → (user, system) microseconds since the meter was made."""
        now = {name: cpu_of(pid) for name, pid in self.pids.items()}
        return {name: (now[name][0] - was[0], now[name][1] - was[1]) for name, was in self.begun.items()}


def processor():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        found = re.search(r"^model name\s*: (.*)$", f.read(), re.M)
    return found.group(1).strip() if found else platform.machine()


def output_of(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
                              timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def environment(top):
    """Where figures come from, without which they say nothing."""
    versions = {name: output_of("pkg-config", "--modversion", name) for name in LIBRARIES}
    changed = output_of("git", "-C", top, "status", "--porcelain", "--untracked-files=no")
    return {"figure": "environment", "commit": output_of("git", "-C", top, "rev-parse", "--short", "HEAD"),
            "changed": bool(changed), "cores": len(os.sched_getaffinity(0)), "processor": processor(),
            "kernel": platform.release(), "load_before": round(os.getloadavg()[0], 2), "versions": versions}
