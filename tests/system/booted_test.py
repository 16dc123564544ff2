"""Does the unit hold what it says, under the real systemd?"""
import signal
import unittest

from desk import READY, Desk, package
from waiting import eventually


class Service(unittest.TestCase):
    def test_a_breach_is_cancelled_by_the_installed_daemon(self):
        with Desk() as desk:
            desk.installed().configured().started()
            self.assertRegex(desk.machine.shown("scramd", "StatusText"), READY)
            self.assertEqual(desk.ctl("ready"), (0, "ready\n"))
            desk.sim.quote("BTC-USD")
            desk.publish(26)
            desk.await_state("verified")
            self.assertEqual(desk.sim.family("BTC-USD")["mmp"], 0)

    def test_a_loop_that_hangs_is_replaced_and_its_unfinished_cancel_goes_on(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.breach()
            before = desk.machine.process()
            desk.machine.signal(signal.SIGSTOP)
            eventually(lambda: desk.machine.process() not in (0, before), "the watchdog starts another", 20)
            self.assertIn("watchdog", desk.machine.log().lower())
            desk.mend()

    def test_a_killed_daemon_is_replaced_and_its_unfinished_cancel_goes_on(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.breach()
            before = desk.machine.process()
            desk.machine.signal(signal.SIGKILL)
            eventually(lambda: desk.machine.process() not in (0, before), "systemd starts another", 20)
            desk.mend()

    def test_after_a_reboot_it_starts_by_itself_latched_and_goes_on(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.breach()
            desk.machine.power_off()
            desk.machine.boot()
            desk.mend()

    def test_after_a_power_cut_too(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.breach()
            desk.machine.pull_the_plug()
            desk.machine.boot()
            desk.mend()
