"""The exchange has several names: links spread over them, and one that fails costs the links to it."""
import json
import signal
import socket
import unittest

from lab import Lab, Sim, eventually, ms
from network import filter_input, own_network
from now_lab import NowLab

BTC = "mm-1/BTC-USD"
REFUSES = "127.0.0.2"  # nobody listens there


def need_ipv6():
    """Two names with an address each, for which the certificate stands: ::1 and 127.0.0.1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        raise unittest.SkipTest(f"no IPv6 on the loopback ({error})") from None


class Case(unittest.TestCase):
    def kills(self, lab, daemon, value=26):
        lab.sim.quote("BTC-USD")
        lab.source().publish(BTC, "delta", value)
        daemon.await_state(BTC, "accepted")
        self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)

    def reasons(self, daemon):
        """Code and text of each reason why it is not ready."""
        told = json.loads(daemon.ctl("ready", "--json")[1])
        return {its["reason_code"]: its["reason"] for its in told["not_ready_reasons"]}

    def await_told(self, daemon, name):
        eventually(lambda: f"no link to {name} for " in self.reasons(daemon).get("hosts", ""),
                   lambda: f"{name} in {self.reasons(daemon)}", 30)


class Names(Case):
    def test_the_links_of_an_account_take_the_names_in_turn_and_status_and_log_say_which(self):
        with Lab() as lab:
            daemon = lab.scramd(host=["localhost", "127.0.0.1"]).await_ready()
            self.assertEqual([link["host"] for link in daemon.links()],
                             ["localhost", "127.0.0.1", "localhost", "127.0.0.1", "localhost"])
            peer = f"127.0.0.1:{lab.sim.port}"
            daemon.await_log(f'link_up link=mm-1#0 detail="localhost ({peer}) TLSv1.3 ')
            daemon.await_log(f'link_up link=mm-1#1 detail="127.0.0.1 ({peer}) TLSv1.3 ')
            self.assertIn(f"localhost ({peer}) TLSv1.3 ", daemon.ctl("status", "--details")[1])
            self.assertIn(f"exchange=localhost,127.0.0.1:{lab.sim.port}", daemon.log())
            self.assertEqual(daemon.ctl("ready")[:2], (0, "ready\n"))
            self.kills(lab, daemon)

    def test_a_name_that_refuses_or_does_not_resolve_for_ever_costs_its_links_and_ready_says_so(self):
        for name, why in (REFUSES, "Connection refused"), ("exchange.invalid", "the name cannot be resolved"):
            with self.subTest(name), Lab() as lab:
                daemon = lab.scramd(host=[name, "localhost"]).await_ready(2)
                self.kills(lab, daemon)
                self.await_told(daemon, name)
                reason = self.reasons(daemon)["hosts"]
                self.assertIn(why, reason)
                self.assertTrue(reason.endswith("; the links to other names go on"), reason)
                code, out, _ = daemon.ctl("ready")
                self.assertEqual(code, 1)
                self.assertIn(f"no link to {name} for ", out)
                self.assertIn(f"NOT READY: no link to {name} for ", daemon.ctl("status")[1])
                self.assertTrue(daemon.status()["fires"])
                self.assertEqual([link["phase"] == "down" for link in daemon.links()],
                                 [True, False, True, False, True])

    def test_a_name_that_comes_back_is_used_again(self):
        need_ipv6()
        with Lab() as lab:
            daemon = lab.scramd(host=["::1", "127.0.0.1"]).await_ready(2)
            self.await_told(daemon, "::1")
            (lab.folder / "other").mkdir()
            other = lab.add(Sim(lab.folder / "other", lab.sim_accounts, listen=f"[::1]:{lab.sim.port}"))
            daemon.await_ready(5)
            eventually(lambda: "hosts" not in self.reasons(daemon), lambda: self.reasons(daemon), 20)
            lab.sim.stop(signal.SIGKILL)
            self.await_told(daemon, "127.0.0.1")
            self.assertEqual(daemon.ctl("trip", BTC, "--reason", "a drill")[0], 0)
            self.assertEqual(other.cancels()["requests"], 1)

    def test_the_families_are_asked_of_a_name_that_answers(self):
        listing = ("BTC-USD", "ETH-USD")
        with Lab(families=listing) as lab:
            daemon = lab.scramd(host=[REFUSES, "localhost"]).await_ready(2)
            eventually(lambda: daemon.status()["families_known"], lambda: f"families known:\n{daemon.log()}", 20)
            self.assertNotIn("families_unknown", daemon.log())


class Silent(Case):
    """A name whose address swallows all that is sent to it, from the start and from the middle on."""

    def setUp(self):
        self.enterContext(own_network())

    def test_a_name_that_answers_nothing_costs_its_links_alone(self):
        with Lab() as lab:
            filter_input(f"ip daddr {REFUSES} drop")
            daemon = lab.scramd(host=[REFUSES, "localhost"], exchange=f"connect_timeout_ms = {ms(300)}").await_ready(2)
            self.kills(lab, daemon)
            self.await_told(daemon, REFUSES)
            self.assertIn(f"no TCP connection within {ms(300)} ms", self.reasons(daemon)["hosts"])

class Now(unittest.TestCase):
    """scram-now has the same names."""

    def test_it_cancels_by_the_name_that_answers(self):
        with NowLab(3) as lab:
            done = lab.now("all", host=[REFUSES, "localhost"])
            self.assertEqual(done.code, 0, done)
            self.assertEqual(lab.resting(), {})

    def test_its_rehearsal_tries_each_address_of_each_name(self):
        with NowLab(1) as lab:
            done = lab.now("--check", "all", host=[REFUSES, "localhost", "127.0.0.1", "exchange.invalid"])
            self.assertEqual(done.code, 0, done)
            peer = f"127.0.0.1:{lab.sim.port} is"
            self.assertTrue(any(line.startswith(f"{peer} localhost: TLSv1.3 ") for line in done.lines), done)
            self.assertTrue(any(line.startswith(f"{peer} 127.0.0.1: TLSv1.3 ") for line in done.lines), done)
            self.assertIn(f"{REFUSES} ({REFUSES}:{lab.sim.port}): Connection refused", done.err)
            self.assertIn("exchange.invalid: the name cannot be resolved: ", done.err)

    def test_its_rehearsal_fails_where_no_name_answers(self):
        with NowLab(1) as lab:
            done = lab.now("--check", "all", host=[REFUSES, "exchange.invalid"])
            self.assertEqual(done.code, 1, done)
            said = json.loads(lab.now("--check", "--json", "all", host=["localhost"]).lines[0])
            self.assertEqual(said["host"], "localhost")
