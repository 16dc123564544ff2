"""scram-now where peers, files and readers are not as they should be."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from lab import BIN, Process, eventually, free_port, pki, write_credentials
from now_lab import Case, Done, NowLab, families
from tls_test import Recorder, pin_of
from waiting import PATIENCE


class NotAccepted(Case):
    def test_time_is_up_and_who_is_missing_is_named(self):
        with NowLab() as lab:
            lab.sim.fault("code", code="50113", count=-1, account="mm-1")
            done = lab.now("all", "--for", 2 * PATIENCE)
            self.assertEqual(done.code, 1, done)
            self.assertIn("2 of 2 NOT ACCEPTED: mm-1/BTC-USD, mm-1/ETH-USD", done.err)
            self.assertEqual([line.split(":")[0] for line in done.lines],
                             [f"{name} NOT ACCEPTED" for name in lab.names])
            self.assertIn("the signature is invalid", done.lines[0])
            self.assertEqual(set(lab.resting()), set(lab.names))

    def test_orders_that_cannot_be_read_leave_it_accepted_and_say_so(self):
        with NowLab(1) as lab:
            lab.sim.fault("code", on="orders-pending", code="50026", count=-1)
            done = lab.now("all", "--for", 3 * PATIENCE)
            self.assertEqual((done.code, done.accepted(), done.verified()), (5, lab.names, []), done)
            self.assertIn("mm-1/BTC-USD not verified yet: ", done.err)
            self.assertIn("1 of 1 accepted and NOT VERIFIED: mm-1/BTC-USD: look at their orders", done.err)
            self.assertEqual(lab.requests(), 1)

    def ended_by(self, number):
        with NowLab() as lab:
            lab.sim.fault("silent", count=-1)
            process = lab.add(Process(lab.command("all", more=""), lab.folder / "now.log",
                                      stdout=subprocess.PIPE, text=True))
            eventually(lambda: lab.requests() >= 2, "both are on their way")
            process.process.send_signal(number)
            self.assertEqual(process.ended(), 1)
            self.assertIn("2 of 2 NOT ACCEPTED: mm-1/BTC-USD, mm-1/ETH-USD", process.log())
            process.stop()

    def test_an_interrupt_ends_it_and_names_who_is_missing(self):
        self.ended_by(signal.SIGINT)

    def test_SIGTERM_ends_it_and_names_who_is_missing(self):
        self.ended_by(signal.SIGTERM)

    def test_a_terminal_that_hangs_up_does_not_end_it(self):
        with NowLab(1) as lab:
            lab.sim.fault("silent", count=1)
            process = lab.add(Process(lab.command("all"), lab.folder / "now.log", stdout=subprocess.PIPE, text=True))
            eventually(lambda: lab.requests() >= 1, "it is on its way")
            process.process.send_signal(signal.SIGHUP)
            process.process.stdout.close()
            self.assertEqual(process.ended(), 0)
            self.assertEqual(lab.resting(), {})

    def test_an_exchange_that_is_not_there_is_named(self):
        with NowLab() as lab:
            done = lab.now_until("Connection refused", "all", port=free_port())
            self.assertEqual(done.code, 1)
            self.assertIn("nothing was sent", done.lines[0])

    def test_an_exchange_that_comes_back_is_found(self):
        with NowLab() as lab:
            lab.sim.stop(signal.SIGKILL)
            process = lab.add(Process(lab.command("all"), lab.folder / "now.log", stdout=subprocess.DEVNULL))
            process.await_log("Connection refused")
            lab.restart_sim()
            self.assertEqual(process.ended(), 0)

    def test_a_name_without_an_address_is_told(self):
        with NowLab() as lab:
            done = lab.now_until("the name cannot be resolved", "all", host="exchange.invalid")
            self.assertEqual(done.code, 1)


class Peers(Case):
    def refused(self, told, cert="server", **keys):
        with NowLab() as lab, Recorder(cert) as server:
            done = lab.now_until(told, "all", port=server.port, **keys)
            self.assertEqual(done.code, 1, done)
            self.assertGreater(server.connections, 0)
            self.assertEqual(server.received, [])

    def test_a_certificate_for_another_name_is_refused_and_sent_nothing(self):
        self.refused("certificate is for another name (expected localhost)", "wrong_name")

    def test_an_unknown_authority_is_refused_and_sent_nothing(self):
        self.refused("unknown certificate authority", "other_server")

    def test_a_key_that_is_not_pinned_is_refused_and_sent_nothing(self):
        self.refused("pinned key", exchange=f'pins = ["{pin_of("other_server")}"]')

    def test_an_authority_file_that_is_gone_is_told_and_trusts_nobody_more(self):
        with NowLab() as lab:
            done = lab.now_until("unknown certificate authority", "all", ca_file="/nowhere/ca.pem")
            self.assertEqual(done.code, 1, done)
            self.assertIn("/nowhere/ca.pem", done.err)
            self.assertEqual(lab.requests(), 0)

    def test_TLS_1_2_will_do(self):
        with NowLab(sim=("--tls-max", "1.2")) as lab:
            self.all_cancelled(lab, lab.now("all"))

    def test_a_first_address_that_says_nothing_holds_up_only_who_began_with_it(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give localhost two addresses")
        with NowLab(1) as lab, socket_of_its_own("127.0.0.2", lab.sim.port):
            hosts = lab.folder / "hosts"
            hosts.write_text("127.0.0.2 localhost\n127.0.0.1 localhost\n")
            inside = ("unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh")
            done = lab.now("--check", "all", inside=inside, exchange="connect_timeout_ms = 300")
            if "mount:" in done.err:
                self.skipTest("no right to mount")
            self.assertIn("localhost (127.0.0.2:", done.err)
            self.assertEqual(done.code, 0, done)
            self.all_cancelled(lab, lab.now("all", inside=inside))


def socket_of_its_own(address, port):
    """Takes connections and never says a word."""
    import socket
    return socket.create_server((address, port))


class Check(Case):
    def test_it_rehearses_everything_but_the_cancel(self):
        with NowLab(6) as lab:
            done = lab.now("--check", "all")
            self.assertEqual(done.code, 0, done)
            self.assertRegex(done.lines[0], r"127\.0\.0\.1:\d+ is localhost: TLSv1\.3 \S+, verified; its clock is -?\d+ ms")
            self.assertEqual([line.split(",")[0] for line in done.lines[1:]],
                             [f"{n} would be cancelled at {at} s" for n, at in
                              zip(lab.names, ["0.000"] * 5 + ["2.005"])])
            self.assertEqual(lab.requests(), 0)
            self.assertEqual(lab.sim.state()["accounts"]["mm-1"]["families"]["BTC-USD"]["mmp"], 4)

    def test_it_tells_programs_the_same(self):
        with NowLab(1) as lab:
            lab.sim.clock(5000)
            told = [json.loads(line) for line in lab.now("--check", "--json", "all").lines]
            self.assertAlmostEqual(told[0]["clock_ahead_ms"], 5000, delta=1000)
            self.assertEqual(told[1], {"family": "mm-1/BTC-USD", "at_ms": 0, "lock_ms": 10000})

    def test_it_fails_for_a_peer_that_cannot_be_verified(self):
        with NowLab(cert="expired") as lab:
            done = lab.now("--check", "all")
            self.assertEqual(done.code, 1)
            self.assertIn("certificate expired", done.err)

    def test_it_fails_without_credentials(self):
        with NowLab() as lab:
            (lab.folder / "mm-1.credentials").unlink()
            self.assertEqual(lab.now("--check", "all").code, 3)


class Programs(Case):
    def test_a_reader_that_takes_nothing_holds_up_no_cancel(self):
        with NowLab() as lab:
            out, into = os.pipe()
            os.set_blocking(into, False)
            try:
                while True:
                    os.write(into, b"x" * 4096)
            except BlockingIOError:
                os.set_blocking(into, True)
            process = lab.add(Process(lab.command("all"), lab.folder / "now.log", stdout=into))
            os.close(into)
            eventually(lambda: not lab.resting(), "all is cancelled")
            self.assertIsNone(process.process.poll())
            with os.fdopen(out, "rb") as reader:
                self.assertEqual(reader.read().decode().count(" accepted: "), 2)
            self.assertEqual(process.ended(), 0)

    def test_one_object_a_line(self):
        with NowLab() as lab:
            lab.sim.fault("code", code="51410")
            told = [json.loads(line) for line in lab.now("--json", "all", "--until", "accepted").lines]
            self.assertEqual({t["family"] for t in told}, set(lab.names))
            self.assertEqual({(t["accepted"], t["verified"], t["class"], t["http"], t["code"], t["why"]) for t in told},
                             {(True, False, "accepted", 200, "0", "")})
            self.assertEqual(sorted(t["requests"] for t in told), [1, 2])

    def test_who_is_not_accepted_has_a_reason(self):
        with NowLab(1) as lab:
            lab.sim.fault("code", code="50120", count=-1)
            told = [json.loads(line) for line in lab.now("--json", "all", "--for", 2 * PATIENCE).lines]
            self.assertEqual(len(told), 1)
            self.assertEqual((told[0]["accepted"], told[0]["class"], told[0]["code"]), (False, "refused", "50120"))
            self.assertIn("lacks the permission to trade", told[0]["why"])


class Config(Case):
    def test_a_file_that_is_no_TOML_names_the_place(self):
        with NowLab() as lab:
            done = lab.now("all", rules="[[rule\n")
            self.assertEqual(done.code, 3)
            self.assertIn("now.toml:", done.err)
            self.assertEqual(lab.requests(), 0)

    def test_every_error_in_what_a_cancel_needs_is_told(self):
        with NowLab() as lab:
            done = lab.now("all", exchange="prot = 1", family_keys="lock_ms = -1")
            self.assertEqual(done.code, 3)
            self.assertIn("prot", done.err)
            self.assertIn("lock_ms", done.err)

    def test_a_file_that_is_not_there_is_named(self):
        with NowLab() as lab:
            done = Done(subprocess.run([BIN / "scram-now", "--config", lab.folder / "none.toml", "all"],
                                       capture_output=True, text=True))
            self.assertEqual(done.code, 3)
            self.assertIn("none.toml: cannot be read", done.err)

    def test_a_bad_rule_is_told_and_stops_no_kill(self):
        with NowLab() as lab:
            done = lab.now("all", rules='[[rule]]\nname = "x"\nkind = "limits"\n')
            self.all_cancelled(lab, done)
            self.assertIn("a cancel does not need what is wrong here: ", done.err)
            self.assertIn('kind', done.err)

    def test_bad_timings_are_told_and_stop_no_kill(self):
        with NowLab() as lab:
            done = lab.now("all", more="[timings]\nretry_first_ms = 0\n")
            self.all_cancelled(lab, done)
            self.assertIn("retry_first_ms", done.err)


class Secrets(Case):
    def test_without_credentials_it_cannot(self):
        with NowLab() as lab:
            (lab.folder / "mm-1.credentials").unlink()
            done = lab.now("all")
            self.assertEqual(done.code, 3)
            self.assertIn("mm-1.credentials", done.err)
            self.assertIn("2 of 2 NOT ACCEPTED", done.err)

    def test_one_account_without_credentials_stops_no_other(self):
        with NowLab(names=families(1) + families(1, "mm-2"), accounts=("mm-1", "mm-2")) as lab:
            (lab.folder / "mm-1.credentials").chmod(0o644)
            done = lab.now("all")
            self.assertEqual((done.code, done.accepted()), (1, ["mm-2/BTC-USD"]), done)
            self.assertIn("1 of 2 NOT ACCEPTED: mm-1/BTC-USD", done.err)
            self.assertIn("chmod 0600", done.err)

    def test_credentials_come_from_the_service_managers_folder(self):
        with NowLab() as lab:
            folder = lab.folder / "credentials"
            folder.mkdir(mode=0o700)
            write_credentials(folder, "mm-1", mode=0o440)
            (lab.folder / "mm-1.credentials").unlink()
            self.all_cancelled(lab, lab.now("all", env={"CREDENTIALS_DIRECTORY": str(folder)}))

    def test_it_needs_no_root(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        with NowLab() as lab, tempfile.TemporaryDirectory(prefix="scram-") as home:
            folder = pathlib.Path(home)
            shutil.copy(pki() / "ca.pem", folder / "ca.pem")
            shutil.copy(lab.write_config(ca_file=folder / "ca.pem"), folder / "now.toml")
            shutil.copy(BIN / "scram-now", folder / "scram-now")
            write_credentials(folder, "mm-1")
            subprocess.run(["chown", "-R", "nobody", folder], check=True)
            done = Done(subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", folder / "scram-now",
                                        "--config", folder / "now.toml", "all"], capture_output=True, text=True))
            self.all_cancelled(lab, done)

    def test_no_secret_is_told_nor_dumped(self):
        with NowLab() as lab:
            lab.sim.fault("silent", count=-1)
            process = lab.add(Process(lab.command("all", more=""), lab.folder / "now.log", stdout=subprocess.PIPE,
                                      text=True))
            eventually(lambda: lab.requests() >= 1, "it is on its way")
            of_process = pathlib.Path(f"/proc/{process.process.pid}")
            self.assertEqual((of_process / "environ").stat().st_uid, 0)  # what is not dumpable belongs to root
            self.assertIn("Max core file size        0                    0", (of_process / "limits").read_text())
            self.assertNotIn("fake", (of_process / "cmdline").read_text())
            process.process.send_signal(signal.SIGTERM)
            out = process.process.stdout.read()
            process.stop()
            for secret in ("fake-secret-mm-1", "fake-pass-mm-1", "fake-key-mm-1"):
                self.assertNotIn(secret, out + process.log())
