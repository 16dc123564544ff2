"""Four eyes: where an account wants two persons, one user's word opens no gate."""
import os
import unittest

from lab import Lab, as_user, eventually

BTC = "mm-1/BTC-USD"
ANN, BOB = 3101, 3102
WANTED = f"NOT armed {BTC}: waits 300 s for a second person, who asks for trip 1 too\n"


@unittest.skipUnless(os.geteuid() == 0, "only root can speak as another user")
class SecondPerson(unittest.TestCase):
    def lab(self, keys="persons = 2"):
        lab = Lab()
        lab.folder.chmod(0o755)
        rights = "\n".join(f'{right} = ["uid:{ANN}", "uid:{BOB}"]' for right in ("read", "rearm"))
        lab.settings = {"more": f"[rights]\n{rights}\n", "account_keys": f"rearm = {{ {keys} }}", "family_keys": "lock_ms = 0"}
        lab.daemon = lab.scramd(**lab.settings).await_ready()
        self.assertEqual(lab.daemon.ctl("trip", BTC, "--reason", "look")[0], 0)
        return lab

    def rearm(self, lab, uid, *options, trip=1):
        return as_user(uid, lambda: lab.daemon.ctl("rearm", BTC, "--trip", trip, "--reason", "looked", *options))

    def test_a_gate_opens_by_two_users_and_the_journal_and_the_receipt_name_both(self):
        with self.lab() as lab:
            code, out, error = self.rearm(lab, ANN)
            self.assertEqual((code, out), (6, WANTED), error)
            family = lab.daemon.family(BTC)
            self.assertEqual(family["gate"], "closed")
            self.assertIn(f"uid {ANN}", family["rearm_wanted_by"])
            self.assertIn(f"uid {ANN}", lab.daemon.ctl("status")[1])
            self.assertIn("wants it armed, a second person must too", lab.daemon.ctl("rearm", BTC)[1])
            for options in ((), ("--force",)):
                code, out, error = self.rearm(lab, ANN, *options)
                self.assertEqual((code, out), (1, f"REFUSED {BTC}: a second person must ask for it, and you have asked already\n"), error)
            self.assertEqual(self.rearm(lab, BOB)[0], 0)
            eventually(lambda: lab.daemon.family(BTC)["gate"] == "open", "the gate opens")
            self.assertNotIn("rearm_wanted_by", lab.daemon.family(BTC))
            receipt = lab.daemon.ask("receipt", trip=1)["receipt"]
            self.assertIn(f"uid {ANN}", receipt["rearm_wanted_by"])
            self.assertIn(f"uid {BOB}", receipt["rearmed_by"])
            self.assertEqual(lab.daemon.stop(), 0)
            journal = lab.daemon.ctl("journal", "--directory", lab.folder / "journal")[1]
            self.assertRegex(journal, rf'rearm_wanted trip=1 family={BTC} by="?uid {ANN}')
            self.assertRegex(journal, rf'rearmed trip=1 family={BTC} by="?uid {BOB}')
            self.assertIn("whole", lab.daemon.ctl("journal", "--verify", "--directory", lab.folder / "journal")[1])

    def test_root_is_one_person_and_another_trip_or_a_restart_makes_a_wish_void(self):
        with self.lab() as lab:
            for options in ((), ("--force",)):
                self.assertIn(self.rearm(lab, 0, *options)[0], (6, 1))
            self.assertEqual(lab.daemon.family(BTC)["gate"], "closed")
            self.assertEqual(lab.daemon.ctl("trip", BTC, "--reason", "again")[0], 0)
            lab.daemon.await_log('rearm_lapsed trip=1 family=mm-1/BTC-USD')
            self.assertEqual(self.rearm(lab, ANN, trip=1)[0], 1)
            self.assertEqual(self.rearm(lab, ANN, trip=2)[0], 6)
            self.assertEqual(lab.daemon.stop(), 0)
            lab.daemon = lab.scramd(**lab.settings).await_ready()
            self.assertNotIn("rearm_wanted_by", lab.daemon.family(BTC))
            self.assertEqual(self.rearm(lab, BOB, trip=2)[0], 6)
            self.assertEqual(lab.daemon.family(BTC)["gate"], "closed")

    def test_a_wish_that_nobody_shares_in_time_ends_and_is_told(self):
        with self.lab("persons = 2, within_s = 1") as lab:
            self.assertEqual(self.rearm(lab, ANN)[0], 6)
            lab.daemon.await_log('reason="no second person in time"')
            self.assertNotIn("rearm_wanted_by", lab.daemon.family(BTC))
            self.assertEqual(self.rearm(lab, BOB)[0], 6)
            self.assertEqual(lab.daemon.family(BTC)["gate"], "closed")


if __name__ == "__main__":
    unittest.main()
