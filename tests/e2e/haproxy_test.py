"""Behind haproxy: it closes idle links by an answer nobody asked for, and tries again in our name."""
import signal
import unittest

from proxies import BUSY, IDLE, LOSS, PATIENT_GUARD, BehindProxy, Haproxy, eventually


class Behind(BehindProxy, unittest.TestCase):
    kind, gone_status = Haproxy, 503

    def test_an_answer_408_that_nobody_asked_for_is_taken_for_none(self):
        with self.lab(idle_s=1) as lab:
            lab.quote_all()
            daemon = lab.scramd(LOSS, more=IDLE).await_ready()
            eventually(lambda: daemon.log().count(">link_down ") >= 5, "each link was closed", 20)
            lab.loss()
            lab.all_accepted(daemon)
            self.assertFalse([line for line in lab.answers(daemon) if "http=408" in line])

    def test_a_proxy_that_goes_on_trying_in_our_name_after_we_gave_up_stays_within_the_budget(self):
        """haproxy's default: what scramd has aborted is still delivered, once the backend is back."""
        impatient = BUSY + "answer_timeout_ms = 500\n"
        with self.lab(retries=3) as lab:
            daemon = lab.scramd(more=impatient, account_keys=PATIENT_GUARD).await_ready()
            lab.sim.stop(signal.SIGKILL)
            lab.loss()
            eventually(lambda: daemon.log().count(">attempt_lost ") >= 5, "five attempts are given up")
            lab.restart_sim()
            lab.all_accepted(daemon)
