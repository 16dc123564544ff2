"""What does scramd tell the service manager (sd_notify), and does its watchdog beat?"""
import signal
import socket
import unittest

from lab import PATIENCE, Lab, eventually


class Notified(Lab):
    """A lab that listens as systemd does."""

    def __enter__(self):
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(self.folder / "notify.sock"))
        self.manager.setblocking(False)
        self.told = []
        return self

    def notified(self, env=(), **config):
        return self.scramd(env={"NOTIFY_SOCKET": str(self.folder / "notify.sock"), **dict(env)}, **config)

    def listen(self):
        try:
            while True:
                self.told.extend(self.manager.recv(4096).decode().splitlines())
        except BlockingIOError:
            return self.told

    def hear(self, beginning):
        eventually(lambda: any(line.startswith(beginning) for line in self.listen()),
                   lambda: f"{beginning} in {self.told}")

    def __exit__(self, *error):
        self.manager.close()
        super().__exit__(*error)


class Service(unittest.TestCase):
    def test_it_is_ready_once_a_kill_could_be_fired_and_not_before(self):
        with Notified() as lab:
            lab.sim.stop()
            daemon = lab.notified()
            daemon.await_log("Connection refused")
            lab.hear("STATUS=")
            self.assertNotIn("READY=1", lab.listen())
            lab.restart_sim()
            lab.hear("READY=1")
            daemon.await_ready()

    def test_by_config_the_first_warm_link_is_enough(self):
        with Notified(accounts=("mm-1", "mm-2")) as lab:
            lab.sim.fault("chunked", on="time")  # answered: one link gets warm
            lab.sim.fault("silent", on="time", count=-1)
            daemon = lab.notified(families=("mm-1/BTC-USD", "mm-2/BTC-USD"), account_keys="links = 1",
                                  more='ready_when = "first_link"')
            lab.hear("READY=1")
            self.assertEqual(daemon.ctl("ready")[0], 1)

    def test_the_status_line_is_for_a_person(self):
        with Notified() as lab:
            lab.notified()
            lab.hear("READY=1")
            status = [line for line in lab.told if line.startswith("STATUS=armed")][-1]
            self.assertRegex(status, r"^STATUS=armed 2/2 families, \d/5 links warm, last rehearsal \d+\.\d s ago$")

    def test_the_watchdog_beats(self):
        with Notified() as lab:
            lab.notified(env={"WATCHDOG_USEC": str(int(600_000 * PATIENCE))})
            eventually(lambda: lab.listen().count("WATCHDOG=1") >= 5, "five beats")

    def test_a_reload_is_announced_and_ended(self):
        with Notified() as lab:
            daemon = lab.notified()
            lab.hear("READY=1")
            lab.told.clear()
            daemon.process.send_signal(signal.SIGHUP)
            lab.hear("RELOADING=1")
            lab.hear("MONOTONIC_USEC=")
            lab.hear("READY=1")

    def test_a_reload_that_is_refused_ends_too(self):
        with Notified() as lab:
            daemon = lab.notified()
            lab.hear("READY=1")
            lab.told.clear()
            daemon.reload("nonsense = 1\n")
            lab.hear("RELOADING=1")
            lab.hear("READY=1")

    def test_a_reload_before_it_is_ready_does_not_make_it_ready(self):
        with Notified() as lab:
            lab.sim.stop()
            daemon = lab.notified()
            daemon.await_log("Connection refused")
            daemon.process.send_signal(signal.SIGHUP)
            daemon.await_log("plan_changed")
            lab.hear("STATUS=")
            self.assertEqual(daemon.ctl("ready")[0], 1)
            self.assertNotIn("READY=1", lab.listen())

    def test_the_end_is_announced(self):
        with Notified() as lab:
            daemon = lab.notified()
            lab.hear("READY=1")
            self.assertEqual(daemon.stop(), 0)
            lab.hear("STOPPING=1")

    def test_a_manager_that_is_not_there_does_no_harm(self):
        with Lab() as lab:
            lab.scramd(env={"NOTIFY_SOCKET": str(lab.folder / "none.sock")}).await_ready()

    def test_the_status_line_tells_what_is_unfinished(self):
        with Notified() as lab:
            lab.sim.fault("result_false", count=-1)
            daemon = lab.notified().await_ready()
            daemon.ask("trip", target="all", reason="drill")
            eventually(lambda: any("2 cancels unfinished" in line for line in lab.listen()), "the status")
