"""What the control protocol takes and refuses."""
import os
import socket
import threading
import unittest

from lab import Control, Lab, eventually

BTC = "mm-1/BTC-USD"
LINE_MAX = 16 * 1024


class Protocol(unittest.TestCase):
    def refused(self, line, *told):
        """A clear error, the connection stays usable, and so does the daemon."""
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as control:
                answer = control.say(line)
                self.assertEqual((answer["v"], answer["ok"]), (1, False))
                for text in told:
                    self.assertIn(text, answer["error"])
                self.assertTrue(control.ask("status")["ok"])
            self.assertEqual({f["state"] for f in daemon.status()["families"]}, {"armed"})
            return answer

    def test_a_line_that_is_no_JSON_is_refused(self):
        self.refused("status", "one JSON object")

    def test_an_empty_line_is_refused(self):
        self.refused("", "one JSON object")

    def test_a_line_that_is_no_object_is_refused(self):
        self.refused('["status"]', "one JSON object")

    def test_two_objects_in_a_line_are_refused(self):
        self.refused('{"v":1,"op":"status"}{"v":1,"op":"status"}', "one JSON object")

    def test_an_unknown_key_is_refused_by_name(self):
        self.refused('{"v":1,"op":"trip","target":"all","reason":"x","dry_run":true}', "'dry_run'", "accepted")

    def test_a_value_of_another_type_is_refused_by_name(self):
        self.refused('{"v":1,"op":"rearm","target":"all","reason":"x","force":"yes"}', "'force'", "boolean")

    def test_an_unknown_op_is_refused_with_those_accepted(self):
        self.refused('{"v":1,"op":"fire"}', "'fire'",
                     "status, watch, latency, receipt, receipts, trip, rearm, orders, dead_man, dead_man_off, dead_man_on and reload")

    def test_another_protocol_version_is_refused(self):
        self.refused('{"v":2,"op":"status"}', "version 2", "speaks 1")

    def test_a_line_without_a_version_is_refused(self):
        self.refused('{"op":"trip","target":"all","reason":"x"}', "version")

    def test_an_unknown_target_is_refused_with_what_is_expected(self):
        self.refused('{"v":1,"op":"trip","target":"mm-9","reason":"x"}', "'mm-9'", "'all' is expected")

    def test_a_trip_without_a_target_is_refused(self):
        self.refused('{"v":1,"op":"trip","reason":"x"}', "is expected")

    def test_arming_without_a_reason_is_refused(self):
        self.refused('{"v":1,"op":"rearm","target":"all","trips":[1],"reason":""}', "reason")

    def test_arming_without_the_trips_is_refused_and_shows_what_is_latched(self):
        answer = self.refused('{"v":1,"op":"rearm","target":"all","reason":"x"}', "trips")
        self.assertEqual(answer["latched"], [])

    def test_a_trip_that_is_no_number_is_refused(self):
        self.refused('{"v":1,"op":"rearm","target":"all","trips":["1"],"reason":"x"}', "'trips'", "numbers in a list")

    def test_deep_nesting_is_refused(self):
        self.refused("[" * 8000, "one JSON object")

    def test_a_line_that_is_too_long_is_refused_with_the_length_accepted(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as control:
                answer = control.say('{"v":1,"op":"' + "x" * 2 * LINE_MAX + '"}')
                self.assertIsNotNone(answer, "the connection ended without a word")
                self.assertFalse(answer["ok"])
                self.assertIn(str(LINE_MAX), answer["error"])
            self.assertTrue(daemon.ask("status")["ok"])

    def test_a_line_without_an_end_does_not_cost_the_daemon_its_memory(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as control:
                try:
                    for _ in range(200):
                        control.send(b"x" * 65536)
                    self.fail("13 MB without a newline were taken")
                except (BrokenPipeError, ConnectionResetError):
                    pass
            self.assertTrue(daemon.ask("status")["ok"])

    def test_a_line_of_random_bytes_is_refused(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as control:
                for _ in range(50):
                    control.send(os.urandom(200).replace(b"\n", b"") + b"\n")
                    self.assertFalse(control.line()["ok"])
            self.assertTrue(daemon.ask("status")["ok"])

    def test_several_lines_at_once_are_answered_in_order(self):
        with Lab() as lab:
            lab.scramd().await_ready()
            with Control(lab.folder) as control:
                control.send(b'{"v":1,"op":"status"}\n{"v":3}\n{"v":1,"op":"status"}\n')
                self.assertEqual([control.line()["ok"] for _ in range(3)], [True, False, True])

    def test_a_line_in_pieces_is_one_line(self):
        with Lab() as lab:
            lab.scramd().await_ready()
            with Control(lab.folder) as control:
                for piece in (b'{"v":1', b',"op":"sta', b'tus"}\n'):
                    control.send(piece)
                self.assertTrue(control.line()["ok"])

    def tripped(self, watcher):
        """The event, before and after which others are told."""
        event = watcher.line()
        while event["event"] != "tripped":
            event = watcher.line()
        return event

    def test_a_reason_of_any_text_comes_back_as_it_was(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as watcher:
                self.assertTrue(watcher.ask("watch")["ok"])
                reason = 'say "no"\n<2>forged \u00fc \u2603'
                self.assertTrue(daemon.ask("trip", target=BTC, reason=reason)["ok"])
                self.assertEqual(self.tripped(watcher)["reason"], reason)
            daemon.await_log("tripped")
            self.assertFalse(any(line.startswith("<2>forged") for line in daemon.log().splitlines()))

    def test_a_trip_that_waits_is_answered_at_once_and_when_it_is_accepted(self):
        with Lab() as lab:
            lab.sim.fault("result_false", count=2)
            lab.scramd().await_ready()
            with Control(lab.folder) as control:
                control.send(b'{"v":1,"op":"trip","target":"all","wait_ms":60000}\n{"v":1,"op":"status"}\n')
                first, second, status = (control.line() for _ in range(3))
                self.assertEqual((first["ok"], first["accepted"], first["waiting"]), (True, False, True))
                self.assertEqual(second, {"v": 1, "ok": True, "trip": 1, "families": 2, "accepted": True, "verified": False,
                                          "refused": []})
                self.assertLessEqual({f["state"] for f in status["families"]}, {"accepted", "verified"})

    def test_a_wait_ends_with_its_connection_and_the_trip_goes_on(self):
        with Lab() as lab:
            lab.sim.fault("result_false", count=-1)
            daemon = lab.scramd().await_ready()
            for _ in range(17):  # one more than may wait
                with Control(lab.folder) as control:
                    self.assertTrue(control.ask("trip", target=BTC, wait_ms=86400000)["waiting"])
            lab.sim.clear_faults()
            daemon.await_state(BTC, "accepted")

    def test_a_long_reason_is_kept_in_part_and_stays_readable(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as watcher:
                watcher.ask("watch")
                self.assertTrue(daemon.ask("trip", target=BTC, reason="\u2603" * 1000)["ok"])
                told = self.tripped(watcher)["reason"]
                self.assertTrue(told.startswith("\u2603" * 50), told)

    def test_a_watcher_gets_the_events_and_may_still_ask(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as watcher:
                self.assertEqual(watcher.ask("watch"), {"v": 1, "ok": True})
                daemon.ask("trip", target=BTC, reason="drill")
                told = []
                while len(told) < 5:
                    event = watcher.line()
                    told += [event["event"]] if "trip" in event else []
                self.assertEqual(told, ["tripped", "latched", "fired", "answered", "accepted"])
                watcher.send(b'{"v":1,"op":"status"}\n')
                answer = watcher.line()
                while "event" in answer:
                    answer = watcher.line()
                self.assertTrue(answer["ready"])

    def test_a_watcher_that_goes_away_does_not_take_scramd_with_it(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            for _ in range(30):
                with Control(lab.folder) as watcher:
                    watcher.send(b'{"v":1,"op":"watch"}\n{"v":1,"op":"trip","target":"all","reason":"drill"}\n')
            self.assertEqual(daemon.ctl("trip", "all", "--reason", "drill", "--wait", "20")[0], 0)

    def test_a_peer_that_leaves_without_reading_its_answer_does_not_take_scramd_with_it(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            for _ in range(50):
                with Control(lab.folder) as control:
                    control.send(b'{"v":1,"op":"status"}\n' * 20)
            self.assertTrue(daemon.ask("status")["ok"])

    def test_a_peer_that_reads_nothing_is_cut_off_and_starves_nobody(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as deaf:
                deaf.socket.settimeout(2)
                try:
                    for _ in range(20000):
                        deaf.send(b'{"v":1,"op":"status"}\n')
                    self.fail("20000 answers wait for a peer that does not read")
                except (ConnectionError, TimeoutError):
                    pass
                self.assertTrue(daemon.ask("status")["ok"])
                self.assertEqual(daemon.ctl("trip", "all", "--reason", "drill")[0], 0)

    def test_a_peer_that_says_no_more_still_gets_its_answer(self):
        with Lab() as lab:
            lab.scramd().await_ready()
            with Control(lab.folder) as control:
                control.send(b'{"v":1,"op":"status"}\n')
                control.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(control.line()["ok"])

    def test_a_crowd_that_says_nothing_does_not_keep_an_operator_out(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            crowd = [Control(lab.folder) for _ in range(400)]
            code, _, err = daemon.ctl("trip", "all", "--reason", "drill")
            self.assertEqual(code, 0, err)
            for one in crowd:
                one.close()

    def test_a_flood_of_requests_does_not_hold_up_a_trip(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            with Control(lab.folder) as loud:
                reading = threading.Thread(target=lambda: [loud.line() for _ in range(3000)])
                reading.start()
                loud.send(b'{"v":1,"op":"status"}\n' * 2000)
                maker.publish(BTC, "delta", 26)
                eventually(lambda: maker.gate(BTC) == 1, "the gate closes")
                loud.send(b'{"v":1,"op":"status"}\n' * 1000)
                daemon.await_state(BTC, "accepted")
                reading.join()

    def test_one_user_has_so_many_trips_in_a_row_and_those_that_close_a_gate_are_always_taken(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as control:
                answers = [control.ask("trip", target=BTC, reason="again") for _ in range(100)]
                taken = sum(answer["ok"] for answer in answers)
                self.assertGreaterEqual(taken, 60)
                self.assertLess(taken, 100)
                self.assertIn("asks too often", answers[-1]["error"])
                self.assertTrue(control.ask("trip", target="mm-1/ETH-USD", reason="mine")["ok"])
                self.assertTrue(control.ask("status")["ok"])
            self.assertEqual(daemon.status()["refused"]["rate_limit"], 100 - taken)
            self.assertEqual(daemon.log().count("kind=rate_limit"), 1)

    def test_as_many_clients_as_there_may_be_leave_the_daemon_alive(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            clients = [Control(lab.folder) for _ in range(300)]
            lab.source().publish(BTC, "delta", 26)
            for client in clients:
                client.close()
            eventually(lambda: daemon.ctl("status")[0] == 0, "there is room again")
            daemon.await_state(BTC, "accepted")
