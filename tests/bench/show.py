# SPDX-License-Identifier: Apache-2.0
"""The figures as tables for people, on standard error."""
import sys


def say(text=""):
    print(text, file=sys.stderr, flush=True)


def table(header, rows):
    """Columns as wide as they need to be; all but the first to the right."""
    cells = [[str(c) for c in row] for row in [header] + rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for number, row in enumerate(cells):
        say("  " + "  ".join(c.rjust(w) if i else c.ljust(w)
                             for i, (c, w) in enumerate(zip(row, widths))).rstrip())
        if number == 0:
            say("  " + "  ".join("-" * w for w in widths))


def of(lines, figure, **members):
    return [line for line in lines if line["figure"] == figure and
            all(line.get(k) == v for k, v in members.items())]


def stages(lines, kind):
    rows = []
    for line in of(lines, "stage", load=kind):
        rows.append([line["stage"], f"{line['cpu_us']:.0f}", f"{line['user_us']:.0f}", f"{line['system_us']:.0f}",
                     f"{line['primitives_us']:.0f}" if "primitives_us" in line else "-", line.get("ratio", "-"),
                     line.get("tips_per_batch", "-"),
                     f"{line['rss_bytes'] / 2**20:.0f}" if "rss_bytes" in line else "-"])
    whole = of(lines, "pipeline", load=kind)[0]
    rows.append(["five daemons", f"{whole['cpu_us']:.0f}", "", "", f"{whole['primitives_us']:.0f}", whole["ratio"], "",
                 ""])
    table(["stage", "CPU us", "user", "system", "primitives us", "ratio", "tips a batch", "RSS MiB"], rows)


def tables(lines):
    where, sizes = of(lines, "environment")[0], of(lines, "sizes")[0]
    flow, latency, idle = of(lines, "throughput")[0], of(lines, "latency")[0], of(lines, "idle")[0]
    say(f"\n{where['processor']}, {where['cores']} cores, commit {where['commit']}"
        f"{' with changes' if where['changed'] else ''}; load before: {where['load_before']}")
    say(f"\nPrimitives: the libraries alone, CPU us; a frame {sizes['frame']} bytes, a record {sizes['linked']}")
    table(["primitive", "us", "what"], [[p["name"], f"{p['cpu_us']:.1f}", p["what"]] for p in of(lines, "primitive")])
    say(f"\nAs fast as it goes: {flow['tips_per_second']} tips a second, all on this machine")
    stages(lines, "saturated")
    say(f"\n{latency['rate']} tips a second")
    stages(lines, "steady")
    say(f"\nmilliseconds from submitting, at {latency['rate']} tips a second")
    table(["until", "p50", "p95", "p99"],
          [[what] + [latency[f"{name}_{p}_ms"] for p in ("p50", "p95", "p99")]
           for what, name in (("the adapter's receipt", "receipt"), ("seen in the store", "store"))])
    say("\nIdle: CPU us a second: " + ", ".join(f"{k} {v}" for k, v in idle["cpu_us_per_second"].items()))
