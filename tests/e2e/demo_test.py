"""The demo that goes on: what it prints can be tried, and Ctrl-C ends all of it."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

from lab import BUILD, IS_SANITIZED, PATIENCE

DEMO = pathlib.Path(__file__).with_name("demo.py")


@unittest.skipIf(IS_SANITIZED, "its market runs away after 3 s, which sanitizers are too slow for")
class Demo(unittest.TestCase):
    seconds_max = 90

    def test_one_that_stays_can_be_tried_and_ends_with_Ctrl_C(self):
        demo = subprocess.Popen([sys.executable, DEMO, BUILD, "--stay"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)
        try:
            said = ""
            while "Ctrl-C ends it all" not in said:
                line = demo.stdout.readline()
                self.assertNotEqual(line, "", f"it ended: {said}")
                said += line
            folder = re.search(r"removes (\S+)\.", said)[1]
            command = re.search(r"^  (\S+scramctl status .*)$", said, re.MULTILINE)[1].split()
            status = subprocess.run(command, capture_output=True, text=True, timeout=10 * PATIENCE)
            self.assertEqual(status.returncode, 0, status.stderr)
            self.assertIn("BTC-USD", status.stdout)
            demo.send_signal(signal.SIGINT)
            rest, _ = demo.communicate(timeout=20 * PATIENCE)
            self.assertEqual(demo.returncode, 0, rest)
            self.assertIn("OK: the quotes were gone", rest)
            self.assertFalse(os.path.exists(folder))
        finally:
            if demo.poll() is None:
                os.killpg(demo.pid, signal.SIGKILL)
            demo.stdout.close()


if __name__ == "__main__":
    unittest.main()
