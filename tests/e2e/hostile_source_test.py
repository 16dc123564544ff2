"""Nothing that a source writes can crash, stall or starve scramd, and nonsense trips instead of passing."""
import os
import resource
import threading
import unittest

from lab import Lab, Refused, Source, eventually
from waiting import PATIENCE

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
RECORD = 64


class HostileLab(Lab):
    """scramd, a good maker, and room for a hostile one."""

    def __enter__(self):
        self.sim.quote("BTC-USD")
        sources = (("good", [BTC]), ("evil", [ETH]))
        self.daemon = self.scramd(sources=sources).await_ready()
        self.good = self.source("good")
        return self

    def good_maker_still_trips(self):
        self.good.publish(BTC, "delta", 1)
        self.daemon.await_value(BTC, "delta", 1)
        assert self.daemon.family(BTC)["state"] == "armed", self.daemon.family(BTC)
        self.good.publish(BTC, "delta", 26)
        self.daemon.await_state(BTC, "accepted")
        assert self.sim.family("BTC-USD")["mmp"] == 0


class Messages(unittest.TestCase):
    """Before or after attaching: bytes that are no message of the protocol."""

    def cut_off(self, data, told, attached=False):
        with HostileLab() as lab:
            evil = lab.source("evil" if attached else None)
            if attached:
                evil.heartbeat()
            if told is None:
                evil.send(data)
            else:
                self.assertIn(told, evil.refusal(data))
            self.assertTrue(evil.is_cut_off())
            if attached:
                lab.daemon.await_state(ETH, "accepted")
                lab.daemon.await_log("rule=gone source=evil")
            lab.good_maker_still_trips()

    def test_a_message_of_an_odd_size_is_refused(self):
        self.cut_off(b"x" * 63, "63 bytes")

    def test_a_message_of_one_byte_is_refused(self):
        self.cut_off(b"x", "1 bytes")

    def test_a_message_of_65_records_is_refused(self):
        self.cut_off(bytes(RECORD * 65), "1 to 64 records")

    def test_a_huge_message_is_refused(self):
        self.cut_off(bytes(RECORD * 1500), "1 to 64 records")

    def test_a_message_of_an_odd_size_from_an_attached_source_trips_gone(self):
        self.cut_off(b"x" * 65, "65 bytes", attached=True)

    def test_a_signal_before_attach_is_refused(self):
        with HostileLab() as lab:
            evil = lab.source(None)
            self.assertIn("before SCRAM_ATTACH", evil.refusal(evil.record(Source.VALUE, sequence=1)))
            self.assertTrue(evil.is_cut_off())
            lab.good_maker_still_trips()

    def test_an_empty_message_does_no_harm(self):
        with HostileLab() as lab:
            lab.source(None).send(b"")
            evil = lab.source("evil")
            evil.send(b"")
            lab.good_maker_still_trips()

    def test_random_bytes_of_random_sizes_do_no_harm(self):
        with HostileLab() as lab:
            for n in range(300):
                evil = Source(lab.folder, None)
                try:
                    for size in (RECORD, RECORD * (1 + n % 64), n % 500 + 1):
                        evil.send(os.urandom(size))
                except (BrokenPipeError, ConnectionResetError):
                    pass
                evil.vanish()
            lab.good_maker_still_trips()

    def test_random_records_from_an_attached_source_trip_its_families_only(self):
        with HostileLab() as lab:
            evil = lab.source("evil")
            try:
                for _ in range(300):
                    records = [os.urandom(31) + b"\x01" + os.urandom(32) for _ in range(64)]
                    evil.send(b"".join(records))
            except (BrokenPipeError, ConnectionResetError):
                pass
            lab.daemon.await_state(ETH, "accepted")
            lab.good_maker_still_trips()


class Requests(unittest.TestCase):
    """Refused with a text that says what was expected; the connection lives on where nothing is lost by it."""

    def refused(self, told, send, attached=False):
        with HostileLab() as lab:
            evil = lab.source("evil" if attached else None)
            text = evil.refusal(send(evil))
            for part in told:
                self.assertIn(part, text)
            if not attached:
                evil.attach("evil")
            evil.publish(ETH, "delta", 2)
            lab.daemon.await_value(ETH, "delta", 2)
            self.assertEqual(lab.daemon.family(ETH)["state"], "armed")
            lab.good_maker_still_trips()

    def test_an_unknown_source_is_refused_with_those_that_the_config_has(self):
        self.refused(("'nobody'", "good, evil"), lambda s: s.record(Source.ATTACH, name=b"nobody"))

    def test_an_unknown_family_is_refused_with_those_that_the_config_has(self):
        self.refused(("'mm-1/DOGE-USD'", BTC), lambda s: s.record(Source.FAMILY, name=b"mm-1/DOGE-USD"), True)

    def test_a_family_of_others_is_refused(self):
        self.refused(("may not publish", BTC), lambda s: s.record(Source.FAMILY, name=BTC.encode()), True)

    def test_an_unknown_metric_is_refused_with_those_that_the_config_has(self):
        self.refused(("'gamma'", "delta, pnl, vega"), lambda s: s.record(Source.METRIC, name=b"gamma"), True)

    def test_a_name_without_its_NUL_is_refused(self):
        self.refused(("unclosed name",), lambda s: s.record(Source.ATTACH, name=b"x" * 32))

    def test_an_empty_name_is_refused(self):
        self.refused(("empty",), lambda s: s.record(Source.ATTACH))

    def test_a_second_attach_on_one_connection_is_refused(self):
        self.refused(("already attached",), lambda s: s.record(Source.ATTACH, name=b"evil"), True)

    def test_a_family_before_attach_is_refused(self):
        self.refused(("attach first",), lambda s: s.record(Source.FAMILY, name=ETH.encode()))

    def test_a_source_that_is_attached_cannot_be_attached_by_another(self):
        with HostileLab() as lab:
            with self.assertRaisesRegex(Refused, "attached already"):
                lab.source("good")
            lab.good_maker_still_trips()

    def ends(self, told, send):
        with HostileLab() as lab:
            evil = lab.source("evil")
            evil.heartbeat()  # one that never sent a signal has no quotes to cancel
            self.assertIn(told, evil.refusal(send(evil)))
            self.assertTrue(evil.is_cut_off())
            lab.daemon.await_state(ETH, "accepted")
            lab.good_maker_still_trips()

    def test_a_request_of_another_version_ends_the_connection(self):
        self.ends("version 9", lambda s: s.record(Source.FAMILY, name=ETH.encode(), version=9))

    def test_an_unknown_kind_of_request_ends_the_connection(self):
        self.ends("kind 99", lambda s: s.record(99))

    def test_a_request_in_a_batch_ends_the_connection(self):
        self.ends("alone", lambda s: s.record(Source.FAMILY, name=ETH.encode()) * 2)

    def test_a_goodbye_before_attach_does_no_harm(self):
        with HostileLab() as lab:
            evil = lab.source(None)
            evil.goodbye()
            lab.good_maker_still_trips()


class Signals(unittest.TestCase):
    """Records that an attached source gets wrong: each trips `bad` for its families, and theirs only."""

    def trips_bad(self, why, **fields):
        with HostileLab() as lab:
            evil = lab.source("evil")
            family, metric = evil.family(ETH), evil.metric("delta")
            evil.send(evil.next_record(Source.VALUE, **{"family": family, "metric": metric, **fields}))
            lab.daemon.await_state(ETH, "accepted")
            lab.daemon.await_log("rule=bad")
            lab.daemon.await_log(why)
            lab.good_maker_still_trips()

    def test_an_unknown_family_id_trips_bad(self):
        self.trips_bad("an unknown family id", family=65535)

    def test_the_family_id_behind_the_last_trips_bad(self):
        self.trips_bad("an unknown family id", family=2)

    def test_an_unknown_metric_id_trips_bad(self):
        self.trips_bad("an unknown metric id", metric=65535)

    def test_the_metric_id_behind_the_last_trips_bad(self):
        self.trips_bad("an unknown metric id", metric=3)

    def test_the_family_of_another_trips_bad_and_changes_nothing_there(self):
        with HostileLab() as lab:
            evil = lab.source("evil")
            evil.send(evil.next_record(Source.VALUE, value=26.0, family=0))
            lab.daemon.await_state(ETH, "accepted")
            lab.daemon.await_log("a family that it may not publish for")
            self.assertIsNone(lab.daemon.value(BTC, "delta"))
            lab.good_maker_still_trips()

    def test_another_sources_id_trips_bad_for_the_sender_only(self):
        with HostileLab() as lab:
            evil = lab.source("evil")
            evil.send(evil.next_record(Source.VALUE, family=evil.family(ETH), source=lab.good.id))
            lab.daemon.await_state(ETH, "accepted")
            lab.daemon.await_log("another source's id")
            lab.good_maker_still_trips()

    def test_another_version_trips_bad(self):
        self.trips_bad("a record of another version", version=2)

    def test_an_unknown_kind_of_signal_trips_bad(self):
        with HostileLab() as lab:
            evil = lab.source("evil")
            evil.send(evil.next_record(7))
            lab.daemon.await_state(ETH, "accepted")
            lab.daemon.await_log("an unknown kind of record")
            lab.good_maker_still_trips()

    def test_a_sequence_at_its_very_end_trips_bad(self):
        with HostileLab() as lab:
            evil = lab.source("evil")
            evil.send(evil.record(Source.HEARTBEAT, sequence=2**64 - 1))
            lab.daemon.await_state(ETH, "accepted")
            lab.good_maker_still_trips()

    def test_a_time_of_publishing_that_cannot_be_is_not_believed(self):
        with HostileLab() as lab:
            for published in (-2**63, -1, 0, 2**63 - 1):
                record = bytearray(lab.good.next_value(BTC, "delta", 3))
                record[8:16] = published.to_bytes(8, "little", signed=True)
                lab.good.send(bytes(record))
            lab.good_maker_still_trips()

    def test_a_batch_of_64_signals_is_taken_whole(self):
        with HostileLab() as lab:
            lab.good.send(b"".join(lab.good.next_value(BTC, "delta", n / 4) for n in range(64)))
            lab.daemon.await_value(BTC, "delta", 15.75)
            self.assertEqual(lab.daemon.family(BTC)["state"], "armed")

    def test_a_breach_within_a_batch_trips_although_the_batch_ends_well(self):
        with HostileLab() as lab:
            values = [1] * 30 + [26] + [1] * 33
            lab.good.send(b"".join(lab.good.next_value(BTC, "delta", value) for value in values))
            lab.daemon.await_state(BTC, "accepted")
            lab.daemon.await_log("value=26 limit=25")

    def test_values_at_the_edges_of_a_double_do_no_harm(self):
        with HostileLab() as lab:
            for value in (5e-324, -0.0, 1.7976931348623157e308, -1.7976931348623157e308):
                lab.good.publish(BTC, "vega", value)
            lab.daemon.await_value(BTC, "vega", -1.7976931348623157e308)
            lab.good_maker_still_trips()


class Masses(unittest.TestCase):
    def test_200_sources_publish_at_once_and_their_sum_trips(self):
        names = [f"maker-{n}" for n in range(200)]
        with Lab() as lab:
            daemon = lab.scramd(sources=names).await_ready()
            makers = [lab.source(name) for name in names]
            for maker in makers:
                maker.publish(BTC, "delta", 0.125)
            daemon.await_value(BTC, "delta", 25)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            self.assertEqual({s["phase"] for s in daemon.status()["sources"]}, {"attached"})
            makers[77].publish(BTC, "delta", 0.25)
            daemon.await_state(BTC, "accepted")

    def test_a_flood_from_one_source_does_not_hold_up_the_trip_of_another(self):
        with HostileLab() as lab:
            evil = lab.source("evil")
            family, metric = evil.family(ETH), evil.metric("delta")

            def flood():
                for _ in range(100_000 // 64):
                    evil.send(b"".join(evil.next_record(Source.VALUE, value=1.0, family=family, metric=metric)
                                       for _ in range(64)))

            flooding = threading.Thread(target=flood)
            flooding.start()
            lab.good_maker_still_trips()
            flooding.join()
            lab.daemon.await_value(ETH, "delta", 1)
            self.assertEqual(lab.daemon.family(ETH)["state"], "armed")

    def test_a_flood_of_nonsense_does_not_hold_up_the_trip_of_another(self):
        with HostileLab() as lab:
            evil = lab.source("evil")
            nonsense = evil.record(Source.VALUE, family=999, metric=999) * 64

            def flood():
                for _ in range(1000):
                    evil.send(nonsense)

            flooding = threading.Thread(target=flood)
            flooding.start()
            lab.good_maker_still_trips()
            flooding.join()
            self.assertLess(lab.daemon.log().count("tripped "), 10)

    def test_a_source_that_never_reads_its_answers_stalls_nobody(self):
        with HostileLab() as lab:
            evil = lab.source("evil")
            request = evil.record(Source.FAMILY, name=ETH.encode())
            for _ in range(3000):
                evil.send(request)
            lab.good_maker_still_trips()

    def test_attaching_and_leaving_a_thousand_times_leaks_no_descriptor(self):
        with HostileLab() as lab:
            descriptors = f"/proc/{lab.daemon.process.pid}/fd"
            try:
                before = len(os.listdir(descriptors))
            except PermissionError:
                self.skipTest("only root can count scramd's descriptors")
            for _ in range(1000):
                Source(lab.folder, "evil").goodbye()
            eventually(lambda: len(os.listdir(descriptors)) <= before, "no more descriptors than before")
            lab.good_maker_still_trips()

    def test_makers_that_crash_and_restart_all_the_time_keep_the_budget(self):
        with HostileLab() as lab:
            for _ in range(200):
                evil = Source(lab.folder, "evil")
                evil.heartbeat()
                evil.vanish()
            lab.daemon.await_state(ETH, "accepted")
            lab.good_maker_still_trips()

    def test_a_crowd_that_never_attaches_does_not_keep_a_maker_out(self):
        with HostileLab() as lab:
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            crowd = [Source(lab.folder, None) for _ in range(1500)]
            try:
                lab.source("evil").goodbye()
            except OSError as error:
                self.fail(f"no place for a maker: {error}")
            for one in crowd:
                one.vanish()
            lab.good_maker_still_trips()

    def test_who_does_not_attach_is_cut_off_after_a_while_and_told(self):
        with HostileLab() as lab:
            idle = lab.source(None)
            idle.socket.settimeout(60 * PATIENCE)
            self.assertTrue(idle.is_cut_off())
            self.assertEqual(lab.daemon.status()["refused"]["idle_timeout"], 1)
            lab.daemon.await_log("kind=idle_timeout")
            lab.good_maker_still_trips()

    def test_a_strangers_doorbells_are_refused_and_counted(self):
        with HostileLab() as lab:
            evil = lab.source(None)
            self.assertIn("before SCRAM_ATTACH", evil.refusal(evil.record(Source.DOORBELL)))
            self.assertEqual(lab.daemon.status()["refused"]["protocol_error"], 1)
            lab.good_maker_still_trips()

    def test_a_crowd_at_both_sockets_leaves_descriptors_for_makers_and_operators(self):
        with HostileLab() as lab:
            resource.prlimit(lab.daemon.process.pid, resource.RLIMIT_NOFILE, (200, 200))
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            crowd = [Source(lab.folder, None) for _ in range(300)]
            lab.source("evil").goodbye()
            self.assertTrue(lab.daemon.status()["ok"])
            self.assertGreater(lab.daemon.status()["refused"]["connection_limit"], 0)
            for one in crowd:
                one.vanish()
            lab.good_maker_still_trips()

    def test_without_descriptors_left_the_open_links_still_fire(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (40, 40))
            maker = lab.source()
            maker.family(BTC), maker.metric("delta")
            crowd = [Source(lab.folder, None) for _ in range(60)]
            maker.publish(BTC, "delta", 26)
            eventually(lambda: maker.gate(BTC) == 1, "the gate closes")
            eventually(lambda: lab.sim.cancels()["accepted"] == 1, "the cancel is accepted")
            daemon.await_log(f"<4>refused kind=no_descriptor uid={os.getuid()} ")
            for one in crowd:
                one.vanish()
            daemon.await_state(BTC, "accepted")
