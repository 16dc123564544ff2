"""scram-now cancels by itself, whatever has become of scramd."""
import shutil
import signal
import subprocess
import time

from lab import Process, eventually
from now_lab import Case, NowLab, families


class Targets(Case):
    def test_all_cancels_every_family_and_says_what_is_to_be_done_next(self):
        with NowLab() as lab:
            done = lab.now("all")
            self.all_cancelled(lab, done)
            self.assertIn("http 200, code 0", done.lines[0])
            first, last = done.err.splitlines()
            self.assertIn("makers are not halted and nothing is latched", first)
            self.assertIn("next: stop the makers", last)

    def test_a_family_is_cancelled_alone(self):
        with NowLab() as lab:
            self.all_cancelled(lab, lab.now("mm-1/ETH-USD"), ["mm-1/ETH-USD"])
            self.assertEqual(lab.resting(), {"mm-1/BTC-USD": 4})
            self.assertEqual(lab.requests(), 1)

    def test_targets_that_overlap_are_cancelled_once(self):
        with NowLab() as lab:
            self.all_cancelled(lab, lab.now("mm-1/ETH-USD", "mm-1", "all"))
            self.assertEqual(lab.requests(), 2)

    def test_an_account_is_cancelled_alone(self):
        with NowLab(names=families(2) + families(2, "mm-2"), accounts=("mm-1", "mm-2")) as lab:
            self.all_cancelled(lab, lab.now("mm-2"), families(2, "mm-2"))
            self.assertEqual(set(lab.resting()), set(families(2)))

    def test_two_accounts_are_cancelled_in_parallel(self):
        with NowLab(names=families(5) + families(5, "mm-2"), accounts=("mm-1", "mm-2")) as lab:
            self.all_cancelled(lab, lab.now("all"))
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
            self.all_cancelled(lab, lab.now("all", family_keys="lock_ms = 7000"))
            self.assertGreater(lab.sim.family("BTC-USD")["lock_left_ms"], 0)
        with NowLab(1) as lab:
            self.all_cancelled(lab, lab.now("all", "--lock-ms", 0))
            self.assertEqual(lab.sim.family("BTC-USD")["lock_left_ms"], 0)

    def test_plain_orders_stay(self):
        with NowLab(1) as lab:
            lab.sim.quote("BTC-USD", 3, kind="limit")
            self.all_cancelled(lab, lab.now("all"))
            self.assertEqual(lab.sim.family("BTC-USD")["plain"], 3)


class TheDaemon(Case):
    """scram-now needs nothing of it, and takes nothing from it."""

    def test_a_healthy_daemon_stays_as_it_was(self):
        with NowLab() as lab:
            daemon = lab.scramd(families=lab.names).await_ready()
            self.all_cancelled(lab, lab.now("all"))
            self.assertEqual({f["state"] for f in daemon.status()["families"]}, {"armed"})
            daemon.await_ready()

    def test_a_stopped_daemon_is_done_without(self):
        with NowLab() as lab:
            daemon = lab.scramd(families=lab.names).await_ready()
            daemon.process.send_signal(signal.SIGSTOP)
            try:
                self.all_cancelled(lab, lab.now("all"))
            finally:
                daemon.process.send_signal(signal.SIGCONT)
            daemon.await_ready()

    def test_a_daemon_that_hangs_in_a_trip_is_done_without(self):
        with NowLab() as lab:
            # Stopped before it tries again, on a slow machine too: with what it sends more the five would be spent.
            patient = "[timings]\nanswer_timeout_ms = 60000\nhedge_min_ms = 60000\n"
            daemon = lab.scramd(families=lab.names, more=patient).await_ready()
            lab.sim.fault("silent", count=2)
            self.assertEqual(daemon.ctl("trip", "all", "--reason", "drill", "--wait", "0")[0], 0)
            eventually(lambda: lab.requests() >= 2, "the trip is on its way")
            daemon.process.send_signal(signal.SIGSTOP)
            self.all_cancelled(lab, lab.now("all"))
            daemon.stop(signal.SIGKILL)  # as its watchdog would; going on, it would spend the same five

    def test_a_daemon_that_never_was_is_done_without(self):
        with NowLab() as lab:
            self.all_cancelled(lab, lab.now("all"))
            self.assertFalse((lab.folder / "journal").exists())

    def test_a_dead_daemon_whose_state_and_sockets_are_destroyed_is_done_without(self):
        with NowLab() as lab:
            daemon = lab.scramd(families=lab.names).await_ready()
            daemon.stop(signal.SIGKILL)
            shutil.rmtree(lab.folder / "journal")
            for name in ("signals.sock", "control.sock"):
                (lab.folder / name).unlink()
            self.all_cancelled(lab, lab.now("all"))

    def test_it_writes_no_file(self):
        with NowLab() as lab:
            lab.write_config()
            before = {path: path.stat().st_mtime_ns for path in lab.folder.iterdir() if path.name != "now.toml"}
            self.all_cancelled(lab, lab.now("all"))
            after = {path: path.stat().st_mtime_ns for path in lab.folder.iterdir() if path.name != "now.toml"}
            self.assertEqual(before, after)


class Budget(Case):
    """Lab checks at its end that no window held more than five."""

    def shows_rounds_of_five(self, count, *sim):
        with NowLab(count, sim=sim) as lab:
            self.all_cancelled(lab, lab.now("all"))
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
            self.all_cancelled(lab, lab.now("all", account_keys="budget = { share = 1 }"))
            self.assertEqual([family for family, _ in self.arrived(lab)], ["BTC-USD", "ETH-USD", "SOL-USD"])
            self.assertEqual(lab.sim.cancels()["window_max_sliding"], 1)

    def test_lost_answers_keep_their_slots_until_nothing_can_be_under_way(self):
        with NowLab(5) as lab:
            lab.sim.fault("silent", count=5)
            self.all_cancelled(lab, lab.now("all"))
            self.assertEqual(lab.requests(), 10)

    def test_requests_that_an_exchange_finds_when_it_goes_on_count_however_long_it_stood_still(self):
        with NowLab(10) as lab:
            now = lab.add(Process(lab.command("all"), lab.folder / "now.log", stdout=subprocess.PIPE, text=True))
            for _ in range(5):
                self.assertIn(" accepted: ", now.process.stdout.readline())
            time.sleep(1.5)  # each connection has been rehearsed by now, and the second five are not due yet
            lab.sim.process.send_signal(signal.SIGSTOP)
            time.sleep(4)  # more than it takes to lose them, the window and the guard
            lost = now.log().count("not yet: no answer in time")
            lab.sim.process.send_signal(signal.SIGCONT)
            self.assertEqual(now.ended(), 0)
            self.assertEqual(lab.resting(), {})
            if lost < 5:
                self.skipTest(f"this machine was too slow: {lost} of 5 were in its sockets when it stood still")
            self.assertGreaterEqual(lab.requests(), 15)  # it has found them

    def test_failures_are_tried_again_within_the_budget(self):
        with NowLab(4) as lab:
            lab.sim.fault("unavailable503", count=8)
            self.all_cancelled(lab, lab.now("all"))
            self.assertEqual(lab.requests(), 12)


class Answers(Case):
    """Filled below: one test for each fault that it recovers from."""

    def recovers(self, fault, requests, told):
        with NowLab(1) as lab:
            lab.sim.fault(**fault)
            done = lab.now("all")
            self.all_cancelled(lab, done)
            self.assertEqual(lab.requests(), requests)
            self.assertIn(told, done.err + done.out)


# name: fault, requests that the exchange counts, what is told
RECOVERED = {
    "a_rate_limit_50011_is_tried_again":
        ({"kind": "limited429"}, 2, "not yet: throttled, http 429, code 50011: over the rate limit"),
    "service_unavailable_503_is_tried_again": ({"kind": "unavailable503"}, 2, "not yet: failed, http 503"),
    "result_false_is_tried_again": ({"kind": "result_false"}, 2, "not yet: failed, http 200, code 0"),
    "an_HTML_page_is_tried_again": ({"kind": "html"}, 2, "not yet: failed, http 403, without a code"),
    "garbage_is_tried_again": ({"kind": "garbage"}, 2, "not yet: failed, http 200, without a code"),
    "half_an_answer_is_tried_again": ({"kind": "half_body"}, 2, "): the peer closed the connection"),
    "a_dropped_connection_is_tried_again": ({"kind": "reset_done"}, 2, "not yet: "),
    "silence_is_tried_again": ({"kind": "silent"}, 2, "not yet: no answer "),
    "an_endless_body_is_tried_again": ({"kind": "long"}, 2, "): the answer's body is over"),
    "an_answer_in_chunks_confirms": ({"kind": "chunked"}, 1, "accepted"),
    "an_answer_that_closes_confirms": ({"kind": "close"}, 1, "accepted"),
    "an_interim_answer_is_passed_over": ({"kind": "continue100"}, 1, "accepted"),
    "nothing_left_to_cancel_is_not_believed_while_orders_rest":
        ({"kind": "nothing_left"}, 2, "the exchange's book shows 4 MMP orders of it: cancelled again"),
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
            self.all_cancelled(lab, lab.now("all"))
            self.assertEqual(lab.requests(), 2)

    def test_without_the_exchanges_time_the_local_clock_signs(self):
        with NowLab() as lab:
            lab.sim.fault("html", on="time", count=-1)
            done = lab.now("all")
            self.all_cancelled(lab, done)
            self.assertIn("signed by the local clock", done.err)

    def test_a_time_that_never_comes_holds_nothing_up(self):
        with NowLab() as lab:
            lab.sim.fault("silent", on="time", count=-1)
            self.all_cancelled(lab, lab.now("all"))

    def test_a_wrong_clock_without_the_exchanges_time_asks_again_when_it_is_refused(self):
        with NowLab() as lab:
            lab.sim.clock(60_000)
            lab.sim.fault("html", on="time")
            done = lab.now("all")
            self.all_cancelled(lab, done)
            self.assertIn("not yet: clock, http 401, code 50102", done.err)
