"""The dead man's switch: OKX cancels where scramd, its host or its network is no more, and only there."""
import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import signal
import ssl
import time
import unittest

from lab import Lab, eventually, pki
from network import hole, own_network

KEYS = "dead_man = { timeout_s = 10%s }"
PERIOD_S = 2  # it is fed once in


def feed(port):
    """What another client of the same account does: sets the same timer."""
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    path, body = "/api/v5/trade/cancel-all-after", '{"timeOut":"60"}'
    sign = hmac.new(b"fake-secret-mm-1", f"{at}POST{path}{body}".encode(), hashlib.sha256).digest()
    headers = {"OK-ACCESS-KEY": "fake-key-mm-1", "OK-ACCESS-PASSPHRASE": "fake-pass-mm-1", "OK-ACCESS-TIMESTAMP": at,
               "OK-ACCESS-SIGN": base64.b64encode(sign).decode(), "Content-Type": "application/json"}
    trusted = ssl.create_default_context(cafile=pki() / "ca.pem")
    connection = http.client.HTTPSConnection("localhost", port, context=trusted, timeout=10)
    try:
        connection.request("POST", path, body, headers)
        return connection.getresponse().read()
    finally:
        connection.close()


class DeadMan(unittest.TestCase):
    @contextlib.contextmanager
    def guarded(self, keys="", **config):
        """A ready scramd that has fed the timer, with orders of a maker and a hedger on the book."""
        with Lab() as lab:
            self.lab = lab
            self.config = {"account_keys": KEYS % (f", {keys}" if keys else ""), **config}
            lab.sim.quote("BTC-USD", 3)
            lab.sim.quote("BTC-USD", 2, kind="limit")
            daemon = lab.scramd(**self.config).await_ready()
            eventually(lambda: self.account()["deadman_left_ms"], lambda: f"the timer is fed:\n{daemon.log()}")
            yield lab, daemon

    def account(self):
        return self.lab.sim.state()["accounts"]["mm-1"]

    def left(self, tag=""):
        """How long until OKX's timer fires, in ms; None: there is none."""
        return self.account()["deadman_left_ms"].get(tag)

    def orders(self):
        family = self.lab.sim.family("BTC-USD")
        return family["mmp"], family["plain"]

    def sweeps(self):
        """Nobody feeds any more: OKX cancels everything, and not before its time."""
        self.assertEqual(self.orders(), (3, 2))
        eventually(lambda: self.orders() == (0, 0), lambda: f"the book is empty: {self.account()}", 15)
        self.assertEqual(self.account()["deadman_fired"], 1)
        self.assertEqual(self.account()["mass_cancel"]["requests"], 0)

    def test_it_is_fed_and_shown(self):
        with self.guarded() as (lab, daemon):
            for _ in range(3):  # three times as long as it would last
                time.sleep(PERIOD_S * 2)
                self.assertGreater(self.left(), 5000)
            self.assertEqual(self.orders(), (3, 2))
            self.assertEqual(set(self.account()["calls"]["cancel-all-after"]), {"0"})
            told = daemon.status()["accounts"][0]["dead_man"]
            self.assertEqual((told["state"], told["timeout_s"], told["ready"]), ("armed", 10, True))
            code, out, err = daemon.ctl("dead-man")
            self.assertEqual(code, 0, out + err)
            self.assertIn("mm-1: armed: OKX cancels in ", out)
            self.assertNotIn("alarm=dead_man", daemon.log())

    def test_a_scramd_that_is_killed(self):
        with self.guarded() as (lab, daemon):
            daemon.stop(signal.SIGKILL)
            self.sweeps()

    def test_a_scramd_that_hangs(self):
        with self.guarded() as (lab, daemon):
            daemon.process.send_signal(signal.SIGSTOP)
            try:
                self.sweeps()
            finally:
                daemon.stop(signal.SIGKILL)

    def test_a_network_that_is_cut(self):
        with own_network(), self.guarded() as (lab, daemon):
            hole(lab.sim.port)
            self.sweeps()
            daemon.await_log("dead_man_expired account=mm-1")
            self.assertIn("alarm=dead_man", daemon.log())

    def test_a_scramd_that_lives_and_could_not_kill(self):
        with self.guarded(more="[timings]\naccount_check_s = 1\n") as (lab, daemon):
            lab.sim.ask("POST", "/sim/account", {"account": "mm-1", "mode": 3})
            eventually(lambda: not daemon.status()["fires"], "a breach would not fire")
            eventually(lambda: self.account()["deadman_fired"] == 1, "it fires", 20)
            # The exchange's clock fires first; scramd counts from when it had the answer.
            eventually(lambda: daemon.status()["accounts"][0]["dead_man"]["state"] == "expired", "it is told")

    def test_a_planned_stop_leaves_it_for_the_next_start_which_takes_it_over(self):
        with self.guarded() as (lab, daemon):
            daemon.stop()
            self.assertGreater(self.left(), 110_000)
            self.assertIn("dead_man_set account=mm-1 timeout_s=120", daemon.log())
            self.assertEqual(self.orders(), (3, 2))
            again = lab.scramd(**self.config).await_ready()
            eventually(lambda: (self.left() or 0) <= 10_000, lambda: f"taken over: {self.account()}\n{again.log()}")
            self.assertEqual((self.account()["deadman_fired"], self.orders()), (0, (3, 2)))

    def test_a_planned_stop_that_disarms(self):
        with self.guarded('on_stop = "disarm"') as (lab, daemon):
            daemon.stop()
            self.assertIsNone(self.left())
            self.assertIn("timeout_s=0 reason=\"planned stop\"", daemon.log())
            self.assertEqual(self.orders(), (3, 2))

    def test_a_stop_that_the_exchange_does_not_answer_ends_all_the_same(self):
        with self.guarded() as (lab, daemon):
            lab.sim.fault("silent", on="cancel-all-after", count=-1)
            daemon.stop()
            self.assertIn("dead_man_unsettled", daemon.log())

    def test_a_breach_during_the_stop_fires(self):
        with self.guarded() as (lab, daemon):
            maker = lab.source()
            lab.sim.fault("silent", on="cancel-all-after", count=-1)
            daemon.process.send_signal(signal.SIGTERM)
            maker.publish("mm-1/BTC-USD", "delta", 26)
            eventually(lambda: lab.sim.family("BTC-USD")["mmp"] == 0, "the quotes are cancelled")
            self.assertEqual(daemon.ended(), 0)

    def test_a_reload_brings_another_timeout_and_ends_it(self):
        with self.guarded() as (lab, daemon):
            daemon.reload(lab.config(account_keys="dead_man = { timeout_s = 60 }"))
            eventually(lambda: (self.left() or 0) > 20_000, lambda: f"the new timeout: {self.account()}")
            daemon.reload(lab.config())
            eventually(lambda: self.left() is None, lambda: f"it is off: {self.account()}\n{daemon.log()}")
            daemon.await_log('reason="removed by a reload"')
            daemon.reload(lab.config(account_keys="dead_man = { timeout_s = 60 }"))
            daemon.await_log("`dead_man` is new in the file: this needs a restart")

    def test_an_operator_switches_it_off_and_on(self):
        with self.guarded() as (lab, daemon):
            code, out, err = daemon.ctl("dead-man", "off", "mm-1")
            self.assertEqual((code, "--reason is required" in err), (1, True), out + err)
            code, out, err = daemon.ctl("dead-man", "off", "mm-1", "--reason", "moving hedges")
            self.assertEqual(code, 0, out + err)
            self.assertIn("switched off by an operator", out)
            self.assertIn("dead man's switch of mm-1: switched off", daemon.ctl("status")[1])
            eventually(lambda: self.left() is None, lambda: f"it is off: {self.account()}")
            time.sleep(PERIOD_S * 2)
            self.assertIsNone(self.left())
            self.assertEqual(daemon.ctl("dead-man", "on", "mm-1", "--reason", "done")[0], 0)
            eventually(lambda: self.left(), lambda: f"it is fed again: {self.account()}")
            daemon.stop()
            code, out, err = daemon.ctl("journal", "--directory", lab.folder / "journal")
            self.assertIn("dead_man_off account=mm-1", out)
            self.assertIn('reason="moving hedges"', out)

    def test_with_a_tag_it_spares_the_others(self):
        with self.guarded('tag = "maker"') as (lab, daemon):
            self.assertEqual(set(self.account()["deadman_left_ms"]), {"maker"})
            daemon.stop(signal.SIGKILL)
            eventually(lambda: self.account()["deadman_fired"] == 1, "it fires", 15)
            self.assertEqual(self.orders(), (3, 2))

    def test_another_feeder_raises_an_alarm(self):
        with self.guarded() as (lab, daemon):
            end = time.monotonic() + 10
            while "alarm_raised account=mm-1 alarm=dead_man" not in daemon.log() and time.monotonic() < end:
                feed(lab.sim.port)
            daemon.await_log("alarm_raised account=mm-1 alarm=dead_man")
            code, out, err = daemon.ctl("status")
            self.assertIn("ALARM mm-1: dead_man", out)


if __name__ == "__main__":
    unittest.main()
