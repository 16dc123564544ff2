"""TLS as an attacker meets it, where tls_test does not look: keys and protocols that are too weak, and a peer
that verifies and then turns hostile. Each ends the link with a reason, and a refused peer reads no HTTP."""
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from lab import eventually, free_port, pki
from now_test import NowLab
from tls_test import Recorder

BTC = "mm-1/BTC-USD"
ONE_LINK = "links = 1"
QUICK = "[timings]\nanswer_timeout_ms = 300\nrehearse_every_ms = 200\nretry_first_ms = 20\nretry_max_ms = 200\n"
REDIRECT = "HTTP/1.1 {} Moved\r\nLocation: https://localhost:{}/api/v5/public/time\r\nContent-Length: 0\r\n\r\n"
CONFIRMATION = '{"code":"0","msg":"","data":[{"result":true}]}'


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def weak_certificate(folder, key=("rsa", "rsa_keygen_bits:1024"), digest="sha256"):
    """A server's, good but for its key or its signature; by the lab's authority."""
    kind, size = key
    openssl("genpkey", "-algorithm", kind, "-pkeyopt", size, "-out", "weak.key", cwd=folder)
    openssl("req", "-new", "-key", "weak.key", "-subj", "/CN=weak", "-out", "weak.csr", cwd=folder)
    (folder / "weak.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "weak.csr", "-CA", pki() / "ca.pem", "-CAkey", pki() / "ca.key", "-CAcreateserial",
            "-CAserial", "weak.srl", f"-{digest}", "-days", "30", "-extfile", "weak.ext", "-out", "weak.pem",
            cwd=folder)
    return folder / "weak"


class Hostile(Recorder):
    """A server that takes any client and then does as it is told: `talk(peer)` once TLS is up."""

    def __init__(self, talk=None, cert=None, tune=None):
        self.talk, self.requests = talk, []
        super().__init__()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.set_ciphers("ALL:@SECLEVEL=0")
        if tune:
            tune(self.tls)
        cert = cert or pki() / "server"
        self.tls.load_cert_chain(f"{cert}.pem", f"{cert}.key")

    def serve(self, peer):
        try:
            with peer:
                peer = self.tls.wrap_socket(peer, server_side=True, suppress_ragged_eofs=False)
                self.handshakes += 1
                if self.talk is not None:
                    self.talk(self, peer)
                while data := peer.recv(4096):
                    self.received.append(data)
        except OSError:
            pass

    def request(self, peer):
        """Reads one request; returns its head."""
        text = b""
        while b"\r\n\r\n" not in text:
            data = peer.recv(4096)
            if not data:
                raise OSError("gone")
            text += data
        self.requests.append(text.decode())
        return text.decode()


def answer(status="200 OK", body="", more=""):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n{body}".encode()


def honest_time():
    return answer(body='{"code":"0","msg":"","data":[{"ts":"%d"}]}' % (time.time() * 1000))


def says(*pieces):
    """After each request, these bytes."""
    def talk(server, peer):
        while True:
            server.request(peer)
            for piece in pieces:
                peer.sendall(piece if isinstance(piece, bytes) else piece.encode())
    return talk


def says_for_ever(first, piece):
    def talk(server, peer):
        server.request(peer)
        peer.sendall(first)
        while True:
            peer.sendall(piece)
    return talk


def unasked(server, peer):
    """Each request is answered well, and soon after answered again."""
    while True:
        server.request(peer)
        peer.sendall(honest_time())
        peer.sendall(answer("500 No"))


class Case(unittest.TestCase):
    def ends_the_link(self, lab, port, told, env=None, **config):
        """A named reason in the log, in the status, and `ready` says no."""
        daemon = lab.scramd(port=port, more=QUICK, account_keys=ONE_LINK, env=env, **config)
        daemon.await_log(told)
        line = next(line for line in daemon.log().splitlines() if told in line)
        self.assertTrue(line.startswith("<4>link_down link=mm-1#0 "), line)
        self.assertIn(f"localhost (127.0.0.1:{port})", line)
        eventually(lambda: daemon.ctl("ready")[1].startswith("not ready: account mm-1: "), "it is not ready")
        return daemon


class Unauthenticated(Case):
    """Nothing that they can read is sent to them, not even for a trip, by scramd or by scram-now."""

    def refused(self, told, env=None, **setup):
        with NowLab() as lab, Hostile(**setup) as server:
            daemon = self.ends_the_link(lab, server.port, told, env)
            self.assertEqual(daemon.ctl("trip", "all", "--reason", "drill", "--wait", "0")[0], 0)
            before = server.connections
            eventually(lambda: server.connections >= before + 2, "it goes on trying")
            self.assertEqual(daemon.family(BTC)["state"], "tripped")
            self.assertIn(told, daemon.links()[0]["lost"])
            self.assertEqual(lab.now_until(told, "all", port=server.port, env=env).code, 1)
            self.assertEqual((server.received, server.handshakes), ([], 0))

    def refused_certificate(self, told, env=None, **weak):
        with tempfile.TemporaryDirectory(prefix="scram-") as folder:
            self.refused(told, env, cert=weak_certificate(pathlib.Path(folder), **weak))

    def test_a_server_of_TLS_1_0_is_refused(self):
        def oldest(tls):
            tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1
        self.refused("does not speak TLS 1.2 or later", tune=oldest)

    def test_a_weak_key_is_refused(self):
        self.refused_certificate("certificate has a weak key")

    def test_a_signature_by_SHA_1_is_refused(self):
        self.refused_certificate("certificate has a weak signature", key=("rsa", "rsa_keygen_bits:2048"), digest="sha1")

    def test_a_machine_that_allows_weak_keys_changes_nothing(self):
        with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
            file.write("openssl_conf = all\n[all]\nssl_conf = tls\n[tls]\nsystem_default = weak\n"
                       "[weak]\nCipherString = ALL:@SECLEVEL=0\nMinProtocol = TLSv1\n")
            file.flush()
            self.refused_certificate("certificate has a weak key", env={"OPENSSL_CONF": file.name})

    def test_a_server_that_would_go_without_a_certificate_is_refused(self):
        def anonymous(tls):
            tls.maximum_version = ssl.TLSVersion.TLSv1_2
            tls.set_ciphers("aNULL:@SECLEVEL=0")
        self.refused("TLS failed (sslv3 alert handshake failure)", tune=anonymous)


class Turned(Case):
    """A peer that verifies, and then does what no exchange does: `talk`."""

    def turned(self, told, talk, told_now="not yet: "):
        with NowLab() as lab, Hostile(talk) as server:
            daemon = self.ends_the_link(lab, server.port, told)
            before = server.connections
            eventually(lambda: server.connections > before, "it comes back")
            self.assertEqual(daemon.stop(), 0)
            told_now = told_now.replace("PEER", f"localhost (127.0.0.1:{server.port})")
            self.assertEqual(lab.now_until(told_now, "all", port=server.port).code, 1)

    def test_an_answer_to_a_request_never_sent(self):
        self.turned("an answer to a request never sent", unasked)

    def test_two_answers_to_one_request(self):
        self.turned("an answer to a request never sent", says(answer() + answer(body=CONFIRMATION)))

    def test_a_header_without_end(self):
        told = "the answer's header is over 8192 bytes"
        self.turned(told, says_for_ever(b"HTTP/1.1 200 OK\r\nX-Bomb: ", b"x" * 1024), f"not yet: PEER: {told}")

    def test_headers_without_number(self):
        self.turned("the answer's header is over 8192 bytes",
                    says_for_ever(b"HTTP/1.1 200 OK\r\n", b"X-Bomb: x\r\n" * 100))

    def test_a_body_whose_length_is_a_bomb(self):
        told = "the answer's body is over 65536 bytes"
        self.turned(told, says("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"), f"not yet: PEER: {told}")

    def test_a_body_in_chunks_without_end(self):
        self.turned("the answer's body is over 65536 bytes",
                    says_for_ever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                  b"1000\r\n" + b"x" * 4096 + b"\r\n"))

    def test_interim_answers_without_end(self):
        self.turned("interim (1xx) answers without end", says_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"))

    def test_a_redirect_is_not_followed(self):
        for status in ("301", "302", "307", "308"):
            with Recorder("server") as elsewhere:
                self.turned("the peer redirects, which is never followed",
                            says(REDIRECT.format(status, elsewhere.port)), f"not yet: failed, http {status}")
                self.assertEqual(elsewhere.connections, 0)

    def test_a_renegotiation_is_refused(self):
        with NowLab() as lab, Renegotiating() as server:
            daemon = self.ends_the_link(lab, server.port, "the peer asked to renegotiate")
            self.assertEqual(daemon.stop(), 0)


class Cut(Case):
    def test_a_confirmation_that_is_cut_is_none(self):
        """Without a length, the end is part of the message: only a close_notify says that it is whole."""
        def cut(server, peer):
            while True:
                if server.request(peer).startswith("GET"):
                    peer.sendall(honest_time())
                    continue
                peer.sendall(f"HTTP/1.1 200 OK\r\n\r\n{CONFIRMATION}".encode())
                socket.socket.shutdown(peer, socket.SHUT_WR)

        with NowLab() as lab, Hostile(cut) as server:
            daemon = lab.scramd(port=server.port, more=QUICK, account_keys=ONE_LINK).await_ready(1)
            self.assertEqual(daemon.ctl("trip", BTC, "--reason", "drill", "--wait", "0")[0], 0)
            daemon.await_log("the peer closed the connection")
            eventually(lambda: sum("POST" in r for r in server.requests) >= 2, "it is tried again")
            self.assertTrue(daemon.family(BTC)["unfinished"])
            self.assertEqual(daemon.stop(), 0)
            told = f"not yet: localhost (127.0.0.1:{server.port}): the peer closed the connection"
            self.assertEqual(lab.now_until(told, BTC, port=server.port).code, 1)


class Renegotiating:
    """openssl's s_server, which asks each client of TLS 1.2 to renegotiate after its first request."""

    def __enter__(self):
        self.port = free_port()
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", pki() / "server.pem", "-key",
             pki() / "server.key", "-tls1_2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def run(self):
        while data := os.read(self.process.stdout.fileno(), 4096):
            if b"GET /api" in data:
                self.process.stdin.write(b"R\n")
                self.process.stdin.flush()

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
