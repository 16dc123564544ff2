"""./dev bench instructions: what the decision costs in instructions, as callgrind counts them.

instructions.py BUILD [--write]: compares with instructions.txt, or writes it again.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BUDGET = HERE / "instructions.txt"
SIGNALS = 100     # in instructions.cpp
TOLERANCE = 0.10  # compilers differ
CASES = [(kind, size) for kind in ("quiet", "firing") for size in ("1 1", "100 100", "100 1000", "512 1000")]


def count(program, kind, size):
    """Instructions for one signal."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=decide*", f"--callgrind-out-file={folder}/out",
             program, kind, *size.split()], capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"bench: {kind} {size}: {done.stderr}")
    return int(found[1]) // SIGNALS


def budgets():
    lines = [line.split("#")[0].split() for line in BUDGET.read_text().splitlines()]
    return {(words[0], f"{words[1]} {words[2]}"): int(words[3]) for words in lines if words}


def write(counts):
    lines = ["# Instructions for one signal, decide() alone: kind, families, rules, budget.",
             "# ./dev bench instructions --write makes it again; more than 10 % above fails."]
    lines += [f"{kind:<7} {size:<9} {number}" for (kind, size), number in counts.items()]
    BUDGET.write_text("\n".join(lines) + "\n")


def main():
    if not shutil.which("valgrind"):
        sys.exit("bench: valgrind is missing; apt install valgrind")
    program = pathlib.Path(sys.argv[1]) / "bin/scram_bench_instructions"
    counts = {case: count(program, *case) for case in CASES}
    if sys.argv[2:] == ["--write"]:
        write(counts)
    allowed, failed = budgets(), 0
    print(f"{'instructions for one signal':<30} {'count':>8} {'budget':>8}")
    for (kind, size), number in counts.items():
        budget = allowed.get((kind, size), 0)
        over = number > budget * (1 + TOLERANCE)
        failed += over
        families, rules = size.split()
        title = f"{kind}, {families} families, {rules} rules"
        print(f"{title:<30} {number:>8} {budget:>8}  {'OVER' if over else ''}")
    print(f"{len(counts) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
