#!/usr/bin/env python3
"""Runs the end-to-end tests of one build: run.py BUILD_DIR [PART_OF_A_NAME]

A test's name is its file's and its method's: "fire: delta beyond the limit ...". Several run at a time, each
in a lab of its own. What failed is told at the end, with the logs of its processes. The last line has the counts.
"""
import concurrent.futures
import ctypes
import multiprocessing
import os
import pathlib
import signal
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
WORKERS = 5  # they mostly wait
TEST_SECONDS_MAX = 180  # ends a hang, unless its class says otherwise: `seconds_max`


def all_tests(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from all_tests(item)
        else:
            yield item


def title(test):
    part = type(test).__module__.removesuffix("_test")
    return f"{part}: {test._testMethodName.removeprefix('test_').replace('_', ' ')}"


def give_up(*_):
    raise TimeoutError("the test hangs")


def end_with_parent():
    """However that ends: what a worker has started ends with it."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def run_one(number):
    """Returns the test's number, its result's word, its text, its duration."""
    from waiting import PATIENCE

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(int(getattr(TESTS[number], "seconds_max", TEST_SECONDS_MAX) * PATIENCE))
    result = unittest.TestResult()
    begin = time.monotonic()
    TESTS[number].run(result)
    signal.alarm(0)
    seconds = time.monotonic() - begin
    faults = result.failures + result.errors
    if faults or result.unexpectedSuccesses:
        return number, "FAILED", "\n".join(text for _, text in faults), seconds
    if result.skipped:
        return number, "skipped", result.skipped[0][1], seconds
    return number, "ok", "", seconds


def run_all():
    counts = {"ok": 0, "FAILED": 0, "skipped": 0}
    told_last = ""
    fork = multiprocessing.get_context("fork")  # the children know TESTS already
    with concurrent.futures.ProcessPoolExecutor(WORKERS, fork, end_with_parent) as workers:
        running = [workers.submit(run_one, number) for number in range(len(TESTS))]
        for done in concurrent.futures.as_completed(running):
            number, word, text, seconds = done.result()
            counts[word] += 1
            print(f"{word:<8}{seconds:6.2f} s  {title(TESTS[number])}", flush=True)
            if word == "FAILED":
                told_last += f"\nFAILED  {title(TESTS[number])}\n{text.rstrip()}\n"
            elif text:
                print(f"        {text}", flush=True)
    print(told_last)
    return counts


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    os.environ["SCRAM_BUILD"] = str(build)
    if build.name in ("asan", "tsan"):
        os.environ.setdefault("SCRAM_PATIENCE", "5")
    sys.path[:0] = [str(HERE), str(HERE / "support")]
    import lab

    lab.pki()
    wanted = sys.argv[2] if len(sys.argv) == 3 else ""
    found = unittest.defaultTestLoader.discover(str(HERE), pattern="*_test.py", top_level_dir=str(HERE))
    TESTS.extend(test for test in all_tests(found) if wanted in title(test))
    counts = run_all()
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['skipped']} skipped")
    return 1 if counts["FAILED"] or not counts["ok"] else 0


TESTS = []
if __name__ == "__main__":
    sys.exit(main())
