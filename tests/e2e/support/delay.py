"""How long a breach waits for its gate while something else is done to scramd: each on a family of its own.

What is asserted of it is a ratio to the same without that something, since machines differ and are busy.
"""
import contextlib
import multiprocessing
import os
import time

from waiting import PATIENCE


def gate_delays(source, families, pause=0.05, metric="delta", value=1e6):
    """Breaches each family in turn; the seconds until its gate was closed, in order of length."""
    delays = []
    for family in families:
        source.gate(family)  # resolved before the clock runs
        source.metric(metric)
        began = time.monotonic()
        source.publish(family, metric, value)
        while source.gate(family) == 0:
            if time.monotonic() - began > 20 * PATIENCE:
                raise AssertionError(f"the gate of {family} does not close")
        delays.append(time.monotonic() - began)
        time.sleep(pause)
    return sorted(delays)


def median(delays):
    return delays[len(delays) // 2]


@contextlib.contextmanager
def meanwhile(function, *arguments):
    """Calls it again and again in a process of its own, of less urgency than what is measured."""

    def run():
        os.nice(5)
        while True:
            function(*arguments)

    process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
