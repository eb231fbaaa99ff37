"""Reads what CTest left behind for each build and says, in one table, what was tested and what was not.

Usage: summarize_tests.py RESULTS --seconds N [--no-kvm] [--require-kvm] [--partial]

RESULTS holds PRESET.json (ctest --show-only=json-v1: names and labels) and PRESET.xml (ctest --output-junit: outcomes).
A test that was listed and has no outcome counts as failed. Ends with code 0 only if nothing failed and, unless the run
was partial, at least one kind of KVM was tested.
"""
import argparse
import collections
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

# In the order in which they are shown; any other label comes after them.
LABELS = ("unit", "unit-threads", "kvm", "guest", "hardware-kvm", "servers", "gdb", "install", "fuzz")


def label_of(test):
    for item in test.get("properties", ()):
        if item["name"] == "LABELS":
            return item["value"][0]
    return "unlabelled"


def read_labels(path):
    try:
        return {test["name"]: label_of(test) for test in json.loads(path.read_text())["tests"]}
    except (OSError, ValueError, KeyError) as error:
        return {f"(CTest could not list the tests: {error})": "unlabelled"}


def skip_reason(output):
    """GoogleTest prints "FILE:LINE: Skipped" and then the reason; our scripts print "skipped: REASON"."""
    match = re.search(r"skipped: (.+)", output) or re.search(r"Skipped\n(.+)", output)
    return match.group(1).strip() if match else "no reason given"


def read_outcomes(path):
    """Name -> (outcome, reason)."""
    outcomes = {}
    if not path.exists():
        return outcomes
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        output = case.findtext("system-out") or ""
        skipped = case.find("skipped")
        if case.get("status") == "run":
            outcome = ("passed", "")
        elif skipped is not None and skipped.get("message", "").startswith("SKIP_"):
            outcome = ("skipped", skip_reason(output))
        else:
            outcome = ("failed", "")
        outcomes[case.get("name")] = outcome
    return outcomes


def collect(folder):
    """(preset, label) -> {outcome: [(name, reason)]}."""
    table = collections.defaultdict(lambda: collections.defaultdict(list))
    for listing in sorted(folder.glob("*.json"), key=lambda path: ("release", "asan", "tsan").index(path.stem)):
        outcomes = read_outcomes(listing.with_suffix(".xml"))
        for name, label in read_labels(listing).items():
            outcome, reason = outcomes.get(name, ("failed", ""))
            table[listing.stem, label][outcome].append((name, reason))
    return table


def print_table(table):
    order = {label: place for place, label in enumerate(LABELS)}
    for (preset, label), row in sorted(table.items(), key=lambda item: order.get(item[0][1], 99)):
        counts = ", ".join(f"{len(row[outcome])} {outcome}" for outcome in ("passed", "failed", "skipped") if row[outcome])
        print(f"  {preset:8} {label:13} {counts}")


def print_skipped(table):
    reasons = collections.Counter(reason for row in table.values() for _, reason in row["skipped"])
    for reason, count in reasons.most_common():
        print(f"  skipped {count}: {reason}")


def print_failed(table):
    for (preset, _), row in table.items():
        for name, _ in row["failed"]:
            print(f"  FAILED {preset} {name}")


def verdict(arguments, table):
    """The sentences that make this run a failure; none when it is good."""
    def count(outcome, labels=None):
        return sum(len(row[outcome]) for (_, label), row in table.items() if labels is None or label in labels)

    complaints = []
    failed = count("failed")
    if failed:
        complaints.append(f"{failed} failed")
    if arguments.require_kvm and arguments.no_kvm:
        complaints.append("REQUIRE_KVM=1, and this machine has no /dev/kvm that may be opened")
    if arguments.require_kvm and count("skipped", ("kvm", "guest")):
        complaints.append("REQUIRE_KVM=1, and tests on /dev/kvm were skipped")
    if not arguments.partial and not count("passed", ("kvm", "guest", "hardware-kvm")):
        complaints.append("neither this machine's KVM nor the hardware-semantics KVM was tested")
    if not count("passed"):
        complaints.append("no test passed")
    return complaints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--no-kvm", action="store_true")
    parser.add_argument("--require-kvm", action="store_true")
    parser.add_argument("--partial", action="store_true")
    arguments = parser.parse_args()

    table = collect(arguments.results)
    print_table(table)
    print_skipped(table)
    print_failed(table)
    complaints = verdict(arguments, table)
    total = sum(len(tests) for row in table.values() for tests in row.values())
    passed = sum(len(row["passed"]) for row in table.values())
    took = f"{arguments.seconds // 60} min {arguments.seconds % 60} s"
    print(f"\n{passed} of {total} tests passed in {took}: {'; '.join(complaints) if complaints else 'good'}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
