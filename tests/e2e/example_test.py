"""The small makers of client/examples, as a reader runs them: with right names, and with each name wrong."""
import os
import subprocess
import sys
import unittest

from lab import BIN, IS_SANITIZED, ROOT, Lab

BTC = "mm-1/BTC-USD"
EXAMPLES = {
    "C": [BIN / "example_c"],
    "C++": [BIN / "example_cpp"],
    "Python": [sys.executable, ROOT / "client/examples/publish.py"],
}


@unittest.skipIf(IS_SANITIZED, "an uninstrumented Python cannot load a library built with sanitizers")
class Examples(unittest.TestCase):
    def run_example(self, lab, command, source, family, wanted):
        env = {**os.environ, "SCRAM_SOCKET": str(lab.folder / "signals.sock"),
               "SCRAM_LIBRARY": str(next((BIN.parent).rglob("libscram.so.0")))}
        done = subprocess.run([*command, source, family], env=env, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, wanted, done.stderr)
        return done

    def test_a_wrong_name_is_told_and_latches_nothing(self):
        for language, command in EXAMPLES.items():
            with self.subTest(language), Lab() as lab:
                daemon = lab.scramd().await_ready()
                for source, family, wrong in (("maker-9", BTC, "maker-9"), ("maker-1", "mm-1/BTCUSD", "mm-1/BTCUSD")):
                    done = self.run_example(lab, command, source, family, 1)
                    self.assertIn(wrong, done.stderr)
                    self.assertEqual(done.stdout, "")
                daemon.await_log("source_left")  # with a goodbye
                self.assertNotIn("source_vanished", daemon.log())
                self.assertNotIn("tripped", daemon.log())
                self.assertEqual(daemon.family(BTC)["state"], "armed")

    def test_with_the_right_names_it_quotes_and_leaves(self):
        for language, command in EXAMPLES.items():
            with self.subTest(language), Lab() as lab:
                daemon = lab.scramd().await_ready()
                done = self.run_example(lab, command, "maker-1", BTC, 0)
                self.assertIn("quote", done.stdout)
                daemon.await_log("source_left")
                self.assertNotIn("tripped", daemon.log())


if __name__ == "__main__":
    unittest.main()
