"""The operator's side: what the control protocol takes and refuses, and scramctl's exit codes."""
import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from lab import BIN, Control, Lab, ctl_command, eventually, rule

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
                     "status, watch, latency, receipt, receipts, trip, rearm and reload")

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

    def test_a_reason_of_any_text_comes_back_as_it_was(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as watcher:
                self.assertTrue(watcher.ask("watch")["ok"])
                reason = 'say "no"\n<2>forged \u00fc \u2603'
                self.assertTrue(daemon.ask("trip", target=BTC, reason=reason)["ok"])
                self.assertEqual(watcher.line()["reason"], reason)
            daemon.await_log("tripped")
            self.assertFalse(any(line.startswith("<2>forged") for line in daemon.log().splitlines()))

    def test_a_long_reason_is_kept_in_part_and_stays_readable(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as watcher:
                watcher.ask("watch")
                self.assertTrue(daemon.ask("trip", target=BTC, reason="\u2603" * 1000)["ok"])
                told = watcher.line()["reason"]
                self.assertTrue(told.startswith("\u2603" * 50), told)

    def test_a_watcher_gets_the_events_and_may_still_ask(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            with Control(lab.folder) as watcher:
                self.assertEqual(watcher.ask("watch"), {"v": 1, "ok": True})
                daemon.ask("trip", target=BTC, reason="drill")
                told = [watcher.line()["event"] for _ in range(5)]
                self.assertEqual(told, ["tripped", "latched", "fired", "answered", "confirmed"])
                self.assertTrue(watcher.ask("status")["ready"])

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
                daemon.await_state(BTC, "confirmed")
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
            daemon.await_state(BTC, "confirmed")


class Ctl(unittest.TestCase):
    def test_status_in_JSON_has_all_that_the_protocol_has(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            code, out, _ = daemon.ctl("status", "--json")
            self.assertEqual((code, json.loads(out).keys()), (0, daemon.status().keys()))

    def test_status_for_people_shows_families_links_sources_and_values(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 1.25)
            daemon.await_value(BTC, "delta", 1.25)
            code, out, _ = daemon.ctl("status", "--details")
            self.assertEqual(code, 0)
            for text in (BTC, "armed", "mm-1#4", "TLSv1.3", "maker-1: attached", "delta=1.25"):
                self.assertIn(text, out)

    def test_status_of_21_families_that_are_well_fits_one_screen_of_80_x_24(self):
        accounts = ("mm-1", "mm-2", "mm-3")
        families = [f"{a}/{f}-USD" for a in accounts for f in ("BTC", "ETH", "SOL", "XRP", "ADA", "TON", "LTC")]
        with Lab(accounts=accounts) as lab:
            daemon = lab.scramd(families=families).await_ready(15)
            maker = lab.source()
            for family in families:
                maker.publish(family, "delta", 24.123456789012345)
            daemon.await_value(families[-1], "delta", 24.123456789012345)
            code, out, _ = daemon.ctl("status")
            lines = out.splitlines()
            self.assertEqual(code, 0)
            self.assertLessEqual(len(lines), 23, out)  # and the next prompt
            self.assertLessEqual(max(map(len, lines)), 80, out)
            self.assertTrue(lines[0].startswith("ready: armed 21/21 families"), out)
            self.assertIn("delta: 24.1235 of 25 (96 %)", lines[-1])
            daemon.ctl("trip", "mm-2/SOL-USD", "--reason", "drill")
            lines = daemon.ctl("status")[1].splitlines()
            row = next(n for n, line in enumerate(lines) if line.startswith("FAMILY")) + 1
            self.assertRegex(lines[row], r"^mm-2/SOL-USD +confirmed +\d+\.\d s +trip 1: ")
            self.assertLessEqual(max(len(line) for line in daemon.ctl("latency")[1].splitlines()), 80)

    def test_ready_exits_0_when_a_breach_would_fire(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.assertEqual(daemon.ctl("ready")[:2], (0, "ready\n"))
            self.assertEqual(json.loads(daemon.ctl("ready", "--json")[1]), {"ready": True, "reason": "", "lacking": []})

    def test_a_refusal_exits_1_and_says_why(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            for command in (("trip", "mm-9"), ("rearm", "mm-9")):
                code, out, err = daemon.ctl(*command, "--reason", "x")
                self.assertEqual((code, out), (1, ""), command)
                self.assertIn("unknown target 'mm-9'", err)
                code, out, err = daemon.ctl(*command, "--reason", "x", "--json")
                self.assertEqual((code, json.loads(out)["ok"], err), (1, False, ""), command)

    def test_a_publish_that_is_refused_exits_1_and_says_why(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            cases = {("nobody", BTC, "delta"): "nobody", ("maker-1", "mm-1/DOGE-USD", "delta"): "mm-1/DOGE-USD",
                     ("maker-1", BTC, "gamma"): "gamma"}
            for (source, family, metric), told in cases.items():
                code, _, err = daemon.ctl("publish", source, family, metric, "1")
                self.assertEqual(code, 1, err)
                self.assertIn(told, err)
            self.assertEqual(daemon.family(BTC)["state"], "armed")

    def test_a_publish_as_a_source_that_is_attached_is_refused(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.source("maker-1")
            code, _, err = daemon.ctl("publish", "maker-1", BTC, "delta", "1")
            self.assertEqual(code, 1)
            self.assertIn("attached already", err)

    def test_an_empty_number_leaves_the_value_as_it_was(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.assertEqual(daemon.ctl("publish", "maker-1", BTC, "delta", "24.5")[0], 0)
            daemon.await_value(BTC, "delta", 24.5)
            code, _, err = daemon.ctl("publish", "maker-1", BTC, "delta", "")
            self.assertEqual(code, 2)
            self.assertIn("expected a number", err)
            daemon.await_value(BTC, "delta", 24.5)

    def test_wrong_usage_exits_2(self):
        with Lab() as lab:
            for command in ((), ("pull",), ("trip", "--reason", "x"), ("status", "--loud"),
                            ("trip", "all", "--wait", "-5"),
                            *(("publish", "maker-1", BTC, "delta", value) for value in ("many", "", " ", "1x")),
                            ("trip", "all", "--reason", "x", "--wait", ""), ("receipt", ""),
                            ("rearm", "all", "--trip", "", "--reason", "x")):
                done = subprocess.run([BIN / "scramctl", *command], capture_output=True, text=True,
                                      cwd=lab.folder)
                self.assertEqual(done.returncode, 2, command)
                self.assertNotEqual(done.stderr, "", command)

    def test_check_exits_0_for_a_good_config_and_prints_the_plan_of_fire(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            code, out, err = daemon.ctl("check", "--config", daemon.config)
            self.assertEqual((code, err), (0, ""))
            self.assertIn("2 families: 2 at 0 s", out)
            code, out, _ = daemon.ctl("check", "--config", daemon.config, "--json")
            self.assertTrue(json.loads(out)["ok"])

    def test_check_exits_3_for_a_wrong_config_and_names_every_error(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            wrong = lab.folder / "wrong.toml"
            wrong.write_text(lab.config().replace("port", "prt") + "nonsense = 1\n")
            code, _, err = daemon.ctl("check", "--config", wrong)
            self.assertEqual(code, 3)
            self.assertIn('"prt"', err)
            self.assertIn('"nonsense"', err)
            self.assertIn("wrong.toml:", err)
            code, out, _ = daemon.ctl("check", "--config", wrong, "--json")
            self.assertEqual((code, len(json.loads(out)["errors"])), (3, 2))

    def test_without_a_running_scramd_it_exits_4_and_names_the_socket(self):
        with Lab() as lab:
            for command in (("status",), ("ready",), ("watch",), ("trip", "all", "--reason", "x"),
                            ("rearm", "all", "--reason", "x"), ("publish", "maker-1", BTC, "delta", "1")):
                done = subprocess.run(ctl_command(lab.folder, *command), capture_output=True, text=True)
                self.assertEqual(done.returncode, 4, command)
                self.assertIn(str(lab.folder), done.stderr)

    def test_watch_outlives_a_restart_of_scramd(self):
        with Lab() as lab:
            daemon = lab.scramd(sources=("maker-1", "probe")).await_ready()
            watch = lab.watch(daemon)
            eventually(lambda: lab.source("probe").goodbye() or watch.seen, "the watcher is there")
            daemon.stop()
            watch.await_log("connecting again")
            again = lab.scramd(sources=("maker-1", "probe")).await_ready()
            watch.seen.clear()
            eventually(lambda: lab.source("probe").goodbye() or watch.seen, "the watcher is there again")
            again.ctl("trip", BTC)
            watch.wait("tripped", family=BTC)

    def test_watch_begins_with_the_state(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            daemon.ctl("trip", BTC, "--reason", "drill")
            with open(lab.folder / "watched", "w+") as out:
                watching = subprocess.Popen(ctl_command(lab.folder, "watch"), stdout=out)
                try:
                    eventually(lambda: "by operator" in (lab.folder / "watched").read_text(), "the state")
                finally:
                    watching.terminate()
                    watching.wait()
            told = (lab.folder / "watched").read_text()
            self.assertIn("ready: a breach fires at once", told)
            self.assertRegex(told, rf"{BTC} +trip 1, confirmed")

    def test_a_trip_without_a_reason_says_so_in_the_record(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.assertEqual(daemon.ctl("trip", BTC)[0], 0)
            self.assertIn(": none given", daemon.ctl("receipts")[1])

    def test_a_trip_that_the_exchange_refuses_tells_family_code_and_advice_at_once(self):
        with Lab(sim_accounts={"mm-1": "mmp = false"}) as lab:
            daemon = lab.scramd().await_ready()
            code, out, _ = daemon.ctl("trip", BTC, "--reason", "drill", "--wait", "600")
            self.assertEqual(code, 1)
            for text in ("cancels REFUSED by the exchange", f"{BTC}: REFUSED: code 51411 (",
                         "ask OKX for the privilege", "cancel them at OKX by hand"):
                self.assertIn(text, out)
            code, out, _ = daemon.ctl("ready")
            self.assertEqual(code, 1)
            self.assertIn(f"OKX refused to cancel {BTC}: code 51411 (", out)
            self.assertIn("ask OKX for the privilege", out)

    def test_a_trip_on_a_scramd_that_is_dead_or_hangs_names_scram_now(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            os.kill(daemon.process.pid, signal.SIGSTOP)
            code, _, err = daemon.ctl("trip", BTC)
            os.kill(daemon.process.pid, signal.SIGCONT)
            self.assertEqual(code, 4)
            self.assertIn(f"scram-now {BTC}", err)
            daemon.stop()
            code, _, err = daemon.ctl("trip", "all")
            self.assertEqual(code, 4)
            self.assertIn("scram-now all", err)

    def test_an_unknown_command_is_named_with_the_one_that_was_meant(self):
        done = subprocess.run([BIN / "scramctl", "statsu"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn('unknown command "statsu" (did you mean "status"?); commands: status, ', done.stderr)

    def test_an_output_that_cannot_be_written_is_no_success(self):
        with Lab() as lab, open("/dev/full", "w") as full:
            daemon = lab.scramd().await_ready()
            for command in (["status"], ["status", "--json"], ["receipts"], ["check", "--config", daemon.config]):
                done = subprocess.run(ctl_command(lab.folder, *command), stdout=full, stderr=subprocess.PIPE,
                                      text=True)
                self.assertEqual(done.returncode, 1, command)
                self.assertIn("could not be written", done.stderr)

    def test_check_names_what_no_rule_watches_what_is_void_and_what_is_missing(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("delta", "limit", metric="delta", beyond=25, families=[BTC])).await_ready()
            code, out, _ = daemon.ctl("check", "--config", daemon.config)
            self.assertEqual(code, 0)
            self.assertIn("warning: no rule on a value watches mm-1/ETH-USD", out)
            self.assertRegex(out, r"verdict: 0 errors, 1 warning\n$")
            self.assertIn("NOT WATCHED by any rule on a value: mm-1/ETH-USD\n", daemon.ctl("status")[1])
            wrong = lab.folder / "other" / "wrong.toml"
            wrong.parent.mkdir()
            wrong.write_text(lab.config(more='[rights]\ntrip = ["user:no-such-user"]\n'))
            code, out, _ = daemon.ctl("check", "--config", wrong)
            self.assertEqual(code, 3)
            self.assertIn("this machine knows no such user", out)
            self.assertIn("put it at /etc/scramd/credentials/mm-1.credentials", out)
            self.assertRegex(out, r"verdict: 2 errors, 0 warnings\n$")
            code, out, _ = daemon.ctl("check", "--config", wrong, "--json")
            self.assertEqual((code, len(json.loads(out)["errors"])), (3, 2))

    def test_help_and_version_exit_0(self):
        for option in ("--help", "--version"):
            done = subprocess.run([BIN / "scramctl", option], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^\d+\.\d+\.\d+(\+\d+\.g[0-9a-f]+(\.modified)?)?\nOpenSSL \d[^\n]*\n"
                                      r"Boost \d[^\n]*\nsimdjson \d[^\n]*\n$")
