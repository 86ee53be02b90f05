#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures classify: runs `tipline-classify --try` over written tips and compares with what a careful reader said.

Prints precision, recall and F1 for each category, for present risk and for sub-codes, on each half of
tests/data/tips.jsonl. The lexicon was developed on the first half (a), so the second (b) is the one that counts.
`--philly FILE` adds labelled complaints ({"id","text","labels","risk"} a line) for information; it is skipped, saying
so, when the file is absent. With `--check` the exit status tells whether half b reaches the bars below.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CATEGORIES = ["corruption", "abuse-of-position", "domestic-abuse", "discrimination", "out-of-scope"]
BARS = {"macro F1": 0.75, "risk recall": 0.85, "risk precision": 0.50}
THRESHOLD = 0.5


def classify(binary, tips):
    """The classification of each tip, by one run of the worker."""
    with tempfile.TemporaryDirectory() as folder:
        key = os.path.join(folder, "linkage.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write("00" * 32 + "\n")
        conf = os.path.join(folder, "classify.yaml")
        with open(conf, "w", encoding="utf-8") as f:
            json.dump({"keys": {"linkage": key}, "lexicon": os.path.join(TOP, "workers/classify/lexicon.yaml")}, f)
        lines = "".join(json.dumps(tip, ensure_ascii=False) + "\n" for tip in tips)
        result = subprocess.run([binary, "--config", conf, "--try", "--records"], input=lines.encode(),
                                stdout=subprocess.PIPE, check=True)
    records = [json.loads(line) for line in result.stdout.decode().splitlines()]
    if len(records) != len(tips):
        sys.exit(f"{len(tips)} tips gave {len(records)} records")
    return [record["classification"] for record in records]


def found(classification):
    """Names that were given, above the threshold: categories, sub-codes as category/sub, and risk."""
    names = {"risk"} if classification["risk"] >= THRESHOLD else set()
    for label in classification["labels"]:
        if label["score"] >= THRESHOLD:
            names.add(label["category"] + ("/" + label["subcode"] if label["subcode"] else ""))
    return names


def measure(pairs, name):
    hit = sum(name in want and name in got for want, got in pairs)
    wrong = sum(name not in want and name in got for want, got in pairs)
    missed = sum(name in want and name not in got for want, got in pairs)
    precision = hit / (hit + wrong) if hit + wrong else 0.0
    recall = hit / (hit + missed) if hit + missed else 0.0
    f1 = 2 * hit / (2 * hit + wrong + missed) if hit else 0.0
    return precision, recall, f1, hit + missed


def report(title, pairs, subs):
    print(f"\n{title}: {len(pairs)} texts\n{'':32} precision  recall    F1   count")
    figures = {}
    for name in CATEGORIES + ["risk"] + subs:
        precision, recall, f1, count = figures[name] = measure(pairs, name)
        print(f"  {name:30} {precision:9.2f} {recall:7.2f} {f1:6.3f} {count:6}")
    macro = sum(figures[c][2] for c in CATEGORIES) / len(CATEGORIES)
    print(f"  {'macro F1 of the categories':30} {macro:24.3f}")
    return {"macro F1": macro, "risk recall": figures["risk"][1], "risk precision": figures["risk"][0]}


def read_tips(sub_of):
    rows = []
    with open(os.path.join(TOP, "tests/data/tips.jsonl"), encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            tip = {k: v for k, v in row["tip"].items() if k != "contact_details"}
            gold = row["gold"]
            want = set(gold["labels"]) | ({"risk"} if gold["risk"] else set())
            want |= {f"{sub_of[s]}/{s}" for s in gold["sub"] if s in sub_of}
            rows.append((row["id"], tip, want, gold["refer_to"]))
    return rows


def philly(binary, path):
    if not os.path.exists(path):
        print(f"\nskipped: {path} is not there")
        return
    with open(path, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    tips = [{"channel": "partner", "contact": "none", "narrative": row["text"]} for row in rows]
    wants = [set(row["labels"]) | ({"risk"} if row["risk"] else set()) for row in rows]
    report("complaints about another force", list(zip(wants, map(found, classify(binary, tips)))), [])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=os.path.join(TOP, "build/gcc/bin"))
    parser.add_argument("--philly", metavar="FILE")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    binary = os.path.join(args.bin, "tipline-classify")
    sub_of = {sub: category for category, subs in {
        "corruption": "bribery disclosure association theft drugs evidence",
        "abuse-of-position": "sexual personal-benefit",
        "domestic-abuse": "physical coercive-control stalking child",
        "discrimination": "racism misogyny homophobia transphobia religion disablism",
    }.items() for sub in subs.split()}
    rows = read_tips(sub_of)
    given = classify(binary, [tip for _, tip, _, _ in rows])
    halves = {}
    for half, title in (("a", "half a (developed on)"), ("b", "half b (held out)")):
        pairs = [(want, found(c)) for (tip_id, _, want, _), c in zip(rows, given) if tip_id.startswith(half)]
        halves[half] = report(title, pairs, [f"{c}/{s}" for s, c in sub_of.items()])
        refers = [(to, c["refer_to"]) for (i, _, _, to), c in zip(rows, given) if i.startswith(half) and to]
        print(f"  refer to the right place       {sum(a == b for a, b in refers)} of {len(refers)}")
    if args.philly:
        philly(binary, args.philly)
    short = [name for name, bar in BARS.items() if halves["b"][name] < bar]
    if args.check and short:
        sys.exit("half b falls short in " + ", ".join(short))


if __name__ == "__main__":
    main()
