"""scramctl: what it prints, and its exit codes."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from lab import BIN, Lab, ctl_command, eventually, rule

BTC = "mm-1/BTC-USD"


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

    def test_every_time_says_its_zone_wherever_it_is_read(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            daemon.ctl("trip", BTC, "--reason", "zones")
            told = {}
            for command in (["status"], ["status", "--details"], ["receipts"], ["receipt", "1"], ["latency"],
                            ["journal", "--directory", lab.folder / "journal"]):
                code, out, error = daemon.ctl(*command, env={**os.environ, "TZ": "America/New_York"})
                self.assertEqual(code, 0, error)
                without = re.findall(r"\d\d:\d\d:\d\d(?:\.\d+)?(?! UTC|\d|\.\d|Z)", out)
                told[command[0]] = told.get(command[0], []) + without
                self.assertTrue(command[0] in ("status", "latency") or re.search(r"\d\d:\d\d:\d\d", out), (command, out))
            self.assertEqual({command: times for command, times in told.items() if times}, {})

    def test_status_of_21_families_that_are_well_fits_one_screen_of_80_x_24(self):
        accounts = ("mm-1", "mm-2", "mm-3")
        families = [f"{a}/{f}-USD" for a in accounts for f in ("BTC", "ETH", "SOL", "XRP", "ADA", "TON", "LTC")]
        with Lab(accounts=accounts, families=[family.split("/")[1] for family in families[:7]]) as lab:
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
            self.assertRegex(lines[row], r"^mm-2/SOL-USD +verified +\d+\.\d s +trip 1: ")
            self.assertLessEqual(max(len(line) for line in daemon.ctl("latency")[1].splitlines()), 80)

    def test_ready_exits_0_when_a_breach_would_fire(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.assertEqual(daemon.ctl("ready")[:2], (0, "ready\n"))
            self.assertEqual(json.loads(daemon.ctl("ready", "--json")[1]), {"ready": True, "reason": "", "not_ready_reasons": []})

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

    def test_a_number_that_is_none_of_those_accepted_is_named_with_those(self):
        for command, told in ((("trip", "all", "--wait", "-5"), '--wait: expected seconds from 0 (do not wait) to 86400 (a day), got "-5"'),
                              (("trip", "all", "--wait", "86401"), 'got "86401"'),
                              (("rearm", "all", "--trip", "-3", "--reason", "x"), '--trip: expected the id of a trip'),
                              (("receipt", "-3"), 'expected the id of a trip')):
            done = subprocess.run([BIN / "scramctl", *command], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, command)
            self.assertIn(told, done.stderr)

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
            self.assertRegex(told, rf"{BTC} +trip 1, (accepted|verified)")

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

    def test_a_trip_whose_scramd_ends_while_it_waits_says_what_it_knows_and_names_scram_now(self):
        with Lab() as lab:
            lab.sim.fault("result_false", count=-1)
            daemon = lab.scramd().await_ready()
            pulling = subprocess.Popen(ctl_command(lab.folder, "trip", BTC, "--wait", "600"), stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            daemon.await_log("attempt=2")
            daemon.stop()
            out, err = pulling.communicate()
            self.assertEqual(pulling.returncode, 4, err)
            self.assertIn("trip 1: 1 families, cancels NOT accepted yet", out)
            self.assertIn(f"scram-now {BTC}", err)

    def test_what_is_no_answer_of_scramd_exits_4(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/control.sock"
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(path)
                other.listen()
                asking = subprocess.Popen([BIN / "scramctl", "status", "--socket", path], stderr=subprocess.PIPE, text=True)
                peer, _ = other.accept()
                with peer:
                    peer.sendall(b"HTTP/1.1 400 Bad Request\r\n")
                    _, err = asking.communicate()
            self.assertEqual(asking.returncode, 4, err)
            self.assertIn("is no scramd", err)

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
