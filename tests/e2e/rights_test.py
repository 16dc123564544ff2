"""Who may do what: peers that are neither root nor scramd's user."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

from lab import BIN, Control, Lab, Refused, Source, as_user, ctl_command, eventually

BTC = "mm-1/BTC-USD"
NOBODY = 65534


@unittest.skipUnless(os.geteuid() == 0, "only root can speak as another user")
class Rights(unittest.TestCase):
    def lab(self, rights="", **config):
        lab = Lab()
        lab.folder.chmod(0o755)
        lab.daemon = lab.scramd(more=f"[rights]\n{rights}\n", **config).await_ready()
        return lab

    def ask(self, lab, op, **fields):
        return as_user(NOBODY, lambda: lab.daemon.ask(op, **fields))

    def attach(self, lab):
        return as_user(NOBODY, lambda: Source(lab.folder).id)

    def test_a_stranger_may_do_nothing_and_is_told_which_right_is_missing(self):
        with self.lab() as lab:
            for op, right in (("status", "read"), ("watch", "read"), ("trip", "trip"), ("rearm", "rearm"),
                              ("reload", "admin")):
                answer = self.ask(lab, op, target="all", reason="mine")
                self.assertFalse(answer["ok"], op)
                self.assertIn(f"uid {NOBODY}", answer["error"])
                self.assertIn(f"[rights] {right}", answer["error"])
                self.assertIn(f'add "uid:{NOBODY}" or one of its groups to `{right}`', answer["error"])
                self.assertIn(str(lab.daemon.config), answer["error"])
            with self.assertRaisesRegex(Refused, r"\[rights\] publish"):
                self.attach(lab)
            self.assertEqual({f["state"] for f in lab.daemon.status()["families"]}, {"armed"})

    def test_who_may_trip_may_neither_read_nor_arm(self):
        with self.lab(f'trip = ["uid:{NOBODY}"]') as lab:
            told = as_user(NOBODY, lambda: lab.daemon.ctl("trip", BTC, "--reason", "mine"))
            self.assertEqual(told[:2], (0, "trip 1: 1 families, cancels verified: the exchange's book shows no MMP order\n"), told[2])
            lab.daemon.await_state(BTC, "accepted")
            self.assertFalse(self.ask(lab, "rearm", target=BTC, trips=[1], reason="mine")["ok"])
            self.assertFalse(self.ask(lab, "status")["ok"])
            self.assertEqual(lab.daemon.family(BTC)["gate"], "closed")

    def test_who_may_administer_takes_up_a_file_and_nothing_else(self):
        with self.lab(f'admin = ["uid:{NOBODY}"]') as lab:
            self.assertTrue(self.ask(lab, "reload")["ok"])
            lab.daemon.await_log("plan_changed")
            for op in ("status", "trip", "rearm"):
                self.assertFalse(self.ask(lab, op, target=BTC, trips=[1], reason="mine")["ok"], op)

    def test_who_may_not_publish_is_not_told_which_sources_there_are(self):
        with self.lab() as lab:
            with self.assertRaises(Refused) as refused:
                as_user(NOBODY, lambda: Source(lab.folder, "guess").id)
            self.assertNotIn("maker-1", str(refused.exception))

    def test_who_may_arm_may_not_trip(self):
        with self.lab(f'rearm = ["uid:{NOBODY}"]') as lab:
            self.assertFalse(self.ask(lab, "trip", target=BTC, reason="mine")["ok"])
            self.assertEqual(lab.daemon.ctl("trip", BTC, "--reason", "drill")[0], 0)
            self.assertTrue(self.ask(lab, "rearm", target=BTC, trips=[1], reason="mine")["ok"])
            eventually(lambda: lab.daemon.family(BTC)["gate"] == "open", "the gate opens")

    def test_a_grant_to_somebody_unknown_is_void_and_told_and_all_else_holds(self):
        with self.lab(f'trip = ["user:no-such-user", "uid:{NOBODY}"]') as lab:
            self.assertTrue(self.ask(lab, "trip", target=BTC, reason="mine")["ok"])
            lab.daemon.await_log("config_warning place=")
            self.assertEqual(len(lab.daemon.status()["config_warnings"]), 1)
            self.assertRegex(lab.daemon.ctl("status")[1], r'CONFIG: .*scramd.toml:\d+: "user:no-such-user": this machine')

    def test_a_group_holds_a_right_for_its_members(self):
        with self.lab(f'read = ["gid:{NOBODY}"]') as lab:
            self.assertTrue(self.ask(lab, "status")["ok"])

    def test_a_source_of_another_user_publishes_if_listed(self):
        with self.lab(f'publish = ["uid:{NOBODY}"]') as lab:
            def publish():
                maker = Source(lab.folder)
                maker.publish(BTC, "delta", 26)
                maker.goodbye()

            as_user(NOBODY, publish)
            lab.daemon.await_state(BTC, "accepted")

    def test_a_publisher_cannot_take_the_name_of_a_source_of_another_user(self):
        sources = (("theirs", ["*"], 'user = ["uid:4242"]'), ("mine", ["*"], f'user = ["uid:{NOBODY}"]'))
        with self.lab(f'publish = ["uid:{NOBODY}", "uid:4242"]', sources=sources) as lab:
            with self.assertRaisesRegex(Refused, f"uid {NOBODY}.* may not attach as 'theirs'"):
                as_user(NOBODY, lambda: Source(lab.folder, "theirs").id)
            self.assertEqual({s["phase"] for s in lab.daemon.status()["sources"]}, {"absent"})
            self.assertEqual(as_user(4242, lambda: Source(lab.folder, "theirs").id), 0)
            self.assertEqual(as_user(NOBODY, lambda: Source(lab.folder, "mine").id), 1)
            self.assertIn("kind=source", lab.daemon.log())

    def test_a_reload_that_takes_rights_away_ends_who_is_connected(self):
        rights = f'read = ["uid:{NOBODY}"]\npublish = ["uid:{NOBODY}"]'
        with self.lab(rights) as lab:
            def stay():
                with Control(lab.folder) as watcher:
                    watcher.ask("watch")
                    maker = Source(lab.folder)
                    maker.heartbeat()
                    lines = iter(watcher.line, None)
                    return [line.get("error", "") for line in lines][-1], maker.is_cut_off()

            ended = []
            connected = threading.Thread(target=lambda: ended.append(as_user(NOBODY, stay)))
            connected.start()
            eventually(lambda: lab.daemon.status()["sources"][0]["phase"] == "attached", "the maker is attached")
            lab.daemon.reload(lab.config(more="[rights]\n"))
            connected.join()
            self.assertEqual(len(ended), 1)
            self.assertIn("revoked the right", ended[0][0])
            lab.daemon.await_state(BTC, "accepted")
            lab.daemon.await_log("revoked its right to publish")
            self.assertEqual(lab.daemon.status()["refused"]["revoked"], 2)

    def test_a_reload_that_leaves_the_rights_as_they_are_ends_nobody(self):
        with self.lab(f'publish = ["uid:{NOBODY}"]', sources=(("maker-1", ["*"], f'user = ["uid:{NOBODY}"]'),)) as lab:
            maker = lab.source()
            lab.daemon.reload(lab.daemon.config.read_text())
            lab.daemon.await_log("plan_changed")
            maker.publish(BTC, "delta", 3)
            lab.daemon.await_value(BTC, "delta", 3)

    def test_scramctl_of_a_stranger_exits_1_and_says_why(self):
        with self.lab() as lab, tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder).chmod(0o755)
            scramctl = shutil.copy(BIN / "scramctl", folder)  # the build may lie where others cannot go
            done = subprocess.run([scramctl, *ctl_command(lab.folder, "trip", "all", "--reason", "x")[1:]],
                                  user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("may not trip", done.stderr)
