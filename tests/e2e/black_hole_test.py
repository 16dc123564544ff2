"""The network swallows everything while an attempt is in flight: no answer, no RST, no FIN ever comes."""
import unittest

from lab import Lab, eventually, ms, rule
from network import clients_of, heal, hole, hole_for, hole_for_first_attempt, own_network

LOSS = rule("loss", "limit", metric="pnl", per="all", below=-100)
DELTA = rule("delta", "limit", metric="delta", beyond=25)
FAMILIES = [f"mm-1/{name}-USD" for name in ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC")]
BTC = FAMILIES[0]
QUICK = f"[timings]\nanswer_timeout_ms = {ms(400)}\nretry_first_ms = 20\nretry_max_ms = 200\n"


class BlackHole(unittest.TestCase):
    """In each test okxsim counts the budget (Lab): what is lost on its way may still arrive."""

    def setUp(self):
        self.enterContext(own_network())

    def trip(self, lab, rules=LOSS, **config):
        daemon = lab.scramd(rules, families=FAMILIES, more=QUICK, exchange=f"connect_timeout_ms = {ms(300)}",
                            **config).await_ready()
        for name in FAMILIES:
            lab.sim.quote(name.split("/")[1], 3)
        return daemon

    def accepted(self, lab, daemon, names=FAMILIES):
        for name in names:
            daemon.await_state(name, "accepted", 30)
            self.assertEqual(lab.sim.family(name.split("/")[1])["mmp"], 0)

    def not_down(self, daemon):
        return {link["name"] for link in daemon.links() if link["phase"] != "down"}

    def test_a_hole_before_the_attempts_is_left_by_all_once_it_heals(self):
        with Lab() as lab:
            daemon = self.trip(lab)
            hole(lab.sim.port)
            lab.source().publish(BTC, "pnl", -101)
            daemon.await_log(">attempt_lost ")
            eventually(lambda: {link["phase"] for link in daemon.links()} == {"down"}, "all links are down")
            self.assertEqual(lab.sim.cancels()["requests"], 0)
            heal()
            self.accepted(lab, daemon)

    def test_a_hole_that_swallows_the_answers_only_after_the_exchange_counted_heals_within_the_budget(self):
        with Lab() as lab:
            lab.sim.fault("delay", delay_ms=200, count=5)
            daemon = self.trip(lab)
            lab.source().publish(BTC, "pnl", -101)
            eventually(lambda: lab.sim.cancels()["requests"] >= 5, "five attempts have arrived")
            hole(lab.sim.port)
            daemon.await_log(">attempt_lost ")
            heal()
            self.accepted(lab, daemon)

    def test_connections_that_all_die_silently_are_opened_again_without_waiting_for_them_to_heal(self):
        """As when a firewall forgets what it knew: new connections pass, the old ones never end."""
        with Lab() as lab:
            daemon = self.trip(lab)
            hole_for(lab.sim.port, clients_of(lab.sim.port))
            lab.source().publish(BTC, "pnl", -101)
            self.accepted(lab, daemon)
            daemon.await_log(">attempt_lost ")

    def only_the_first_attempts_link_dies(self, through):
        with Lab() as lab:
            daemon = self.trip(lab, DELTA)
            hole_for_first_attempt(lab.sim.port, through)
            lab.source().publish(BTC, "delta", 26)
            self.accepted(lab, daemon, [BTC])
            fired = [line for line in daemon.log().splitlines() if ">fired " in line]
            used = [line.split(" link=")[1].split()[0] for line in fired]
            self.assertEqual(len(used), 2, fired)
            self.assertNotEqual(used[0], used[1])
            self.assertEqual(lab.sim.cancels()["requests"], 2 if through else 1)

    def test_a_link_that_dies_with_the_attempt_on_its_way_is_left_for_another(self):
        self.only_the_first_attempts_link_dies(through=False)

    def test_a_link_that_dies_with_the_answer_on_its_way_is_left_for_another(self):
        self.only_the_first_attempts_link_dies(through=True)

    def test_holes_that_come_and_go_during_a_trip_end_in_confirmation(self):
        with Lab() as lab:
            daemon = self.trip(lab)
            lab.source().publish(BTC, "pnl", -101)
            for _ in range(4):
                up = self.not_down(daemon)
                hole(lab.sim.port)
                eventually(lambda: up - self.not_down(daemon), "a link is lost")
                heal()
                daemon.await_ready(1)
            self.accepted(lab, daemon)

    def test_connections_that_die_silently_while_idle_are_found_by_the_rehearsals(self):
        with Lab() as lab:
            daemon = lab.scramd(more=QUICK + "rehearse_every_ms = 4000\n").await_ready()
            hole_for(lab.sim.port, clients_of(lab.sim.port))
            eventually(lambda: lab.sim.state()["connections_total"] >= 10, "five new links", 20)
            daemon.await_ready(5)
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.cancels()["requests"], 1)
