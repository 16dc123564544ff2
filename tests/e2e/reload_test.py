"""SIGHUP: what is taken up, what is refused, and what goes on meanwhile."""
import os
import subprocess
import threading
import time
import unittest

from lab import PATIENCE, Control, Lab, as_user, ctl_command, eventually, rule

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
NOBODY = 65534


def delta(limit):
    return rule("delta", "limit", metric="delta", beyond=limit)


class Reload(unittest.TestCase):
    def refused(self, daemon, config, *told):
        daemon.reload(config)
        daemon.await_log("reload_refused")
        lines = [line for line in daemon.log().splitlines() if "reload_refused" in line]
        self.assertTrue(all(line.startswith("<3>") for line in lines), lines)
        for text in told:
            eventually(lambda: text in daemon.log(), lambda: f"{text} in {daemon.log()}")
        self.assertNotIn("plan_changed", daemon.log())

    def test_a_lower_limit_that_is_breached_already_trips(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd(delta(25)).await_ready()
            lab.source().publish(BTC, "delta", 20)
            daemon.await_value(BTC, "delta", 20)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            daemon.reload(lab.config(delta(15)))
            daemon.await_state(BTC, "accepted")
            daemon.await_log("value=20 limit=15")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)
            self.assertEqual(daemon.family(ETH)["state"], "armed")

    def test_a_higher_limit_lets_more_pass_and_keeps_values_and_links(self):
        with Lab() as lab:
            daemon = lab.scramd(delta(25)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 20)
            daemon.await_value(BTC, "delta", 20)
            daemon.reload(lab.config(delta(50)))
            daemon.await_log("plan_changed")
            self.assertEqual(daemon.value(BTC, "delta"), 20)
            maker.publish(BTC, "delta", 49)
            daemon.await_value(BTC, "delta", 49)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            maker.publish(BTC, "delta", 51)
            daemon.await_state(BTC, "accepted")
            self.assertNotIn(">link_down ", daemon.log())

    def test_a_reload_arms_nothing_that_is_latched(self):
        with Lab() as lab:
            daemon = lab.scramd(delta(25)).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            daemon.reload(lab.config(delta(100)))
            daemon.await_log("plan_changed")
            self.assertIn(daemon.family(BTC)["state"], ("accepted", "verified"))
            self.assertEqual(maker.gate(BTC), 1)
            self.assertEqual(daemon.rearm(BTC, "the limit was raised")[0], 0)

    def test_a_bad_file_is_refused_with_file_and_line_and_the_old_rules_stay(self):
        with Lab() as lab:
            daemon = lab.scramd(delta(25)).await_ready()
            bad = lab.config(delta(10).replace("beyond", "beyonde") + rule("x", "limmit"))
            at = [n for n, line in enumerate(bad.splitlines(), 1) if "beyonde" in line or "limmit" in line]
            self.refused(daemon, bad, *[f"{daemon.config}:{line}" for line in at], "beyonde", "limmit")
            maker = lab.source()
            maker.publish(BTC, "delta", 24)
            daemon.await_value(BTC, "delta", 24)
            self.assertEqual(daemon.family(BTC)["state"], "armed")
            maker.publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")

    def test_a_file_that_is_no_TOML_is_refused_with_its_line(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.refused(daemon, "metrics = [\n", f"{daemon.config}:")

    def test_a_file_that_is_gone_is_refused(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            text = daemon.config.read_text()
            daemon.config.unlink()
            daemon.process.send_signal(1)
            daemon.await_log("reload_refused")
            daemon.reload(text)
            daemon.await_log("plan_changed")

    def test_what_needs_a_restart_is_refused_by_name(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.refused(daemon, lab.config(host="127.0.0.1"), "host", "needs a restart")

    def test_a_new_family_needs_a_restart(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.refused(daemon, lab.config(families=(BTC, ETH, "mm-1/SOL-USD")), "mm-1/SOL-USD",
                         "needs a restart")

    def test_scramctl_reloads_and_tells_why_not(self):
        with Lab() as lab:
            daemon = lab.scramd(delta(25)).await_ready()
            daemon.config.write_text(lab.config(delta(30)))
            told = "the file is in effect\nrule delta: beyond = 25 becomes beyond = 30\n"
            self.assertEqual(daemon.ctl("reload"), (0, told, ""))
            daemon.await_log("plan_changed")
            daemon.await_log("reloaded rules_changed=delta")
            daemon.config.write_text(lab.config(rule("pnl", "limit", metric="pnl", below=-5)))
            self.assertEqual(daemon.ctl("reload")[1], "the file is in effect\nrule pnl: added\nrule delta: removed\n")
            daemon.await_log("reloaded rules_added=pnl rules_removed=delta")
            self.assertEqual(daemon.ctl("reload")[1], "the file is in effect; nothing in it has changed\n")
            daemon.config.write_text(lab.config(delta(-30)) + "nonsense = 1\n")
            code, out, err = daemon.ctl("reload")
            self.assertEqual((code, out), (1, ""))
            for text in ("scramd.toml:", "larger), got -30", '"nonsense"'):
                self.assertIn(text, err)
            self.assertTrue(daemon.status()["ready"])

    def test_a_file_that_nests_without_end_is_refused_and_not_read(self):
        with Lab() as lab:
            daemon = lab.scramd(delta(25)).await_ready()
            for more, told in (("a." * 40_000 + "a = 1\n", "16 parts"),
                               ("a = " + "[" * 40_000, "16 levels"),
                               ("".join(f"k{i} = 1\n" for i in range(40_000)), "more errors")):
                daemon.config.write_text(more + lab.config(delta(30)))
                code, out, err = daemon.ctl("reload")
                self.assertEqual((code, out), (1, ""))
                self.assertIn(told, err)
                self.assertLess(len(err), 60_000)
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")

    def test_the_loop_turns_while_a_long_file_is_read(self):
        count = int(1000 / max(PATIENCE, 1))  # scramctl waits some seconds, however slow the build is
        rules = "".join(rule(f"delta-{i}", "limit", metric="delta", beyond=25 + i) for i in range(count))
        with Lab() as lab:
            daemon = lab.scramd(delta(25)).await_ready()
            daemon.config.write_text(lab.config(rules))
            done, waits = threading.Event(), []

            def ask():
                """What is refused at once, again and again: each answer waits for the loop."""
                with Control(lab.folder) as control:
                    while not done.is_set():
                        began = time.monotonic()
                        control.ask("nonsense")
                        waits.append(time.monotonic() - began)

            asking = threading.Thread(target=ask)
            asking.start()
            began = time.monotonic()
            code, out, err = daemon.ctl("reload")
            whole = time.monotonic() - began
            done.set()
            asking.join()
            self.assertEqual(code, 0, err)
            self.assertEqual(out.splitlines()[0], "the file is in effect")
            self.assertTrue(out.endswith(f"and {count - 63} more\n"), out[-200:])
            waits.sort()
            # In the longest two this process, or scramd, may have had no processor.
            self.assertLess(waits[-3], whole / 3, (waits[-3:], whole))

    def test_who_asks_while_a_file_is_read_is_answered_by_the_next_reading(self):
        with Lab() as lab:
            daemon = lab.scramd(delta(25)).await_ready()
            daemon.config.write_text(lab.config(delta(30)))
            asked = [subprocess.Popen(ctl_command(daemon.folder, "reload"), stdout=subprocess.PIPE)
                     for _ in range(5)]
            for one in asked:
                self.assertTrue(one.communicate(timeout=60)[0].startswith(b"the file is in effect"))
            lab.source().publish(BTC, "delta", 29)
            daemon.await_value(BTC, "delta", 29)
            self.assertEqual(daemon.family(BTC)["state"], "armed")

    def test_a_reload_during_a_trip_loses_nothing(self):
        with Lab() as lab:
            lab.sim.fault("unavailable503", count=3)
            daemon = lab.scramd(delta(25)).await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "tripped")
            daemon.reload(lab.config(delta(30)))
            daemon.await_state(BTC, "accepted", 20)

    def test_many_reloads_in_a_row_leave_it_alive(self):
        with Lab() as lab:
            daemon = lab.scramd(delta(25)).await_ready()
            for limit in range(30, 50):
                daemon.reload(lab.config(delta(limit)))
                daemon.status()
            daemon.reload(lab.config(delta(5)))
            maker = lab.source()

            def tripped():
                maker.publish(BTC, "delta", 6)
                return daemon.family(BTC)["state"] in ("accepted", "verified")

            eventually(tripped, "the last file counts")

    def test_rights_are_taken_up(self):
        if os.geteuid() != 0:
            self.skipTest("only root can speak as another user")
        with Lab() as lab:
            lab.folder.chmod(0o755)
            daemon = lab.scramd().await_ready()

            def read():
                return as_user(NOBODY, lambda: daemon.ask("status")["ok"])

            self.assertFalse(read())
            daemon.reload(lab.config(more=f'[rights]\nread = ["uid:{NOBODY}"]\n'))
            eventually(read, "the right to read")
            daemon.reload(lab.config())
            eventually(lambda: not read(), "the right is taken back")
