"""Is what makers publish recorded, and does a replay of it find the trips that happened?"""
import json
import os
import re
import resource
import signal
import time
import unittest
import xml.etree.ElementTree

from lab import DELTA_RULE, Lab, eventually, rule

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
RULES = DELTA_RULE + rule("fall", "drawdown", metric="pnl", by=100) + \
    rule("jump", "change", metric="vega", by=50, within_ms=500) + \
    rule("silent", "stale", sources=["maker-2"], after_ms=400) + \
    rule("early", "limit", metric="delta", beyond=15, shadow=True) + \
    rule("long", "limit", metric="vega", beyond=200, for_ms=150)


def recording(lab, **keys):
    lines = [f"{key} = {value}" for key, value in keys.items()]
    return "\n".join(["[recording]", f'directory = "{lab.folder}/recording"', *lines, ""])


def files(lab):
    return sorted((lab.folder / "recording").glob("recording-*"))


def start(lab, rules=RULES, sources=("maker-1",), **keys):
    """Its [recording] stands behind [journal]'s keys, and is a section of its own."""
    return lab.scramd(rules, sources=sources, journal_keys=recording(lab, **keys))


def replay(lab, daemon, *arguments, folder=None, code=0):
    """What `scramctl replay --json` says."""
    done, out, error = daemon.ctl("replay", "--json", folder or lab.folder / "recording", *arguments)
    if done != code or not out:
        raise AssertionError(f"exit code {done}: {out}{error}")
    return json.loads(out)


def refusal(daemon, code, *arguments):
    done, out, error = daemon.ctl("replay", *arguments)
    if done != code or out:
        raise AssertionError(f"exit code {done}: {out}{error}")
    return error


def causes(said, which="same"):
    return [trip["rule"] or "operator" for trip in said["trips"] if trip["against_recorded"] == which]


def written(daemon):
    """Until the files hold what was recorded until now: no more comes for a while."""
    def rests():
        before = daemon.status()["recording"]["records"]
        time.sleep(0.5)
        return 0 < before == daemon.status()["recording"]["records"]

    eventually(rests, "the records are in the file")


def rearm(daemon, family):
    daemon.await_state(family, "accepted")
    code, out, error = daemon.rearm(family, "test")
    assert code == 0, out + error
    daemon.await_state(family, "armed")


class Session(unittest.TestCase):
    def test_a_replay_finds_exactly_the_trips_that_happened(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            sources = ("maker-1", ("maker-2", ["*"], "expected = false"))
            daemon = start(lab, sources=sources).await_ready()
            maker = lab.source()
            for family in (BTC, ETH):
                for metric in ("delta", "pnl", "vega"):
                    maker.publish(family, metric, 0)
            for value in (10, 20, 30, 12, 28, 12):
                maker.publish(BTC, "delta", value)
            rearm(daemon, BTC)
            for value in (0, 150, 80, 40, 200):
                maker.publish(ETH, "pnl", value)
            rearm(daemon, ETH)
            maker.send(maker.next_value(ETH, "delta", 27) + maker.next_value(BTC, "delta", 26))  # a batch
            for family in (ETH, BTC):
                daemon.await_state(family, "accepted")
            maker.send(maker.next_value(ETH, "delta", 2) + maker.next_value(BTC, "delta", 1))
            for family in (ETH, BTC):
                rearm(daemon, family)
            for value in (0, 60, 0):
                maker.publish(BTC, "vega", value)
            other = lab.source("maker-2")
            other.heartbeat()
            eventually(lambda: "rule=silent" in daemon.log(), "a silence")
            other.heartbeat()
            other.goodbye()
            daemon.ask("trip", target="all", reason="operator")
            maker.heartbeat()
            for family in (BTC, ETH):
                rearm(daemon, family)
            maker.publish(BTC, "vega", 210)
            maker.heartbeat()
            daemon.await_log("rule=long")
            maker.heartbeat()
            maker.sequence += 5
            maker.publish(BTC, "delta", 1)
            maker.vanish()
            daemon.await_log("rule=gone")
            self.assertEqual(daemon.stop(), 0)
            said = replay(lab, daemon)
            self.assertEqual((said["new"], said["gone"], said["notes"]), (0, 0, []), said)
            told = re.findall(r"^(?:<\d>)?tripped .*?(?:rule=(\w+)|by=)", daemon.log(), re.MULTILINE)
            real = [trip["rule"] or "operator" for trip in said["trips"] if not trip["shadow"]]
            self.assertEqual(real, [name or "operator" for name in told], daemon.log())
            for cause in ("delta", "fall", "jump", "silent", "operator", "long", "bad", "gone", "early"):
                self.assertIn(cause, causes(said))

    def test_it_goes_on_over_a_restart_and_a_reload(self):
        with Lab() as lab:
            daemon = start(lab, DELTA_RULE).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 22)
            daemon.await_value(BTC, "delta", 22)
            daemon.reload(lab.config(DELTA_RULE.replace("25", "20"), journal_keys=recording(lab)))
            daemon.await_state(BTC, "accepted")
            maker.goodbye()
            daemon.stop()
            daemon = start(lab, DELTA_RULE).await_ready()
            maker = lab.source()
            maker.publish(ETH, "delta", 30)
            daemon.await_state(ETH, "accepted")
            written(daemon)
            daemon.stop(signal.SIGKILL)
            said = replay(lab, daemon)
            self.assertEqual((said["new"], said["gone"], said["files"]), (0, 0, 3), said)
            self.assertEqual(causes(said), ["delta", "delta"])
            self.assertIn("another config", "".join(said["notes"]))


class Files(unittest.TestCase):
    def test_nothing_is_recorded_unless_it_is_asked_for(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            self.assertNotIn("recording", daemon.status())

    def test_full_files_are_followed_by_others_and_the_oldest_go(self):
        with Lab() as lab:
            daemon = start(lab, DELTA_RULE, file_mib=1, keep=2).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 20)

            def third():
                for _ in range(3000):
                    maker.publish(ETH, "delta", 1)
                return [path.name for path in files(lab)] == ["recording-000002", "recording-000003"]
            eventually(third, lambda: f"two files: {files(lab)}", 60)
            maker.publish(BTC, "delta", 27)
            daemon.await_state(BTC, "accepted")
            daemon.stop()
            said = replay(lab, daemon)
            self.assertEqual((causes(said), said["new"], said["gone"], said["cold"]), (["delta"], 0, 0, False))
            last = replay(lab, daemon, folder=files(lab)[1])
            self.assertEqual((causes(last), last["new"], last["gone"]), (["delta"], 0, 0))

    def test_a_crash_leaves_a_file_that_is_read(self):
        with Lab() as lab:
            daemon = start(lab, DELTA_RULE).await_ready()
            maker = lab.source()
            for i in range(100):
                maker.publish(BTC, "delta", i / 10)
            maker.publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            written(daemon)
            daemon.stop(signal.SIGKILL)
            said = replay(lab, daemon)
            self.assertEqual((causes(said), said["signals"]), (["delta"], 101))
            path = files(lab)[0]
            path.write_bytes(path.read_bytes()[:-10])
            torn = replay(lab, daemon)
            self.assertIn(f"{path}: at byte", "".join(torn["notes"]))

    def test_a_disk_that_takes_nothing_stops_no_kill_and_is_told(self):
        with Lab() as lab:
            daemon = start(lab, DELTA_RULE).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 1)
            daemon.await_value(BTC, "delta", 1)
            written(daemon)
            size = files(lab)[0].stat().st_size
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            maker.publish(BTC, "delta", 2)
            daemon.await_log("recording_error")
            self.assertIn("File too large", daemon.log())
            self.assertFalse(daemon.status()["recording"]["healthy"])
            self.assertRegex(daemon.ctl("status")[1], r"RECORDING: cannot write .*: File too large \(0 records lost\)")
            maker.publish(BTC, "delta", 30)
            daemon.await_state(BTC, "accepted")
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            daemon.await_log("recording_recovered")
            daemon.stop()
            said = replay(lab, daemon)
            self.assertEqual((causes(said), said["gone"], said["signals"]), (["delta"], 0, 3))

    def test_what_finds_no_room_is_counted_and_told(self):
        with Lab() as lab:
            daemon = start(lab, DELTA_RULE).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 1)
            daemon.await_value(BTC, "delta", 1)
            written(daemon)
            size = files(lab)[0].stat().st_size
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            maker.publish(BTC, "delta", 2)
            daemon.await_log("File too large")  # or its thread may first look when there is room again
            for _ in range(70_000 // 64):
                maker.send(b"".join(maker.next_value(BTC, "delta", 2) for _ in range(64)))
            eventually(lambda: daemon.status()["recording"]["records_lost"] > 0, "lost records")
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            daemon.await_log("recording_recovered")
            maker.publish(BTC, "delta", 30)
            daemon.await_state(BTC, "accepted")
            lost = daemon.status()["recording"]["records_lost"]
            daemon.stop()
            self.assertIn("found no room", daemon.log())
            said = replay(lab, daemon)
            self.assertEqual((said["records_missing"], causes(said), said["new"]), (lost, ["delta"], 0))


class Questions(unittest.TestCase):
    """What a replay is asked, of one recording."""

    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.daemon = start(self.lab, DELTA_RULE).await_ready()
        maker = self.lab.source()
        for value in (10, 22, 10, 26, 10, 33, 10):
            maker.publish(BTC, "delta", value)
        self.daemon.await_state(BTC, "accepted")
        self.daemon.stop()

    def test_another_config_is_tried(self):
        other = self.lab.folder / "other.toml"
        other.write_text(self.lab.config(DELTA_RULE.replace("25", "20"), families=(BTC,)))
        said = replay(self.lab, self.daemon, "--config", other)
        self.assertGreaterEqual(said["new"], 1)
        self.assertEqual([trip["value"] for trip in said["trips"]][0], 22)
        other.write_text(self.lab.config(DELTA_RULE.replace("25", "50")))
        said = replay(self.lab, self.daemon, "--config", other)
        self.assertEqual((said["trips_found"], said["new"]), (0, 0))
        self.assertEqual(said["gone"], said["trips_recorded"])
        other.write_text(self.lab.config(DELTA_RULE, families=(ETH,)))
        said = replay(self.lab, self.daemon, "--config", other)
        self.assertEqual((said["signals_unplaced"], said["trips_found"]), (7, 0))
        other.write_text("metrics = 3")
        self.assertIn(str(other), refusal(self.daemon, 3, self.lab.folder / "recording", "--config", other))

    def test_limits_are_swept(self):
        said = replay(self.lab, self.daemon, "--what-if", "delta.beyond=20..35/4")
        [sweep] = said["what_if"]
        self.assertEqual([(step["limit"], step["trips"]) for step in sweep["steps"]],
                         [(20, 3), (25, 2), (30, 1), (35, 0)])
        self.assertEqual((sweep["configured"], said["new"], said["gone"]), (25, 0, 0))
        code, out, _ = self.daemon.ctl("replay", self.lab.folder / "recording", "--what-if", "delta.beyond=20..35/4")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"what if delta\.beyond \(configured: 25\)\n +20  3 trips\n +25  2 trips\n +30  1 trip\n")
        self.assertRegex(out, r"config: as recorded\nreplayed in .* s: \d+ signals a second\n")

    def test_a_wrong_question_is_answered_by_what_was_expected(self):
        folder = self.lab.folder / "recording"
        for text, expected in (("delta", "expected RULE.KEY=LOW..HIGH"), ("delta.beyond=40..20", "a low end below"),
                               ("delta.beyond=1..2/1", "2 to 200 steps"), ("delta.beyond=a..2", "two numbers"),
                               ("delta.above=1..2", "expected one of: delta.beyond"), ("x.by=1..2", 'called "x"'),
                               ("delta.beyond=-5..2", "limits above 0")):
            self.assertIn(expected, refusal(self.daemon, 2, folder, "--what-if", text))

    def test_bad_files_are_named_with_the_byte(self):
        text = self.lab.folder / "text"
        text.write_text("x" * 4096)
        self.assertIn(f"{text}: at byte 0: this is no recording", refusal(self.daemon, 1, text))
        self.assertIn("cannot be read: No such file", refusal(self.daemon, 1, self.lab.folder / "none"))
        empty = self.lab.folder / "empty"
        empty.mkdir()
        self.assertIn("no recording in this folder", refusal(self.daemon, 1, empty))
        newer = self.lab.folder / "newer"
        data = bytearray(files(self.lab)[0].read_bytes())
        data[12] = 9
        newer.write_bytes(data)
        self.assertIn("at byte 12: a recording of version 9", refusal(self.daemon, 1, newer))

    def test_charts_show_each_value_with_its_limit_and_trips(self):
        charts = self.lab.folder / "charts"
        said = replay(self.lab, self.daemon, "--svg", charts)
        self.assertEqual([os.path.basename(path) for path in said["charts"]], ["delta_mm-1_BTC-USD.svg"])
        root = xml.etree.ElementTree.parse(said["charts"][0]).getroot()
        kinds = [element.get("class") for element in root.iter()]
        self.assertEqual((kinds.count("value"), kinds.count("limit")), (1, 2))
        self.assertIn("found", kinds)
        self.assertIn("recorded", kinds)


if __name__ == "__main__":
    unittest.main()
