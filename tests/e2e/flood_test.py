"""A source that floods at full speed beside one that trips.

The bound: net/sources/ingress.cpp reads at most 16 messages of a source, then the others have their turn. A message
holds at most 64 records. So what another source publishes waits at most for the rest of the flooding source's
turn and, if that one is before it in the kernel's list, for one turn more: 2 * 16 * 64 records, whose cost the
flood itself measures (records taken a second). All else that the clock sees is this machine: with scramd and the
flood both runnable on two cores, a third process waits for a scheduler's slice now and then.

So of 20 trips the median, from the publishing to the decision, may exceed the quiet median by two turns and one
slice; and the lower quartile, which the scheduler seldom reaches, by two turns and a tenth of a slice. A reader
that lets a flood go on for a hundred messages instead of 16 exceeds the latter, one without turns never trips.
"""
import statistics
import subprocess
import time
import unittest

from lab import BIN, PATIENCE, Lab, Process, eventually, rule

CALM_ACCOUNTS = [f"calm-{n}" for n in range(4)]  # four budgets: 20 trips without waiting
CALM = [f"{account}/{name}-USD" for account in CALM_ACCOUNTS for name in ("BTC", "ETH", "SOL", "XRP", "ADA")]
WILD = "wild/BTC-USD"
DELTA = rule("delta", "limit", metric="delta", beyond=25)
# They make each of its records cost so much that the flood is faster than scramd: it never waits for more.
WORK = "".join(rule(f"work-{n}", "limit", metric="vega", families=[WILD], beyond=1000 + n) for n in range(200))

RECORDS_A_TURN = 16 * 64
RECORDS_A_DOT = 64_000
SLICE_US = 12_000 * PATIENCE  # Linux: 6 ms * (1 + log2 of two cores), to be shared by all who run


class FloodLab(Lab):
    def __init__(self):
        super().__init__(accounts=[*CALM_ACCOUNTS, "wild"])

    def __enter__(self):
        sources = (("calm", CALM), ("wild", [WILD]), "probe")
        self.daemon = self.scramd(DELTA + WORK, families=[*CALM, WILD], sources=sources,
                                  family_keys="lock_ms = 0", account_keys="links = 2").await_ready(10)
        self.events = self.watch(self.daemon)
        eventually(lambda: self.source("probe").goodbye() or self.events.seen, "the watcher is there")
        self.calm = self.source("calm")
        return self

    def trip_all(self):
        """Trips each calm family by its own breach; returns the µs from publishing to deciding, sorted."""
        self.events.seen.clear()
        for name in CALM:
            self.calm.publish(name, "delta", 26)
            self.events.wait("accepted", family=name)
        fired = [self.events.all("answered", family=name)[0] for name in CALM]
        # A hedge, or one that had to wait for a link, was not sent by its signal, and has no such times.
        return sorted(event["read_us"] + event["decided_us"] for event in fired if "read_us" in event)

    def rearm(self):
        for name in CALM:
            self.calm.publish(name, "delta", 0)
            self.daemon.await_value(name, "delta", 0)
        for account in CALM_ACCOUNTS:
            assert self.daemon.rearm(account, "again")[0] == 0
        eventually(lambda: all(a["slots_free"] == 5 for a in self.daemon.status()["accounts"]), "free budgets")


class Flooding(Process):
    """The program, on a connection that is attached already."""

    def __init__(self, lab, how):
        wild = lab.source("wild")
        family, metric, fd = wild.family(WILD), wild.metric("vega"), wild.socket.fileno()
        wild.socket.setblocking(True)
        self.dots = lab.folder / "dots"
        with open(self.dots, "wb") as to:
            super().__init__([BIN / "flood", fd, wild.id, family, metric, wild.sequence, how],
                             lab.folder / "flood.log", stdout=to, pass_fds=[fd])

    def taken(self):
        return RECORDS_A_DOT * self.dots.stat().st_size


class Flood(unittest.TestCase):
    def does_not_delay(self, how):
        with FloodLab() as lab:
            quiet = lab.trip_all()
            lab.rearm()
            flood = lab.add(Flooding(lab, how))
            eventually(flood.taken, "the flood has begun")
            begin, taken = time.monotonic(), flood.taken()
            flooded = lab.trip_all()
            eventually(lambda: flood.taken() > taken, "it goes on")
            records_a_second = (flood.taken() - taken) / (time.monotonic() - begin)
            flood.stop()
        turns_us = 2 * RECORDS_A_TURN / records_a_second * 1e6
        told = (f"µs from publishing to deciding: quiet {quiet}, flooded {flooded}; "
                f"{records_a_second / 1e6:.1f} million records a second, two turns take {turns_us:.0f} µs")
        self.assertGreater(min(len(quiet), len(flooded)), len(CALM) // 2, told)
        calm = statistics.median(quiet)
        self.assertLess(statistics.median(flooded), calm + turns_us + SLICE_US, told)
        self.assertLess(flooded[len(flooded) // 4], calm + turns_us + SLICE_US / 10, told)
    

    def test_a_source_that_floods_without_a_fault_delays_the_trip_of_another_by_two_turns_at_most(self):
        self.does_not_delay("wait")

    def test_a_source_that_floods_and_loses_signals_delays_the_trip_of_another_by_two_turns_at_most(self):
        """Each loss trips rule `bad` of the flooding source, again and again."""
        self.does_not_delay("lose")
