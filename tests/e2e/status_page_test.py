"""The status page: what scramctl tells by it of a scramd that lives, hangs, is dead, or was never there."""
import hashlib
import json
import os
import re
import signal
import struct
import time
import unittest

from lab import DELTA_RULE, Lab, eventually, rule

BTC = "mm-1/BTC-USD"
HEADER, BUFFER = 128, 64  # sizes: docs/interfaces.md


def page_path(lab):
    return lab.folder / "control.sock.status"


def by_page(daemon, *arguments):
    """Exit code, first line, and the rest."""
    code, out, err = daemon.ctl("status", "--board", *arguments)
    first, _, rest = out.partition("\n")
    return code, first, rest, err


def json_by_page(daemon):
    code, out, err = daemon.ctl("status", "--board", "--json")
    return code, json.loads(out) if out else err


def await_text(daemon, condition, what):
    """The page follows what happens within a moment."""
    seen = {}

    def reached():
        seen["page"] = json_by_page(daemon)[1]
        return isinstance(seen["page"], dict) and "families" in seen["page"] and condition(seen["page"])

    eventually(reached, lambda: f"{what} on the page: {seen}")
    return seen["page"]


def same_shape(value):
    """Numbers that go on by themselves, and texts with ages, aside."""
    if isinstance(value, dict):
        aside = {"page", "summary", "loop_max", "loop_max_of_minute", "latency", "last_class"}
        return {key: same_shape(its) for key, its in value.items() if key not in aside}
    if isinstance(value, list):
        return [same_shape(its) for its in value]
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def without_ages(text):
    return re.sub(r"\d+(\.\d+)? s\b *", "", text)


class StatusPage(unittest.TestCase):
    def test_it_has_what_the_status_has(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "verified")
            def agrees(page):
                return same_shape(page) == same_shape(daemon.status())
            page = await_text(daemon, agrees, "the same as in the status")
            self.assertEqual(page["page"]["state"], "moves")
            self.assertEqual(page["page"]["pid"], daemon.process.pid)
            self.assertEqual([trip["verdict"] for trip in page["trips"]], ["VERIFIED"])
            self.assertEqual(page["config_sha256"], hashlib.sha256(daemon.config.read_bytes()).hexdigest())
            self.assertEqual(page.keys() - {"page"}, daemon.status().keys())
            code, first, rest, _ = by_page(daemon)
            self.assertEqual(code, 0)
            self.assertRegex(first, rf"^scramd \(pid {daemon.process.pid}\) moves; what follows is \d+\.\d s old$")
            self.assertIn(BTC, rest)
            eventually(lambda: without_ages(by_page(daemon)[2]) == without_ages(daemon.ctl("status")[1]),
                       "the same text as of the status")
            self.assertIn("rule delta", by_page(daemon, "--details")[2])

    def test_a_scramd_that_is_stopped_is_told_and_its_last_status_shown(self):
        with Lab() as lab:
            daemon = lab.scramd(env={"WATCHDOG_USEC": "60000000"}).await_ready()
            await_text(daemon, lambda page: page["ready"], "ready")
            daemon.process.send_signal(signal.SIGSTOP)
            try:
                began = time.monotonic()
                eventually(lambda: by_page(daemon)[0] == 4, "exit code 4")
                self.assertGreater(time.monotonic() - began, 0.5, "a moment is no hang")
                code, first, rest, _ = by_page(daemon)
                self.assertRegex(first, r"^scramd \(pid \d+\) HANGS: it has not moved for \d+\.\d s, since \d{4}-.*Z$")
                self.assertIn(BTC, rest)
                self.assertEqual(json_by_page(daemon)[1]["page"]["state"], "hangs")
            finally:
                daemon.process.send_signal(signal.SIGCONT)
            eventually(lambda: by_page(daemon)[0] == 0, "it moves again")

    def test_one_that_was_killed_and_one_that_ended_are_told_apart(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            await_text(daemon, lambda page: page["ready"], "ready")
            daemon.stop(signal.SIGKILL)
            code, first, rest, _ = by_page(daemon)
            self.assertEqual(code, 4)
            self.assertRegex(first, r"IS GONE: it crashed or was killed, and moved last at \d{4}-")
            self.assertIn(BTC, rest)
            daemon = lab.scramd().await_ready()
            await_text(daemon, lambda page: page["page"]["pid"] == daemon.process.pid, "the next scramd's own")
            daemon.stop()
            code, first, _, _ = by_page(daemon)
            self.assertEqual(code, 4)
            self.assertRegex(first, r"is NOT RUNNING: it ended at \d{4}-")

    def test_a_reload_goes_on_with_the_same_page(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            before = await_text(daemon, lambda page: page["ready"], "ready")
            inode = page_path(lab).stat().st_ino
            daemon.reload(lab.config(DELTA_RULE + rule("vega", "limit", metric="vega", beyond=7)))
            page = await_text(daemon, lambda its: any(r["rule"] == "vega" for r in its["rules"]), "the new rule")
            self.assertEqual(page_path(lab).stat().st_ino, inode)
            self.assertNotEqual(page["config_sha256"], before["config_sha256"])

    def test_200_families_are_all_there(self):
        families = [f"mm-1/F{i}-USD" for i in range(200)]
        with Lab() as lab:
            daemon = lab.scramd(families=families).await_ready()
            lab.source().publish(families[-1], "delta", 26)
            page = await_text(daemon, lambda its: its["families"][-1]["gate"] == "closed", "the trip")
            self.assertEqual([f["name"] for f in page["families"]], families)
            self.assertFalse(page["page"]["truncated"])

    def test_what_is_no_page_is_refused_and_says_why(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            await_text(daemon, lambda page: page["ready"], "ready")
            good = page_path(lab).read_bytes()
            other = lab.folder / "other"

            def told(data):
                other.write_bytes(data)
                other.chmod(0o640)
                code, out, err = daemon.ctl("status", "--board", other)
                self.assertEqual((code, out), (4, ""), err)
                return err

            def with_word(at, form, value):
                return good[:at] + struct.pack(form, value) + good[at + struct.calcsize(form):]

            latest = struct.unpack_from("<I", good, 88)[0]
            text_max = struct.unpack_from("<Q", good, 24)[0]
            buffer = HEADER + latest * (BUFFER + text_max)
            self.assertIn("too short", told(b""))
            self.assertIn("is no status page", told(os.urandom(8192)))
            self.assertIn("of version 7", told(with_word(8, "<I", 7)))
            self.assertIn("was cut", told(good[:-1]))
            self.assertIn("damaged", told(with_word(24, "<Q", 2**63)))
            self.assertIn("not whole", told(with_word(buffer, "<Q", 3)))
            self.assertIn("not whole", told(with_word(buffer + 8, "<Q", text_max + 1)))
            self.assertIn("no JSON", told(with_word(buffer + BUFFER, "<Q", 0)))
            other.chmod(0o666)
            self.assertIn("can be written by others", daemon.ctl("status", "--board", other)[2])
            self.assertIn("No such file", daemon.ctl("status", "--board", lab.folder / "none")[2])

    def test_a_page_that_somebody_cuts_or_removes_ends_nothing(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            os.truncate(page_path(lab), 0)
            daemon.await_log("was cut by somebody")
            page_path(lab).unlink()
            daemon.await_log("was removed by somebody")
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")


if __name__ == "__main__":
    unittest.main()
