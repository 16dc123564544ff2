"""scram-now cancels by itself, whatever has become of scramd."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from lab import BIN, Lab, Process, eventually, free_port, pki, write_credentials
from tls_test import Recorder, pin_of
from waiting import PATIENCE

NAMES = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "EOS", "TRX", "BCH", "ETC"]
QUICK = "[timings]\nretry_first_ms = 20\nretry_max_ms = 200\nretry_refused_ms = 100\nanswer_timeout_ms = 300\n"


def families(count, account="mm-1"):
    return [f"{account}/{name}-USD" for name in NAMES[:count]]


class Done:
    """What one run of scram-now came to."""

    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr
        self.lines = self.out.splitlines()

    def confirmed(self):
        return [line.split()[0] for line in self.lines if line.split()[1] == "confirmed:"]

    def __str__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


class NowLab(Lab):
    """An exchange with quotes, and a config for scram-now; scramd only if a test starts it."""

    def __init__(self, count=2, names=None, more=QUICK, **options):
        self.names = families(count) if names is None else names
        self.config_keys = {"families": self.names, "more": more}
        super().__init__(**options)

    def __enter__(self):
        for name in self.names:
            account, family = name.split("/")
            self.sim.quote(family, 4, account=account)
        for name in self.accounts:
            write_credentials(self.folder, name)
        return self

    def write_config(self, **keys):
        path = self.folder / "now.toml"
        path.write_text(self.config(**{**self.config_keys, **keys}))
        return path

    def command(self, *arguments, **keys):
        return [str(a) for a in (BIN / "scram-now", "--config", self.write_config(**keys), *arguments)]

    def now(self, *arguments, inside=(), env=None, **keys):
        return Done(subprocess.run([*inside, *self.command(*arguments, **keys)], capture_output=True, text=True,
                                   timeout=50 * PATIENCE, env={**os.environ, **(env or {})}))

    def now_until(self, told, *arguments, env=None, **keys):
        """Told to end once it has said so."""
        command = self.command(*arguments, **keys)
        process = self.add(Process(command, self.folder / "now.log", stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, **(env or {})}))
        process.await_log(told)
        process.process.send_signal(signal.SIGTERM)
        out, _ = process.process.communicate(timeout=20 * PATIENCE)
        return Done(subprocess.CompletedProcess(command, process.process.returncode, out, process.log()))

    def resting(self):
        accounts = self.sim.state()["accounts"]
        return {f"{account}/{family}": book["mmp"] for account, its in accounts.items()
                for family, book in its["families"].items() if book["mmp"]}

    def requests(self, account="mm-1"):
        return self.sim.cancels(account)["requests"]


class Case(unittest.TestCase):
    def all_confirmed(self, lab, done, names=None):
        names = lab.names if names is None else names
        self.assertEqual(done.code, 0, done)
        self.assertEqual(sorted(done.confirmed()), sorted(names), done)
        self.assertFalse(set(names) & set(lab.resting()), lab.resting())

    def arrived(self, lab, account="mm-1"):
        """Instrument families in the order in which the exchange confirmed them, and when, in seconds."""
        log = [r for r in lab.sim.cancels(account)["log"] if r["code"] == "0"]
        return [(r["instFamily"], (r["mono_ns"] - log[0]["mono_ns"]) / 1e9) for r in log]


class Targets(Case):
    def test_all_cancels_every_family_and_says_what_is_to_be_done_next(self):
        with NowLab() as lab:
            done = lab.now("all")
            self.all_confirmed(lab, done)
            self.assertIn("http 200, code 0", done.lines[0])
            first, last = done.err.splitlines()
            self.assertIn("makers are not halted and nothing is latched", first)
            self.assertIn("next: stop the makers", last)

    def test_a_family_is_cancelled_alone(self):
        with NowLab() as lab:
            self.all_confirmed(lab, lab.now("mm-1/ETH-USD"), ["mm-1/ETH-USD"])
            self.assertEqual(lab.resting(), {"mm-1/BTC-USD": 4})
            self.assertEqual(lab.requests(), 1)

    def test_targets_that_overlap_are_cancelled_once(self):
        with NowLab() as lab:
            self.all_confirmed(lab, lab.now("mm-1/ETH-USD", "mm-1", "all"))
            self.assertEqual(lab.requests(), 2)

    def test_an_account_is_cancelled_alone(self):
        with NowLab(names=families(2) + families(2, "mm-2"), accounts=("mm-1", "mm-2")) as lab:
            self.all_confirmed(lab, lab.now("mm-2"), families(2, "mm-2"))
            self.assertEqual(set(lab.resting()), set(families(2)))

    def test_two_accounts_are_cancelled_in_parallel(self):
        with NowLab(names=families(5) + families(5, "mm-2"), accounts=("mm-1", "mm-2")) as lab:
            self.all_confirmed(lab, lab.now("all"))
            for account in lab.accounts:
                self.assertLess(self.arrived(lab, account)[-1][1], 2.0)

    def test_an_unknown_target_is_wrong_usage_and_the_known_ones_are_named(self):
        with NowLab() as lab:
            done = lab.now("mm-1/BTC-USD", "mm-1/XXX")
            self.assertEqual(done.code, 2)
            self.assertIn("unknown target 'mm-1/XXX'; known: all, mm-1, mm-1/BTC-USD, mm-1/ETH-USD", done.err)
            self.assertEqual(lab.requests(), 0)

    def test_no_target_is_wrong_usage(self):
        with NowLab() as lab:
            self.assertEqual(lab.now().code, 2)

    def test_the_lock_is_the_familys_or_the_one_asked_for(self):
        with NowLab(1) as lab:
            self.all_confirmed(lab, lab.now("all", family_keys="lock_ms = 7000"))
            self.assertGreater(lab.sim.family("BTC-USD")["lock_left_ms"], 0)
        with NowLab(1) as lab:
            self.all_confirmed(lab, lab.now("all", "--lock-ms", 0))
            self.assertEqual(lab.sim.family("BTC-USD")["lock_left_ms"], 0)

    def test_plain_orders_stay(self):
        with NowLab(1) as lab:
            lab.sim.quote("BTC-USD", 3, kind="limit")
            self.all_confirmed(lab, lab.now("all"))
            self.assertEqual(lab.sim.family("BTC-USD")["plain"], 3)


class TheDaemon(Case):
    """scram-now needs nothing of it, and takes nothing from it."""

    def test_a_healthy_daemon_stays_as_it_was(self):
        with NowLab() as lab:
            daemon = lab.scramd(families=lab.names).await_ready()
            self.all_confirmed(lab, lab.now("all"))
            self.assertEqual({f["state"] for f in daemon.status()["families"]}, {"armed"})
            daemon.await_ready()

    def test_a_stopped_daemon_is_done_without(self):
        with NowLab() as lab:
            daemon = lab.scramd(families=lab.names).await_ready()
            daemon.process.send_signal(signal.SIGSTOP)
            try:
                self.all_confirmed(lab, lab.now("all"))
            finally:
                daemon.process.send_signal(signal.SIGCONT)
            daemon.await_ready()

    def test_a_daemon_that_hangs_in_a_trip_is_done_without(self):
        with NowLab() as lab:
            daemon = lab.scramd(families=lab.names).await_ready()
            lab.sim.fault("silent", count=2)
            self.assertEqual(daemon.ctl("trip", "all", "--reason", "drill", "--wait", "0")[0], 0)
            eventually(lambda: lab.requests() >= 2, "the trip is on its way")
            daemon.process.send_signal(signal.SIGSTOP)
            self.all_confirmed(lab, lab.now("all"))
            daemon.stop(signal.SIGKILL)  # as its watchdog would; going on, it would spend the same five

    def test_a_daemon_that_never_was_is_done_without(self):
        with NowLab() as lab:
            self.all_confirmed(lab, lab.now("all"))
            self.assertFalse((lab.folder / "journal").exists())

    def test_a_dead_daemon_whose_state_and_sockets_are_destroyed_is_done_without(self):
        with NowLab() as lab:
            daemon = lab.scramd(families=lab.names).await_ready()
            daemon.stop(signal.SIGKILL)
            shutil.rmtree(lab.folder / "journal")
            for name in ("signals.sock", "control.sock"):
                (lab.folder / name).unlink()
            self.all_confirmed(lab, lab.now("all"))

    def test_it_writes_no_file(self):
        with NowLab() as lab:
            lab.write_config()
            before = {path: path.stat().st_mtime_ns for path in lab.folder.iterdir() if path.name != "now.toml"}
            self.all_confirmed(lab, lab.now("all"))
            after = {path: path.stat().st_mtime_ns for path in lab.folder.iterdir() if path.name != "now.toml"}
            self.assertEqual(before, after)


class Budget(Case):
    """Lab checks at its end that no window held more than five."""

    def shows_rounds_of_five(self, count, *sim):
        with NowLab(count, sim=sim) as lab:
            self.all_confirmed(lab, lab.now("all"))
            came = self.arrived(lab)
            wanted = [name.split("/")[1] for name in lab.names]
            for begin in range(0, count, 5):
                self.assertEqual({family for family, _ in came[begin:begin + 5]}, set(wanted[begin:begin + 5]))
            for number in range(5, count):
                self.assertGreaterEqual(came[number][1] - came[number - 5][1], 2.0)
            self.assertLess(came[min(4, count - 1)][1], 2.0)
            self.assertEqual(lab.requests(), count)

    def test_six_families_leave_as_five_at_once_and_one_after_the_window(self):
        self.shows_rounds_of_five(6)

    def test_six_families_leave_so_for_an_exchange_with_fixed_windows(self):
        self.shows_rounds_of_five(6, "--window", "fixed")

    def test_eleven_families_leave_in_three_rounds_in_the_order_of_the_config(self):
        self.shows_rounds_of_five(11)

    def test_a_share_of_one_sends_one_after_the_other(self):
        with NowLab(3) as lab:
            self.all_confirmed(lab, lab.now("all", account_keys="budget = { share = 1 }"))
            self.assertEqual([family for family, _ in self.arrived(lab)], ["BTC-USD", "ETH-USD", "SOL-USD"])
            self.assertEqual(lab.sim.cancels()["window_max_sliding"], 1)

    def test_lost_answers_keep_their_slots_until_nothing_can_be_under_way(self):
        with NowLab(5) as lab:
            lab.sim.fault("silent", count=5)
            self.all_confirmed(lab, lab.now("all"))
            self.assertEqual(lab.requests(), 10)

    def test_failures_are_tried_again_within_the_budget(self):
        with NowLab(4) as lab:
            lab.sim.fault("unavailable503", count=8)
            self.all_confirmed(lab, lab.now("all"))
            self.assertEqual(lab.requests(), 12)


class Answers(Case):
    """Filled below: one test for each fault that it recovers from."""

    def recovers(self, fault, requests, told):
        with NowLab(1) as lab:
            lab.sim.fault(**fault)
            done = lab.now("all")
            self.assertEqual((done.code, done.confirmed()), (0, lab.names), done)
            self.assertEqual(lab.requests(), requests)
            self.assertIn(told, done.err + done.out)
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 4 if fault["kind"] == "nothing_left" else 0)


# name: fault, requests that the exchange counts, what is told
RECOVERED = {
    "a_rate_limit_50011_is_tried_again":
        ({"kind": "limited429"}, 2, "not yet: throttled, http 429, code 50011: over the rate limit"),
    "service_unavailable_503_is_tried_again": ({"kind": "unavailable503"}, 2, "not yet: failed, http 503"),
    "result_false_is_tried_again": ({"kind": "result_false"}, 2, "not yet: failed, http 200, code 0"),
    "an_HTML_page_is_tried_again": ({"kind": "html"}, 2, "not yet: failed, http 403, without a code"),
    "garbage_is_tried_again": ({"kind": "garbage"}, 2, "not yet: failed, http 200, without a code"),
    "half_an_answer_is_tried_again": ({"kind": "half_body"}, 2, "not yet: the peer closed"),
    "a_dropped_connection_is_tried_again": ({"kind": "reset_done"}, 2, "not yet: "),
    "silence_is_tried_again": ({"kind": "silent"}, 2, "not yet: no answer in time"),
    "an_endless_body_is_tried_again": ({"kind": "long"}, 2, "not yet: the answer's body is over"),
    "an_answer_in_chunks_confirms": ({"kind": "chunked"}, 1, "confirmed"),
    "an_answer_that_closes_confirms": ({"kind": "close"}, 1, "confirmed"),
    "an_interim_answer_is_passed_over": ({"kind": "continue100"}, 1, "confirmed"),
    "nothing_left_to_cancel_confirms": ({"kind": "nothing_left"}, 1, "confirmed: http 200, code 51405: there was no order"),
    "a_refusal_that_ends_is_tried_again": ({"kind": "code", "code": "50113", "count": 2}, 3, "not yet: refused"),
}


def test_of(arguments):
    return lambda self: self.recovers(*arguments)


for name, arguments in RECOVERED.items():
    setattr(Answers, f"test_{name}", test_of(arguments))


class Clock(Case):
    def test_a_clock_an_hour_off_costs_no_request(self):
        with NowLab() as lab:
            lab.sim.clock(-3_600_000)
            self.all_confirmed(lab, lab.now("all"))
            self.assertEqual(lab.requests(), 2)

    def test_without_the_exchanges_time_the_local_clock_signs(self):
        with NowLab() as lab:
            lab.sim.fault("html", on="time", count=-1)
            done = lab.now("all")
            self.all_confirmed(lab, done)
            self.assertIn("signed by the local clock", done.err)

    def test_a_time_that_never_comes_holds_nothing_up(self):
        with NowLab() as lab:
            lab.sim.fault("silent", on="time", count=-1)
            self.all_confirmed(lab, lab.now("all"))

    def test_a_wrong_clock_without_the_exchanges_time_asks_again_when_it_is_refused(self):
        with NowLab() as lab:
            lab.sim.clock(60_000)
            lab.sim.fault("html", on="time")
            done = lab.now("all")
            self.all_confirmed(lab, done)
            self.assertIn("not yet: clock, http 401, code 50102", done.err)


class NotConfirmed(Case):
    def test_time_is_up_and_who_is_missing_is_named(self):
        with NowLab() as lab:
            lab.sim.fault("code", code="50113", count=-1, account="mm-1")
            done = lab.now("all", "--for", 2 * PATIENCE)
            self.assertEqual(done.code, 1, done)
            self.assertIn("2 of 2 NOT CONFIRMED: mm-1/BTC-USD, mm-1/ETH-USD", done.err)
            self.assertEqual([line.split(":")[0] for line in done.lines],
                             [f"{name} NOT CONFIRMED" for name in lab.names])
            self.assertIn("the signature is invalid", done.lines[0])
            self.assertEqual(set(lab.resting()), set(lab.names))

    def ended_by(self, number):
        with NowLab() as lab:
            lab.sim.fault("silent", count=-1)
            process = lab.add(Process(lab.command("all", more=""), lab.folder / "now.log",
                                      stdout=subprocess.PIPE, text=True))
            eventually(lambda: lab.requests() >= 2, "both are on their way")
            process.process.send_signal(number)
            self.assertEqual(process.ended(), 1)
            self.assertIn("2 of 2 NOT CONFIRMED: mm-1/BTC-USD, mm-1/ETH-USD", process.log())
            process.stop()

    def test_an_interrupt_ends_it_and_names_who_is_missing(self):
        self.ended_by(signal.SIGINT)

    def test_SIGTERM_ends_it_and_names_who_is_missing(self):
        self.ended_by(signal.SIGTERM)

    def test_a_terminal_that_hangs_up_does_not_end_it(self):
        with NowLab(1) as lab:
            lab.sim.fault("silent", count=1)
            process = lab.add(Process(lab.command("all"), lab.folder / "now.log", stdout=subprocess.PIPE, text=True))
            eventually(lambda: lab.requests() >= 1, "it is on its way")
            process.process.send_signal(signal.SIGHUP)
            process.process.stdout.close()
            self.assertEqual(process.ended(), 0)
            self.assertEqual(lab.resting(), {})

    def test_an_exchange_that_is_not_there_is_named(self):
        with NowLab() as lab:
            done = lab.now_until("Connection refused", "all", port=free_port())
            self.assertEqual(done.code, 1)
            self.assertIn("nothing was sent", done.lines[0])

    def test_an_exchange_that_comes_back_is_found(self):
        with NowLab() as lab:
            lab.sim.stop(signal.SIGKILL)
            process = lab.add(Process(lab.command("all"), lab.folder / "now.log", stdout=subprocess.DEVNULL))
            process.await_log("Connection refused")
            lab.restart_sim()
            self.assertEqual(process.ended(), 0)

    def test_a_name_without_an_address_is_told(self):
        with NowLab() as lab:
            done = lab.now_until("the name cannot be resolved", "all", host="exchange.invalid")
            self.assertEqual(done.code, 1)


class Peers(Case):
    def refused(self, told, cert="server", **keys):
        with NowLab() as lab, Recorder(cert) as server:
            done = lab.now_until(told, "all", port=server.port, **keys)
            self.assertEqual(done.code, 1, done)
            self.assertGreater(server.connections, 0)
            self.assertEqual(server.received, [])

    def test_a_certificate_for_another_name_is_refused_and_sent_nothing(self):
        self.refused("certificate is for another name (expected localhost)", "wrong_name")

    def test_an_unknown_authority_is_refused_and_sent_nothing(self):
        self.refused("unknown certificate authority", "other_server")

    def test_a_key_that_is_not_pinned_is_refused_and_sent_nothing(self):
        self.refused("pinned key", exchange=f'pins = ["{pin_of("other_server")}"]')

    def test_an_authority_file_that_is_gone_is_told_and_trusts_nobody_more(self):
        with NowLab() as lab:
            done = lab.now_until("unknown certificate authority", "all", ca_file="/nowhere/ca.pem")
            self.assertEqual(done.code, 1, done)
            self.assertIn("/nowhere/ca.pem", done.err)
            self.assertEqual(lab.requests(), 0)

    def test_TLS_1_2_will_do(self):
        with NowLab(sim=("--tls-max", "1.2")) as lab:
            self.all_confirmed(lab, lab.now("all"))

    def test_a_first_address_that_says_nothing_holds_up_only_who_began_with_it(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give localhost two addresses")
        with NowLab(1) as lab, socket_of_its_own("127.0.0.2", lab.sim.port):
            hosts = lab.folder / "hosts"
            hosts.write_text("127.0.0.2 localhost\n127.0.0.1 localhost\n")
            inside = ("unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh")
            done = lab.now("--check", "all", inside=inside, exchange="connect_timeout_ms = 300")
            if "mount:" in done.err:
                self.skipTest("no right to mount")
            self.assertIn("localhost (127.0.0.2:", done.err)
            self.assertEqual(done.code, 0, done)
            self.all_confirmed(lab, lab.now("all", inside=inside))


def socket_of_its_own(address, port):
    """Takes connections and never says a word."""
    import socket
    return socket.create_server((address, port))


class Check(Case):
    def test_it_rehearses_everything_but_the_cancel(self):
        with NowLab(6) as lab:
            done = lab.now("--check", "all")
            self.assertEqual(done.code, 0, done)
            self.assertRegex(done.lines[0], r"127\.0\.0\.1:\d+ is localhost: TLSv1\.3 \S+, verified; its clock is -?\d+ ms")
            self.assertEqual([line.split(",")[0] for line in done.lines[1:]],
                             [f"{n} would be cancelled at {at} s" for n, at in
                              zip(lab.names, ["0.000"] * 5 + ["2.005"])])
            self.assertEqual(lab.requests(), 0)
            self.assertEqual(lab.sim.state()["accounts"]["mm-1"]["families"]["BTC-USD"]["mmp"], 4)

    def test_it_tells_programs_the_same(self):
        with NowLab(1) as lab:
            lab.sim.clock(5000)
            told = [json.loads(line) for line in lab.now("--check", "--json", "all").lines]
            self.assertAlmostEqual(told[0]["clock_ahead_ms"], 5000, delta=1000)
            self.assertEqual(told[1], {"family": "mm-1/BTC-USD", "at_ms": 0, "lock_ms": 10000})

    def test_it_fails_for_a_peer_that_cannot_be_verified(self):
        with NowLab(cert="expired") as lab:
            done = lab.now("--check", "all")
            self.assertEqual(done.code, 1)
            self.assertIn("certificate expired", done.err)

    def test_it_fails_without_credentials(self):
        with NowLab() as lab:
            (lab.folder / "mm-1.credentials").unlink()
            self.assertEqual(lab.now("--check", "all").code, 3)


class Programs(Case):
    def test_a_reader_that_takes_nothing_holds_up_no_cancel(self):
        with NowLab() as lab:
            out, into = os.pipe()
            os.set_blocking(into, False)
            try:
                while True:
                    os.write(into, b"x" * 4096)
            except BlockingIOError:
                os.set_blocking(into, True)
            process = lab.add(Process(lab.command("all"), lab.folder / "now.log", stdout=into))
            os.close(into)
            eventually(lambda: not lab.resting(), "all is cancelled")
            self.assertIsNone(process.process.poll())
            with os.fdopen(out, "rb") as reader:
                self.assertEqual(reader.read().decode().count(" confirmed: "), 2)
            self.assertEqual(process.ended(), 0)

    def test_one_object_a_line(self):
        with NowLab() as lab:
            lab.sim.fault("code", code="51410")
            told = [json.loads(line) for line in lab.now("--json", "all").lines]
            self.assertEqual({t["family"] for t in told}, set(lab.names))
            self.assertEqual({(t["confirmed"], t["class"], t["http"], t["code"], t["why"]) for t in told},
                             {(True, "confirmed", 200, "0", "")})
            self.assertEqual(sorted(t["requests"] for t in told), [1, 2])

    def test_who_is_not_confirmed_has_a_reason(self):
        with NowLab(1) as lab:
            lab.sim.fault("code", code="50120", count=-1)
            told = [json.loads(line) for line in lab.now("--json", "all", "--for", 2 * PATIENCE).lines]
            self.assertEqual(len(told), 1)
            self.assertEqual((told[0]["confirmed"], told[0]["class"], told[0]["code"]), (False, "refused", "50120"))
            self.assertIn("lacks the permission to trade", told[0]["why"])


class Config(Case):
    def test_a_file_that_is_no_TOML_names_the_place(self):
        with NowLab() as lab:
            done = lab.now("all", rules="[[rule\n")
            self.assertEqual(done.code, 3)
            self.assertIn("now.toml:", done.err)
            self.assertEqual(lab.requests(), 0)

    def test_every_error_in_what_a_cancel_needs_is_told(self):
        with NowLab() as lab:
            done = lab.now("all", exchange="prot = 1", family_keys="lock_ms = -1")
            self.assertEqual(done.code, 3)
            self.assertIn("prot", done.err)
            self.assertIn("lock_ms", done.err)

    def test_a_file_that_is_not_there_is_named(self):
        with NowLab() as lab:
            done = Done(subprocess.run([BIN / "scram-now", "--config", lab.folder / "none.toml", "all"],
                                       capture_output=True, text=True))
            self.assertEqual(done.code, 3)
            self.assertIn("none.toml: cannot be read", done.err)

    def test_a_bad_rule_is_told_and_stops_no_kill(self):
        with NowLab() as lab:
            done = lab.now("all", rules='[[rule]]\nname = "x"\nkind = "limits"\n')
            self.all_confirmed(lab, done)
            self.assertIn("a cancel does not need what is wrong here: ", done.err)
            self.assertIn('kind', done.err)

    def test_bad_timings_are_told_and_stop_no_kill(self):
        with NowLab() as lab:
            done = lab.now("all", more="[timings]\nretry_first_ms = 0\n")
            self.all_confirmed(lab, done)
            self.assertIn("retry_first_ms", done.err)


class Secrets(Case):
    def test_without_credentials_it_cannot(self):
        with NowLab() as lab:
            (lab.folder / "mm-1.credentials").unlink()
            done = lab.now("all")
            self.assertEqual(done.code, 3)
            self.assertIn("mm-1.credentials", done.err)
            self.assertIn("2 of 2 NOT CONFIRMED", done.err)

    def test_one_account_without_credentials_stops_no_other(self):
        with NowLab(names=families(1) + families(1, "mm-2"), accounts=("mm-1", "mm-2")) as lab:
            (lab.folder / "mm-1.credentials").chmod(0o644)
            done = lab.now("all")
            self.assertEqual((done.code, done.confirmed()), (1, ["mm-2/BTC-USD"]), done)
            self.assertIn("1 of 2 NOT CONFIRMED: mm-1/BTC-USD", done.err)
            self.assertIn("chmod 0600", done.err)

    def test_credentials_come_from_the_service_managers_folder(self):
        with NowLab() as lab:
            folder = lab.folder / "credentials"
            folder.mkdir(mode=0o700)
            write_credentials(folder, "mm-1", mode=0o440)
            (lab.folder / "mm-1.credentials").unlink()
            self.all_confirmed(lab, lab.now("all", env={"CREDENTIALS_DIRECTORY": str(folder)}))

    def test_it_needs_no_root(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        with NowLab() as lab, tempfile.TemporaryDirectory(prefix="scram-") as home:
            folder = pathlib.Path(home)
            shutil.copy(pki() / "ca.pem", folder / "ca.pem")
            shutil.copy(lab.write_config(ca_file=folder / "ca.pem"), folder / "now.toml")
            shutil.copy(BIN / "scram-now", folder / "scram-now")
            write_credentials(folder, "mm-1")
            subprocess.run(["chown", "-R", "nobody", folder], check=True)
            done = Done(subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", folder / "scram-now",
                                        "--config", folder / "now.toml", "all"], capture_output=True, text=True))
            self.all_confirmed(lab, done)

    def test_no_secret_is_told_nor_dumped(self):
        with NowLab() as lab:
            lab.sim.fault("silent", count=-1)
            process = lab.add(Process(lab.command("all", more=""), lab.folder / "now.log", stdout=subprocess.PIPE,
                                      text=True))
            eventually(lambda: lab.requests() >= 1, "it is on its way")
            of_process = pathlib.Path(f"/proc/{process.process.pid}")
            self.assertEqual((of_process / "environ").stat().st_uid, 0)  # what is not dumpable belongs to root
            self.assertIn("Max core file size        0                    0", (of_process / "limits").read_text())
            self.assertNotIn("fake", (of_process / "cmdline").read_text())
            process.process.send_signal(signal.SIGTERM)
            out = process.process.stdout.read()
            process.stop()
            for secret in ("fake-secret-mm-1", "fake-pass-mm-1", "fake-key-mm-1"):
                self.assertNotIn(secret, out + process.log())
