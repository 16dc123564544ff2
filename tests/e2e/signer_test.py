"""The signer apart: it dies, hangs, is gone for good. What it had signed fires; what only a new start heals, ends."""
import os
import pathlib
import signal
import unittest

from lab import Lab, Scramd, eventually, ms, rule

NAMES = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC")
LOSS = rule("loss", "limit", metric="pnl", per="all", below=-100)
BTC = "mm-1/BTC-USD"


def children_of(pid):
    return [int(pid) for pid in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def name_of(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def is_there(pid):
    try:
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def keeper_of(daemon):
    [keeper] = children_of(daemon.process.pid)
    return keeper


def signer_of(daemon):
    """The signer, once there is one: between two there is none."""
    keeper = keeper_of(daemon)

    def one():
        try:
            [pid] = children_of(keeper)
            return pid if name_of(pid) == "scramd-signer" else None
        except (OSError, ValueError):
            return None
    return eventually(one, "a signer")


class SignerLab(Lab):
    def start(self, **config):
        self.daemon = self.scramd(LOSS, families=[f"mm-1/{name}-USD" for name in NAMES],
                                  more=f"[timings]\nanswer_timeout_ms = {ms(500)}\n", **config).await_ready()
        self.maker = self.source()
        return self.daemon

    def trip(self):
        for name in NAMES:
            self.sim.quote(f"{name}-USD", 3)
        self.maker.publish(BTC, "pnl", -101)

    def accepted(self):
        for name in NAMES:
            self.daemon.await_state(f"mm-1/{name}-USD", "accepted")
        return sum(self.sim.family(f"{name}-USD")["mmp"] for name in NAMES) == 0

    def age_ms(self):
        return self.daemon.status()["accounts"][0]["signature_age_ms"]

    def is_resigned_again(self):
        return self.age_ms() < 2000


class Signer(unittest.TestCase):
    def test_the_processes_are_named_so_that_ps_tells_them_apart(self):
        with SignerLab() as lab:
            daemon = lab.start()
            self.assertEqual(name_of(keeper_of(daemon)), "scramd-keeper")
            self.assertEqual(name_of(signer_of(daemon)), "scramd-signer")

    def test_killing_the_signer_while_a_trip_is_under_way_loses_nothing(self):
        with SignerLab() as lab:
            daemon = lab.start()
            before = signer_of(daemon)
            lab.trip()
            eventually(lambda: lab.sim.cancels()["requests"] > 0, "the first cancel")
            os.kill(before, signal.SIGKILL)
            self.assertTrue(lab.accepted())
            self.assertEqual(set(lab.sim.cancels()["codes"]), {"0"})
            eventually(lambda: signer_of(daemon) != before, "another signer")
            daemon.await_log("signer_restarted")
            eventually(lab.is_resigned_again, "signatures are young again")
            self.assertEqual(daemon.ctl("ready")[0], 0)

    def test_a_signer_that_is_killed_again_and_again_is_started_again_and_again(self):
        with SignerLab() as lab:
            daemon = lab.start()
            for _ in range(5):
                before = signer_of(daemon)
                os.kill(before, signal.SIGKILL)
                eventually(lambda: signer_of(daemon) != before, "another signer")
            eventually(lab.is_resigned_again, "signatures are young again")
            lab.trip()
            self.assertTrue(lab.accepted())

    def test_while_the_signer_hangs_a_trip_fires_and_the_loop_goes_on(self):
        with SignerLab() as lab:
            daemon = lab.start()
            signer = signer_of(daemon)
            os.kill(signer, signal.SIGSTOP)
            eventually(lambda: lab.age_ms() > 1500, "signatures grow older")
            lab.trip()
            self.assertTrue(lab.accepted())
            eventually(lambda: "the signer does not answer" in daemon.ctl("ready")[1], "it is not ready")
            os.kill(signer, signal.SIGCONT)
            eventually(lab.is_resigned_again, "signatures are young again")
            eventually(lambda: daemon.ctl("ready")[0] == 0, "ready again")

    def test_a_clock_that_steps_while_the_signer_hangs_is_followed_as_soon_as_it_goes_on(self):
        with SignerLab() as lab:
            daemon = lab.start()
            signer = signer_of(daemon)
            os.kill(signer, signal.SIGSTOP)
            lab.sim.clock(60_000)
            lab.trip()
            eventually(lambda: lab.sim.cancels()["codes"].get("50102", 0) > 2, "the exchange refuses old ones")
            os.kill(signer, signal.SIGCONT)
            self.assertTrue(lab.accepted())
            self.assertIn("class=clock", daemon.log())

    def test_the_group_is_told_to_end_and_ends_in_peace(self):
        with SignerLab() as lab:
            daemon = lab.start()
            pids = keeper_of(daemon), signer_of(daemon)
            for pid in pids:
                os.kill(pid, signal.SIGTERM)
                os.kill(pid, signal.SIGINT)
            self.assertTrue(all(is_there(pid) for pid in pids))
            self.assertEqual(daemon.stop(), 0)
            eventually(lambda: not any(is_there(pid) for pid in pids), "nobody is left")
            self.assertNotIn("signer", daemon.log())

    def test_nobody_outlives_a_daemon_that_is_killed(self):
        with SignerLab() as lab:
            daemon = lab.start()
            pids = keeper_of(daemon), signer_of(daemon)
            os.kill(pids[1], signal.SIGSTOP)
            daemon.stop(signal.SIGKILL)
            eventually(lambda: not any(is_there(pid) for pid in pids), "nobody is left")


class Gone(unittest.TestCase):
    seconds_max = 90

    def test_without_a_keeper_it_says_so_fires_what_is_signed_and_ends_before_that_is_too_old(self):
        with SignerLab() as lab:
            daemon = lab.start()
            signer = signer_of(daemon)
            os.kill(keeper_of(daemon), signal.SIGKILL)
            eventually(lambda: not is_there(signer), "the signer ends with its keeper")
            daemon.await_log("signer_gone")
            code, said, _ = daemon.ctl("ready")
            self.assertEqual(code, 1)
            self.assertIn("the signer is gone", said)
            lab.trip()
            self.assertTrue(lab.accepted())
            self.ends_to_be_started_again(lab)

    def test_a_signer_that_hangs_for_good_is_an_end_too_and_the_next_start_has_another(self):
        with SignerLab() as lab:
            daemon = lab.start()
            pids = keeper_of(daemon), signer_of(daemon)
            os.kill(pids[1], signal.SIGSTOP)
            lab.trip()
            self.assertTrue(lab.accepted())
            self.ends_to_be_started_again(lab)
            eventually(lambda: not any(is_there(pid) for pid in pids), "nobody is left")

    def ends_to_be_started_again(self, lab):
        self.assertEqual(lab.daemon.ended(40), 1)
        self.assertIn("<0>signer_lost", lab.daemon.log())
        lab.children.remove(lab.daemon)
        again = lab.add(Scramd(lab.folder, lab.daemon.config.read_text(), log="again.log"))
        again.await_ready()
        self.assertIn("end=clean", again.log())
        self.assertEqual({f["gate"] for f in again.status()["families"]}, {"closed"})
        self.assertLessEqual({f["state"] for f in again.status()["families"]}, {"accepted", "verified"})
