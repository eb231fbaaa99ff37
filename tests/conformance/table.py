#!/usr/bin/env python3
"""Usage: table.py [--write]

Every test here says in the lines above it which words of which document it is about:

    // vmo read | offset + size is beyond the end | OUT_OF_RANGE
    TEST(VmoRead, BeyondTheEndIsRefused) {

The first word is the seed (vmo, vmar, pager; `real` where only the real system's behaviour is known; `compat` for what
compat=zircon changes), the second the call, then condition and outcome. From these lines comes the table in README.md:
--write puts it there; without it the program checks that it is there, that every test has such a line, and that no
two tests have the same name.

Tests with a pager on the host (../host_pager) name the row of a program that is its own pager; a row may have several:

    // host pager op_range | ZX_PAGER_OP_FAIL while zx_vmo_read waits
    TEST_P(HostReadError, ReachesVmoRead) {
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"
START = re.compile(r"^// (?:vmo|vmar|pager|real|compat) [a-z_]+ \|")
ROW = re.compile(r"^// (\w+) (\w+) \| ([^|]+) \| ([^|]+)$")
HOST_ROW = re.compile(r"^// host (\w+) (\w+) \| ([^|]+)$")
HOST_START = re.compile(r"^// host ")
TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)")


def tests_of(path, start, row):
    """Pairs of a test's name (without the program's) and the groups of each of its rows."""
    comments = []
    for line in path.read_text().splitlines():
        if start.match(line):
            comments.append(line)
        elif line.startswith("// ") and comments:
            comments[-1] += line[2:]  # a row may take several lines
        elif test := TEST.match(line):
            matches = [row.match(comment) for comment in comments]
            yield f"{test[1]}.{test[2]}", [match.groups() for match in matches if match]
            comments = []
        else:
            comments = []


def collect_host_tests():
    """For each (seed, call, condition) the names of the tests with a pager on the host."""
    tests = {}
    for path in sorted(HERE.parent.glob("host_pager/*_test.cc")):
        for name, rows in tests_of(path, HOST_START, HOST_ROW):
            for row in rows:
                tests.setdefault(row, []).append(name)
    return tests


def collect(complaints):
    table, seen = [], set()
    host_tests = collect_host_tests()
    without_row = set(host_tests)
    for path in sorted(HERE.glob("*.cc")):
        for case, rows in tests_of(path, START, ROW):
            name = f"{path.stem}.{case}"
            if not rows:
                complaints.append(f"{name}: no line above it says what it is about")
            if name in seen:
                complaints.append(f"{name}: there are two of this name")
            seen.add(name)
            for row in rows:
                table.append((*row, name, host_tests.get(row[:3], [])))
                without_row.discard(row[:3])
    for row in sorted(without_row):
        complaints.append(f"{', '.join(host_tests[row])}: there is no row '{row[0]} {row[1]} | {row[2]}'")
    seeds = ["vmo", "vmar", "pager", "real", "compat"]
    return sorted(table, key=lambda row: (seeds.index(row[0]), row[1], row[4]))


def format_table(table):
    lines = ["| seed | call | condition | outcome | test | with a host pager |", "|---|---|---|---|---|---|"]
    for seed, call, condition, outcome, test, host_tests in table:
        host = ", ".join(f"`{name}`" for name in host_tests)
        lines.append(f"| {seed} | {call} | {condition} | {outcome} | `{test}` | {host} |")
    return "\n".join(lines) + "\n"


def main():
    complaints = []
    table = format_table(collect(complaints))
    readme = HERE / "README.md"
    text = readme.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"{readme}: the marks of the table are missing")
    head, rest = text.split(BEGIN)
    old, tail = rest.split(END)
    if "--write" in sys.argv[1:]:
        readme.write_text(head + BEGIN + table + END + tail)
    elif old != table:
        complaints.append(f"{readme}: the table is not that of the tests; tests/conformance/table.py --write puts it there")
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


main()
