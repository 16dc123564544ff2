#!/usr/bin/env python3
"""okxsim as its clients meet it: the real program over real TLS.   wire_test.py BUILD_BIN_DIR

Standard library only. Every check reads bytes or awaits a state that the admin port shows.
"""
import http.client
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

import wire
from wire import BTC, ACCEPTED, PATIENCE_S, TIME, Okxsim, mass_cancel, trusting
from wire_endpoints import Endpoints  # noqa: F401, its tests run here

HERE = pathlib.Path(__file__).resolve().parent


class Wire(unittest.TestCase):
    def setUp(self):
        self.okx = self.enterContext(Okxsim())
        self.client = self.enterContext(self.okx.connect())

    def test_pipelined_requests_are_answered_in_their_order(self):
        self.okx.fault("delay", on="time", delay_ms=50)  # so that answers pile up
        self.client.stream.sendall(TIME + mass_cancel() + TIME + TIME)
        kinds = ["ts" in answer["data"][0] for answer in self.client.read_pipelined(4)]
        self.assertEqual(kinds, [True, False, True, True])

    def test_a_request_is_counted_on_arrival_while_an_earlier_answer_is_delayed(self):
        self.okx.fault("delay", on="time", delay_ms=60_000)
        self.client.stream.sendall(TIME + mass_cancel())
        self.okx.await_request()
        self.assertTrue(self.client.has_nothing())

    def test_one_connection_serves_many_requests(self):
        for _ in range(50):
            self.assertEqual(self.client.ask(TIME)[0], 200)
        self.assertEqual(self.okx.admin("/sim/state")["connections_total"], 1)

    def test_a_mass_cancel_clears_mmp_orders_and_locks_the_family(self):
        self.assertEqual(self.okx.place("mmp", "limit"), ["0", "0"])
        self.assertEqual(self.client.ask(mass_cancel(BTC | {"lockInterval": "10000"})), ACCEPTED)
        family = self.okx.account()["families"]["BTC-USD"]
        self.assertEqual((family["mmp"], family["plain"], family["mass_cancelled"]), (0, 1, 1))
        self.assertGreater(family["lock_left_ms"], 0)
        self.assertEqual(self.okx.place("mmp"), ["54008"])
        self.assertEqual(self.client.ask(mass_cancel(BTC | {"lockInterval": "0"})), ACCEPTED)
        self.assertEqual(self.okx.place("mmp"), ["0"])

    def test_the_maker_fills_and_cancels_its_own_orders(self):
        self.okx.place("mmp", "limit", "mmp")
        for path, order, answer in [
            ("/sim/fill", {"ordId": "1", "sz": "1"}, {"code": "0"}),
            ("/sim/fill", {"ordId": "1", "sz": "1"}, {"code": "51400"}),
            ("/sim/cancel", {"ordIds": ["2", "9"]}, {"cancelled": 1}),
            ("/sim/cancel", {"instFamily": "BTC-USD"}, {"cancelled": 1}),
        ]:
            self.assertEqual(self.okx.admin(path, {"account": "mm-1"} | order), answer)

    def test_the_sixth_request_of_an_account_is_refused_and_counted(self):
        statuses = [self.client.ask(mass_cancel())[0] for _ in range(6)]
        seen = self.okx.account()["mass_cancel"]
        self.assertEqual(statuses, [200] * 5 + [429])
        self.assertEqual(seen["window_max_sliding"], 6)
        self.assertEqual(seen["codes"], {"0": 5, "50011": 1})
        self.assertEqual(self.client.ask(mass_cancel(account=2)), ACCEPTED)

    def test_the_clock_can_be_shifted(self):
        self.okx.admin("/sim/clock", {"offset_ms": 31_000})
        expired = {"msg": "Timestamp request expired", "code": "50102"}
        self.assertEqual(self.client.ask(mass_cancel()), (401, expired))
        ahead = int(self.client.ask(TIME)[1]["data"][0]["ts"]) / 1000 - time.time()
        self.assertGreater(ahead, 25)

    def test_faults_that_answer(self):
        for kind, more, wanted in [
            ("limited429", {}, (429, {"msg": "Too Many Requests", "code": "50011"})),
            ("result_false", {}, (200, {"code": "0", "msg": "", "data": [{"result": False}]})),
            ("chunked", {}, ACCEPTED),
            ("continue100", {}, ACCEPTED),
            ("delay", {"delay_ms": 20}, ACCEPTED),
        ]:
            with self.subTest(kind):
                self.okx.fault(kind, **more)
                self.assertEqual(self.client.ask(mass_cancel()), wanted)

    def test_faults_that_answer_with_rubbish(self):
        self.okx.fault("html")
        self.assertIn("<html", self.client.ask(mass_cancel())[1])
        self.okx.fault("garbage")
        self.assertNotIsInstance(self.client.ask(mass_cancel())[1], dict)
        self.okx.fault("numeric")
        self.assertEqual(self.client.ask(mass_cancel())[1]["code"], 500)
        self.okx.fault("long")
        self.client.stream.sendall(mass_cancel())
        answer = http.client.HTTPResponse(self.client.stream)
        answer.begin()
        self.assertGreater(len(answer.read()), 1 << 20)

    def test_silent_mutes_the_connection_but_not_the_exchange(self):
        self.okx.place("mmp")
        self.okx.fault("silent_done")
        self.client.stream.sendall(mass_cancel() + TIME)
        self.okx.await_state(lambda state: state["time"]["window_max_sliding"] == 1)
        self.assertEqual(self.okx.account()["families"]["BTC-USD"]["mmp"], 0)
        with self.okx.connect() as other:
            self.assertEqual(other.ask(TIME)[0], 200)
        self.assertTrue(self.client.has_nothing())

    def test_silent_is_not_executed(self):
        self.okx.place("mmp")
        self.okx.fault("silent")
        self.client.stream.sendall(mass_cancel())
        self.okx.await_request()
        self.assertEqual(self.okx.account()["families"]["BTC-USD"]["mmp"], 1)

    def test_reset_is_a_tcp_reset(self):
        for kind, resting in [("reset", 1), ("reset_done", 0)]:
            with self.subTest(kind), self.okx.connect() as client:
                self.okx.place("mmp")
                self.okx.fault(kind)
                client.stream.sendall(mass_cancel())
                self.assertTrue(client.is_reset())
                self.assertEqual(self.okx.account()["families"]["BTC-USD"]["mmp"], resting)

    def test_half_ends_within_the_answer_without_a_goodbye(self):
        self.okx.fault("half")
        self.client.stream.sendall(mass_cancel())
        received = b""
        with self.assertRaisesRegex(ssl.SSLError, "(?i)eof"):
            self.client.stream.suppress_ragged_eofs = False
            while part := self.client.stream.recv(4096):
                received += part
        self.assertTrue(received.startswith(b"HTTP/1.1 200 OK"))
        self.assertNotIn(b"true", received)

    def test_close_answers_says_goodbye_and_serves_nothing_behind_it(self):
        self.client.stream.suppress_ragged_eofs = False
        self.okx.fault("close")
        self.client.stream.sendall(mass_cancel() + mass_cancel())
        received = b""
        while part := self.client.stream.recv(4096):
            received += part
        self.assertIn(b"Connection: close", received)
        self.assertTrue(received.endswith(b'"data":[{"result":true}]}'))
        self.assertEqual(self.okx.account()["mass_cancel"]["requests"], 1)

    def test_a_client_that_wants_to_close_is_answered_and_closed(self):
        self.client.stream.sendall(TIME.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        self.assertEqual(self.client.read()[0], 200)
        self.assertEqual(self.client.stream.recv(1), b"")
        self.client.stream.close()
        self.okx.await_state(lambda state: state["connections"] == 0)

    def test_drop_resets_every_connection(self):
        with self.okx.connect() as other:
            self.okx.await_state(lambda state: state["connections"] == 2)
            self.okx.admin("/sim/drop", {})
            for client in (self.client, other):
                self.assertTrue(client.is_reset())
        self.okx.await_state(lambda state: state["connections"] == 0)

    def test_what_is_no_http_gets_400(self):
        self.assertEqual(self.client.ask(b"nonsense\r\n\r\n")[0], 400)

    def test_an_ordered_fault_must_be_one_that_exists(self):
        answer = self.okx.admin("/sim/fault", {"on": "any", "kind": "nonsense"})
        self.assertIn("silent_done", answer["error"])


class Start(unittest.TestCase):
    def test_tls_1_1_alone_is_offered_on_demand(self):
        with Okxsim("--tls-max", "1.1") as okx:
            self.assertRaises(ssl.SSLError, okx.connect)
            old = trusting()
            warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.1, which is the point
            old.set_ciphers("DEFAULT:@SECLEVEL=0")
            old.minimum_version = ssl.TLSVersion.TLSv1_1
            with okx.connect(old) as client:
                self.assertEqual(client.stream.version(), "TLSv1.1")
                self.assertEqual(client.ask(TIME)[0], 200)
            self.assertEqual(okx.admin("/sim/state")["handshakes_failed"], 1)

    def test_tls_1_2_and_1_3_are_offered_as_asked(self):
        for newest, version in [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")]:
            with Okxsim("--tls-max", newest) as okx, okx.connect() as client:
                self.assertEqual(client.stream.version(), version)

    def test_a_wrong_start_says_what_was_expected(self):
        right = {
            "--cert": wire.PKI / "server.pem",
            "--key": wire.PKI / "server.key",
            "--accounts": wire.PKI / "accounts.toml",
        }
        for option, value, word in [
            ("--listen", "localhost", "ADDRESS:PORT"),
            ("--listen", "127.0.0.1:", "ADDRESS:PORT"),
            ("--admin", "0.0.0.0:0", "loopback"),
            ("--cert", "/nonexistent", "/nonexistent"),
            ("--accounts", "/nonexistent", "/nonexistent"),
        ]:
            base = right | {option: value}
            command = [wire.BIN / "okxsim", *(text for pair in base.items() for text in pair)]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
            self.assertEqual((ended.returncode, ended.stdout), (1, ""))
            self.assertIn(word, ended.stderr)


if __name__ == "__main__":
    wire.BIN = pathlib.Path(sys.argv.pop(1)).resolve()
    with tempfile.TemporaryDirectory() as directory:
        wire.PKI = pathlib.Path(directory)
        subprocess.run([HERE / "make_pki.sh", wire.PKI], check=True)
        (wire.PKI / "accounts.toml").write_text(wire.ACCOUNTS)
        unittest.main()
