"""What is wrong with a key or an account is told before any kill."""
import time
import unittest

from lab import Lab, eventually, ms

FAST = "[timings]\naccount_check_s = 1\n"


class AccountTruth(unittest.TestCase):
    def reasons(self, daemon):
        return {r["reason_code"]: r["reason"] for r in daemon.status()["not_ready_reasons"]}

    def becomes(self, change, reason, text, alarm):
        with Lab() as lab:
            daemon = lab.scramd(more=FAST).await_ready()
            eventually(lambda: daemon.status()["accounts"][0]["key"]["proven"], "the key is proven")
            lab.sim.ask("POST", "/sim/account", {"account": "mm-1", **change})
            eventually(lambda: reason in self.reasons(daemon), lambda: f"{reason}: {self.reasons(daemon)}\n{daemon.log()}")
            self.assertIn(text, self.reasons(daemon)[reason])
            self.assertFalse(daemon.status()["fires"])
            code, out, err = daemon.ctl("ready")
            self.assertEqual(code, 1, out + err)
            self.assertIn(text, out + err)
            self.assertIn(f"alarm={alarm}", daemon.log())
            self.assertEqual(lab.sim.cancels()["requests"], 0)

    def test_a_key_that_may_not_trade(self):
        self.becomes({"perm": "read_only"}, "permission", "the key may not trade", "no_permission")

    def test_an_address_that_is_not_listed(self):
        self.becomes({"ip": "192.0.2.1"}, "key", "code 50110", "key_refused")

    def test_an_account_in_another_mode(self):
        self.becomes({"mode": 3}, "mode", "the account is in mode 3", "wrong_mode")

    def test_a_key_of_another_region(self):
        self.becomes({"region": "eea"}, "key", "code 50119", "key_refused")

    def test_what_is_put_right_is_ready_again(self):
        with Lab() as lab:
            lab.sim.ask("POST", "/sim/account", {"account": "mm-1", "perm": "read_only"})
            daemon = lab.scramd(more=FAST)
            daemon.await_log("alarm=no_permission")
            self.assertIn("permission", self.reasons(daemon))
            lab.sim.ask("POST", "/sim/account", {"account": "mm-1", "perm": "read_only,trade"})
            daemon.await_ready()

    def test_an_unbound_key_is_told_and_no_hindrance(self):
        with Lab(sim_accounts={"mm-1": 'ip = ""'}) as lab:
            daemon = lab.scramd().await_ready()
            daemon.await_log("alarm=key_unbound")
            self.assertEqual(daemon.status()["accounts"][0]["key"]["bound_to_ip"], False)

    def test_an_unbound_key_is_kept_alive_by_the_calls(self):
        """Day 20 of a key that would end after 14 days without a call, at a thousandth of the time."""
        with Lab(sim_accounts={"mm-1": f'ip = ""\nkey_lifetime_ms = {ms(4000)}'}) as lab:
            lab.sim.quote("BTC-USD", 3)
            daemon = lab.scramd(more=FAST).await_ready()
            maker = lab.source()
            time.sleep(ms(6000) / 1000)
            maker.publish("mm-1/BTC-USD", "delta", 26)
            daemon.await_state("mm-1/BTC-USD", "verified")

    def test_every_link_proves_the_key(self):
        with Lab() as lab:
            daemon = lab.scramd(more=FAST).await_ready()
            eventually(lambda: daemon.status()["accounts"][0]["key"]["proven"], "the key is proven")
            self.assertEqual(daemon.status()["accounts"][0]["key"]["mode"], 4)


if __name__ == "__main__":
    unittest.main()
