"""What if the exchange, the network or scramd itself goes and comes back?"""
import signal
import unittest

from lab import Lab, eventually, ms

BTC = "mm-1/BTC-USD"
QUICK = f"[timings]\nanswer_timeout_ms = {ms(500)}\nretry_first_ms = 20\nretry_max_ms = 200\n"


class Exchange(unittest.TestCase):
    def test_links_come_back_after_a_restart_of_the_exchange_and_fire(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.restart_sim()
            daemon.await_log(">link_down ")
            eventually(lambda: lab.sim.state()["connections"] == 5, "five new links")
            daemon.await_ready()
            lab.sim.quote("BTC-USD")
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)

    def test_a_trip_while_the_exchange_is_away_is_done_when_it_is_back(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.sim.stop(signal.SIGKILL)
            eventually(lambda: {link["phase"] for link in daemon.links()} == {"down"}, "all links are down")
            maker = lab.source()
            maker.publish(BTC, "delta", 26)
            daemon.await_state(BTC, "tripped")
            self.assertEqual(maker.gate(BTC), 1)
            self.assertTrue(daemon.family(BTC)["unfinished"])
            lab.restart_sim()
            daemon.await_state(BTC, "accepted")

    def test_scramd_may_be_started_before_the_exchange(self):
        with Lab() as lab:
            lab.sim.stop()
            daemon = lab.scramd()
            daemon.await_log("Connection refused")
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "tripped")
            lab.restart_sim()
            daemon.await_state(BTC, "accepted")

    def test_an_exchange_that_dies_in_mid_trip_is_tried_until_it_confirms(self):
        with Lab() as lab:
            lab.sim.fault("delay", delay_ms=60000)
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "cancelling")
            lab.restart_sim()
            lab.sim.quote("BTC-USD")
            daemon.await_state(BTC, "accepted")

    def test_two_restarts_one_after_the_other_leave_all_links_up(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            for _ in range(2):
                lab.restart_sim()
                eventually(lambda: lab.sim.state()["connections"] == 5, "five new links")
            daemon.await_ready()


    def test_an_exchange_that_closes_after_each_answer_is_not_hammered_and_still_fired_at(self):
        with Lab() as lab:
            lab.sim.fault("close", on="time", count=-1)
            daemon = lab.scramd()
            eventually(lambda: lab.sim.state()["connections_total"] >= 30, "links come and go", 30)
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            asked = lab.sim.state()["time"]["window_max_sliding"]
            self.assertLessEqual(asked, 10, "OKX allows 10 requests for its time in 2 s")


class Network(unittest.TestCase):
    def test_all_connections_dropped_in_mid_trip_are_opened_again_and_the_cancel_goes_on(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            lab.sim.fault("silent")
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "cancelling")
            eventually(lambda: lab.sim.cancels()["requests"] == 1, "the attempt has arrived")
            lab.sim.drop()
            daemon.await_state(BTC, "accepted")
            daemon.await_log(">attempt_lost ")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)
            daemon.await_ready(5)

    def test_connections_dropped_while_idle_are_opened_again_at_once(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.sim.drop()
            eventually(lambda: lab.sim.state()["connections_total"] >= 10, "five new links")
            daemon.await_ready(5)

    def test_drops_again_and_again_during_a_trip_do_not_end_the_trying(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            lab.sim.fault("silent", count=4)
            daemon = lab.scramd(more=QUICK).await_ready()
            lab.source().publish(BTC, "delta", 26)
            for number in range(1, 5):
                eventually(lambda: lab.sim.cancels()["requests"] >= number, f"attempt {number}", 20)
                lab.sim.drop()
            daemon.await_state(BTC, "accepted", 20)
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)


class Daemon(unittest.TestCase):
    def test_after_SIGKILL_a_new_scramd_takes_the_dead_ones_sockets(self):
        with Lab() as lab:
            lab.scramd().await_ready().stop(signal.SIGKILL)
            self.assertTrue((lab.folder / "control.sock").exists())
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")

    def test_after_an_orderly_end_a_new_scramd_starts(self):
        with Lab() as lab:
            self.assertEqual(lab.scramd().await_ready().stop(), 0)
            daemon = lab.scramd().await_ready()
            self.assertEqual(daemon.family(BTC)["state"], "armed")
