#!/usr/bin/env python3
"""okxsim as its clients meet it: the real program over real TLS.   wire_test.py BUILD_BIN_DIR

Standard library only. Every check reads bytes or awaits a state that the admin port shows.
"""
import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import pathlib
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_S = 20  # bounds a hang; nothing is measured against it

ACCOUNTS = """
families = ["BTC-USD", "ETH-USD"]
[[account]]
name = "mm-1"
key = "test-key-1"
secret = "test-secret-1"
passphrase = "test-pass-1"
[[account]]
name = "mm-2"
key = "test-key-2"
secret = "test-secret-2"
passphrase = "test-pass-2"
"""
TIME = b"GET /api/v5/public/time HTTP/1.1\r\nHost: localhost\r\n\r\n"
BTC = {"instType": "OPTION", "instFamily": "BTC-USD"}


def request(method, path, parameters=None, account=1):
    """The bytes of a signed request."""
    body = json.dumps(parameters) if parameters is not None else ""
    moment = datetime.datetime.now(datetime.timezone.utc)
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    secret, signed = f"test-secret-{account}".encode(), f"{stamp}{method}{path}{body}".encode()
    sign = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"OK-ACCESS-KEY: test-key-{account}\r\nOK-ACCESS-PASSPHRASE: test-pass-{account}\r\n"
        f"OK-ACCESS-TIMESTAMP: {stamp}\r\nOK-ACCESS-SIGN: {sign}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def mass_cancel(parameters=None, account=1):
    return request("POST", "/api/v5/trade/mass-cancel", parameters or BTC, account)


class Okxsim:
    def __init__(self, *options):
        command = [BIN / "okxsim", "--cert", PKI / "server.pem", "--key", PKI / "server.key",
                   "--accounts", PKI / "accounts.toml", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ports = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        out, err = self.process.communicate(timeout=PATIENCE_S)
        if (self.process.returncode, out, err) != (0, b"", b""):
            raise AssertionError(f"okxsim ended with {self.process.returncode}: {out} {err}")

    def admin(self, path, body=None):
        port = self.ports["admin"]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            if body is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, json.dumps(body))
            return json.loads(connection.getresponse().read())

    def fault(self, kind, on="mass-cancel", **more):
        assert self.admin("/sim/fault", {"on": on, "kind": kind, **more}) == {}

    def place(self, *types, account="mm-1"):
        order = {"instId": "BTC-USD-261225-60000-C", "side": "buy", "px": "0.1", "sz": "1"}
        body = {"account": account, "orders": [order | {"ordType": kind} for kind in types]}
        return [result["code"] for result in self.admin("/sim/orders", body)["results"]]

    def account(self, name="mm-1"):
        return self.admin("/sim/state")["accounts"][name]

    def await_state(self, condition):
        deadline = time.monotonic() + PATIENCE_S
        while not condition(state := self.admin("/sim/state")):
            if time.monotonic() > deadline:
                raise AssertionError(f"never came true, last: {state}")
            time.sleep(0.005)

    def await_request(self):
        """Until mm-1's first mass-cancel has arrived."""
        self.await_state(lambda state: state["accounts"]["mm-1"]["mass_cancel"]["requests"] == 1)

    def connect(self, context=None):
        plain = socket.create_connection(("127.0.0.1", self.ports["https"]), timeout=PATIENCE_S)
        return Client((context or trusting()).wrap_socket(plain, server_hostname="localhost"))


def trusting():
    context = ssl.create_default_context(cafile=PKI / "ca.pem")
    # Python before 3.11.4 asks OpenSSL to take a cut connection for a goodbye.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context


class Client:
    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def ask(self, data):
        self.stream.sendall(data)
        return self.read()

    def read(self):
        """(status, JSON or text) of the next answer."""
        answer = http.client.HTTPResponse(self.stream)
        answer.begin()
        text = answer.read().decode(errors="replace")
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def has_nothing(self):
        """Neither an answer nor an end has arrived."""
        self.stream.setblocking(False)
        try:
            self.stream.recv(1)
        except ssl.SSLWantReadError:
            return True
        return False

    def is_reset(self):
        """Awaits a TCP reset. Python's ssl shows FIN and RST alike, the socket itself does not."""
        poll = select.poll()
        poll.register(self.stream, 0)
        return any(events & select.POLLERR for _, events in poll.poll(PATIENCE_S * 1000))

    def read_pipelined(self, count):
        """Answers behind one another in one buffered stream."""
        with self.stream.makefile("rb") as lines:
            for _ in range(count):
                head = b"".join(iter(lines.readline, b"\r\n"))
                size = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
                yield json.loads(lines.read(size))


CONFIRMED = (200, {"code": "0", "msg": "", "data": [{"result": True}]})


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
        self.assertEqual(self.client.ask(mass_cancel(BTC | {"lockInterval": "10000"})), CONFIRMED)
        family = self.okx.account()["families"]["BTC-USD"]
        self.assertEqual((family["mmp"], family["plain"], family["mass_cancelled"]), (0, 1, 1))
        self.assertGreater(family["lock_left_ms"], 0)
        self.assertEqual(self.okx.place("mmp"), ["54008"])
        self.assertEqual(self.client.ask(mass_cancel(BTC | {"lockInterval": "0"})), CONFIRMED)
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
        self.assertEqual(self.client.ask(mass_cancel(account=2)), CONFIRMED)

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
            ("chunked", {}, CONFIRMED),
            ("continue100", {}, CONFIRMED),
            ("delay", {"delay_ms": 20}, CONFIRMED),
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


class Endpoints(unittest.TestCase):
    def setUp(self):
        self.okx = self.enterContext(Okxsim())
        self.client = self.enterContext(self.okx.connect())

    def ask(self, method, path, parameters=None, account=1):
        return self.client.ask(request(method, "/api/v5" + path, parameters, account))[1]

    def change(self, **settings):
        return self.okx.admin("/sim/account", {"account": "mm-1", **settings})

    def test_the_config_tells_whose_key_it_is_and_what_it_may_do(self):
        [row] = self.ask("GET", "/account/config")["data"]
        [other] = self.ask("GET", "/account/config", account=2)["data"]
        self.assertEqual((row["acctLv"], row["perm"], row["ip"]), ("4", "read_only,trade", ""))
        self.assertNotEqual(row["uid"], other["uid"])

    def test_each_wrong_setting_of_an_account_has_its_code(self):
        for setting, right, code in [
            ({"perm": "read_only"}, {"perm": "read_only,trade"}, "50120"),
            ({"ip": "192.0.2.1"}, {"ip": ""}, "50110"),
            ({"mode": 3}, {"mode": 4}, "51010"),
            ({"mmp": False}, {"mmp": True}, "51411"),
            ({"region": "eea"}, {"region": "global"}, "50119"),
        ]:
            self.assertEqual(self.change(**setting), {})
            with self.okx.connect() as client:
                self.assertEqual(client.ask(mass_cancel())[1]["code"], code)
            self.assertEqual(self.change(**right), {})

    def test_a_key_that_nobody_used_is_gone(self):
        self.change(key_unused_ms=14 * 24 * 3600 * 1000)
        self.assertEqual(self.client.ask(TIME)[0], 200)
        self.assertEqual(self.ask("GET", "/account/config")["code"], "50119")

    def test_an_address_on_the_list_is_served(self):
        self.change(ip="192.0.2.1,127.0.0.1")
        self.assertEqual(self.ask("GET", "/account/config")["code"], "0")


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
            "--cert": PKI / "server.pem",
            "--key": PKI / "server.key",
            "--accounts": PKI / "accounts.toml",
        }
        for option, value, word in [
            ("--listen", "localhost", "ADDRESS:PORT"),
            ("--listen", "127.0.0.1:", "ADDRESS:PORT"),
            ("--admin", "0.0.0.0:0", "loopback"),
            ("--cert", "/nonexistent", "/nonexistent"),
            ("--accounts", "/nonexistent", "/nonexistent"),
        ]:
            base = right | {option: value}
            command = [BIN / "okxsim", *(text for pair in base.items() for text in pair)]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
            self.assertEqual((ended.returncode, ended.stdout), (1, ""))
            self.assertIn(word, ended.stderr)


if __name__ == "__main__":
    BIN = pathlib.Path(sys.argv.pop(1)).resolve()
    with tempfile.TemporaryDirectory() as directory:
        PKI = pathlib.Path(directory)
        subprocess.run([HERE / "make_pki.sh", PKI], check=True)
        (PKI / "accounts.toml").write_text(ACCOUNTS)
        unittest.main()
