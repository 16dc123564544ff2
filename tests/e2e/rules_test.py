"""Does each rule on values fire when it should, only then, and at the right families?"""
import unittest

from lab import Lab, eventually, rule

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
            daemon.await_state(BTC, "accepted")
            self.armed(daemon, ETH)

    def test_a_value_above_its_limit_trips_and_one_far_below_does_not(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("vega", "limit", metric="vega", above=100)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "vega", -1e9)
            daemon.await_value(BTC, "vega", -1e9)
            self.armed(daemon, BTC)
            maker.publish(BTC, "vega", 101)
            daemon.await_state(BTC, "accepted")

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
                daemon.await_state(family, "accepted")
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
            daemon.await_state(BTC, "accepted")

    def test_what_one_message_says_is_judged_together(self):
        rules = rule("delta", "limit", metric="delta", per="all", beyond=25)
        with Lab() as lab:
            daemon = lab.scramd(rules).await_ready()
            maker = lab.source()
            maker.send(maker.next_value(BTC, "delta", 40) + maker.next_value(ETH, "delta", -38))
            daemon.await_value(ETH, "delta", -38)
            self.armed(daemon, BTC, ETH)
            maker.send(maker.next_value(BTC, "delta", 40) + maker.next_value(ETH, "delta", -14))
            daemon.await_state(BTC, "accepted")

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
            daemon.await_state(BTC, "accepted")
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
            daemon.await_state(BTC, "accepted")
            daemon.await_log("rule=give-back")
            self.assertEqual(daemon.rearm(BTC, "looked at")[0], 0)
            maker.publish(BTC, "pnl", 85)
            daemon.await_value(BTC, "pnl", 85)
            self.armed(daemon, BTC)
            maker.publish(BTC, "pnl", 79)
            daemon.await_state(BTC, "accepted")

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
                daemon.await_state(family, "accepted")

    def test_a_sum_that_is_no_number_any_more_trips(self):
        rules = rule("vega", "limit", metric="vega", per="all", above=100)
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=TWO_SOURCES).await_ready()
            for maker in [lab.source("maker-1"), lab.source("maker-2")]:
                self.armed(daemon, BTC, ETH)
                maker.publish(BTC, "vega", -1.7e308)  # together minus infinity, which is above nothing
            daemon.await_state(ETH, "accepted")


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
            daemon.await_state(BTC, "accepted")

    def test_a_jump_within_a_window_trips(self):
        with Lab() as lab:
            daemon = lab.scramd(rule("jump", "change", metric="delta", by=10, within_ms=60000)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 0)
            maker.publish(BTC, "delta", -10)
            daemon.await_value(BTC, "delta", -10)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            maker.publish(BTC, "delta", 1)
            daemon.await_state(BTC, "accepted")

    def test_two_sources_that_differ_for_too_long_trip_without_a_further_signal(self):
        drift = rule("drift", "divergence", metric="delta", sources=list(TWO_SOURCES), by=5, for_ms=300)
        with Lab() as lab:
            seldom = "[timings]\nrehearse_every_ms = 300000\n"
            daemon = lab.scramd(drift, sources=TWO_SOURCES, more=seldom).await_ready()
            # Then nothing else happens that could make scramd look.
            eventually(lambda: all("rehearsed_ms_ago" in link for link in daemon.links()), "every link is rehearsed")
            lab.source("maker-1").publish(BTC, "delta", 0)
            lab.source("maker-2").publish(BTC, "delta", 6)
            daemon.await_state(BTC, "accepted")
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
            daemon.await_state(BTC, "accepted")
            eventually(lambda: any(s.get("restart") for s in daemon.ask("receipt", trip=1, signals=True)["receipt"]["signals"]),
                       "the receipt shows it")
