"""How scramd starts, what it refuses to start with, how it ends, and its log meanwhile."""
import contextlib
import os
import signal
import subprocess
import unittest

from lab import BIN, IS_SANITIZED, PATIENCE, Control, Lab, Scramd, Source, eventually, write_credentials

BTC = "mm-1/BTC-USD"


class Start(unittest.TestCase):
    def test_a_second_scramd_on_the_same_sockets_is_refused_and_harms_nothing(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            second = lab.add(Scramd(lab.folder, lab.config(), log="second.log"))
            self.assertEqual(second.ended(), 1)
            self.assertIn("is served by a running process", second.log())
            self.assertIn(str(lab.folder / "signals.sock"), second.log())
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")

    def test_credentials_that_others_may_read_are_refused(self):
        with Lab() as lab:
            write_credentials(lab.folder, "mm-1", mode=0o644)
            daemon = lab.scramd()
            self.assertEqual(daemon.ended(), 1)
            self.assertIn("mm-1.credentials has mode 0644", daemon.log())
            self.assertIn("chmod 0600", daemon.log())

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_state_that_belongs_to_another_user_is_refused_with_the_command_that_helps(self):
        with Lab() as lab:
            (lab.folder / "journal").mkdir()
            os.chown(lab.folder / "journal", 65534, 65534)
            daemon = lab.scramd()
            self.assertEqual(daemon.ended(), 1)
            self.assertIn("belongs to user nobody, and scramd was started as root", daemon.log())
            self.assertIn("runuser -u nobody -- scramd --config", daemon.log())

    def test_a_socket_that_somebody_removes_is_made_again_and_told(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            for name in ("signals.sock", "control.sock"):
                path = lab.folder / name
                path.unlink()
                daemon.await_log(f"{path} was removed by somebody; it is there again")
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")

    def test_credentials_that_are_missing_are_named(self):
        with Lab(accounts=("mm-1", "mm-2")) as lab:
            for name in lab.accounts:
                (lab.folder / f"{name}.credentials").symlink_to("/nowhere")
            text = lab.config(families=(BTC, "mm-2/BTC-USD"))
            daemon = lab.add(Scramd(lab.folder, text, accounts=()))
            self.assertEqual(daemon.ended(), 3)
            for name in lab.accounts:
                self.assertIn(f"{name}.credentials cannot be opened: No such file", daemon.log())

    def test_a_missing_config_exits_3_and_is_named(self):
        done = subprocess.run([BIN / "scramd", "--config", "/nowhere/scramd.toml"], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nowhere/scramd.toml", done.stderr)

    def test_a_wrong_config_exits_3_with_every_error_in_one_run(self):
        with Lab() as lab:
            wrong = lab.config().replace("port", "prt").replace("beyond = 25", "beyond = -25")
            daemon = lab.add(Scramd(lab.folder, wrong))
            self.assertEqual(daemon.ended(), 3)
            self.assertIn('"prt"', daemon.log())
            self.assertIn("beyond: expected a number above 0", daemon.log())

    def test_check_exits_without_running(self):
        with Lab() as lab:
            (lab.folder / "scramd.toml").write_text(lab.config())
            done = subprocess.run([BIN / "scramd", "--check", "--config", lab.folder / "scramd.toml"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("2 families: 2 at 0 s", done.stdout)
            self.assertFalse((lab.folder / "control.sock").exists())

    def test_a_quiet_check_prints_nothing_but_errors(self):
        with Lab() as lab:
            file = lab.folder / "scramd.toml"
            for text, code, said in ((lab.config(), 0, ""), ("waits = 1\n", 3, "waits")):
                file.write_text(text)
                done = subprocess.run([BIN / "scramd", "--check", "--quiet", "--config", file],
                                      capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertIn(said, done.stderr)

    def test_wrong_usage_exits_2(self):
        done = subprocess.run([BIN / "scramd", "--fire"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)

    def starts_and_fires_without(self, closed, numbers):
        """Its sockets and the signer's must not get the numbers of standard descriptors."""
        with Lab() as lab:
            lab.sim.quote("BTC-USD")
            daemon = lab.scramd(inside=("sh", "-c", f'exec "$@" {closed}', "sh")).await_ready()
            if os.geteuid() == 0:  # others may not look there
                of_process = f"/proc/{daemon.process.pid}/fd"
                self.assertEqual({os.readlink(f"{of_process}/{number}") for number in numbers}, {"/dev/null"})
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)

    def test_it_starts_with_stdin_and_stdout_closed(self):
        self.starts_and_fires_without("<&- >&-", (0, 1))

    def test_it_starts_with_stderr_closed(self):
        self.starts_and_fires_without("2>&-", (2,))

    def test_an_OpenSSL_that_cannot_sign_is_told_with_what_to_do(self):
        with Lab() as lab:
            only_base = lab.folder / "openssl.cnf"
            only_base.write_text("openssl_conf = all\n[all]\nproviders = these\n[these]\nbase = on\n"
                                 "[on]\nactivate = 1\n")
            daemon = lab.scramd(env={"OPENSSL_CONF": str(only_base)})
            self.assertEqual(daemon.ended(), 1)
            self.assertIn("OpenSSL offers no HMAC-SHA256", daemon.log())
            self.assertIn("OPENSSL_CONF", daemon.log())

    def test_a_socket_path_that_is_a_file_is_left_alone(self):
        with Lab() as lab:
            (lab.folder / "signals.sock").write_text("mine")
            daemon = lab.scramd()
            self.assertEqual(daemon.ended(), 1)
            self.assertIn("is no socket", daemon.log())
            self.assertEqual((lab.folder / "signals.sock").read_text(), "mine")

    def test_a_folder_that_does_not_exist_is_named(self):
        with Lab() as lab:
            text = lab.config().replace(f"{lab.folder}/control.sock", f"{lab.folder}/none/control.sock")
            daemon = lab.add(Scramd(lab.folder, text))
            self.assertEqual(daemon.ended(), 1)
            self.assertIn("none/control.sock", daemon.log())


    def test_a_core_that_the_machine_does_not_have_is_named(self):
        with Lab() as lab:
            daemon = lab.scramd(more="cpu = 1023")
            self.assertEqual(daemon.ended(), 1)
            self.assertIn("cannot pin to cpu 1023", daemon.log())
            self.assertFalse((lab.folder / "control.sock").exists())


class Log(unittest.TestCase):
    def unread(self, lab):
        """A scramd whose log goes into a pipe that nobody reads yet."""
        families = [BTC, *(f"mm-2/F{number}-USD" for number in range(100))]
        (lab.folder / "scramd.toml").write_text(lab.config(families=families))
        for account in ("mm-1", "mm-2"):
            write_credentials(lab.folder, account)
        return subprocess.Popen([BIN / "scramd", "--config", lab.folder / "scramd.toml"], stderr=subprocess.PIPE)

    def test_a_log_that_nobody_reads_holds_up_no_trip(self):
        with Lab(accounts=("mm-1", "mm-2")) as lab:
            with self.unread(lab) as daemon:
                try:
                    self.fills(lab)
                    maker = lab.source()
                    maker.publish(BTC, "delta", 26)
                    eventually(lambda: self.state_of_btc(lab) in ("accepted", "verified"), "the cancel is accepted")
                    self.assertEqual(maker.gate(BTC), 1)
                finally:
                    daemon.terminate()
                    log = daemon.stderr.read().decode()
            self.assertEqual(daemon.returncode, 0)
            self.assertIn("log_lines_dropped count=", log)

    def test_a_log_that_nobody_ever_reads_holds_up_no_trip_and_no_end(self):
        with Lab(accounts=("mm-1", "mm-2")) as lab:
            with self.unread(lab) as daemon:
                try:
                    self.fills(lab)
                    maker = lab.source()
                    maker.publish(BTC, "delta", 26)
                    eventually(lambda: maker.gate(BTC) == 1, "the gate closes")
                    daemon.terminate()
                    self.assertEqual(daemon.wait(10 * PATIENCE), 0)
                    self.assertFalse((lab.folder / "control.sock").exists())
                finally:
                    daemon.kill()

    def state_of_btc(self, lab):
        with Control(lab.folder) as control:
            return next(f["state"] for f in control.ask("status")["families"] if f["name"] == BTC)

    def listens(self, lab):
        """A socket has its path a moment before anybody listens there."""
        with contextlib.suppress(OSError), Control(lab.folder):
            return True
        return False

    def fills(self, lab):
        """More lines than the pipe and scramd's own ring hold."""
        eventually(lambda: self.listens(lab), "it listens")
        with Control(lab.folder) as control:
            control.ask("trip", target="mm-2", reason="drill")
            for _ in range(55):  # each refusal is told of each family
                control.ask("rearm", target="mm-2", trips=[99], reason="drill " * 20)
            eventually(lambda: control.ask("status")["log_lines_dropped"], "lines are dropped", 30)


class End(unittest.TestCase):
    def ends_in_order(self, number):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            self.assertEqual(maker.scramd_runs(), 1)
            self.assertEqual(daemon.stop(number), 0)
            record, text, _ = maker.receive()
            self.assertEqual(record[7], Source.CLOSING, text)
            self.assertIsNone(maker.receive())
            self.assertEqual(maker.scramd_runs(), 0)
            for name in ("signals.sock", "control.sock"):
                self.assertFalse((lab.folder / name).exists(), name)
            self.assertEqual(lab.sim.cancels()["requests"], 0)
            self.assertTrue(daemon.log().endswith("<5>stopping\n"), daemon.log())

    def test_SIGTERM_says_goodbye_to_sources_and_leaves_nothing_behind(self):
        self.ends_in_order(signal.SIGTERM)

    def test_SIGINT_does_the_same(self):
        self.ends_in_order(signal.SIGINT)

    def test_the_word_running_stays_when_scramd_is_killed(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            maker = lab.source()
            daemon.stop(signal.SIGKILL)
            self.assertEqual(maker.scramd_runs(), 1)
            self.assertTrue(maker.is_cut_off())

    def test_the_log_is_whole_however_soon_after_a_trip_scramd_ends(self):
        names = [f"mm-1/{name}-USD" for name in ("BTC", "ETH", "SOL", "XRP", "ADA")]
        for _ in range(8):
            with Lab() as lab:
                daemon = lab.scramd(families=names).await_ready()
                for n in range(3):
                    daemon.ask("trip", target="all", reason=f"drill {n}")
                self.assertEqual(daemon.stop(), 0)
                log = daemon.log()
                self.assertEqual(log.count("reason=\"drill"), 3, log)
                self.assertTrue(log.endswith("<5>stopping\n"), log)
                self.assertTrue(all(line[:3] in ("<2>", "<4>", "<5>", "<6>") for line in log.splitlines()), log)

    @unittest.skipIf(IS_SANITIZED, "a sanitizer's own library must be the first that is preloaded")
    def test_scramd_ends_also_while_a_name_server_says_nothing(self):
        with Lab() as lab:
            daemon = lab.scramd(host="localhost", env={"LD_PRELOAD": str(BIN / "silent_names.so")})
            daemon.await_log("the name cannot be resolved")
            self.assertEqual(daemon.stop(), 0)  # which waits some seconds; the name server, an hour

    def test_scramd_ends_also_while_a_cancel_is_unfinished_and_links_are_down(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.sim.stop(signal.SIGKILL)
            daemon.ask("trip", target="all", reason="drill")
            self.assertEqual(daemon.stop(), 0)
