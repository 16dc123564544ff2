"""Latency as the daemon tells it: which stages a request is counted in, and that none is lost or told twice."""
import json
import os
import unittest

from lab import Lab, as_user, eventually, ms

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
NOBODY = 65534
QUICK = f"[timings]\nanswer_timeout_ms = {ms(300)}\nretry_first_ms = 20\nretry_max_ms = 200\n"
REHEARSING = "[timings]\nrehearse_every_ms = 100\n"
BY_SIGNAL = {"published_to_read", "published_to_wire"}
OF_ALL_SENT = {"read_to_decided", "decided_to_sent", "decided_to_wire", "read_to_wire"}
OF_ALL = {*OF_ALL_SENT, "sent_to_answered"}


class LatencyLab(Lab):
    def start(self, **config):
        self.daemon = self.scramd(**config).await_ready()
        return self.daemon

    def latency(self, which="attempts"):
        answer = self.daemon.ask("latency")
        assert answer["ok"], answer
        return answer[which]

    def await_requests(self, which, count):
        eventually(lambda: self.latency(which)["requests"] >= count, lambda: f"{count} {which}: {self.latency(which)}")
        return self.latency(which)


def counts(latency):
    return {name: stage["count"] for name, stage in latency["stages"].items()}


class Latency(unittest.TestCase):
    def test_before_any_attempt_it_says_so_and_since_when(self):
        with LatencyLab() as lab:
            daemon = lab.start()
            self.assertEqual(lab.latency()["requests"], 0)
            self.assertEqual(set(counts(lab.latency()).values()), {0})
            code, out, _ = daemon.ctl("latency")
            self.assertEqual(code, 0)
            self.assertRegex(out, r"^since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\n")
            self.assertIn("attempts: none yet\n", out)

    def test_an_attempt_that_a_signal_sets_off_passes_every_stage_once(self):
        with LatencyLab() as lab:
            daemon = lab.start()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            told = lab.latency()
            self.assertEqual((told["requests"], told["unanswered"]), (1, 0))
            self.assertEqual(counts(told), dict.fromkeys(OF_ALL | BY_SIGNAL, 1))
            ns = {name: stage["max_ns"] for name, stage in told["stages"].items()}
            self.assertEqual(ns["read_to_wire"], ns["read_to_decided"] + ns["decided_to_wire"])
            self.assertEqual(ns["published_to_wire"], ns["published_to_read"] + ns["read_to_wire"])
            self.assertLess(ns["decided_to_wire"], ns["decided_to_sent"] + ns["sent_to_answered"])

    def test_percentiles_rise_and_the_longest_is_last(self):
        with LatencyLab() as lab:
            lab.start(more=REHEARSING)
            told = lab.await_requests("rehearsals", 6)
            for name in OF_ALL:
                stage = told["stages"][name]
                rising = [stage[key] for key in ("p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns")]
                self.assertEqual(rising, sorted(rising), name)
                self.assertGreater(stage["max_ns"], 0, name)

    def test_rehearsals_are_told_apart_and_no_signal_set_them_off(self):
        with LatencyLab() as lab:
            lab.start(more=REHEARSING)
            told = lab.await_requests("rehearsals", 3)
            self.assertEqual(counts(told), {**dict.fromkeys(OF_ALL, told["requests"]), **dict.fromkeys(BY_SIGNAL, 0)})
            self.assertEqual(lab.latency()["requests"], 0)

    def test_what_an_operator_sets_off_was_not_published(self):
        with LatencyLab() as lab:
            daemon = lab.start()
            self.assertEqual(daemon.ctl("trip", "all", "--reason", "drill")[0], 0)
            self.assertEqual(counts(lab.latency()), {**dict.fromkeys(OF_ALL, 2), **dict.fromkeys(BY_SIGNAL, 0)})

    def test_an_attempt_without_an_answer_counts_once_and_in_all_stages_but_the_last(self):
        with LatencyLab() as lab:
            daemon = lab.start(more=QUICK)
            lab.sim.fault("silent", count=1)
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            eventually(lambda: lab.latency()["requests"] == 2, "the lost attempt is recorded")
            told = lab.latency()
            self.assertEqual(told["unanswered"], 1)
            self.assertEqual(counts(told), {**dict.fromkeys(OF_ALL_SENT, 2), "sent_to_answered": 1,
                                            **dict.fromkeys(BY_SIGNAL, 1)})
            self.assertIn("attempts: 2, 1 without an answer", daemon.ctl("latency")[1])

    def test_whatever_is_lost_each_attempt_is_told_once(self):
        with LatencyLab() as lab:
            daemon = lab.start(more=QUICK)
            events = lab.watch(daemon)
            eventually(lambda: lab.source().goodbye() or events.seen, "the watcher is there")
            for kind in ("reset", "silent", "silent_done", "half", "close", "unavailable503"):
                lab.sim.fault(kind, count=1)
                self.assertEqual(daemon.ctl("trip", BTC, "--reason", kind, "--wait", "20")[0], 0)
            fired = sum(">fired " in line for line in daemon.log().splitlines())
            eventually(lambda: lab.latency()["requests"] == fired, lambda: f"{fired} attempts: {lab.latency()}")
            unanswered = lab.latency()["unanswered"]
            self.assertGreaterEqual(unanswered, 4)
            eventually(lambda: len(events.all("attempt_lost")) >= unanswered, "each is told")
            self.assertEqual(unanswered, len(events.all("attempt_lost")))

    def test_receipt_and_log_tell_when_an_attempt_was_on_the_wire(self):
        with LatencyLab() as lab:
            daemon = lab.start()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            [attempt] = daemon.ask("receipt")["receipt"]["attempts"]
            self.assertLess(attempt["wire_us"], attempt["answered_us"])
            self.assertIn("(on the wire +", daemon.ctl("receipt")[1])
            daemon.await_log(" wire_us=")

    def test_for_programs_it_is_the_protocols_own_answer(self):
        with LatencyLab() as lab:
            daemon = lab.start()
            code, out, _ = daemon.ctl("latency", "--json")
            self.assertEqual((code, json.loads(out).keys()), (0, daemon.ask("latency").keys()))
            self.assertEqual(json.loads(out)["error_max"], 1 / 32)

    @unittest.skipUnless(os.geteuid() == 0, "only root can speak as another user")
    def test_who_may_not_read_is_not_told(self):
        with LatencyLab() as lab:
            lab.folder.chmod(0o755)
            lab.start()
            answer = as_user(NOBODY, lambda: lab.daemon.ask("latency"))
            self.assertFalse(answer["ok"])
            self.assertIn("[rights] read", answer["error"])

    def test_without_a_running_scramd_it_exits_4(self):
        with LatencyLab() as lab:
            daemon = lab.start()
            daemon.stop()
            self.assertEqual(daemon.ctl("latency")[0], 4)
