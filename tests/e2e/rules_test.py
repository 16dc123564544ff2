"""Does each rule fire when it should, only then, and at the right families?"""
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from lab import DELTA_RULE, PATIENCE, Lab, eventually, rule

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
TWO_SOURCES = ("maker-1", "maker-2")


class Values(unittest.TestCase):
    def armed(self, daemon, *families):
        for family in families:
            self.assertEqual(daemon.family(family)["state"], "armed", family)

    def test_pnl_below_its_limit_trips(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("loss", "limit", metric="pnl", below=-1000)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "pnl", 5000)
            maker.publish(BTC, "pnl", -1000)
            daemon.await_value(BTC, "pnl", -1000)
            self.armed(daemon, BTC, ETH)
            maker.publish(BTC, "pnl", -1000.01)
            daemon.await_state(BTC, "confirmed")
            self.armed(daemon, ETH)

    def test_a_value_above_its_limit_trips_and_one_far_below_does_not(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("vega", "limit", metric="vega", above=100)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "vega", -1e9)
            daemon.await_value(BTC, "vega", -1e9)
            self.armed(daemon, BTC)
            maker.publish(BTC, "vega", 101)
            daemon.await_state(BTC, "confirmed")

    def test_the_sum_over_families_trips_them_all(self):
        with Lab() as lab:
            for family in ("BTC-USD", "ETH-USD"):
                lab.sim.quote(family)
            daemon = lab.scramd(rule("loss", "limit", metric="pnl", per="all", below=-100)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "pnl", -60)
            daemon.await_value(BTC, "pnl", -60)
            self.armed(daemon, BTC, ETH)
            maker.publish(ETH, "pnl", -60)
            for family in (BTC, ETH):
                daemon.await_state(family, "confirmed")
            self.assertEqual([lab.sim.family(f)["mmp"] for f in ("BTC-USD", "ETH-USD")], [0, 0])

    def test_values_are_summed_over_sources(self):
        with Lab() as lab:
            daemon = lab.scramd(sources=TWO_SOURCES).await_ready()
            one, two = lab.source("maker-1"), lab.source("maker-2")
            one.publish(BTC, "delta", 20)
            two.publish(BTC, "delta", -20)
            daemon.await_value(BTC, "delta", 0)
            two.publish(BTC, "delta", 5)
            daemon.await_value(BTC, "delta", 25)
            self.armed(daemon, BTC)
            two.publish(BTC, "delta", 6)
            daemon.await_state(BTC, "confirmed")

    def test_what_one_message_says_is_judged_together(self):
        rules = rule("delta", "limit", metric="delta", per="all", beyond=25)
        with Lab() as lab:
            daemon = lab.scramd(rules).await_ready()
            maker = lab.source()
            maker.send(maker.next_value(BTC, "delta", 40) + maker.next_value(ETH, "delta", -38))
            daemon.await_value(ETH, "delta", -38)
            self.armed(daemon, BTC, ETH)
            maker.send(maker.next_value(BTC, "delta", 40) + maker.next_value(ETH, "delta", -14))
            daemon.await_state(BTC, "confirmed")

    def test_each_source_alone_trips_although_the_sum_is_small(self):
        with Lab() as lab:
            rules = rule("each-delta", "limit", metric="delta", over="each", beyond=25)
            daemon = lab.scramd(rules, sources=TWO_SOURCES).await_ready()
            one, two = lab.source("maker-1"), lab.source("maker-2")
            one.publish(BTC, "delta", 20)
            two.publish(BTC, "delta", 20)
            daemon.await_value(BTC, "delta", 40)
            self.armed(daemon, BTC)
            two.publish(BTC, "delta", -26)
            daemon.await_state(BTC, "confirmed")
            daemon.await_log("source=maker-2 metric=delta value=-26")

    def test_a_drawdown_from_the_peak_trips_and_arming_starts_a_new_peak(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("give-back", "drawdown", metric="pnl", by=10)).await_ready()
            maker = lab.source()
            for value in (-50, 100, 95, 90):
                maker.publish(BTC, "pnl", value)
            daemon.await_value(BTC, "pnl", 90)
            self.armed(daemon, BTC)
            maker.publish(BTC, "pnl", 89.5)
            daemon.await_state(BTC, "confirmed")
            daemon.await_log("rule=give-back")
            self.assertEqual(daemon.rearm(BTC, "looked at")[0], 0)
            maker.publish(BTC, "pnl", 85)
            daemon.await_value(BTC, "pnl", 85)
            self.armed(daemon, BTC)
            maker.publish(BTC, "pnl", 79)
            daemon.await_state(BTC, "confirmed")

    def test_a_rule_kills_the_families_that_it_names(self):
        with Lab() as lab:
            rules = rule("delta", "limit", metric="delta", families=[BTC], beyond=25, kills=["*"])
            daemon = lab.scramd(rules).await_ready()
            maker = lab.source()
            maker.publish(ETH, "delta", 1000)
            daemon.await_value(ETH, "delta", 1000)
            self.armed(daemon, BTC, ETH)
            maker.publish(BTC, "delta", 26)
            for family in (BTC, ETH):
                daemon.await_state(family, "confirmed")

    def test_a_sum_that_is_no_number_any_more_trips(self):
        rules = rule("vega", "limit", metric="vega", per="all", above=100)
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=TWO_SOURCES).await_ready()
            for maker in [lab.source("maker-1"), lab.source("maker-2")]:
                self.armed(daemon, BTC, ETH)
                maker.publish(BTC, "vega", -1.7e308)  # together minus infinity, which is above nothing
            daemon.await_state(ETH, "confirmed")


class Windows(unittest.TestCase):
    """What rules know of time, with the real clock. Their exactness is shown without it, in tests/unit/core."""

    def test_too_many_fills_in_a_window_trip_and_what_was_before_attach_does_not_count(self):
        fills = rule("fills", "count", metric="vega", more_than=10, within_ms=60000)
        with Lab() as lab:
            daemon = lab.scramd(fills).await_ready()
            maker = lab.source()
            for total in (500, 505, 510):
                maker.publish(BTC, "vega", total)
            daemon.await_value(BTC, "vega", 510)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            maker.publish(BTC, "vega", 511)
            daemon.await_state(BTC, "confirmed")

    def test_a_jump_within_a_window_trips(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("jump", "change", metric="delta", by=10, within_ms=60000)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 0)
            maker.publish(BTC, "delta", -10)
            daemon.await_value(BTC, "delta", -10)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            maker.publish(BTC, "delta", 1)
            daemon.await_state(BTC, "confirmed")

    def test_two_sources_that_differ_for_too_long_trip_without_a_further_signal(self):
        drift = rule("drift", "divergence", metric="delta", sources=list(TWO_SOURCES), by=5, for_ms=300)
        with Lab() as lab:
            seldom = "[timings]\nrehearse_every_ms = 300000\n"
            daemon = lab.scramd(drift, sources=TWO_SOURCES, more=seldom).await_ready()
            # Then nothing else happens that could make scramd look.
            eventually(lambda: all("rehearsed_ms_ago" in link for link in daemon.links()), "every link is rehearsed")
            lab.source("maker-1").publish(BTC, "delta", 0)
            lab.source("maker-2").publish(BTC, "delta", 6)
            daemon.await_state(BTC, "confirmed")
            daemon.await_log("value=-6 limit=5")

    def test_a_breach_that_ends_within_its_time_does_not_trip(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("delta", "limit", metric="delta", beyond=25, for_ms=30000)).await_ready()
            maker = lab.source()
            for value in (26, 24, 26):
                maker.publish(BTC, "delta", value)
            daemon.await_value(BTC, "delta", 26)
            self.assertEqual(daemon.family(BTC)["state"], "armed")

    def test_steps_towards_a_limit_warn_and_a_shadow_fires_nothing(self):
        rules = rule("delta", "limit", metric="delta", beyond=100, warn=[0.5, 0.8])
        rules += rule("try", "limit", metric="delta", beyond=90, shadow=True)
        with Lab() as lab:
            daemon = lab.scramd(rules).await_ready()
            maker = lab.source()
            for value in (60, 85, 95, 40):
                maker.publish(BTC, "delta", value)
            daemon.await_log("warning_over rule=delta")
            for line in ("warned rule=delta", "share=0.5", "share=0.8", "would_trip rule=try"):
                self.assertIn(line, daemon.log())
            self.assertNotIn("tripped", daemon.log())
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            self.assertEqual(lab.sim.cancels()["requests"], 0)


    def test_a_pnl_that_begins_anew_is_no_drawdown_where_its_maker_says_so(self):
        rules = rule("give-back", "drawdown", metric="pnl", by=100)
        with Lab() as lab:
            daemon = lab.scramd(rules).await_ready()

            def publish(value, *options):
                code, _, err = daemon.ctl("publish", *options, "maker-1", BTC, "pnl", "--", value)
                self.assertEqual(code, 0, err)

            publish("500")
            publish("0", "--restart")
            daemon.await_log(f"series_restarted family={BTC} source=maker-1 metric=pnl value=0 before=500")
            publish("-100")
            daemon.await_value(BTC, "pnl", -100)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            publish("-101")
            daemon.await_state(BTC, "confirmed")
            eventually(lambda: any(s.get("restart") for s in daemon.ask("receipt", trip=1, signals=True)["receipt"]["signals"]),
                       "the receipt shows it")


class Health(unittest.TestCase):
    def test_a_silent_source_trips_stale(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("silent", "stale", after_ms=200)).await_ready()
            maker = lab.source()
            maker.heartbeat()
            for family in (BTC, ETH):
                daemon.await_state(family, "confirmed")
            daemon.await_log("rule=silent")
            self.assertEqual(daemon.rearm(BTC, "still silent")[0], 1)
            maker.heartbeat()
            daemon.await_state(BTC, "confirmed")

    def test_a_stale_source_that_speaks_again_can_be_armed(self):
        with Lab() as lab:
            after_ms = int(1000 * PATIENCE)
            daemon = lab.scramd(rule("silent", "stale", after_ms=after_ms)).await_ready()
            maker = lab.source()
            daemon.await_state(BTC, "confirmed")
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
            daemon.await_state(BTC, "confirmed")
            self.assertEqual(daemon.family(ETH)["state"], "armed")

    def test_a_source_that_never_came_is_not_stale(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("silent", "stale", sources=["maker-2"], after_ms=50) +
                                rule("other", "stale", sources=["maker-1"], after_ms=200),
                                sources=TWO_SOURCES).await_ready()
            lab.source("maker-1")
            daemon.await_state(BTC, "confirmed")  # 200 ms of maker-1 have passed, and 50 of maker-2
            self.assertNotIn("rule=silent", daemon.log())

    def bad(self, value):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "vega", value)
            for family in (BTC, ETH):
                daemon.await_state(family, "confirmed")
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
            daemon.await_state(BTC, "confirmed")
            daemon.await_log("a gap in its sequence")

    def test_a_step_back_in_the_sequence_trips_bad(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            maker.heartbeat()
            maker.sequence -= 1
            maker.heartbeat()
            daemon.await_state(BTC, "confirmed")
            daemon.await_log("a step back in its sequence")

    def test_a_source_that_sent_nonsense_can_be_armed_again(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", float("nan"))
            daemon.await_state(BTC, "confirmed")
            self.assertEqual(daemon.rearm("all", "mended")[0], 0)
            maker.publish(BTC, "delta", float("nan"))
            daemon.await_state(BTC, "confirmed")

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
            daemon.await_state(BTC, "confirmed")
            daemon.await_log("rule=gone source=maker-1")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)
            self.assertEqual(daemon.family(ETH)["state"], "armed")

    def test_a_gone_source_holds_its_families_until_it_is_back(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            maker.heartbeat()
            maker.vanish()
            daemon.await_state(BTC, "confirmed")
            self.assertEqual(daemon.rearm("all", "not yet")[0], 1)
            lab.source()
            self.assertEqual(daemon.rearm("all", "it is back")[0], 0)

    def test_a_maker_that_dies_is_one_trip_although_it_is_silent_from_then_on(self):
        rules = rule("silent", "stale", after_ms=300) + rule("after", "stale", sources=["maker-2"], after_ms=1000)
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=(("maker-1", [BTC]), ("maker-2", [ETH]))).await_ready()
            other = lab.source("maker-2")
            maker = lab.source()
            maker.publish(BTC, "delta", 1)
            other.heartbeat()
            maker.vanish()
            daemon.await_state(BTC, "confirmed")
            trip = daemon.family(BTC)["trip"]
            daemon.await_log("rule=after")  # 300 ms are over, too
            self.assertNotIn("rule=silent source=maker-1", daemon.log())
            lab.source().heartbeat()
            code, _, err = daemon.ctl("rearm", BTC, "--trip", trip, "--reason", "it is back")
            self.assertEqual(code, 0, err)

    def test_a_maker_that_dies_is_one_trip_of_all_rules_that_its_end_breaches(self):
        rules = (DELTA_RULE + rule("silent", "stale", after_ms=300) + rule("died", "gone") +
                 rule("orphans", "gone", kills=[BTC, ETH]) +
                 rule("wide", "limit", metric="delta", beyond=20, kills=[BTC, ETH]))
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=(("maker-1", [BTC]),)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 1)
            maker.vanish()
            for family in (BTC, ETH):
                daemon.await_state(family, "confirmed")
            for name in ("died", "orphans"):
                daemon.await_log(f"tripped trip=1 rule={name} source=maker-1")
            time.sleep(0.5)  # the 300 ms of rule "silent" are over
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
                daemon.await_state(family, "confirmed")
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
            daemon.await_state(BTC, "confirmed")
            daemon.await_log("rule=no-delta")
            self.assertEqual(daemon.family(ETH)["state"], "armed")

    def test_goodbye_does_not_trip(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.source().goodbye()
            eventually(lambda: daemon.status()["sources"][0]["phase"] == "left", "the source has left")
            self.assertEqual(daemon.status()["summary"].split(",")[0], "armed 2/2 families")
