#!/usr/bin/env python3
"""The Python binding against a fake scramd; $SCRAM_LIBRARY must name libscram.so.0."""

import fcntl
import gc
import math
import mmap
import os
import pathlib
import queue
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "client" / "python"))
import scram

RECORD = struct.Struct("=QqdHHHBB32s")
RESTART = 9
VALUE, HEARTBEAT, ATTACH, FAMILY, METRIC, GOODBYE, OK, REFUSED = 1, 2, 16, 17, 18, 19, 32, 33
SEQUENCE, _, NUMBER, FAMILY_ID, METRIC_ID, SOURCE_ID, _, KIND, NAME = range(9)


class FakeDaemon:
    """Records every message and answers as scramd would; refuses names that start with "no"."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "signals.sock")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen()
        self.gates_fd = os.memfd_create("gates", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.gates_fd, 4096)
        self.gates = mmap.mmap(self.gates_fd, 4096)
        self.gates[:12] = struct.pack("=IHHI", 0x53435247, 1, 4, 1)
        fcntl.fcntl(self.gates_fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        self.messages = queue.Queue()
        self.knows = 2  # that a series restarts
        self.connection = None
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        try:
            self.connection, _ = self.listener.accept()
        except OSError:
            return
        while message := self.connection.recv(4096):
            records = list(RECORD.iter_unpack(message))
            self.messages.put(records)
            if records[0][KIND] >= ATTACH:
                self.answer(records[0])
        self.messages.put(None)

    def answer(self, request):
        kind, name = request[KIND], request[NAME].rstrip(b"\0")
        if name.startswith(b"no"):
            refusal = RECORD.pack(0, 0, 0, 0, 0, 0, 1, REFUSED, b"")
            self.connection.send(refusal + b"unknown: " + name)
            return
        ids = (2 * (kind == FAMILY), 5 * (kind == METRIC), 7 * (kind == ATTACH))
        record = RECORD.pack(0, 0, 0, *ids, 1, OK, b"")
        if kind == ATTACH:
            record = RECORD.pack(self.knows, 0, 0, *ids, 1, OK, b"")
        fds = [self.gates_fd] if kind == ATTACH else []
        socket.send_fds(self.connection, [record], fds)

    def next(self):
        return self.messages.get(timeout=10)

    def close_gate(self, family):
        struct.pack_into("=I", self.gates, 64 + 4 * family, 1)

    def beat(self, age_s):
        """Its loop completed a turn so long ago; a second halts."""
        struct.pack_into("=I", self.gates, 12, 1000)
        struct.pack_into("=q", self.gates, 128, time.monotonic_ns() - int(age_s * 1e9))

    def end(self):
        for end in (self.listener, self.connection):
            if end is not None:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it has ended already
        self.thread.join()
        for end in (self.listener, self.connection):
            if end is not None:
                end.close()
        self.gates.close()
        os.close(self.gates_fd)
        self.folder.cleanup()


@unittest.skipUnless(os.environ.get("SCRAM_LIBRARY"), "SCRAM_LIBRARY does not name libscram.so.0")
class BindingTest(unittest.TestCase):
    def setUp(self):
        self.daemon = FakeDaemon()
        self.addCleanup(self.daemon.end)

    def attach(self):
        client = scram.Client("maker-1", self.daemon.path)
        self.assertEqual(self.daemon.next()[0][NAME].rstrip(b"\0"), b"maker-1")
        return client

    def test_publish_resolves_names_once_and_sends_the_record(self):
        with self.attach() as client:
            self.assertTrue(client.publish("mm-1/BTC-USD", "delta", -2.5))
            self.assertTrue(client.publish("mm-1/BTC-USD", "delta", math.nan))
        kinds = [self.daemon.next()[0][KIND] for _ in range(2)]
        self.assertEqual(kinds, [FAMILY, METRIC])
        first, second = self.daemon.next()[0], self.daemon.next()[0]
        self.assertEqual((first[SEQUENCE], first[NUMBER]), (1, -2.5))
        self.assertEqual((first[FAMILY_ID], first[METRIC_ID], first[SOURCE_ID]), (2, 5, 7))
        self.assertEqual(first[KIND], VALUE)
        self.assertTrue(math.isnan(second[NUMBER]))

    def test_a_series_that_restarts_is_said_by_a_kind_of_its_own(self):
        with self.attach() as client:
            self.assertTrue(client.restart("mm-1/BTC-USD", "pnl", 0))
            self.assertTrue(client.add_restart("mm-1/BTC-USD", "pnl", 1))
            self.assertTrue(client.flush())
        self.daemon.next(), self.daemon.next()  # the names
        self.assertEqual([self.daemon.next()[0][KIND] for _ in range(2)], [RESTART, RESTART])

    def test_a_scramd_too_old_for_a_restart_is_sent_nothing(self):
        self.daemon.knows = 0
        with self.attach() as client:
            self.assertFalse(client.restart("mm-1/BTC-USD", "pnl", 0))
            self.assertIn("too old", client.error)
        self.daemon.next(), self.daemon.next()
        self.assertEqual(self.daemon.next()[0][KIND], GOODBYE)

    def test_leaving_the_block_says_goodbye(self):
        with self.attach() as client:
            self.assertTrue(client.heartbeat())
        self.assertEqual(self.daemon.next()[0][KIND], HEARTBEAT)
        self.assertEqual(self.daemon.next()[0][KIND], GOODBYE)
        self.assertIsNone(self.daemon.next())
        self.assertTrue(client.halted("mm-1/BTC-USD"))
        self.assertTrue(client.detach())
        with self.assertRaises(ValueError):
            client.heartbeat()

    def test_leaving_the_block_by_an_exception_says_nothing(self):
        with self.assertRaises(ZeroDivisionError):
            with self.attach():
                1 / 0
        self.assertIsNone(self.daemon.next())

    def test_added_signals_leave_in_one_message_with_the_heartbeat(self):
        with self.attach() as client:
            client.add("mm-1/BTC-USD", "delta", 1)
            client.add("mm-1/BTC-USD", "delta", 2)
            client.heartbeat()
        self.daemon.next(), self.daemon.next()
        self.assertEqual([r[KIND] for r in self.daemon.next()], [VALUE, VALUE, HEARTBEAT])

    def test_halted_follows_the_gate(self):
        with self.attach() as client:
            self.assertFalse(client.halted("mm-1/BTC-USD"))
            self.daemon.close_gate(2)
            self.assertTrue(client.halted("mm-1/BTC-USD"))

    def test_halted_and_attached_follow_the_heartbeat(self):
        self.daemon.beat(age_s=0)
        with self.attach() as client:
            self.daemon.beat(age_s=-60)
            self.assertFalse(client.halted("mm-1/BTC-USD"))
            self.assertTrue(client.attached)
            self.daemon.beat(age_s=60)
            self.assertTrue(client.halted("mm-1/BTC-USD"))
            self.assertFalse(client.attached)

    def test_threads_may_share_a_client(self):
        with self.attach() as client:
            delivered = []

            def publish():
                for number in range(300):
                    while self.daemon.messages.qsize() + 100 < len(delivered):
                        time.sleep(0.001)  # the socket has room for some hundred
                    delivered.append(client.publish("mm-1/BTC-USD", "delta", number))
                    client.halted("mm-1/BTC-USD")

            threads = [threading.Thread(target=publish) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(delivered.count(True), 1200)
        self.daemon.next(), self.daemon.next()
        self.assertEqual([self.daemon.next()[0][SEQUENCE] for _ in range(1200)], list(range(1, 1201)))

    def test_a_client_that_is_dropped_leaves_at_once_and_says_nothing(self):
        with self.assertWarnsRegex(ResourceWarning, "maker-1 was dropped"):
            self.attach()
            gc.collect()
        self.assertIsNone(self.daemon.next())

    def test_a_refusal_is_raised_in_scramds_words(self):
        with self.assertRaises(scram.Error) as refused:
            scram.Client("nobody", self.daemon.path)
        self.assertEqual(refused.exception.result, scram.Result.DENIED)
        self.assertEqual(str(refused.exception), "unknown: nobody")

    def test_an_unknown_family_is_raised_before_the_first_quote(self):
        with self.attach() as client:
            with self.assertRaisesRegex(scram.Error, "unknown: no/such"):
                client.family("no/such")

    def test_nobody_there_is_unreachable(self):
        with self.assertRaises(scram.Error) as failed:
            scram.Client("maker-1", "/nonexistent/signals.sock")
        self.assertEqual(failed.exception.result, scram.Result.UNREACHABLE)

    def test_a_forked_child_lets_go_of_the_connection(self):
        with self.attach() as client:
            child = os.fork()
            if child == 0:
                os._exit(0 if client.halted("mm-1/BTC-USD") and not client.attached else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            self.assertTrue(client.heartbeat())
        self.assertEqual(self.daemon.next()[0][KIND], HEARTBEAT)

    def test_a_child_that_is_forked_while_another_thread_is_in_a_call_does_not_wait_for_it(self):
        with self.attach() as client:
            held, over = threading.Event(), threading.Event()

            def hold():
                with client._lock:
                    held.set()
                    over.wait()

            thread = threading.Thread(target=hold)
            thread.start()
            held.wait()
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                os._exit(0 if client.halted("mm-1/BTC-USD") else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            over.set()
            thread.join()

    def test_results_are_those_of_the_header(self):
        header = pathlib.Path(scram.__file__).resolve().parent.parent / "scram.h"
        text = header.read_text()
        listed = text[text.index("SCRAM_DONE = 0") : text.index("} scram_result;")]
        lines = [line.strip() for line in listed.splitlines()]
        names = [line.split()[0].rstrip(",") for line in lines if line.startswith("SCRAM_")]
        self.assertEqual(names, ["SCRAM_" + result.name for result in scram.Result])


if __name__ == "__main__":
    unittest.main()
