#!/usr/bin/env python3
"""Builds each mutant and runs the simulation on it until a promise breaks.

usage: run.py BUILD_DIRECTORY [--seeds N] [--jobs J] [NAME...]

BUILD_DIRECTORY is a build of this tree with scram_sim in it. Exit 1 if a mutant survives."""

import argparse
import concurrent.futures
import json
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

from list import MUTANTS

ROOT = pathlib.Path(__file__).resolve().parents[3]


def compile_commands(build):
    """Of each source file: the compiler and its flags, without what names the file or the output."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        out = words.index("-o")
        del words[out:out + 2]
        words = [word for word in words if word not in ("-c", entry["file"])]
        commands[pathlib.Path(entry["file"]).resolve()] = words
    return commands


def mutated(mutant):
    text = (ROOT / "core" / mutant.file).read_text()
    for old, new in mutant.changes:
        if text.count(old) != 1:
            raise SystemExit(f"{mutant.name}: its text stands {text.count(old)} times in "
                             f"core/{mutant.file}, not once:\n{old}")
        text = text.replace(old, new)
    return text


def mutate(mutant, folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "core", folder / "core")
    (folder / "core" / mutant.file).write_text(mutated(mutant))


def sources_to_compile(mutant):
    """A header is in every file of core that includes it, and what the simulation sees stays."""
    if mutant.file.endswith(".cpp"):
        return [mutant.file]
    core = ROOT / "core"
    return [str(path.relative_to(core)) for path in sorted(core.rglob("*.cpp")) if path.parent.name != "okx"]


def build(mutant, folder, build_folder, commands):
    objects = []
    for name in sources_to_compile(mutant):
        words = commands[ROOT / "core" / name]
        target = folder / (name.replace("/", "_") + ".o")
        # The copy's headers first: it includes "core/...".
        subprocess.run([words[0], "-I" + str(folder), *words[1:], "-w", "-c",
                        str(folder / "core" / name), "-o", str(target)],
                       check=True, cwd=build_folder)
        objects.append(str(target))
    sim = sorted((build_folder / "tests/sim/CMakeFiles/scram_sim.dir").glob("*.o"))
    binary = folder / "scram_sim"
    subprocess.run([commands[ROOT / "tests/sim/main.cpp"][0], *objects, *map(str, sim),
                    "-Wl,--start-group", *map(str, sorted(build_folder.glob("libscram_core_*.a"))), "-Wl,--end-group",
                    "-o", str(binary),
                    "-lfmt", "-lsimdjson", "-lcrypto", "-lpthread"],
                   check=True, cwd=build_folder)
    return binary


def run(mutant, arguments, build_folder, commands):
    folder = build_folder.parent / "mutants" / mutant.name
    start = time.monotonic()
    mutate(mutant, folder)
    binary = build(mutant, folder, build_folder, commands)
    try:
        done = subprocess.run([binary, "--brief", "--seeds", str(arguments.seeds), "--jobs", "1"],
                              capture_output=True, text=True, timeout=900)
        caught, seeds, seen = told(done)
    except subprocess.TimeoutExpired:
        caught, seeds, seen = "hangs", "?", "it does not end"
    shutil.rmtree(folder)
    return mutant, caught, seeds, seen, time.monotonic() - start


def told(done):
    if done.returncode == 0:
        return None, None, ""
    words = done.stdout.split(maxsplit=3)
    if done.returncode == 1 and len(words) == 4 and words[0] == "caught":
        return int(words[1]), int(words[2]), words[3].strip()
    for line in done.stderr.splitlines():
        if line.startswith("seed "):
            reason = [text for text in done.stderr.splitlines() if "check failed" in text]
            return "check", line.split()[1].rstrip(":"), (reason or [line])[-1].split(": ")[-1]
    return "crash", "?", f"the process ended with {done.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=20000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_intermixed_args()
    build_folder = arguments.build.resolve()
    commands = compile_commands(build_folder)
    chosen = [m for m in MUTANTS if not arguments.names or m.name in arguments.names]
    for one in MUTANTS:
        mutated(one)  # a text that is not found ends all, before anything is built
    start = time.monotonic()
    survivors = 0
    print(f"{'mutant':<30} {'meant':>5} {'caught by':>9} {'seeds':>6} {'s':>5}  seen")
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        jobs = [pool.submit(run, m, arguments, build_folder, commands) for m in chosen]
        for job in jobs:
            mutant, caught, seeds, seen, took = job.result()
            survivors += caught is None
            by = "SURVIVED" if caught is None else caught
            print(f"{mutant.name:<30} {mutant.invariant:>5} {by:>9} {seeds or '-':>6} {took:5.1f}  "
                  f"{seen or mutant.why}", flush=True)
    print(f"{len(chosen)} mutants in {time.monotonic() - start:.0f} s")
    print(f"{len(chosen) - survivors} passed, {survivors} failed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
