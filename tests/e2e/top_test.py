"""scramctl top on a real terminal, by tmux: what a person sees of a scramd that fires, hangs and ends."""
import os
import re
import shutil
import signal
import subprocess
import unittest

from lab import PATIENCE, Lab, ctl_command, eventually

BTC = "mm-1/BTC-USD"


class Screen:
    """A terminal of its own, of 80 x 24."""

    count = 0

    def __init__(self, folder, command, **environment):
        Screen.count += 1
        self.socket = folder / f"tmux-{Screen.count}.sock"
        settings = [f"{key}={value}" for key, value in environment.items()]
        line = " ".join(["env", "LC_ALL=C.UTF-8", *settings, *command])
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", f"{line}; echo ended with $?; exec cat")

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-S", str(self.socket), *arguments], capture_output=True, text=True,
                              timeout=20 * PATIENCE, env={**os.environ, "TERM": "xterm-256color"})
        if done.returncode != 0:
            raise AssertionError(f"tmux {arguments}: {done.stderr}")
        return done.stdout

    def text(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def await_text(self, pattern, *options):
        seen = {}

        def shown():
            seen["text"] = self.text(*options)
            return re.search(pattern, seen["text"], re.MULTILINE)

        eventually(shown, lambda: f"/{pattern}/ on the screen:\n{seen['text']}")
        return seen["text"]

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", str(self.socket), "kill-server"], capture_output=True)


class Once(unittest.TestCase):
    def test_without_a_terminal_one_frame_is_printed(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 24)
            frame = {}

            def shown():
                frame["got"] = daemon.ctl("top", "--once")
                return "96 %" in frame["got"][1]

            eventually(shown, lambda: f"96 % of the limit: {frame}")
            code, out, _ = frame["got"]
            self.assertEqual(code, 0)
            self.assertRegex(out, r"^READY  armed 2/2 families.* \d+\.\d s old\n")
            self.assertNotIn("\x1b", out)
            self.assertRegex(out, r"(?m)^  delta +24 of 25 +\[#{19}\.\]  96 % mm-1/BTC-USD")
            self.assertRegex(out, r"(?m)^  maker-1 +attached +last signal \d+\.\d s ago")
            self.assertLessEqual(max(map(len, out.splitlines())), 80)
            code, _, err = daemon.ctl("top")
            self.assertEqual(code, 2)
            self.assertIn("--once", err)
            daemon.stop()
            code, out, _ = daemon.ctl("top", "--once")
            self.assertEqual(code, 4)
            self.assertIn("NOT RUNNING", out.splitlines()[0])
            self.assertEqual(daemon.ctl("top", "--once", "--board", lab.folder / "none")[0], 4)


@unittest.skipIf(shutil.which("tmux") is None, "tmux is not installed: ./dev deps test")
class OnATerminal(unittest.TestCase):
    def test_it_follows_a_trip_a_hang_and_an_end(self):
        with Lab() as lab:
            daemon = lab.scramd(env={"WATCHDOG_USEC": "60000000"}).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 20)
            with Screen(lab.folder, ctl_command(lab.folder, "top")) as screen:
                screen.await_text(r"^READY .* old$")
                screen.await_text(r"delta: 20 of 25 .*80 %")
                maker.publish(BTC, "delta", 26)
                text = screen.await_text(r"^TRIPS.*\n +1 +VERIFIED")
                self.assertIn("1 armed, 1 latched", text)
                daemon.process.send_signal(signal.SIGSTOP)
                try:
                    screen.await_text(r"\A.*HANGS: it has not moved for \d+\.\d s")
                finally:
                    daemon.process.send_signal(signal.SIGCONT)
                screen.await_text(r"\A(NOT )?READY")
                daemon.stop()
                screen.await_text(r"\A.*NOT RUNNING: it ended")
                screen.tmux("resize-window", "-x", "100", "-y", "30")
                screen.await_text(r"^.{81,}$")
                screen.keys("q")
                screen.await_text(r"^ended with 0")

    def test_colours_are_for_those_who_want_them(self):
        with Lab() as lab:
            lab.scramd().await_ready()
            for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)):
                with self.subTest(environment), Screen(lab.folder, ctl_command(lab.folder, "top"), **environment) as screen:
                    screen.await_text(r"READY")
                    self.assertEqual("\x1b[" in screen.text("-e"), coloured)
                    screen.keys("C-c")
                    screen.await_text(r"^ended with 0")


if __name__ == "__main__":
    unittest.main()
