# SPDX-License-Identifier: Apache-2.0
"""The figures as tables for people, on standard error."""
import sys


def say(text=""):
    print(text, file=sys.stderr, flush=True)


def table(header, rows, left=0):
    """Columns as wide as they need to be; all but the first, and the one numbered `left`, to the right."""
    cells = [[str(c) for c in row] for row in [header] + rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for number, row in enumerate(cells):
        say("  " + "  ".join(c.ljust(w) if i in (0, left) else c.rjust(w)
                             for i, (c, w) in enumerate(zip(row, widths))).rstrip())
        if number == 0:
            say("  " + "  ".join("-" * w for w in widths))


def of(lines, figure, **members):
    return [line for line in lines if line["figure"] == figure and
            all(line.get(k) == v for k, v in members.items())]


STAGE_COLUMNS = [("stage", "stage", str), ("CPU us", "cpu_us", "{:.0f}".format),
                 ("user", "user_us", "{:.0f}".format), ("sys", "system_us", "{:.0f}".format),
                 ("full", "primitives_us", "{:.0f}".format),
                 ("ratio", "ratio", str), ("few", "primitives_at_batch_us", "{:.0f}".format),
                 ("ratio", "ratio_at_batch", str), ("a batch", "tips_per_batch", str),
                 ("RSS MiB", "rss_bytes", lambda n: f"{n / 2**20:.0f}")]


def stages(lines, kind):
    """A row a stage, with the columns that some stage has."""
    rows = of(lines, "stage", load=kind) + of(lines, "pipeline", load=kind)
    columns = [c for c in STAGE_COLUMNS if any(c[1] in row for row in rows)]
    table([title for title, _, _ in columns],
          [[shown(row[key]) if key in row else "-" for _, key, shown in columns] for row in rows])


def tables(lines):
    where, sizes = of(lines, "environment")[0], of(lines, "sizes")[0]
    flow, latency, idle = of(lines, "throughput")[0], of(lines, "latency")[0], of(lines, "idle")[0]
    say(f"\n{where['processor']}, {where['cores']} cores\ncommit {where['commit']}"
        f"{' with changes' if where['changed'] else ''}; load before: {where['load_before']}")
    say("\nPrimitives: the libraries alone, CPU us, medians of runs before and after.\n"
        f"A frame has {sizes['frame']} bytes, a record {sizes['linked']}; few are {sizes['few']}")
    table(["primitive", "us", ""],
          [[p["name"], f"{p['cpu_us']:.1f}", p["what"]] for p in of(lines, "primitive")], left=2)
    say(f"\nAs fast as it goes: {flow['tips_per_second']} tips a second, all on this machine")
    stages(lines, "saturated")
    say(f"\n{latency['rate']} tips a second\n"
        f"full and few: the sums of primitives with batches of 500 and of {sizes['few']}")
    stages(lines, "steady")
    say(f"\nmilliseconds from submitting, at {latency['rate']} tips a second")
    table(["until", "p50", "p95", "p99"],
          [[what] + [latency[f"{name}_{p}_ms"] for p in ("p50", "p95", "p99")]
           for what, name in (("the adapter's receipt", "receipt"), ("seen in the store", "store"))])
    say("\nIdle: CPU us a second: " + ", ".join(f"{k} {v}" for k, v in idle["cpu_us_per_second"].items()))
