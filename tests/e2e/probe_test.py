"""scram-probe: says of a simulated exchange what that does, in each of several behaviours, and leaves nothing behind."""
import contextlib
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from lab import BIN, LIBC, ROOT, Sim, pki
from texts import write_credentials
from waiting import PATIENCE, eventually

PROGRAM = ROOT / "daemon/scram_probe/scram-probe"
UID = "446000000000000777"


class ProbeLab:
    """An exchange with the account mm-1, and the probe beside it."""

    def __init__(self, *arguments, demo=False, **behaviour):
        self.demo = demo
        keys = {"uid": UID, "demo": demo, **behaviour}
        self.arguments = arguments
        self.more = "\n".join(f"{name} = {json.dumps(value)}" for name, value in keys.items())

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.sim = Sim(self.folder, {"mm-1": self.more}, *self.arguments, families=("BTC-USD",))
        self.stack.callback(self.sim.stop)
        self.credentials = write_credentials(self.folder, "mm-1")
        self.json = self.folder / "seen.json"
        return self

    def __exit__(self, *_):
        self.stack.close()

    def command(self, *arguments, name_account=True):
        market = ["--demo"] if self.demo else ["--yes-this-account", UID] if name_account else []
        return [sys.executable, PROGRAM, "BTC-USD", "--credentials", self.credentials, "--host", "localhost", "--port", self.sim.port,
                "--ca-file", pki() / "ca.pem", "--json", self.json, *market, *arguments]

    def start(self, *arguments, **options):
        command = [str(part) for part in self.command(*arguments, **options)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                preexec_fn=lambda: LIBC.prctl(1, signal.SIGTERM))  # PR_SET_PDEATHSIG

    def run(self, *arguments, **options):
        """(exit code, stdout, stderr)"""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=55 * PATIENCE)
        return process.returncode, out, err

    def values(self, *arguments):
        """What the probe's JSON says, by point; a burst that this machine was too slow for is tried again."""
        for _ in range(3):
            code, out, err = self.run(*arguments)
            if code != 0:
                raise AssertionError(f"{code}\n{out}\n{err}")
            points = json.loads(self.json.read_text())["points"]
            if not any("too slow" in point["detail"] for point in points.values()):
                break
        return {name: point["value"] for name, point in points.items()}

    def account(self):
        return self.sim.state()["accounts"]["mm-1"]

    def change(self, **settings):
        self.sim.ask("POST", "/sim/account", {"account": "mm-1", **settings})

    def left(self):
        """What is still there: orders, milliseconds of a lock, timers."""
        account = self.account()
        family = account["families"].get("BTC-USD", {"mmp": 0, "plain": 0, "lock_left_ms": 0})
        return family["mmp"] + family["plain"], family["lock_left_ms"], account["deadman_left_ms"]


NOTHING = (0, 0, {})
OPEN_WITHOUT_ORDERS = ("shown_ms", "gone_ms", "plain_left", "lock", "lock_scope", "lock_amend", "lock_release", "lock_renewal")


class Behaviours(unittest.TestCase):
    seconds_max = 180
    maxDiff = None

    def check(self, seen, wanted):
        self.assertEqual({name: seen[name] for name in wanted}, wanted)

    def test_the_exchange_as_its_documents_read(self):
        with ProbeLab() as lab:
            seen = lab.values("--with-orders")
            self.check(seen, {
                "permission": "trade", "account_mode": "4", "key_bound": "yes", "mass_cancel": "works", "refusal_code": None, "empty_family": "true",
                "window": "sliding", "window_slots": 5, "limit_code": "50011", "cancel_all_after": "seconds", "plain_left": "yes",
                "lock": "works", "lock_scope": "all", "lock_amend": "blocked", "lock_release": "yes", "lock_renewal": "restarts"})
            self.assertIsInstance(seen["shown_ms"], int)
            self.assertIsInstance(seen["gone_ms"], int)
            self.assertEqual(lab.left(), NOTHING)
            counted = lab.account()["mass_cancel"]
            self.assertEqual(counted["window_max_sliding"], 6)  # the burst, and nothing else goes over five

    def test_each_of_them_the_other_way(self):
        with ProbeLab("--window", "fixed", empty_code="51405", lock_scope="mmp", lock_amends=False, lock_restarts=False, trigger_in_ms=True,
                   ip="127.0.0.1") as lab:
            seen = lab.values("--with-orders")
            self.check(seen, {
                "key_bound": "yes", "mass_cancel": "works", "empty_family": "51405", "window": "fixed", "window_slots": None, "limit_code": None,
                "cancel_all_after": "milliseconds", "lock": "works", "lock_scope": "mmp", "lock_amend": "free", "lock_release": "yes",
                "lock_renewal": "ignored"})
            self.assertEqual(lab.left(), NOTHING)

    def test_demo_trading_without_mass_cancel(self):
        with ProbeLab(demo=True, mass_cancel=False) as lab:
            seen = lab.values("--with-orders")
            self.check(seen, {"mass_cancel": "missing", "refusal_code": "50038", "empty_family": None, "window": None, "lock": None,
                              "cancel_all_after": "seconds"})
            self.assertEqual(lab.account()["mass_cancel"]["requests"], 1)
            self.assertEqual(lab.left(), NOTHING)
            self.assertTrue(json.loads(lab.json.read_text())["demo"])

    def test_an_account_without_the_privilege_or_in_another_mode(self):
        for behaviour, wanted in [({"mmp": False}, {"refusal_code": "51411", "account_mode": "4"}),
                                  ({"mode": 3}, {"refusal_code": "51010", "account_mode": "3"}),
                                  ({"perm": "read_only"}, {"refusal_code": "50120", "permission": "missing"})]:
            with ProbeLab(**behaviour) as lab:
                seen = lab.values("--with-orders")
                self.check(seen, {"mass_cancel": "refused", "window": None, "lock_renewal": None, **wanted})
                self.assertNotIn("order", lab.account()["calls"])

    def test_a_lock_that_is_refused_or_without_effect(self):
        for behaviour, wanted in [({"lock_code": "54009"}, {"lock": "refused"}), ({"lock_scope": "none"}, {"lock": "absent"})]:
            with ProbeLab(**behaviour) as lab:
                seen = lab.values("--with-orders", "--no-burst")
                self.check(seen, {"lock_scope": None, "lock_release": None, "lock_renewal": None, "window": None, **wanted})
                self.assertEqual(lab.left(), NOTHING)

    def test_a_list_of_orders_that_is_late(self):
        with ProbeLab() as lab:
            lab.change(list_delay_ms=3000)
            seen = lab.values("--with-orders", "--no-burst")
            for name in ("shown_ms", "gone_ms"):  # the rest of the delay is room for a slow answer
                self.assertGreater(seen[name], 1000, name)
            self.check(seen, {"plain_left": "yes", "lock": "works"})
            self.assertEqual(lab.left(), NOTHING)

    def test_without_orders_none_is_placed_and_what_stays_open_is_said(self):
        with ProbeLab() as lab:
            code, out, _ = lab.run("--no-burst")
            self.assertEqual(code, 0)
            self.assertIn("needs --with-orders", out)
            points = json.loads(lab.json.read_text())["points"]
            for name in OPEN_WITHOUT_ORDERS:
                self.assertEqual(points[name], {"value": None, "detail": "needs --with-orders"})
            self.assertNotIn("order", lab.account()["calls"])
            self.assertEqual(lab.account()["mass_cancel"]["requests"], 1)
            self.assertEqual(lab.left(), NOTHING)


class Beginnings(unittest.TestCase):
    def refused(self, lab, done, text):
        code, out, err = done
        self.assertEqual((code, out), (3, ""), err)
        self.assertIn(text, err)
        self.assertFalse(lab.json.exists())
        self.assertEqual(lab.account()["mass_cancel"]["requests"], 0)
        for name in ("order", "cancel-all-after", "cancel-batch-orders"):
            self.assertNotIn(name, lab.account()["calls"])

    def test_a_live_account_must_be_named_and_no_other(self):
        with ProbeLab() as lab:
            done = lab.run("--with-orders", name_account=False)
            self.refused(lab, done, "--yes-this-account")
            self.assertNotIn(UID, done[2])
            self.refused(lab, lab.run("--yes-this-account", "446"), "belongs to another account")

    def test_a_live_key_is_none_of_demo_trading(self):
        with ProbeLab() as lab:
            self.refused(lab, lab.run("--demo"), "50101")

    def test_a_family_in_which_others_orders_rest_is_left_alone(self):
        with ProbeLab() as lab:
            for kind in ("mmp", "limit"):
                lab.sim.quote("BTC-USD", 2, kind=kind)
                self.refused(lab, lab.run("--with-orders"), "orders rest that are not this program's")
            self.assertEqual(lab.left()[0], 4)

    def test_credentials_that_others_can_read_are_not_read(self):
        with ProbeLab() as lab:
            lab.credentials.chmod(0o644)
            code, out, err = lab.run()
            self.assertEqual((code, out), (3, ""))
            self.assertIn(f"{lab.credentials} has mode 0644", err)
            lab.credentials.chmod(0o600)
            lab.credentials.write_text('key = "fake-key-mm-1"\nsecret = "fake-secret-mm-1\n')
            code, _, err = lab.run()
            self.assertEqual(code, 3)
            self.assertNotIn("fake-", err)

    def test_no_secret_is_ever_said(self):
        with ProbeLab() as lab:
            code, out, err = lab.run("--no-burst", "--with-orders")
            self.assertEqual(code, 0, err)
            for text in ("fake-key", "fake-secret", "fake-pass"):
                self.assertNotIn(text, out + err + lab.json.read_text())

    def test_what_will_be_done_is_said_before(self):
        with ProbeLab() as lab:
            lab.sim.fault("reset", count=1)
            code, _, err = lab.run("--with-orders")
            self.assertEqual(code, 1)
            plan = err.partition("mass-cancel: ")[0]
            for text in ("LIVE trading", "BTC-USD-261225-60000-C, post-only, at 0.0001 or 0.0002", "mark is 0.0712", "burst of six", "locks of 10 s"):
                self.assertIn(text, re.sub(r"\s+", " ", plan))

    def test_answers_that_cannot_be_read_end_it(self):
        for kind, on in [("html", "config"), ("garbage", "orders-pending"), ("truncated", "time"), ("numeric", "instruments")]:
            with ProbeLab() as lab:
                lab.sim.fault(kind, on=on, count=-1)
                code, _, err = lab.run("--with-orders", "--no-burst")
                self.assertIn(code, (1, 3))
                self.assertNotIn("Traceback", err)
                self.assertEqual(lab.account()["mass_cancel"]["requests"], 0)


class Ends(unittest.TestCase):
    seconds_max = 180

    def start(self, lab):
        """A run with an order that rests and a lock that holds, and that waits for an answer."""
        lab.sim.fault("delay", on="amend-order", delay_ms=8000)
        process = lab.start("--with-orders", "--no-burst")
        self.addCleanup(process.kill)
        eventually(lambda: lab.left()[0] and lab.left()[1], lambda: f"never locked with an order: {lab.account()}", 20)
        return process

    def test_a_signal_ends_it_with_nothing_left(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with ProbeLab() as lab:
                process = self.start(lab)
                process.send_signal(number)
                out, err = process.communicate(timeout=40 * PATIENCE)
                self.assertEqual(process.returncode, 1, err)
                self.assertIn(f"interrupted by {number.name}", err)
                self.assertIn("the key may trade", out)
                self.assertEqual(lab.left(), NOTHING, err)
                self.assertFalse(lab.json.exists())

    def test_it_breaks_off_where_somebody_begins_to_trade(self):
        with ProbeLab() as lab:
            lab.sim.fault("delay", on="order", delay_ms=3000)
            process = lab.start("--with-orders", "--no-burst")
            self.addCleanup(process.kill)
            eventually(lambda: lab.left()[0], "no order", 20)
            lab.sim.quote("BTC-USD", 1, kind="limit")
            _, err = process.communicate(timeout=40 * PATIENCE)
            self.assertEqual(process.returncode, 1)
            self.assertIn("1 orders rest that are not this program's", err)
            self.assertIn("somebody began to trade in BTC-USD", err)
            self.assertEqual(lab.left(), (1, 0, {}))
            self.assertFalse(any(record["lockInterval"] not in ("0", "") for record in lab.sim.cancels()["log"]))

    def test_an_exchange_that_fails_meanwhile_is_cleared_once_it_is_back(self):
        with ProbeLab() as lab:
            lab.sim.fault("reset_done", on="order", count=1)  # it rests, and the probe does not hear of it
            code, _, err = lab.run("--with-orders", "--no-burst")
            self.assertEqual(code, 1, err)
            self.assertEqual(lab.left(), NOTHING, err)

    def test_what_cannot_be_cancelled_is_said(self):
        with ProbeLab() as lab:
            lab.sim.fault("code", on="cancel-batch-orders", code="50026", count=-1)
            process = lab.start("--with-orders", "--no-burst")
            self.addCleanup(process.kill)
            eventually(lambda: "cancel-batch-orders" in lab.account()["calls"], "no cancel", 20)
            lab.sim.fault("garbage", on="orders-pending", count=-1)
            _, err = process.communicate(timeout=55 * PATIENCE)
            self.assertEqual(process.returncode, 1)
            self.assertIn("cancel those whose client id begins with scramprobe", err)

    def test_if_it_is_killed_the_exchange_cancels_its_orders(self):
        with ProbeLab() as lab:
            self.start(lab).kill()
            self.assertEqual(list(lab.left()[2]), ["scramprobe"])
            lab.change(skip_ms=61_000)
            self.assertEqual(lab.left()[0], 0)

    def test_orders_of_an_earlier_run_are_cancelled_first(self):
        with ProbeLab() as lab:
            order = {"instId": "BTC-USD-261225-60000-C", "ordType": "limit", "side": "buy", "px": "0.0001", "sz": "1", "clOrdId": "scramprobe0badcafe1"}
            lab.sim.ask("POST", "/sim/orders", {"account": "mm-1", "orders": [order]})
            code, _, err = lab.run("--no-burst")
            self.assertEqual(code, 0, err)
            self.assertIn("1 orders rest from an earlier run", err)
            self.assertEqual(lab.left(), NOTHING)


class Checks(unittest.TestCase):
    def config(self, folder):
        (folder / "scramd.toml").write_text(
            'metrics = ["delta"]\n[exchange]\nhost = "localhost"\n[[account]]\nname = "mm-1"\ncredentials = "mm-1.credentials"\n'
            '[[family]]\nname = "mm-1/BTC-USD"\n[[source]]\nname = "maker-1"\n'
            '[[rule]]\nname = "delta"\nkind = "limit"\nmetric = "delta"\nbeyond = 25\n')
        return folder / "scramd.toml"

    def check(self, lab, *arguments):
        command = [BIN / "scramctl", "check", "--config", self.config(lab.folder), "--probe", lab.json, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20 * PATIENCE)
        return done.returncode, done.stdout + done.stderr

    def test_scramctl_compares_a_config_with_what_the_probe_saw(self):
        with ProbeLab(ip="127.0.0.1") as lab:
            self.assertEqual(lab.run("--no-burst")[0], 0)
            code, text = self.check(lab)
            self.assertEqual(code, 0, text)
            self.assertIn("not checked: open points of scram-probe: gone_ms, lock", text)
            self.assertIn("needs --with-orders", text)
            self.assertNotIn("warning", text.replace("0 warnings", ""))
        with ProbeLab(mmp=False, mode=4) as lab:
            self.assertEqual(lab.run("--no-burst")[0], 0)
            code, text = self.check(lab, "--json")
            self.assertEqual(code, 3)
            [error] = json.loads(text)["errors"]
            self.assertIn(f"OKX refused to mass-cancel for account {UID} (code 51411", error["message"])

    def test_what_is_no_result_of_the_probe_is_said(self):
        with ProbeLab() as lab:
            for text in ("", "{}", "[1"):
                lab.json.write_text(text)
                code, said = self.check(lab)
                self.assertEqual(code, 3)
                self.assertRegex(said, rf"error: {re.escape(str(lab.json))}: (is no JSON object|was not written by scram-probe)")


class Documents(unittest.TestCase):
    def test_the_keys_of_its_JSON_are_documented(self):
        text = (ROOT / "docs/interfaces.md").read_text().split("\n### scram-probe\n")[1].split("\n### ")[0]
        rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
        with ProbeLab() as lab:
            self.assertEqual(lab.run("--no-burst")[0], 0)
            seen = json.loads(lab.json.read_text())
        self.assertEqual(set(rows), seen.keys() | seen["points"].keys())


if __name__ == "__main__":
    unittest.main()
