"""A trip from end to end: what it cancels, what it leaves, what it tells, and how one arms again."""
import subprocess
import unittest

from lab import Lab, ctl_command, eventually

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"


def codes(results):
    return {result["code"] for result in results}


class TrippedLab(Lab):
    """Quotes rest in both families, delta of BTC-USD is beyond its limit, its cancel is accepted."""

    def __enter__(self):
        for family in ("BTC-USD", "ETH-USD"):
            self.sim.quote(family, 10)
        self.sim.quote("BTC-USD", 3, kind="limit")
        self.daemon = self.scramd().await_ready()
        self.maker = self.source()
        self.maker.publish(BTC, "delta", -25.5)
        self.daemon.await_state(BTC, "accepted")
        return self


class Trip(unittest.TestCase):
    def test_delta_beyond_the_limit_cancels_the_MMP_orders_of_that_family_and_no_others(self):
        with TrippedLab() as lab:
            btc = lab.sim.family("BTC-USD")
            self.assertEqual((btc["mmp"], btc["plain"], btc["mass_cancelled"]), (0, 3, 10))
            self.assertEqual(lab.sim.family("ETH-USD")["mmp"], 10)
            self.assertEqual(lab.sim.cancels()["requests"], 1)
            self.assertEqual(lab.daemon.family(ETH)["state"], "armed")

    def test_a_value_at_the_limit_does_not_trip(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            for value in (25, -25, 24.999):
                maker.publish(BTC, "delta", value)
                daemon.await_value(BTC, "delta", value)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            self.assertEqual(lab.sim.cancels()["requests"], 0)

    def test_the_gate_of_the_family_closes_and_the_other_stays_open(self):
        with TrippedLab() as lab:
            self.assertEqual((lab.maker.gate(BTC), lab.maker.gate(ETH)), (1, 0))

    def test_the_exchange_refuses_new_orders_of_the_family_while_its_lock_holds(self):
        with TrippedLab() as lab:
            self.assertEqual(lab.sim.cancels()["log"][0]["lockInterval"], "10000")
            self.assertEqual(codes(lab.sim.quote("BTC-USD", 1)), {"54008"})
            self.assertEqual(codes(lab.sim.quote("ETH-USD", 1)), {"0"})

    def test_a_family_without_a_lock_takes_new_orders_at_once(self):
        with Lab() as lab:
            daemon = lab.scramd(family_keys="lock_ms = 0").await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(codes(lab.sim.quote("BTC-USD", 1)), {"0"})

    def test_status_names_the_trip_the_answer_and_the_rule_that_holds(self):
        with TrippedLab() as lab:
            lab.daemon.await_state(BTC, "verified")
            family = lab.daemon.family(BTC)
            expected = {"state": "verified", "gate": "closed", "trip": 1, "unfinished": False, "failures": 0,
                        "last_class": "accepted", "last_http": 200, "last_code": "0", "holds": "delta"}
            self.assertEqual({key: family.get(key) for key in expected}, expected)

    def test_a_tripped_family_stays_latched_when_its_value_comes_back(self):
        with TrippedLab() as lab:
            lab.maker.publish(BTC, "delta", 0)
            lab.daemon.await_value(BTC, "delta", 0)
            self.assertIn(lab.daemon.family(BTC)["state"], ("accepted", "verified"))
            self.assertEqual(lab.maker.gate(BTC), 1)

    def test_the_signature_that_is_fired_is_fresh(self):
        with TrippedLab() as lab:
            self.assertLess(abs(lab.sim.cancels()["log"][0]["age_ms"]), 15000)

    def test_a_second_breach_while_latched_cancels_again(self):
        with TrippedLab() as lab:
            lab.maker.publish(BTC, "delta", 0)
            lab.daemon.await_value(BTC, "delta", 0)
            lab.maker.publish(BTC, "delta", 40)
            eventually(lambda: lab.sim.cancels()["accepted"] == 2, "the second cancel")
            lab.daemon.await_state(BTC, "accepted")

    def test_a_loop_that_spins_fires_too(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd(more='wait = "spin"').await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)


class Rearm(unittest.TestCase):
    def test_arming_is_refused_while_the_rule_holds_and_opens_the_gate_after(self):
        with TrippedLab() as lab:
            code, _, err = lab.daemon.rearm(BTC, "too early")
            self.assertEqual(code, 1, err)
            self.assertEqual(lab.maker.gate(BTC), 1)
            lab.maker.publish(BTC, "delta", 1)
            lab.daemon.await_value(BTC, "delta", 1)
            code, out, err = lab.daemon.rearm(BTC, "hedged")
            self.assertEqual(code, 0, err)
            self.assertRegex(out, "^arming mm-1/BTC-USD: releasing the exchange's lock first\n.*: gates open\n$")
            self.assertEqual(lab.sim.family("BTC-USD")["lock_left_ms"], 0)
            self.assertEqual(lab.maker.gate(BTC), 0)
            self.assertEqual(lab.daemon.family(BTC)["state"], "armed")

    def test_a_refusal_to_arm_names_family_and_rule(self):
        with TrippedLab() as lab:
            answer = lab.daemon.ask("rearm", target="all", reason="too early", trips=[1])
            self.assertFalse(answer["ok"])
            self.assertEqual(answer["refused"], [{"family": BTC, "trip": 1, "rule": "delta", "why": "rule_holds"}])
            self.assertIn("delta", lab.daemon.rearm(BTC, "again")[1])

    def test_arming_by_force_is_possible_and_recorded_with_its_name_and_reason(self):
        with TrippedLab() as lab:
            code, _, err = lab.daemon.rearm(BTC, "I know better", "--force")
            self.assertEqual((code, lab.maker.gate(BTC)), (0, 0), err)
            lab.daemon.await_log('reason="I know better"')
            line = next(l for l in lab.daemon.log().splitlines() if "rearmed" in l)
            self.assertIn("by=", line)

    def test_an_armed_family_trips_again(self):
        with TrippedLab() as lab:
            lab.maker.publish(BTC, "delta", 0)
            lab.daemon.await_value(BTC, "delta", 0)
            self.assertEqual(lab.daemon.rearm("all", "hedged")[0], 0)
            lab.maker.publish(BTC, "delta", 30)
            lab.daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.cancels()["accepted"], 3)  # the second released the lock
            self.assertEqual(lab.daemon.family(BTC)["trip"], 2)

    def test_arming_what_is_not_latched_says_so(self):
        with Lab() as lab:
            code, out, _ = lab.scramd().await_ready().ctl("rearm", "all", "--reason", "habit")
            self.assertEqual(code, 0)
            self.assertIn("nothing to do", out)


class Receipt(unittest.TestCase):
    def test_watch_tells_each_stage_of_a_trip_in_order_with_its_times(self):
        with Lab() as lab:
            daemon = lab.scramd(sources=("maker-1", "probe")).await_ready()
            watch = lab.watch(daemon)
            eventually(lambda: lab.source("probe").goodbye() or watch.seen, "the watcher is there")
            lab.source().publish(BTC, "delta", 26.5)
            watch.wait("accepted")
            told = [e for e in watch.seen if e.get("trip") == 1][:5]
            self.assertEqual([e["event"] for e in told],
                             ["tripped", "latched", "fired", "answered", "accepted"])
            tripped, answered = told[0], told[3]
            expected = {"rule": "delta", "family": BTC, "source": "maker-1", "metric": "delta",
                        "value": 26.5, "limit": 25}
            self.assertEqual({key: tripped[key] for key in expected}, expected)
            for stage in ("read_us", "decided_us", "sent_us", "answered_us"):
                self.assertGreaterEqual(answered[stage], 0, stage)
            self.assertEqual((answered["class"], answered["http"], answered["code"]), ("accepted", 200, "0"))
            self.assertTrue(all(e["wall_ms"] > 0 for e in told))

    def test_watch_without_json_is_for_people(self):
        with Lab() as lab:
            daemon = lab.scramd(sources=("maker-1", "probe")).await_ready()
            out = lab.folder / "watch.txt"
            with open(out, "wb") as to:
                watcher = subprocess.Popen(ctl_command(lab.folder, "watch"), stdout=to)
            eventually(lambda: lab.source("probe").goodbye() or out.stat().st_size, "the watcher is there")
            lab.source().publish(BTC, "delta", 26.5)
            daemon.await_state(BTC, "accepted")
            eventually(lambda: "accepted" in out.read_text(), "the confirmation")
            watcher.terminate()
            watcher.wait()
            self.assertRegex(out.read_text(), r"\d\d:\d\d:\d\d\.\d{3}Z tripped .*rule=delta")


class Operator(unittest.TestCase):
    def test_a_trip_waits_until_it_is_verified_and_says_so(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd().await_ready()
            code, out, err = daemon.ctl("trip", BTC, "--reason", "drill")
            self.assertEqual((code, out), (0, "trip 1: 1 families, cancels verified: the exchange's book shows no MMP order\n"), err)
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)
            self.assertEqual(daemon.family(ETH)["state"], "armed")

    def test_a_trip_that_is_not_waited_for_is_done_all_the_same(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            code, out, err = daemon.ctl("trip", "mm-1", "--reason", "drill", "--wait", "0", "--json")
            self.assertEqual(code, 0, err)
            self.assertIn('"families":2', out)
            for family in (BTC, ETH):
                daemon.await_state(family, "accepted")

    def test_a_trip_without_confirmation_in_time_says_that_it_goes_on(self):
        with Lab() as lab:
            lab.sim.fault("result_false", count=-1)
            daemon = lab.scramd().await_ready()
            code, out, _ = daemon.ctl("trip", "all", "--reason", "drill", "--wait", "0.3")
            self.assertEqual(code, 1)
            self.assertIn("NOT accepted yet", out)
            lab.sim.clear_faults()
            daemon.await_state(BTC, "accepted")
            daemon.await_state(ETH, "accepted")

    def test_a_trip_is_recorded_with_who_and_why(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            daemon.ctl("trip", "all", "--reason", "looks wrong: \"delta\"")
            daemon.await_log('reason="looks wrong: \\"delta\\""')
            line = next(l for l in daemon.log().splitlines() if l.startswith("<2>tripped"))
            self.assertIn("by=", line)

    def test_what_an_operator_tripped_can_be_armed_again(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.assertEqual(daemon.ctl("trip", "all", "--reason", "drill")[0], 0)
            self.assertEqual(daemon.rearm("all", "done")[0], 0)
            self.assertEqual(daemon.status()["summary"].split(",")[0], "armed 2/2 families")

    def test_scramctl_publishes_as_a_source_of_its_own(self):
        with Lab() as lab:
            daemon = lab.scramd(sources=("maker-1", "shell")).await_ready()
            code, _, err = daemon.ctl("publish", "shell", BTC, "delta", "24")
            self.assertEqual(code, 0, err)
            daemon.await_value(BTC, "delta", 24)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            self.assertEqual(daemon.ctl("publish", "shell", BTC, "delta", "-26")[0], 0)
            daemon.await_state(BTC, "accepted")

    def test_scramctl_that_publishes_no_number_trips_bad(self):
        with Lab() as lab:
            daemon = lab.scramd(sources=("maker-1", "shell")).await_ready()
            self.assertEqual(daemon.ctl("publish", "shell", ETH, "delta", "nan")[0], 0)
            daemon.await_state(BTC, "accepted")
            daemon.await_log("rule=bad")
