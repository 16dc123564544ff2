#!/usr/bin/env python3
"""The smallest maker in Python: publishes delta ten times a second, and quotes only while its gate
is open. Usage: publish.py [source] [family], e.g. publish.py maker-1 mm-1/BTC-USD"""

import math
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import scram


def attach(source, family):
    """Every name is looked up before the first quote; a wrong one is an end on purpose."""
    scramd = scram.Client(source)
    try:
        scramd.family(family)
        scramd.metric("delta")
    except scram.Error:
        scramd.detach()
        raise
    return scramd


def main(source="maker-1", family="mm-1/BTC-USD"):
    with attach(source, family) as scramd:
        for i in range(100):
            if not scramd.attached:
                return 1
            scramd.publish(family, "delta", 5 * math.sin(i / 10))
            scramd.heartbeat()
            print("halted: no quote" if scramd.halted(family) else "quote", flush=True)
            time.sleep(0.1)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except scram.Error as error:
        sys.exit(str(error))
