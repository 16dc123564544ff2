"""Behind nginx: connections that end when it likes, and its own pages instead of the exchange's answers."""
import signal
import unittest

from proxies import BUSY, BehindProxy, Nginx, eventually


class Behind(BehindProxy, unittest.TestCase):
    kind, gone_status = Nginx, 502

    def test_a_proxy_that_dies_within_an_answer_is_tried_until_it_is_back(self):
        """At 64 bytes a second an answer takes seconds; scramd must not take its beginning for the whole."""
        slowly = "[timings]\nanswer_timeout_ms = 20000\n"
        with self.lab() as lab:
            lab.quote_all()
            daemon = lab.scramd(more=slowly).await_ready()
            lab.proxy.stop()
            lab.hostile = {"more": "limit_rate 64;"}
            lab.start_proxy()
            daemon.await_ready(1)
            lab.loss()
            eventually(lambda: lab.requests() >= 1, "an answer has begun")
            lab.hostile = {}
            lab.restart_proxy()
            daemon.await_log(">attempt_lost ")
            lab.all_accepted(daemon)

    def test_a_page_of_the_proxy_itself_confirms_nothing(self):
        """The maintenance page that an operator put there, with status 200."""
        page = 'error_page 502 =200 /down; server_tokens off;'
        with self.lab(more=page) as lab:
            daemon = lab.scramd(more=BUSY).await_ready()
            lab.sim.stop(signal.SIGKILL)
            lab.loss()
            self.told(lab, daemon, "class=failed")
            self.assertEqual({f["unfinished"] for f in daemon.status()["families"]}, {True})
            lab.restart_sim()
            lab.all_accepted(daemon)
