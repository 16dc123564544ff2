"""What does scramd make of each answer that the exchange, or the edge before it, can give?

After each, the family must end accepted, or stay latched and be tried again; and the exchange must never
count more than 5 requests in 2 s (Lab checks that for every test).
"""
import unittest

from lab import Lab, eventually, ms, write_credentials

BTC = "mm-1/BTC-USD"
# Faster than the defaults, which are for a real network.
QUICK = (f"[timings]\nanswer_timeout_ms = {ms(500)}\nretry_first_ms = 20\nretry_max_ms = 500\n"
         f"retry_refused_ms = {ms(300)}\n")
HEDGED = QUICK + f"hedge_min_ms = {ms(50)}\n"
# What one attempt and the next do is seen alone, without a hedge between them.
QUICK += "hedge_min_ms = 60000\n"
NO_REHEARSALS = QUICK + "rehearse_every_ms = 300000\n"


class TrippedLab(Lab):
    """Quotes rest, the exchange's next answers are spoiled, a breach fires."""

    def __init__(self, *faults, timings=QUICK, **more):
        super().__init__(**more)
        self.faults, self.timings = faults, timings

    def __enter__(self):
        self.sim.quote("BTC-USD")
        self.daemon = self.scramd(more=self.timings).await_ready(despite=("key", "permission", "mode"))
        for fault in self.faults:
            self.sim.fault(**fault)
        self.maker = self.source()
        self.maker.publish(BTC, "delta", 26)
        return self

    def answered(self, **fields):
        """Log lines of answers with these fields."""
        wanted = [f" {key}={value}" for key, value in fields.items()]
        lines = [f"{line} " for line in self.daemon.log().splitlines() if ">answered " in line]
        return [line for line in lines if all(f"{field} " in line for field in wanted)]


class Accepted(unittest.TestCase):
    """Filled below: one test for each fault that an attempt recovers from."""

    def accepted_after(self, fault, requests, told):
        with TrippedLab(fault) as lab:
            lab.daemon.await_state(BTC, "verified")
            lab.daemon.await_log("<5>accepted")
            self.assertIn(told, lab.daemon.log())
            self.assertEqual(lab.sim.cancels()["requests"], requests)
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)
            self.assertEqual(lab.maker.gate(BTC), 1)


class Hedged(unittest.TestCase):
    def test_silence_is_hedged_on_another_link_before_the_answer_is_overdue(self):
        with TrippedLab({"kind": "silent"}, timings=HEDGED) as lab:
            lab.daemon.await_state(BTC, "accepted")
            lab.daemon.await_log("attempt_lost")
            log = lab.daemon.log()
            self.assertLess(log.index("hedge=true"), log.index("<5>accepted"))
            self.assertLess(log.index("<5>accepted"), log.index("attempt_lost"))
            self.assertEqual(lab.sim.cancels()["requests"], 2)
            self.assertIn(lab.daemon.family(BTC)["state"], ("accepted", "verified"))

    def test_the_slower_of_two_answers_is_told_as_late_and_changes_nothing(self):
        # Answered well after the hedge has left, on a slow machine too.
        patient = "[timings]\nanswer_timeout_ms = 20000\nhedge_min_ms = 50\n"
        with TrippedLab({"kind": "delay", "delay_ms": 3000}, timings=patient) as lab:
            lab.daemon.await_log("late=true")
            self.assertEqual(lab.sim.cancels()["accepted"], 2)
            self.assertEqual(lab.daemon.log().count("<5>accepted"), 1)


# name: fault, requests that the exchange counts, what the log says of the first
RECOVERED = {
    "result_false_is_tried_again": ({"kind": "result_false"}, 2, "class=failed http=200 code=0"),
    "a_timed_out_cancellation_51412_is_tried_again": ({"kind": "code", "code": "51412"}, 2, "code=51412"),
    "a_timed_out_endpoint_50004_is_tried_again":
        ({"kind": "code", "code": "50004"}, 2, "class=ambiguous http=400 code=50004"),
    "service_unavailable_503_is_tried_again":
        ({"kind": "unavailable503"}, 2, "class=failed http=503 code=50001"),
    "service_unavailable_503_three_times_is_tried_again":
        ({"kind": "unavailable503", "count": 3}, 4, "class=failed http=503 code=50001"),
    "a_busy_exchange_50013_is_tried_again": ({"kind": "code", "code": "50013"}, 2, "class=failed"),
    "a_rate_limit_50011_is_tried_again": ({"kind": "limited429"}, 2, "class=throttled http=429 code=50011"),
    "a_rate_limit_50011_with_status_200_is_tried_again":
        ({"kind": "limited429", "status": 200}, 2, "class=throttled http=200 code=50011"),
    "a_rate_limit_50011_as_a_number_is_tried_again":
        ({"kind": "numeric429"}, 2, "class=throttled http=429 code=50011"),
    "a_rate_limit_50011_whose_answer_closes_is_tried_again":
        ({"kind": "numeric429", "close": True}, 2, "class=throttled http=429 code=50011"),
    "an_order_that_cannot_be_cancelled_51406_is_tried_again":
        ({"kind": "code", "code": "51406", "status": 400}, 2, "class=failed http=400 code=51406"),
    "a_timed_out_cancellation_51412_with_its_other_text_is_tried_again":
        ({"kind": "code", "code": "51412", "msg": "The order has been triggered and can't be canceled."},
         2, "class=failed http=200 code=51412"),
    "a_compressed_answer_is_not_believed_and_tried_again":
        ({"kind": "gzip"}, 2, "the peer encodes its answer (Content-Encoding: gzip)"),
    "an_HTML_page_of_the_edge_is_tried_again": ({"kind": "html"}, 2, "class=failed http=403"),
    "an_HTML_page_with_status_520_is_tried_again":
        ({"kind": "html", "code": "520"}, 2, "class=failed http=520"),
    "a_numeric_code_500_is_tried_again": ({"kind": "numeric"}, 2, "class=failed http=500 code=500"),
    "garbage_is_tried_again": ({"kind": "garbage"}, 2, "class=failed http=200"),
    "an_unknown_code_is_tried_again": ({"kind": "code", "code": "59999"}, 2, "class=failed http=200 code=59999"),
    "an_endless_body_is_cut_off_and_tried_again": ({"kind": "long"}, 2, "attempt_lost"),
    "half_an_answer_is_tried_again": ({"kind": "half"}, 2, "attempt_lost"),
    "a_reset_before_the_answer_is_tried_again": ({"kind": "reset"}, 2, "attempt_lost"),
    "a_reset_after_the_cancel_is_tried_again": ({"kind": "reset_done"}, 2, "attempt_lost"),
    "silence_is_tried_again_on_another_link": ({"kind": "silent"}, 2, "attempt_lost"),
    "silence_after_the_cancel_is_tried_again": ({"kind": "silent_done"}, 2, "attempt_lost"),
    "an_answer_that_comes_too_late_is_tried_again": ({"kind": "delay", "delay_ms": ms(1500)}, 2, "attempt_lost"),
    "an_answer_that_comes_late_is_waited_for": ({"kind": "delay", "delay_ms": 200}, 1, "class=accepted"),
    "an_answer_in_chunks_confirms": ({"kind": "chunked"}, 1, "class=accepted"),
    "an_answer_that_closes_confirms_and_the_link_comes_back": ({"kind": "close"}, 1, "class=accepted"),
    "an_interim_answer_100_is_passed_over": ({"kind": "continue100"}, 1, "class=accepted"),
    "nothing_left_to_cancel_51405_confirms": ({"kind": "nothing_left"}, 2, "class=nothing_left"),
}


def test_of(arguments):
    return lambda self: self.accepted_after(*arguments)


for name, arguments in RECOVERED.items():
    setattr(Accepted, f"test_{name}", test_of(arguments))


class Links(unittest.TestCase):
    def test_a_silent_link_is_given_up_for_another_and_comes_back(self):
        with TrippedLab({"kind": "silent"}, timings="") as lab:
            lab.daemon.await_state(BTC, "accepted")
            lab.daemon.await_log(">accepted ")
            fired = [line for line in lab.daemon.log().splitlines() if ">fired " in line]
            used = [line.split(" link=")[1].split()[0] for line in fired]
            self.assertEqual(len(used), 2, fired)
            self.assertNotEqual(used[0], used[1])
            eventually(lambda: all(link["phase"] != "down" for link in lab.daemon.links()), "5 links are up")

    def test_the_exchange_silent_on_every_link_is_tried_until_it_answers(self):
        with TrippedLab({"kind": "silent", "count": 7}) as lab:
            lab.daemon.await_state(BTC, "accepted", 30)
            self.assertEqual(lab.sim.cancels()["requests"], 8)

    def test_a_link_that_the_exchange_closed_is_opened_again(self):
        with TrippedLab({"kind": "close"}) as lab:
            lab.daemon.await_state(BTC, "accepted")
            eventually(lambda: lab.sim.state()["connections_total"] >= 6, "a sixth connection")
            lab.daemon.await_ready(5)


class Clock(unittest.TestCase):
    def accepted_with_a_clock_off_by(self, offset_ms):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd(more=NO_REHEARSALS).await_ready()
            eventually(lambda: all("rehearsed_ms_ago" in link for link in daemon.links()), "all rehearsed")
            lab.sim.clock(offset_ms)
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            counted = lab.sim.cancels()
            self.assertEqual(counted["codes"], {"0": 1, "50102": 1})
            self.assertLess(abs(counted["log"][1]["age_ms"]), 15000)
            daemon.await_log("class=clock http=401 code=50102")

    def test_an_exchange_that_steps_40_s_ahead_is_followed_and_the_cancel_goes_again(self):
        self.accepted_with_a_clock_off_by(40_000)

    def test_an_exchange_that_steps_40_s_back_is_followed_and_the_cancel_goes_again(self):
        self.accepted_with_a_clock_off_by(-40_000)

    def test_a_host_whose_clock_is_an_hour_off_signs_with_the_exchanges_time(self):
        with Lab() as lab:
            lab.sim.clock(3_600_000)
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.cancels()["codes"], {"0": 1})
            self.assertAlmostEqual(daemon.status()["clock"]["ahead_ms"], 3_600_000, delta=10_000)
            told = r"this host's clock is 3\d\d\d\.\d s behind the exchange's: set it"
            self.assertRegex(daemon.ctl("ready")[1], told)
            self.assertRegex(daemon.ctl("status")[1], told)
            self.assertTrue(daemon.status()["fires"])


class RefusedByTheExchange(unittest.TestCase):
    """What only a person can cure: latched, loud, and tried again slowly."""

    def stays_tried(self, lab, code):
        eventually(lambda: lab.sim.cancels()["codes"].get(code, 0) >= 3, "three attempts", 20)
        lab.daemon.await_log(f"code={code}")
        family = lab.daemon.family(BTC)
        self.assertIn(family["state"], ("tripped", "cancelling"))
        self.assertEqual((family["gate"], family["unfinished"]), ("closed", True))
        self.assertEqual((family["last_class"], family["last_code"]), ("refused", code))
        self.assertTrue(family["last_why"])
        alarms = lab.answered(code=code, **{"class": "refused"})
        self.assertTrue(alarms and all(line.startswith("<2>") for line in alarms), alarms)
        self.assertEqual(lab.maker.gate(BTC), 1)

    def test_a_wrong_secret_is_an_alarm_and_is_tried_on(self):
        lab = TrippedLab()
        write_credentials(lab.folder, "mm-1", secret="fake-but-wrong")
        with lab:
            self.stays_tried(lab, "50113")

    def test_an_account_without_the_MMP_privilege_is_an_alarm(self):
        with TrippedLab(sim_accounts={"mm-1": "mmp = false"}) as lab:
            self.stays_tried(lab, "51411")

    def test_an_account_in_the_wrong_mode_is_an_alarm(self):
        with TrippedLab(sim_accounts={"mm-1": "mode = 3"}) as lab:
            self.stays_tried(lab, "51010")

    def test_a_key_without_the_permission_to_trade_is_an_alarm(self):
        with TrippedLab(sim_accounts={"mm-1": 'perm = "read_only"'}) as lab:
            self.stays_tried(lab, "50120")

    def test_a_code_that_only_support_can_explain_is_an_alarm(self):
        with TrippedLab({"kind": "code", "code": "50041", "count": -1}) as lab:
            self.stays_tried(lab, "50041")

    def test_a_host_that_is_not_in_the_keys_list_is_an_alarm(self):
        with TrippedLab(sim_accounts={"mm-1": 'ip = "192.0.2.1"'}) as lab:
            self.stays_tried(lab, "50110")

    def test_a_demo_key_is_refused_on_the_live_exchange_and_taken_with_simulated_trading(self):
        with TrippedLab(sim_accounts={"mm-1": "demo = true"}) as lab:
            self.stays_tried(lab, "50101")
        with Lab(sim_accounts={"mm-1": "demo = true"}) as lab:
            daemon = lab.scramd(exchange="simulated_trading = true").await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")

    def test_a_refusal_that_ends_is_accepted(self):
        with TrippedLab({"kind": "code", "code": "50113", "count": 2}) as lab:
            lab.daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.cancels()["requests"], 3)

    def test_an_unfinished_cancel_goes_on_after_arming(self):
        with TrippedLab({"kind": "code", "code": "50113", "count": 4}) as lab:
            lab.maker.publish(BTC, "delta", 0)
            lab.daemon.await_value(BTC, "delta", 0)
            self.assertEqual(lab.daemon.rearm(BTC, "hedged")[0], 0)
            self.assertTrue(lab.daemon.family(BTC)["unfinished"])
            eventually(lambda: not lab.daemon.family(BTC)["unfinished"], "the cancel is done", 20)
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)


class Rehearsals(unittest.TestCase):
    def lab_with_a_fault(self, kind, told, **more):
        with Lab() as lab:
            daemon = lab.scramd(more=QUICK + "rehearse_every_ms = 200\n").await_ready()
            lab.sim.fault(kind, on="time", **more)
            daemon.await_log(told)
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            daemon.await_ready(5)

    def test_a_rehearsal_without_an_answer_ends_its_link_which_comes_back(self):
        self.lab_with_a_fault("silent", ">rehearsal_lost ")

    def test_a_rehearsal_answered_by_the_edge_is_told(self):
        self.lab_with_a_fault("html", ">rehearsal_failed ")

    def test_a_rehearsal_answered_with_garbage_is_told(self):
        self.lab_with_a_fault("garbage", ">rehearsal_failed ")

    def test_a_rehearsal_that_is_reset_ends_its_link_which_comes_back(self):
        self.lab_with_a_fault("reset", ">link_down ")

    def test_while_no_rehearsal_was_ever_answered_scramd_is_not_ready(self):
        with Lab() as lab:
            lab.sim.fault("html", on="time", count=-1)
            daemon = lab.scramd(more=QUICK)
            daemon.await_log(">rehearsal_failed ")
            code, out, _ = daemon.ctl("ready")
            self.assertEqual(code, 1)
            self.assertRegex(out, "^not ready: account mm-1: no warm link")
