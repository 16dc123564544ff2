"""Do real servers take the records that a link seals ahead of time? Thousands on one connection, of which only one
of each eight that are sealed for a number leaves."""
import hmac
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

from lab import BIN, Process, free_port, pki
from proxies import Haproxy, Nginx
from waiting import PATIENCE

# Sanitizers take their time.
MANY = 10_000 if PATIENCE <= 1 else 1_000
SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]


class EchoNginx(Nginx):
    """Answers each request by its target."""

    def config(self, folder, backend, suite):
        text = super().config(folder, 1, requests=10 * MANY)
        proxied = text[text.index("        location / {"):]
        return text.replace(proxied, f"""
        ssl_conf_command Ciphersuites {suite};
        location / {{ return 200 $request_uri; }}
    }}
}}
""")


class EchoHaproxy(Haproxy):
    def config(self, folder, backend, suite):
        text = super().config(folder, 1, requests=10 * MANY)
        echo = 'http-request return status 200 content-type text/plain lf-string "%[path]"'
        return text.replace("default_backend okxsim", echo).replace(".pem\n", f".pem ciphersuites {suite}\n", 1)


class EchoOpenssl(Process):
    """`openssl s_server`: what it prints is what it was sent, what it is told is what it sends, but for its commands:
    K asks for new keys, k has new keys of its own."""

    REQUEST = re.compile(rb"GET (\S+) HTTP/1.1\r\n.*?\r\n\r\n", re.DOTALL)
    COMMAND_DONE = b"SSL_do_handshake -> 1"

    def __init__(self, folder, _, suite, command=None, every=20):
        self.port, self.command, self.every = free_port(), command, every
        self.answered = self.commanded = 0
        keys = pki()
        super().__init__(
            ["stdbuf", "-o0", "openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", keys / "server.pem", "-key",
             keys / "server.key", "-tls1_3", "-ciphersuites", suite, "-keylogfile", folder / "keys"],
            folder / "s_server.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.seen = b""
        self.read_until(b"ACCEPT")
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @classmethod
    def is_missing(cls):
        return shutil.which("openssl") is None

    def read_until(self, text):
        while text not in self.seen:
            data = self.process.stdout.read(65536)
            if not data:
                raise EOFError
            self.seen += data
        return self.seen

    def serve(self):
        try:
            while True:
                self.read_until(b"\r\n\r\n")
                request = self.REQUEST.search(self.seen)
                self.seen = self.seen[request.end():]
                if self.command is not None and self.answered % self.every == 0:
                    self.give_command()
                target = request.group(1)
                self.answered += 1  # before its answer arrives, and somebody looks
                self.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target))
        except (EOFError, OSError, ValueError):  # the test is over
            pass

    def give_command(self):
        """Told and done before the answer: what came with it would be forgotten."""
        self.write(self.command)
        self.seen = self.read_until(self.COMMAND_DONE).replace(self.COMMAND_DONE, b"")
        self.commanded += 1

    def write(self, text):
        self.process.stdin.write(text)

    def stop(self, number=15):
        code = super().stop(number)
        self.thread.join()
        self.process.stdin.close()
        return code


class SealingLink(Process):
    def __init__(self, folder, port, *wire):
        """`wire`: an address and a device, on which requests leave as frames too."""
        super().__init__([BIN / "sealed_client", port, pki() / "ca.pem", *wire], folder / "client.log",
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self, number=9):
        self.process.stdin.close()
        return super().stop(number)

    def remembers(self, secret):
        """Whether the bytes are anywhere in its memory. Sanitizers' own maps are too large to hold any of it."""
        with open(f"/proc/{self.process.pid}/maps") as maps, open(f"/proc/{self.process.pid}/mem", "rb", 0) as memory:
            for line in maps:
                begin, end = (int(part, 16) for part in line.split()[0].split("-"))
                if "rw" not in line.split()[1] or end - begin > 256 << 20:
                    continue
                memory.seek(begin)
                try:
                    if secret in memory.read(end - begin):
                        return True
                except OSError:  # the kernel's
                    continue
        return False


class WithServer(unittest.TestCase):
    def started(self, kind, suite, **options):
        """A server and a link to it."""
        if kind.is_missing():
            self.skipTest(f"{kind.__name__[4:].lower()} is not installed")
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        server = kind(folder, None, suite=suite, **options)
        self.addCleanup(server.stop)
        link = SealingLink(folder, server.port)
        self.addCleanup(link.stop)
        return server, link, folder

    def takes_many(self, kind, suite, **options):
        server, link, _ = self.started(kind, suite, **options)
        done = link.ask(f"run {MANY}")
        self.assertEqual(done, {"answered": MANY, "sealed": MANY, "lost": 0, "wrong": 0, "ups": 1, "downs": []})
        return server


class Suites(WithServer):
    pass


def takes_many(kind, suite):
    def test(self):
        self.takes_many(kind, suite)
    return test


for _kind in EchoNginx, EchoHaproxy, EchoOpenssl:
    for _suite in SUITES:
        setattr(Suites, f"test_{_kind.__name__[4:].lower()}_takes_thousands_of_{_suite}", takes_many(_kind, _suite))


class NewKeys(WithServer):
    def test_keys_that_the_peer_renews_for_itself_change_nothing(self):
        for suite in SUITES:
            with self.subTest(suite):
                server = self.takes_many(EchoOpenssl, suite, command=b"k\n")
                self.assertGreater(server.commanded, 10)

    def test_a_peer_that_asks_for_new_keys_is_told_of_them_and_loses_no_request(self):
        for suite in SUITES:
            with self.subTest(suite):
                server = self.takes_many(EchoOpenssl, suite, command=b"K\n")
                self.assertGreater(server.commanded, 10)


class Memory(WithServer):
    def test_a_link_forgets_its_secret_once_it_is_up_and_its_key_when_it_ends(self):
        _, link, folder = self.started(EchoOpenssl, "TLS_CHACHA20_POLY1305_SHA256")
        link.ask("run 10")
        secret = self.client_secret(folder)
        key = self.sealing_key(secret)
        self.assertFalse(link.remembers(secret))
        self.assertTrue(link.remembers(key), "this search finds what is there")
        link.ask("stop")
        self.assertFalse(link.remembers(secret))
        self.assertFalse(link.remembers(key))

    def client_secret(self, folder):
        (line,) = re.findall(r"^CLIENT_TRAFFIC_SECRET_0 .*", (folder / "keys").read_text(), re.MULTILINE)
        return bytes.fromhex(line.split()[2])

    def sealing_key(self, secret):
        """HKDF-Expand-Label(secret, "key", "", 32)"""
        label = b"tls13 key"
        return hmac.digest(secret, b"\0\x20" + bytes([len(label)]) + label + b"\0\1", "sha256")[:32]
