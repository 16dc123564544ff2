"""Does each rule on a source's health fire when it should, and what does one trip then hold?"""
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from lab import DELTA_RULE, PATIENCE, Lab, eventually, rule

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
TWO_SOURCES = ("maker-1", "maker-2")


class Health(unittest.TestCase):
    def test_a_silent_source_trips_stale(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("silent", "stale", after_ms=200)).await_ready()
            maker = lab.source()
            maker.heartbeat()
            for family in (BTC, ETH):
                daemon.await_state(family, "accepted")
            daemon.await_log("rule=silent")
            self.assertEqual(daemon.rearm(BTC, "still silent")[0], 1)
            maker.heartbeat()
            daemon.await_state(BTC, "accepted")

    def test_a_stale_source_that_speaks_again_can_be_armed(self):
        with Lab() as lab:
            after_ms = int(1000 * PATIENCE)
            daemon = lab.scramd(rule("silent", "stale", after_ms=after_ms)).await_ready()
            maker = lab.source()
            daemon.await_state(BTC, "accepted")
            maker.heartbeat()
            code, _, err = daemon.rearm("all", "it speaks")
            self.assertEqual(code, 0, err)

    def test_heartbeats_keep_a_source_from_being_stale(self):
        with Lab() as lab:
            after_s = 1.0 * PATIENCE
            daemon = lab.scramd(rule("silent", "stale", after_ms=int(after_s * 1000))).await_ready()
            maker = lab.source()
            end = time.monotonic() + 1.5 * after_s
            while time.monotonic() < end:
                maker.heartbeat()
                time.sleep(0.02)
            self.assertEqual(daemon.family(BTC)["state"], "armed")

    def test_a_silent_metric_trips_although_its_source_is_alive(self):
        with Lab() as lab:
            rules = rule("no-delta", "stale", metric="delta", families=[BTC], after_ms=300)
            daemon = lab.scramd(rules).await_ready()
            maker = lab.source()

            def tripped():
                maker.publish(BTC, "pnl", 1)
                maker.publish(ETH, "delta", 1)
                return daemon.family(BTC)["state"] != "armed"

            eventually(tripped, "stale of delta")
            daemon.await_state(BTC, "accepted")
            self.assertEqual(daemon.family(ETH)["state"], "armed")

    def test_a_source_that_never_came_is_not_stale(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("silent", "stale", sources=["maker-2"], after_ms=50) +
                                rule("other", "stale", sources=["maker-1"], after_ms=200),
                                sources=TWO_SOURCES).await_ready()
            lab.source("maker-1")
            daemon.await_state(BTC, "accepted")  # 200 ms of maker-1 have passed, and 50 of maker-2
            self.assertNotIn("rule=silent", daemon.log())

    def bad(self, value):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "vega", value)
            for family in (BTC, ETH):
                daemon.await_state(family, "accepted")
            daemon.await_log("rule=bad")
            daemon.await_log("not a finite number")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)

    def test_NaN_trips_bad_although_no_rule_watches_its_metric(self):
        self.bad(float("nan"))

    def test_infinity_trips_bad(self):
        self.bad(float("inf"))

    def test_minus_infinity_trips_bad(self):
        self.bad(float("-inf"))

    def test_a_gap_in_the_sequence_trips_bad(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            maker.heartbeat()
            maker.sequence += 1
            maker.heartbeat()
            daemon.await_state(BTC, "accepted")
            daemon.await_log("a gap in its sequence")

    def test_a_step_back_in_the_sequence_trips_bad(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            maker.heartbeat()
            maker.sequence -= 1
            maker.heartbeat()
            daemon.await_state(BTC, "accepted")
            daemon.await_log("a step back in its sequence")

    def test_a_source_that_sent_nonsense_can_be_armed_again(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", float("nan"))
            daemon.await_state(BTC, "accepted")
            self.assertEqual(daemon.rearm("all", "mended")[0], 0)
            maker.publish(BTC, "delta", float("nan"))
            daemon.await_state(BTC, "accepted")

    def test_a_maker_killed_with_SIGKILL_trips_gone_for_all_that_it_may_quote(self):
        script = ("import sys, pathlib, time; from lab import Source\n"
                  "maker = Source(pathlib.Path(sys.argv[1]))\n"
                  "maker.publish('mm-1/BTC-USD', 'delta', 1)\n"
                  "print('attached', flush=True); time.sleep(600)\n")
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd(sources=(("maker-1", [BTC]),)).await_ready()
            maker = subprocess.Popen([sys.executable, "-c", script, lab.folder], stdout=subprocess.PIPE,
                                     cwd=pathlib.Path(__file__).parent / "support")
            self.assertEqual(maker.stdout.readline(), b"attached\n")
            maker.send_signal(signal.SIGKILL)
            maker.wait()
            maker.stdout.close()
            daemon.await_state(BTC, "accepted")
            daemon.await_log("rule=gone source=maker-1")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)
            self.assertEqual(daemon.family(ETH)["state"], "armed")

    def test_a_gone_source_holds_its_families_until_it_is_back(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            maker.heartbeat()
            maker.vanish()
            daemon.await_state(BTC, "accepted")
            self.assertEqual(daemon.rearm("all", "not yet")[0], 1)
            lab.source()
            self.assertEqual(daemon.rearm("all", "it is back")[0], 0)

    def test_a_maker_that_dies_is_one_trip_although_it_is_silent_from_then_on(self):
        after_ms = int(600 * PATIENCE)  # more than a slow machine takes between two signals of a live one
        rules = (rule("silent", "stale", after_ms=after_ms) +
                 rule("after", "stale", sources=["maker-2"], after_ms=2 * after_ms))
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=(("maker-1", [BTC]), ("maker-2", [ETH]))).await_ready()
            other = lab.source("maker-2")
            maker = lab.source()
            maker.publish(BTC, "delta", 1)
            other.heartbeat()
            maker.vanish()
            daemon.await_state(BTC, "accepted")
            trip = daemon.family(BTC)["trip"]
            daemon.await_log("rule=after")  # so the time of "silent" is over, too
            self.assertNotIn("rule=silent source=maker-1", daemon.log())
            lab.source().heartbeat()
            code, _, err = daemon.ctl("rearm", BTC, "--trip", trip, "--reason", "it is back")
            self.assertEqual(code, 0, err)

    def test_a_maker_that_dies_is_one_trip_of_all_rules_that_its_end_breaches(self):
        after_ms = int(600 * PATIENCE)
        rules = (DELTA_RULE + rule("silent", "stale", after_ms=after_ms) + rule("died", "gone") +
                 rule("orphans", "gone", kills=[BTC, ETH]) +
                 rule("wide", "limit", metric="delta", beyond=20, kills=[BTC, ETH]))
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=(("maker-1", [BTC]),)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 1)
            maker.vanish()
            for family in (BTC, ETH):
                daemon.await_state(family, "accepted")
            for name in ("died", "orphans"):
                daemon.await_log(f"tripped trip=1 rule={name} source=maker-1")
            time.sleep(after_ms / 1000 + 0.2)  # the time of rule "silent" is over
            self.assertEqual([t["trip"] for t in daemon.ask("receipts")["receipts"]], [1])
            self.assertEqual(lab.sim.cancels()["requests"], 2, "one for each family")
            self.assertEqual(daemon.family(ETH)["trip"], 1)
            self.assertIn("; rule orphans: maker-1 vanished without detaching", daemon.family(BTC)["cause"])
            lab.source().publish(BTC, "delta", 1)
            code, _, err = daemon.ctl("rearm", "all", "--trip", 1, "--reason", "it is back")
            self.assertEqual(code, 0, err)

    def test_rules_that_one_signal_breaches_are_one_trip_and_its_number_arms_all_of_it(self):
        rules = DELTA_RULE + rule("wide", "limit", metric="delta", beyond=20, kills=[BTC, ETH])
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=(("maker-1", [BTC]),)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 26)
            for family in (BTC, ETH):
                daemon.await_state(family, "accepted")
            self.assertEqual([t["trip"] for t in daemon.ask("receipts")["receipts"]], [1])
            self.assertEqual(lab.sim.cancels()["requests"], 2, "one for each family")
            receipt = daemon.ask("receipt", trip=1)["receipt"]
            self.assertEqual([receipt["rule"], *(r["rule"] for r in receipt["also"])], ["delta", "wide"])
            self.assertEqual([f["how"] for f in receipt["families"]], ["latched", "latched"])
            self.assertEqual(daemon.family(ETH)["cause"], receipt["cause"])
            maker.publish(BTC, "delta", 1)
            daemon.await_value(BTC, "delta", 1)
            code, _, err = daemon.ctl("rearm", "all", "--trip", 1, "--reason", "hedged")
            self.assertEqual(code, 0, err)

    def test_a_maker_that_never_published_is_told_and_trips_nothing(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("silent", "stale", after_ms=200)).await_ready()
            lab.source().vanish()
            daemon.await_log("it had sent no signal: nothing to cancel")
            time.sleep(0.4)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            self.assertNotIn("tripped", daemon.log())

    def test_a_feed_of_calls_that_stops_is_stale_though_each_said_goodbye(self):
        after_ms = int(500 * PATIENCE)
        with Lab() as lab:
            daemon = lab.scramd(rule("no-delta", "stale", metric="delta", after_ms=after_ms)).await_ready()
            for _ in range(3):
                self.assertEqual(daemon.ctl("publish", "maker-1", BTC, "delta", "1")[0], 0)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            daemon.await_state(BTC, "accepted")
            daemon.await_log("rule=no-delta")
            self.assertEqual(daemon.family(ETH)["state"], "armed")

    def test_goodbye_does_not_trip(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.source().goodbye()
            eventually(lambda: daemon.status()["sources"][0]["phase"] == "left", "the source has left")
            self.assertEqual(daemon.status()["summary"].split(",")[0], "armed 2/2 families")
