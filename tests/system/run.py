#!/usr/bin/env python3
"""Runs the tests of the installed thing: run.py BUILD_DIR PACKAGE_DIR [PART_OF_A_NAME]

BUILD_DIR has the simulated exchange (okxsim), PACKAGE_DIR the packages, both below build/. What a machine of the
tests is made of is downloaded once and kept in build/system. Counts as tests/e2e/run.py does, which runs them.
"""
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "e2e/support"), str(HERE)]


def own_network():
    """From here on: a loopback and nothing else. The downloads are over."""
    from lab import LIBC

    if LIBC.unshare(0x40000000) != 0:  # CLONE_NEWNET
        raise unittest.SkipTest("no right to make a network namespace")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    os.environ["SCRAM_BUILD"] = str(pathlib.Path(sys.argv[1]).resolve())
    os.environ["SCRAM_PACKAGES"] = str(pathlib.Path(sys.argv[2]).resolve())
    import container
    import desk
    import lab
    import run as runner  # of tests/e2e

    lab.pki()
    wanted = sys.argv[3] if len(sys.argv) == 4 else ""
    try:
        desk.prepare()
        container.prepare_if("container" in wanted or not wanted)
        own_network()
    except unittest.SkipTest as why:
        print(f"skipped: {why}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    runner.WORKERS = 2
    found = unittest.defaultTestLoader.discover(str(HERE), pattern="*_test.py", top_level_dir=str(HERE))
    runner.TESTS.extend(test for test in runner.all_tests(found) if wanted in runner.title(test))
    counts = runner.run_all()
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['skipped']} skipped")
    return 1 if counts["FAILED"] or not counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
