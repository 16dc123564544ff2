"""Whom does scramd refuse to talk to? No byte of HTTP may reach a peer that is not the exchange."""
import base64
import hashlib
import socket
import ssl
import subprocess
import threading
import unittest

from lab import Lab, eventually, free_port, pki

BTC = "mm-1/BTC-USD"
SHORT = "connect_timeout_ms = 300\n"
TEN_DAYS_MS = 864_000_000  # the expired certificate was good then


def pin_of(name):
    """The pin of a certificate, or of another key's: what `pins` wants."""
    der = subprocess.run(["openssl", "pkey", "-in", pki() / f"{name}.key", "-pubout", "-outform", "DER"],
                         check=True, capture_output=True).stdout
    return "sha256/" + base64.b64encode(hashlib.sha256(der).digest()).decode()


class Recorder:
    """A server of our own that records what it is sent: behind TLS if it has a certificate."""

    def __init__(self, cert=None, greeting=b""):
        self.greeting, self.received, self.connections, self.handshakes = greeting, [], 0, 0
        self.tls = None
        if cert is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(pki() / f"{cert}.pem", pki() / f"{cert}.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:  # closed: the test is over
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        try:
            with peer:
                if self.tls is not None:
                    peer = self.tls.wrap_socket(peer, server_side=True)
                    self.handshakes += 1
                peer.sendall(self.greeting)
                while data := peer.recv(4096):
                    self.received.append(data)
        except OSError:  # refused by the client, as it should
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The thread must have ended before the number of the listener's descriptor is free: else it
        # could accept at the next test's listener, with this one's certificate.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


class Refused(unittest.TestCase):
    def refused(self, lab, told, **config):
        """scramd tries again and again, says why in one line that names the host, and is not ready."""
        daemon = lab.scramd(**config)
        host = config.get("host", "localhost")
        daemon.await_log(told)
        lines = [line for line in daemon.log().splitlines() if told in line]
        self.assertTrue(all(line.startswith("<4>link_down link=mm-1#") for line in lines), lines)
        self.assertTrue(all(host in line for line in lines), lines)
        code, out, _ = daemon.ctl("ready")
        self.assertEqual(code, 1)
        self.assertRegex(out, "^not ready: account mm-1: no warm link")
        self.assertEqual({link["phase"] for link in daemon.links()}, {"down"})
        self.assertIn(told, daemon.links()[0]["lost"])
        return daemon

    def refused_by_certificate(self, cert, told, sim=(), **config):
        with Lab(cert=cert, sim=sim) as lab:
            self.refused(lab, told, **config)
            eventually(lambda: lab.sim.state()["handshakes_failed"] >= 5, "five links were tried")
            state = lab.sim.state()
            self.assertEqual(state["connections_total"], 0)
            self.assertEqual(state["accounts"]["mm-1"]["mass_cancel"]["requests"], 0)

    def test_a_certificate_for_another_name_is_refused(self):
        self.refused_by_certificate("wrong_name", "certificate is for another name (expected localhost)")

    def test_an_unknown_authority_is_refused(self):
        self.refused_by_certificate("other_server", "unknown certificate authority")

    def test_an_authority_that_the_config_does_not_name_is_refused(self):
        self.refused_by_certificate("server", "unknown certificate authority", ca_file=pki() / "other_ca.pem")

    def test_an_expired_certificate_is_refused(self):
        self.refused_by_certificate("expired", "certificate expired")

    def test_a_certificate_that_is_not_valid_yet_is_refused(self):
        self.refused_by_certificate("not_yet", "certificate is not valid yet")

    def test_a_self_signed_certificate_is_refused(self):
        self.refused_by_certificate("self_signed", "certificate is self-signed")

    def test_a_server_of_TLS_1_1_is_refused(self):
        self.refused_by_certificate("server", "does not speak TLS 1.2 or later", sim=("--tls-max", "1.1"))

    def test_an_address_that_the_certificate_does_not_name_is_refused(self):
        with Lab(listen="127.0.0.2:0") as lab:
            self.refused(lab, "certificate is for another name (expected 127.0.0.2)", host="127.0.0.2")

    def test_a_refused_server_is_sent_nothing_even_for_a_trip(self):
        with Lab() as lab, Recorder("wrong_name") as server:
            daemon = self.refused(lab, "certificate is for another name", port=server.port)
            self.assertEqual(daemon.ctl("trip", "all", "--reason", "drill", "--wait", "0")[0], 0)
            before = server.connections
            eventually(lambda: server.connections >= before + 5, "it goes on trying")
            self.assertEqual(daemon.family(BTC)["state"], "tripped")
            self.assertEqual(server.received, [])

    def test_a_server_without_a_pinned_key_is_refused_and_sent_nothing(self):
        with Lab() as lab, Recorder("server") as server:
            pin = pin_of("other_server")
            daemon = self.refused(lab, "pinned key", port=server.port, exchange=f'pins = ["{pin}"]')
            eventually(lambda: server.handshakes >= 5, "TLS was spoken")
            self.assertIn(pin_of("server"), daemon.log(), "the pin that would match is told")
            self.assertEqual(server.received, [])

    def test_a_server_that_speaks_no_TLS_is_refused_and_sent_no_HTTP(self):
        with Lab() as lab, Recorder(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
            self.refused(lab, "the peer does not speak TLS", port=server.port)
            self.assertFalse(any(b"HTTP" in data or b"OK-ACCESS" in data for data in server.received))

    def test_a_server_that_says_nothing_is_given_up_in_time(self):
        with Lab() as lab, Recorder() as server:
            self.refused(lab, "no TLS handshake within 300 ms", port=server.port, exchange=SHORT)

    def test_a_port_where_nobody_listens_is_named(self):
        with Lab() as lab:
            port = free_port()
            daemon = self.refused(lab, "Connection refused", port=port)
            self.assertIn(f"localhost (127.0.0.1:{port})", daemon.log())

    def test_a_name_that_does_not_resolve_is_told(self):
        with Lab() as lab:
            self.refused(lab, "the name cannot be resolved", host="exchange.invalid")

    def test_the_same_reason_is_told_once_for_each_link(self):
        with Lab(cert="expired") as lab:
            daemon = self.refused(lab, "certificate expired")
            eventually(lambda: lab.sim.state()["handshakes_failed"] >= 25, "it goes on trying")
            self.assertEqual(daemon.log().count("certificate expired"), 5)


class Accepted(unittest.TestCase):
    def fires(self, lab, **config):
        daemon = lab.scramd(**config).await_ready()
        lab.source().publish(BTC, "delta", 26)
        daemon.await_state(BTC, "accepted")
        return daemon

    def test_a_server_with_a_pinned_key_is_accepted(self):
        with Lab() as lab:
            self.fires(lab, exchange=f'pins = ["{pin_of("other_server")}", "{pin_of("server")}"]')

    def test_the_key_of_the_authority_may_be_pinned(self):
        with Lab() as lab:
            self.fires(lab, exchange=f'pins = ["{pin_of("ca")}"]')

    def test_a_server_of_TLS_1_2_is_accepted(self):
        with Lab(sim=("--tls-max", "1.2")) as lab:
            self.assertIn("TLSv1.2", self.fires(lab).links()[0]["tls"])

    def test_a_server_of_TLS_1_3_is_spoken_to_in_1_3(self):
        with Lab() as lab:
            self.assertIn("TLSv1.3", self.fires(lab).links()[0]["tls"])

    def test_an_address_that_the_certificate_names_is_accepted(self):
        with Lab() as lab:
            self.fires(lab, host="127.0.0.1")

    def test_a_certificate_that_is_refused_for_its_time_says_whose_clock_it_is(self):
        for offset_ms, says in ((0, "expired, by the exchange's clock too: its owner must renew it (valid until "),
                                (-TEN_DAYS_MS, "expired: this host's clock is ahead, set it (valid until ")):
            with self.subTest(says), Lab() as lab:
                lab.sim.clock(offset_ms)
                daemon = lab.scramd().await_ready()
                lab.cert = "expired"
                lab.restart_sim()
                daemon.await_log("certificate " + says)

    def test_a_server_that_mends_its_certificate_is_accepted_without_a_restart(self):
        with Lab(cert="expired") as lab:
            daemon = lab.scramd()
            daemon.await_log("certificate expired")
            lab.cert = "server"
            lab.restart_sim()
            daemon.await_ready()


class WrongSetUp(unittest.TestCase):
    def ends_with(self, told, **config):
        with Lab() as lab:
            daemon = lab.scramd(**config)
            self.assertNotEqual(daemon.ended(), 0)
            self.assertIn(told, daemon.log())

    def test_an_authority_file_that_does_not_exist_is_named(self):
        self.ends_with("/nowhere/ca.pem", ca_file="/nowhere/ca.pem")

    def test_an_authority_file_that_holds_none_is_named(self):
        self.ends_with("server.key", ca_file=pki() / "server.key")

    def test_a_pin_that_is_none_is_named(self):
        self.ends_with("pins:", exchange='pins = ["sha1/abc"]')
