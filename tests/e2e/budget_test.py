"""Never more than 5 requests in any 2 s, and never slower than that allows (Lab checks the former always)."""
import unittest

from lab import Lab, eventually, rule

LOSS = rule("loss", "limit", metric="pnl", per="all", below=-100)
NAMES = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "EOS", "TRX", "BCH", "ETC"]
WINDOW_S = 2.0
SLACK_S = 8.0


def families(count, account="mm-1"):
    return [f"{account}/{name}-USD" for name in NAMES[:count]]


def arrivals(lab, account="mm-1"):
    """Of the accepted cancels, in order: instrument family, and seconds since the first."""
    log = [r for r in lab.sim.cancels(account)["log"] if r["code"] == "0"]
    return [(r["instFamily"], (r["mono_ns"] - log[0]["mono_ns"]) / 1e9) for r in log]


def fired(daemon):
    """Families in the order in which scramd fired."""
    return [line.split(" family=")[1].split()[0] for line in daemon.log().splitlines() if ">fired " in line]


class Budget(unittest.TestCase):
    def fire(self, lab, names, **config):
        daemon = lab.scramd(LOSS, families=names, **config)
        daemon.await_ready(5 * len(lab.accounts))
        lab.source().publish(names[-1], "pnl", -101)
        rounds = (len(names) - 1) // 5
        for name in names:
            daemon.await_state(name, "accepted", 2.005 * rounds + SLACK_S)
        eventually(lambda: daemon.log().count(">accepted ") == len(names), "all told")
        return daemon

    def shows_rounds_of_five(self, count, *sim):
        names = families(count)
        with Lab(sim=sim) as lab:
            for name in names:
                lab.sim.quote(name.split("/")[1], 4)
            daemon = self.fire(lab, names)
            self.assertEqual(fired(daemon), names)
            came = arrivals(lab)
            self.assertEqual(len(came), count)
            for number, (_, at) in enumerate(came):
                if number >= 5:
                    self.assertGreaterEqual(at - came[number - 5][1], WINDOW_S)
            self.assertLess(came[min(4, count - 1)][1], WINDOW_S)
            self.assertEqual({family for family, _ in came[:5]}, {n.split("/")[1] for n in names[:5]})
            books = lab.sim.state()["accounts"]["mm-1"]["families"]
            self.assertEqual({book["mmp"] for book in books.values()}, {0})

    def test_five_families_leave_at_once(self):
        self.shows_rounds_of_five(5)

    def test_six_families_leave_as_five_at_once_and_one_after_the_window(self):
        self.shows_rounds_of_five(6)

    def test_six_families_leave_so_for_an_exchange_with_fixed_windows(self):
        self.shows_rounds_of_five(6, "--window", "fixed")

    def test_eleven_families_leave_in_three_rounds_in_the_order_of_the_config(self):
        self.shows_rounds_of_five(11)

    def test_two_accounts_have_a_budget_each(self):
        accounts = ("mm-1", "mm-2")
        names = families(5) + families(5, "mm-2")
        with Lab(accounts=accounts) as lab:
            self.fire(lab, names)
            for account in accounts:
                self.assertEqual(lab.sim.cancels(account)["window_max_sliding"], 5)
                self.assertLess(arrivals(lab, account)[-1][1], WINDOW_S)

    def test_an_account_waits_for_its_own_budget_only(self):
        names = families(6) + families(1, "mm-2")
        with Lab(accounts=("mm-1", "mm-2")) as lab:
            daemon = lab.scramd(LOSS, families=names).await_ready(10)
            lab.source().publish(names[0], "pnl", -101)
            daemon.await_state("mm-2/BTC-USD", "accepted")
            self.assertEqual(daemon.family("mm-1/DOT-USD")["state"], "tripped")
            daemon.await_state("mm-1/DOT-USD", "accepted")

    def test_accounts_do_not_share_keys(self):
        names = families(1) + families(1, "mm-2")
        with Lab(accounts=("mm-1", "mm-2")) as lab:
            lab.sim.quote("BTC-USD", 5, account="mm-1")
            lab.sim.quote("BTC-USD", 5, account="mm-2")
            daemon = lab.scramd(families=names).await_ready(10)
            lab.source().publish("mm-2/BTC-USD", "delta", 26)
            daemon.await_state("mm-2/BTC-USD", "accepted")
            self.assertEqual(lab.sim.family("BTC-USD", "mm-2")["mmp"], 0)
            self.assertEqual(lab.sim.family("BTC-USD", "mm-1")["mmp"], 5)
            self.assertEqual(lab.sim.cancels("mm-1")["requests"], 0)

    def test_a_share_of_one_sends_one_in_each_window(self):
        names = families(3)
        with Lab() as lab:
            daemon = lab.scramd(LOSS, families=names, account_keys="budget = { share = 1 }").await_ready()
            lab.source().publish(names[0], "pnl", -101)
            for name in names:
                daemon.await_state(name, "accepted", 2 * 2.005 + SLACK_S)
            self.assertEqual(lab.sim.cancels()["window_max_sliding"], 1)
            self.assertEqual([family for family, _ in arrivals(lab)], [n.split("/")[1] for n in names])

    def test_one_link_sends_a_burst_in_turns(self):
        names = families(3)
        with Lab() as lab:
            daemon = lab.scramd(LOSS, families=names, account_keys="links = 1").await_ready(1)
            lab.source().publish(names[0], "pnl", -101)
            for name in names:
                daemon.await_state(name, "accepted")
            self.assertEqual([family for family, _ in arrivals(lab)], [n.split("/")[1] for n in names])

    def test_attempts_that_fail_at_once_are_tried_within_the_budget(self):
        names = families(4)
        with Lab() as lab:
            lab.sim.fault("unavailable503", count=8)
            daemon = lab.scramd(LOSS, families=names).await_ready()
            lab.source().publish(names[0], "pnl", -101)
            for name in names:
                daemon.await_state(name, "accepted", 30)
            self.assertEqual(lab.sim.cancels()["requests"], 12)

    def test_lost_attempts_keep_their_slots_until_nothing_can_be_under_way(self):
        names = families(5)
        with Lab() as lab:
            lab.sim.fault("silent", count=5)
            daemon = lab.scramd(LOSS, families=names, more="[timings]\nanswer_timeout_ms = 300\n").await_ready()
            lab.source().publish(names[0], "pnl", -101)
            for name in names:
                daemon.await_state(name, "accepted", 30)
            self.assertEqual(lab.sim.cancels()["requests"], 10)

    def test_operators_who_pull_again_and_again_stay_within_the_budget(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            for _ in range(20):
                self.assertTrue(daemon.ask("trip", target="all", reason="again")["ok"])
            for name in ("mm-1/BTC-USD", "mm-1/ETH-USD"):
                daemon.await_state(name, "accepted", 20)

    def test_the_plan_of_fire_is_what_happens(self):
        with Lab() as lab:
            (lab.folder / "plan.toml").write_text(lab.config(families=families(6)))
            daemon = lab.scramd().await_ready()
            code, out, err = daemon.ctl("check", "--config", lab.folder / "plan.toml")
            self.assertEqual(code, 0, err)
            self.assertRegex(out, r"mm-1: 6 families: 5 at 0 s \(BTC.*\), 1 at \+2\.\d s \(DOT-USD\)")
