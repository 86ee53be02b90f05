#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the whole chain decides, against what a careful reader would: a confusion table on tests/data/tips.jsonl.

The tips go through `tipline-classify | tipline-dedupe | tipline-route`, each with --try --records, with the lexicon
and the policy that ship. "assess" is no gold outcome: it means that a human decides first, which is never wrong, only
slow. The costly errors are gold investigate or safeguard that ends as record, and gold safeguard that nobody hurries
for. The lexicon was fitted to the first half of the file, so judge by the second; the policy's thresholds were set with
both in sight, since scores run too high on the half they were fitted to, so no half is unseen by it. --json prints one
object.
"""
import argparse
import json
import os
import sys
import tempfile

import evaluate_links

ROOT = evaluate_links.ROOT
TEAMS = ["assessment", "corruption", "abuse-of-position", "domestic-abuse", "discrimination", "safeguarding",
         "oversight"]
GOLD = ["investigate", "safeguard", "refer", "record"]
OUTCOMES = ["investigate", "safeguard", "refer", "record", "assess"]


def routed(args, folder, tips):
    """The routing of each tip, in the file's order."""
    records = evaluate_links.classified(args, folder, tips)
    if len(records) != len(tips):
        sys.exit(f"classify gave {len(records)} records for {len(tips)} tips")
    dedupe = evaluate_links.write(folder, "dedupe.yaml", "kafka:\n  brokers: [127.0.0.1:9]\n")
    teams = f"{ROOT}/tests/replay/route/teams"
    recipients = "".join(f"  {t}: {{ recipient: {teams}/{t}.recipient, register: none }}\n" for t in TEAMS)
    route = evaluate_links.write(folder, "route.yaml", "kafka:\n  brokers: [127.0.0.1:9]\n"
                                 f"policy: {args.policy}\nteams:\n{recipients}")
    linked = evaluate_links.run(f"{args.bin}/tipline-dedupe", dedupe, records)
    results = evaluate_links.run(f"{args.bin}/tipline-route", route, linked)
    by_id = {json.loads(line)["tip_id"]: json.loads(line) for line in results}
    return [by_id[json.loads(record)["tip_id"]] for record in records]


def table(tips, results, first, end):
    counts = {gold: {outcome: 0 for outcome in OUTCOMES} for gold in GOLD}
    teams_right = teams_all = helped = endangered = 0
    for tip, result in list(zip(tips, results))[first:end]:
        gold, routing = tip["gold"], result["routing"]
        counts[gold["outcome"]][routing["outcome"]] += 1
        if gold["outcome"] == "investigate" and routing["outcome"] in ("investigate", "safeguard"):
            teams_all += 1
            teams_right += any(label in routing["teams"] for label in gold["labels"])
        if gold["outcome"] == "safeguard":
            endangered += 1
            helped += "safeguarding" in routing["teams"] or routing["priority"] == "immediate"
    right = sum(counts[g][g] for g in GOLD)
    human = sum(counts[g]["assess"] for g in GOLD)
    total = sum(sum(row.values()) for row in counts.values())
    said = sum(counts[g]["safeguard"] for g in GOLD)
    return {"counts": counts, "total": total, "right": right, "to_a_human": human,
            "buried": counts["investigate"]["record"] + counts["safeguard"]["record"],
            "sent_away": counts["investigate"]["refer"] + counts["safeguard"]["refer"],
            "safeguard_recall": round(helped / endangered, 3) if endangered else None,
            "safeguard_precision": round(counts["safeguard"]["safeguard"] / said, 3) if said else None,
            "right_team": round(teams_right / teams_all, 3) if teams_all else None}


def show(name, result):
    print(f"{name}: {result['total']} tips, {result['right']} as the reader, {result['to_a_human']} to a human first")
    print("  gold \\ outcome" + "".join(f"{o:>13}" for o in OUTCOMES))
    for gold in GOLD:
        print(f"  {gold:<14}" + "".join(f"{result['counts'][gold][o]:>13}" for o in OUTCOMES))
    figures = ["buried", "sent_away", "safeguard_recall", "safeguard_precision", "right_team"]
    print("  " + ", ".join(f"{name} {result[name]}" for name in figures))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--tips", default=f"{ROOT}/tests/data/tips.jsonl")
    parser.add_argument("--policy", default=f"{ROOT}/workers/route/policy.yaml", type=os.path.abspath)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", action="store_true", help="list each tip whose outcome is another, by id")
    args = parser.parse_args()
    with open(args.tips, encoding="utf-8") as f:
        tips = [json.loads(line) for line in f]
    with tempfile.TemporaryDirectory() as folder:
        results = routed(args, folder, tips)
    middle = len(tips) // 2
    halves = {"first half": table(tips, results, 0, middle), "second half": table(tips, results, middle, len(tips))}
    if args.json:
        print(json.dumps(halves))
    else:
        for name, result in halves.items():
            show(name, result)
    if args.show:
        for tip, result in zip(tips, results):
            if tip["gold"]["outcome"] != result["routing"]["outcome"]:
                routing = result["routing"]
                print(tip["id"], tip["gold"]["outcome"], "->", routing["outcome"], routing["rule"])
    return 1 if any(h["buried"] for h in halves.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
