"""One hostile connection of five, and a kill each 50 ms beside it: the gates close as if it were not there.

Each mode is one way to speak without end (hostile_peer.cpp), before TLS is up or after. A link that reads on while
bytes come stops the loop: the gates close late (1.5 s, for 100 KB in records of one byte) or never. What is compared
is the time from a signal's publishing to its gate, with the same time beside honest peers alone: by the median, since
a busy machine spoils single ones. And each gate must close. A handshake's bytes are bounded, so one that ends soon
(a certificate) shows in no median: tests/unit/net/exchange/link_bounds_test.cpp counts the turns that it takes.
"""
import os
import pathlib
import statistics
import subprocess
import time
import unittest

from lab import BIN, IS_SANITIZED, PATIENCE, Lab, Process, eventually, pki, rule
from now_lab import NowLab

NAMES = [f"F{n:02}" for n in range(40)]
FAMILIES = [f"mm-1/{name}-USD" for name in NAMES]
DELTA = rule("delta", "limit", metric="delta", beyond=25)
QUICK = "[timings]\nanswer_timeout_ms = 1000\nrehearse_every_ms = 100\nretry_first_ms = 20\nretry_max_ms = 200\n"
SLOWER = 20  # how many times; a loop that is held is slower by a thousand
CHUNKED = r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SECONDS_TO_CLOSE = 5
MEMORY_KIB = (384 if IS_SANITIZED else 16) * 1024  # ASan keeps 256 MiB of what was freed


class HostilePeer(Process):
    def __init__(self, lab, mode, honest):
        super().__init__([BIN / "hostile_peer", mode, lab.sim.port, pki() / "server.pem", pki() / "server.key", honest],
                         lab.folder / "hostile.log", stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())


def memory_kib(daemon):
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def gate_delay(maker, name):
    """Seconds from publishing a breach to the family's gate."""
    maker.family(name), maker.metric("delta")
    began = time.monotonic()
    maker.publish(name, "delta", 26)
    while maker.gate(name) == 0:
        if time.monotonic() - began > SECONDS_TO_CLOSE * PATIENCE:
            raise AssertionError(f"the gate of {name} does not close")
        time.sleep(0)
    return time.monotonic() - began


def delays(mode, honest):
    """Of a kill each 50 ms, while one link more than `honest` is hostile; sorted. And how much memory grew."""
    with Lab() as lab:
        peer = lab.add(HostilePeer(lab, mode, honest))
        daemon = lab.scramd(DELTA, families=FAMILIES, port=peer.port, more=QUICK,
                            family_keys="lock_ms = 0").await_ready(4)
        maker = lab.source()
        eventually(lambda: honest == 5 or any("lost" in link or link["phase"] != "idle" for link in daemon.links()),
                   "the hostile one is met")
        before, all_of_them = memory_kib(daemon), []
        for name in FAMILIES:
            all_of_them.append(gate_delay(maker, name))
            time.sleep(0.05)
        return sorted(all_of_them), memory_kib(daemon) - before


class BoundedTurn(unittest.TestCase):
    seconds_max = 240

    def beside(self, mode):
        """Another program may have had the cores during one half: what holds the loop does so each time."""
        for last in (False, False, True):
            quiet, _ = delays(mode, 5)
            hostile, grown = delays(mode, 4)
            told = [f"{1e3 * statistics.median(d):.2f} ms, of a hundred the 90th {1e3 * d[len(d) * 9 // 10]:.2f} ms"
                    for d in (quiet, hostile)]
            if os.environ.get("SCRAM_SHOW"):  # the figures, for people
                print(f"{mode}: quiet {told[0]}; hostile {told[1]}; memory +{grown} KiB")
            self.assertLess(grown, MEMORY_KIB)
            if statistics.median(hostile) < SLOWER * statistics.median(quiet):
                return
            self.assertFalse(last, f"three times in a row; the last: {told}")

    def test_hello_requests_in_the_handshake(self):
        self.beside("hello")

    def test_key_updates(self):
        self.beside("key_update")
        self.beside("key_update_quiet")

    def test_tickets(self):
        self.beside("ticket")

    def test_a_body_in_records_of_one_byte(self):
        self.beside("tiny")

    def test_a_chunk_extension(self):
        self.beside(CHUNKED + "5;name=|x")

    def test_chunk_extensions_that_end(self):
        self.beside(CHUNKED + "|1;" + "x" * 200 + r"\r\ny\r\n")

    def test_trailers(self):
        self.beside(CHUNKED + r"5\r\nhello\r\n0\r\n|X: y\r\n")

    def test_a_header(self):
        self.beside(r"HTTP/1.1 200 OK\r\n|X: y\r\n")

    def test_interim_answers(self):
        self.beside(r"|HTTP/1.1 100 Continue\r\n\r\n")

    def test_a_body_in_full_records(self):
        self.beside(r"HTTP/1.1 200 OK\r\n\r\n|x")


class ScramNow(unittest.TestCase):
    """It goes on by its other lanes, and ends when it is told to."""

    def test_a_peer_that_speaks_without_end_holds_up_no_cancel(self):
        for mode in ("hello", "certificate", "key_update", CHUNKED + "5;name=|x"):
            with self.subTest(mode), NowLab(count=3) as lab:
                peer = lab.add(HostilePeer(lab, mode, 2))
                # An honest connection that a busy machine loses is followed by a hostile one: none may be left to read.
                done = lab.now("all", "--until", "accepted", port=peer.port)
                self.assertEqual(done.code, 0, done)

    def test_SIGTERM_ends_it_though_all_peers_speak_without_end(self):
        for mode in ("hello", "key_update"):
            for arguments in (["all"], ["--check", "all"]):
                with self.subTest(mode, arguments=arguments), NowLab() as lab:
                    peer = lab.add(HostilePeer(lab, mode, 0))
                    command = lab.command(*arguments, port=peer.port)
                    process = lab.add(Process(command, lab.folder / "now.log", stdout=subprocess.PIPE))
                    time.sleep(0.3)
                    process.process.terminate()
                    process.ended(SECONDS_TO_CLOSE)
