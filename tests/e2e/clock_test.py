"""The exchange's clock is not ours, and steps. Whatever it does, each cancel ends accepted, freshly signed."""
import re
import unittest

from lab import BIN, IS_SANITIZED, Lab, eventually, ms, rule

LOSS = rule("loss", "limit", metric="pnl", per="all", below=-100)
NAMES = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC")
STEP_MS = 60_000
OKX_AGE_MAX_MS = 30_000
# The second attempt comes when the time was told, on a slow machine too.
QUICK = f"retry_first_ms = {ms(100)}\nretry_max_ms = {ms(200)}\n"
# So seldom that a refused cancel finds the step, or so often that mostly a rehearsal does.
SELDOM = f"[timings]\nrehearse_every_ms = 300000\n{QUICK}"
OFTEN = f"[timings]\nrehearse_every_ms = 300\n{QUICK}"


class ClockLab(Lab):
    """scramd knows the exchange's time, and no rehearsal is due; all families trip as one."""

    def __init__(self, timings="", families=len(NAMES), offset_ms=0):
        super().__init__()
        self.slept = self.folder / "slept"
        self.slept.write_bytes(bytes(8))
        self.env = {} if IS_SANITIZED else {"LD_PRELOAD": str(BIN / "sleeper.so"), "SLEEPER_FILE": str(self.slept)}
        self.names = [f"{name}-USD" for name in NAMES[:families]]
        self.timings, self.offset_ms = timings, offset_ms

    def __enter__(self):
        self.sim.clock(self.offset_ms)
        self.daemon = self.scramd(LOSS, families=[f"mm-1/{name}" for name in self.names], more=self.timings,
                                  family_keys="lock_ms = 0", env=self.env).await_ready()
        eventually(self.is_calm, "every link is rehearsed", 20)
        self.maker = self.source()
        return self

    def is_calm(self):
        return self.timings == OFTEN or all("rehearsed_ms_ago" in link for link in self.daemon.links())

    def trip(self):
        for name in self.names:
            self.sim.quote(name, 2)
        self.maker.publish(f"mm-1/{self.names[0]}", "pnl", -101)

    def suspend(self, ms):
        """The machine sleeps: the exchange goes on, and so does CLOCK_BOOTTIME."""
        self.sim.clock(self.offset_ms + ms)
        with open(self.slept, "r+b") as file:
            file.write((ms * 1_000_000).to_bytes(8, "little"))

    def rearm(self):
        self.maker.publish(f"mm-1/{self.names[0]}", "pnl", 0)
        eventually(lambda: self.daemon.rearm("all", "again")[0] == 0, "armed again")

    def requests(self):
        return self.sim.cancels()["requests"]


class Clock(unittest.TestCase):
    def without_signer(self, lab):
        """Refused, since the signer had no processor for the 10 ms that scramd waits for it."""
        refused = re.findall(r"class=clock .* sent_us=([0-9.]+)", lab.daemon.log())
        return sum(float(sent_us) >= 10_000 for sent_us in refused)

    def accepted(self, lab, refusals_max):
        """The last cancel of each family was accepted, and none that was had a stale signature."""
        for name in lab.names:
            lab.daemon.await_state(f"mm-1/{name}", "accepted", 30)
            self.assertEqual(lab.sim.family(name)["mmp"], 0)
        counted = lab.sim.cancels()
        last = {record["instFamily"]: record["code"] for record in counted["log"]}
        self.assertEqual(last, {name: "0" for name in lab.names})
        self.assertLessEqual(set(counted["codes"]), {"0", "50102"}, counted["codes"])
        refusals_max += self.without_signer(lab)
        self.assertLessEqual(counted["codes"].get("50102", 0), refusals_max, counted["codes"])
        ages = [abs(record["age_ms"]) for record in counted["log"] if record["code"] == "0"]
        self.assertLess(max(ages), OKX_AGE_MAX_MS)
        return ages

    def off_from_the_start(self, offset_ms):
        with ClockLab(offset_ms=offset_ms) as lab:
            lab.trip()
            ages = self.accepted(lab, refusals_max=0)
            self.assertLess(max(ages), abs(offset_ms) / 2, "signed by our own clock")

    def test_an_exchange_20_s_ahead_from_the_start_is_signed_for_by_its_own_clock(self):
        self.off_from_the_start(20_000)

    def test_an_exchange_20_s_behind_from_the_start_is_signed_for_by_its_own_clock(self):
        self.off_from_the_start(-20_000)

    @unittest.skipIf(IS_SANITIZED, "a sanitizer's library must be the first that is loaded")
    def test_after_the_machine_slept_a_burst_is_signed_again_before_it_leaves(self):
        with ClockLab(SELDOM, families=5) as lab:
            lab.suspend(STEP_MS)
            lab.trip()
            eventually(lambda: lab.requests() >= 5, "the burst has arrived")
            lab.daemon.await_log("suspended ms=")
            lab.daemon.await_log("answered trip=1")
            sent_us = re.search(r"answered trip=1 .* sent_us=([0-9.]+)", lab.daemon.log())
            if float(sent_us.group(1)) >= 10_000:  # as long as scramd waits for its signer
                self.skipTest("skipped: the signer had no processor for 10 ms")
            self.accepted(lab, refusals_max=0)
            self.assertEqual(lab.requests(), 5)

    def steps_between_trips(self, timings):
        """+60 s, back, -60 s, back: at most each family's first attempt after a step is refused."""
        with ClockLab(timings, families=3) as lab:
            for number, offset_ms in enumerate((STEP_MS, 0, -STEP_MS, 0), 1):
                lab.sim.clock(offset_ms)
                lab.trip()
                self.accepted(lab, refusals_max=3 * number)
                lab.rearm()

    def test_steps_of_60_s_between_trips_are_found_by_a_refused_cancel_and_followed(self):
        self.steps_between_trips(SELDOM)

    def test_steps_of_60_s_between_trips_of_busy_links_are_followed(self):
        self.steps_between_trips(OFTEN)

    def steps_during_a_trip(self, step_ms):
        """Five attempts have arrived, two are still to be sent: those were signed before the step."""
        with ClockLab(SELDOM) as lab:
            lab.sim.fault("delay", delay_ms=200, count=5)
            lab.trip()
            eventually(lambda: lab.requests() >= 5, "five attempts have arrived")
            lab.sim.clock(step_ms)
            self.accepted(lab, refusals_max=2)

    def test_a_step_of_60_s_ahead_during_a_trip_is_followed(self):
        self.steps_during_a_trip(STEP_MS)

    def test_a_step_of_60_s_back_during_a_trip_is_followed(self):
        self.steps_during_a_trip(-STEP_MS)

    def test_a_step_back_while_a_step_ahead_is_being_followed_is_followed_too(self):
        """The exchange's time is on its way to scramd when it becomes wrong."""
        with ClockLab(SELDOM, families=1) as lab:
            lab.sim.fault("delay", on="time", delay_ms=300)
            lab.sim.clock(STEP_MS)
            lab.trip()
            eventually(lambda: lab.requests() >= 1, "the first attempt is refused")
            lab.sim.clock(-STEP_MS)
            self.accepted(lab, refusals_max=3)
