"""A running okxsim and a client of it over real TLS, for wire_test.py."""
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
import time

PATIENCE_S = 20  # bounds a hang; nothing is measured against it

BIN = PKI = pathlib.Path()  # set by wire_test.py

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


ACCEPTED = (200, {"code": "0", "msg": "", "data": [{"result": True}]})
