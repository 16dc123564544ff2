"""Sources that publish by a ring in shared memory, which they can write as they like."""
import mmap
import os
import signal
import struct
import threading
import time
import unittest

from lab import RingSource, Source, eventually
from hostile_source_test import ETH, HostileLab

WAITS = ("sleep", "spin")


class RingLab(HostileLab):
    """As HostileLab, with a good maker that has a ring, too."""

    def __init__(self, wait="sleep"):
        super().__init__()
        self.wait = wait

    def scramd(self, *rules, **config):
        return super().scramd(*rules, more=f'wait = "{self.wait}"\n', **config)

    def source(self, name):
        return self.ring_source(name)


class Published(unittest.TestCase):
    def test_a_signal_in_the_ring_trips_whether_scramd_sleeps_or_spins(self):
        for wait in WAITS:
            with self.subTest(wait), RingLab(wait) as lab:
                lab.good_maker_still_trips()

    def test_what_was_published_before_a_goodbye_counts(self):
        with RingLab() as lab:
            evil = lab.source("evil")
            family, metric = evil.family(ETH), evil.metric("delta")
            lab.daemon.process.send_signal(signal.SIGSTOP)
            for n in range(500):
                evil.sequence += 1
                evil.put(evil.sequence, evil.record(evil.VALUE, evil.sequence, n / 32, family, metric))
            evil.send(evil.record(evil.GOODBYE))
            lab.daemon.process.send_signal(signal.SIGCONT)
            lab.daemon.await_value(ETH, "delta", 499 / 32)
            eventually(lambda: {s["name"]: s["phase"] for s in lab.daemon.status()["sources"]}["evil"] == "left",
                       "it has left")
            self.assertEqual(lab.daemon.family(ETH)["state"], "armed")

    def test_the_last_signal_of_a_maker_that_dies_trips_before_its_death_does(self):
        with RingLab() as lab:
            evil = lab.source("evil")
            family, metric = evil.family(ETH), evil.metric("delta")
            lab.daemon.process.send_signal(signal.SIGSTOP)
            evil.put(1, evil.record(evil.VALUE, 1, 26.0, family, metric))
            evil.vanish()
            lab.daemon.process.send_signal(signal.SIGCONT)
            lab.daemon.await_state(ETH, "accepted")
            log = lab.daemon.log()
            self.assertLess(log.index("rule=delta"), log.index("source_vanished"))

    def test_signals_that_find_the_ring_full_trip_bad_and_later_ones_are_read(self):
        for wait in WAITS:
            with self.subTest(wait), RingLab(wait) as lab:
                evil = lab.source("evil")
                evil.publish(ETH, "delta", 1)
                lab.daemon.await_value(ETH, "delta", 1)
                lab.daemon.process.send_signal(signal.SIGSTOP)
                while evil.publish(ETH, "delta", 2):
                    pass
                lab.daemon.process.send_signal(signal.SIGCONT)
                lab.daemon.await_state(ETH, "accepted")
                lab.daemon.await_log("a full ring")
                eventually(lambda: evil.publish(ETH, "delta", 3), "there is room again")
                lab.daemon.await_value(ETH, "delta", 3)
                lab.good_maker_still_trips()

    def test_a_trip_by_the_socket_still_works_beside_rings(self):
        with RingLab() as lab:
            plain = Source(lab.folder, "evil")
            plain.publish(ETH, "delta", 26)
            lab.daemon.await_state(ETH, "accepted")
            lab.good_maker_still_trips()
            plain.vanish()


class Hostile(unittest.TestCase):
    """Whatever stands in a ring: `bad` for its source, and for its source only."""

    def breaks(self, write, told):
        for wait in WAITS:
            with self.subTest(wait), RingLab(wait) as lab:
                evil = lab.source("evil")
                evil.publish(ETH, "delta", 1)
                lab.daemon.await_value(ETH, "delta", 1)
                write(evil)
                for _ in range(2):  # by the second no batch can be under way any more
                    evil.ring_doorbell()
                lab.daemon.await_state(ETH, "accepted")
                lab.daemon.await_log(told)
                lab.daemon.await_log("broke the protocol: a number out of order in its ring")
                self.assertTrue(evil.is_cut_off())
                lab.good_maker_still_trips()

    def test_garbage_where_a_number_is_due(self):
        self.breaks(lambda evil: evil.store(evil.slot(2), 2**64 - 1), "a gap in its sequence")

    def test_a_step_back(self):
        self.breaks(lambda evil: evil.store(evil.slot(2), 1), "a step back in its sequence")

    def test_random_bytes_all_over(self):
        def write(evil):
            evil.ring[:] = os.urandom(len(evil.ring))
        self.breaks(write, "bad=")

    def test_a_number_that_is_left_out_shows_when_it_rings(self):
        self.breaks(lambda evil: evil.put(3, evil.record(evil.HEARTBEAT, 3)), "a gap in its sequence")

    def test_a_source_that_laps_scramd(self):
        def write(evil):
            for number in range(2, 3 * evil.SLOTS):
                evil.put(number, evil.record(evil.HEARTBEAT, number))
        with RingLab() as lab:
            evil = lab.source("evil")
            lab.daemon.process.send_signal(signal.SIGSTOP)
            write(evil)
            evil.ring_doorbell()
            lab.daemon.process.send_signal(signal.SIGCONT)
            lab.daemon.await_state(ETH, "accepted")
            lab.daemon.await_log("a number out of order in its ring")
            lab.good_maker_still_trips()

    def test_records_that_are_wrong_by_themselves_trip_and_the_ring_lives_on(self):
        for fields in ({"family": 999}, {"kind": 16}, {"value": float("nan")}, {"version": 3}, {"source": 77}):
            with self.subTest(fields), RingLab() as lab:
                evil = lab.source("evil")
                wrong = {"kind": evil.VALUE, "family": evil.family(ETH), "metric": evil.metric("delta"), **fields}
                evil.emit(evil.next_record(**wrong))
                lab.daemon.await_state(ETH, "accepted")
                lab.daemon.await_log("rule=bad")
                evil.socket.settimeout(0.2)
                self.assertRaises(TimeoutError, evil.receive)
                lab.good_maker_still_trips()

    def test_a_signal_on_the_socket_beside_the_ring_ends_the_connection(self):
        with RingLab() as lab:
            evil = lab.source("evil")
            evil.publish(ETH, "delta", 1)
            lab.daemon.await_value(ETH, "delta", 1)
            self.assertIn("beside its ring", evil.refusal(evil.record(evil.HEARTBEAT, 1)))
            self.assertTrue(evil.is_cut_off())
            lab.daemon.await_state(ETH, "accepted")
            lab.good_maker_still_trips()

    def test_holes_in_its_memory_break_it_and_nothing_else(self):
        """No seal forbids them, and what was there reads as zero."""
        def write(evil):
            for _ in range(2 * evil.SLOTS):
                eventually(lambda: evil.sequence < evil.load(evil.READ) + evil.SLOTS, "there is room")
                evil.publish(ETH, "delta", 1)
            evil.ring.madvise(mmap.MADV_REMOVE)
        self.breaks(write, "bad=")

    def test_a_source_that_makes_holes_all_the_time_starves_nobody(self):
        for wait in WAITS:
            with self.subTest(wait), RingLab(wait) as lab:
                evil = lab.source("evil")
                stop = threading.Event()

                def make_holes():
                    while not stop.is_set():
                        evil.ring.madvise(mmap.MADV_REMOVE)

                holes = threading.Thread(target=make_holes)
                holes.start()
                lab.good_maker_still_trips()
                stop.set()
                holes.join()

    def test_a_stamp_of_another_clock_is_no_latency(self):
        for kind in (Source, RingSource):
            with self.subTest(kind.__name__), RingLab() as lab:
                evil = kind(lab.folder, "evil")
                record = bytearray(evil.next_value(ETH, "delta", 26))
                struct.pack_into("=q", record, 8, time.monotonic_ns() - 1000 * 10**9)
                evil.emit(bytes(record)) if kind is RingSource else evil.send(record)
                lab.daemon.await_state(ETH, "accepted")
                stages = lab.daemon.ask("latency")["attempts"]["stages"]
                self.assertEqual(stages["published_to_read"]["count"], 0)
                self.assertGreater(stages["read_to_decided"]["count"], 0)
                evil.vanish()

    def test_doorbells_without_a_reason_do_no_harm(self):
        with RingLab() as lab:
            evil = lab.source("evil")
            nobody = Source(lab.folder, None)
            nobody.send(nobody.record(nobody.DOORBELL))
            for _ in range(2000):
                evil.ring_doorbell()
            evil.publish(ETH, "delta", 2)
            lab.daemon.await_value(ETH, "delta", 2)
            self.assertEqual(lab.daemon.family(ETH)["state"], "armed")
            lab.good_maker_still_trips()
            nobody.vanish()

    def test_a_source_that_writes_its_ring_all_the_time_starves_nobody(self):
        for wait in WAITS:
            with self.subTest(wait), RingLab(wait) as lab:
                evil = lab.source("evil")
                stop = threading.Event()

                def flood():
                    while not stop.is_set():
                        evil.heartbeat()
                        evil.store(evil.LOST, evil.load(evil.LOST) + 1)

                flooding = threading.Thread(target=flood)
                flooding.start()
                lab.good_maker_still_trips()
                stop.set()
                flooding.join()
                lab.daemon.await_state(ETH, "accepted")
                self.assertLess(lab.daemon.log().count("tripped "), 10)


class Attaching(unittest.TestCase):
    def test_the_ring_is_new_each_time_and_can_be_neither_resized_nor_sealed(self):
        with RingLab() as lab:
            for _ in range(3):
                evil = RingSource(lab.folder, "evil")
                self.assertEqual(evil.load(evil.slot(1)), 0)
                evil.publish(ETH, "delta", 1)
                self.assertRaises(PermissionError, evil.ring.resize, 4096)
                evil.goodbye()
            lab.good_maker_still_trips()

    def test_500_attachments_leak_neither_descriptors_nor_memory(self):
        with RingLab() as lab:
            pid = lab.daemon.process.pid
            try:
                before = len(os.listdir(f"/proc/{pid}/fd"))
            except PermissionError:
                self.skipTest("only root can count scramd's descriptors")
            for _ in range(500):
                RingSource(lab.folder, "evil").goodbye()
            with open(f"/proc/{pid}/maps") as maps:
                self.assertLessEqual(maps.read().count("scramd-ring"), 2)
            eventually(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before, "no more descriptors than before")
            lab.good_maker_still_trips()
