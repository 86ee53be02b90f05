#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well dedupe links tips about one incident, measured on tests/data/tips.jsonl.

The tips go through `tipline-classify --try --records | tipline-dedupe --try --records` in the file's order. A pair is
right when both tips have the same gold incident. Thresholds are chosen on the first half of the file (strong: the
most recall at a precision of at least --precision; weak: the best F1) and reported on the second half, which was
written apart; the index holds both. Then the same figures at dedupe's own defaults, which were set with both halves in
sight: stricter than the chosen ones, whose precision fell on the second half. --json prints one object.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def write(folder, name, text):
    path = os.path.join(folder, name)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as f:
        f.write(text)
    return path


def run(program, conf, lines):
    done = subprocess.run([program, "--config", conf, "--try", "--records"], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{program}: exit {done.returncode}\n{done.stderr}")
    return done.stdout.splitlines()


def classified(args, folder, tips):
    """The tips as records, as classify makes them."""
    key = write(folder, "linkage.key", "5a" * 32 + "\n")
    adapters = write(folder, "adapters.yaml", "adapters: []\n")  # --try opens no frame, but the key must be set
    conf = write(folder, "classify.yaml", "kafka:\n  brokers: [127.0.0.1:9]\n"
                 f"keys:\n  linkage: {key}\n  adapters: {adapters}\n  triage: {folder}\n"
                 f"lexicon: {ROOT}/workers/classify/lexicon.yaml\n")
    bodies = []
    for tip in tips:
        body = {k: v for k, v in tip["tip"].items() if k != "contact_details"}
        bodies.append(json.dumps(body, ensure_ascii=False))
    return run(f"{args.bin}/tipline-classify", conf, bodies)


def linked(args, folder, records, thresholds):
    """(later, earlier, score, strong) of every link, by the tips' numbers in the file."""
    conf = write(folder, f"dedupe{len(thresholds)}.yaml", "kafka:\n  brokers: [127.0.0.1:9]\n" + thresholds)
    number = {json.loads(r)["tip_id"]: i for i, r in enumerate(records)}
    links = []
    for line in run(f"{args.bin}/tipline-dedupe", conf, records):
        record = json.loads(line)
        for link in record.get("links", []):
            links.append((number[record["tip_id"]], number[link["tip_id"]], link["score"], link["strong"]))
    return links


def same(tips, i, j):
    a, b = tips[i]["gold"]["incident"], tips[j]["gold"]["incident"]
    return a is not None and a == b


def figures(tips, links, positives, least):
    right = sum(same(tips, i, j) for i, j, s, _ in links if s >= least)
    said = sum(link[2] >= least for link in links)
    precision = right / said if said else 1.0
    recall = right / positives
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"threshold": least, "links": said, "precision": round(precision, 3), "recall": round(recall, 3),
            "f1": round(f1, 3)}


def half(tips, links, first, end):
    """Links of the tips from `first` to `end`, and how many pairs there are to find."""
    positives = sum(same(tips, i, j) for i in range(first, end) for j in range(i))
    return [link for link in links if first <= link[0] < end], positives


def reached(tips, links, first, end, least):
    """Of the tips with an earlier account of their incident: how many have a right link as their best."""
    best = {}
    for i, j, s, _ in sorted(links, key=lambda link: -link[2]):
        if s >= least:
            best.setdefault(i, j)
    have = [i for i in range(first, end) if any(same(tips, i, j) for j in range(i))]
    return round(sum(i in best and same(tips, i, best[i]) for i in have) / len(have), 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--tips", default=f"{ROOT}/tests/data/tips.jsonl")
    parser.add_argument("--precision", type=float, default=0.89, help="wanted of strong links, on the first half")
    parser.add_argument("--strong", type=float, help="report at this threshold instead of the chosen one")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", action="store_true", help="list wrong links above the threshold, by the tips' ids")
    args = parser.parse_args()
    with open(args.tips, encoding="utf-8") as f:
        tips = [json.loads(line) for line in f]
    with tempfile.TemporaryDirectory() as folder:
        records = classified(args, folder, tips)
        if len(records) != len(tips):
            sys.exit(f"classify gave {len(records)} records for {len(tips)} tips")
        links = linked(args, folder, records, "link:\n  weak: 0.02\n  strong: 0.99\n")
        shipped = linked(args, folder, records, "")
    middle = len(tips) // 2
    train, train_pairs = half(tips, links, 0, middle)
    test, test_pairs = half(tips, links, middle, len(tips))
    steps = [figures(tips, train, train_pairs, t / 100) for t in range(2, 100)]
    good = [s for s in steps if s["precision"] >= args.precision]
    strong = args.strong or max(good, key=lambda s: (s["recall"], s["threshold"]))["threshold"]
    weak = max(steps, key=lambda s: s["f1"])["threshold"]
    result = {"pairs": {"first": train_pairs, "second": test_pairs}, "strong": {}, "weak": {}}
    for name, least in (("strong", strong), ("weak", weak)):
        result[name] = {"first": figures(tips, train, train_pairs, least),
                        "second": figures(tips, test, test_pairs, least)}
    result["shipped"] = {}
    for name, some in (("strong", [link for link in shipped if link[3]]), ("any", shipped)):
        result["shipped"][name] = {
            "first": figures(tips, [link for link in some if link[0] < middle], train_pairs, 0),
            "second": figures(tips, [link for link in some if link[0] >= middle], test_pairs, 0)}
    result["best_is_right"] = {"first": reached(tips, links, 0, middle, weak),
                               "second": reached(tips, links, middle, len(tips), weak)}
    if args.json:
        print(json.dumps(result))
    else:
        for name in ("strong", "weak"):
            for part in ("first", "second"):
                print("chosen", name, part, json.dumps(result[name][part]), "of", result["pairs"][part], "pairs")
        for name in ("strong", "any"):
            for part in ("first", "second"):
                print("shipped", name, part, json.dumps(result["shipped"][name][part]))
        print("best link is right", json.dumps(result["best_is_right"]))
    if args.show:
        for i, j, s, _ in sorted(links, key=lambda link: -link[2]):
            if s >= strong and not same(tips, i, j):
                print(f"wrong {s:.3f} {tips[i]['id']} {tips[j]['id']}")


if __name__ == "__main__":
    main()
