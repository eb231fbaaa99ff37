#!/usr/bin/env python3
"""Usage: table.py [--write]

Every test here says in the lines above it which words of which document it is about:

    // vmo read | offset + size is beyond the end | OUT_OF_RANGE
    TEST(VmoRead, BeyondTheEndIsRefused) {

The first word is the seed (vmo, vmar, pager; `real` where only the real system's behaviour is known; `compat` for what
compat=zircon changes), the second the call, then condition and outcome. From these lines comes the table in README.md:
--write puts it there; without it the program checks that it is there, that every test has such a line, and that no
two tests have the same name.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"
START = re.compile(r"^// (?:vmo|vmar|pager|real|compat) [a-z_]+ \|")
ROW = re.compile(r"^// (\w+) (\w+) \| ([^|]+) \| ([^|]+)$")
TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)")


def tests_of(path):
    """Pairs of a test's name and its rows (seed, call, condition, outcome)."""
    comments = []
    for line in path.read_text().splitlines():
        if START.match(line):
            comments.append(line)
        elif line.startswith("// ") and comments:
            comments[-1] += line[2:]  # a row may take several lines
        elif test := TEST.match(line):
            matches = [ROW.match(comment) for comment in comments]
            yield f"{path.stem}.{test[1]}.{test[2]}", [match.groups() for match in matches if match]
            comments = []
        else:
            comments = []


def collect(complaints):
    table, seen = [], set()
    for path in sorted(HERE.glob("*.cc")):
        for name, rows in tests_of(path):
            if not rows:
                complaints.append(f"{name}: no line above it says what it is about")
            if name in seen:
                complaints.append(f"{name}: there are two of this name")
            seen.add(name)
            table += [(*row, name) for row in rows]
    seeds = ["vmo", "vmar", "pager", "real", "compat"]
    return sorted(table, key=lambda row: (seeds.index(row[0]), row[1], row[4]))


def format_table(table):
    lines = ["| seed | call | condition | outcome | test |", "|---|---|---|---|---|"]
    lines += [f"| {seed} | {call} | {condition} | {outcome} | `{test}` |" for seed, call, condition, outcome, test in table]
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
